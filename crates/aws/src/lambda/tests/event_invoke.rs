use super::*;

const CONFIG: &str = "/2019-09-25/functions/f/event-invoke-config";
const TOLD: &str = r#"POST /2015-03-31/functions {"FunctionName":"told","Runtime":"python3.12","Handler":"app.handler","Role":"arn:aws:iam::000000000000:role/worker","Code":{"ZipFile":"b25l"}}"#;

#[tokio::test]
async fn a_configuration_is_put_changed_shown_listed_and_deleted() {
    let wire = with_function().await;
    assert_eq!(wire.ask("lambda", TOLD).await.status, 201);
    wire.services.functions().settled().await;
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function";
    let none = format!(
        r#"404 ResourceNotFoundException {{"Message":"The function {arn}:f:$LATEST doesn't have an EventInvokeConfig","Type":"User"}}"#
    );
    let empty = r#""DestinationConfig":{"OnSuccess":{},"OnFailure":{}}"#;
    let first = format!(
        r#"{{"LastModified":0.0,"FunctionArn":"{arn}:f:$LATEST","MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60,{empty}}}"#
    );
    let told = format!(
        r#"{{"LastModified":0.0,"FunctionArn":"{arn}:f:live","MaximumRetryAttempts":1,"DestinationConfig":{{"OnSuccess":{{}},"OnFailure":{{"Destination":"{arn}:told"}}}}}}"#
    );
    wire.check("lambda", &[
            (format!("GET {CONFIG}").as_str(), none.as_str()),
            (&format!("DELETE {CONFIG}"), none.as_str()),
            (&format!(r#"POST {CONFIG} {{"MaximumRetryAttempts":0}}"#), none.as_str()),
            (
                &format!(r#"PUT {CONFIG} {{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60}}"#),
                &format!("200 {first}"),
            ),
            (&format!("GET {CONFIG}"), &format!("200 {first}")),
            (
                &format!(r#"PUT {CONFIG}?Qualifier=live {{"DestinationConfig":{{"OnFailure":{{"Destination":"{arn}:told"}}}}}}"#),
                &format!(r#"200 {}"#, told.replace(r#""MaximumRetryAttempts":1,"#, "")),
            ),
            (&format!(r#"POST {CONFIG}?Qualifier=live {{"MaximumRetryAttempts":1}}"#), &format!("200 {told}")),
            (&format!("GET {CONFIG}/list"), &format!(r#"200 {{"FunctionEventInvokeConfigs":[{first},{told}]}}"#)),
            (
                &format!("GET {CONFIG}/list?MaxItems=1"),
                &format!(r#"200 {{"FunctionEventInvokeConfigs":[{first}],"NextMarker":"JExBVEVTVA"}}"#),
            ),
            (
                &format!("GET {CONFIG}/list?Marker=JExBVEVTVA"),
                &format!(r#"200 {{"FunctionEventInvokeConfigs":[{told}]}}"#),
            ),
            (&format!("DELETE {CONFIG}"), "204"),
            (&format!("GET {CONFIG}"), none.as_str()),
        ])
        .await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused_in_lambda_s_words() {
    let wire = with_function().await;
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function";
    let invalid = |text: &str| format!(r#"400 InvalidParameterValueException {{"message":"{text}","Type":"User"}}"#);
    let failure = |destination: &str| {
        format!(r#"PUT {CONFIG} {{"DestinationConfig":{{"OnFailure":{{"Destination":"{destination}"}}}}}}"#)
    };
    let gone = r#"404 ResourceNotFoundException {"Message":"The function doesn't exist.","Type":"User"}"#;
    wire.check("lambda", &[
            (
                format!("PUT {CONFIG} {{}}").as_str(),
                invalid("You must specify at least one of error handling or destination setting.").as_str(),
            ),
            (&format!(r#"PUT {CONFIG}?Qualifier=gone {{"MaximumRetryAttempts":1}}"#), gone),
            ("GET /2019-09-25/functions/g/event-invoke-config/list", gone),
            (&failure(&format!("{arn}:f")), &invalid("You can't specify the function as a destination for itself.")),
            (&failure(&format!("{arn}:gone")), &invalid(&format!("The destination ARN {arn}:gone is invalid."))),
            (
                &failure("arn:aws:states:eu-central-1:000000000000:stateMachine:s"),
                &invalid("The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=arn:aws:states:eu-central-1:000000000000:stateMachine:s)) is invalid."),
            ),
            (
                &failure("arn:aws:sns:eu-central-1:000000000000:t"),
                &invalid("The destination ARN arn:aws:sns:eu-central-1:000000000000:t is invalid."),
            ),
        ])
        .await;
}
