//! Python handlers as the managed runtimes run them.

use serde_json::{Value, json};

use crate::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_answers_its_event_and_is_warm_the_second_time() {
    let fixture = Fixture::new().await;
    let function = fixture.python("def handler(event, context):\n    return {'got': event['x'] + 1}\n").await;
    let first = fixture.run(&function, r#"{"x":1}"#).await;
    assert_eq!((first.ok(), first.cold), (r#"{"got": 2}"#, true));
    let second = fixture.run(&function, r#"{"x":2}"#).await;
    assert_eq!((second.ok(), second.cold), (r#"{"got": 3}"#, false));
    assert_eq!(first.environment, second.environment);
    assert!(first.report.init.is_some() && second.report.init.is_none());
    assert!(second.report.bytes_in == 7 && second.report.bytes_out == 10 && second.report.memory_peak_bytes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_context_and_the_environment_are_lambdas() {
    let fixture = Fixture::new().await;
    let source = r#"
import os
def handler(event, context):
    return {
        "id": context.aws_request_id, "arn": context.invoked_function_arn, "name": context.function_name,
        "version": context.function_version, "memory": context.memory_limit_in_mb, "group": context.log_group_name,
        "left": 0 < context.get_remaining_time_in_millis() <= 10000, "color": context.client_context.custom["color"],
        "stream": context.log_stream_name.split("/")[-1], "identity": context.identity.cognito_identity_id,
        "trace": os.environ["_X_AMZN_TRACE_ID"], "cwd": os.getcwd(), "task": os.environ["LAMBDA_TASK_ROOT"],
        "region": os.environ["AWS_REGION"], "key": os.environ["AWS_ACCESS_KEY_ID"], "own": os.environ["OWN"],
        "execution": os.environ["AWS_EXECUTION_ENV"], "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "host_variables": "CARGO_MANIFEST_DIR" in os.environ,
    }
"#;
    let mut function = fixture.python(source).await;
    function.environment = [("OWN", "mine"), ("AWS_REGION", "not allowed")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let done = fixture.run(&function, "{}").await;
    let expected = json!({
        "id": "8f5c6a0e-1111-4222-8333-444455556666",
        "arn": "arn:aws:lambda:eu-central-1:000000000000:function:shrink:live",
        "name": "shrink", "version": "$LATEST", "memory": "256", "group": "/aws/lambda/shrink", "left": true,
        "color": "red", "stream": format!("[$LATEST]{}", done.environment), "identity": null,
        "trace": "Root=1-01010101-010101010101010101010101;Parent=0202020202020202;Sampled=1",
        "cwd": "/var/task", "task": "/var/task", "region": "eu-central-1", "key": "ASIA0", "own": "mine",
        "execution": "AWS_Lambda_python3.11", "endpoint": "http://127.0.0.1:4566", "type": "on-demand",
        "host_variables": false,
    });
    assert_eq!(serde_json::from_str::<Value>(done.ok()).expect("JSON"), expected);
}

/// What a source and handler come to: error type, message, and a text that the log has.
async fn check(rows: &[(&str, &str, &str, &str, &str)]) {
    let fixture = Fixture::new().await;
    for (handler, source, kind, message, logged) in rows {
        let files = [("app.py", *source, 0o644), ("pack/deep.py", "def run(e, c): return 'deep'\n", 0o644)];
        let function = fixture.deploy("python3.11", handler, &files).await;
        let done = fixture.run(&function, "{}").await;
        if kind.is_empty() {
            assert_eq!(done.ok(), *message);
        } else {
            let error = done.error();
            assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some(*kind), Some(*message)));
        }
        assert!(done.log.contains(logged), "{handler}: {}", done.log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_are_looked_up_and_their_absence_named_as_lambda_does() {
    let exit = |code: &str| format!("RequestId: 8f5c6a0e-1111-4222-8333-444455556666 Error: Runtime exited {code}");
    check(&[
        ("pack/deep.run", "", "", "\"deep\"", ""),
        ("pack.deep.run", "", "", "\"deep\"", ""),
        ("app.f", "def f(e, c): return b'raw \\xc3\\xbc'\n", "", "raw ü", ""),
        (
            "app.f",
            "from decimal import Decimal as D\ndef f(e, c): return [D('5'), D('1.5'), D('12345678901234567890')]\n",
            "",
            "[5, 1.5, 12345678901234567890]",
            "",
        ),
        ("app.f", "def f(e, c): raise ValueError\n", "ValueError", "", "[ERROR] ValueError\nTraceback (most recent call last):\n"),
        (
            "nothere.f",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'nothere': No module named 'nothere'",
            "[ERROR] Runtime.ImportModuleError: Unable to import module 'nothere': No module named 'nothere'\nTraceback (most recent call last):\n",
        ),
        (
            "app.f",
            "import absent\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'absent'",
            "",
        ),
        ("app.f", "x = 1\n", "Runtime.HandlerNotFound", "Handler 'f' missing on module 'app'", ""),
        (
            "app",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
            "",
        ),
        (
            "app.f",
            "def f(:\n",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
            "",
        ),
        ("app.f", "raise ValueError('at start')\n", "ValueError", "at start", "INIT_REPORT Init Duration"),
        (
            "app.f",
            "def f(e, c): raise KeyError('k')\n",
            "KeyError",
            "'k'",
            "[ERROR] KeyError: 'k'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 1, in f",
        ),
        (
            "app.f",
            "def f(e, c): return {1, 2}\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
            "",
        ),
        (
            "app.f",
            "import sys\ndef f(e, c): sys.exit(3)\n",
            "Runtime.ExitError",
            &exit("with error: exit status 3"),
            "Runtime.ExitError",
        ),
        (
            "app.f",
            "import os\ndef f(e, c): os._exit(0)\n",
            "Runtime.ExitError",
            &exit("without providing a reason"),
            "",
        ),
        (
            "app.f",
            "import os\ndef f(e, c): os.kill(os.getpid(), 11)\n",
            "Runtime.ExitError",
            &exit("with error: signal: segmentation fault"),
            "",
        ),
        (
            "app.f",
            "import sys\nsys.exit(1)\n",
            "Runtime.ExitError",
            &exit("with error: exit status 1"),
            "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_the_request_id_and_the_stack_of_the_functions_own_code() {
    let fixture = Fixture::new().await;
    let function = fixture
        .python("def handler(e, c):\n    return 1 + inner()\ndef inner():\n    raise ValueError('boom')\n")
        .await;
    let expected = json!({
        "errorMessage": "boom", "errorType": "ValueError", "requestId": "8f5c6a0e-1111-4222-8333-444455556666",
        "stackTrace": [
            "  File \"/var/task/app.py\", line 2, in handler\n    return 1 + inner()\n",
            "  File \"/var/task/app.py\", line 4, in inner\n    raise ValueError('boom')\n",
        ],
    });
    assert_eq!(fixture.run(&function, "{}").await.error(), expected);
    assert!(!fixture.run(&function, "{}").await.cold, "an error of the handler leaves its environment warm");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_json_is_an_unmarshal_error() {
    let fixture = Fixture::new().await;
    let function = fixture.python("def handler(e, c): return 1\n").await;
    let error = fixture.run(&function, "{oops").await.error();
    assert_eq!(error["errorType"], "Runtime.UnmarshalError");
    assert!(
        error["errorMessage"].as_str().is_some_and(|text| text.starts_with("Unable to unmarshal input: Expecting"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_and_logging_reach_the_log_in_order() {
    let fixture = Fixture::new().await;
    let source = "
import logging, sys
print('at start')
logging.getLogger().setLevel('INFO')
def handler(e, c):
    print('one')
    logging.info('two')
    print('three', file=sys.stderr)
    sys.stdout.write('unfinished')
    open('/dev/stdout', 'w').write('again\\n')
";
    let function = fixture.python(source).await;
    let log = fixture.run(&function, "{}").await.log;
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[..3], ["at start", "START", "one"]);
    assert!(
        lines[3].starts_with("[INFO]\t20") && lines[3].ends_with("Z\t8f5c6a0e-1111-4222-8333-444455556666\ttwo"),
        "{log}"
    );
    assert_eq!(lines[4], "three");
    assert!(log.contains("unfinished") && log.contains("again\n"));
}
