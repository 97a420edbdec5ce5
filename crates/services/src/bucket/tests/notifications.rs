//! Who is told of what.

use std::collections::BTreeMap;

use crate::bucket::Error;
use crate::bucket::notification::{Destination, Destinations, Invalid, Notifications, Subscribed, Subscription};
use crate::bucket::{Versioning, tests::Bench};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::queue::{Create, QueueId, QueueName, Queues, Receive, Settings};

/// `EVENT[,EVENT] PREFIX SUFFIX`, where `-` is none.
fn subscription(text: &str) -> Subscription {
    let parts: Vec<&str> = text.split(' ').collect();
    let some = |text: &str| (text != "-").then(|| text.to_owned());
    Subscription {
        id: String::new(),
        destination: Destination::Queue(queue("told")),
        events: parts[0].split(',').map(|name| Subscribed::parse(name).expect("an event")).collect(),
        prefix: some(parts[1]),
        suffix: some(parts[2]),
    }
}

fn queue(name: &str) -> QueueId {
    let region = Region::parse("eu-central-1").expect("a region");
    let scope = Scope { account: AccountId::default(), region };
    QueueId { scope, name: QueueName::parse(name).expect("a name") }
}

async fn configure(bench: &Bench, subscriptions: &[&str]) -> Result<(), Error> {
    let config = Notifications(subscriptions.iter().map(|text| subscription(text)).collect());
    let notifier = bench.notifier();
    bench.store.transact(|tx| notifier.configure(tx, &bench.bucket, &config, Destinations::Skipped)).await
}

#[tokio::test]
async fn subscriptions_that_are_told_of_the_same_are_refused() {
    let cases: &[(&[&str], Option<bool>)] = &[
        (&["ObjectCreated:* - -", "ObjectRemoved:* - -"], None),
        (&["ObjectCreated:* - -", "ObjectCreated:Put - -"], Some(false)),
        (&["ObjectCreated:* a -", "ObjectCreated:Put b -"], None),
        (&["ObjectCreated:* a -", "ObjectCreated:Put ab -"], Some(true)),
        (&["ObjectCreated:* a .png", "ObjectCreated:Put ab .jpg"], None),
        (&["ObjectCreated:* - pg", "ObjectCreated:Put - jpg"], Some(true)),
        (&["ObjectCreated:Copy - -", "ObjectCreated:Put - -"], None),
    ];
    let bench = Bench::new().await;
    for (subscriptions, wanted) in cases {
        let found = match configure(&bench, subscriptions).await {
            Ok(()) => None,
            Err(Error::Notifications(Invalid::Overlap { filtered, .. })) => Some(filtered),
            Err(error) => panic!("{subscriptions:?}: {error}"),
        };
        assert_eq!(found, *wanted, "{subscriptions:?}");
    }
}

#[tokio::test]
async fn a_change_and_what_is_told_of_it_are_one_commit() {
    let bench = Bench::new().await;
    bench.set(Versioning::Enabled).await;
    let (_running, stop) = tokio::sync::watch::channel(false);
    let queues = Queues::new(bench.store.clone(), stop);
    let create = Create { settings: Settings::default(), tags: BTreeMap::new() };
    queues.create(&queue("told"), create).await.expect("it is the first");
    configure(&bench, &["ObjectCreated:* in/ -", "ObjectRemoved:DeleteMarkerCreated - -"]).await.expect("they differ");
    bench.put("in/a", b"1").await;
    bench.put("out/a", b"1").await;
    let marker = bench.remove("in/a", None).await.expect("it is there").expect("a marker is made");
    bench.remove("in/a", Some(marker.version)).await.expect("it is there");
    let receive = Receive { max: Some(10), ..Receive::default() };
    let received = queues.receive(&queue("told"), &receive).await.expect("the queue is there");
    let mut told: Vec<String> = received.into_iter().map(|received| received.message.body).collect();
    told.sort();
    assert_eq!(told, ["ObjectCreated:Put in/a", "ObjectRemoved:DeleteMarkerCreated in/a"]);
}
