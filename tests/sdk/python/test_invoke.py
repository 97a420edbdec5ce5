"""Invoke: its types, headers, limits, logs and traces."""

import base64
import json
import re
import threading
import time

from nought import LAMBDA, arn, client, fail, guest_zip, invoke, make, python, refused, succeed, tail

ECHO = "def handler(event, context):\n    return event\n"


def test_an_event_comes_back_as_it_went():
    name = python(ECHO)
    for event in ({"a": [1, 2.5, None, True, "ü€😀"]}, [], "text", 7, None, {"deep": {"er": {}}}):
        document, answer = invoke(name, json.dumps(event).encode())
        assert document == event
        assert answer["StatusCode"] == 200
        assert answer["ExecutedVersion"] == "$LATEST"
        assert re.fullmatch(r"[0-9a-f-]{36}", answer["ResponseMetadata"]["RequestId"])


def test_no_payload_is_an_empty_event():
    name = python("def handler(event, context):\n    return [event]\n")
    answer = LAMBDA.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) in ([{}], [None])


def test_a_payload_that_is_not_json_never_reaches_the_function():
    name = python(ECHO)
    for payload in (b"{", b"nope", b"\xff\xfe", b'{"a": }', b"{} {}"):
        with refused("InvalidRequestContentException", 400, "Could not parse request body into json"):
            LAMBDA.invoke(FunctionName=name, Payload=payload)


def test_a_payload_over_six_mib_is_refused_and_one_below_passes():
    name = python("def handler(event, context):\n    return len(event)\n")
    with refused("RequestEntityTooLargeException", 413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"):
        LAMBDA.invoke(FunctionName=name, Payload=b'"' + b"x" * 6_291_456 + b'"')
    assert succeed(name, b'"' + b"x" * 6_000_000 + b'"') == 6_000_000


def test_an_event_invocation_takes_at_most_one_mib():
    name = python(ECHO)
    text = "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    with refused("RequestEntityTooLargeException", 413, text):
        LAMBDA.invoke(FunctionName=name, InvocationType="Event", Payload=b'"' + b"x" * 1_048_576 + b'"')


def test_an_answer_over_six_mib_is_a_function_error():
    name = make(guest_zip("zip-python"))
    document = fail(name, {"do": "big", "bytes": 6_300_000})
    assert document["errorType"] == "Function.ResponseSizeTooLarge"
    assert "Response payload size exceeded maximum allowed payload size (6291556 bytes)." in document["errorMessage"]
    assert len(succeed(name, {"do": "big", "bytes": 6_200_000})) == 6_200_000


def test_a_dry_run_runs_nothing():
    name = python("raise SystemExit('must not run')\n")
    answer = LAMBDA.invoke(FunctionName=name, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert answer["Payload"].read() == b""


def test_an_unknown_invocation_type_is_refused():
    with refused("ValidationException", 400, "invocationType"):
        LAMBDA.invoke(FunctionName=python(ECHO), InvocationType="Sometimes")


def test_an_event_is_accepted_and_runs_later():
    name = python("def handler(event, context):\n    print('seen', event['mark'])\n")
    answer = LAMBDA.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"mark": "m-4711"}')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    wait_for_log(name, "seen m-4711")


def wait_for_log(name, text):
    logs, events = client("logs"), []
    for _ in range(100):
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            pass
        if any(text in event["message"] for event in events):
            return
        time.sleep(0.1)
    raise AssertionError(f"{text!r} never came in the log: {events}")


def test_the_tail_is_the_end_of_the_log():
    name = python("def handler(event, context):\n    for n in range(event['lines']):\n        print('line', n)\n")
    _, answer = invoke(name, {"lines": 3}, LogType="Tail")
    lines = tail(answer).splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    start = next(line for line in lines if line.startswith("START"))
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert ["line 0", "line 1", "line 2"] == [line for line in lines if line.startswith("line")]
    assert f"END RequestId: {request_id}" in lines
    report = next(line for line in lines if line.startswith("REPORT"))
    assert re.match(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB",
        report,
    ), report
    assert "Init Duration: " in report
    _, answer = invoke(name, {"lines": 2000}, LogType="Tail")
    assert len(tail(answer)) <= 4096
    assert tail(answer).rstrip().splitlines()[-1].startswith("REPORT")
    assert "Init Duration: " not in tail(answer)
    _, answer = invoke(name, {"lines": 1})
    assert "LogResult" not in answer


def test_an_error_is_marked_and_explained():
    name = python("def handler(event, context):\n    raise ValueError('no good')\n")
    document, answer = invoke(name, {}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert document["errorType"] == "ValueError"
    assert document["errorMessage"] == "no good"
    assert "[ERROR] ValueError: no good" in tail(answer)


def test_a_client_context_reaches_the_function():
    name = make(guest_zip("zip-python"))
    context = base64.b64encode(json.dumps({"custom": {"a": "1"}, "env": {"b": "2"}}).encode()).decode()
    about = succeed(name, {"do": "about"}, ClientContext=context)
    assert (about["client"], about["client_env"]) == ({"a": "1"}, {"b": "2"})


def test_a_trace_is_passed_on():
    name = python("import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    root = "1-5759e988-bd862e3fe1be46a994272793"
    given = {"header": f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1"}
    traced = client("lambda")
    traced.meta.events.register(
        "before-sign.lambda.Invoke", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", given["header"])
    )
    answer = json.loads(traced.invoke(FunctionName=name)["Payload"].read())
    assert f"Root={root}" in answer and "Sampled=1" in answer
    given["header"] = ""
    assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};", succeed(name))


def test_a_w3c_trace_is_understood():
    name = python("import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    traced = client("lambda")
    traced.meta.events.register(
        "before-sign.lambda.Invoke",
        lambda request, **_: request.headers.add_header(
            "traceparent", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
        ),
    )
    answer = json.loads(traced.invoke(FunctionName=name)["Payload"].read())
    assert "Root=1-5759e988-bd862e3fe1be46a994272793" in answer


def test_parallel_invocations_run_in_environments_of_their_own():
    name = make(guest_zip("zip-python"))
    pids, errors = set(), []

    def call():
        try:
            pids.add(succeed(name, {"do": "sleep", "seconds": 1})["pid"])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert time.monotonic() - begin < 3.5


def test_at_its_reserved_concurrency_a_function_throttles_and_then_recovers():
    name = make(guest_zip("zip-python"))
    LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    succeed(name)
    results = []

    def call():
        try:
            results.append(invoke(name, {"do": "sleep", "seconds": 1})[1]["StatusCode"])
        except LAMBDA.exceptions.TooManyRequestsException as error:
            results.append(error.response["Reason"])

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(200) >= 1
    assert results.count("ReservedFunctionConcurrentInvocationLimitExceeded") >= 1
    succeed(name)


def test_invoke_async_events_keep_their_arn():
    name = python("def handler(event, context):\n    print('arn', context.invoked_function_arn)\n")
    LAMBDA.invoke(FunctionName=arn(name), InvocationType="Event")
    wait_for_log(name, f"arn {arn(name)}")
