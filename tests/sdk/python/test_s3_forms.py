"""Objects posted as forms, the way browsers do, with policies that boto3 signs."""

import http.client
import itertools
import os
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import botocore.config
import pytest

from nought import URL, client

S3 = client("s3")
BOUNDARY = "a boundary"
_numbers = itertools.count(1)


@pytest.fixture
def bucket():
    name = f"forms-{os.getpid()}-{next(_numbers)}"
    S3.create_bucket(Bucket=name)
    return name


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def body_of(fields, file, name="a b.txt"):
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{fields[field]}\r\n' for field in fields]
    last = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    return ("".join(parts) + last).encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(url, fields, file=b"hello"):
    """The status, the headers and the document of the answer."""
    headers = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}
    request = urllib.request.Request(url, data=body_of(fields, file), headers=headers)
    try:
        answer = urllib.request.build_opener(Unfollowed).open(request)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    document = {part.tag: part.text for part in xml.etree.ElementTree.fromstring(text)} if text else {}
    return answer.status, answer.headers, document


def presigned(bucket, key, fields=None, conditions=None, version="s3v4", **settings):
    signer = client("s3", config=botocore.config.Config(signature_version=version))
    fields = fields or {}
    covered = [{name: value} for name, value in fields.items()] + (conditions or [])
    given = signer.generate_presigned_post(bucket, key, Fields=fields, Conditions=covered, **settings)
    return given["url"], given["fields"]


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_form_with_a_signed_policy_puts_its_file(bucket, version):
    said = {"Content-Type": "text/plain", "x-amz-meta-who": "me", "tagging": TAGGING, "success_action_status": "201"}
    status, headers, document = post(*presigned(bucket, "up/${filename}", said, version=version))
    assert (status, document["Bucket"], document["Key"]) == (201, bucket, "up/a b.txt")
    assert document["ETag"] == headers["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    got = S3.get_object(Bucket=bucket, Key="up/a b.txt")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"hello", "text/plain", {"who": "me"})
    assert S3.get_object_tagging(Bucket=bucket, Key="up/a b.txt")["TagSet"] == [{"Key": "kind", "Value": "photo"}]


TAGGING = "<Tagging><TagSet><Tag><Key>kind</Key><Value>photo</Value></Tag></TagSet></Tagging>"


def test_the_form_says_how_it_is_answered(bucket):
    for asked, wanted in [({}, 204), ({"success_action_status": "200"}, 200), ({"success_action_status": "404"}, 204)]:
        status, headers, document = post(*presigned(bucket, "a/b", asked))
        assert (status, document) == (wanted, {})
        assert headers["Location"] == f"{URL}/{bucket}/a%2Fb"
    asked = {"success_action_redirect": "http://example.com/done?x=1"}
    status, headers, _ = post(*presigned(bucket, "a/b", asked))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)
    assert status == 303
    assert query == {"x": ["1"], "bucket": [bucket], "key": ["a/b"], "etag": ['"5d41402abc4b2a76b9719d911017c592"']}


def test_a_large_file_comes_back_as_it_was(bucket):
    file = os.urandom(3_000_000) + f"\r\n--{BOUNDARY[:-1]}\r\n".encode()
    assert post(*presigned(bucket, "big"), file=file)[0] == 204
    assert S3.get_object(Bucket=bucket, Key="big")["Body"].read() == file


CONDITIONS = [
    ({"key": "other"}, 403, "AccessDenied", 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "a"]'),
    ({"x-amz-meta-b": "1"}, 403, "AccessDenied", "Invalid according to Policy: Extra input fields: x-amz-meta-b"),
    ({"x-amz-signature": "00" * 32}, 403, "SignatureDoesNotMatch", None),
    ({"policy": "e30="}, 403, "SignatureDoesNotMatch", None),
    ({"x-amz-credential": "AKIAIOSFODNN7EXAMPLF/{date}/us-east-1/s3/aws4_request"}, 403, "InvalidAccessKeyId", None),
    ({"key": None}, 400, "InvalidArgument", "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."),
    ({"policy": None}, 400, "InvalidArgument", "Bucket POST must contain a field named 'policy'.  If it is specified, please check the order of the fields."),
]


@pytest.mark.parametrize("changes,status,code,message", CONDITIONS)
def test_a_form_beyond_its_policy_is_refused(bucket, changes, status, code, message):
    url, fields = presigned(bucket, "a")
    changes = {name: value and value.format(date=fields["x-amz-date"][:8]) for name, value in changes.items()}
    fields = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    found, _, document = post(url, fields)
    assert (found, document["Code"]) == (status, code)
    assert message in (None, document["Message"])
    assert "Contents" not in S3.list_objects_v2(Bucket=bucket)


def test_a_file_is_as_long_as_the_policy_lets_it_be(bucket):
    url, fields = presigned(bucket, "a", conditions=[["content-length-range", 3, 5]])
    for file, code in [(b"12", "EntityTooSmall"), (b"123456", "EntityTooLarge")]:
        status, _, document = post(url, fields, file)
        assert (status, document["Code"]) == (400, code)
    assert "Contents" not in S3.list_objects_v2(Bucket=bucket)
    assert post(url, fields, b"12345")[0] == 204


def test_a_policy_ends_with_its_time(bucket):
    status, _, document = post(*presigned(bucket, "a", ExpiresIn=-1))
    assert (status, document["Message"]) == (403, "Invalid according to Policy: Policy expired.")


def test_a_form_that_breaks_off_puts_nothing(bucket):
    url, fields = presigned(bucket, "a")
    address = urllib.parse.urlsplit(url)
    whole = body_of(fields, b"hello")
    connection = http.client.HTTPConnection(address.netloc)
    headers = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}
    connection.request("POST", address.path, body=whole[:-30], headers=headers)
    answer = connection.getresponse()
    assert (answer.status, b"MalformedPOSTRequest" in answer.read()) == (400, True)
    connection.request("POST", address.path, body=b"key=a", headers={"Content-Type": "text/plain"})
    answer = connection.getresponse()
    assert (answer.status, b"PreconditionFailed" in answer.read()) == (412, True)
    assert "Contents" not in S3.list_objects_v2(Bucket=bucket)


def test_a_form_without_a_policy_is_anonymous_and_refused(bucket):
    status, _, document = post(f"{URL}/{bucket}", {"key": "a"})
    assert (status, document["Code"]) == (403, "AccessDenied")
