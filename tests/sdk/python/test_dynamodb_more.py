"""Indexes, batches, transactions, PartiQL and expiry as boto3 sees them."""

import time

import pytest
from boto3.dynamodb.conditions import Key
from nought import client, refused
from test_dynamodb_items import DYNAMODB, RESOURCE, make

OTHER = [{"AttributeName": "city", "AttributeType": "S"}, {"AttributeName": "age", "AttributeType": "N"}]
BY_CITY = {
    "IndexName": "by-city",
    "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
}


def people(table):
    for number, (city, age) in enumerate([("rome", 30), ("oslo", 20), ("rome", 10), ("rome", None)]):
        item = {"id": str(number), "city": city, "name": f"n{number}", "secret": "s"}
        table.put_item(Item=item if age is None else {**item, "age": age})


def test_a_global_index_is_kept_and_queried():
    table = RESOURCE.Table(make(AttributeDefinitions=OTHER, GlobalSecondaryIndexes=[BY_CITY]))
    people(table)
    found = table.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("rome"))["Items"]
    assert [item["id"] for item in found] == ["2", "0"]
    assert set(found[0]) == {"id", "city", "age", "name"}
    table.update_item(Key={"id": "2"}, UpdateExpression="SET city = :c", ExpressionAttributeValues={":c": "oslo"})
    table.delete_item(Key={"id": "0"})
    assert table.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("rome"))["Count"] == 0
    assert table.scan(IndexName="by-city")["Count"] == 2
    with refused("ValidationException", 400, "Consistent reads are not supported on global secondary indexes"):
        table.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("rome"), ConsistentRead=True)
    with refused("ValidationException", 400, "Type mismatch for Index Key city Expected: S Actual: N IndexName: by-city"):
        table.put_item(Item={"id": "9", "city": 9})


def test_an_index_is_added_to_a_table_that_has_items():
    table = RESOURCE.Table(make())
    people(table)
    DYNAMODB.update_table(
        TableName=table.name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, *OTHER],
        GlobalSecondaryIndexUpdates=[{"Create": BY_CITY}],
    )
    for _ in range(100):
        described = DYNAMODB.describe_table(TableName=table.name)["Table"]
        if described["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE":
            break
        time.sleep(0.05)
    assert described["GlobalSecondaryIndexes"][0]["ItemCount"] == 3
    found = table.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("rome") & Key("age").gt(5))
    assert found["Count"] == 2


def test_a_local_index_fetches_what_it_lacks():
    local = {
        "IndexName": "by-age",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    table = RESOURCE.Table(make(sort="city", AttributeDefinitions=OTHER[1:], LocalSecondaryIndexes=[local]))
    for city, age in [("rome", 30), ("oslo", 20)]:
        answer = table.put_item(
            Item={"id": "a", "city": city, "age": age, "name": city},
            ReturnItemCollectionMetrics="SIZE",
            ReturnConsumedCapacity="INDEXES",
        )
    assert answer["ItemCollectionMetrics"] == {"ItemCollectionKey": {"id": "a"}, "SizeEstimateRangeGB": [0.0, 1.0]}
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 2.0
    query = {"IndexName": "by-age", "KeyConditionExpression": Key("id").eq("a"), "ConsistentRead": True}
    assert set(table.query(**query)["Items"][0]) == {"id", "city", "age"}
    whole = table.query(**query, Select="ALL_ATTRIBUTES")["Items"]
    assert [item["name"] for item in whole] == ["oslo", "rome"]


def test_batches_write_and_read_many_items():
    name = make()
    items = [{"id": {"S": str(number)}} for number in range(25)]
    answer = DYNAMODB.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items]})
    assert answer["UnprocessedItems"] == {}
    answer = DYNAMODB.batch_get_item(RequestItems={name: {"Keys": [*items[:5], {"id": {"S": "no"}}]}})
    assert len(answer["Responses"][name]) == 5 and answer["UnprocessedKeys"] == {}
    with refused("ValidationException", 400, "Provided list of item keys contains duplicates"):
        DYNAMODB.batch_get_item(RequestItems={name: {"Keys": [items[0], items[0]]}})
    with refused("ResourceNotFoundException", 400, "Requested resource not found"):
        DYNAMODB.batch_get_item(RequestItems={"nowhere": {"Keys": [items[0]]}})


def test_a_transaction_is_cancelled_with_a_reason_for_each_action():
    name = make()
    put = {"TableName": name, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)"}
    DYNAMODB.transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken="once")
    DYNAMODB.transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken="once")
    with refused("IdempotentParameterMismatchException", 400):
        other = {**put, "Item": {"id": {"S": "z"}}}
        DYNAMODB.transact_write_items(TransactItems=[{"Put": other}], ClientRequestToken="once")
    update = {
        "TableName": name,
        "Key": {"id": {"S": "b"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with refused("TransactionCanceledException", 400, "[None, ConditionalCheckFailed]") as caught:
        failing = {**put, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        DYNAMODB.transact_write_items(TransactItems=[{"Update": update}, {"Put": failing}])
    assert caught.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": {"id": {"S": "a"}}},
    ]
    DYNAMODB.transact_write_items(TransactItems=[{"Update": update}])
    keys = [{"Get": {"TableName": name, "Key": {"id": {"S": key}}}} for key in "abc"]
    found = DYNAMODB.transact_get_items(TransactItems=keys)["Responses"]
    assert found == [{"Item": {"id": {"S": "a"}}}, {"Item": {"id": {"S": "b"}, "n": {"N": "1"}}}, {}]
    with refused("ValidationException", 400, "Transaction request cannot include multiple operations on one item"):
        DYNAMODB.transact_write_items(TransactItems=[{"Update": update}, {"Update": update}])


def test_statements_do_what_they_say():
    name = make(sort="at_", kind="N")

    def run(statement, *parameters, **more):
        settings = {"Parameters": list(parameters)} if parameters else {}
        return DYNAMODB.execute_statement(Statement=statement, **settings, **more)["Items"]

    for at in range(3):
        assert run(f"INSERT INTO \"{name}\" VALUE {{'id': 'a', 'at_': ?, 'tags': <<'x'>>}}", {"N": str(at)}) == []
    with refused("DuplicateItemException", 400, "Duplicate primary key exists in table"):
        run(f"INSERT INTO \"{name}\" VALUE {{'id': 'a', 'at_': 0}}")
    changed = run(f"UPDATE \"{name}\" SET n=1 SET \"m\"='y' WHERE id='a' AND at_=1 RETURNING ALL NEW *")
    assert changed[0]["n"] == {"N": "1"} and changed[0]["m"] == {"S": "y"}
    assert [item["at_"]["N"] for item in run(f"SELECT at_ FROM \"{name}\" WHERE id='a' AND at_ >= 1")] == ["1", "2"]
    newest = run(f"SELECT at_ FROM \"{name}\" WHERE id='a' ORDER BY at_ DESC", Limit=1)
    assert [item["at_"]["N"] for item in newest] == ["2"]
    assert len(run(f"SELECT * FROM \"{name}\" WHERE m IS NOT MISSING")) == 1
    with refused("ConditionalCheckFailedException", 400):
        run(f"UPDATE \"{name}\" SET n=1 WHERE id='gone' AND at_=1")
    run(f"DELETE FROM \"{name}\" WHERE id='a' AND at_=2")
    with refused("ValidationException", 400, "Statement wasn't well formed, can't be processed"):
        run("HELLO")
    both = DYNAMODB.batch_execute_statement(
        Statements=[
            {"Statement": f"SELECT * FROM \"{name}\" WHERE id='a' AND at_=0"},
            {"Statement": "SELECT * FROM \"nowhere\" WHERE id='a'"},
        ]
    )["Responses"]
    assert both[0]["Item"]["id"] == {"S": "a"} and both[1]["Error"]["Code"] == "ResourceNotFound"
    DYNAMODB.execute_transaction(
        TransactStatements=[
            {"Statement": f"EXISTS(SELECT * FROM \"{name}\" WHERE id='a' AND at_=0)"},
            {"Statement": f"DELETE FROM \"{name}\" WHERE id='a' AND at_=1"},
        ]
    )
    assert len(run(f"SELECT * FROM \"{name}\"")) == 1


def test_items_go_when_they_are_due():
    table = RESOURCE.Table(make())
    DYNAMODB.update_time_to_live(
        TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "due"}
    )
    described = DYNAMODB.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "due"}
    table.put_item(Item={"id": "old", "due": int(time.time()) - 10})
    table.put_item(Item={"id": "new", "due": int(time.time()) + 1000})
    for _ in range(100):
        if table.scan()["Count"] == 1:
            break
        time.sleep(0.1)
    assert [item["id"] for item in table.scan()["Items"]] == ["new"]


def test_a_protected_table_is_not_deleted():
    name = make(DeletionProtectionEnabled=True)
    with refused("ValidationException", 400, "Resource cannot be deleted as it is currently protected against deletion"):
        DYNAMODB.delete_table(TableName=name)
    DYNAMODB.update_table(TableName=name, DeletionProtectionEnabled=False)
    DYNAMODB.delete_table(TableName=name)


@pytest.mark.parametrize("operator", ["EQ", "GE"])
def test_the_parameters_of_before_expressions_still_work(operator):
    name = make(sort="at_", kind="N")
    for at in range(3):
        DYNAMODB.update_item(
            TableName=name,
            Key={"id": {"S": "a"}, "at_": {"N": str(at)}},
            AttributeUpdates={"n": {"Value": {"N": "1"}, "Action": "ADD"}},
            Expected={"n": {"Exists": False}},
        )
    found = DYNAMODB.query(
        TableName=name,
        KeyConditions={
            "id": {"AttributeValueList": [{"S": "a"}], "ComparisonOperator": "EQ"},
            "at_": {"AttributeValueList": [{"N": "1"}], "ComparisonOperator": operator},
        },
        AttributesToGet=["n"],
    )
    assert found["Count"] == (1 if operator == "EQ" else 2) and found["Items"][0] == {"n": {"N": "1"}}


def test_a_table_belongs_to_its_region():
    name = make()
    assert name not in client("dynamodb", region_name="eu-west-1").list_tables()["TableNames"]
