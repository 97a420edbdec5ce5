//! Environments: started, kept, shared by nobody, ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use services::run::{End, Failure, RunFunction};

use crate::fixture::{Fixture, Log, finish, job};
use crate::native::bootstrap;

#[tokio::test(flavor = "multi_thread")]
async fn two_invocations_at_one_time_start_two_environments_beside_each_other() {
    let fixture = Fixture::new().await;
    // Each waits for the other's greeting: one after the other, neither would end.
    let source = "
import time
def handler(event, context):
    time.sleep(1)
    return event
";
    let function = Arc::new(fixture.python(source).await);
    let started = Instant::now();
    let (one, two) = tokio::join!(
        fixture.run_as(function.clone(), "1", "00000000-0000-4000-8000-000000000001"),
        fixture.run_as(function.clone(), "2", "00000000-0000-4000-8000-000000000002"),
    );
    assert_eq!((one.ok(), two.ok()), ("1", "2"));
    assert!(one.cold && two.cold && one.environment != two.environment);
    assert!(started.elapsed() < Duration::from_millis(1_900), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_returns_is_killed_at_its_deadline_with_all_that_it_started() {
    let fixture = Fixture::new().await;
    let source = "
import subprocess, time
def handler(event, context):
    print('before', flush=True)
    subprocess.Popen(['setsid', 'sh', '-c', f'sleep {event} & sleep {event}'])
    while True: time.sleep(0.01)
";
    let mut function = fixture.python(source).await;
    function.timeout = Duration::from_secs(1);
    // Nobody else's sleep, not even that of the same test run beside this one.
    let seconds = format!("1234.{}", std::process::id());
    let done = fixture.run(&function, &format!("\"{seconds}\"")).await;
    let error = done.error();
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = "RequestId: 8f5c6a0e-1111-4222-8333-444455556666 Error: Task timed out after 1.00 seconds";
    assert_eq!(error["errorMessage"], message);
    assert!(
        done.log.contains("before\n")
            && done.log.contains("Z 8f5c6a0e-1111-4222-8333-444455556666 Task timed out after 1.00 seconds\n"),
        "{}",
        done.log
    );
    assert_eq!(done.report.end, End::TimedOut);
    assert!((1_000..1_300).contains(&done.report.duration.as_millis()), "{:?}", done.report.duration);
    assert!(!running(&seconds), "a grandchild outlived its environment");
    assert!(fixture.run(&function, "1").await.cold);
}

/// Whether any process of this machine has this text in its command line.
fn running(text: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_eats_memory_runs_out_of_it() {
    let fixture = Fixture::new().await;
    let source = "
def handler(event, context):
    kept = []
    while True: kept.append(bytearray(b'x') * (8 << 20))
";
    let mut function = fixture.python(source).await;
    function.memory_mib = 128;
    let done = fixture.run(&function, "{}").await;
    assert_eq!(done.error()["errorType"], "Runtime.OutOfMemory");
    assert_eq!(done.report.end, End::Crashed("Runtime.OutOfMemory".into()));
    assert!(done.log.contains("Runtime.OutOfMemory"), "{}", done.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_prints_a_hundred_megabytes_is_heard_out() {
    let fixture = Fixture::new().await;
    let source = "
import sys
def handler(event, context):
    for _ in range(100): sys.stdout.write('x' * 999999 + '\\n')
    return 'done'
";
    let mut function = fixture.python(source).await;
    function.timeout = Duration::from_secs(60);
    let done = fixture.run(&function, "{}").await;
    assert_eq!(done.ok(), "\"done\"");
    assert_eq!(done.log.len(), "START\n".len() + 100 * 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_runtimes_connection_ends_the_environment_and_nothing_else() {
    let fixture = Fixture::new().await;
    let source = "
import os
def handler(event, context):
    if event == 'close': os.closerange(3, 100)
    return event
";
    let mut function = fixture.python(source).await;
    function.timeout = Duration::from_secs(2);
    assert_eq!(fixture.run(&function, "1").await.ok(), "1");
    assert_eq!(fixture.run(&function, r#""close""#).await.error()["errorType"], "Runtime.ExitError");
    let next = fixture.run(&function, "2").await;
    assert_eq!((next.ok(), next.cold), ("2", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_environment_that_died_in_waiting_is_replaced_unseen() {
    let fixture = Fixture::new().await;
    let source = "
import os, threading
def handler(event, context):
    threading.Timer(1.5, os._exit, [1]).start()  # long after the answer, on a busy machine too
    return event
";
    let function = fixture.python(source).await;
    for turn in ["1", "2"] {
        let done = fixture.run(&function, turn).await;
        assert_eq!((done.ok(), done.cold), (turn, true));
        wait_until(|| !running_in(&fixture)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_stopped_asking_is_replaced_unseen() {
    let fixture = Fixture::new().await;
    let seconds = format!("2345.{}", std::process::id());
    let source = r#"#!/bin/sh
API=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
ID=$(curl -sS -D - "$API/invocation/next" | grep -Fi Lambda-Runtime-Aws-Request-Id | tr -d '[:space:]' | cut -d: -f2)
curl -sS -X POST "$API/invocation/$ID/response" -d 1
curl -sS -m 0.3 "$API/invocation/next"
exec sleep SECONDS
"#;
    let function = fixture.shell(&source.replace("SECONDS", &seconds)).await;
    assert_eq!(fixture.run(&function, "1").await.ok(), "1");
    wait_until(|| running(&format!("sleep\0{seconds}"))).await;
    let next = tokio::time::timeout(Duration::from_secs(20), fixture.run(&function, "2")).await.expect("it ends");
    assert_eq!((next.ok(), next.cold), ("1", true), "{}", next.log);
}

/// Whether a function of this fixture is alive, by its Python's command line and its own directory.
fn running_in(fixture: &Fixture) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    processes.into_iter().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mounts = std::fs::read_to_string(entry.path().join("mountinfo")).unwrap_or_default();
        let dir = fixture.dir.path().display().to_string();
        String::from_utf8_lossy(&line).contains("bootstrap.py") && mounts.contains(&dir)
    })
}

async fn wait_until(done: impl Fn() -> bool) {
    let waited = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while !done() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("it happens within 20 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_environments_are_reaped() {
    let fixture = Fixture::with(|options| options.idle = Duration::from_millis(50)).await;
    let function = fixture.python("def handler(e, c): return e\n").await;
    assert!(fixture.run(&function, "1").await.cold);
    wait_until(|| !running_in(&fixture)).await;
    assert!(fixture.run(&function, "1").await.cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_revision_keeps_no_environment() {
    let fixture = Fixture::new().await;
    let function = fixture.python("def handler(e, c): return e\n").await;
    assert!(fixture.run(&function, "1").await.cold);
    assert!(running_in(&fixture));
    fixture.runtime.retire(&function.revision);
    wait_until(|| !running_in(&fixture)).await;
    assert!(fixture.run(&function, "1").await.cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_machine_gives_up_what_idles_and_then_says_that_it_is_full() {
    let fixture = Fixture::with(|options| options.environments_max = 1).await;
    let one = fixture.python("def handler(e, c): return e\n").await;
    let slow = fixture.python("import time\ndef handler(e, c): time.sleep(3)\n").await;
    assert!(fixture.run(&one, "1").await.cold);
    let log = Arc::new(Log::default());
    let running = tokio::spawn(fixture.runtime.run(job(Arc::new(slow), "1", "r", log.clone())));
    wait_until(|| log.text().contains("START")).await;
    let refused = fixture.run(&one, "1").await;
    assert!(matches!(refused.outcome, Err(Failure::NoRoom(_))), "{:?}", refused.outcome);
    running.abort();
    let _ = running.await;
    assert_eq!(fixture.run(&one, "2").await.ok(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_is_dropped_takes_its_environment_with_it() {
    let fixture = Fixture::new().await;
    let function = fixture.python("import time\ndef handler(e, c): time.sleep(600)\n").await;
    let log = Arc::new(Log::default());
    let running = tokio::spawn(fixture.runtime.run(job(Arc::new(function), "1", "r", log.clone())));
    wait_until(|| log.text().contains("START")).await;
    running.abort();
    wait_until(|| !running_in(&fixture)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_lets_running_invocations_finish_within_the_grace() {
    let fixture = Fixture::new().await;
    let function = Arc::new(fixture.python("import time\ndef handler(e, c): time.sleep(e)\n").await);
    let (quick, endless) = (Arc::new(Log::default()), Arc::new(Log::default()));
    let runs = [("0.3", &quick), ("600", &endless)]
        .map(|(event, log)| tokio::spawn(fixture.runtime.run(job(function.clone(), event, "r", log.clone()))));
    wait_until(|| quick.text().contains("START") && endless.text().contains("START")).await;
    fixture.runtime.shut_down(Duration::from_secs(1)).await;
    let [one, two] = runs;
    assert_eq!(finish(one.await.expect("no panic"), &quick).await.ok(), "null");
    assert_eq!(finish(two.await.expect("no panic"), &endless).await.error()["errorType"], "Runtime.ExitError");
    wait_until(|| !running_in(&fixture)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_start_counts_against_the_invocation_the_second_time() {
    let fixture = Fixture::new().await;
    // The first start fails; the second takes longer than the function's time.
    let source = "#!/bin/sh\nsleep 11\n";
    let mut function = fixture.shell(source).await;
    function.timeout = Duration::from_secs(1);
    let done = fixture.run(&function, "1").await;
    assert_eq!(done.error()["errorType"], "Sandbox.Timedout");
    assert!(
        done.log.contains("Phase: init\tStatus: timeout") && done.log.contains("Phase: invoke\tStatus: timeout"),
        "{}",
        done.log
    );
    assert!((1_000..1_500).contains(&done.report.duration.as_millis()), "{:?}", done.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_after_the_answer_is_let_finish_and_billed() {
    let fixture = Fixture::new().await;
    let answer = r#"curl -sS -X POST "$API/invocation/$ID/response" -d 1; sleep 0.4; echo finished"#;
    let function = fixture.shell(&bootstrap(answer)).await;
    let started = Instant::now();
    let log = Arc::new(Log::default());
    let answer = fixture.runtime.run(job(Arc::new(function.clone()), "1", "r", log.clone())).await;
    let answered = started.elapsed();
    let done = finish(answer, &log).await;
    assert!(started.elapsed() >= answered + Duration::from_millis(300));
    assert!(done.report.duration >= Duration::from_millis(400) && done.log.contains("finished"), "{}", done.log);
    assert!(!fixture.run(&function, "1").await.cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launcher_that_died_or_hangs_is_replaced_and_knows_nothing_of_the_servers_variables() {
    for signal in [rustix::process::Signal::KILL, rustix::process::Signal::STOP] {
        let fixture = Fixture::new().await;
        let mut function = fixture.python("def handler(e, c): return e\n").await;
        let launcher = launcher_of(&fixture);
        let variables = std::fs::read(format!("/proc/{launcher}/environ")).expect("the launcher lives");
        assert_eq!(String::from_utf8_lossy(&variables), "");
        let pid = rustix::process::Pid::from_raw(launcher).expect("not zero");
        rustix::process::kill_process(pid, signal).expect("a child of ours");
        // More than there are sandboxes in store.
        for turn in 0..5 {
            function.revision = services::run::Revision(format!("other-{turn}").into());
            assert_eq!(fixture.run(&function, "1").await.ok(), "1", "{signal:?}");
        }
        assert_ne!(launcher_of(&fixture), launcher);
        fixture.runtime.shut_down(Duration::ZERO).await;
    }
}

/// The launcher of this fixture, by the directory in its command line.
fn launcher_of(fixture: &Fixture) -> i32 {
    let dir = fixture.dir.path().display().to_string();
    let mut processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let found = processes.find_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let ours = status.contains(&format!("PPid:\t{}\n", std::process::id()));
        (ours && String::from_utf8_lossy(&line).contains(&dir)).then(|| entry.file_name())
    });
    found.expect("a launcher").to_string_lossy().parse().expect("a number")
}
