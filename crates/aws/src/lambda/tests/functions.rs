use super::*;

/// The configuration of `f`, with the parts that cases change.
fn shown(arn_end: &str, version: &str, state: &str) -> String {
    format!(
        r#"{{"FunctionName":"f","FunctionArn":"arn:aws:lambda:eu-central-1:000000000000:function:f{arn_end}","Runtime":"python3.12","Role":"arn:aws:iam::000000000000:role/worker","Handler":"app.handler","CodeSize":3,"Description":"","Timeout":3,"MemorySize":128,"LastModified":"1970-01-01T00:00:00.000+0000","CodeSha256":"dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z/0Me0=","Version":"{version}","TracingConfig":{{"Mode":"PassThrough"}},"RevisionId":"UUID",{state},"PackageType":"Zip","Architectures":["x86_64"],"EphemeralStorage":{{"Size":512}},"SnapStart":{{"ApplyOn":"None","OptimizationStatus":"Off"}},"RuntimeVersionConfig":{{"RuntimeVersionArn":"arn:aws:lambda:eu-central-1::runtime:python3.12"}},"LoggingConfig":{{"LogFormat":"Text","LogGroup":"/aws/lambda/f"}}}}"#
    )
}

const PENDING: &str =
    r#""State":"Pending","StateReason":"The function is being created.","StateReasonCode":"Creating""#;
const ACTIVE: &str = r#""State":"Active","LastUpdateStatus":"Successful""#;

#[tokio::test]
async fn a_function_is_created_shown_listed_and_deleted() {
    let wire = Wire::new().await;
    let link = "http://localhost:4566/_nought/code/7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed?expires=600000&signature=SEAL";
    let active = shown("", "$LATEST", ACTIVE);
    wire
        .check("lambda", &[
            (CREATE, &format!("201 {}", shown("", "$LATEST", PENDING))),
            (CREATE, r#"409 ResourceConflictException {"message":"Function already exist: f","Type":"User"}"#),
            (
                "GET /2015-03-31/functions/f",
                &format!(r#"200 {{"Configuration":{active},"Code":{{"RepositoryType":"S3","Location":"{link}"}}}}"#),
            ),
            ("GET /2015-03-31/functions/f/configuration", &format!("200 {active}")),
            (
                "GET /2015-03-31/functions/f/configuration?Qualifier=$LATEST",
                &format!("200 {}", shown(":$LATEST", "$LATEST", ACTIVE)),
            ),
            ("GET /2015-03-31/functions/", &format!(r#"200 {{"Functions":[{active}]}}"#)),
            (
                "GET /2015-03-31/functions/?FunctionVersion=ALL",
                &format!(r#"200 {{"Functions":[{}]}}"#, shown(":$LATEST", "$LATEST", ACTIVE)),
            ),
            ("DELETE /2015-03-31/functions/f", "204"),
            (
                "GET /2015-03-31/functions/f",
                r#"404 ResourceNotFoundException {"Message":"Function not found: arn:aws:lambda:eu-central-1:000000000000:function:f","Type":"User"}"#,
            ),
            (
                "DELETE /2015-03-31/functions/f",
                r#"404 ResourceNotFoundException {"Message":"Function not found: arn:aws:lambda:eu-central-1:000000000000:function:f","Type":"User"}"#,
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_function_answers_to_every_form_of_its_name() {
    let wire = with_function().await;
    let found = [
        ("f", "$LATEST"),
        ("f:1", "1"),
        ("f:live", "1"),
        ("f:$LATEST", "$LATEST"),
        ("function:f", "$LATEST"),
        ("000000000000:function:f", "$LATEST"),
        ("000000000000:f:live", "1"),
        ("arn:aws:lambda:eu-central-1:000000000000:function:f", "$LATEST"),
        ("arn:aws:lambda:eu-central-1:000000000000:function:f:live", "1"),
    ];
    for (name, version) in found {
        let path = format!("GET /2015-03-31/functions/{}/configuration", crate::uri::encode(name));
        let said = wire.ask("lambda", &path).await;
        assert!(said.body.contains(&format!(r#""Version":"{version}""#)), "{name}: {}", said.body);
    }
    let refused = [
        (
            "f:live?Qualifier=1",
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
        (
            "f?Qualifier=gone",
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:f:gone",
        ),
        (
            "f?Qualifier=7",
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:f:7",
        ),
        (
            "arn:aws:lambda:us-west-2:000000000000:function:f",
            "ResourceNotFoundException",
            "Functions from 'us-west-2' are not reachable in this region ('eu-central-1')",
        ),
        (
            "111111111111:function:f",
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:root is not authorized to perform this operation on resource: arn:aws:lambda:eu-central-1:111111111111:function:f because no resource-based policy allows it",
        ),
    ];
    for (name, kind, message) in refused {
        let (name, query) = name.split_once('?').unwrap_or((name, ""));
        let path = format!("GET /2015-03-31/functions/{}/configuration?{query}", crate::uri::encode(name));
        let said = wire.ask("lambda", &path).await;
        assert_eq!(said.headers["x-amzn-errortype"], kind, "{name}");
        assert!(said.body.contains(message), "{name}: {}", said.body);
    }
}

/// A CreateFunction with these members in place of, or beside, the usual ones.
fn create_with(members: &str) -> String {
    let mut input: serde_json::Value =
        serde_json::from_str(CREATE.split_once(' ').and_then(|(_, rest)| rest.split_once(' ')).expect("a body").1)
            .expect("JSON");
    let change: serde_json::Value = serde_json::from_str(members).expect("JSON");
    for (key, value) in change.as_object().expect("members") {
        input[key] = value.clone();
    }
    format!("POST /2015-03-31/functions {input}")
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_in_the_services_words() {
    let wire = Wire::new().await;
    let long = "x".repeat(4_090);
    let cases = [
        (
            r#"{"Runtime":"cobol"}"#,
            "InvalidParameterValueException",
            "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs,",
        ),
        (
            r#"{"Runtime":null}"#,
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            r#"{"Handler":null}"#,
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            r#"{"Role":"worker"}"#,
            "ValidationException",
            "1 validation error detected: Value 'worker' at 'role' failed to satisfy constraint",
        ),
        (
            r#"{"Timeout":901}"#,
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        (
            r#"{"MemorySize":10241}"#,
            "ValidationException",
            "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 10240",
        ),
        (r#"{"Code":{}}"#, "InvalidParameterValueException", "Please provide a source for function code."),
        (
            r#"{"Code":{"ZipFile":"emlw"}}"#,
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (
            r#"{"Code":{"ZipFile":"Ymln"}}"#,
            "InvalidParameterValueException",
            "Unzipped size must be smaller than 262144000 bytes",
        ),
        (
            r#"{"Code":{"S3Bucket":"bucket","S3Key":"key"}}"#,
            "InvalidParameterValueException",
            "Code from S3Bucket and S3Key does not exist in Nought yet",
        ),
        (
            r#"{"Code":{"ImageUri":"image"}}"#,
            "InvalidParameterValueException",
            "Code from ImageUri does not exist in Nought yet",
        ),
        (
            r#"{"PackageType":"Image"}"#,
            "InvalidParameterValueException",
            "PackageType Image does not exist in Nought yet",
        ),
        (
            r#"{"Environment":{"Variables":{"AWS_REGION":"x"}}}"#,
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            &format!(r#"{{"Environment":{{"Variables":{{"AB":"{long}"}}}}}}"#),
            "InvalidParameterValueException",
            "exceeded the 4KB limit. String measured: {",
        ),
        (
            r#"{"Layers":["arn:aws:lambda:eu-central-1:000000000000:layer:a:1"]}"#,
            "InvalidParameterValueException",
            "Layers does not exist in Nought yet",
        ),
        (
            r#"{"VpcConfig":{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}}"#,
            "InvalidParameterValueException",
            "VpcConfig does not exist in Nought yet",
        ),
        (
            r#"{"LoggingConfig":{"LogFormat":"JSON"}}"#,
            "InvalidParameterValueException",
            "LoggingConfig with LogFormat JSON does not exist in Nought yet",
        ),
        (
            r#"{"Tags":{"aws:x":"y"}}"#,
            "InvalidParameterValueException",
            "Customers cannot set tag keys starting with aws:",
        ),
        (
            r#"{"FunctionName":"f:1"}"#,
            "InvalidParameterValueException",
            "Current operation does not support versions other than $LATEST.",
        ),
    ];
    for (members, kind, message) in cases {
        let said = wire.ask("lambda", &create_with(members)).await;
        assert_eq!(
            (said.status, &said.headers["x-amzn-errortype"]),
            (400, &kind.parse().expect("a header")),
            "{members}"
        );
        assert!(said.body.contains(message), "{members}: {}", said.body);
    }
    let harmless = r#"{"VpcConfig":{"SubnetIds":[],"SecurityGroupIds":[]},"Layers":[],"DeadLetterConfig":{},"SnapStart":{"ApplyOn":"None"},"LoggingConfig":{"LogFormat":"Text"},"KMSKeyArn":""}"#;
    assert_eq!(wire.ask("lambda", &create_with(harmless)).await.status, 201);
}

#[tokio::test]
async fn updates_show_their_progress_and_want_the_latest_revision() {
    let wire = with_function().await;
    let progress = r#""State":"Active","LastUpdateStatus":"InProgress","LastUpdateStatusReason":"The function is being created.","LastUpdateStatusReasonCode":"Creating""#;
    wire
        .check("lambda", &[
            (
                r#"PUT /2015-03-31/functions/f/configuration {"RevisionId":"old","MemorySize":256}"#,
                r#"412 PreconditionFailedException {"message":"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id","Type":"User"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/configuration {"Timeout":3}"#,
                &format!("200 {}", shown("", "$LATEST", progress)),
            ),
            (
                r#"PUT /2015-03-31/functions/f:1/configuration {"Timeout":9}"#,
                r#"400 InvalidParameterValueException {"message":"Current operation does not support versions other than $LATEST.","Type":"User"}"#,
            ),
            (
                r#"PUT /2015-03-31/functions/f/code {"ZipFile":"b25l","DryRun":true}"#,
                &format!("200 {}", shown("", "$LATEST", progress)),
            ),
            ("GET /2015-03-31/functions/f/configuration", &format!("200 {}", shown("", "$LATEST", ACTIVE))),
        ])
        .await;
    let said = wire.ask("lambda", r#"PUT /2015-03-31/functions/f/code {"ZipFile":"d29ybGQ="}"#).await;
    assert_eq!(said.status, 200);
    wire.services.functions().settled().await;
    let said = wire.ask("lambda", "GET /2015-03-31/functions/f/configuration").await;
    let failed = r#""LastUpdateStatus":"Failed","LastUpdateStatusReason":"not a component","LastUpdateStatusReasonCode":"InvalidZipFileException""#;
    assert!(said.body.contains(failed), "{}", said.body);
    // This one is prepared for ever.
    wire.ask("lambda", r#"PUT /2015-03-31/functions/f/configuration {"Runtime":"nodejs22.x"}"#).await;
    let busy = wire.ask("lambda", r#"PUT /2015-03-31/functions/f/configuration {"Timeout":4}"#).await;
    let text = r#"{"message":"The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:eu-central-1:000000000000:function:f","Type":"User"}"#;
    assert_eq!((busy.status, busy.body.as_str()), (409, text));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let wire = Wire::new().await;
    for name in ["a", "b", "c"] {
        assert_eq!(wire.ask("lambda", &create_with(&format!(r#"{{"FunctionName":"{name}"}}"#))).await.status, 201);
    }
    let mut names = Vec::new();
    let mut marker = String::new();
    loop {
        let said = wire.ask("lambda", &format!("GET /2015-03-31/functions?MaxItems=2{marker}")).await;
        let page: serde_json::Value = serde_json::from_str(&said.body).expect("JSON");
        let functions = page["Functions"].as_array().expect("a list");
        names.push(
            functions.iter().filter_map(|function| function["FunctionName"].as_str()).collect::<Vec<_>>().join(" "),
        );
        match page["NextMarker"].as_str() {
            Some(next) => marker = format!("&Marker={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["a b", "c"]);
    wire
        .check("lambda", &[(
            "GET /2015-03-31/functions?Marker=***",
            r#"400 InvalidParameterValueException {"message":"Invalid value for Marker: use the NextMarker of the page before.","Type":"User"}"#,
        )])
        .await;
}

#[tokio::test]
async fn a_link_to_code_works_until_it_expires_or_is_changed() {
    let wire = with_function().await;
    let functions = wire.services.functions();
    let code = functions.read(|read| {
        let name = services::name::FunctionName::parse("f").expect("a name");
        let scope = services::function::Scope {
            account: Default::default(),
            region: services::name::Region::parse("eu-central-1").expect("a region"),
        };
        services::function::find(read, &services::function::FunctionId { scope, name }, None)
    });
    let code = code.expect("it is there").1.code.id;
    let link = |expires: i64| crate::lambda::code::link(&wire.services, &code, expires);
    let cases = [(link(1), 200), (link(0), 403), (link(1).replace("expires=1", "expires=2"), 403)];
    for (path, status) in cases {
        let response = crate::lambda::code::download(&wire.services, &path.parse().expect("a path")).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}
