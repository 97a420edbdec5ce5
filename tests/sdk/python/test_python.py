"""Python functions: what the managed runtime gives them and what it says when they fail."""

import json
import re

import pytest
from nought import ACCOUNT, LAMBDA, REGION, fail, guest_zip, invoke, make, python, succeed, tail, zip_of

BEHAVE = guest_zip("zip-python")


@pytest.fixture(scope="module")
def behave():
    return make(BEHAVE, MemorySize=256, Timeout=30, Environment={"Variables": {"MINE": "yes", "PATH_LIKE": "a=b;c"}})


def test_the_environment_is_lambdas(behave):
    about = succeed(behave, {"do": "about"})
    environment = about["environment"]
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": behave,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{behave}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
        "MINE": "yes",
        "PATH_LIKE": "a=b;c",
    }
    assert {name: environment.get(name) for name in expected} == expected
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_LOG_STREAM_NAME", "LANG"):
        assert environment.get(name), name
    assert environment["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_python3.")
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert about["cwd"] == "/var/task"
    assert about["uid"] != 0


def test_nothing_of_the_host_environment_leaks(behave):
    environment = succeed(behave, {"do": "about"})["environment"]
    assert not [name for name in environment if name.startswith(("NOUGHT_", "CARGO", "PYTEST", "RUST"))]
    assert environment.get("HOME", "/tmp") in ("/tmp", "/var/task", "/home/sbx_user1051", "/")


def test_the_context_is_lambdas(behave):
    about, answer = invoke(behave, {"do": "about"})
    assert about["aws_request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert about["function_name"] == behave
    assert about["function_version"] == "$LATEST"
    assert about["invoked_function_arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{behave}"
    assert int(about["memory_limit_in_mb"]) == 256
    assert about["log_group_name"] == f"/aws/lambda/{behave}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", about["log_stream_name"])
    assert 25_000 < about["remaining"] <= 30_000
    assert about["client"] is None
    assert about["identity"] is None


def test_the_remaining_time_runs_down(behave):
    slept = succeed(behave, {"do": "sleep", "seconds": 0.5})
    assert 400 <= slept["before"] - slept["after"] <= 1500


def test_a_warm_environment_is_used_again(behave):
    first = succeed(behave, {"do": "about"})
    second = succeed(behave, {"do": "about"})
    assert second["pid"] == first["pid"]
    assert second["calls"] == first["calls"] + 1
    assert second["log_stream_name"] == first["log_stream_name"]


def test_tmp_is_private_kept_while_warm_and_the_code_is_read_only():
    name, other = make(BEHAVE), make(BEHAVE)
    first = succeed(name, {"do": "files"})
    assert first["seen"] is False
    assert first["task"].startswith("errno")
    assert first["listing"] == ["app.py"]
    assert succeed(name, {"do": "files"})["seen"] is True
    assert succeed(other, {"do": "files"})["seen"] is False


def test_a_handler_in_a_package_and_a_sibling_module_are_found():
    files = {
        "pkg/__init__.py": "",
        "pkg/mod.py": "import sibling\ndef run(event, context):\n    return sibling.VALUE\n",
        "sibling.py": "VALUE = 42\n",
    }
    assert succeed(make(zip_of(files), handler="pkg.mod.run")) == 42
    assert succeed(make(zip_of(files), handler="pkg/mod.run")) == 42


def test_print_logging_and_stderr_reach_the_log():
    source = """
import logging, sys
log = logging.getLogger()
log.setLevel("INFO")
def handler(event, context):
    print("printed")
    print("to stderr", file=sys.stderr)
    log.info("logged")
    log.error("bad things")
"""
    _, answer = invoke(python(source), LogType="Tail")
    text, request_id = tail(answer), answer["ResponseMetadata"]["RequestId"]
    assert "printed\n" in text and "to stderr\n" in text
    assert re.search(rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request_id}\tlogged", text), text
    assert re.search(rf"\[ERROR\]\t\S+\t{request_id}\tbad things", text), text


def test_a_raised_error_has_type_message_and_stack():
    source = "class Mine(Exception):\n    pass\n\ndef deep():\n    raise Mine('why')\n\ndef handler(event, context):\n    deep()\n"
    document, answer = invoke(python(source))
    assert document["errorType"] == "Mine"
    assert document["errorMessage"] == "why"
    assert document["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert document["stackTrace"] == [
        '  File "/var/task/app.py", line 8, in handler\n    deep()\n',
        "  File \"/var/task/app.py\", line 5, in deep\n    raise Mine('why')\n",
    ]


def test_an_environment_survives_a_raised_error():
    name = make(BEHAVE)
    before = succeed(name, {"do": "about"})
    assert fail(name, {"do": "fail", "message": "m"})["errorMessage"] == "m"
    after = succeed(name, {"do": "about"})
    assert (after["pid"], after["calls"]) == (before["pid"], before["calls"] + 2)


@pytest.mark.parametrize(
    "source, handler, kind, text",
    [
        ("def handler(e, c): pass\n", "nope.handler", "Runtime.ImportModuleError", "Unable to import module 'nope': No module named 'nope'"),
        ("def handler(e, c): pass\n", "app.nope", "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'app'"),
        ("def handler(e, c): pass\n", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("import not_there\ndef handler(e, c): pass\n", "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'not_there'"),
        ("def handler(e, c)\n", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise ValueError('at import')\n", "app.handler", "ValueError", "at import"),
    ],
)
def test_a_function_that_cannot_start_says_why(source, handler, kind, text):
    name = python(source, handler=handler)
    for _ in range(2):
        document = fail(name)
        assert document["errorType"] == kind
        assert text in document["errorMessage"]


@pytest.mark.parametrize("code, text", [(0, "Runtime exited without providing a reason"), (3, "Runtime exited with error: exit status 3")])
def test_an_exit_is_an_error_and_the_next_invocation_runs(code, text):
    name = make(BEHAVE)
    document = fail(name, {"do": "exit", "code": code})
    assert document["errorType"] == "Runtime.ExitError"
    assert text in document["errorMessage"]
    assert document["errorMessage"].startswith("RequestId: ")
    assert succeed(name, {"do": "about"})["calls"] == 1


def test_a_killed_process_is_an_error():
    name = make(BEHAVE)
    document = fail(name, {"do": "die"})
    assert document["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in document["errorMessage"]
    succeed(name)


def test_an_answer_that_is_not_json_is_a_marshal_error(behave):
    document = fail(behave, {"do": "unprintable"})
    assert document["errorType"] == "Runtime.MarshalError"
    assert "Unable to marshal response: Object of type set is not JSON serializable" in document["errorMessage"]


def test_answers_of_every_json_kind_come_back():
    name = python("import decimal\ndef handler(event, context):\n    return eval(event)\n")
    for source, value in [("None", None), ("[1, 'ü']", [1, "ü"]), ("{'a': {}}", {"a": {}}), ("1.5", 1.5), ("'😀'", "😀")]:
        assert succeed(name, source) == value


def test_the_init_is_logged_once_and_timed():
    name = python("import time\ntime.sleep(0.3)\nprint('initialising')\ndef handler(event, context):\n    return 1\n")
    _, answer = invoke(name, LogType="Tail")
    init = float(re.search(r"Init Duration: ([\d.]+) ms", tail(answer)).group(1))
    assert 300 <= init < 5000
    _, answer = invoke(name, LogType="Tail")
    assert "initialising" not in tail(answer) and "Init Duration" not in tail(answer)


def test_billed_duration_is_the_duration_rounded_up():
    _, answer = invoke(make(BEHAVE), {"do": "sleep", "seconds": 0.25}, LogType="Tail")
    duration = float(re.search(r"\tDuration: ([\d.]+) ms", tail(answer)).group(1))
    billed = int(re.search(r"Billed Duration: (\d+) ms", tail(answer)).group(1))
    assert 250 <= duration < billed + 1
    assert billed >= duration


def test_what_is_left_running_does_not_hold_the_answer():
    name = make(BEHAVE)
    assert succeed(name, {"do": "spawn"})["child"] > 0
    LAMBDA.delete_function(FunctionName=name)


def test_functions_of_the_same_code_do_not_share_processes():
    first, second = make(BEHAVE), make(BEHAVE)
    assert succeed(first, {"do": "about"})["calls"] == 1
    assert succeed(second, {"do": "about"})["calls"] == 1


def test_a_document_with_lone_surrogates_is_kept():
    name = python("def handler(event, context):\n    return len(event)\n")
    assert succeed(name, json.dumps("\ud800x").encode()) == 2
