"""Node functions: module forms, handler styles, context, errors."""

import json

import pytest
from nought import ACCOUNT, NODE, REGION, fail, guest_zip, invoke, make, succeed, tail, zip_of

BEHAVE = guest_zip("zip-node")


def node(files, handler="index.handler", **settings):
    return make(zip_of(files), runtime=NODE, handler=handler, **settings)


@pytest.fixture(scope="module")
def behave():
    return make(BEHAVE, runtime=NODE, handler="index.handler", MemorySize=512, Environment={"Variables": {"MINE": "yes"}})


def test_the_context_and_environment_are_lambdas(behave):
    about, answer = invoke(behave, {"do": "about"})
    assert about["awsRequestId"] == answer["ResponseMetadata"]["RequestId"]
    assert about["functionName"] == behave
    assert about["functionVersion"] == "$LATEST"
    assert about["invokedFunctionArn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{behave}"
    assert int(about["memoryLimitInMB"]) == 512
    assert about["logGroupName"] == f"/aws/lambda/{behave}"
    assert 0 < about["remaining"] <= 20_000
    environment = about["environment"]
    assert environment["MINE"] == "yes"
    assert environment["LAMBDA_TASK_ROOT"] == about["cwd"] == "/var/task"
    assert environment["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_nodejs")


def test_a_warm_process_is_used_again(behave):
    first, second = succeed(behave, {"do": "about"}), succeed(behave, {"do": "about"})
    assert (second["pid"], second["calls"]) == (first["pid"], first["calls"] + 1)


@pytest.mark.parametrize(
    "files, handler, answer",
    [
        ({"index.mjs": "export const handler = async () => 'esm';"}, "index.handler", "esm"),
        ({"index.js": "exports.handler = async () => 'cjs';"}, "index.handler", "cjs"),
        ({"index.cjs": "exports.handler = (e, c, done) => done(null, 'callback');"}, "index.handler", "callback"),
        ({"package.json": '{"type":"module"}', "index.js": "export const handler = async () => 'typed';"}, "index.handler", "typed"),
        ({"src/app.js": "exports.run = async () => 'nested';"}, "src/app.run", "nested"),
        ({"index.mjs": "const late = await 'top'; export const handler = async () => late;"}, "index.handler", "top"),
        ({"index.js": "exports.a = { b: async () => 'deep' };"}, "index.a.b", "deep"),
    ],
)
def test_every_form_of_module_and_handler_runs(files, handler, answer):
    assert succeed(node(files, handler)) == answer


def test_a_callback_may_fail():
    name = make(BEHAVE, runtime=NODE, handler="callback.handler")
    assert succeed(name, {"a": 1}) == {"callback": True, "event": {"a": 1}}
    document = fail(name, {"fail": True})
    assert (document["errorType"], document["errorMessage"]) == ("RangeError", "told to fail")


def test_a_thrown_error_has_type_message_and_trace(behave):
    document = fail(behave, {"do": "fail", "message": "why"})
    assert (document["errorType"], document["errorMessage"]) == ("TypeError", "why")
    assert document["trace"][0] == "TypeError: why"
    assert any("/var/task/index.mjs" in line for line in document["trace"])


@pytest.mark.parametrize(
    "files, handler, kind, text",
    [
        ({"index.js": "exports.handler = async () => 1;"}, "nope.handler", "Runtime.ImportModuleError", "Cannot find module 'nope'"),
        ({"index.js": "exports.handler = async () => 1;"}, "index.nope", "Runtime.HandlerNotFound", "index.nope is undefined or not exported"),
        ({"index.js": "exports.handler = 1;"}, "index.handler", "Runtime.HandlerNotFound", "index.handler"),
        ({"index.js": "exports.handler = async () => 1;"}, "handler", "Runtime.MalformedHandlerName", "Bad handler"),
        ({"index.js": "require('not-there');"}, "index.handler", "Runtime.ImportModuleError", "Cannot find module 'not-there'"),
        ({"index.js": "function ("}, "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ({"index.js": "throw new RangeError('at load');"}, "index.handler", "RangeError", "at load"),
    ],
)
def test_a_function_that_cannot_start_says_why(files, handler, kind, text):
    document = fail(node(files, handler))
    assert document["errorType"] == kind
    assert text in document["errorMessage"]


def test_an_exit_is_an_error_and_the_next_invocation_runs(behave):
    document = fail(behave, {"do": "exit", "code": 4})
    assert document["errorType"] == "Runtime.ExitError"
    assert "exit status 4" in document["errorMessage"]
    succeed(behave)


def test_an_unhandled_rejection_is_an_error(behave):
    document = fail(behave, {"do": "reject"})
    assert document["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert "nobody waits for this" in document["errorMessage"]
    succeed(behave)


def test_a_promise_that_never_settles_is_answered_with_null(behave):
    document, answer = invoke(behave, {"do": "never"})
    assert document is None or answer.get("FunctionError") == "Unhandled"


def test_console_lines_carry_time_request_and_level(behave):
    _, answer = invoke(behave, {"do": "say", "text": "a line"}, LogType="Tail")
    text, request_id = tail(answer), answer["ResponseMetadata"]["RequestId"]
    assert f"\t{request_id}\tINFO\ta line\n" in text
    assert f"\t{request_id}\tERROR\terror line\n" in text


def test_timers_and_promises_are_awaited(behave):
    assert succeed(behave, {"do": "sleep", "ms": 50}) == {"slept": 50}


def test_a_value_that_is_no_promise_is_no_answer():
    assert succeed(node({"index.js": "exports.handler = () => 'ignored';"})) is None


def test_undefined_is_null():
    assert succeed(node({"index.js": "exports.handler = async () => undefined;"})) is None


def test_unicode_passes_both_ways(behave):
    assert succeed(behave, {"a": "ü€😀\u2028"}) == {"a": "ü€😀\u2028"}


def test_json_of_a_large_event_passes(behave):
    event = {"list": list(range(100_000))}
    assert succeed(behave, json.dumps(event).encode()) == event
