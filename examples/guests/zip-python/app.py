"""A Python function that behaves well or badly as its event says: {"do": "sleep", "seconds": 1}."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

CALLS = 0
HOARD = []


def handler(event, context):
    global CALLS
    CALLS += 1
    action = event.get("do", "echo") if isinstance(event, dict) else "echo"
    return ACTIONS[action](event, context)


def echo(event, context):
    return event


def about(event, context):
    return {
        "calls": CALLS,
        "pid": os.getpid(),
        "uid": os.getuid(),
        "cwd": os.getcwd(),
        "python": list(sys.version_info[:2]),
        "environment": dict(os.environ),
        "aws_request_id": context.aws_request_id,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "remaining": context.get_remaining_time_in_millis(),
        "client": context.client_context.custom if context.client_context else None,
        "client_env": context.client_context.env if context.client_context else None,
        "identity": getattr(context.identity, "cognito_identity_id", "no identity"),
    }


def sleep(event, context):
    before = context.get_remaining_time_in_millis()
    time.sleep(event["seconds"])
    return {"before": before, "after": context.get_remaining_time_in_millis(), "pid": os.getpid()}


def fail(event, context):
    raise ValueError(event.get("message", "told to fail"))


def exit_now(event, context):
    sys.exit(event.get("code", 1))


def die(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def close(event, context):
    os.closerange(3, 256)
    return "closed"


def loop(event, context):
    while True:
        pass


def hoard(event, context):
    while True:
        HOARD.append(bytearray(b"x" * (1 << 20)))


def fill(event, context):
    written = 0
    try:
        with open("/tmp/full", "wb") as file:
            while written < event.get("mib_max", 4096):
                file.write(b"x" * (1 << 20))
                written += 1
    except OSError as error:
        return {"mib": written, "errno": error.errno}
    finally:
        os.unlink("/tmp/full")
    return {"mib": written}


def say(event, context):
    print(event.get("text", "hello"))
    print(event.get("err", ""), file=sys.stderr)
    line = "x" * 1023
    for _ in range(event.get("kib", 0)):
        print(line)
    return {"said": True}


def files(event, context):
    seen = os.path.exists("/tmp/mark")
    with open("/tmp/mark", "w") as file:
        file.write("here")
    try:
        with open("/var/task/new", "w"):
            task = "writable"
    except OSError as error:
        task = f"errno {error.errno}"
    return {"seen": seen, "task": task, "listing": sorted(os.listdir("/var/task")), "root": sorted(os.listdir("/"))}


def spawn(event, context):
    child = subprocess.Popen(["/bin/sleep", "3600"], start_new_session=True)
    time.sleep(event.get("seconds", 0))
    return {"child": child.pid}


def big(event, context):
    return "x" * event["bytes"]


def unprintable(event, context):
    return {"set": {1, 2}}


def fetch(event, context):
    try:
        with urllib.request.urlopen(event["url"], timeout=event.get("timeout", 5)) as answer:
            return {"status": answer.status, "body": answer.read(65536).decode(errors="replace")}
    except Exception as error:
        return {"error": str(error)}


def identity(event, context):
    import boto3

    return boto3.client("sts").get_caller_identity()["Arn"]


def http(event, context):
    return {
        "statusCode": event.get("status", 200),
        "headers": {"content-type": "application/json"},
        "body": json.dumps(event),
    }


ACTIONS = {
    "echo": echo,
    "about": about,
    "sleep": sleep,
    "fail": fail,
    "exit": exit_now,
    "die": die,
    "close": close,
    "loop": loop,
    "hoard": hoard,
    "fill": fill,
    "say": say,
    "files": files,
    "spawn": spawn,
    "big": big,
    "unprintable": unprintable,
    "fetch": fetch,
    "identity": identity,
    "http": http,
}
