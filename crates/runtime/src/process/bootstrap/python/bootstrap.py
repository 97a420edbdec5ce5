"""Runs a Python handler against the Lambda Runtime API, as the managed runtimes do.

Start reading at main(). The connection is spoken by hand: the standard HTTP client costs more than the round trip.
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from decimal import Decimal

API = "/2018-06-01/runtime/"
# Before a line break within a log event.
CONTINUED = b"\xff\x1e"
TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]


class Api:
    """One kept connection to the Runtime API."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.host = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=65536)

    def next(self):
        """The headers of the next event, by lower-case name, and its body."""
        self.socket.sendall(self.request("GET", "invocation/next", b"", ""))
        return self.read()

    def respond(self, request_id, body):
        """Answers an event and asks for the next one in the same breath."""
        answer = self.request("POST", f"invocation/{request_id}/response", body, "")
        self.socket.sendall(answer + self.request("GET", "invocation/next", b"", ""))
        self.read()
        return self.read()

    def fail(self, path, document):
        header = f"Lambda-Runtime-Function-Error-Type: {document['errorType']}\r\n"
        self.socket.sendall(self.request("POST", path, json.dumps(document).encode(), header))
        self.read()

    def request(self, method, path, body, header):
        head = (
            f"{method} {API}{path} HTTP/1.1\r\nHost: {self.host}\r\n{header}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1", "replace") + body

    def read(self):
        if not self.reader.readline():
            raise ConnectionError("the Lambda Runtime API closed the connection")
        headers = {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.lower()] = value.strip()
        return headers, self.reader.read(int(headers.get("content-length", "0")))


class Fault(Exception):
    """A failure that has a name of Lambda's own."""

    def __init__(self, kind, message, stack=()):
        super().__init__(message)
        self.kind = kind
        self.stack = list(stack)


class Identity:
    def __init__(self, fields):
        self.cognito_identity_id = fields.get("cognitoIdentityId")
        self.cognito_identity_pool_id = fields.get("cognitoIdentityPoolId")

    def __repr__(self):
        return (
            f"CognitoIdentity([cognito_identity_id={self.cognito_identity_id},"
            f"cognito_identity_pool_id={self.cognito_identity_pool_id}])"
        )


class Client:
    NAMES = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, fields):
        for name in self.NAMES:
            setattr(self, name, fields.get(name))


class ClientContext:
    def __init__(self, fields):
        self.custom = fields.get("custom")
        self.env = fields.get("env")
        client = fields.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class Context:
    """What a handler gets beside its event."""

    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.identity = Identity(parsed(headers, "lambda-runtime-cognito-identity") or {})
        client_context = parsed(headers, "lambda-runtime-client-context")
        self.client_context = ClientContext(client_context) if client_context else None
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        fields = ",".join(f"{name}={value}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"LambdaContext([{fields}])"


def parsed(headers, name):
    text = headers.get(name)
    return json.loads(text) if text else None


def main():
    sys.path.insert(0, TASK_ROOT)
    # Lines leave as they are written; what a handler leaves unfinished is flushed after it.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    request = CurrentRequest()
    log_like_lambda(request)
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Fault as fault:
        handler = faulty(fault)
    except Exception as error:  # noqa: BLE001 - the function's own code: anything may come
        document = document_of(error, "")
        say(document)
        api.fail("init/error", document)
        sys.exit(1)
    event = api.next()
    while True:
        event = serve(api, handler, request, *event)


def serve(api, handler, request, headers, body):
    """Runs the handler on one event and gives the next."""
    request.id = headers["lambda-runtime-aws-request-id"]
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    try:
        answer = marshal(handler(unmarshal(body), Context(headers)))
    except Exception as error:  # noqa: BLE001 - the function's own code: anything may come
        document = document_of(error, request.id)
        say(document)
        flush()
        api.fail(f"invocation/{request.id}/error", document)
        return api.next()
    flush()
    return api.respond(request.id, answer)


def flush():
    sys.stdout.flush()
    sys.stderr.flush()


def load(name):
    """The function that `package/module.function` names."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    module_name = module_name.replace("/", ".")
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [place]) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def faulty(fault):
    """A handler that fails each invocation for what went wrong while loading."""

    def handler(_event, _context):
        raise fault

    return handler


def unmarshal(body):
    try:
        return json.loads(body)
    except Exception as error:  # noqa: BLE001
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def marshal(answer):
    # Bytes are an answer as they stand.
    if isinstance(answer, bytes):
        return answer
    try:
        return json.dumps(answer, ensure_ascii=False, default=plain).encode("utf-8")
    except Exception as error:  # noqa: BLE001
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def plain(value):
    if isinstance(value, Decimal):
        # The digits as they stand; an exponent could stand for more digits than there is memory.
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def document_of(error, request_id):
    if isinstance(error, Fault):
        kind, stack = error.kind, error.stack
    else:
        frames = traceback.extract_tb(error.__traceback__)
        # As tuples: Lambda's lines have no carets below them.
        own = [tuple(frame) for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
        kind, stack = type(error).__name__, traceback.format_list(own)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": stack}


def say(document):
    description = " ".join(["[ERROR]", document["errorType"]])
    if document["errorMessage"]:
        description += f": {document['errorMessage']}"
    lines = [description, "Traceback (most recent call last):"]
    lines.extend(line.rstrip("\n") for line in document["stackTrace"])
    write_event("\n".join(lines) + "\n")


def write_event(text):
    """Writes one log event: a text that ends with a line break, and whose others do not end it."""
    event = text[:-1].encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    # Not sys.stdout, which the function may have replaced with what takes no bytes.
    sys.__stdout__.buffer.write(event.replace(b"\n", CONTINUED + b"\n") + b"\n")
    sys.__stdout__.buffer.flush()


class CurrentRequest(logging.Filter):
    """Puts the request id into log records."""

    id = ""

    def filter(self, record):
        record.aws_request_id = self.id
        return True


class LogHandler(logging.Handler):
    def emit(self, record):
        write_event(self.format(record))


def log_like_lambda(request):
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = LogHandler()
    handler.setFormatter(formatter)
    handler.addFilter(request)
    logging.getLogger().addHandler(handler)


if __name__ == "__main__":
    main()
