"""Packages that cannot run are refused when they are deployed, with what is wrong with them."""

import io
import struct
import zipfile

import pytest
from nought import LAMBDA, ROLE, client, component, refused, zip_of, PYTHON

HANDLER = "def handler(event, context):\n    return 1\n"
MODULE = b"\0asm\x01\0\0\0"
EMPTY_COMPONENT = b"\0asm\x0d\0\x01\0"


def state_after(code, runtime=PYTHON):
    """Creates a function; returns ("refused", code, text) or (state, reason code, reason)."""
    name = f"bad-{abs(hash(code)) % 10**9}-{runtime.replace('.', '')}"
    try:
        LAMBDA.create_function(FunctionName=name, Runtime=runtime, Handler="app.handler", Role=ROLE, Code={"ZipFile": code})
    except LAMBDA.exceptions.ClientError as error:
        return "refused", error.response["Error"]["Code"], error.response["Error"]["Message"]
    LAMBDA.get_waiter("published_version_active")
    for _ in range(600):
        described = LAMBDA.get_function_configuration(FunctionName=name)
        if described["State"] != "Pending":
            return described["State"], described.get("StateReasonCode"), described.get("StateReason", "")
    raise AssertionError("still pending")


def is_refused(code, text, runtime=PYTHON):
    state, kind, reason = state_after(code, runtime)
    assert state in ("refused", "Failed"), (state, kind, reason)
    assert text.lower() in reason.lower(), (kind, reason)


def zip_with(path, content="x", mode=0o100644):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", HANDLER)
        entry = zipfile.ZipInfo(path)
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return out.getvalue()


@pytest.mark.parametrize("code", [b"", b"not a zip", b"PK\x03\x04broken", zip_of({"app.py": HANDLER})[:-10]])
def test_what_is_not_a_zip_is_refused(code):
    if code:
        is_refused(code, "unzip")
        return
    with refused("InvalidParameterValueException", 400):
        LAMBDA.create_function(FunctionName="empty", Runtime=PYTHON, Handler="a.b", Role=ROLE, Code={"ZipFile": b""})


def test_a_zip_whose_bytes_are_damaged_is_refused():
    code = bytearray(zip_of({"app.py": HANDLER * 50}))
    code[60] ^= 0xFF
    is_refused(bytes(code), "")


@pytest.mark.parametrize("path", ["../evil.py", "a/../../evil.py", "/etc/evil"])
def test_a_path_that_leaves_the_package_is_refused(path):
    is_refused(zip_with(path), path.split("/")[-1])


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside"])
def test_a_symlink_that_leaves_the_package_is_refused(target):
    is_refused(zip_with("link", target, 0o120777), "link")


def test_a_symlink_inside_the_package_works():
    state, _, reason = state_after(zip_with("link.py", "app.py", 0o120777))
    assert state == "Active", reason


def test_a_zip_bomb_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", HANDLER)
        archive.writestr("zeros", bytes(270_000_000))
    is_refused(out.getvalue(), "262144000")


def test_a_zip_bomb_that_lies_about_its_sizes_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", HANDLER)
        archive.writestr("zeros", bytes(270_000_000))
    code = bytearray(out.getvalue())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = code.rindex(mark) + offset
        code[at : at + 4] = struct.pack("<I", 10)
    is_refused(bytes(code), "")


@pytest.mark.parametrize("depth", [128, 30_000])
def test_a_path_that_is_too_deep_is_refused(depth):
    is_refused(zip_with("a/" * depth + "x"), "could not unzip")


def test_a_package_over_fifty_mib_is_refused():
    big = zip_of({"app.py": HANDLER}) + b"\0" * 53_000_000
    with refused("RequestEntityTooLargeException", 413):
        client("lambda").create_function(
            FunctionName="big", Runtime=PYTHON, Handler="a.b", Role=ROLE, Code={"ZipFile": big}
        )


@pytest.mark.parametrize("wrap", [lambda code: code, lambda code: zip_of({"bootstrap.wasm": code})])
@pytest.mark.parametrize(
    "code, text",
    [
        (MODULE, "component"),
        (EMPTY_COMPONENT, "wasi:http"),
        (component("hello-rust")[:5000], ""),
        (MODULE + b"\xff\xff\xff", ""),
    ],
    ids=["module", "other world", "cut", "garbage"],
)
def test_wasm_that_is_no_http_component_is_refused(code, text, wrap):
    is_refused(wrap(code), text, "provided.al2023")


def test_a_failed_function_says_so_when_invoked():
    name = "failed-invoke"
    try:
        LAMBDA.create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="x", Role=ROLE, Code={"ZipFile": EMPTY_COMPONENT}
        )
    except LAMBDA.exceptions.InvalidParameterValueException:
        return
    for _ in range(100):
        try:
            LAMBDA.invoke(FunctionName=name)
        except LAMBDA.exceptions.ResourceConflictException as error:
            if "Failed" in str(error):
                return
    raise AssertionError("never said that the function has failed")


def test_new_code_that_cannot_run_leaves_the_old_in_place():
    name = "kept"
    LAMBDA.create_function(
        FunctionName=name, Runtime=PYTHON, Handler="app.handler", Role=ROLE, Code={"ZipFile": zip_of({"app.py": HANDLER})}
    )
    LAMBDA.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    try:
        LAMBDA.update_function_code(FunctionName=name, ZipFile=zip_with("../evil.py"))
    except LAMBDA.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidParameterValueException"
    else:
        for _ in range(100):
            described = LAMBDA.get_function_configuration(FunctionName=name)
            if described["LastUpdateStatus"] != "InProgress":
                break
        assert described["LastUpdateStatus"] == "Failed", described
    assert LAMBDA.invoke(FunctionName=name)["Payload"].read() == b"1"
