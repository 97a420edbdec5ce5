"""Asynchronous invocations: their configurations, retries, ages and destinations.

The server under test runs with retry_scale 0.01: a minute takes 0.6 seconds.
"""

import json
import time

from nought import LAMBDA, arn, client, python, refused

LOGS = client("logs")
FAILS = "def handler(event, context):\n    print('attempt', context.aws_request_id)\n    raise ValueError('no')\n"
KEEPS = "import json\n\ndef handler(event, context):\n    print('record', json.dumps(event))\n    return event\n"
ECHO = "def handler(event, context):\n    return {'echo': event}\n"


def lines(name, word, count, seconds=20):
    """Waits for so many lines of a function that begin with `word`; returns what follows it in each."""
    end = time.monotonic() + seconds
    while True:
        try:
            events = LOGS.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except LOGS.exceptions.ResourceNotFoundException:
            events = []
        found = [event["message"].strip()[len(word) + 1 :] for event in events if event["message"].startswith(word + " ")]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)


def send(name, event, **settings):
    answer = LAMBDA.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode(), **settings)
    assert answer["StatusCode"] == 202
    return answer["ResponseMetadata"]["RequestId"]


def to(name):
    return {"Destination": arn(name)}


def test_a_configuration_is_put_changed_listed_and_deleted():
    name = python(ECHO)
    put = LAMBDA.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60
    )
    assert put["FunctionArn"] == arn(name) + ":$LATEST"
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    changed = LAMBDA.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (2, 60)
    found = LAMBDA.get_function_event_invoke_config(FunctionName=name)
    assert found["LastModified"] == changed["LastModified"]
    listed = LAMBDA.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    assert [config["FunctionArn"] for config in listed] == [arn(name) + ":$LATEST"]
    LAMBDA.delete_function_event_invoke_config(FunctionName=name)
    with refused("ResourceNotFoundException", 404, f"The function {arn(name)}:$LATEST doesn't have an EventInvokeConfig"):
        LAMBDA.get_function_event_invoke_config(FunctionName=name)


def test_what_cannot_be_configured_is_refused():
    name = python(ECHO)
    put = LAMBDA.put_function_event_invoke_config
    with refused("InvalidParameterValueException", 400, "You must specify at least one of error handling or destination setting."):
        put(FunctionName=name)
    for settings in ({"MaximumRetryAttempts": 3}, {"MaximumEventAgeInSeconds": 59}, {"MaximumEventAgeInSeconds": 21601}):
        with refused("ValidationException", 400, "failed to satisfy constraint"):
            put(FunctionName=name, **settings)
    with refused("InvalidParameterValueException", 400, "You can't specify the function as a destination for itself."):
        put(FunctionName=name, DestinationConfig={"OnFailure": to(name)})
    with refused("InvalidParameterValueException", 400, "is invalid."):
        put(FunctionName=name, DestinationConfig={"OnFailure": to("nobody")})


def test_a_function_that_fails_is_run_three_times_under_one_request_id_and_told_of():
    name, told = python(FAILS), python(KEEPS)
    LAMBDA.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": to(told)})
    begin = time.monotonic()
    request_id = send(name, {"order": 1})
    (record,) = lines(told, "record", 1)
    assert time.monotonic() - begin > 1.7
    record = json.loads(record)
    assert lines(name, "attempt", 3) == [request_id] * 3
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": arn(name) + ":$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == {"order": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no"


def test_a_success_is_told_of_with_its_answer():
    name, told = python(ECHO), python(KEEPS)
    LAMBDA.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": to(told)})
    send(name, "hello")
    record = json.loads(lines(told, "record", 1)[0])
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert (record["requestPayload"], record["responsePayload"]) == ("hello", {"echo": "hello"})


def test_an_event_that_would_be_too_old_is_not_tried_again():
    name, told = python(FAILS), python(KEEPS)
    LAMBDA.put_function_event_invoke_config(
        FunctionName=name, MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": to(told)}
    )
    send(name, 1)
    record = json.loads(lines(told, "record", 1)[0])
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] <= 1


def test_a_function_without_any_concurrency_has_its_events_told_of():
    name, told = python(ECHO), python(KEEPS)
    LAMBDA.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": to(told)})
    LAMBDA.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    send(name, 1)
    record = json.loads(lines(told, "record", 1)[0])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responsePayload" not in record
