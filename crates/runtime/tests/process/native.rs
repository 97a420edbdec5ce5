//! Packages that bring their own bootstrap: here shell scripts with curl.

use crate::fixture::Fixture;

/// A bootstrap as the Lambda documentation writes it.
pub const LOOP: &str = r#"#!/bin/sh
API=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
  HEADERS=$(mktemp)
  EVENT=$(curl -sS -LD "$HEADERS" "$API/invocation/next")
  ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  HANDLE
done
"#;

pub fn bootstrap(handle: &str) -> String {
    LOOP.replace("HANDLE", handle)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_script_with_curl_is_a_function() {
    let fixture = Fixture::new().await;
    let answer = r#"echo "about to answer"; curl -sS -X POST "$API/invocation/$ID/response" -d "{\"event\":$EVENT}""#;
    let function = fixture.shell(&bootstrap(answer)).await;
    let done = fixture.run(&function, r#"{"x":1}"#).await;
    assert_eq!(done.ok(), r#"{"event":{"x":1}}"#);
    assert!(done.log.contains("about to answer\n{\"status\":\"OK\"}"), "{}", done.log);
    assert!(!fixture.run(&function, "1").await.cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_of_the_runtime_api_are_refused_by_name() {
    let fixture = Fixture::new().await;
    let calls = r#"
  call() { curl -sS -o /tmp/body -w '%{http_code} ' "$@"; cat /tmp/body; echo; }
  call -X POST "$API/invocation/other/response" -d 1
  call "$API/nothing"
  call -X POST "$API/init/error" -d '{}'
  head -c 6291557 /dev/zero | call -X POST -H 'Expect:' "$API/invocation/$ID/response" --data-binary @-
"#;
    let function = fixture.shell(&bootstrap(calls)).await;
    let done = fixture.run(&function, "1").await;
    let expected = [
        r#"400 {"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#,
        r#"404 {"errorMessage":"no such call in the Lambda Runtime API 2018-06-01","errorType":"NotFound"}"#,
        r#"403 {"errorMessage":"the runtime is not in a state for this call","errorType":"InvalidStateTransition"}"#,
        r#"413 {"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}"#,
    ];
    for line in expected {
        assert!(done.log.contains(line), "{line}\n{}", done.log);
    }
    let too_large = matches!(
        done.outcome,
        Err(services::run::Failure::ResponseTooLarge { bytes: 6_291_557, bytes_max: 6_291_556 })
    );
    assert!(too_large, "{:?}", done.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_that_is_missing_or_cannot_run_is_named() {
    let fixture = Fixture::new().await;
    let prefix = "RequestId: 8f5c6a0e-1111-4222-8333-444455556666 Error:";
    let rows = [
        ("other", "", 0o755, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ("bootstrap", "#!/bin/sh\n", 0o644, "fork/exec /var/task/bootstrap: permission denied"),
        ("bootstrap", "no program", 0o755, "fork/exec /var/task/bootstrap: exec format error"),
    ];
    for (name, text, mode, message) in rows {
        let function = fixture.deploy("provided.al2023", "x", &[(name, text, mode)]).await;
        let error = fixture.run(&function, "1").await.error();
        assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
        assert_eq!(error["errorMessage"], format!("{prefix} {message}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_error_is_the_answer_in_the_runtimes_own_words() {
    let fixture = Fixture::new().await;
    let source = r#"#!/bin/sh
curl -sS -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error" -d '{"errorType":"Own.Type","errorMessage":"no"}'
exit 1
"#;
    let function = fixture.shell(source).await;
    let done = fixture.run(&function, "1").await;
    assert_eq!(done.error()["errorType"], "Own.Type");
    assert_eq!(done.log.matches("Error Type: Own.Type").count(), 2, "Lambda tries twice: {}", done.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_starts_with_three_descriptors_and_default_signals() {
    let fixture = Fixture::new().await;
    // Descriptor 3 is the directory that ls reads.
    let calls = r#"ls /proc/self/fd | tr '\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\n\t'
  curl -sS -X POST "$API/invocation/$ID/response" -d 1"#;
    let function = fixture.shell(&bootstrap(calls)).await;
    let done = fixture.run(&function, "1").await;
    assert!(done.log.contains("0 1 2 3 SigBlk:0000000000000000SigIgn:0000000000000000"), "{}", done.log);
}
