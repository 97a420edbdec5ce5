use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::log::function_group;
use services::log::read::{Follow, Query, Streams};
use services::name::{AccountId, FunctionName, Region};
use store::{Order, Timestamp};

use super::*;

const INVOKE: &str = "POST /2015-03-31/functions/f/invocations";

#[tokio::test]
async fn an_invocation_answers_with_what_the_function_answers() {
    let wire = with_function().await;
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function";
    wire
        .check("lambda", &[
            (&format!("{INVOKE} | [1, 2]"), "200 [1, 2]"),
            (INVOKE, "200 {}"),
            (&format!("{INVOKE}?Qualifier=live | 7"), "200 7"),
            (&format!("{INVOKE} x-amz-invocation-type:DryRun"), "204"),
            (&format!("{INVOKE} x-amz-invocation-type:Event | 1"), "202"),
            (&format!("{INVOKE} | \"raise\""), r#"200 {"errorMessage":"it raised","errorType":"Error"}"#),
            (
                &format!("{INVOKE} | \"flood\""),
                r#"200 {"errorMessage":"Response payload size exceeded maximum allowed payload size (8 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#,
            ),
            (
                &format!("{INVOKE} | \"break\""),
                r#"500 ServiceException {"Message":"An error occurred and the request cannot be processed.","Type":"Server"}"#,
            ),
            (
                &format!("{INVOKE} | not json"),
                r#"400 InvalidRequestContentException {"message":"Could not parse request body into json: Could not parse payload into json: expected ident at line 1 column 2","Type":"User"}"#,
            ),
            (&format!("{INVOKE} x-amz-client-context:eyJhIjoxfQ=="), r#"200 {"a":1}"#),
            (
                &format!("{INVOKE} x-amz-client-context:nonsense"),
                r#"400 InvalidRequestContentException {"message":"Client context must be a valid Base64-encoded JSON object.","Type":"User"}"#,
            ),
            (
                "POST /2015-03-31/functions/g/invocations",
                &format!(r#"404 ResourceNotFoundException {{"Message":"Function not found: {arn}:g","Type":"User"}}"#),
            ),
            (
                &format!("{INVOKE}?Qualifier=gone x-amz-invocation-type:Event"),
                &format!(r#"404 ResourceNotFoundException {{"Message":"Function not found: {arn}:f:gone","Type":"User"}}"#),
            ),
        ])
        .await;
}

#[tokio::test]
async fn an_invocation_says_what_ran_and_shows_the_end_of_its_log() {
    let wire = with_function().await;
    let said = wire.ask("lambda", &format!("{INVOKE}?Qualifier=live x-amz-log-type:Tail | \"raise\"")).await;
    let header = |name: &str| said.headers.get(name).map(|value| value.to_str().expect("text"));
    assert_eq!((header("x-amz-executed-version"), header("x-amz-function-error")), (Some("1"), Some("Unhandled")));
    let id = header("x-amzn-requestid").expect("every answer has one");
    let log = STANDARD.decode(header("x-amz-log-result").expect("it was asked for")).expect("base64");
    let log = String::from_utf8(log).expect("text");
    assert!(
        log.starts_with(&format!("START RequestId: {id} Version: 1\n\"raise\"\nEND RequestId: {id}\nREPORT")),
        "{log}"
    );
}

#[tokio::test]
async fn an_event_is_run_under_the_request_id_that_its_sender_was_told() {
    let wire = with_function().await;
    let region = Region::parse("eu-central-1").expect("a region");
    let group = function_group(&AccountId::default(), &region, &FunctionName::parse("f").expect("a name"));
    let query = Query {
        group,
        streams: Streams::All,
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(i64::MAX),
        order: Order::Forward,
        beyond: None,
        limit: 10,
    };
    let said = wire.ask("lambda", &format!("{INVOKE} x-amz-invocation-type:Event | 1")).await;
    let logged = Follow::new(wire.services.store().clone(), query).next().await.expect("the journal is in memory");
    let told = said.headers["x-amzn-requestid"].to_str().expect("text");
    assert_eq!((said.status, told), (202, &*logged[0].request_id.0));
}

#[tokio::test]
async fn too_much_and_too_many_are_refused() {
    let wire = with_function().await;
    let event = format!("{INVOKE} x-amz-invocation-type:Event | \"{}\"", "x".repeat(1_048_575));
    wire
        .check("lambda", &[
            (
                &event,
                r#"413 RequestEntityTooLargeException {"message":"1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"}"#,
            ),
            (
                r#"PUT /2017-10-31/functions/f/concurrency {"ReservedConcurrentExecutions":0}"#,
                r#"200 {"ReservedConcurrentExecutions":0}"#,
            ),
            (
                INVOKE,
                r#"429 TooManyRequestsException {"message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User"}"#,
            ),
        ])
        .await;
    let large = wire.ask("lambda", &format!("{INVOKE} | \"{}\"", "x".repeat(6_291_456))).await;
    assert_eq!(
        (large.status, &large.headers["x-amzn-errortype"]),
        (413, &"RequestEntityTooLargeException".parse().expect("a header"))
    );
}

#[tokio::test]
async fn a_function_that_failed_to_be_created_is_not_invoked() {
    let wire = Wire::new().await;
    wire.ask("lambda", &CREATE.replace("b25l", "d29ybGQ=")).await;
    wire.services.functions().settled().await;
    wire
        .check("lambda", &[(
            INVOKE,
            r#"409 ResourceConflictException {"message":"The operation cannot be performed at this time. The function is currently in the following state: Failed","Type":"User"}"#,
        )])
        .await;
}

#[tokio::test]
async fn permissions_are_written_as_the_service_writes_them() {
    let wire = with_function().await;
    let policy = "/2015-03-31/functions/f/policy";
    let first = r#"{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:f","Condition":{"StringEquals":{"AWS:SourceAccount":"000000000000"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::photos"}}}"#;
    let url = r#"{"Sid":"url","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}"#;
    let account = r#"{"Sid":"account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"lambda:*","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:f"}"#;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let whole = format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{first},{account}]}}"#);
    wire
        .check("lambda", &[
            (
                &format!("GET {policy}"),
                r#"404 ResourceNotFoundException {"Message":"The resource you requested does not exist.","Type":"User"}"#,
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"s3","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com","SourceArn":"arn:aws:s3:::photos","SourceAccount":"000000000000"}}"#),
                &format!(r#"201 {{"Statement":{}}}"#, quoted(first)),
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"s3","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com"}}"#),
                r#"409 ResourceConflictException {"message":"The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.","Type":"User"}"#,
            ),
            (
                &format!(r#"POST {policy}?Qualifier=live {{"StatementId":"url","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"}}"#),
                &format!(r#"201 {{"Statement":{}}}"#, quoted(url)),
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"account","Action":"lambda:*","Principal":"111111111111"}}"#),
                &format!(r#"201 {{"Statement":{}}}"#, quoted(account)),
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"x","Action":"lambda:InvokeFunction","Principal":"*","FunctionUrlAuthType":"NONE"}}"#),
                r#"400 InvalidParameterValueException {"message":"FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action","Type":"User"}"#,
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"x","Action":"lambda:InvokeFunction","Principal":"nobody"}}"#),
                r#"400 InvalidParameterValueException {"message":"The provided principal was invalid. Please check the principal and try again.","Type":"User"}"#,
            ),
            (
                &format!(r#"POST {policy}?Qualifier=$LATEST {{"StatementId":"x","Action":"lambda:InvokeFunction","Principal":"*"}}"#),
                r#"400 InvalidParameterValueException {"message":"We currently do not support adding policies for $LATEST.","Type":"User"}"#,
            ),
            (
                &format!(r#"POST {policy} {{"StatementId":"x","Action":"lambda:InvokeFunction","Principal":"*","RevisionId":"old"}}"#),
                r#"412 PreconditionFailedException {"message":"The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id","Type":"User"}"#,
            ),
            (
                &format!("GET {policy}"),
                &format!(r#"200 {{"Policy":{},"RevisionId":"UUID"}}"#, quoted(&whole)),
            ),
            (&format!("DELETE {policy}/s3"), "204"),
            (
                &format!("DELETE {policy}/s3"),
                r#"404 ResourceNotFoundException {"Message":"Statement s3 is not found in resource policy.","Type":"User"}"#,
            ),
            (&format!("DELETE {policy}/account"), "204"),
            (
                &format!("DELETE {policy}/account"),
                r#"404 ResourceNotFoundException {"Message":"No policy is associated with the given resource.","Type":"User"}"#,
            ),
        ])
        .await;
}

#[tokio::test]
async fn function_urls_have_their_configuration() {
    let wire = with_function().await;
    let path = "/2021-10-31/functions/f/url";
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:f";
    let times = r#""CreationTime":"1970-01-01T00:00:00.000Z""#;
    let address = r#""FunctionUrl":"http://URLID.lambda-url.eu-central-1.localhost:4566/""#;
    let cors = r#""Cors":{"AllowMethods":["GET"],"AllowOrigins":["*"],"MaxAge":60}"#;
    let modified = r#""LastModifiedTime":"1970-01-01T00:00:00.000Z""#;
    wire
        .check("lambda", &[
            (
                &format!(r#"POST {path} {{"AuthType":"NONE",{cors}}}"#),
                &format!(r#"201 {{{address},"FunctionArn":"{arn}","AuthType":"NONE",{cors},{times},"InvokeMode":"BUFFERED"}}"#),
            ),
            (
                &format!(r#"POST {path} {{"AuthType":"NONE"}}"#),
                &format!(r#"409 ResourceConflictException {{"message":"Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for this Lambda function","Type":"User"}}"#),
            ),
            (
                &format!(r#"POST {path}?Qualifier=live {{"AuthType":"AWS_IAM"}}"#),
                &format!(r#"201 {{{address},"FunctionArn":"{arn}:live","AuthType":"AWS_IAM",{times},"InvokeMode":"BUFFERED"}}"#),
            ),
            (
                &format!(r#"POST {path}?Qualifier=1 {{"AuthType":"NONE"}}"#),
                r#"400 ValidationException {"message":"1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)"}"#,
            ),
            (
                r#"POST /2021-10-31/functions/g/url {"AuthType":"NONE"}"#,
                r#"404 ResourceNotFoundException {"Message":"Function does not exist","Type":"User"}"#,
            ),
            (
                &format!(r#"PUT {path} {{"AuthType":"AWS_IAM","Cors":{{}}}}"#),
                &format!(r#"200 {{{address},"FunctionArn":"{arn}","AuthType":"AWS_IAM",{times},{modified},"InvokeMode":"BUFFERED"}}"#),
            ),
            (
                &format!(r#"PUT {path} {{"InvokeMode":"RESPONSE_STREAM"}}"#),
                r#"400 InvalidParameterValueException {"message":"InvokeMode RESPONSE_STREAM does not exist in Nought yet: leave it out of the request.","Type":"User"}"#,
            ),
            (&format!("DELETE {path}"), "204"),
            (
                &format!("GET {path}"),
                r#"404 ResourceNotFoundException {"Message":"The resource you requested does not exist.","Type":"User"}"#,
            ),
            (
                "GET /2021-10-31/functions/f/urls",
                &format!(r#"200 {{"FunctionUrlConfigs":[{{{address},"FunctionArn":"{arn}:live",{times},{modified},"AuthType":"AWS_IAM","InvokeMode":"BUFFERED"}}]}}"#),
            ),
        ])
        .await;
}
