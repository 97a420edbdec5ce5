//! Golden exchanges in both protocols.

use crate::wire::Wire;

/// Sends requests in their order to one face and compares each answer, of which `id`s and receipts are left out.
async fn check(cases: &[(&str, &str)]) {
    let wire = Wire::new().await;
    for (request, wanted) in cases {
        assert_eq!(hidden(&wire.exchange("sqs", request).await), *wanted, "{request}");
    }
}

/// What differs from run to run becomes `*`.
fn hidden(answer: &str) -> String {
    let mut answer = answer.to_owned();
    let marks =
        [("\"MessageId\":\"", "\""), ("\"ReceiptHandle\":\"", "\""), ("<MessageId>", "<"), ("<ReceiptHandle>", "<")];
    for (before, after) in marks {
        let mut from = 0;
        while let Some(start) = answer[from..].find(before).map(|at| from + at + before.len()) {
            let end = answer[start..].find(after).map_or(answer.len(), |at| start + at);
            answer.replace_range(start..end, "*");
            from = start;
        }
    }
    answer
}

fn json(operation: &str, body: &str) -> String {
    format!("POST /\nx-amz-target: AmazonSQS.{operation}\ncontent-type: application/x-amz-json-1.0\n\n{body}")
}

fn form(path: &str, body: &str) -> String {
    format!("POST {path}\ncontent-type: application/x-www-form-urlencoded\n\n{body}&Version=2012-11-05")
}

const QUEUE: &str = "http://localhost:4566/000000000000/jobs";

fn answered(body: &str) -> String {
    format!("200\ncontent-type: application/x-amz-json-1.0\n\n{body}")
}

fn refused(code: &str, query: &str, text: &str) -> String {
    format!(
        "400\ncontent-type: application/x-amz-json-1.0\nx-amzn-query-error: {query};Sender\n\n\
         {{\"__type\":\"{code}\",\"message\":\"{text}\"}}"
    )
}

fn xml(operation: &str, result: &str) -> String {
    let result = match result {
        "" => String::new(),
        result => format!("<{operation}Result>{result}</{operation}Result>\n  "),
    };
    format!(
        "200\ncontent-type: text/xml\n\n<{operation}Response xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\n  \
         {result}<ResponseMetadata>\n    <RequestId>REQUEST-ID</RequestId>\n  </ResponseMetadata>\n\
         </{operation}Response>\n"
    )
}

async fn check_all(cases: Vec<(String, String)>) {
    let cases: Vec<(&str, &str)> = cases.iter().map(|(request, wanted)| (request.as_str(), wanted.as_str())).collect();
    check(&cases).await;
}

#[tokio::test]
async fn a_message_goes_through_a_queue_in_json() {
    check_all(vec![
        (json("CreateQueue", r#"{"QueueName":"jobs"}"#), answered(&format!("{{\"QueueUrl\":\"{QUEUE}\"}}"))),
        (
            json("SendMessage", &format!(r#"{{"QueueUrl":"{QUEUE}","MessageBody":"hello"}}"#)),
            answered(r#"{"MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592","MessageId":"*"}"#),
        ),
        (
            json("ReceiveMessage", &format!(r#"{{"QueueUrl":"{QUEUE}"}}"#)),
            answered(
                r#"{"Messages":[{"MessageId":"*","ReceiptHandle":"*","MD5OfBody":"5d41402abc4b2a76b9719d911017c592","Body":"hello"}]}"#,
            ),
        ),
        (json("ReceiveMessage", &format!(r#"{{"QueueUrl":"{QUEUE}"}}"#)), answered("{}")),
    ])
    .await;
}

#[tokio::test]
async fn a_message_goes_through_a_queue_in_forms() {
    let send = "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x%26y\
                &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=k\
                &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String\
                &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=v\
                &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=z\
                &SendMessageBatchRequestEntry.2.DelaySeconds=901";
    check_all(vec![
        (
            form("/", "Action=CreateQueue&QueueName=jobs&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=7&Tag.1.Key=a&Tag.1.Value=b"),
            xml("CreateQueue", &format!("<QueueUrl>{QUEUE}</QueueUrl>")),
        ),
        // The path says which queue, as it did for old clients.
        (
            form("/000000000000/jobs", "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout"),
            xml("GetQueueAttributes", "<Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>"),
        ),
        (
            form("/000000000000/jobs", send),
            xml(
                "SendMessageBatch",
                "<SendMessageBatchResultEntry><Id>a</Id><MessageId>*</MessageId>\
                 <MD5OfMessageBody>4869057cff6871cb68d89304b8a76b7c</MD5OfMessageBody>\
                 <MD5OfMessageAttributes>0a77b0642718c3d9dd47090567d11e0d</MD5OfMessageAttributes></SendMessageBatchResultEntry>\
                 <BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault><Code>InvalidParameterValue</Code>\
                 <Message>Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be &gt;= 0 and \
                 &lt;= 900.</Message></BatchResultErrorEntry>",
            ),
        ),
        (
            form("/", &format!("Action=ListQueueTags&QueueUrl={QUEUE}")),
            xml("ListQueueTags", "<Tag><Key>a</Key><Value>b</Value></Tag>"),
        ),
        (form("/", &format!("Action=DeleteQueue&QueueUrl={QUEUE}")), xml("DeleteQueue", "")),
        (
            form("/", &format!("Action=DeleteQueue&QueueUrl={QUEUE}")),
            "400\ncontent-type: text/xml\n\n<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\n  \
             <Error>\n    <Type>Sender</Type>\n    <Code>AWS.SimpleQueueService.NonExistentQueue</Code>\n    \
             <Message>The specified queue does not exist.</Message>\n  </Error>\n  \
             <RequestId>REQUEST-ID</RequestId>\n</ErrorResponse>\n"
                .to_owned(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn refusals_have_their_names_in_both_protocols() {
    let url = format!("\"QueueUrl\":\"{QUEUE}\"");
    let model = |code: &str| format!("com.amazonaws.sqs#{code}");
    let invalid = |text: &str| refused("com.amazon.coral.service#InvalidParameterValue", "InvalidParameterValue", text);
    let missing = |name: &str| {
        let text = format!("The request must contain the parameter {name}.");
        refused("com.amazon.coral.service#MissingParameter", "MissingParameter", &text)
    };
    check_all(vec![
        (
            json("SendMessage", &format!("{{{url},\"MessageBody\":\"x\"}}")),
            refused(
                &model("QueueDoesNotExist"),
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
            ),
        ),
        (json("CreateQueue", r#"{"QueueName":"jobs"}"#), answered(&format!("{{{url}}}"))),
        (
            json("CreateQueue", r#"{"QueueName":"jobs","Attributes":{"DelaySeconds":"5"}}"#),
            refused(
                &model("QueueNameExists"),
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for attribute DelaySeconds",
            ),
        ),
        (json("SendMessage", &format!("{{{url}}}")), missing("MessageBody")),
        (
            json("SendMessageBatch", &format!(r#"{{{url},"Entries":[{{"Id":"a"}}]}}"#)),
            missing("SendMessageBatchRequestEntry.1.MessageBody"),
        ),
        (
            json("ReceiveMessage", &format!(r#"{{{url},"MaxNumberOfMessages":11}}"#)),
            invalid(
                "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            ),
        ),
        (
            json("DeleteMessage", &format!(r#"{{{url},"ReceiptHandle":"x"}}"#)),
            refused(
                &model("ReceiptHandleIsInvalid"),
                "ReceiptHandleIsInvalid",
                "The input receipt handle \\\"x\\\" is not a valid receipt handle.",
            ),
        ),
        (
            json("SendMessageBatch", &format!(r#"{{{url},"Entries":[]}}"#)),
            refused(
                &model("EmptyBatchRequest"),
                "AWS.SimpleQueueService.EmptyBatchRequest",
                "There should be at least one SendMessageBatchRequestEntry in the request.",
            ),
        ),
        (
            json("GetQueueAttributes", &format!(r#"{{{url},"AttributeNames":["Nonsense"]}}"#)),
            refused(&model("InvalidAttributeName"), "InvalidAttributeName", "Unknown Attribute Nonsense."),
        ),
    ])
    .await;
}
