//! What clients see of data streams.

use serde_json::{Value, json};

use crate::wire::Wire;

const ARN: &str = "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks";

async fn ask(wire: &Wire, operation: &str, document: Value) -> (u16, Value) {
    wire.call("kinesis", &format!("Kinesis_20131202.{operation}"), document).await
}

/// Asks for what must be answered, of the stream `clicks` unless the document names another.
async fn get(wire: &Wire, operation: &str, mut document: Value) -> Value {
    let names = ["StreamName", "StreamARN", "ShardIterator", "ConsumerARN", "ResourceARN", "NextToken"];
    if names.iter().all(|name| document.get(name).is_none()) {
        document["StreamName"] = json!("clicks");
    }
    let (status, answer) = ask(wire, operation, document).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

async fn wire(shards: u32) -> Wire {
    let wire = Wire::new().await;
    get(&wire, "CreateStream", json!({ "ShardCount": shards })).await;
    wire
}

async fn iterator(wire: &Wire, shard: &str, more: Value) -> Value {
    let mut ask = json!({ "StreamName": "clicks", "ShardId": shard });
    more.as_object().expect("members").iter().for_each(|(name, value)| ask[name] = value.clone());
    get(wire, "GetShardIterator", ask).await["ShardIterator"].clone()
}

#[tokio::test]
async fn a_record_comes_back_from_its_shard_as_it_was_put() {
    let wire = wire(1).await;
    let put = get(&wire, "PutRecord", json!({ "PartitionKey": "k", "Data": "aGVsbG8=" })).await;
    assert_eq!(put["ShardId"], "shardId-000000000000");
    let many = json!({ "Records": [
        { "PartitionKey": "k", "Data": "MQ==" },
        { "PartitionKey": "other", "ExplicitHashKey": "7", "Data": "" }
    ] });
    let many = get(&wire, "PutRecords", many).await;
    assert_eq!((&many["FailedRecordCount"], many["Records"].as_array().map(Vec::len)), (&json!(0), Some(2)));
    let from = iterator(&wire, "shardId-000000000000", json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
    let got = get(&wire, "GetRecords", json!({ "ShardIterator": from, "Limit": 2 })).await;
    let first = &got["Records"][0];
    assert_eq!(first["SequenceNumber"], put["SequenceNumber"]);
    assert_eq!([&first["Data"], &first["PartitionKey"]], ["aGVsbG8=", "k"]);
    assert_eq!(put["SequenceNumber"].as_str().map(str::len), Some(56));
    let rest = get(&wire, "GetRecords", json!({ "ShardIterator": got["NextShardIterator"] })).await;
    assert_eq!((rest["Records"].as_array().map(Vec::len), &rest["MillisBehindLatest"]), (Some(1), &json!(0)));
    let after =
        json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": put["SequenceNumber"] });
    let after = iterator(&wire, "shardId-000000000000", after).await;
    let got = get(&wire, "GetRecords", json!({ "ShardIterator": after })).await;
    assert_eq!(got["Records"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_shard_that_was_split_ends_and_names_its_children() {
    let wire = wire(1).await;
    let half = (1_u128 << 127).to_string();
    let split = json!({ "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": half });
    get(&wire, "SplitShard", split).await;
    let from = iterator(&wire, "shardId-000000000000", json!({ "ShardIteratorType": "LATEST" })).await;
    let got = get(&wire, "GetRecords", json!({ "ShardIterator": from })).await;
    assert_eq!(got["NextShardIterator"], Value::Null);
    let range = json!({ "StartingHashKey": "0", "EndingHashKey": ((1_u128 << 127) - 1).to_string() });
    let child = json!({
        "ShardId": "shardId-000000000001", "ParentShards": ["shardId-000000000000"], "HashKeyRange": range
    });
    assert_eq!(got["ChildShards"][0], child);
    let open = get(&wire, "ListShards", json!({ "ShardFilter": { "Type": "AT_LATEST" } })).await;
    assert_eq!(open["Shards"].as_array().map(Vec::len), Some(2));
    let page = get(&wire, "ListShards", json!({ "MaxResults": 1 })).await;
    let rest = get(&wire, "ListShards", json!({ "NextToken": page["NextToken"] })).await;
    assert_eq!(rest["Shards"].as_array().map(Vec::len), Some(2));
    let merge = json!({
        "ShardToMerge": "shardId-000000000001", "AdjacentShardToMerge": "shardId-000000000002"
    });
    get(&wire, "MergeShards", merge).await;
    let shown = get(&wire, "DescribeStream", json!({})).await["StreamDescription"]["Shards"][3].clone();
    let parents = [&shown["ParentShardId"], &shown["AdjacentParentShardId"]];
    assert_eq!(parents, ["shardId-000000000001", "shardId-000000000002"]);
    let counted =
        get(&wire, "UpdateShardCount", json!({ "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING" })).await;
    assert_eq!([&counted["CurrentShardCount"], &counted["TargetShardCount"]], [1, 2]);
    let summary = get(&wire, "DescribeStreamSummary", json!({})).await["StreamDescriptionSummary"].clone();
    assert_eq!([&summary["OpenShardCount"], &summary["RetentionPeriodHours"]], [2, 24]);
}

#[tokio::test]
async fn tags_consumers_retention_and_mode_are_kept() {
    let wire = wire(1).await;
    get(&wire, "AddTagsToStream", json!({ "Tags": { "a": "1", "b": "2" } })).await;
    get(&wire, "RemoveTagsFromStream", json!({ "TagKeys": ["a"] })).await;
    let tags = get(&wire, "ListTagsForStream", json!({})).await;
    assert_eq!(tags, json!({ "Tags": [{ "Key": "b", "Value": "2" }], "HasMoreTags": false }));
    let tags = get(&wire, "ListTagsForResource", json!({ "ResourceARN": ARN })).await;
    assert_eq!(tags, json!({ "Tags": [{ "Key": "b", "Value": "2" }] }));
    let made = get(&wire, "RegisterStreamConsumer", json!({ "StreamARN": ARN, "ConsumerName": "reader" })).await;
    assert_eq!(made["Consumer"]["ConsumerARN"], format!("{ARN}/consumer/reader:0"));
    let by_arn = json!({ "ConsumerARN": made["Consumer"]["ConsumerARN"] });
    let shown = get(&wire, "DescribeStreamConsumer", by_arn.clone()).await;
    assert_eq!(
        [&shown["ConsumerDescription"]["ConsumerStatus"], &shown["ConsumerDescription"]["StreamARN"]],
        ["ACTIVE", ARN]
    );
    get(&wire, "DeregisterStreamConsumer", by_arn).await;
    assert_eq!(get(&wire, "ListStreamConsumers", json!({ "StreamARN": ARN })).await, json!({ "Consumers": [] }));
    get(&wire, "IncreaseStreamRetentionPeriod", json!({ "RetentionPeriodHours": 48 })).await;
    let mode = json!({ "StreamARN": ARN, "StreamModeDetails": { "StreamMode": "ON_DEMAND" } });
    get(&wire, "UpdateStreamMode", mode).await;
    let summary = get(&wire, "DescribeStreamSummary", json!({})).await["StreamDescriptionSummary"].clone();
    assert_eq!(summary["StreamModeDetails"], json!({ "StreamMode": "ON_DEMAND" }));
    assert_eq!(summary["RetentionPeriodHours"], 48);
    let listed = get(&wire, "ListStreams", json!({})).await;
    assert_eq!([&listed["StreamNames"], &listed["HasMoreStreams"]], [&json!(["clicks"]), &json!(false)]);
    get(&wire, "DeleteStream", json!({})).await;
    assert_eq!(get(&wire, "ListStreams", json!({})).await["StreamNames"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_services_words() {
    let wire = wire(1).await;
    let other = |shard: &str, kind: &str| {
        ("GetShardIterator", json!({ "StreamName": "clicks", "ShardId": shard, "ShardIteratorType": kind }))
    };
    for ((operation, document), code, wanted) in [
        (
            ("CreateStream", json!({ "StreamName": "clicks", "ShardCount": 1 })),
            "ResourceInUseException",
            "Stream clicks under account 000000000000 already exists.",
        ),
        (
            ("DescribeStream", json!({ "StreamName": "gone" })),
            "ResourceNotFoundException",
            "Stream gone under account 000000000000 not found.",
        ),
        (
            other("shardId-000000000009", "LATEST"),
            "ResourceNotFoundException",
            "Shard shardId-000000000009 in stream clicks under account 000000000000 does not exist",
        ),
        (
            other("shardId-000000000000", "AT_SEQUENCE_NUMBER"),
            "InvalidArgumentException",
            "Must specify a StartingSequenceNumber for ShardIteratorType AT_SEQUENCE_NUMBER.",
        ),
        (("GetRecords", json!({ "ShardIterator": "nothing" })), "InvalidArgumentException", "Invalid ShardIterator."),
        (
            ("IncreaseStreamRetentionPeriod", json!({ "StreamName": "clicks", "RetentionPeriodHours": 23 })),
            "InvalidArgumentException",
            "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
        ),
        (
            (
                "UpdateShardCount",
                json!({ "StreamName": "clicks", "TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING" }),
            ),
            "LimitExceededException",
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 1 Target shard count: 3",
        ),
        (
            ("PutRecord", json!({ "StreamName": "clicks", "Data": "" })),
            "ValidationException",
            "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
        ),
        (
            ("DescribeStreamConsumer", json!({ "StreamARN": ARN, "ConsumerName": "gone" })),
            "ResourceNotFoundException",
            "Consumer gone, account 000000000000 not found.",
        ),
    ] {
        let (status, answer) = ask(&wire, operation, document).await;
        assert_eq!((status, &answer["__type"], &answer["message"]), (400, &json!(code), &json!(wanted)), "{operation}");
    }
}
