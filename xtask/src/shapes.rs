//! `cargo xtask shapes`: writes `crates/aws/src/shapes/*.rs` from the trimmed service models in `crates/aws/models`.
//!
//! Start reading at [`run`]. What is generated is committed; with `check` nothing is written and any difference is an
//! error. [`refresh`] makes the models anew from botocore's data directory (`pip download botocore`, unpacked):
//! `cargo xtask shapes --from botocore/data`.
//!
//! Always true: a model holds names, types and limits for the operations below and no prose.

mod excerpt;
mod rust;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

/// What of one service is implemented. The list of operations has its one place here; `aws` gives each a handler.
struct Service {
    /// Name of the model file and of the module.
    name: &'static str,
    /// Where botocore keeps the model (botocore 1.44.8, read 2026-11-24).
    source: &'static str,
    operations: &'static [&'static str],
}

const SERVICES: [Service; 10] = [
    Service {
        name: "dynamodb",
        source: "dynamodb/2012-08-10",
        operations: &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "CreateBackup",
            "CreateTable",
            "DeleteBackup",
            "DeleteItem",
            "DeleteTable",
            "DescribeBackup",
            "DescribeContinuousBackups",
            "DescribeContributorInsights",
            "DescribeEndpoints",
            "DescribeKinesisStreamingDestination",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTimeToLive",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "ListBackups",
            "ListContributorInsights",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "RestoreTableFromBackup",
            "RestoreTableToPointInTime",
            "Scan",
            "TagResource",
            "TransactGetItems",
            "TransactWriteItems",
            "UntagResource",
            "UpdateContinuousBackups",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ],
    },
    Service {
        name: "dynamodbstreams",
        source: "dynamodbstreams/2012-08-10",
        operations: &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
    },
    Service {
        name: "events",
        source: "events/2015-10-07",
        operations: &[
            "CancelReplay",
            "CreateArchive",
            "CreateEventBus",
            "DeleteArchive",
            "DeleteEventBus",
            "DeleteRule",
            "DescribeArchive",
            "DescribeEventBus",
            "DescribeReplay",
            "DescribeRule",
            "DisableRule",
            "EnableRule",
            "ListArchives",
            "ListEventBuses",
            "ListReplays",
            "ListRuleNamesByTarget",
            "ListRules",
            "ListTagsForResource",
            "ListTargetsByRule",
            "PutEvents",
            "PutPermission",
            "PutRule",
            "PutTargets",
            "RemovePermission",
            "RemoveTargets",
            "StartReplay",
            "TagResource",
            "TestEventPattern",
            "UntagResource",
            "UpdateArchive",
            "UpdateEventBus",
        ],
    },
    Service {
        name: "kinesis",
        source: "kinesis/2013-12-02",
        operations: &[
            "AddTagsToStream",
            "CreateStream",
            "DecreaseStreamRetentionPeriod",
            "DeleteStream",
            "DeregisterStreamConsumer",
            "DescribeLimits",
            "DescribeStream",
            "DescribeStreamConsumer",
            "DescribeStreamSummary",
            "GetRecords",
            "GetShardIterator",
            "IncreaseStreamRetentionPeriod",
            "ListShards",
            "ListStreamConsumers",
            "ListStreams",
            "ListTagsForResource",
            "ListTagsForStream",
            "MergeShards",
            "PutRecord",
            "PutRecords",
            "RegisterStreamConsumer",
            "RemoveTagsFromStream",
            "SplitShard",
            "TagResource",
            "UntagResource",
            "UpdateShardCount",
            "UpdateStreamMode",
        ],
    },
    Service {
        name: "lambda",
        source: "lambda/2015-03-31",
        operations: &[
            "AddPermission",
            "CreateAlias",
            "CreateEventSourceMapping",
            "CreateFunction",
            "CreateFunctionUrlConfig",
            "DeleteAlias",
            "DeleteEventSourceMapping",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "DeleteFunctionEventInvokeConfig",
            "DeleteFunctionUrlConfig",
            "GetAccountSettings",
            "GetAlias",
            "GetEventSourceMapping",
            "GetFunction",
            "GetFunctionConcurrency",
            "GetFunctionConfiguration",
            "GetFunctionEventInvokeConfig",
            "GetFunctionUrlConfig",
            "GetPolicy",
            "Invoke",
            "ListAliases",
            "ListEventSourceMappings",
            "ListFunctionEventInvokeConfigs",
            "ListFunctionUrlConfigs",
            "ListFunctions",
            "ListTags",
            "ListVersionsByFunction",
            "PublishVersion",
            "PutFunctionConcurrency",
            "PutFunctionEventInvokeConfig",
            "RemovePermission",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
            "UpdateEventSourceMapping",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "UpdateFunctionEventInvokeConfig",
            "UpdateFunctionUrlConfig",
        ],
    },
    Service {
        name: "logs",
        source: "logs/2014-03-28",
        operations: &[
            "CreateLogGroup",
            "CreateLogStream",
            "DeleteLogGroup",
            "DeleteLogStream",
            "DeleteRetentionPolicy",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "ListTagsForResource",
            "ListTagsLogGroup",
            "PutLogEvents",
            "PutRetentionPolicy",
            "TagLogGroup",
            "TagResource",
            "UntagLogGroup",
            "UntagResource",
        ],
    },
    Service {
        name: "scheduler",
        source: "scheduler/2021-06-30",
        operations: &[
            "CreateSchedule",
            "CreateScheduleGroup",
            "DeleteSchedule",
            "DeleteScheduleGroup",
            "GetSchedule",
            "GetScheduleGroup",
            "ListScheduleGroups",
            "ListSchedules",
            "ListTagsForResource",
            "TagResource",
            "UntagResource",
            "UpdateSchedule",
        ],
    },
    Service {
        name: "sns",
        source: "sns/2010-03-31",
        operations: &[
            "AddPermission",
            "ConfirmSubscription",
            "CreateTopic",
            "DeleteTopic",
            "GetSubscriptionAttributes",
            "GetTopicAttributes",
            "ListSubscriptions",
            "ListSubscriptionsByTopic",
            "ListTagsForResource",
            "ListTopics",
            "Publish",
            "PublishBatch",
            "RemovePermission",
            "SetSubscriptionAttributes",
            "SetTopicAttributes",
            "Subscribe",
            "TagResource",
            "Unsubscribe",
            "UntagResource",
        ],
    },
    Service {
        name: "sqs",
        source: "sqs/2012-11-05",
        operations: &[
            "AddPermission",
            "CancelMessageMoveTask",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "CreateQueue",
            "DeleteMessage",
            "DeleteMessageBatch",
            "DeleteQueue",
            "GetQueueAttributes",
            "GetQueueUrl",
            "ListDeadLetterSourceQueues",
            "ListMessageMoveTasks",
            "ListQueueTags",
            "ListQueues",
            "PurgeQueue",
            "ReceiveMessage",
            "RemovePermission",
            "SendMessage",
            "SendMessageBatch",
            "SetQueueAttributes",
            "StartMessageMoveTask",
            "TagQueue",
            "UntagQueue",
        ],
    },
    Service { name: "sts", source: "sts/2011-06-15", operations: &["GetCallerIdentity"] },
];

/// Writes the shapes, or with `check` only compares them with what is there.
pub fn run(check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for service in &SERVICES {
        let model = models().join(format!("{}.json", service.name));
        let text = std::fs::read_to_string(&model).with_context(|| format!("read {}", model.display()))?;
        let code = format(&rust::module(service.name, &serde_json::from_str(&text)?)?)?;
        let target = root().join("crates/aws/src/shapes").join(format!("{}.rs", service.name));
        let same = std::fs::read_to_string(&target).is_ok_and(|found| found == code);
        match (same, check) {
            (true, _) => {}
            (false, true) => stale.push(target.display().to_string()),
            (false, false) => std::fs::write(&target, code).with_context(|| format!("write {}", target.display()))?,
        }
    }
    ensure!(stale.is_empty(), "not what the models say: {}; run `cargo xtask shapes`", stale.join(", "));
    Ok(())
}

/// Makes the trimmed models from botocore's `data` directory.
pub fn refresh(data: &Path) -> anyhow::Result<()> {
    for service in &SERVICES {
        let source = data.join(service.source).join("service-2.json.gz");
        let model = serde_json::from_slice(&unpack(&source)?)?;
        let trimmed = excerpt::trim(&model, service.operations)?;
        let target = models().join(format!("{}.json", service.name));
        std::fs::write(&target, serde_json::to_string_pretty(&trimmed)? + "\n")
            .with_context(|| format!("write {}", target.display()))?;
    }
    Ok(())
}

fn unpack(file: &Path) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("gzip").arg("-dc").arg(file).output().context("run gzip")?;
    ensure!(output.status.success(), "gzip -dc {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn format(code: &str) -> anyhow::Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("run rustfmt")?;
    let mut input = rustfmt.stdin.take().context("rustfmt takes its input from a pipe")?;
    let code = code.to_owned();
    // Written from a thread: rustfmt answers while it still reads, and two full pipes would wait for each other.
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, code.as_bytes()));
    let output = rustfmt.wait_with_output()?;
    match writer.join() {
        Ok(written) => written?,
        Err(_) => bail!("the thread that feeds rustfmt panicked"),
    }
    ensure!(output.status.success(), "rustfmt refused the generated code");
    Ok(String::from_utf8(output.stdout)?)
}

fn models() -> PathBuf {
    root().join("crates/aws/models")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
