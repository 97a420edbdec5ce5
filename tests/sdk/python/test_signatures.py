"""Who asks: signatures of every form, wrong, old and by unknown keys; STS."""

import datetime
import os

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from nought import ACCOUNT, REGION, URL, client, http, refused

KEY, SECRET = os.environ["NOUGHT_KEY"], os.environ["NOUGHT_SECRET"]
LIST = f"{URL}/2015-03-31/functions/"


def request(url=LIST, method="GET", body=b"", key=KEY, secret=SECRET, service="lambda", headers=None, at=None, auth=None):
    """A request signed by botocore, optionally as if at another time."""
    asked = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers or {})
    signer = (auth or botocore.auth.SigV4Auth)(botocore.credentials.Credentials(key, secret), service, REGION)
    real = botocore.auth.get_current_datetime if hasattr(botocore.auth, "get_current_datetime") else None
    if at:
        moment = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + at
        botocore.auth.get_current_datetime = lambda *_, **__: moment
    try:
        signer.add_auth(asked)
    finally:
        if real:
            botocore.auth.get_current_datetime = real
    return asked


def status_of(asked, **changes):
    headers = {**dict(asked.headers), **changes.pop("headers", {})}
    return http(changes.get("url", asked.url), asked.method, changes.get("body", asked.data) or None, headers)


def test_a_good_signature_is_let_in():
    assert status_of(request())[0] == 200


@pytest.mark.parametrize(
    "changes, status, code",
    [
        ({"secret": "wrong"}, 403, "InvalidSignatureException"),
        ({"key": "AKIAUNKNOWNUNKNOWN12"}, 403, "UnrecognizedClientException"),
        ({"at": datetime.timedelta(minutes=-20)}, 403, "InvalidSignatureException"),
        ({"at": datetime.timedelta(minutes=20)}, 403, "InvalidSignatureException"),
    ],
    ids=["wrong secret", "unknown key", "old", "from the future"],
)
def test_a_bad_signature_is_refused(changes, status, code):
    seen, headers, body = status_of(request(**changes))
    assert seen == status, body
    assert code in (headers.get("x-amzn-errortype") or "") + body.decode()


def test_a_signature_a_few_minutes_off_is_let_in():
    for minutes in (-4, 4):
        assert status_of(request(at=datetime.timedelta(minutes=minutes)))[0] == 200


def test_no_signature_is_refused():
    status, headers, body = http(LIST)
    assert status == 403
    assert b"Missing Authentication Token" in body


def test_a_changed_request_is_refused():
    asked = request(method="POST", body=b'{"a":1}', url=f"{URL}/2015-03-31/functions/x/invocations")
    assert status_of(asked, body=b'{"a":2}')[0] == 403
    assert status_of(request(), url=LIST + "?MaxItems=1")[0] == 403
    assert status_of(request(headers={"X-Amz-Extra": "1"}), headers={"X-Amz-Extra": "2"})[0] == 403


def test_a_header_that_is_not_signed_may_not_be_added():
    assert status_of(request(), headers={"X-Amz-Extra": "2"})[0] == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=///////, SignedHeaders=;;;, Signature=zz",
        "Basic dGVzdDp0ZXN0",
        "AWS key:signature",
        "AWS4-ECDSA-P256-SHA256 Credential=a",
    ],
)
def test_a_malformed_authorization_is_refused(authorization):
    status, _, _ = http(LIST, headers={"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"})
    assert status in (400, 403, 501)


def test_a_presigned_query_is_let_in_until_it_expires():
    def presign(expires, at=None):
        auth = lambda *arguments: botocore.auth.SigV4QueryAuth(*arguments, expires=expires)
        return request(auth=auth, at=at)

    assert http(presign(60).url)[0] == 200
    old = presign(60, datetime.timedelta(minutes=-5))
    assert http(old.url)[0] == 403
    assert http(presign(60).url.replace("Signature=", "Signature=0"))[0] == 403


def test_the_conventional_pair_is_not_let_in_by_serve():
    stranger = client("lambda", aws_access_key_id="test", aws_secret_access_key="test")
    with refused("UnrecognizedClientException", 403):
        stranger.list_functions()


def test_sts_tells_who_asks():
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert identity["UserId"]
    with refused("InvalidClientTokenId", 403):
        client("sts", aws_access_key_id="AKIAUNKNOWNUNKNOWN12").get_caller_identity()
    with refused("SignatureDoesNotMatch", 403):
        client("sts", aws_secret_access_key="wrong").get_caller_identity()


def test_the_region_comes_from_the_scope():
    assert client("lambda", region_name="ap-south-1").list_functions()["Functions"] == []


@pytest.mark.parametrize(
    "service, operation, arguments",
    [
        ("sns", "list_platform_applications", {}),
        ("iam", "list_users", {}),
        ("pipes", "list_pipes", {}),
        ("stepfunctions", "list_state_machines", {}),
        ("events", "list_connections", {}),
        ("s3", "list_bucket_metrics_configurations", {"Bucket": "any"}),
        ("sts", "get_session_token", {}),
        ("logs", "describe_metric_filters", {}),
        ("lambda", "list_layers", {}),
    ],
)
def test_what_does_not_exist_yet_is_refused_in_its_own_protocol(service, operation, arguments):
    import botocore.exceptions

    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(client(service), operation)(**arguments)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404, 501), answer
    assert answer["Error"]["Code"] not in ("", "Unknown") and not answer["Error"]["Code"].isdigit(), answer


def test_a_query_of_an_unknown_action_is_an_invalid_action():
    body = b"Action=Nonsense&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, answer = status_of(request(URL + "/", "POST", body, service="sts", headers=headers))
    assert status == 400 and b"InvalidAction" in answer


def test_the_error_type_is_in_a_header_and_the_request_id_too():
    status, headers, body = status_of(request(f"{URL}/2015-03-31/functions/missing"))
    assert status == 404
    assert headers["x-amzn-errortype"].startswith("ResourceNotFoundException")
    assert headers["x-amzn-requestid"]
    assert headers["content-type"] == "application/json"
