//! What boto3, the AWS command line and the AWS SDK for JavaScript see. One file of `tests/sdk`, one test here.

use std::path::Path;
use std::process::Command;

use it::{KEY, Nought, SECRET, Starting};

/// Runs one file of Python tests against a server of its own.
fn python(file: &str) {
    python_on(&Nought::start(), file);
}

fn python_on(nought: &Nought, file: &str) {
    let sdk = it::repository().join("tests/sdk");
    let mut pytest = Command::new(it::python().join("bin/python"));
    pytest
        .args(["-m", "pytest", "-q", "-x", "--maxfail=20", "--tb=short", "-p", "no:cacheprovider"])
        .arg(sdk.join(file))
        .env("PYTHONPATH", &sdk)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut pytest, nought, &sdk);
}

fn run(command: &mut Command, nought: &Nought, folder: &Path) {
    command
        .current_dir(folder)
        .env("NOUGHT_URL", format!("http://{}", nought.address()))
        .env("NOUGHT_PID", nought.id().to_string())
        .env("NOUGHT_KEY", KEY)
        .env("NOUGHT_SECRET", SECRET)
        .env("NOUGHT_IT_GUESTS", it::guests());
    for variable in ["AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", text.lines().rfind(|line| !line.is_empty()).unwrap_or("no output"));
}

#[test]
fn boto3_makes_describes_changes_and_deletes_functions() {
    python("python/test_functions.py");
}

#[test]
fn boto3_publishes_versions_and_points_aliases_at_them() {
    python("python/test_versions.py");
}

#[test]
fn boto3_invokes_functions_in_every_way() {
    python("python/test_invoke.py");
}

#[test]
fn boto3_is_told_of_what_changes_in_buckets() {
    python("python/test_s3_notifications.py");
}

#[test]
fn boto3_sends_and_receives_messages() {
    python("python/test_sqs_messages.py");
}

#[test]
fn a_queue_runs_a_function() {
    python("python/test_event_source_mappings.py");
}

#[test]
fn boto3_makes_buses_and_rules() {
    python("python/test_events_rules.py");
}

#[test]
fn events_and_schedules_reach_their_targets() {
    python("python/test_events_delivery.py");
}

#[test]
fn schedules_fire() {
    python("python/test_scheduler.py");
}

#[test]
fn asynchronous_invocations_are_retried_and_their_ends_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "retry_scale = 0.01\n").expect("a file");
    python_on(&Starting::default().argument("--config").argument(config).start(), "python/test_async.py");
}

#[test]
fn python_functions_run_as_in_the_managed_runtime() {
    python("python/test_python.py");
}

#[test]
fn node_functions_run_as_in_the_managed_runtime() {
    python("python/test_node.py");
}

#[test]
fn native_functions_run_on_the_runtime_api() {
    python("python/test_native.py");
}

#[test]
fn components_run_fresh_and_within_their_limits() {
    python("python/test_component.py");
}

#[test]
fn function_urls_answer_http() {
    python("python/test_urls.py");
}

#[test]
fn only_good_signatures_are_let_in() {
    python("python/test_signatures.py");
}

#[test]
fn logs_are_read_through_cloud_watch() {
    python("python/test_logs.py");
}

#[test]
fn items_are_put_read_and_found_in_tables() {
    python("python/test_dynamodb_items.py");
}

#[test]
fn indexes_transactions_and_statements_work_on_tables() {
    python("python/test_dynamodb_more.py");
}

#[test]
fn broken_http_harms_nobody() {
    python("python/test_wire.py");
}

#[test]
fn functions_reach_the_platform_and_not_the_host() {
    python("python/test_inside.py");
}

#[test]
fn packages_that_cannot_run_are_refused() {
    python("python/test_bad_packages.py");
}

#[test]
fn functions_that_misbehave_harm_only_themselves() {
    python("python/test_bad_behaviour.py");
}

#[test]
fn buckets_keep_objects() {
    python("python/test_s3_objects.py");
}

#[test]
fn the_aws_command_line_works() {
    python("cli/test_cli.py");
}

#[test]
fn the_javascript_sdk_works() {
    let nought = Nought::start();
    let folder = it::javascript();
    // Node looks for packages beside the file that asks for them, and those are below the target folder.
    let test = folder.join("functions.test.mjs");
    std::fs::copy(it::repository().join("tests/sdk/js/functions.test.mjs"), &test).expect("copying the test");
    run(Command::new("node").arg("--test").arg(test), &nought, &folder);
}

#[test]
fn browsers_post_objects_as_forms() {
    python("python/test_s3_forms.py");
}

#[test]
fn topics_tell_those_who_subscribed() {
    python("python/test_sns_topics.py");
}

#[test]
fn topics_reach_endpoints_and_are_targets_themselves() {
    python("python/test_sns_delivery.py");
}

#[test]
fn changes_of_tables_are_streams() {
    python("python/test_dynamodb_streams.py");
}

#[test]
fn tables_are_backed_up_and_restored() {
    python("python/test_dynamodb_backups.py");
}

#[test]
fn data_streams_keep_records_and_run_functions() {
    python("python/test_kinesis.py");
}
