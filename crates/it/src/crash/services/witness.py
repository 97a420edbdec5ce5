"""The function that events must reach: it counts each of them in the table `seen`, and has ended only then."""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse


def handler(event, context):
    if "Records" in event:
        for record in event["Records"]:
            count(urllib.parse.unquote_plus(record["s3"]["object"]["key"]))
    elif "id" in event:
        count(event["id"])


def count(mark):
    call(
        "UpdateItem",
        {
            "TableName": "seen",
            "Key": {"id": {"S": mark}},
            "UpdateExpression": "ADD times :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        },
    )


def call(operation, document):
    host = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    body = json.dumps(document).encode()
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", "/", body, signed(host, f"DynamoDB_20120810.{operation}", body))
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{operation}: {answer.status} {text}")


def signed(host, target, body):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = [now[:8], os.environ["AWS_REGION"], "dynamodb", "aws4_request"]
    headers = {
        "host": host,
        "x-amz-date": now,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": target,
    }
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    names, body_hash = ";".join(headers), hashlib.sha256(body).hexdigest()
    request = hashlib.sha256(f"POST\n/\n\n{lines}\n{names}\n{body_hash}".encode()).hexdigest()
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in [*scope, f"AWS4-HMAC-SHA256\n{now}\n{'/'.join(scope)}\n{request}"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{'/'.join(scope)}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return {**headers, "content-type": "application/x-amz-json-1.0"}
