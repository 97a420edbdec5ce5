"""Takes the thumbnails that messages on a queue tell of into the album: one small document for each."""

import json
import os

import boto3
from botocore.exceptions import ClientError

thumbnails = os.environ["THUMBNAILS"]
s3 = boto3.client("s3")


def lambda_handler(event, context):
    """Only the messages that failed come again, and after two failures they end in the dead-letter queue."""
    failed = []
    for record in event["Records"]:
        try:
            take(json.loads(record["body"])["key"])
        except (ClientError, KeyError, TypeError, ValueError) as error:
            print(f"{record['messageId']} failed: {error}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def take(key):
    size = s3.head_object(Bucket=thumbnails, Key=key)["ContentLength"]
    entry = json.dumps({"key": key, "bytes": size})
    s3.put_object(Bucket=thumbnails, Key=f"album/{key}.json", Body=entry, ContentType="application/json")
