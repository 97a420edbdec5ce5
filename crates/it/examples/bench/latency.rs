//! From the acknowledgement of a change to the first line of the function that it triggers.
//!
//! The function is a component that prints what time it is before it does anything (`examples/guests/clock-rust`); its
//! clock is this machine's. Changes come one at a time, so that nothing waits for anything else.

use std::thread;
use std::time::{Duration, SystemTime};

use it::{ACCOUNT, Client, Nought, REGION};
use serde_json::{Value, json};

use crate::samples::Samples;
use crate::{process, promise};

const CHANGES: usize = 300;
/// The first ones load the code.
const WARM_UP: usize = 20;
const BETWEEN: Duration = Duration::from_millis(25);
const P50_MAX: Duration = Duration::from_millis(5);
const P99_MAX: Duration = Duration::from_millis(25);
const ARRIVAL: Duration = Duration::from_secs(60);

pub fn run() -> bool {
    process::print_load();
    let nought = Nought::start();
    let mut client = Client::new(nought.address());
    let put = watch_bucket(&nought, &mut client);
    let puts = measure(&mut client, "a put", "on-put", put);
    let send = watch_queue(&nought, &mut client);
    let sends = measure(&mut client, "a send", "on-send", send);
    let invoke = deploy(&nought, "on-invoke");
    let path = format!("/2015-03-31/functions/{invoke}/invocations");
    let event = move |client: &mut Client, _: usize| {
        client.lambda("POST", &path, &[("x-amz-invocation-type", "Event")], &json!({})).expect("accepted");
    };
    puts & sends & measure(&mut client, "an asynchronous invocation", "on-invoke", event)
}

fn deploy(nought: &Nought, name: &'static str) -> &'static str {
    nought.deploy(&it::component("clock-rust"), name, &[]);
    name
}

fn watch_bucket(nought: &Nought, client: &mut Client) -> impl Fn(&mut Client, usize) + use<> {
    deploy(nought, "on-put");
    client.s3("PUT", "/watched", &[], b"").expect("a bucket");
    let permission = json!({"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::watched", "SourceAccount": ACCOUNT});
    client.lambda("POST", "/2015-03-31/functions/on-put/policy", &[], &permission).expect("a permission");
    let configuration = format!(
        "<NotificationConfiguration><CloudFunctionConfiguration>\
         <CloudFunction>arn:aws:lambda:{REGION}:{ACCOUNT}:function:on-put</CloudFunction>\
         <Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration></NotificationConfiguration>"
    );
    client.s3("PUT", "/watched?notification", &[], configuration.as_bytes()).expect("notifications");
    |client, number| drop(client.s3("PUT", &format!("/watched/{number}"), &[], b"a small object").expect("a put"))
}

fn watch_queue(nought: &Nought, client: &mut Client) -> impl Fn(&mut Client, usize) + use<> {
    deploy(nought, "on-send");
    let made = client.sqs("CreateQueue", &json!({"QueueName": "watched"})).expect("a queue");
    let mapping = json!({"FunctionName": "on-send", "BatchSize": 1,
        "EventSourceArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:watched")});
    client.lambda("POST", "/2015-03-31/event-source-mappings", &[], &mapping).expect("a mapping");
    let send = json!({"QueueUrl": made["QueueUrl"], "MessageBody": "a message"});
    move |client, _| drop(client.sqs("SendMessage", &send).expect("sent"))
}

fn measure(client: &mut Client, what: &str, function: &str, change: impl Fn(&mut Client, usize)) -> bool {
    // What is told of a configuration when it is made is not measured: it comes before the first change.
    thread::sleep(BETWEEN * 20);
    let before = began(client, function).len();
    let mut acknowledged = Vec::new();
    for number in 0..CHANGES {
        change(client, number);
        acknowledged.push(since_1970());
        thread::sleep(BETWEEN);
    }
    let end = SystemTime::now() + ARRIVAL;
    let began = loop {
        let mut began = began(client, function);
        if began.len() >= before + CHANGES {
            began.sort_unstable();
            break began.split_off(began.len() - CHANGES);
        }
        assert!(SystemTime::now() < end, "{} of {CHANGES} events came", began.len() - before);
        thread::sleep(BETWEEN);
    };
    let pairs = acknowledged.iter().zip(&began).skip(WARM_UP);
    // A function may begin before its cause reads the acknowledgement.
    let samples = Samples::of(pairs.map(|(acknowledged, began)| began.saturating_sub(*acknowledged)).collect());
    samples.print(&format!("from the acknowledgement of {what} to the first line of its function"));
    bounded(what, "p50", samples.percentile(50), P50_MAX) & bounded(what, "p99", samples.percentile(99), P99_MAX)
}

fn bounded(what: &str, which: &str, figure: Duration, most: Duration) -> bool {
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let bound = format!("under {} ms", millis(most));
    promise(&format!("{what} to its function, {which}"), millis(figure), "ms", figure < most, &bound)
}

/// When each of its invocations printed its first line.
fn began(client: &mut Client, function: &str) -> Vec<Duration> {
    let mut input = json!({"logGroupName": format!("/aws/lambda/{function}"), "filterPattern": "began"});
    let mut times = Vec::new();
    loop {
        let Ok(page) = client.logs("FilterLogEvents", &input) else { return times };
        let events = page["events"].as_array().cloned().unwrap_or_default();
        times.extend(events.iter().filter_map(|event| {
            let line = event["message"].as_str()?.trim().strip_prefix("began ")?;
            Some(Duration::from_nanos(line.parse().ok()?))
        }));
        match page.get("nextToken") {
            Some(Value::String(next)) => input["nextToken"] = json!(next),
            _ => return times,
        }
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970")
}
