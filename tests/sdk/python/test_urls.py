"""Function URLs: the 2.0 event, what an answer may be, cookies, binary bodies, CORS, IAM, host and path forms."""

import base64
import json
import os
import re
import subprocess
import time

import pytest
from nought import (
    LAMBDA, NODE, PYTHON, REGION, URL, client, guest_zip, http, make, public_url, python, url_forms, zip_of,
)

HOST = URL.split("//")[1]
RAW = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"


def url_of(name, auth="NONE", **settings):
    """Gives the function a URL; returns (path form, host of the host form)."""
    if auth == "NONE":
        return public_url(name, **settings)
    return url_forms(LAMBDA.create_function_url_config(FunctionName=name, AuthType=auth, **settings))


@pytest.fixture(scope="module")
def echo():
    return url_of(python(RAW))


def answering(expression, **settings):
    return url_of(python(f"def handler(event, context):\n    return {expression}\n"), **settings)[0]


def test_a_request_is_an_event_of_format_two(echo):
    path, host = echo
    status, headers, body = http(
        f"{path}/a/b%20c?x=1&x=2&y=%26z",
        "POST",
        b'{"n": 1}',
        {"Content-Type": "application/json", "X-Many": "v", "Cookie": "a=1; b=2", "User-Agent": "me"},
    )
    event = json.loads(body)
    assert status == 200
    assert event["version"] == "2.0"
    assert event["routeKey"] == "$default"
    assert event["rawPath"] == "/a/b%20c"
    assert event["rawQueryString"] == "x=1&x=2&y=%26z"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "&z"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-many"] == "v"
    assert event["headers"]["content-type"] == "application/json"
    assert event["body"] == '{"n": 1}'
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/a/b%20c" or context["http"]["path"] == "/a/b c"
    assert context["http"]["protocol"] == "HTTP/1.1"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["http"]["userAgent"] == "me"
    assert context["accountId"] == "anonymous"
    assert context["apiId"] == host.split(".")[0]
    assert context["domainName"].startswith(host.split(".")[0] + ".lambda-url." + REGION)
    assert context["domainPrefix"] == host.split(".")[0]
    assert context["stage"] == "$default"
    assert re.fullmatch(r"[0-9a-f-]{36}", context["requestId"])
    assert abs(context["timeEpoch"] / 1000 - time.time()) < 60
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])


def test_a_request_without_body_or_query_has_neither(echo):
    event = json.loads(http(echo[0] + "/")[2])
    assert "body" not in event and "queryStringParameters" not in event and "cookies" not in event
    assert (event["rawPath"], event["rawQueryString"], event["isBase64Encoded"]) == ("/", "", False)


def test_the_host_form_and_the_path_form_reach_the_same_function(echo):
    path, host = echo
    by_host = json.loads(http(f"{URL}/here?q=1", headers={"Host": host})[2])
    by_path = json.loads(http(f"{path}/here?q=1")[2])
    assert by_host["rawPath"] == by_path["rawPath"] == "/here"
    with_port = http(f"{URL}/here", headers={"Host": f"{host}:{HOST.split(':')[1]}"})
    assert with_port[0] == 200


@pytest.mark.parametrize(
    "body, kind, encoded",
    [
        (b"plain", "text/plain", False),
        (b"{}", "application/json", False),
        (b"<a/>", "application/xml", False),
        (b"a=1", "application/x-www-form-urlencoded", True),
        (b"\x00\xff", "application/octet-stream", True),
        (b"png", "image/png", True),
    ],
)
def test_binary_bodies_come_in_base64(echo, body, kind, encoded):
    event = json.loads(http(echo[0] + "/", "POST", body, {"Content-Type": kind})[2])
    if kind != "application/x-www-form-urlencoded":
        assert event["isBase64Encoded"] is encoded
    text = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    assert text == body


@pytest.mark.parametrize(
    "expression, status, body, kind",
    [
        ("'text'", 200, b'"text"', "application/json"),
        ("{'a': 1}", 200, b'{"a": 1}', "application/json"),
        ("[1, 2]", 200, b"[1, 2]", "application/json"),
        ("{'statusCode': 201}", 201, b"", "application/json"),
        ("{'statusCode': 404, 'body': 'no'}", 404, b"no", "application/json"),
        ("{'statusCode': 200, 'headers': {'Content-Type': 'text/html'}, 'body': '<p>'}", 200, b"<p>", "text/html"),
        ("{'statusCode': 200, 'body': 'aGk=', 'isBase64Encoded': True}", 200, b"hi", "application/json"),
    ],
)
def test_an_answer_may_be_plain_or_structured(expression, status, body, kind):
    seen_status, headers, seen = http(answering(expression) + "/")
    assert (seen_status, headers["content-type"]) == (status, kind)
    assert seen == body or json.loads(seen) == json.loads(body)


def test_cookies_and_headers_are_set():
    path = answering("{'statusCode': 200, 'cookies': ['a=1; Secure', 'b=2'], 'headers': {'x-one': '1', 'x-two': 'a, b'}, 'body': ''}")
    _, headers, _ = http(path + "/")
    assert headers.get_all("set-cookie") == ["a=1; Secure", "b=2"]
    assert (headers["x-one"], headers["x-two"]) == ("1", "a, b")


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context):\n    raise ValueError('x')\n",
        "def handler(event, context):\n    return {'statusCode': 'many'}\n",
        "def handler(event, context):\n    return {'statusCode': 200, 'body': '!!', 'isBase64Encoded': True}\n",
        "def nothing():\n    pass\n",
    ],
    ids=["raises", "bad status", "bad base64", "no handler"],
)
def test_a_failing_function_is_a_bad_gateway(source):
    path, _ = url_of(python(source))
    status, headers, body = http(path + "/")
    assert status == 502
    assert body.strip() in (b"Internal Server Error", b'{"Message":"Internal Server Error"}', b'{"message":"Internal Server Error"}')


def test_a_slow_function_is_a_timeout():
    path, _ = url_of(python("import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1))
    assert http(path + "/")[0] in (502, 504)


def test_a_throttled_function_answers_429():
    name = python(RAW)
    path, _ = url_of(name)
    LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert http(path + "/")[0] == 429


def test_a_url_without_permission_for_everyone_is_closed():
    path, _ = url_forms(LAMBDA.create_function_url_config(FunctionName=python(RAW), AuthType="NONE"))
    status, _, body = http(path + "/")
    assert status == 403 and b"Forbidden" in body


def test_an_unknown_url_is_refused():
    assert http(f"{URL}/_url/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/")[0] in (403, 404)
    host = f"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.lambda-url.{REGION}.localhost"
    assert http(f"{URL}/", headers={"Host": host})[0] in (403, 404)


def test_a_deleted_url_is_gone_at_once():
    name = python(RAW)
    path, _ = url_of(name)
    assert http(path + "/")[0] == 200
    LAMBDA.delete_function_url_config(FunctionName=name)
    assert http(path + "/")[0] in (403, 404)


def test_a_body_over_six_mib_is_refused(echo, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * 6_500_000)
    for transfer in ("Expect: 100-continue", "Transfer-Encoding: chunked"):
        run = subprocess.run(
            ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-H", transfer, "--data-binary", f"@{tmp_path}/body", echo[0]],
            capture_output=True, text=True,
        )
        assert run.stdout == "413", run


def test_a_url_of_an_alias_follows_the_alias():
    name = python("def handler(event, context):\n    return context.function_version\n", Publish=True)
    LAMBDA.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    path, _ = url_of(name, Qualifier="live")
    assert json.loads(http(path + "/")[2]) == "1"


CORS = {
    "AllowOrigins": ["https://one.example", "https://two.example"],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["x-mine"],
    "ExposeHeaders": ["x-out"],
    "AllowCredentials": True,
    "MaxAge": 600,
}


def test_cors_answers_preflights_without_the_function():
    path, _ = url_of(python("raise SystemExit('must not run')\n"), Cors=CORS)
    asked = {"Origin": "https://two.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-mine"}
    status, headers, _ = http(path + "/", "OPTIONS", headers=asked)
    assert status in (200, 204)
    assert headers["access-control-allow-origin"] == "https://two.example"
    assert "POST" in headers["access-control-allow-methods"]
    assert "x-mine" in headers["access-control-allow-headers"].lower()
    assert headers["access-control-max-age"] == "600"
    assert headers["access-control-allow-credentials"] == "true"
    _, headers, _ = http(path + "/", "OPTIONS", headers={**asked, "Origin": "https://evil.example"})
    assert headers["access-control-allow-origin"] is None


def test_cors_headers_are_on_answers():
    path, _ = url_of(python(RAW), Cors=CORS)
    _, headers, _ = http(path + "/", headers={"Origin": "https://one.example"})
    assert headers["access-control-allow-origin"] == "https://one.example"
    assert headers["access-control-expose-headers"] == "x-out"
    _, headers, _ = http(path + "/")
    assert headers["access-control-allow-origin"] is None


def signed(url, method="GET", body=None, secret=None, service="lambda"):
    """The headers of a request signed by botocore, as any AWS client signs it."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=url, data=body, headers={})
    keys = Credentials(os.environ["NOUGHT_KEY"], secret or os.environ["NOUGHT_SECRET"])
    SigV4Auth(keys, service, REGION).add_auth(request)
    return dict(request.headers)


def test_an_iam_url_wants_a_signature():
    path, _ = url_of(python(RAW), auth="AWS_IAM")
    target = path + "/a%20b?x=1&y=%2F"
    assert http(target)[0] == 403
    assert http(target, headers=signed(target, secret="wrong"))[0] == 403
    status, _, body = http(target, headers=signed(target))
    assert status == 200, body
    event = json.loads(body)
    assert event["requestContext"]["accountId"] != "anonymous"
    assert event["requestContext"]["authorizer"]["iam"]["accessKey"]


def test_a_signature_for_another_service_does_not_open_an_iam_url():
    path, _ = url_of(python(RAW), auth="AWS_IAM")
    assert http(path + "/", headers=signed(path + "/", service="s3"))[0] == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_every_method_reaches_the_function(echo, method):
    status, _, body = http(echo[0] + "/m", method)
    assert status == 200
    if method != "HEAD":
        assert json.loads(body)["requestContext"]["http"]["method"] == method
    else:
        assert body == b""


def test_http_two_with_prior_knowledge_works(echo):
    run = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-w", "\n%{http_version}", f"{echo[0]}/two"],
        capture_output=True, text=True, check=True,
    )
    body, version = run.stdout.rsplit("\n", 1)
    assert version == "2"
    assert json.loads(body)["requestContext"]["http"]["protocol"].startswith("HTTP/2")


def test_a_node_function_answers_through_its_url():
    code = zip_of({"index.mjs": "export const handler = async (e) => ({ statusCode: 203, body: e.rawPath });"})
    path, _ = url_of(make(code, runtime=NODE, handler="index.handler"))
    status, _, body = http(path + "/node")
    assert (status, body) == (203, b"/node")


def test_a_trace_id_is_on_the_event(echo):
    event = json.loads(http(echo[0] + "/", headers={"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"})[2])
    assert "Root=1-5759e988-bd862e3fe1be46a994272793" in event["headers"]["x-amzn-trace-id"]


def test_a_url_is_listed_with_its_function_only():
    name = make(guest_zip("zip-python"), runtime=PYTHON)
    url_of(name)
    assert len(client("lambda").list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 1
