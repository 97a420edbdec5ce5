//! Events: asynchronous invocations and notifications of a bucket, each of which must reach its function.
//!
//! The function counts what it sees in a table (`witness.py`), so that what it saw is as durable as what is checked.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::objects::until_gone;
use super::{Findings, Load};
use crate::client::{ACCOUNT, Client, Failed, REGION};
use crate::nought::Nought;

const BUCKET: &str = "/crash-watched";
const SENDERS: u64 = 2;
/// Of the function; every environment is a process.
const CONCURRENCY: u64 = 4;
/// An event that has not come by then after a restart is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
const KIND: (&str, &str) = ("x-amz-invocation-type", "Event");

#[derive(Default)]
pub struct Events {
    senders: Vec<Sender>,
}

#[derive(Default)]
struct Sender {
    id: u64,
    sent: u64,
    /// Acknowledged and not yet seen by the function.
    waiting: Vec<String>,
    /// Asked for and not acknowledged.
    doubtful: Option<String>,
}

impl Load for Events {
    fn prepare(&mut self, nought: &Nought) {
        self.senders = (0..SENDERS).map(|id| Sender { id, ..Sender::default() }).collect();
        let mut client = Client::new(nought.address());
        let table = json!({"TableName": "seen", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
        client.dynamodb("CreateTable", &table).expect("a table");
        let folder = nought.folder().join("witness");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("app.py"), include_str!("witness.py")).expect("a file");
        nought.deploy(&folder, "witness", &["--handler", "app.handler", "--runtime", "python3.11"]);
        let limit = json!({"ReservedConcurrentExecutions": CONCURRENCY});
        client.lambda("PUT", "/2017-10-31/functions/witness/concurrency", &[], &limit).expect("a limit");
        watch_bucket(&mut client);
    }

    fn work(&mut self, address: SocketAddr, _: u64) {
        std::thread::scope(|scope| {
            for sender in &mut self.senders {
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    until_gone(|| sender.step(&mut client));
                });
            }
        });
    }

    fn check(&mut self, client: &mut Client, findings: &mut Findings) {
        let end = Instant::now() + STUCK_AFTER;
        for sender in &mut self.senders {
            findings.count("events acknowledged", sender.waiting.len() as u64);
            // A put that was not acknowledged and is there has its event all the same.
            if let Some(id) = sender.doubtful.take()
                && client.s3("HEAD", &format!("{BUCKET}/{id}"), &[], b"").is_ok()
            {
                sender.waiting.push(id);
            }
            for id in sender.waiting.drain(..) {
                let times = seen(client, &id, end);
                findings.check(times > 0, || format!("the event {id} did not reach its function"));
                findings.count("events that came more than once", u64::from(times > 1));
            }
        }
    }

    fn finish(&mut self, _: &mut Client, _: &mut Findings) {}
}

impl Sender {
    fn step(&mut self, client: &mut Client) -> Result<(), Failed> {
        self.sent += 1;
        let id = format!("{}-{}", self.id, self.sent);
        self.doubtful = Some(id.clone());
        if self.sent.is_multiple_of(2) {
            client.s3("PUT", &format!("{BUCKET}/{id}"), &[], b"watched")?;
        } else {
            client.lambda("POST", "/2015-03-31/functions/witness/invocations", &[KIND], &json!({"id": id}))?;
        }
        self.doubtful = None;
        self.waiting.push(id);
        Ok(())
    }
}

fn watch_bucket(client: &mut Client) {
    client.s3("PUT", BUCKET, &[], b"").expect("a bucket");
    let permission = json!({"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::crash-watched", "SourceAccount": ACCOUNT});
    client.lambda("POST", "/2015-03-31/functions/witness/policy", &[], &permission).expect("a permission");
    let configuration = format!(
        "<NotificationConfiguration><CloudFunctionConfiguration>\
         <CloudFunction>arn:aws:lambda:{REGION}:{ACCOUNT}:function:witness</CloudFunction>\
         <Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration></NotificationConfiguration>"
    );
    client.s3("PUT", &format!("{BUCKET}?notification"), &[], configuration.as_bytes()).expect("notifications");
}

/// How often the function saw an event; waits for the first time.
fn seen(client: &mut Client, id: &str, end: Instant) -> u64 {
    let get = json!({"TableName": "seen", "Key": {"id": {"S": id}}, "ConsistentRead": true});
    loop {
        let item = client.dynamodb("GetItem", &get).expect("an answer");
        let times = item.pointer("/Item/times/N").and_then(Value::as_str).and_then(|text| text.parse().ok());
        match times {
            Some(times) => return times,
            None if Instant::now() > end => return 0,
            None => std::thread::yield_now(),
        }
    }
}
