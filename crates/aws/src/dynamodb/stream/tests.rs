//! What clients see of a table's stream.

use serde_json::{Value, json};

use crate::wire::Wire;

async fn ask(wire: &Wire, operation: &str, document: Value) -> (u16, Value) {
    let target = match operation {
        "ListStreams" | "DescribeStream" | "GetShardIterator" | "GetRecords" => "DynamoDBStreams_20120810",
        _ => "DynamoDB_20120810",
    };
    wire.call("dynamodb", &format!("{target}.{operation}"), document).await
}

/// Asks for what must be answered.
async fn get(wire: &Wire, operation: &str, document: Value) -> Value {
    let (status, answer) = ask(wire, operation, document).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

/// A table `tab` with the key `id` and a stream; gives the stream's ARN.
async fn table(wire: &Wire, view: &str) -> String {
    let made = get(
        wire,
        "CreateTable",
        json!({
            "TableName": "tab",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": view }
        }),
    )
    .await;
    let made = &made["TableDescription"];
    assert_eq!(made["StreamSpecification"], json!({ "StreamEnabled": true, "StreamViewType": view }));
    let arn = made["LatestStreamArn"].as_str().expect("it has a stream");
    let label = made["LatestStreamLabel"].as_str().expect("it has a stream");
    assert_eq!(arn, format!("arn:aws:dynamodb:eu-central-1:000000000000:table/tab/stream/{label}"));
    arn.to_owned()
}

async fn shard(wire: &Wire, arn: &str) -> Value {
    get(wire, "DescribeStream", json!({ "StreamArn": arn })).await["StreamDescription"]["Shards"][0].clone()
}

async fn iterator(wire: &Wire, arn: &str, more: Value) -> Value {
    let mut ask = json!({ "StreamArn": arn, "ShardId": shard(wire, arn).await["ShardId"] });
    more.as_object().expect("members").iter().for_each(|(name, value)| ask[name] = value.clone());
    get(wire, "GetShardIterator", ask).await["ShardIterator"].clone()
}

async fn records(wire: &Wire, arn: &str, from: Value) -> Vec<Value> {
    let iterator = iterator(wire, arn, from).await;
    let got = get(wire, "GetRecords", json!({ "ShardIterator": iterator })).await;
    got["Records"].as_array().expect("records").clone()
}

async fn history(wire: &Wire) {
    for (operation, members) in [
        ("PutItem", json!({ "Item": { "id": { "S": "a" }, "n": { "N": "1" } } })),
        ("PutItem", json!({ "Item": { "id": { "S": "a" }, "n": { "N": "1" } } })),
        ("PutItem", json!({ "Item": { "id": { "S": "a" }, "n": { "N": "2" } } })),
        ("DeleteItem", json!({ "Key": { "id": { "S": "a" } } })),
        ("DeleteItem", json!({ "Key": { "id": { "S": "a" } } })),
    ] {
        let mut document = members;
        document["TableName"] = json!("tab");
        get(wire, operation, document).await;
    }
}

#[tokio::test]
async fn each_view_holds_what_it_says() {
    let item = |n: &str| json!({ "id": { "S": "a" }, "n": { "N": n } });
    for (view, wanted) in [
        ("KEYS_ONLY", [json!([null, null, 3]), json!([null, null, 3]), json!([null, null, 3])]),
        ("NEW_IMAGE", [json!([item("1"), null, 9]), json!([item("2"), null, 9]), json!([null, null, 3])]),
        ("OLD_IMAGE", [json!([null, null, 3]), json!([null, item("1"), 9]), json!([null, item("2"), 9])]),
        (
            "NEW_AND_OLD_IMAGES",
            [json!([item("1"), null, 9]), json!([item("2"), item("1"), 15]), json!([null, item("2"), 9])],
        ),
    ] {
        let wire = Wire::new().await;
        let arn = table(&wire, view).await;
        history(&wire).await;
        let records = records(&wire, &arn, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
        let names: Vec<&Value> = records.iter().map(|record| &record["eventName"]).collect();
        assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"], "what changes nothing is not told");
        for (record, wanted) in records.iter().zip(wanted) {
            let dynamodb = &record["dynamodb"];
            let held = json!([dynamodb["NewImage"], dynamodb["OldImage"], dynamodb["SizeBytes"]]);
            assert_eq!(held, wanted, "{view} {record}");
            assert_eq!(dynamodb["Keys"], json!({ "id": { "S": "a" } }));
            assert_eq!(dynamodb["StreamViewType"], view);
            assert_eq!([&record["eventVersion"], &record["eventSource"]], ["1.1", "aws:dynamodb"]);
            assert_eq!(record["awsRegion"], "eu-central-1");
        }
    }
}

#[tokio::test]
async fn a_reader_begins_where_it_wants_to_and_goes_on() {
    let wire = Wire::new().await;
    let arn = table(&wire, "KEYS_ONLY").await;
    let latest = iterator(&wire, &arn, json!({ "ShardIteratorType": "LATEST" })).await;
    history(&wire).await;
    let got = get(&wire, "GetRecords", json!({ "ShardIterator": latest, "Limit": 2 })).await;
    assert_eq!(got["Records"].as_array().map(Vec::len), Some(2));
    let rest = get(&wire, "GetRecords", json!({ "ShardIterator": got["NextShardIterator"] })).await;
    assert_eq!(rest["Records"][0]["eventName"], "REMOVE");
    let second = &got["Records"][1]["dynamodb"]["SequenceNumber"];
    for (kind, wanted) in [("AT_SEQUENCE_NUMBER", 2), ("AFTER_SEQUENCE_NUMBER", 1)] {
        let from = json!({ "ShardIteratorType": kind, "SequenceNumber": second });
        assert_eq!(records(&wire, &arn, from).await.len(), wanted, "{kind}");
    }
}

#[tokio::test]
async fn a_stream_that_is_switched_off_is_read_to_its_end() {
    let wire = Wire::new().await;
    let arn = table(&wire, "NEW_IMAGE").await;
    history(&wire).await;
    let off = json!({ "TableName": "tab", "StreamSpecification": { "StreamEnabled": false } });
    let updated = get(&wire, "UpdateTable", off.clone()).await["TableDescription"].clone();
    assert_eq!([&updated["StreamSpecification"], &updated["LatestStreamArn"]], [&Value::Null, &json!(arn)]);
    let (_, refused) = ask(&wire, "UpdateTable", off).await;
    assert_eq!(refused["message"], "Table has no stream to disable: TableName: tab");
    let described = get(&wire, "DescribeStream", json!({ "StreamArn": arn })).await["StreamDescription"].clone();
    assert_eq!([&described["StreamStatus"], &described["TableName"]], ["DISABLED", "tab"]);
    let range = &described["Shards"][0]["SequenceNumberRange"];
    assert!(range["EndingSequenceNumber"].as_str() > range["StartingSequenceNumber"].as_str(), "{range}");
    let iterator = iterator(&wire, &arn, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
    let got = get(&wire, "GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!((got["Records"].as_array().map(Vec::len), &got["NextShardIterator"]), (Some(3), &Value::Null));
    let listed = get(&wire, "ListStreams", json!({ "TableName": "tab" })).await;
    assert_eq!(listed["Streams"][0]["StreamArn"], json!(arn));
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_services_words() {
    let wire = Wire::new().await;
    let arn = table(&wire, "NEW_IMAGE").await;
    let shard = shard(&wire, &arn).await["ShardId"].clone();
    let gone = arn.replace("/stream/1970", "/stream/1971");
    let set = |spec: Value| ("UpdateTable", json!({ "TableName": "tab", "StreamSpecification": spec }));
    let from = |shard: &Value, kind: &str| {
        ("GetShardIterator", json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind }))
    };
    for ((operation, document), wanted) in [
        (
            set(json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" })),
            "Table already has an enabled stream: TableName: tab",
        ),
        (
            set(json!({ "StreamEnabled": true })),
            "One or more parameter values were invalid: If stream is being enabled then UpdateViewType is required",
        ),
        (
            set(json!({ "StreamEnabled": false, "StreamViewType": "KEYS_ONLY" })),
            "One or more parameter values were invalid: If stream is being disabled, then UpdateViewType must not be specified",
        ),
        (("DescribeStream", json!({ "StreamArn": gone })), "Requested resource not found: Stream: "),
        (
            from(&json!("shardId-00000000000000000000-00000000"), "LATEST"),
            "Requested resource not found: Shard does not exist",
        ),
        (
            from(&shard, "SOMEWHERE"),
            "1 validation error detected: Value 'SOMEWHERE' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (("GetRecords", json!({ "ShardIterator": "nothing" })), "Invalid ShardIterator"),
        (
            ("GetRecords", json!({ "ShardIterator": "x", "Limit": 1001 })),
            "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ),
    ] {
        let (status, answer) = ask(&wire, operation, document).await;
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(status == 400 && said.starts_with(wanted), "{operation}: {answer}");
    }
}
