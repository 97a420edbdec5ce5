//! Golden exchanges.

use crate::wire::Wire;

fn form(body: &str) -> String {
    format!("POST /\ncontent-type: application/x-www-form-urlencoded\n\n{body}&Version=2010-03-31")
}

fn xml(operation: &str, result: &str) -> String {
    format!(
        "200\ncontent-type: text/xml\n\n<{operation}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  \
         {result}<ResponseMetadata>\n    <RequestId>REQUEST-ID</RequestId>\n  </ResponseMetadata>\n\
         </{operation}Response>\n"
    )
}

fn refused(status: u16, code: &str, text: &str) -> String {
    format!(
        "{status}\ncontent-type: text/xml\n\n<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  \
         <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{text}</Message>\n  </Error>\n  \
         <RequestId>REQUEST-ID</RequestId>\n</ErrorResponse>\n"
    )
}

const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:t";

#[tokio::test]
async fn maps_and_lists_travel_in_wrappers() {
    let wire = Wire::new().await;
    let queue = "arn:aws:sqs:eu-central-1:000000000000:q";
    let subscribed = format!("Action=Subscribe&TopicArn={TOPIC}&Protocol=sqs&Endpoint={queue}");
    for (body, wanted) in [
        (
            "Action=CreateTopic&Name=t&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=a%26b\
             &Tags.member.1.Key=k&Tags.member.1.Value=v"
                .to_owned(),
            xml("CreateTopic", &format!("<CreateTopicResult><TopicArn>{TOPIC}</TopicArn></CreateTopicResult>\n  ")),
        ),
        (
            format!("Action=ListTagsForResource&ResourceArn={TOPIC}"),
            xml(
                "ListTagsForResource",
                "<ListTagsForResourceResult><Tags><member><Key>k</Key><Value>v</Value></member></Tags>\
                 </ListTagsForResourceResult>\n  ",
            ),
        ),
        (
            format!("{subscribed}&Attributes.entry.1.key=Nonsense&Attributes.entry.1.value=x"),
            refused(400, "InvalidParameter", "Invalid parameter: Attributes Reason: AttributeName"),
        ),
        (
            format!("Action=PublishBatch&TopicArn={TOPIC}"),
            refused(400, "EmptyBatchRequest", "The batch request doesn't contain any entries."),
        ),
        (
            format!(
                "Action=Publish&TopicArn={TOPIC}&Message=m&MessageAttributes.entry.1.Name=n\
                 &MessageAttributes.entry.1.Value.DataType=Number&MessageAttributes.entry.1.Value.StringValue=x"
            ),
            refused(400, "ParameterValueInvalid", "Could not cast message attribute 'n' value to number."),
        ),
        (format!("Action=Publish&TopicArn={TOPIC}x&Message=m"), refused(404, "NotFound", "Topic does not exist")),
        (format!("Action=DeleteTopic&TopicArn={TOPIC}"), xml("DeleteTopic", "")),
    ] {
        assert_eq!(wire.exchange("sns", &form(&body)).await, wanted, "{body}");
    }
    let made = wire.exchange("sns", &form("Action=CreateTopic&Name=t")).await;
    assert!(made.starts_with("200"), "{made}");
    let shown = wire.exchange("sns", &form(&format!("Action=GetTopicAttributes&TopicArn={TOPIC}"))).await;
    assert!(shown.contains("<entry><key>Owner</key><value>000000000000</value></entry>"), "{shown}");
}
