"""A page for photos. It hands out the right to put one photo into a bucket; the photo itself never comes by here."""

import base64
import json
import os
import uuid
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BYTES_MAX = 10 * 1024 * 1024
VALID_SECONDS = 300

PAGE = Path(__file__).with_name("index.html").read_text()

photos, thumbnails = os.environ["PHOTOS"], os.environ["THUMBNAILS"]
s3 = boto3.client("s3")
# What a browser is to use names the endpoint as the browser reaches it, not as this function does.
outside = boto3.client(
    "s3",
    endpoint_url=os.environ["PUBLIC_ENDPOINT"],
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
)


def lambda_handler(event, context):
    match event["requestContext"]["http"]["method"], event["rawPath"]:
        case "GET", "/":
            return {"statusCode": 200, "headers": {"content-type": "text/html; charset=utf-8"}, "body": PAGE}
        case "POST", "/upload":
            return upload(event)
        case "GET", "/thumbnail":
            return thumbnail((event.get("queryStringParameters") or {}).get("key", ""))
        case _:
            return answer(404, {"error": "there is nothing here"})


def upload(event):
    """The right to put one JPEG of the size that was asked for, under a key that nobody else has."""
    try:
        size = int(json.loads(body_of(event))["size"])
    except (KeyError, TypeError, ValueError):
        return answer(400, {"error": "say the photo's size in bytes, as in {\"size\": 1000}"})
    if not 1 <= size <= BYTES_MAX:
        return answer(400, {"error": f"a photo may have 1 to {BYTES_MAX} bytes"})
    key = f"uploads/{uuid.uuid4()}.jpg"
    # What is signed must come with the put: another size or kind is refused.
    given = {"Bucket": photos, "Key": key, "ContentType": "image/jpeg", "ContentLength": size}
    return answer(200, {"key": key, "url": outside.generate_presigned_url("put_object", given, ExpiresIn=VALID_SECONDS)})


def thumbnail(key):
    try:
        s3.head_object(Bucket=thumbnails, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        return answer(404, {"error": "not yet"})
    given = {"Bucket": thumbnails, "Key": key}
    return answer(200, {"url": outside.generate_presigned_url("get_object", given, ExpiresIn=VALID_SECONDS)})


def body_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
