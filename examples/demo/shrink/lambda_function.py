"""Shrinks the JPEG in a request to the width in its query, with Pillow: what a photo site does at every upload."""

import base64
import io

from PIL import Image, ImageOps

WIDTH_DEFAULT = 320
WIDTH_MAX = 4096


def lambda_handler(event, context):
    try:
        width = int(event.get("queryStringParameters", {}).get("width", WIDTH_DEFAULT))
    except ValueError:
        return refuse("width is not a number")
    if not 1 <= width <= WIDTH_MAX:
        return refuse(f"width must be 1 to {WIDTH_MAX}")
    body = event.get("body") or ""
    data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    try:
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
        image = ImageOps.exif_transpose(image)
        image.thumbnail((width, width * 4))
    except OSError:
        return refuse("the body is not a JPEG")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80, optimize=True)
    print(f"{len(data)} bytes became {out.tell()} bytes, {image.width}x{image.height}")
    return {
        "statusCode": 200,
        "headers": {"content-type": "image/jpeg"},
        "body": base64.b64encode(out.getvalue()).decode(),
        "isBase64Encoded": True,
    }


def refuse(reason):
    return {"statusCode": 400, "headers": {"content-type": "text/plain"}, "body": reason + "\n"}
