"""The AWS command line (version 1) as people use it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from nought import NODE, PYTHON, REGION, ROLE, URL, component, guest_zip, zip_of

AWS = pathlib.Path(sys.executable).parent / "aws"


def aws(*arguments, folder, ok=True):
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": URL,
        "AWS_ACCESS_KEY_ID": os.environ["NOUGHT_KEY"],
        "AWS_SECRET_ACCESS_KEY": os.environ["NOUGHT_SECRET"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
    }
    run = subprocess.run([AWS, *arguments], capture_output=True, text=True, cwd=folder, env=environment)
    assert (run.returncode == 0) is ok, run.stdout + run.stderr
    if not ok:
        return run.stderr
    return json.loads(run.stdout) if run.stdout.strip() else None


def create(folder, name, code, runtime, handler):
    (folder / "code.zip").write_bytes(code)
    return aws(
        "lambda", "create-function", "--function-name", name, "--runtime", runtime, "--handler", handler,
        "--role", ROLE, "--zip-file", "fileb://code.zip", folder=folder,
    )


@pytest.mark.parametrize("kind", ["python", "node", "component"])
def test_a_function_is_created_awaited_and_invoked(tmp_path, kind):
    name = f"cli-{kind}"
    code, runtime, handler = {
        "python": (guest_zip("zip-python"), PYTHON, "app.handler"),
        "node": (guest_zip("zip-node"), NODE, "index.handler"),
        "component": (zip_of({"bootstrap.wasm": component("behave-rust")}), "provided.al2023", "bootstrap"),
    }[kind]
    assert create(tmp_path, name, code, runtime, handler)["FunctionName"] == name
    aws("lambda", "wait", "function-active-v2", "--function-name", name, folder=tmp_path)
    (tmp_path / "event.json").write_text('{"n": 7}')
    answer = aws(
        "lambda", "invoke", "--function-name", name, "--payload", "file://event.json", "out.json", folder=tmp_path
    )
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    assert json.loads((tmp_path / "out.json").read_text()).get("n", 7) == 7
    aws("lambda", "delete-function", "--function-name", name, folder=tmp_path)


def test_code_and_configuration_are_updated(tmp_path):
    name = "cli-update"
    create(tmp_path, name, zip_of({"app.py": "def handler(e, c): return 'old'"}), PYTHON, "app.handler")
    aws("lambda", "wait", "function-active-v2", "--function-name", name, folder=tmp_path)
    (tmp_path / "new.zip").write_bytes(zip_of({"app.py": "import os\ndef handler(e, c): return os.environ['WHO']"}))
    aws("lambda", "update-function-code", "--function-name", name, "--zip-file", "fileb://new.zip", folder=tmp_path)
    aws("lambda", "wait", "function-updated-v2", "--function-name", name, folder=tmp_path)
    aws(
        "lambda", "update-function-configuration", "--function-name", name, "--environment", "Variables={WHO=me}",
        "--timeout", "9", folder=tmp_path,
    )
    aws("lambda", "wait", "function-updated-v2", "--function-name", name, folder=tmp_path)
    aws("lambda", "invoke", "--function-name", name, "out.json", folder=tmp_path)
    assert json.loads((tmp_path / "out.json").read_text()) == "me"
    described = aws("lambda", "get-function-configuration", "--function-name", name, folder=tmp_path)
    assert described["Timeout"] == 9


def test_urls_permissions_aliases_and_tags(tmp_path):
    name = "cli-more"
    create(tmp_path, name, zip_of({"app.py": "def handler(e, c): return 1"}), PYTHON, "app.handler")
    aws("lambda", "wait", "function-active-v2", "--function-name", name, folder=tmp_path)
    assert aws("lambda", "publish-version", "--function-name", name, folder=tmp_path)["Version"] == "1"
    alias = aws("lambda", "create-alias", "--function-name", name, "--name", "live", "--function-version", "1", folder=tmp_path)
    assert alias["FunctionVersion"] == "1"
    url = aws("lambda", "create-function-url-config", "--function-name", name, "--auth-type", "NONE", folder=tmp_path)
    assert url["AuthType"] == "NONE"
    aws(
        "lambda", "add-permission", "--function-name", name, "--statement-id", "public", "--action",
        "lambda:InvokeFunctionUrl", "--principal", "*", "--function-url-auth-type", "NONE", folder=tmp_path,
    )
    policy = json.loads(aws("lambda", "get-policy", "--function-name", name, folder=tmp_path)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    arn = aws("lambda", "get-function", "--function-name", name, folder=tmp_path)["Configuration"]["FunctionArn"]
    aws("lambda", "tag-resource", "--resource", arn, "--tags", "a=1", folder=tmp_path)
    assert aws("lambda", "list-tags", "--resource", arn, folder=tmp_path)["Tags"] == {"a": "1"}
    listed = aws("lambda", "list-functions", "--max-items", "1", folder=tmp_path)
    assert len(listed["Functions"]) == 1


def test_an_error_reads_as_lambda_writes_it(tmp_path):
    shown = aws("lambda", "get-function", "--function-name", "missing", folder=tmp_path, ok=False)
    assert (
        "An error occurred (ResourceNotFoundException) when calling the GetFunction operation: "
        f"Function not found: arn:aws:lambda:{REGION}:000000000000:function:missing" in shown
    )


def test_the_caller_and_the_logs(tmp_path):
    assert aws("sts", "get-caller-identity", folder=tmp_path)["Account"] == "000000000000"
    name = "cli-logs"
    create(tmp_path, name, zip_of({"app.py": "def handler(e, c): print('cli line')"}), PYTHON, "app.handler")
    aws("lambda", "wait", "function-active-v2", "--function-name", name, folder=tmp_path)
    aws("lambda", "invoke", "--function-name", name, "out.json", folder=tmp_path)
    for _ in range(20):
        events = aws("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{name}", folder=tmp_path)["events"]
        if any("cli line" in event["message"] for event in events):
            return
    raise AssertionError(events)
