//! What clients see of tables and items: documents to an operation, and the documents that come back.

use serde_json::{Value, json};

use crate::wire::Wire;

/// A face with a table `t` of the partition key `id` (a text) and the sort key `at` (a number).
async fn wire() -> Wire {
    let wire = Wire::new().await;
    let (status, answer) = ask(
        &wire,
        "CreateTable",
        json!({
            "TableName": "tab",
            "KeySchema": [
                { "AttributeName": "id", "KeyType": "HASH" },
                { "AttributeName": "at", "KeyType": "RANGE" }
            ],
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "at", "AttributeType": "N" }
            ],
            "BillingMode": "PAY_PER_REQUEST"
        }),
    )
    .await;
    assert_eq!((status, &answer["TableDescription"]["TableStatus"]), (200, &json!("CREATING")), "{answer}");
    wire
}

async fn ask(wire: &Wire, operation: &str, document: Value) -> (u16, Value) {
    wire.call("dynamodb", &format!("DynamoDB_20120810.{operation}"), document).await
}

/// Asks one after the other. Texts of errors are compared alone, answers as a whole.
async fn check(wire: &Wire, cases: &[(&str, Value, Value)]) {
    for (operation, document, wanted) in cases {
        let mut document = document.clone();
        if !operation.starts_with("Batch") && !operation.starts_with("Transact") {
            document["TableName"] = json!("tab");
        }
        let (_, answer) = ask(wire, operation, document.clone()).await;
        let said = match wanted {
            Value::String(_) => answer["message"].clone(),
            _ => answer,
        };
        assert_eq!(&said, wanted, "{operation} {document}");
    }
}

fn key(id: &str, at: i32) -> Value {
    json!({ "id": { "S": id }, "at": { "N": at.to_string() } })
}

fn item(id: &str, at: i32, more: Value) -> Value {
    let mut item = key(id, at);
    for (name, value) in more.as_object().expect("attributes") {
        item[name] = value.clone();
    }
    item
}

#[tokio::test]
async fn answers_carry_a_checksum_and_errors_a_namespace() {
    let wire = Wire::new().await;
    let said = wire
        .exchange("dynamodb", "POST /\nx-amz-target: DynamoDB_20120810.DescribeTable\n\n{\"TableName\":\"gone\"}")
        .await;
    let wanted = "400\ncontent-type: application/x-amz-json-1.0\nx-amz-crc32: 1829429565\n\n\
                  {\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\",\
                  \"message\":\"Requested resource not found: Table: gone not found\"}";
    assert_eq!(said, wanted);
    let said = wire.exchange("dynamodb", "POST /\nx-amz-target: DynamoDB_20120810.Nothing\n\n{}").await;
    assert!(said.ends_with("{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}"), "{said}");
    let said = wire.exchange("dynamodb", "POST /\nx-amz-target: DynamoDB_20120810.GetItem\n\n{}").await;
    assert!(said.contains("com.amazon.coral.validate#ValidationException"), "{said}");
}

#[tokio::test]
async fn items_are_put_read_and_deleted() {
    let wire = wire().await;
    let whole =
        item("a", 1, json!({ "n": { "NS": ["1", "2.50"] }, "l": { "L": [{ "NULL": true }, { "B": "AAE=" }] } }));
    let stored =
        item("a", 1, json!({ "n": { "NS": ["1", "2.5"] }, "l": { "L": [{ "NULL": true }, { "B": "AAE=" }] } }));
    check(
        &wire,
        &[
            ("PutItem", json!({ "Item": whole }), json!({})),
            ("GetItem", json!({ "Key": key("a", 1) }), json!({ "Item": stored })),
            (
                "GetItem",
                json!({ "Key": key("a", 1), "ProjectionExpression": "l[1], n", "ReturnConsumedCapacity": "TOTAL" }),
                json!({
                    "Item": { "l": { "L": [{ "B": "AAE=" }] }, "n": { "NS": ["1", "2.5"] } },
                    "ConsumedCapacity": { "TableName": "tab", "CapacityUnits": 0.5 }
                }),
            ),
            ("GetItem", json!({ "Key": key("a", 2) }), json!({})),
            ("DeleteItem", json!({ "Key": key("a", 1), "ReturnValues": "ALL_OLD" }), json!({ "Attributes": stored })),
            ("DeleteItem", json!({ "Key": key("a", 1), "ReturnValues": "ALL_OLD" }), json!({})),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_in_the_words_of_the_service() {
    let wire = wire().await;

    let put = |value: Value| json!({ "Item": item("a", 1, json!({ "v": value })) });
    let update = |expression: &str, values: Value| json!({ "Key": key("a", 1), "UpdateExpression": expression, "ExpressionAttributeValues": values });
    let cases = [
        ("GetItem", json!({ "Key": { "id": { "S": "a" } } }), "The provided key element does not match the schema"),
        (
            "PutItem",
            json!({ "Item": { "id": { "S": "a" } } }),
            "One or more parameter values were invalid: Missing the key at in the item",
        ),
        (
            "PutItem",
            json!({ "Item": { "id": { "S": "a" }, "at": { "S": "b" } } }),
            "One or more parameter values were invalid: Type mismatch for key at expected: N actual: S",
        ),
        (
            "PutItem",
            put(json!({})),
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            "PutItem",
            put(json!({ "S": "a", "N": "1" })),
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        ),
        ("PutItem", put(json!({ "N": "x" })), "The parameter cannot be converted to a numeric value: x"),
        (
            "PutItem",
            put(json!({ "SS": [] })),
            "One or more parameter values were invalid: An string set  may not be empty",
        ),
        (
            "PutItem",
            put(json!({ "SS": ["a", "a"] })),
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        (
            "PutItem",
            json!({ "Item": item("a", 1, json!({})), "ReturnValues": "ALL_NEW" }),
            "Return values set to invalid value",
        ),
        (
            "UpdateItem",
            update("SET a = :b", json!({ ":a": { "S": "x" } })),
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :b",
        ),
        (
            "UpdateItem",
            update("SET a = :a", json!({ ":a": { "S": "x" }, ":b": { "S": "x" } })),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            "UpdateItem",
            update("SET id = :a", json!({ ":a": { "S": "x" } })),
            "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
        ),
        (
            "UpdateItem",
            update("INVALID SYNTAX HERE", json!({ ":a": { "S": "x" } })),
            "Invalid UpdateExpression: Syntax error; token: \"INVALID\", near: \"INVALID SYNTAX\"",
        ),
        (
            "Query",
            json!({ "KeyConditionExpression": "id = :a OR id = :a", "ExpressionAttributeValues": { ":a": { "S": "a" } } }),
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            "Query",
            json!({ "KeyConditionExpression": "id > :a", "ExpressionAttributeValues": { ":a": { "S": "a" } } }),
            "Query key condition not supported",
        ),
        ("Scan", json!({ "IndexName": "none" }), "The table does not have the specified index: none"),
    ];
    let cases = cases.map(|(operation, document, text)| (operation, document, json!(text)));
    check(&wire, &cases).await;
}

/// Asks until a part of the answer is as it is wanted: work in the background has its time.
async fn until(wire: &Wire, operation: &str, document: &Value, part: &str, wanted: &Value) -> Value {
    for _ in 0..10_000 {
        let (_, answer) = ask(wire, operation, document.clone()).await;
        if answer.pointer(part) == Some(wanted) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("{operation} {document}: {part} is not {wanted}");
}

#[tokio::test]
async fn a_table_is_backed_up_and_restored() {
    let wire = wire().await;
    check(&wire, &[("PutItem", json!({ "Item": item("a", 1, json!({ "v": { "S": "x" } })) }), json!({}))]).await;
    let (_, made) = ask(&wire, "CreateBackup", json!({ "TableName": "tab", "BackupName": "one" })).await;
    let arn = made["BackupDetails"]["BackupArn"].clone();
    let text = arn.as_str().expect("an ARN");
    assert!(text.starts_with("arn:aws:dynamodb:eu-central-1:000000000000:table/tab/backup/"), "{text}");
    let of_backup = json!({ "BackupArn": arn });
    let status = "/BackupDescription/BackupDetails/BackupStatus";
    let found = until(&wire, "DescribeBackup", &of_backup, status, &json!("AVAILABLE")).await;
    assert_eq!(found["BackupDescription"]["SourceTableDetails"]["ItemCount"], json!(1));
    let restore = json!({ "BackupArn": arn, "TargetTableName": "new" });
    let (_, restored) = ask(&wire, "RestoreTableFromBackup", restore.clone()).await;
    assert_eq!(restored["TableDescription"]["TableStatus"], json!("CREATING"));
    assert_eq!(restored["TableDescription"]["RestoreSummary"]["RestoreInProgress"], json!(true));
    let described =
        until(&wire, "DescribeTable", &json!({ "TableName": "new" }), "/Table/TableStatus", &json!("ACTIVE")).await;
    assert_eq!(described["Table"]["RestoreSummary"]["SourceBackupArn"], arn);
    let get = json!({ "TableName": "new", "Key": key("a", 1) });
    let (_, got) = ask(&wire, "GetItem", get).await;
    assert_eq!(got["Item"]["v"], json!({ "S": "x" }));
    let missing = "arn:aws:dynamodb:eu-central-1:000000000000:table/tab/backup/01489602797149-73d8d5bc";
    let cases = [
        ("RestoreTableFromBackup", restore, "TableAlreadyExistsException", "Table already exists: new".to_owned()),
        (
            "DescribeBackup",
            json!({ "BackupArn": missing }),
            "BackupNotFoundException",
            format!("Backup not found: {missing}"),
        ),
        (
            "CreateBackup",
            json!({ "TableName": "gone", "BackupName": "one" }),
            "TableNotFoundException",
            "Table not found: gone".to_owned(),
        ),
        (
            "RestoreTableToPointInTime",
            json!({ "SourceTableName": "tab", "TargetTableName": "past", "UseLatestRestorableTime": true }),
            "PointInTimeRecoveryUnavailableException",
            "Point in time recovery is not enabled for table 'tab'".to_owned(),
        ),
    ];
    for (operation, document, code, text) in cases {
        let (status, answer) = ask(&wire, operation, document).await;
        assert_eq!(
            (status, &answer["__type"], &answer["message"]),
            (400, &json!(format!("com.amazonaws.dynamodb.v20120810#{code}")), &json!(text)),
            "{operation}"
        );
    }
}
