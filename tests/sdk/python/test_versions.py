"""Versions, aliases, permissions, function URL configurations and reserved concurrency."""

import collections
import json
import re

import pytest
from nought import LAMBDA, REGION, arn, fail, invoke, make, python, refused, succeed, zip_of

SAYS = "import os\ndef handler(event, context):\n    return ['{}', context.function_version, context.invoked_function_arn]\n"


def says(word):
    return zip_of({"app.py": SAYS.format(word)})


def settled(name):
    LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def two_versions():
    name = make(says("one"))
    first = LAMBDA.publish_version(FunctionName=name, Description="first")
    LAMBDA.update_function_code(FunctionName=name, ZipFile=says("two"))
    settled(name)
    second = LAMBDA.publish_version(FunctionName=name)
    return name, first, second


def test_a_published_version_never_changes():
    name, first, second = two_versions()
    assert (first["Version"], second["Version"]) == ("1", "2")
    assert first["FunctionArn"] == arn(name, "1")
    assert first["Description"] == "first"
    LAMBDA.update_function_code(FunctionName=name, ZipFile=says("three"))
    settled(name)
    assert succeed(name, Qualifier="1") == ["one", "1", arn(name, "1")]
    assert succeed(name, Qualifier="2") == ["two", "2", arn(name, "2")]
    assert succeed(name) == ["three", "$LATEST", arn(name)]
    assert succeed(name, Qualifier="$LATEST") == ["three", "$LATEST", arn(name, "$LATEST")]
    versions = LAMBDA.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]


def test_publishing_what_has_not_changed_gives_the_same_version():
    name = make(says("one"))
    assert LAMBDA.publish_version(FunctionName=name)["Version"] == "1"
    assert LAMBDA.publish_version(FunctionName=name)["Version"] == "1"


def test_publishing_other_code_than_expected_is_refused():
    name = make(says("one"))
    with refused("InvalidParameterValueException", 400, "CodeSHA256"):
        LAMBDA.publish_version(FunctionName=name, CodeSha256="AAAA")


def test_create_and_update_may_publish():
    name = make(says("one"), Publish=True)
    assert LAMBDA.get_function(FunctionName=name, Qualifier="1")["Configuration"]["Version"] == "1"
    changed = LAMBDA.update_function_code(FunctionName=name, ZipFile=says("two"), Publish=True)
    assert changed["Version"] == "2"


def test_a_version_is_deleted_alone_and_its_number_never_returns():
    name, _, _ = two_versions()
    LAMBDA.delete_function(FunctionName=name, Qualifier="2")
    with refused("ResourceNotFoundException", 404):
        LAMBDA.get_function(FunctionName=name, Qualifier="2")
    assert succeed(name, Qualifier="1")[0] == "one"
    LAMBDA.update_function_code(FunctionName=name, ZipFile=says("three"))
    settled(name)
    assert LAMBDA.publish_version(FunctionName=name)["Version"] == "3"
    with refused("InvalidParameterValueException", 400, "$LATEST version cannot be deleted without deleting the function"):
        LAMBDA.delete_function(FunctionName=name, Qualifier="$LATEST")


def test_a_version_with_an_alias_stays():
    name, _, _ = two_versions()
    LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    with refused("ResourceConflictException", 409):
        LAMBDA.delete_function(FunctionName=name, Qualifier="1")


def test_an_alias_points_moves_and_goes():
    name, _, _ = two_versions()
    made = LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="it")
    assert made["AliasArn"] == arn(name, "live")
    assert (made["Name"], made["FunctionVersion"], made["Description"]) == ("live", "1", "it")
    assert re.fullmatch(r"[0-9a-f-]{36}", made["RevisionId"])
    assert succeed(name, Qualifier="live") == ["one", "1", arn(name, "live")]
    moved = LAMBDA.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert moved["Description"] == "it"
    assert succeed(f"{name}:live") == ["two", "2", arn(name, "live")]
    assert LAMBDA.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"
    assert [alias["Name"] for alias in LAMBDA.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    assert LAMBDA.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"] == []
    with refused("PreconditionFailedException", 412):
        LAMBDA.update_alias(FunctionName=name, Name="live", FunctionVersion="1", RevisionId=made["RevisionId"])
    LAMBDA.delete_alias(FunctionName=name, Name="live")
    with refused("ResourceNotFoundException", 404, f"Cannot find alias arn: {arn(name, 'live')}"):
        LAMBDA.get_alias(FunctionName=name, Name="live")
    with refused("ResourceNotFoundException", 404):
        LAMBDA.invoke(FunctionName=name, Qualifier="live")


def test_aliases_are_checked():
    name, _, _ = two_versions()
    LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    with refused("ResourceConflictException", 409, "Alias already exists"):
        LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    with refused("ValidationException", 400, "at 'name' failed to satisfy constraint"):
        LAMBDA.create_alias(FunctionName=name, Name="7", FunctionVersion="1")
    with refused("ResourceNotFoundException", 404):
        LAMBDA.create_alias(FunctionName=name, Name="other", FunctionVersion="77")


def test_a_weighted_alias_shares_invocations_between_two_versions():
    name, _, _ = two_versions()
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    made = LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    assert made["RoutingConfig"] == weights
    counts = collections.Counter()
    for _ in range(60):
        answer = LAMBDA.invoke(FunctionName=name, Qualifier="live")
        document = json.loads(answer["Payload"].read())
        assert answer["ExecutedVersion"] == document[1]
        counts[document[1]] += 1
    assert counts["1"] > 10 and counts["2"] > 10, counts
    LAMBDA.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {succeed(name, Qualifier="live")[1] for _ in range(10)} == {"1"}
    with refused("ValidationException", 400, "Map keys must satisfy constraint"):
        LAMBDA.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.5}})


def test_permissions_make_a_policy_and_leave_it():
    name = make(says("one"))
    with refused("ResourceNotFoundException", 404, "The resource you requested does not exist."):
        LAMBDA.get_policy(FunctionName=name)
    added = LAMBDA.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="000000000000",
    )
    statement = {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn(name),
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "000000000000"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        },
    }
    assert json.loads(added["Statement"]) == statement
    LAMBDA.add_permission(FunctionName=name, StatementId="user", Action="lambda:*", Principal="123456789012")
    got = LAMBDA.get_policy(FunctionName=name)
    policy = json.loads(got["Policy"])
    assert (policy["Version"], policy["Id"]) == ("2012-10-17", "default")
    assert policy["Statement"][0] == statement
    assert policy["Statement"][1]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert re.fullmatch(r"[0-9a-f-]{36}", got["RevisionId"])
    with refused("ResourceConflictException", 409, "The statement id (user) provided already exists"):
        LAMBDA.add_permission(FunctionName=name, StatementId="user", Action="lambda:*", Principal="123456789012")
    LAMBDA.remove_permission(FunctionName=name, StatementId="s3")
    with refused("ResourceNotFoundException", 404, "Statement s3 is not found in resource policy"):
        LAMBDA.remove_permission(FunctionName=name, StatementId="s3")
    LAMBDA.remove_permission(FunctionName=name, StatementId="user")
    with refused("ResourceNotFoundException", 404):
        LAMBDA.get_policy(FunctionName=name)


def test_permissions_of_an_alias_are_its_own():
    name, _, _ = two_versions()
    LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    LAMBDA.add_permission(
        FunctionName=name, Qualifier="live", StatementId="a", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    policy = json.loads(LAMBDA.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"] == arn(name, "live")
    with refused("ResourceNotFoundException", 404):
        LAMBDA.get_policy(FunctionName=name)


def test_a_url_configuration_is_made_changed_and_deleted():
    name = make(says("one"))
    with refused("ResourceNotFoundException", 404, "The resource you requested does not exist."):
        LAMBDA.get_function_url_config(FunctionName=name)
    cors = {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60}
    made = LAMBDA.create_function_url_config(FunctionName=name, AuthType="NONE", Cors=cors)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert f".lambda-url.{REGION}." in made["FunctionUrl"] and made["FunctionUrl"].endswith("/")
    assert made["FunctionArn"] == arn(name)
    assert (made["AuthType"], made["Cors"]) == ("NONE", cors)
    assert made.get("InvokeMode", "BUFFERED") == "BUFFERED"
    with refused("ResourceConflictException", 409, "FunctionUrlConfig exists for this Lambda function"):
        LAMBDA.create_function_url_config(FunctionName=name, AuthType="NONE")
    changed = LAMBDA.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert changed["FunctionUrl"] == made["FunctionUrl"]
    assert changed["AuthType"] == "AWS_IAM"
    listed = LAMBDA.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert [one["FunctionUrl"] for one in listed] == [made["FunctionUrl"]]
    LAMBDA.delete_function_url_config(FunctionName=name)
    with refused("ResourceNotFoundException", 404):
        LAMBDA.get_function_url_config(FunctionName=name)


def test_reserved_concurrency_is_put_read_and_deleted():
    name = make(says("one"))
    assert "ReservedConcurrentExecutions" not in LAMBDA.get_function_concurrency(FunctionName=name)
    put = LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    assert put["ReservedConcurrentExecutions"] == 5
    assert LAMBDA.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 5
    assert LAMBDA.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    LAMBDA.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in LAMBDA.get_function_concurrency(FunctionName=name)


def test_a_function_with_no_concurrency_is_throttled():
    name = make(says("one"))
    LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException", 429, "Rate Exceeded.") as caught:
        LAMBDA.invoke(FunctionName=name)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    LAMBDA.delete_function_concurrency(FunctionName=name)
    assert succeed(name)[0] == "one"


def test_reserving_more_than_there_is_is_refused():
    name = make(says("one"))
    with refused("InvalidParameterValueException", 400, "UnreservedConcurrentExecution"):
        LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1_000_000)
    with refused("ValidationException", 400, "reservedConcurrentExecutions"):
        LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=-1)


def test_deleting_a_function_deletes_all_that_belongs_to_it():
    name, _, _ = two_versions()
    LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    LAMBDA.create_function_url_config(FunctionName=name, AuthType="NONE")
    LAMBDA.add_permission(FunctionName=name, StatementId="a", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    LAMBDA.delete_function(FunctionName=name)
    make(says("again"), name=name)
    assert LAMBDA.list_aliases(FunctionName=name)["Aliases"] == []
    assert len(LAMBDA.list_versions_by_function(FunctionName=name)["Versions"]) == 1
    for call in (LAMBDA.get_policy, LAMBDA.get_function_url_config):
        with refused("ResourceNotFoundException", 404):
            call(FunctionName=name)


@pytest.mark.parametrize("qualifier", ["nope", "12"])
def test_a_qualifier_that_is_not_there_is_not_found(qualifier):
    name = make(says("one"))
    with refused("ResourceNotFoundException", 404, f"Function not found: {arn(name, qualifier)}"):
        LAMBDA.invoke(FunctionName=name, Qualifier=qualifier)


def test_a_failing_version_says_which_it_was():
    name = python("def handler(event, context):\n    raise KeyError(context.function_version)\n")
    LAMBDA.publish_version(FunctionName=name)
    assert "1" in fail(name, Qualifier="1")["errorMessage"]
    _, answer = invoke(name, Qualifier="1")
    assert answer["ExecutedVersion"] == "1"
