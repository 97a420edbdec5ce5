"""Functions: made, described, listed, changed and deleted, with Lambda's checks and texts."""

import base64
import hashlib
import re

import pytest
from nought import ACCOUNT, LAMBDA, PYTHON, REGION, ROLE, arn, client, guest_zip, make, python, refused, succeed, zip_of

HELLO = "def handler(event, context):\n    return 'hello'\n"
CODE = zip_of({"app.py": HELLO})


def create(name, **changes):
    settings = {
        "FunctionName": name,
        "Runtime": PYTHON,
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": CODE},
    }
    return LAMBDA.create_function(**{**settings, **changes})


def test_a_new_function_is_described_as_lambda_describes_it():
    made = create(
        "described",
        Description="says hello",
        Timeout=7,
        MemorySize=256,
        Environment={"Variables": {"WHO": "1"}},
        EphemeralStorage={"Size": 1024},
        Architectures=["x86_64"],
        Tags={"team": "blue"},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionName"] == "described"
    assert made["FunctionArn"] == arn("described")
    assert made["Runtime"] == PYTHON
    assert made["Role"] == ROLE
    assert made["Handler"] == "app.handler"
    assert made["CodeSize"] == len(CODE)
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(CODE).digest()).decode()
    assert made["Description"] == "says hello"
    assert made["Timeout"] == 7
    assert made["MemorySize"] == 256
    assert made["Environment"] == {"Variables": {"WHO": "1"}}
    assert made["EphemeralStorage"] == {"Size": 1024}
    assert made["Architectures"] == ["x86_64"]
    assert made["Version"] == "$LATEST"
    assert made["PackageType"] == "Zip"
    assert made["TracingConfig"] == {"Mode": "PassThrough"}
    assert made["State"] in ("Pending", "Active")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["LastModified"])
    assert re.fullmatch(r"[0-9a-f-]{36}", made["RevisionId"])
    LAMBDA.get_waiter("function_active_v2").wait(FunctionName="described", WaiterConfig={"Delay": 1})
    got = LAMBDA.get_function(FunctionName="described")
    assert got["Configuration"]["State"] == "Active"
    assert got["Configuration"]["LastUpdateStatus"] == "Successful"
    assert got["Code"]["RepositoryType"] == "S3"
    assert got["Tags"] == {"team": "blue"}


def test_defaults_are_lambdas():
    made = create("defaults")
    assert (made["Timeout"], made["MemorySize"], made["Description"]) == (3, 128, "")
    assert made["EphemeralStorage"] == {"Size": 512}
    assert "Environment" not in made or made["Environment"] == {"Variables": {}}


def test_a_name_is_taken_once():
    create("taken")
    with refused("ResourceConflictException", 409, "Function already exist: taken"):
        create("taken")


@pytest.mark.parametrize(
    "form",
    [
        "{name}",
        "function:{name}",
        "{account}:{name}",
        "{account}:function:{name}",
        "{region}:{account}:function:{name}",
        "arn:aws:lambda:{region}:{account}:function:{name}",
    ],
)
def test_a_function_is_found_by_every_form_of_its_name(form):
    name = make(CODE)
    given = form.format(name=name, account=ACCOUNT, region=REGION)
    assert LAMBDA.get_function(FunctionName=given)["Configuration"]["FunctionName"] == name
    assert succeed(given) == "hello"


def test_a_qualifier_may_stand_in_the_name():
    name = make(CODE)
    LAMBDA.publish_version(FunctionName=name)
    for given in (f"{name}:1", arn(name, "1"), f"{ACCOUNT}:function:{name}:1"):
        assert LAMBDA.get_function_configuration(FunctionName=given)["Version"] == "1"
    with refused("InvalidParameterValueException", 400, "The derived qualifier from the function name does not match"):
        LAMBDA.get_function(FunctionName=f"{name}:1", Qualifier="2")


@pytest.mark.parametrize(
    "call",
    [
        lambda: LAMBDA.get_function(FunctionName="missing"),
        lambda: LAMBDA.get_function_configuration(FunctionName="missing"),
        lambda: LAMBDA.delete_function(FunctionName="missing"),
        lambda: LAMBDA.invoke(FunctionName="missing"),
        lambda: LAMBDA.update_function_code(FunctionName="missing", ZipFile=CODE),
        lambda: LAMBDA.update_function_configuration(FunctionName="missing", Timeout=5),
        lambda: LAMBDA.publish_version(FunctionName="missing"),
        lambda: LAMBDA.put_function_concurrency(FunctionName="missing", ReservedConcurrentExecutions=1),
        lambda: LAMBDA.list_versions_by_function(FunctionName="missing"),
    ],
)
def test_a_missing_function_is_not_found(call):
    with refused("ResourceNotFoundException", 404, f"Function not found: {arn('missing')}"):
        call()


def test_a_missing_version_is_not_found_by_its_own_arn():
    name = make(CODE)
    with refused("ResourceNotFoundException", 404, f"Function not found: {arn(name, '9')}"):
        LAMBDA.get_function(FunctionName=name, Qualifier="9")


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"FunctionName": "bad name"}, "Value 'bad name' at 'functionName' failed to satisfy constraint: Member must"),
        ({"MemorySize": 64}, "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"),
        ({"MemorySize": 20000}, "at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to"),
        ({"Timeout": 0}, "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ({"EphemeralStorage": {"Size": 100}}, "at 'ephemeralStorage.size' failed to satisfy constraint"),
        ({"Role": "nobody"}, "Value 'nobody' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern"),
        ({"Handler": "a b"}, "at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern"),
        ({"Architectures": ["sparc"]}, "at 'architectures' failed to satisfy constraint"),
    ],
)
def test_values_out_of_bounds_are_named_as_lambda_names_them(changes, text):
    with refused("ValidationException", 400, text):
        create("never", **changes)


def test_two_wrong_values_are_both_named():
    with refused("ValidationException", 400, "2 validation errors detected: "):
        create("never", MemorySize=1, Timeout=0)


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"Runtime": "python9.9"}, "Value python9.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set"),
        ({"Timeout": 901}, "'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "reserved keys that are currently not supported for modification"),
        ({"Environment": {"Variables": {"WHO": "x" * 5000}}}, "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit"),
    ],
)
def test_values_that_cannot_be_are_refused(changes, text):
    with refused(caught_code(changes), 400, text):
        create("never", **changes)


def caught_code(changes):
    return "ValidationException" if "Timeout" in changes else "InvalidParameterValueException"


def test_a_function_must_have_code():
    with refused("InvalidParameterValueException", 400):
        create("never", Code={})


def test_the_list_has_every_function_in_pages():
    names = {f"page-{number}" for number in range(5)}
    for name in names:
        create(name)
    pages = list(LAMBDA.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) >= 3
    listed = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))
    assert all(len(page["Functions"]) <= 2 for page in pages)


def test_a_bad_marker_is_refused():
    with refused("InvalidParameterValueException", 400):
        LAMBDA.list_functions(Marker="not a marker")


def test_regions_do_not_see_each_other():
    create("regional")
    elsewhere = client("lambda", region_name="eu-central-1")
    with refused("ResourceNotFoundException", 404, "arn:aws:lambda:eu-central-1:"):
        elsewhere.get_function(FunctionName="regional")
    assert elsewhere.list_functions()["Functions"] == []
    with refused("ResourceNotFoundException", 404):
        elsewhere.get_function(FunctionName=arn("regional"))


def test_new_code_answers_at_once_and_changes_the_revision():
    name = python(HELLO)
    before = LAMBDA.get_function_configuration(FunctionName=name)
    assert succeed(name) == "hello"
    code = zip_of({"app.py": HELLO.replace("hello", "new")})
    changed = LAMBDA.update_function_code(FunctionName=name, ZipFile=code)
    assert changed["RevisionId"] != before["RevisionId"]
    assert changed["CodeSha256"] != before["CodeSha256"]
    assert changed["LastUpdateStatus"] in ("InProgress", "Successful")
    LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert succeed(name) == "new"


def test_new_configuration_reaches_the_function():
    name = python("import os\ndef handler(event, context):\n    return [os.environ.get('WHO'), context.memory_limit_in_mb]\n")
    assert succeed(name)[0] is None
    LAMBDA.update_function_configuration(FunctionName=name, MemorySize=192, Environment={"Variables": {"WHO": "me"}})
    LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    who, memory = succeed(name)
    assert (who, int(memory)) == ("me", 192)


def test_a_stale_revision_is_refused():
    name = make(CODE)
    stale = LAMBDA.get_function_configuration(FunctionName=name)["RevisionId"]
    LAMBDA.update_function_configuration(FunctionName=name, Description="changed", RevisionId=stale)
    LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    text = "The Revision Id provided does not match the latest Revision Id"
    for call in (
        lambda: LAMBDA.update_function_configuration(FunctionName=name, Description="no", RevisionId=stale),
        lambda: LAMBDA.update_function_code(FunctionName=name, ZipFile=CODE, RevisionId=stale),
        lambda: LAMBDA.publish_version(FunctionName=name, RevisionId=stale),
    ):
        with refused("PreconditionFailedException", 412, text):
            call()


def test_a_dry_run_of_new_code_changes_nothing():
    name = python(HELLO)
    before = LAMBDA.get_function_configuration(FunctionName=name)
    code = zip_of({"app.py": HELLO.replace("hello", "new")})
    answer = LAMBDA.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)
    assert answer["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    after = LAMBDA.get_function_configuration(FunctionName=name)
    assert after["CodeSha256"] == before["CodeSha256"]
    assert succeed(name) == "hello"


def test_a_deleted_function_is_gone_and_its_name_is_free():
    name = make(CODE)
    assert LAMBDA.delete_function(FunctionName=name)["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("ResourceNotFoundException", 404):
        LAMBDA.get_function(FunctionName=name)
    with refused("ResourceNotFoundException", 404):
        LAMBDA.invoke(FunctionName=name)
    make(CODE, name=name)
    assert succeed(name) == "hello"


def test_tags_are_put_listed_and_removed():
    name = make(CODE, Tags={"a": "1"})
    LAMBDA.tag_resource(Resource=arn(name), Tags={"b": "2", "c": "3"})
    assert LAMBDA.list_tags(Resource=arn(name))["Tags"] == {"a": "1", "b": "2", "c": "3"}
    LAMBDA.untag_resource(Resource=arn(name), TagKeys=["a", "c"])
    assert LAMBDA.list_tags(Resource=arn(name))["Tags"] == {"b": "2"}
    with refused("ResourceNotFoundException", 404):
        LAMBDA.list_tags(Resource=arn("missing"))


def test_account_settings_count_functions_and_code():
    make(CODE)
    settings = LAMBDA.get_account_settings()
    assert settings["AccountUsage"]["FunctionCount"] >= 1
    assert settings["AccountUsage"]["TotalCodeSize"] >= len(CODE)
    assert settings["AccountLimit"]["ConcurrentExecutions"] >= 1
    assert settings["AccountLimit"]["CodeSizeZipped"] == 52428800
    assert settings["AccountLimit"]["CodeSizeUnzipped"] == 262144000


def test_another_version_of_the_interpreter_is_said_in_the_state_reason():
    name = python(HELLO, runtime="python3.9" if PYTHON != "python3.9" else "python3.12")
    described = LAMBDA.get_function_configuration(FunctionName=name)
    assert described["State"] == "Active"
    assert PYTHON in described["StateReason"]
    assert succeed(name) == "hello"


def test_an_operation_that_does_not_exist_yet_says_so():
    for call in (
        lambda: LAMBDA.list_layers(),
        lambda: LAMBDA.create_event_source_mapping(FunctionName="x", EventSourceArn="arn:aws:sqs:us-east-1:0:q"),
    ):
        with pytest.raises(Exception) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 501)


def test_a_large_package_is_deployed_whole():
    filler = bytes((n * 7919 + (n >> 8)) & 0xFF for n in range(3_000_000))
    name = make(guest_zip("zip-python", **{"filler.bin": filler}))
    assert "filler.bin" in succeed(name, {"do": "files"})["listing"]


def test_functions_of_another_account_are_not_shown():
    with refused("AccessDeniedException", 403, "123456789012"):
        LAMBDA.get_function(FunctionName=f"arn:aws:lambda:{REGION}:123456789012:function:other")
