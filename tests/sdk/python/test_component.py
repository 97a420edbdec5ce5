"""WebAssembly components: fresh for each invocation, within their limits, in four languages."""

import json
import re
import threading
import time

import pytest
from nought import LAMBDA, component, fail, http, invoke, make, public_url, succeed, tail, wasm, zip_of


@pytest.fixture(scope="module")
def behave():
    return wasm("behave-rust", Timeout=5, MemorySize=128, Environment={"Variables": {"MINE": "yes"}})


@pytest.fixture(scope="module")
def url(behave):
    return public_url(behave)[0]


@pytest.mark.parametrize(
    "guest, text",
    [
        ("hello-rust", "hello"),
        ("stock-rust", "hello from /"),
        ("hello-rust-p3", "hello from 0.3"),
        ("hello-js", "hello from JavaScript"),
        ("hello-python", "hello from Python"),
    ],
)
def test_a_component_in_every_language_answers(guest, text):
    name = wasm(guest, Timeout=30, MemorySize=512)
    url, _ = public_url(name)
    for _ in range(3):
        status, _, body = http(url + "/")
        assert (status, body.decode()) == (200, text)
    answer = LAMBDA.invoke(FunctionName=name, Payload=b"{}")
    assert answer["Payload"].read().decode() == text


def test_a_zip_with_a_bootstrap_wasm_is_a_component():
    name = make(zip_of({"bootstrap.wasm": component("hello-rust")}), runtime="provided.al2023")
    assert LAMBDA.invoke(FunctionName=name)["Payload"].read() == b"hello"


def test_an_event_is_a_post_with_cloud_event_headers(behave):
    document, answer = invoke(behave, {"n": 1})
    headers = dict(document["headers"])
    assert (document["method"], document["path"]) == ("POST", "/")
    assert json.loads(document["body"]) == {"n": 1}
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-id"] == answer["ResponseMetadata"]["RequestId"]
    assert headers["ce-type"] == "nought.invoke"
    assert headers["ce-source"].endswith(f":function:{behave}")
    assert headers["content-type"].startswith("application/json")


def test_a_request_passes_whole(url):
    status, headers, body = http(
        f"{url}/a/b%20c?x=1&x=2&y=%C3%BC", "PUT", "bödy".encode(), {"X-Mine": "1", "Content-Type": "text/plain"}
    )
    seen = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (seen["method"], seen["path"], seen["query"], seen["body"]) == ("PUT", "/a/b%20c", "x=1&x=2&y=%C3%BC", "bödy")
    assert dict(seen["headers"])["x-mine"] == "1"


@pytest.mark.parametrize("code", [201, 204, 301, 404, 418, 500, 503])
def test_a_status_passes_through_a_url(url, code):
    assert http(f"{url}/status?code={code}")[0] == code


@pytest.mark.parametrize("code", [400, 404, 500])
def test_a_bad_status_is_a_function_error_of_an_event(behave, code):
    document = fail(behave, {"do": "status", "code": code})
    assert document["errorType"] == str(code)
    assert json.loads(document["errorMessage"]) == {"status": code}


def test_environment_variables_are_wasi_variables(behave):
    environment = succeed(behave, {"do": "env"})
    assert environment["MINE"] == "yes"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == behave


def test_every_invocation_has_an_instance_of_its_own(behave):
    assert {succeed(behave, {"do": "calls"})["calls"] for _ in range(5)} == {1}
    assert len({succeed(behave, {"do": "random"})["random"] for _ in range(3)}) == 3


def test_a_component_sees_no_files(behave):
    assert succeed(behave, {"do": "folders"})["folders"] == 0


def test_a_component_sleeps_without_using_the_processor(behave):
    _, answer = invoke(behave, {"do": "sleep", "ms": 300}, LogType="Tail")
    assert float(re.search(r"\tDuration: ([\d.]+) ms", tail(answer)).group(1)) >= 300


def test_what_a_component_prints_is_in_the_log(behave):
    _, answer = invoke(behave, {"do": "print", "out": "to out", "err": "to err"}, LogType="Tail")
    assert "to out\n" in tail(answer) and "to err\n" in tail(answer)


@pytest.mark.parametrize("action", ["trap", "panic", "exit"])
def test_a_trap_is_an_exit_error_and_harms_nobody_else(behave, action):
    document = fail(behave, {"do": action})
    assert document["errorType"] == "Runtime.ExitError"
    succeed(behave)


def test_an_endless_loop_ends_at_the_deadline():
    name = wasm("behave-rust", Timeout=1)
    begin = time.monotonic()
    document = fail(name, {"do": "loop"})
    assert time.monotonic() - begin < 2.5
    assert "Task timed out after 1.00 seconds" in document["errorMessage"]


def test_endless_loops_do_not_hold_up_others(behave):
    loop = wasm("behave-rust", Timeout=3)
    threads = [threading.Thread(target=fail, args=(loop, {"do": "loop"})) for _ in range(4)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    for _ in range(10):
        begin = time.monotonic()
        succeed(behave, {"n": 1})
        slowest = max(slowest, time.monotonic() - begin)
    for thread in threads:
        thread.join()
    assert slowest < 2, slowest


def test_memory_ends_at_the_limit(behave):
    grown = succeed(behave, {"do": "grow", "mib_max": 4096})["mib"]
    assert 64 <= grown <= 128


def test_a_large_body_streams_out(url):
    status, _, body = http(f"{url}/stream?bytes=5000000")
    assert (status, len(body)) == (200, 5_000_000)


def test_cookies_and_binary_bodies_pass(url):
    _, headers, _ = http(f"{url}/cookies")
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]
    _, headers, body = http(f"{url}/binary")
    assert (headers["content-type"], body) == ("image/png", bytes([0, 159, 146, 150]))


def test_no_answer_at_all_is_an_error(behave, url):
    assert fail(behave, {"do": "silent"})["errorType"]
    assert http(f"{url}/silent")[0] == 502


def test_a_trap_behind_a_url_is_a_bad_gateway(url):
    status, headers, body = http(f"{url}/trap")
    assert status == 502
    assert b"Internal Server Error" in body


def test_a_component_reaches_the_platform_and_not_the_host(behave):
    document, answer = invoke(behave, {"do": "fetch", "url": "http://127.0.0.1:4566/_nought/health"})
    assert "FunctionError" in answer or document["status"] in (200, 403)
    document, answer = invoke(behave, {"do": "fetch", "url": "http://127.0.0.1:1/"})
    assert answer.get("FunctionError") == "Unhandled"
