"""What the Python tests share: clients for a Nought that is already running, packages, and functions made of them.

The integration-test binary (crates/it) starts the server and names it in the environment.
"""

import base64
import contextlib
import io
import itertools
import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import boto3
import botocore.config
import botocore.exceptions
import pytest

URL = os.environ["NOUGHT_URL"]
REGION = "us-east-1"
ACCOUNT = "000000000000"
SOURCES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "guests"
BUILT = pathlib.Path(os.environ["NOUGHT_IT_GUESTS"])
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tests"

_numbers = itertools.count(1)


def host_runtime(program, arguments, name):
    """The runtime identifier of this machine's own interpreter, so that no notice is expected."""
    version = subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout.strip()
    return name.format(version)


PYTHON = host_runtime("/usr/bin/python3", ["-c", "import sys; print('3.%d' % sys.version_info[1])"], "python{}")
NODE = host_runtime("node", ["-p", "process.versions.node.split('.')[0]"], "nodejs{}.x")


def client(service, **changes):
    settings = {
        "endpoint_url": URL,
        "region_name": REGION,
        "aws_access_key_id": os.environ["NOUGHT_KEY"],
        "aws_secret_access_key": os.environ["NOUGHT_SECRET"],
    }
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=120, parameter_validation=False)
    return boto3.client(service, **{"config": config, **settings, **changes})


LAMBDA = client("lambda")
_LOGS, _SQS = client("logs"), client("sqs")


def zip_of(files, modes=None):
    """A zip archive of {path: text or bytes}; files named in `modes` get that mode."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (modes or {}).get(path, 0o100644) << 16
            archive.writestr(entry, content)
    return out.getvalue()


def guest_zip(name, **extra):
    """The sources of an interpreted guest, zipped."""
    folder = SOURCES / name
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    return zip_of({**files, **extra}, {"bootstrap": 0o100755})


def component(name):
    """A built WebAssembly guest."""
    return (BUILT / f"{name}.wasm").read_bytes()


def python(source, handler="app.handler", **settings):
    return make(zip_of({"app.py": source}), handler=handler, **settings)


def make(code, runtime=None, handler="app.handler", **settings):
    """Creates a function, waits until it can run, and returns its name."""
    name = settings.pop("name", None) or f"f{os.getpid()}-{next(_numbers)}"
    LAMBDA.create_function(
        FunctionName=name,
        Runtime=runtime or PYTHON,
        Handler=handler,
        Role=ROLE,
        Code={"ZipFile": code},
        **{"Timeout": 20, **settings},
    )
    LAMBDA.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return name


def wasm(name, **settings):
    return make(component(name), runtime="provided.al2023", handler="bootstrap", **settings)


def invoke(name, event=None, **settings):
    """Invokes and returns (document, answer): the document parsed, the answer as boto3 gives it."""
    payload = event if isinstance(event, bytes) else json.dumps({} if event is None else event).encode()
    answer = LAMBDA.invoke(FunctionName=name, Payload=payload, **settings)
    body = answer["Payload"].read()
    return (json.loads(body) if body else None), answer


def succeed(name, event=None, **settings):
    document, answer = invoke(name, event, **settings)
    assert "FunctionError" not in answer, document
    return document


def fail(name, event=None, **settings):
    """Invokes a function that must fail, and returns its error document."""
    document, answer = invoke(name, event, **settings)
    assert answer["StatusCode"] == 200
    assert answer.get("FunctionError") == "Unhandled", document
    return document


def tail(answer):
    return base64.b64decode(answer["LogResult"]).decode(errors="replace")


@contextlib.contextmanager
def refused(code, status=None, text=""):
    """The calls inside must be refused with this error code, HTTP status and a part of this text."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert status in (None, answer["ResponseMetadata"]["HTTPStatusCode"]), answer
    assert text in answer["Error"]["Message"], answer["Error"]["Message"]


def until(find, seconds=20):
    """What `find` gives once it gives anything."""
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return found


def events_of(function):
    """The events that a function was run with and printed after "EVENT ", in their order."""
    try:
        events = _LOGS.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="EVENT")["events"]
    except _LOGS.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"].removeprefix("EVENT ")) for event in events]


def queue_arn(url):
    return _SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def arn(name, qualifier=None):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}" + (f":{qualifier}" if qualifier else "")


def public_url(name, **settings):
    """Gives the function a URL that is open to everyone; returns (path form without its last slash, host form's host)."""
    made = LAMBDA.create_function_url_config(FunctionName=name, AuthType="NONE", **settings)
    qualifier = {"Qualifier": settings["Qualifier"]} if "Qualifier" in settings else {}
    LAMBDA.add_permission(
        FunctionName=name,
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
        **qualifier,
    )
    return url_forms(made)


def url_forms(made):
    host = urllib.parse.urlsplit(made["FunctionUrl"]).hostname
    return f"{URL}/_url/{host.split('.')[0]}", host


def http(url, method="GET", data=None, headers=None, timeout=60):
    """A plain HTTP request; returns (status, headers, body) whatever the status."""
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
