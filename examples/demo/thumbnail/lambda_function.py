"""Makes a thumbnail of every photo that is put into the bucket that it is told of, and says so on a queue."""

import io
import json
import os
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageOps

WIDTH = 320

thumbnails = os.environ["THUMBNAILS"]
s3 = boto3.client("s3")
sqs = boto3.client("sqs")
made = sqs.get_queue_url(QueueName=os.environ["MADE"])["QueueUrl"]


def lambda_handler(event, context):
    # What S3 sends when the notification is set up has no records.
    for record in event.get("Records", []):
        bucket = record["s3"]["bucket"]["name"]
        # Keys in events are encoded as in a form.
        key = unquote_plus(record["s3"]["object"]["key"])
        data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            small = shrink(data)
        except OSError:
            # Trying again would not make it one.
            print(f"{key} is not a JPEG")
            continue
        s3.put_object(Bucket=thumbnails, Key=key, Body=small, ContentType="image/jpeg")
        sqs.send_message(QueueUrl=made, MessageBody=json.dumps({"key": key}))
        print(f"{key}: {len(data)} bytes became {len(small)} bytes")


def shrink(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data), formats=["JPEG"]))
    image.thumbnail((WIDTH, WIDTH * 4))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()
