"""Native functions on `provided.al2023`: a shell script, and a program on the Rust runtime client."""

import re

import pytest
from nought import BUILT, arn, fail, guest_zip, invoke, make, succeed, tail, zip_of


def test_a_shell_bootstrap_runs():
    name = make(guest_zip("bootstrap-shell"), runtime="provided.al2023", handler="function.handler")
    document, answer = invoke(name, {"n": 1}, LogType="Tail")
    assert document == {"shell": True, "event": {"n": 1}}
    assert 'shell got {"n": 1}' in tail(answer)
    document = fail(name, {"fail": True})
    assert document["errorType"] == "Shell.Failed"
    assert succeed(name, {"n": 2})["event"] == {"n": 2}


@pytest.fixture(scope="module")
def native():
    code = zip_of({"bootstrap": (BUILT / "bootstrap-rust").read_bytes()}, {"bootstrap": 0o100755})
    return make(code, runtime="provided.al2023", handler="any", MemorySize=128)


def test_a_program_on_the_rust_runtime_client_runs(native):
    document, answer = invoke(native, {"n": 1})
    assert document["event"] == {"n": 1}
    assert document["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert document["arn"] == arn(native)
    assert document["function"] == native
    assert document["memory"] == 128


def test_its_errors_are_function_errors(native):
    document = fail(native, {"do": "fail"})
    assert "told to fail" in document["errorMessage"]
    assert succeed(native)["event"] == {}


def test_its_cold_start_is_reported(native):
    _, answer = invoke(native, LogType="Tail")
    assert re.search(r"REPORT RequestId: \S+\tDuration: ", tail(answer))


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_a_missing_bootstrap_is_an_invalid_entrypoint(runtime):
    name = make(zip_of({"other": "x"}), runtime=runtime, handler="any")
    document = fail(name)
    assert document["errorType"] == "Runtime.InvalidEntrypoint"
    assert "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" in document["errorMessage"]


def test_a_bootstrap_that_may_not_be_executed_says_so():
    name = make(zip_of({"bootstrap": "#!/bin/sh\nexit 0\n"}, {"bootstrap": 0o100644}), runtime="provided.al2023")
    document = fail(name)
    assert document["errorType"] in ("Runtime.InvalidEntrypoint", "PermissionDenied", "Runtime.ExitError")
    assert "bootstrap" in document["errorMessage"].lower() or "permission" in document["errorMessage"].lower()


def test_a_bootstrap_that_ends_at_once_is_an_exit_error():
    name = make(zip_of({"bootstrap": "#!/bin/sh\nexit 9\n"}, {"bootstrap": 0o100755}), runtime="provided.al2023")
    document = fail(name)
    assert document["errorType"] == "Runtime.ExitError"
    assert "exit status 9" in document["errorMessage"]


def test_an_init_error_that_the_bootstrap_reports_is_the_answer():
    script = """#!/bin/sh
curl -s -X POST -H 'Lambda-Runtime-Function-Error-Type: Mine.Init' \\
    -d '{"errorType":"Mine.Init","errorMessage":"not today"}' \\
    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"
exit 1
"""
    name = make(zip_of({"bootstrap": script}, {"bootstrap": 0o100755}), runtime="provided.al2023")
    document = fail(name)
    assert (document["errorType"], document["errorMessage"]) == ("Mine.Init", "not today")
