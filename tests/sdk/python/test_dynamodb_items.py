"""Tables and items as boto3 sees them."""

import decimal
import itertools
import os

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from nought import REGION, URL, client, refused

DYNAMODB = client("dynamodb")
RESOURCE = boto3.resource(
    "dynamodb",
    endpoint_url=URL,
    region_name=REGION,
    aws_access_key_id=os.environ["NOUGHT_KEY"],
    aws_secret_access_key=os.environ["NOUGHT_SECRET"],
)

_numbers = itertools.count(1)


def make(sort=None, kind="S", **settings):
    """Creates a table with the partition key `id` and returns its name."""
    name = f"t{os.getpid()}-{next(_numbers)}"
    keys = [("id", "S", "HASH")] + ([(sort, kind, "RANGE")] if sort else [])
    definitions = [{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys]
    definitions += settings.pop("AttributeDefinitions", [])
    DYNAMODB.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, _, role in keys],
        AttributeDefinitions=definitions,
        **{"BillingMode": "PAY_PER_REQUEST", **settings},
    )
    DYNAMODB.get_waiter("table_exists").wait(TableName=name)
    return name


def test_a_table_is_made_described_listed_and_deleted():
    name = make(sort="at", kind="N", Tags=[{"Key": "team", "Value": "blue"}])
    table = DYNAMODB.describe_table(TableName=name)["Table"]
    assert (table["TableStatus"], table["ItemCount"], table["TableSizeBytes"]) == ("ACTIVE", 0, 0)
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["id", "at"]
    assert name in DYNAMODB.list_tables()["TableNames"]
    assert DYNAMODB.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "team", "Value": "blue"}]
    with refused("ResourceInUseException", 400, f"Table already exists: {name}"):
        DYNAMODB.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    assert DYNAMODB.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    DYNAMODB.get_waiter("table_not_exists").wait(TableName=name)
    with refused("ResourceNotFoundException", 400, f"Requested resource not found: Table: {name} not found"):
        DYNAMODB.describe_table(TableName=name)


def test_every_type_comes_back_as_it_was_put():
    table = RESOURCE.Table(make())
    item = {
        "id": "a",
        "number": decimal.Decimal("-12.5e-7"),
        "bytes": b"\x00\xff",
        "flag": True,
        "nothing": None,
        "list": ["x", 1, [False], {"deep": b""}],
        "map": {"k": "", "n": decimal.Decimal("1E+10")},
        "texts": {"b", "a"},
        "numbers": {1, 2},
        "binaries": {b"1", b"2"},
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"id": "a"})["Item"] == item
    assert "Item" not in table.get_item(Key={"id": "b"})
    assert table.delete_item(Key={"id": "a"}, ReturnValues="ALL_OLD")["Attributes"] == item
    assert "Attributes" not in table.delete_item(Key={"id": "a"}, ReturnValues="ALL_OLD")


def test_an_update_changes_and_returns_what_it_says():
    table = RESOURCE.Table(make())
    answer = table.update_item(
        Key={"id": "a"},
        UpdateExpression="SET #n = if_not_exists(#n, :zero) + :one, tags = :tags REMOVE gone ADD seen :seen",
        ExpressionAttributeNames={"#n": "count"},
        ExpressionAttributeValues={":zero": 0, ":one": 1, ":tags": ["x"], ":seen": {"s"}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {"id": "a", "count": 1, "tags": ["x"], "seen": {"s"}}
    answer = table.update_item(
        Key={"id": "a"},
        UpdateExpression="SET tags[5] = :y, #n = #n + :one DELETE seen :seen",
        ExpressionAttributeNames={"#n": "count"},
        ExpressionAttributeValues={":one": 1, ":y": "y", ":seen": {"s"}},
        ReturnValues="UPDATED_NEW",
    )
    assert answer["Attributes"]["count"] == 2
    assert table.get_item(Key={"id": "a"})["Item"] == {"id": "a", "count": 2, "tags": ["x", "y"]}
    with refused("ConditionalCheckFailedException", 400, "The conditional request failed") as caught:
        table.update_item(
            Key={"id": "a"},
            UpdateExpression="SET z = :v",
            ConditionExpression=Attr("count").lt(2),
            ExpressionAttributeValues={":v": 1},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"]["count"] == {"N": "2"}


def test_a_query_pages_through_a_partition_in_both_orders():
    table = RESOURCE.Table(make(sort="at", kind="N"))
    with table.batch_writer() as batch:
        for at in range(-5, 30):
            batch.put_item(Item={"id": "a", "at": at, "even": at % 2 == 0})
            batch.put_item(Item={"id": "b", "at": at})
    found, start = [], {}
    while True:
        page = table.query(KeyConditionExpression=Key("id").eq("a") & Key("at").between(-2, 20), Limit=7, **start)
        found += [int(item["at"]) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == list(range(-2, 21))
    newest = table.query(KeyConditionExpression=Key("id").eq("a"), ScanIndexForward=False, Limit=2)["Items"]
    assert [int(item["at"]) for item in newest] == [29, 28]
    counted = table.query(KeyConditionExpression=Key("id").eq("a"), FilterExpression=Attr("even").eq(True), Select="COUNT")
    assert (counted["Count"], counted["ScannedCount"], counted.get("Items")) == (17, 35, None)
    described = DYNAMODB.describe_table(TableName=table.name)["Table"]
    assert described["ItemCount"] == 70


def test_a_scan_in_segments_finds_every_item_once():
    table = RESOURCE.Table(make())
    with table.batch_writer() as batch:
        for number in range(100):
            batch.put_item(Item={"id": str(number)})
    found = []
    for segment in range(4):
        found += [item["id"] for item in table.scan(Segment=segment, TotalSegments=4)["Items"]]
    assert sorted(found, key=int) == [str(number) for number in range(100)]


def test_a_page_ends_at_a_megabyte():
    table = RESOURCE.Table(make())
    for number in range(6):
        table.put_item(Item={"id": str(number), "body": "x" * 390_000})
    page = table.scan()
    assert page["Count"] == 2 and "LastEvaluatedKey" in page
    with refused("ValidationException", 400, "Item size has exceeded the maximum allowed size"):
        table.put_item(Item={"id": "large", "body": "x" * 410_000})


@pytest.mark.parametrize(
    "request_, text",
    [
        ({"Key": {"no": {"S": "a"}}}, "The provided key element does not match the schema"),
        ({"Key": {"id": {"N": "1"}}}, "The provided key element does not match the schema"),
        (
            {"Key": {"id": {"S": "a"}}, "ProjectionExpression": "a b"},
            'Invalid ProjectionExpression: Syntax error; token: "b", near: "a b"',
        ),
        (
            {"Key": {"id": {"S": "a"}}, "ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"Key": {"id": {"S": ""}}},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: id",
        ),
    ],
)
def test_a_get_that_is_wrong_is_told_so(request_, text):
    with refused("ValidationException", 400, text):
        DYNAMODB.get_item(TableName=make(), **request_)
