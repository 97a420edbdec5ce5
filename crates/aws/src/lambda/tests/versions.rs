use super::*;

#[tokio::test]
async fn versions_are_published_listed_and_deleted() {
    let wire = with_function().await;
    let listed = wire.ask("lambda", "GET /2015-03-31/functions/f/versions").await;
    let page: serde_json::Value = serde_json::from_str(&listed.body).expect("JSON");
    let arns: Vec<&str> = page["Versions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|version| version["FunctionArn"].as_str())
        .collect();
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:f";
    assert_eq!(arns, [format!("{arn}:$LATEST"), format!("{arn}:1")]);
    let again = wire.ask("lambda", PUBLISH).await;
    assert!(again.body.contains(r#""Version":"1""#), "nothing has changed: {}", again.body);
    wire
        .check("lambda", &[
            (
                r#"POST /2015-03-31/functions/f/versions {"CodeSha256":"AAAA"}"#,
                r#"400 InvalidParameterValueException {"message":"CodeSHA256 (AAAA) is different from current CodeSHA256 in $LATEST (dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z/0Me0=). Please try again with the CodeSHA256 in $LATEST.","Type":"User"}"#,
            ),
            (
                r#"POST /2015-03-31/functions/f/versions {"RevisionId":"old"}"#,
                r#"412 PreconditionFailedException {"message":"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id","Type":"User"}"#,
            ),
            (
                "DELETE /2015-03-31/functions/f?Qualifier=1",
                r#"409 ResourceConflictException {"message":"Unable to delete version because the following aliases reference it: [live]","Type":"User"}"#,
            ),
            (
                "DELETE /2015-03-31/functions/f?Qualifier=$LATEST",
                r#"400 InvalidParameterValueException {"message":"$LATEST version cannot be deleted without deleting the function.","Type":"User"}"#,
            ),
            (
                "DELETE /2015-03-31/functions/f?Qualifier=live",
                r#"400 InvalidParameterValueException {"message":"Deletion of aliases is not currently supported.","Type":"User"}"#,
            ),
            ("DELETE /2015-03-31/functions/f?Qualifier=9", "204"),
            ("DELETE /2015-03-31/functions/f/aliases/live", "204"),
            ("DELETE /2015-03-31/functions/f?Qualifier=1", "204"),
        ])
        .await;
}

#[tokio::test]
async fn a_new_function_that_is_published_at_once_goes_by_its_own_arn_and_new_code_by_its_version_s() {
    let wire = Wire::new().await;
    let publish = |line: &str| format!("{},\"Publish\":true}}", line.strip_suffix('}').expect("a document ends it"));
    let update = r#"PUT /2015-03-31/functions/f/code {"ZipFile":"dHdv"}"#;
    for (line, wanted) in [(CREATE, ("f", "1")), (update, ("f:2", "2"))] {
        let said = wire.ask("lambda", &publish(line)).await;
        wire.services.functions().settled().await;
        let shown: serde_json::Value = serde_json::from_str(&said.body).expect("JSON");
        let arn = shown["FunctionArn"].as_str().and_then(|arn| arn.split_once(":function:"));
        assert_eq!((arn.map(|(_, end)| end), shown["Version"].as_str()), (Some(wanted.0), Some(wanted.1)), "{line}");
    }
}

#[tokio::test]
async fn aliases_are_made_changed_and_weighed() {
    let wire = with_function().await;
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:f";
    wire
        .check("lambda", &[
            (
                "GET /2015-03-31/functions/f/aliases/live",
                r#"200 {"AliasArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","Name":"live","FunctionVersion":"1","Description":"","RevisionId":"UUID"}"#,
            ),
            (
                ALIAS,
                &format!(r#"409 ResourceConflictException {{"message":"Alias already exists: {arn}:live","Type":"User"}}"#),
            ),
            (
                "GET /2015-03-31/functions/f/aliases/gone",
                &format!(r#"404 ResourceNotFoundException {{"Message":"Cannot find alias arn: {arn}:gone","Type":"User"}}"#),
            ),
            (
                r#"POST /2015-03-31/functions/f/aliases {"Name":"new","FunctionVersion":"7"}"#,
                &format!(r#"404 ResourceNotFoundException {{"Message":"Function not found: {arn}:7","Type":"User"}}"#),
            ),
            (
                r#"POST /2015-03-31/functions/f/aliases {"Name":"12","FunctionVersion":"1"}"#,
                r#"400 ValidationException {"message":"1 validation error detected: Value '12' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/aliases/live {"RoutingConfig":{"AdditionalVersionWeights":{"1":0.5}}}"#,
                r#"400 InvalidParameterValueException {"message":"Invalid function version 1. Function version 1 is already included in routing configuration.","Type":"User"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/aliases/live {"RoutingConfig":{"AdditionalVersionWeights":{"2":0.5,"3":0.1}}}"#,
                r#"400 InvalidParameterValueException {"message":"Number of items in AdditionalVersionWeights cannot be greater than 1","Type":"User"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/aliases/live {"Description":"the one","RevisionId":"old"}"#,
                r#"412 PreconditionFailedException {"message":"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id","Type":"User"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/aliases/live {"Description":"the one"}"#,
                r#"200 {"AliasArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","Name":"live","FunctionVersion":"1","Description":"the one","RevisionId":"UUID"}"#,
            ),
        ])
        .await;
    // A second version to share with.
    wire.ask("lambda", r#"PUT /2015-03-31/functions/f/code {"ZipFile":"dHdv","Publish":true}"#).await;
    wire.services.functions().settled().await;
    wire
        .check("lambda", &[
            (
                r#"PUT /2015-03-31/functions/f/aliases/live {"RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}}}"#,
                r#"200 {"AliasArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","Name":"live","FunctionVersion":"1","Description":"the one","RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}},"RevisionId":"UUID"}"#,
            ),
            (
                "GET /2015-03-31/functions/f/aliases?FunctionVersion=2",
                r#"200 {"Aliases":[{"AliasArn":"arn:aws:lambda:eu-central-1:000000000000:function:f:live","Name":"live","FunctionVersion":"1","Description":"the one","RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}},"RevisionId":"UUID"}]}"#,
            ),
        ])
        .await;
}

#[tokio::test]
async fn concurrency_tags_and_account_settings_add_up() {
    let wire = with_function().await;
    let tags = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000000%3Afunction%3Af";
    wire
        .check("lambda", &[
            (
                r#"PUT /2017-10-31/functions/f/concurrency {"ReservedConcurrentExecutions":901}"#,
                r#"400 InvalidParameterValueException {"message":"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].","Type":"User"}"#,
            ),
            (
                r#"PUT /2017-10-31/functions/f:1/concurrency {"ReservedConcurrentExecutions":1}"#,
                r#"400 InvalidParameterValueException {"message":"This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.","Type":"User"}"#,
            ),
            (
                r#"PUT /2017-10-31/functions/f/concurrency {"ReservedConcurrentExecutions":10}"#,
                r#"200 {"ReservedConcurrentExecutions":10}"#,
            ),
            ("GET /2019-09-30/functions/f/concurrency", r#"200 {"ReservedConcurrentExecutions":10}"#),
            (
                "GET /2016-08-19/account-settings",
                r#"200 {"AccountLimit":{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":990},"AccountUsage":{"TotalCodeSize":6,"FunctionCount":1}}"#,
            ),
            ("DELETE /2017-10-31/functions/f/concurrency", "204"),
            ("GET /2019-09-30/functions/f/concurrency", "200 {}"),
            (&format!(r#"POST {tags} {{"Tags":{{"team":"blue","cost":"low"}}}}"#), "204"),
            (&format!("DELETE {tags}?tagKeys=cost"), "204"),
            (&format!("GET {tags}"), r#"200 {"Tags":{"team":"blue"}}"#),
            (
                &format!(r#"POST {tags}%3A1 {{"Tags":{{"team":"blue"}}}}"#),
                r#"400 InvalidParameterValueException {"message":"Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.","Type":"User"}"#,
            ),
        ])
        .await;
}

#[tokio::test]
async fn reservations_and_account_settings_follow_the_operator_s_limit() {
    let wire = Wire::with(services::Options { concurrency_max: 120, ..services::Options::default() }).await;
    wire.ask("lambda", CREATE).await;
    wire.services.functions().settled().await;
    let settings = |unreserved: u32| {
        format!(
            r#"200 {{"AccountLimit":{{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,"ConcurrentExecutions":120,"UnreservedConcurrentExecutions":{unreserved}}},"AccountUsage":{{"TotalCodeSize":3,"FunctionCount":1}}}}"#
        )
    };
    let concurrency = "PUT /2017-10-31/functions/f/concurrency";
    wire
        .check("lambda", &[
            ("GET /2016-08-19/account-settings", &settings(120)),
            (
                &format!(r#"{concurrency} {{"ReservedConcurrentExecutions":21}}"#),
                r#"400 InvalidParameterValueException {"message":"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].","Type":"User"}"#,
            ),
            (
                &format!(r#"{concurrency} {{"ReservedConcurrentExecutions":20}}"#),
                r#"200 {"ReservedConcurrentExecutions":20}"#,
            ),
            ("GET /2016-08-19/account-settings", &settings(100)),
        ])
        .await;
}
