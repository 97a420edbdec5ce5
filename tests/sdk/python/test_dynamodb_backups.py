"""Backups and the past of tables as boto3 sees them."""

import time

from nought import refused, until
from test_dynamodb_items import DYNAMODB, RESOURCE, make


def active(name):
    until(lambda: DYNAMODB.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")
    return DYNAMODB.describe_table(TableName=name)["Table"]


def ids(name):
    return sorted(item["id"] for item in RESOURCE.Table(name).scan()["Items"])


def test_a_table_is_backed_up_and_restored_under_another_name():
    source = make()
    for number in range(5):
        RESOURCE.Table(source).put_item(Item={"id": str(number), "n": number})
    made = DYNAMODB.create_backup(TableName=source, BackupName="first")["BackupDetails"]
    assert made["BackupStatus"] in ("CREATING", "AVAILABLE") and made["BackupType"] == "USER"
    assert f":table/{source}/backup/" in made["BackupArn"]
    arn = made["BackupArn"]
    describe = lambda: DYNAMODB.describe_backup(BackupArn=arn)["BackupDescription"]
    until(lambda: describe()["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    assert describe()["SourceTableDetails"]["ItemCount"] == 5
    RESOURCE.Table(source).delete_item(Key={"id": "0"})

    listed = DYNAMODB.list_backups(TableName=source)["BackupSummaries"]
    assert [backup["BackupArn"] for backup in listed] == [arn]
    assert arn in [backup["BackupArn"] for backup in DYNAMODB.list_backups()["BackupSummaries"]]

    target = f"{source}-restored"
    asked = DYNAMODB.restore_table_from_backup(TargetTableName=target, BackupArn=arn)["TableDescription"]
    assert asked["TableStatus"] == "CREATING" and asked["RestoreSummary"]["SourceBackupArn"] == arn
    described = active(target)
    assert described["RestoreSummary"]["RestoreInProgress"] is False
    assert described["ItemCount"] == 5
    assert ids(target) == ["0", "1", "2", "3", "4"]
    with refused("TableAlreadyExistsException", 400, f"Table already exists: {target}"):
        DYNAMODB.restore_table_from_backup(TargetTableName=target, BackupArn=arn)

    DYNAMODB.delete_table(TableName=source)
    deleted = DYNAMODB.delete_backup(BackupArn=arn)["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
    with refused("BackupNotFoundException", 400, f"Backup not found: {arn}"):
        describe()
    with refused("TableNotFoundException", 400, f"Table not found: {source}"):
        DYNAMODB.create_backup(TableName=source, BackupName="second")


def test_a_table_is_restored_to_a_point_in_time():
    source = make()
    table = RESOURCE.Table(source)
    continuous = lambda: DYNAMODB.describe_continuous_backups(TableName=source)["ContinuousBackupsDescription"]
    assert continuous() == {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }
    with refused("PointInTimeRecoveryUnavailableException", 400):
        DYNAMODB.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=f"{source}-never", UseLatestRestorableTime=True
        )
    table.put_item(Item={"id": "kept"})
    table.put_item(Item={"id": "changed", "v": 1})
    DYNAMODB.update_continuous_backups(
        TableName=source, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    recovery = continuous()["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED" and recovery["RecoveryPeriodInDays"] == 35
    time.sleep(1.2)
    then = int(time.time())
    time.sleep(1.2)
    table.put_item(Item={"id": "changed", "v": 2})
    table.put_item(Item={"id": "new"})
    table.delete_item(Key={"id": "kept"})

    at, latest = f"{source}-at", f"{source}-latest"
    asked = DYNAMODB.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=at, RestoreDateTime=then
    )["TableDescription"]
    assert asked["RestoreSummary"]["SourceTableArn"].endswith(f"table/{source}")
    DYNAMODB.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=latest, UseLatestRestorableTime=True
    )
    active(at), active(latest)
    assert ids(at) == ["changed", "kept"]
    assert RESOURCE.Table(at).get_item(Key={"id": "changed"})["Item"]["v"] == 1
    assert ids(latest) == ["changed", "new"]
    with refused("InvalidRestoreTimeException", 400):
        DYNAMODB.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=f"{source}-early", RestoreDateTime=then - 1000
        )
    DYNAMODB.delete_table(TableName=source)
    system = lambda: DYNAMODB.list_backups(TableName=source, BackupType="SYSTEM")["BackupSummaries"]
    assert [backup["BackupName"] for backup in system()] == [f"{source}$DeletedTableBackup"]


def test_what_is_not_there_is_off():
    source = make()
    insights = DYNAMODB.describe_contributor_insights(TableName=source)
    assert insights["ContributorInsightsStatus"] == "DISABLED"
    destination = DYNAMODB.describe_kinesis_streaming_destination(TableName=source)
    assert destination["KinesisDataStreamDestinations"] == []
    with refused("NotImplementedException"):
        DYNAMODB.update_contributor_insights(TableName=source, ContributorInsightsAction="ENABLE")
