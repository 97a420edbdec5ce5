//! Golden exchanges: requests that lead nowhere, what each protocol calls its errors, and the small APIs.

use services::function::{FunctionId, Scope};
use services::name::{AccountId, FunctionName, Region};

use super::*;

/// Sends requests in their order to one face and compares each answer.
async fn check(cases: &[(&str, &str, &str)]) {
    let wire = Wire::new().await;
    for (service, request, wanted) in cases {
        let found = match *service {
            "" => wire.exchange_unsigned(request).await,
            _ => wire.exchange(service, request).await,
        };
        assert_eq!(found, *wanted, "{service} {request}");
    }
}

#[tokio::test]
async fn unsigned_requests_are_refused_by_the_api_that_they_look_like() {
    check(&[
        (
            "",
            "GET /2015-03-31/functions\n\n",
            "403\ncontent-type: application/json\nx-amzn-errortype: MissingAuthenticationTokenException\n\n\
             {\"message\":\"Missing Authentication Token\"}",
        ),
        (
            "",
            "POST /\nx-amz-target: Logs_20140328.FilterLogEvents\n\n{}",
            "400\ncontent-type: application/x-amz-json-1.1\n\n\
             {\"__type\":\"MissingAuthenticationTokenException\",\"message\":\"Missing Authentication Token\"}",
        ),
        (
            "",
            "GET /?Action=GetCallerIdentity&Version=2011-06-15\n\n",
            "403\ncontent-type: text/xml\n\n<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <Error>\n    <Type>Sender</Type>\n    <Code>MissingAuthenticationToken</Code>\n    \
             <Message>Request is missing Authentication Token</Message>\n  </Error>\n  \
             <RequestId>REQUEST-ID</RequestId>\n</ErrorResponse>\n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn operations_that_are_not_there_refuse_by_name() {
    check(&[
        (
            "lambda",
            "GET /2018-10-31/layers\n\n",
            "501\ncontent-type: application/json\nx-amzn-errortype: NotImplementedException\n\n\
             {\"message\":\"The operation ListLayers is not implemented.\"}",
        ),
        (
            "lambda",
            "GET /nowhere\n\n",
            "404\nx-amzn-errortype: UnknownOperationException\n\n<UnknownOperationException/>\n",
        ),
        (
            "logs",
            "POST /\nx-amz-target: Logs_20140328.StartQuery\n\n{}",
            "501\ncontent-type: application/x-amz-json-1.1\n\n\
             {\"__type\":\"NotImplementedException\",\"message\":\"The operation StartQuery is not implemented.\"}",
        ),
        (
            "logs",
            "POST /\nx-amz-target: Logs_20140328.Nothing\n\n{}",
            "400\ncontent-type: application/x-amz-json-1.1\n\n{\"__type\":\"UnknownOperationException\"}",
        ),
        (
            "sts",
            "POST /\ncontent-type: application/x-www-form-urlencoded\n\nAction=Nothing&Version=2011-06-15",
            "400\ncontent-type: text/xml\n\n<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <Error>\n    <Type>Sender</Type>\n    <Code>InvalidAction</Code>\n    \
             <Message>Could not find operation Nothing for version 2011-06-15</Message>\n  </Error>\n  \
             <RequestId>REQUEST-ID</RequestId>\n</ErrorResponse>\n",
        ),
        (
            "swf",
            "POST /\nx-amz-target: SimpleWorkflowService.ListDomains\n\n{}",
            "501\ncontent-type: application/x-amz-json-1.1\n\n\
             {\"__type\":\"NotImplementedException\",\"message\":\"The service swf is not implemented.\"}",
        ),
    ])
    .await;
}

#[tokio::test]
async fn get_caller_identity_says_whose_key_it_is() {
    check(&[(
        "sts",
        "POST /\ncontent-type: application/x-www-form-urlencoded\n\nAction=GetCallerIdentity&Version=2011-06-15",
        "200\ncontent-type: text/xml\n\n\
         <GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
         <GetCallerIdentityResult><UserId>000000000000</UserId><Account>000000000000</Account>\
         <Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult>\n  \
         <ResponseMetadata>\n    <RequestId>REQUEST-ID</RequestId>\n  </ResponseMetadata>\n\
         </GetCallerIdentityResponse>\n",
    )])
    .await;
}

#[tokio::test]
async fn wrong_signatures_and_keys_are_refused_in_each_protocol() {
    let wire = Wire::new().await;
    let mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS \
                    Secret Access Key and signing method. Consult the service documentation for details.";
    let cases = [
        ("lambda", "GET /2015-03-31/functions\n\n", KEY, "403", "InvalidSignatureException", mismatch),
        (
            "logs",
            "POST /\nx-amz-target: Logs_20140328.DescribeLogGroups\n\n{}",
            KEY,
            "400",
            "InvalidSignatureException",
            mismatch,
        ),
        ("sts", "GET /?Action=GetCallerIdentity&Version=2011-06-15\n\n", KEY, "403", "SignatureDoesNotMatch", mismatch),
        (
            "lambda",
            "GET /2015-03-31/functions\n\n",
            "AKIANOBODY",
            "403",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "sts",
            "GET /?Action=GetCallerIdentity&Version=2011-06-15\n\n",
            "AKIANOBODY",
            "403",
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        (
            "lambda",
            "GET /2015-03-31/functions\n\n",
            "test",
            "403",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    ];
    for (service, request, key, status, code, message) in cases {
        let (mut parts, body) = read(request);
        let signer =
            Signer { access_key_id: key, secret: "wrong", session_token: None, region: "eu-central-1", service };
        sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("the request can be signed");
        let found = wire.send(parts, body).await.to_string();
        assert!(
            found.starts_with(status) && found.contains(code) && found.contains(message),
            "{service} {key}: {found}"
        );
    }
}

#[tokio::test]
async fn documents_of_the_wrong_form_are_refused_in_words_of_aws() {
    let lambda = |body: &str| format!("POST /2015-03-31/functions\n\n{body}");
    let logs = |body: &str| format!("POST /\nx-amz-target: Logs_20140328.GetLogEvents\n\n{body}");
    let cases = [
        (
            "lambda",
            lambda(r#"{"FunctionName":1}"#),
            "SerializationException",
            "NUMBER_VALUE cannot be converted to String",
        ),
        (
            "lambda",
            lambda(r#"{"Timeout":"1"}"#),
            "SerializationException",
            "STRING_VALUE cannot be converted to Integer",
        ),
        ("lambda", lambda(r#"{"Layers":"x"}"#), "SerializationException", "Expected list or null"),
        ("lambda", lambda("{"), "SerializationException", "Could not parse request body into json: "),
        (
            "lambda",
            lambda(r#"{"FunctionName":"a b","Code":{}}"#),
            "ValidationException",
            "2 validation errors detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ",
        ),
        (
            "lambda",
            lambda(
                r#"{"FunctionName":"a","Role":"arn:aws:iam::000000000000:role/r","Code":{},"Architectures":["riscv"]}"#,
            ),
            "ValidationException",
            "1 validation error detected: Value '[riscv]' at 'architectures' failed to satisfy constraint: Member must \
             satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
        (
            "lambda",
            lambda(r#"{"FunctionName":"a","Role":"arn:aws:iam::000000000000:role/r","Code":{},"Timeout":0}"#),
            "ValidationException",
            "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value \
             greater than or equal to 1",
        ),
        (
            "lambda",
            lambda(
                r#"{"FunctionName":"a","Role":"arn:aws:iam::000000000000:role/r","Code":{},"Environment":{"Variables":{"1":"x"}}}"#,
            ),
            "ValidationException",
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must \
             satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must \
             not be null]",
        ),
        (
            "logs",
            logs("{}"),
            "InvalidParameterException",
            "1 validation error detected: Value null at 'logStreamName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "lambda",
            "GET /2015-03-31/functions?MaxItems=x\n\n".to_owned(),
            "SerializationException",
            "STRING_VALUE cannot be converted to Integer",
        ),
    ];
    let wire = Wire::new().await;
    for (service, request, code, message) in cases {
        let found = wire.exchange(service, &request).await;
        assert!(found.starts_with("400") && found.contains(code) && found.contains(message), "{request}: {found}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused() {
    let wire = Wire::new().await;
    let body = "x".repeat(crate::operation::BODY_BYTES_MAX + 1);
    let found =
        wire.exchange("logs", &format!("POST /\nx-amz-target: Logs_20140328.DescribeLogGroups\n\n{body}")).await;
    assert!(found.starts_with("413") && found.contains("RequestEntityTooLargeException"), "{found}");
}

#[tokio::test]
async fn the_form_of_somebody_unknown_is_not_read() {
    let wire = Wire::new().await;
    let (mut parts, _) = read("POST /\ncontent-type: application/x-www-form-urlencoded\n\n");
    let body = "x".repeat(crate::operation::BODY_BYTES_MAX + 1);
    let signer = Signer {
        access_key_id: "AKIAUNKNOWNUNKNOWN00",
        secret: SECRET,
        session_token: None,
        region: "eu-central-1",
        service: "sts",
    };
    sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("the request can be signed");
    let found = wire.send(parts, body).await.to_string();
    assert!(found.starts_with("403") && found.contains("<Code>InvalidClientTokenId</Code>"), "{found}");
}

#[tokio::test]
async fn credentials_of_a_function_end_with_it() {
    let wire = Wire::new().await;
    wire.create_function("gone", "process").await;
    let scope = Scope { account: AccountId::default(), region: Region::parse("eu-central-1").expect("a region") };
    let id = FunctionId { scope, name: FunctionName::parse("gone").expect("a name") };
    let route = wire.services.routes().resolve(&id, None, 0).expect("it runs");
    let sessions = wire.services.keys().sessions();
    let credentials = sessions.credentials(&route.version, route.role.as_deref(), wire.services.store().clock());
    let signer = Signer {
        access_key_id: &credentials.access_key_id,
        secret: &credentials.secret_access_key,
        session_token: Some(&credentials.session_token),
        region: "eu-central-1",
        service: "sts",
    };
    let ask = async || {
        let (mut parts, body) = read("GET /?Action=GetCallerIdentity&Version=2011-06-15\n\n");
        sign(&mut parts, body.as_bytes(), &signer, Instant::now()).expect("the request can be signed");
        wire.send(parts, body).await.to_string()
    };
    let there = ask().await;
    assert!(there.starts_with("200") && there.contains("assumed-role/any/gone"), "{there}");
    wire.exchange("lambda", "DELETE /2015-03-31/functions/gone\n\n").await;
    let gone = ask().await;
    assert!(gone.starts_with("403") && gone.contains("<Code>InvalidClientTokenId</Code>"), "{gone}");
}

/// Creates a URL for a function, open to everyone where it wants no signature; gives its id.
async fn url(wire: &Wire, function: &str, auth: &str, cors: &str) -> String {
    let request = format!("POST /2021-10-31/functions/{function}/url\n\n{{\"AuthType\":\"{auth}\"{cors}}}");
    let created = wire.exchange("lambda", &request).await;
    let body = created.split_once("\n\n").map(|(_, body)| body).unwrap_or_default();
    let created: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{created}"));
    let url = created["FunctionUrl"].as_str().expect("the answer has the URL").to_owned();
    url.trim_start_matches("http://").split('.').next().expect("the id is the first label").to_owned()
}

async fn open_to_all(wire: &Wire, function: &str) {
    let permission =
        r#"{"StatementId":"all","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"}"#;
    let added = wire.exchange("lambda", &format!("POST /2015-03-31/functions/{function}/policy\n\n{permission}")).await;
    assert!(added.starts_with("201"), "{added}");
}

#[tokio::test]
async fn a_url_runs_its_function_for_those_whom_the_policy_lets_in() {
    let wire = Wire::new().await;
    wire.create_function("open", "process").await;
    let id = url(&wire, "open", "NONE", "").await;
    let forbidden = "403\ncontent-type: application/json\nx-amzn-errortype: AccessDeniedException\n\n\
         {\"Message\":\"Forbidden. For troubleshooting Function URL authorization issues, see: \
         https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html\"}";
    assert_eq!(wire.exchange_unsigned(&format!("GET /_url/{id}/a\n\n")).await, forbidden);
    // What AWS wants beside the other since October 2025 lets nobody in alone, by URL or otherwise.
    let via = r#"{"StatementId":"via","Action":"lambda:InvokeFunction","Principal":"*","InvokedViaFunctionUrl":true}"#;
    let added = wire.exchange("lambda", &format!("POST /2015-03-31/functions/open/policy\n\n{via}")).await;
    assert!(added.contains(r#"{\"Bool\":{\"lambda:InvokedViaFunctionUrl\":\"true\"}}"#), "{added}");
    assert_eq!(wire.exchange_unsigned(&format!("GET /_url/{id}/a\n\n")).await, forbidden);
    open_to_all(&wire, "open").await;
    let by_path = wire.exchange_unsigned(&format!("GET /_url/{id}/a?b=c\n\n")).await;
    let by_host = format!("GET /a?b=c\nhost: {id}.lambda-url.eu-central-1.localhost:4566\n\n");
    let by_host = wire.exchange_unsigned(&by_host).await;
    for found in [by_path, by_host] {
        assert!(found.starts_with("200\ncontent-type: application/json\n\n{\"version\":\"2.0\""), "{found}");
        assert!(found.contains(r#""rawPath":"/a","rawQueryString":"b=c""#) && found.contains("REQUEST-ID"), "{found}");
    }
    let failed = wire.exchange_unsigned(&format!("GET /_url/{id}/raise\n\n")).await;
    assert_eq!(failed, "502\ncontent-type: application/json\n\nInternal Server Error");
    let elsewhere = format!("GET /\nhost: {id}.lambda-url.eu-west-1.localhost\n\n");
    let absent =
        "404\ncontent-type: application/json\nx-amzn-errortype: ResourceNotFoundException\n\n{\"Message\":null}";
    assert_eq!(wire.exchange_unsigned(&elsewhere).await, absent);
    assert_eq!(wire.exchange_unsigned("GET /_url/nothing/\n\n").await, absent);
    let long = format!("POST /_url/{id}/\n\n{}", "x".repeat(6 * 1024 * 1024 + 1));
    let refused = wire.exchange_unsigned(&long).await;
    assert!(refused.starts_with("413") && refused.contains("RequestEntityTooLargeException"), "{refused}");
}

#[tokio::test]
async fn a_url_that_wants_a_signature_takes_no_other_request() {
    let wire = Wire::new().await;
    wire.create_function("closed", "process").await;
    open_to_all(&wire, "closed").await;
    let id = url(&wire, "closed", "AWS_IAM", "").await;
    let request = format!("POST /_url/{id}/\ncontent-type: text/plain\n\nhello");
    let unsigned = wire.exchange_unsigned(&request).await;
    assert!(unsigned.starts_with("403") && unsigned.contains("{\"Message\":\"Forbidden. "), "{unsigned}");
    let signed = wire.exchange("lambda", &request).await;
    assert!(signed.starts_with("200") && signed.contains("\"userArn\":\"arn:aws:iam::000000000000:root\""), "{signed}");
    assert!(signed.contains(r#""body":"hello","isBase64Encoded":false"#), "{signed}");
    let wrong_service = wire.exchange("s3", &request).await;
    assert!(wrong_service.contains("Credential should be scoped to correct service: 'lambda'."), "{wrong_service}");
}

#[tokio::test]
async fn a_component_gets_the_request_itself() {
    let wire = Wire::new().await;
    wire.create_function("whole", "component").await;
    open_to_all(&wire, "whole").await;
    let cors = r#","Cors":{"AllowOrigins":["https://a.example"],"AllowMethods":["PUT"]}"#;
    let id = url(&wire, "whole", "NONE", cors).await;
    let found = wire.exchange_unsigned(&format!("PUT /_url/{id}/x/y?z=1\norigin: https://a.example\n\nbody")).await;
    assert_eq!(found, "200\naccess-control-allow-origin: https://a.example\nvary: Origin\n\nPUT /x/y?z=1 body");
    let preflight = format!("OPTIONS /_url/{id}/\norigin: https://a.example\naccess-control-request-method: PUT\n\n");
    let found = wire.exchange_unsigned(&preflight).await;
    let wanted =
        "200\naccess-control-allow-origin: https://a.example\nvary: Origin\naccess-control-allow-methods: PUT\n\n";
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn each_version_of_a_weighted_alias_gets_requests_in_the_way_that_it_takes_them() {
    let wire = Wire::new().await;
    wire.create_function("mixed", "process").await;
    let ask = |request: &'static str| wire.exchange("lambda", request);
    ask("POST /2015-03-31/functions/mixed/versions\n\n{}").await;
    // `component` in base64.
    ask("PUT /2015-03-31/functions/mixed/code\n\n{\"ZipFile\":\"Y29tcG9uZW50\",\"Publish\":true}").await;
    wire.services.functions().settled().await;
    let alias = r#"{"Name":"both","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}}"#;
    let made = wire.exchange("lambda", &format!("POST /2015-03-31/functions/mixed/aliases\n\n{alias}")).await;
    assert!(made.starts_with("201"), "{made}");
    let id = url(&wire, "mixed:both", "NONE", "").await;
    open_to_all(&wire, "mixed:both").await;
    let mut as_event = 0;
    for _ in 0..64 {
        let found = wire.exchange_unsigned(&format!("GET /_url/{id}/a\n\n")).await;
        assert!(found.starts_with("200"), "{found}");
        as_event += usize::from(found.contains("\"version\":\"2.0\""));
    }
    assert!((1..64).contains(&as_event), "{as_event} of 64"); // by chance once in 2^63
}

#[tokio::test]
async fn a_log_outlives_its_function() {
    let wire = Wire::new().await;
    for name in ["silent", "spoke"] {
        wire.create_function(name, "process").await;
    }
    wire.exchange("lambda", "POST /2015-03-31/functions/spoke/invocations\n\n1").await;
    for name in ["silent", "spoke"] {
        let deleted = wire.exchange("lambda", &format!("DELETE /2015-03-31/functions/{name}\n\n")).await;
        assert!(deleted.starts_with("204"), "{deleted}");
    }
    let names = async || {
        let found = logs(&wire, "DescribeLogGroups", json!({})).await;
        let groups = found["logGroups"].as_array().expect("a list").iter();
        groups.map(|group| group["logGroupName"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["/aws/lambda/spoke"]);
    wire.create_function("spoke", "process").await;
    assert_eq!(names().await, ["/aws/lambda/spoke"]);
}

/// The document that an operation of CloudWatch Logs answers.
async fn logs(wire: &Wire, operation: &str, document: serde_json::Value) -> serde_json::Value {
    wire.call("logs", &format!("Logs_20140328.{operation}"), document).await.1
}

fn messages(answer: &serde_json::Value) -> Vec<&str> {
    let events = answer["events"].as_array().into_iter().flatten();
    events.filter_map(|event| event["message"].as_str()).collect()
}

#[tokio::test]
async fn logs_are_found_by_group_stream_pattern_and_page() {
    let wire = Wire::new().await;
    wire.create_function("noisy", "process").await;
    let absent = logs(&wire, "FilterLogEvents", json!({ "logGroupName": "/aws/lambda/noisy" })).await;
    let wanted = json!({ "__type": "ResourceNotFoundException", "message": "The specified log group does not exist." });
    assert_eq!(absent, wanted);
    for word in ["one", "two", "three"] {
        let invoked =
            wire.exchange("lambda", &format!("POST /2015-03-31/functions/noisy/invocations\n\n\"{word}\"")).await;
        assert!(invoked.starts_with("200") && invoked.ends_with(&format!("\"{word}\"")), "{invoked}");
    }

    let groups = logs(&wire, "DescribeLogGroups", json!({ "logGroupNamePrefix": "/aws/lambda/no" })).await;
    assert_eq!(groups["logGroups"][0]["arn"], "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/noisy:*");
    let group = json!({ "logGroupName": "/aws/lambda/noisy", "orderBy": "LastEventTime", "descending": true });
    let streams = logs(&wire, "DescribeLogStreams", group).await;
    let stream = streams["logStreams"][0]["logStreamName"].as_str().expect("there is a stream");
    assert!(stream.ends_with("/[$LATEST]0123456789abcdef0123456789abcdef"), "{stream}");

    assert!(groups["logGroups"][0]["storedBytes"].as_u64().is_some_and(|bytes| bytes > 100), "{groups}");
    let unknown = json!({ "logGroupName": "/aws/lambda/noisy", "logStreamNames": [stream, "none"] });
    let refused = wire.call("logs", "Logs_20140328.FilterLogEvents", unknown).await;
    let wanted =
        json!({ "__type": "ResourceNotFoundException", "message": "The specified log stream does not exist." });
    assert_eq!(refused, (400, wanted));

    let filter = json!({ "logGroupName": "/aws/lambda/noisy", "filterPattern": "?one ?three" });
    let filtered = logs(&wire, "FilterLogEvents", filter).await;
    assert_eq!(messages(&filtered), ["\"one\"\n", "\"three\"\n"]);
    let paged = json!({ "logGroupName": "/aws/lambda/noisy", "filterPattern": "\"START RequestId\"", "limit": 2 });
    let first = logs(&wire, "FilterLogEvents", paged.clone()).await;
    let mut next = paged;
    next["nextToken"] = first["nextToken"].clone();
    let second = logs(&wire, "FilterLogEvents", next).await;
    assert_eq!(
        (messages(&first).len(), messages(&second).len(), &second["nextToken"]),
        (2, 1, &serde_json::Value::Null)
    );

    let from_head =
        json!({ "logGroupName": "/aws/lambda/noisy", "logStreamName": stream, "startFromHead": true, "limit": 4 });
    let head = logs(&wire, "GetLogEvents", from_head).await;
    let latest = json!({ "logGroupName": "/aws/lambda/noisy", "logStreamName": stream, "limit": 2 });
    let tail = logs(&wire, "GetLogEvents", latest).await;
    assert!(messages(&head)[0].contains("START"), "{head}");
    assert!(messages(&tail).last().is_some_and(|last| last.starts_with("REPORT")), "{tail}");
    let at_end =
        json!({ "logGroupName": "/aws/lambda/noisy", "logStreamName": stream, "nextToken": tail["nextForwardToken"] });
    let end = logs(&wire, "GetLogEvents", at_end).await;
    assert_eq!((messages(&end).len(), &end["nextForwardToken"]), (0, &tail["nextForwardToken"]));
    let back =
        json!({ "logGroupName": "/aws/lambda/noisy", "logStreamName": stream, "nextToken": tail["nextBackwardToken"] });
    let before = logs(&wire, "GetLogEvents", back).await;
    let all: Vec<&str> = messages(&before).into_iter().chain(messages(&tail)).collect();
    assert_eq!(all.iter().filter(|line| line.starts_with("START")).count(), 3, "{all:?}");
}
