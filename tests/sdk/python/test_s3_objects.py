"""Buckets and objects through boto3 with its default settings, and through the AWS command line."""

import hashlib
import io
import itertools
import os
import pathlib
import random
import subprocess
import sys
import urllib.error
import urllib.request

import botocore.config
import pytest

from nought import URL, client, refused

S3 = client("s3")
_numbers = itertools.count(1)


@pytest.fixture
def bucket():
    name = f"b-{os.getpid()}-{next(_numbers)}"
    S3.create_bucket(Bucket=name)
    return name


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def read(bucket, key, **settings):
    return S3.get_object(Bucket=bucket, Key=key, **settings)["Body"].read()


def test_an_object_comes_back_with_all_that_was_said_about_it(bucket):
    said = {"ContentType": "text/plain", "CacheControl": "no-cache", "ContentLanguage": "de", "Metadata": {"who": "me"}}
    put = S3.put_object(Bucket=bucket, Key="a/b c", Body=b"hello", StorageClass="STANDARD_IA", **said)
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ChecksumCRC32"] == "NhCmhg=="
    got = S3.get_object(Bucket=bucket, Key="a/b c")
    assert got["Body"].read() == b"hello"
    head = S3.head_object(Bucket=bucket, Key="a/b c")
    for answer in (got, head):
        assert {name: answer[name] for name in said} == said
        assert answer["StorageClass"] == "STANDARD_IA"
        assert answer["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize(
    "key", ["../x", "..", ".", "//y", "/z", "a//b", "ü" * 512, "a\tb", "a+b", "a%2Fb", "a?b", "a#b", "nul\0x", "😀"]
)
def test_a_key_is_any_text(bucket, key):
    S3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert read(bucket, key) == key.encode()
    assert [entry["Key"] for entry in S3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    S3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "other"}]})


def test_ranges_are_parts_of_the_object(bucket):
    body = noise(300_000)
    S3.put_object(Bucket=bucket, Key="a", Body=body)
    for text, wanted in [("0-9", body[:10]), ("65530-65545", body[65530:65546]), ("-5", body[-5:]), ("299999-", body[-1:])]:
        got = S3.get_object(Bucket=bucket, Key="a", Range=f"bytes={text}")
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["Body"].read() == wanted, text
    with refused("InvalidRange", 416):
        S3.get_object(Bucket=bucket, Key="a", Range="bytes=300000-")


def test_a_large_file_goes_up_in_parts_and_comes_down_whole(bucket):
    body = noise(20 * 1024 * 1024 + 5)
    S3.upload_fileobj(io.BytesIO(body), bucket, "big")
    head = S3.head_object(Bucket=bucket, Key="big")
    assert head["ContentLength"] == len(body)
    assert head["ETag"].endswith('-3"')
    down = io.BytesIO()
    S3.download_fileobj(bucket, "big", down)
    assert hashlib.sha256(down.getvalue()).digest() == hashlib.sha256(body).digest()
    part = S3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert part["PartsCount"] == 3
    assert part["Body"].read() == body[8 * 1024 * 1024 : 16 * 1024 * 1024]
    S3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copy")
    assert read(bucket, "copy") == body


def test_versions_are_kept_marked_and_had_again(bucket):
    S3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = S3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    second = S3.put_object(Bucket=bucket, Key="a", Body=b"2")["VersionId"]
    marker = S3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"]
    with refused("NoSuchKey", 404):
        read(bucket, "a")
    assert read(bucket, "a", VersionId=first) == b"1"
    listed = S3.list_object_versions(Bucket=bucket)
    assert [version["VersionId"] for version in listed["Versions"]] == [second, first]
    assert listed["DeleteMarkers"][0]["IsLatest"]
    S3.delete_object(Bucket=bucket, Key="a", VersionId=marker["VersionId"])
    assert read(bucket, "a") == b"2"
    with refused("BucketNotEmpty", 409):
        S3.delete_bucket(Bucket=bucket)


def test_pages_and_prefixes_of_listings(bucket):
    keys = [f"{folder}/{number}" for folder in "abc" for number in range(5)] + ["top"]
    for key in keys:
        S3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = S3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys
    top = S3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [prefix["Prefix"] for prefix in top["CommonPrefixes"]] == ["a/", "b/", "c/"]
    assert [entry["Key"] for entry in top["Contents"]] == ["top"]
    pages = S3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert [prefix["Prefix"] for page in pages for prefix in page.get("CommonPrefixes", [])] == ["a/", "b/", "c/"]


def test_conditions_decide_over_reads_and_writes(bucket):
    etag = S3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", 412):
        S3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    S3.put_object(Bucket=bucket, Key="a", Body=b"2", IfMatch=etag)
    with refused("PreconditionFailed", 412):
        S3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=etag)
    with refused("304", 304):
        S3.get_object(Bucket=bucket, Key="a", IfNoneMatch=S3.head_object(Bucket=bucket, Key="a")["ETag"])


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_open_one_object_for_their_time(bucket, version):
    signer = client("s3", config=botocore.config.Config(signature_version=version))
    named = {"Bucket": bucket, "Key": "a b"}
    # Version 2 signs the type, and urllib would send one of its own.
    url, untyped = signer.generate_presigned_url("put_object", named), {"Content-Type": ""}
    put = urllib.request.Request(url, data=b"hello", method="PUT", headers=untyped)
    assert urllib.request.urlopen(put).status == 200
    url = signer.generate_presigned_url("get_object", named)
    assert urllib.request.urlopen(url).read() == b"hello"
    for wrong in (url.replace("a%20b", "a%20c"), signer.generate_presigned_url("get_object", named, ExpiresIn=-1)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong)
        assert caught.value.code in (400, 403)


def test_a_key_of_the_customer_is_needed_again(bucket):
    key = noise(32)
    theirs = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
    S3.put_object(Bucket=bucket, Key="a", Body=b"secret", **theirs)
    assert read(bucket, "a", **theirs) == b"secret"
    with refused("InvalidRequest", 400):
        read(bucket, "a")
    with refused("AccessDenied", 403):
        read(bucket, "a", **{**theirs, "SSECustomerKey": noise(32, seed=2)})


def test_the_command_line_copies_syncs_lists_and_removes(bucket, tmp_path):
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "one").write_bytes(b"1")
    (tmp_path / "tree" / "sub" / "two").write_bytes(noise(9 * 1024 * 1024))
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": os.environ["NOUGHT_KEY"],
        "AWS_SECRET_ACCESS_KEY": os.environ["NOUGHT_SECRET"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def aws(*arguments):
        program = pathlib.Path(sys.executable).with_name("aws")
        command = [str(program), "--endpoint-url", URL, "s3", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    aws("sync", str(tmp_path / "tree"), f"s3://{bucket}/t")
    assert "PRE sub/" in aws("ls", f"s3://{bucket}/t/")
    aws("cp", f"s3://{bucket}/t/sub/two", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "tree" / "sub" / "two").read_bytes()
    aws("rm", "--recursive", f"s3://{bucket}/t")
    assert aws("ls", f"s3://{bucket}") == ""
    aws("rb", f"s3://{bucket}")


def asked(method, path, **headers):
    """The status, the headers and the body of an answer to an unsigned request."""
    request = urllib.request.Request(URL + path, method=method, headers=headers)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read().decode()


def test_browsers_are_told_what_pages_of_other_sites_may_do(bucket):
    path = f"/{bucket}/a"
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}
    assert "CORSResponse: CORS is not enabled for this bucket." in asked("OPTIONS", path, **preflight)[2]
    rule = {"AllowedOrigins": ["https://*.example"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["x-*"]}
    rules = [{**rule, "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}, {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]
    S3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    status, headers, body = asked("OPTIONS", path, **preflight, **{"Access-Control-Request-Headers": "X-A, x-b"})
    assert (status, body) == (200, "")
    told = {name: value for name, value in headers.items() if name.lower().startswith("access-control-")}
    assert {name.lower(): value for name, value in told.items()} == {
        "access-control-allow-origin": "https://a.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "PUT, GET",
        "access-control-allow-headers": "x-a, x-b",
        "access-control-expose-headers": "ETag",
        "access-control-max-age": "60",
    }
    for changed in [{"Origin": "http://a.example"}, {"Access-Control-Request-Headers": "other"}]:
        status, _, body = asked("OPTIONS", path, **{**preflight, **changed})
        assert (status, "This CORS request is not allowed." in body) == (403, True)
    url = S3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"}).removeprefix(URL)
    status, headers, _ = asked("GET", url, Origin="http://other.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (404, "*")
    assert headers["Access-Control-Allow-Credentials"] is None
    assert asked("GET", url)[1]["Vary"] is None
