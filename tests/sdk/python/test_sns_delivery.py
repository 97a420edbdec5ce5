"""SNS with boto3: functions and HTTP endpoints that are told, and what else leads to topics."""

import base64
import http.server
import itertools
import json
import os
import queue as queues
import subprocess
import threading
import time
import urllib.request

import pytest

from nought import ACCOUNT, LAMBDA, PYTHON, REGION, ROLE, client, zip_of

SNS, SQS, S3, EVENTS, LOGS = client("sns"), client("sqs"), client("s3"), client("events"), client("logs")
_numbers = itertools.count(1)


def name():
    return f"d{os.getpid()}-{next(_numbers)}"


def topic(**attributes):
    return SNS.create_topic(Name=name(), Attributes=attributes)["TopicArn"]


def queue():
    url = SQS.create_queue(QueueName=name())["QueueUrl"]
    return url, SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def told_queue(topic_arn, **attributes):
    url, arn = queue()
    SNS.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true", **attributes})
    return url


def receive(url, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = SQS.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"])
        for message in answer.get("Messages", []):
            SQS.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return message
    raise AssertionError("no message came")


def function(code):
    called = name()
    LAMBDA.create_function(
        FunctionName=called, Runtime=PYTHON, Role=ROLE, Handler="app.handler", Code={"ZipFile": zip_of({"app.py": code})}
    )
    LAMBDA.get_waiter("function_active_v2").wait(FunctionName=called)
    return called, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{called}"


class Endpoint:
    """An HTTP endpoint on loopback that keeps what it is sent and answers as it is told."""

    def __init__(self, *statuses):
        self.got, statuses = queues.Queue(), iter(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["content-length"]))
                self.got.put((dict(handler.headers.items()), body.decode()))
                handler.send_response(next(statuses, 200))
                handler.send_header("content-length", "0")
                handler.end_headers()

            def log_message(handler, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/told?a=b"

    def next(self, seconds=15):
        headers, body = self.got.get(timeout=seconds)
        return {key.lower(): value for key, value in headers.items()}, body


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def verify(tmp_path, document, digest):
    """Checks a signature with the certificate that the document names, as its receiver would."""
    members = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{member}\n{document[member]}\n" for member in members if member in document)
    for called, content in [
        ("signed", signed.encode()),
        ("signature", base64.b64decode(document["Signature"])),
        ("certificate", fetch(document["SigningCertURL"]).encode()),
    ]:
        (tmp_path / called).write_bytes(content)
    key = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "certificate", "-pubkey", "-noout"], capture_output=True, check=True
    ).stdout
    (tmp_path / "key").write_bytes(key)
    command = ["openssl", "dgst", f"-{digest}", "-verify", tmp_path / "key", "-signature", tmp_path / "signature"]
    subprocess.run([*command, tmp_path / "signed"], capture_output=True, check=True)


@pytest.mark.parametrize("version, digest", [("1", "sha1"), ("2", "sha256")])
def test_an_endpoint_confirms_and_is_told_in_signed_messages(tmp_path, version, digest):
    arn, endpoint = topic(SignatureVersion=version), Endpoint()
    assert SNS.subscribe(TopicArn=arn, Protocol="http", Endpoint=endpoint.url)["SubscriptionArn"] == "pending confirmation"
    headers, body = endpoint.next()
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert headers["content-type"] == "text/plain; charset=UTF-8"
    asked = json.loads(body)
    assert asked["Type"] == "SubscriptionConfirmation" and asked["TopicArn"] == arn
    assert asked["SignatureVersion"] == version
    verify(tmp_path, asked, digest)
    assert SNS.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsPending"] == "1"
    confirmed = fetch(asked["SubscribeURL"])
    assert f"<SubscriptionArn>{arn}:" in confirmed
    subscription = SNS.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"][0]["SubscriptionArn"]
    attributes = SNS.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert attributes["PendingConfirmation"] == "false" and attributes["ConfirmationWasAuthenticated"] == "false"
    published = SNS.publish(TopicArn=arn, Message="hello", Subject="greeting")
    headers, body = endpoint.next()
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-message-id"] == published["MessageId"]
    assert headers["x-amz-sns-topic-arn"] == arn and headers["x-amz-sns-subscription-arn"] == subscription
    told = json.loads(body)
    assert told["Message"] == "hello" and told["Subject"] == "greeting"
    verify(tmp_path, told, digest)
    fetch(told["UnsubscribeURL"])
    assert SNS.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []


def test_an_endpoint_can_be_confirmed_with_the_token():
    arn, endpoint = topic(), Endpoint()
    SNS.subscribe(TopicArn=arn, Protocol="http", Endpoint=endpoint.url, Attributes={"RawMessageDelivery": "true"})
    token = json.loads(endpoint.next()[1])["Token"]
    subscription = SNS.confirm_subscription(TopicArn=arn, Token=token)["SubscriptionArn"]
    SNS.publish(TopicArn=arn, Message="as it is")
    headers, body = endpoint.next()
    assert body == "as it is" and headers["x-amz-sns-rawdelivery"] == "true"
    attributes = SNS.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert attributes["ConfirmationWasAuthenticated"] == "true"
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3


def test_an_endpoint_that_fails_is_tried_again_and_then_the_message_is_a_dead_letter():
    arn, endpoint, (dead_url, dead_arn) = topic(), Endpoint(200, 500, 503, 500, 200), queue()
    policy = {"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 2, "minDelayTarget": 1, "maxDelayTarget": 1}}
    SNS.subscribe(
        TopicArn=arn,
        Protocol="http",
        Endpoint=endpoint.url,
        Attributes={
            "RawMessageDelivery": "true",
            "DeliveryPolicy": json.dumps(policy),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn}),
        },
    )
    SNS.confirm_subscription(TopicArn=arn, Token=json.loads(endpoint.next()[1])["Token"])
    SNS.publish(TopicArn=arn, Message="lost")
    assert [endpoint.next()[1] for _ in range(3)] == ["lost"] * 3
    assert receive(dead_url)["Body"] == "lost"
    SNS.publish(TopicArn=arn, Message="found")
    assert endpoint.next()[1] == "found"


ECHO = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
"""


def log_of(called, mark, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            events = LOGS.filter_log_events(logGroupName=f"/aws/lambda/{called}")["events"]
        except LOGS.exceptions.ResourceNotFoundException:
            events = []
        for event in events:
            if event["message"].startswith(mark):
                return event["message"][len(mark) :]
        time.sleep(0.2)
    raise AssertionError(f"{called} logged nothing")


def test_a_function_is_run_if_its_policy_lets_the_topic():
    arn, (called, function_arn), (dead_url, dead_arn) = topic(), function(ECHO), queue()
    subscription = SNS.subscribe(
        TopicArn=arn,
        Protocol="lambda",
        Endpoint=function_arn,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})},
    )["SubscriptionArn"]
    SNS.publish(TopicArn=arn, Message="not allowed")
    assert json.loads(receive(dead_url)["Body"])["Message"] == "not allowed"
    LAMBDA.add_permission(
        FunctionName=called,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=arn,
    )
    published = SNS.publish(
        TopicArn=arn,
        Message="hello",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "a"}},
    )
    [record] = json.loads(log_of(called, "GOT "))["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    told = record["Sns"]
    assert told["MessageId"] == published["MessageId"] and told["Message"] == "hello" and told["Subject"] is None
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "a"}}
    assert list(told) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertUrl",
        "UnsubscribeUrl",
        "MessageAttributes",
    ]


def test_buckets_and_rules_tell_topics():
    arn = topic()
    url, bucket = told_queue(arn), name()
    S3.create_bucket(Bucket=bucket)
    S3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"TopicConfigurations": [{"TopicArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    assert json.loads(receive(url)["Body"])["Event"] == "s3:TestEvent"
    shown = S3.get_bucket_notification_configuration(Bucket=bucket)["TopicConfigurations"]
    assert [one["TopicArn"] for one in shown] == [arn]
    S3.put_object(Bucket=bucket, Key="key", Body=b"body")
    assert json.loads(receive(url)["Body"])["Records"][0]["s3"]["object"]["key"] == "key"
    rule = name()
    EVENTS.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    assert EVENTS.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": arn}])["FailedEntryCount"] == 0
    EVENTS.put_events(Entries=[{"Source": rule, "DetailType": "d", "Detail": '{"n": 1}'}])
    assert json.loads(receive(url)["Body"])["detail"] == {"n": 1}


FAILS = """
def handler(event, context):
    raise ValueError("no good")
"""


def test_records_and_dead_letters_of_functions_go_to_topics_and_queues():
    arn, (queue_url, queue_arn) = topic(), queue()
    url, (called, function_arn) = told_queue(arn), function(FAILS)
    LAMBDA.put_function_event_invoke_config(
        FunctionName=called, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    LAMBDA.update_function_configuration(FunctionName=called, DeadLetterConfig={"TargetArn": queue_arn})
    LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=called)
    assert LAMBDA.get_function_configuration(FunctionName=called)["DeadLetterConfig"] == {"TargetArn": queue_arn}
    LAMBDA.invoke(FunctionName=called, InvocationType="Event", Payload=b'{"a": 1}')
    record = json.loads(receive(url)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted" and record["requestPayload"] == {"a": 1}
    letter = receive(queue_url)
    assert json.loads(letter["Body"]) == {"a": 1}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no good"
    assert letter["MessageAttributes"]["RequestID"]["StringValue"] == record["requestContext"]["requestId"]
