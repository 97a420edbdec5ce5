//! Node handlers as the managed runtimes run them.

use serde_json::{Value, json};

use crate::fixture::{File, Fixture};

/// What a package and handler come to: the answer, or error type and message; and a text that the log has.
async fn check(rows: &[(&str, &[File<'_>], &str, &str, &str)]) {
    let fixture = Fixture::new().await;
    for (handler, files, kind, message, logged) in rows {
        let function = fixture.deploy("nodejs20.x", handler, files).await;
        let done = fixture.run(&function, r#"{"x":1}"#).await;
        if kind.is_empty() {
            assert_eq!(done.ok(), *message, "{files:?}");
        } else {
            let error = done.error();
            assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some(*kind), Some(*message)));
        }
        assert!(done.log.contains(logged), "{handler} {files:?}: {}", done.log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_of_every_form_and_handlers_of_every_style_answer() {
    let module = ("package.json", r#"{"type":"module"}"#, 0o644);
    check(&[
        ("index.handler", &[("index.mjs", "export const handler = async (e) => ({ got: e.x });", 0o644)], "", r#"{"got":1}"#, ""),
        ("index.handler", &[("index.js", "exports.handler = async (e) => e.x;", 0o644)], "", "1", ""),
        ("index.handler", &[("index.js", "export const handler = async (e) => e.x;", 0o644), module], "", "1", ""),
        ("index.handler", &[("index.cjs", "module.exports.handler = (e, c, done) => done(null, e.x);", 0o644)], "", "1", ""),
        ("src/app.api.run", &[("src/app.js", "exports.api = { run: async () => 'nested' };", 0o644)], "", "\"nested\"", ""),
        ("index.handler", &[("index.js", "exports.handler = (e, c, done) => { setTimeout(() => console.log('late'), 50); done(null, 1); };", 0o644)], "", "1", "\tINFO\tlate"),
        ("index.handler", &[("index.js", "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); done(null, 2); };", 0o644)], "", "2", ""),
        ("index.handler", &[("index.js", "exports.handler = (e, c) => c.done(null, 3);", 0o644)], "", "3", ""),
        ("index.handler", &[("index.js", "exports.handler = (e, c) => c.succeed(4);", 0o644)], "", "4", ""),
        ("index.handler", &[("index.js", "exports.handler = () => 5;", 0o644)], "", "null", ""),
        ("index.handler", &[("index.mjs", "import { a } from './lib/a.mjs'; const b = await a(); export const handler = async () => b;", 0o644), ("lib/a.mjs", "export const a = async () => 6;", 0o644)], "", "6", ""),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_lambdas_types_and_texts() {
    check(&[
        (
            "index.handler",
            &[("index.js", "exports.handler = async () => { throw new TypeError('boom'); };", 0o644)],
            "TypeError",
            "boom",
            "\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"boom\",\"stack\":[",
        ),
        (
            "index.handler",
            &[("index.js", "exports.handler = (e, c, done) => done('text');", 0o644)],
            "string",
            "text",
            "",
        ),
        (
            "index.handler",
            &[("index.js", "exports.handler = (e, c) => c.fail(new Error('failed'));", 0o644)],
            "Error",
            "failed",
            "",
        ),
        (
            "index.handler",
            &[("index.js", "exports.handler = async () => 1n;", 0o644)],
            "Error",
            "Unable to stringify response body",
            "",
        ),
        (
            "other.handler",
            &[("index.js", "", 0o644)],
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'other'",
            "INIT_REPORT",
        ),
        (
            "index.other",
            &[("index.js", "exports.handler = 1;", 0o644)],
            "Runtime.HandlerNotFound",
            "index.other is undefined or not exported",
            "",
        ),
        ("index", &[("index.js", "", 0o644)], "Runtime.MalformedHandlerName", "Bad handler", ""),
        (
            "index.handler",
            &[("index.js", "exports.handler = async ( => 1;", 0o644)],
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: Unexpected token '=>'",
            "",
        ),
        (
            "index.handler",
            &[("index.js", "exports.handler = () => { Promise.reject(new Error('lost')); };", 0o644)],
            "Runtime.UnhandledPromiseRejection",
            "Error: lost",
            "",
        ),
        (
            "index.handler",
            &[(
                "index.js",
                "exports.handler = () => { setTimeout(() => { throw new RangeError('later'); }, 5); };",
                0o644,
            )],
            "RangeError",
            "later",
            "",
        ),
        (
            "index.handler",
            &[("index.js", "exports.handler = async () => { process.exit(7); };", 0o644)],
            "Runtime.ExitError",
            "RequestId: 8f5c6a0e-1111-4222-8333-444455556666 Error: Runtime exited with error: exit status 7",
            "",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_context_and_console_lines_are_lambdas() {
    let fixture = Fixture::new().await;
    let source = "export const handler = async (event, context) => {
        console.log('first %s', 'line', { a: 1 });
        console.warn('second\\nline');
        const { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName } = context;
        const left = context.getRemainingTimeInMillis();
        return { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName,
            left: left > 0 && left <= 10000, color: context.clientContext.custom.color, trace: process.env._X_AMZN_TRACE_ID };
    };";
    let function = fixture.deploy("nodejs20.x", "index.handler", &[("index.mjs", source, 0o644)]).await;
    let done = fixture.run(&function, "{}").await;
    let expected = json!({
        "awsRequestId": "8f5c6a0e-1111-4222-8333-444455556666", "functionName": "shrink", "functionVersion": "$LATEST",
        "memoryLimitInMB": "256", "invokedFunctionArn": "arn:aws:lambda:eu-central-1:000000000000:function:shrink:live",
        "logGroupName": "/aws/lambda/shrink", "left": true, "color": "red",
        "trace": "Root=1-01010101-010101010101010101010101;Parent=0202020202020202;Sampled=1",
    });
    assert_eq!(serde_json::from_str::<Value>(done.ok()).expect("JSON"), expected);
    assert!(done.log.contains("Z\t8f5c6a0e-1111-4222-8333-444455556666\tINFO\tfirst line { a: 1 }\n"), "{}", done.log);
    assert!(done.log.contains("\tWARN\tsecond\nline\n"), "{}", done.log);
    assert!(!fixture.run(&function, "{}").await.cold);
}
