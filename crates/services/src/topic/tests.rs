//! Scripts through the rules of topics.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{Store, Timestamp, Tx};

use super::filter::{Filter, Invalid, Matching};
use super::subscription::{self, Endpoint, Protocol, Receiver, Subscription};
use super::{Error, Message, NewMessage, Place, TopicId, TopicName};
use crate::function::Scope;
use crate::name::{AccountId, Region};
use crate::queue::{Attribute, AttributeValue};

fn topic(name: &str) -> TopicId {
    let region = Region::parse("eu-central-1").expect("a region");
    TopicId { scope: Scope { account: AccountId::default(), region }, name: TopicName::parse(name).expect("a name") }
}

fn subscription(endpoint: &str) -> Subscription {
    let place = Place { account: String::new(), region: String::new(), name: endpoint.to_owned() };
    let url = endpoint.starts_with("http:");
    Subscription {
        endpoint: Endpoint {
            protocol: if url { Protocol::Http } else { Protocol::Sqs },
            text: endpoint.to_owned(),
            receiver: if url { Receiver::Url } else { Receiver::Queue(place) },
        },
        principal: String::new(),
        by_function: false,
        authority: String::new(),
        authenticated: false,
        owner_ends: false,
        token: None,
        pending: false,
        settings: subscription::Settings::default(),
    }
}

/// One word for what to do, then its arguments.
fn step(tx: &mut Tx, line: &str) -> Result<String, Error> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let none = BTreeMap::new();
    match words[..] {
        ["create", name] => super::create(tx, &topic(name), |_| Ok::<_, Error>(()), &none)?,
        ["create-by-content", name] => {
            let by_content = |settings: &mut super::Settings| {
                settings.by_content = true;
                Ok::<_, Error>(())
            };
            super::create(tx, &topic(name), by_content, &none)?;
        }
        ["delete", name] => super::delete(tx, &topic(name))?,
        ["subscribe", name, endpoint] => {
            let subscribed =
                subscription::subscribe(tx, &topic(name), &subscription(endpoint), |_| Ok::<_, Error>(()))?;
            return Ok(if subscribed.known { "known" } else { "new" }.to_owned());
        }
        ["subscribe-raw", name, endpoint] => {
            let raw = |settings: &mut subscription::Settings| {
                settings.raw = true;
                Ok::<_, Error>(())
            };
            subscription::subscribe(tx, &topic(name), &subscription(endpoint), raw)?;
        }
        ["confirm", name] => {
            let all = subscription::of_topic(tx, &topic(name), None, 100)?;
            let token = all.into_iter().find_map(|(_, one)| one.token).unwrap_or_default();
            subscription::confirm(tx, &topic(name), &token, true, false)?;
        }
        ["counts", name] => {
            let counts = super::counts(tx, &topic(name))?;
            let deleted = super::find(tx, &topic(name))?.deleted;
            return Ok(format!("{} {} {deleted}", counts.confirmed, counts.pending));
        }
        ["unsubscribe", name] => {
            for (id, _) in subscription::of_topic(tx, &topic(name), None, 1)? {
                subscription::unsubscribe(tx, &id, true)?;
            }
        }
        ["publish", name, body, group, deduplication_id] => {
            let given = |text: &str| (text != "-").then(|| text.to_owned());
            let new = NewMessage {
                body: body.to_owned(),
                group: given(group),
                deduplication_id: given(deduplication_id),
                ..NewMessage::default()
            };
            let published = super::publish(tx, &topic(name), &new)?;
            return Ok(published.number.map_or("-".to_owned(), |number| number.to_string()));
        }
        _ => panic!("{line}"),
    }
    Ok("-".to_owned())
}

/// Runs each line in a transaction of its own and compares what it says, or its error.
async fn check(script: &[(&str, &str)]) {
    let store = Store::memory();
    for (line, wanted) in script {
        let said = store.transact(|tx| step(tx, line)).await;
        assert_eq!(said.unwrap_or_else(|error| error.to_string()), *wanted, "{line}");
    }
}

#[tokio::test]
async fn a_topic_is_made_once_and_goes_with_its_subscriptions() {
    check(&[
        ("create t", "-"),
        ("create t", "-"),
        ("create-by-content t", "there is a topic of that name with other settings"),
        ("subscribe t a", "new"),
        ("subscribe t a", "known"),
        ("subscribe-raw t a", "the endpoint has subscribed already, with other settings"),
        ("subscribe t http://b", "new"),
        ("counts t", "1 1 0"),
        ("confirm t", "-"),
        ("confirm t", "-"),
        ("counts t", "2 0 0"),
        ("unsubscribe t", "-"),
        ("counts t", "1 0 1"),
        ("delete t", "-"),
        ("delete t", "-"),
        ("subscribe t a", "there is no topic 000000000000/eu-central-1/t"),
        ("create t", "-"),
        ("counts t", "0 0 0"),
        ("confirm t", "the token is none of this topic"),
    ])
    .await;
}

#[tokio::test]
async fn a_fifo_topic_numbers_its_messages_and_takes_each_once() {
    check(&[
        ("create f.fifo", "-"),
        ("publish f.fifo a - 1", "a message for a FIFO topic needs a group"),
        ("publish f.fifo a g -", "a message for a FIFO topic needs a deduplication id"),
        ("publish f.fifo a g 1", "0"),
        ("publish f.fifo b g 1", "0"),
        ("publish f.fifo b h 1", "0"),
        ("publish f.fifo b h 2", "1"),
        ("create-by-content c.fifo", "-"),
        ("publish c.fifo a g -", "0"),
        ("publish c.fifo a g -", "0"),
        ("publish c.fifo b g -", "1"),
        ("publish none a - -", "there is no topic 000000000000/eu-central-1/none"),
    ])
    .await;
}

fn message(attributes: &[(&str, &str, &str)]) -> Message {
    let attribute = |(name, kind, text): &(&str, &str, &str)| {
        let value = AttributeValue::Text((*text).to_owned());
        ((*name).to_owned(), Attribute { data_type: (*kind).to_owned(), value })
    };
    let new = NewMessage { attributes: attributes.iter().map(attribute).collect(), ..NewMessage::default() };
    Message::new(&new, "id".into(), Timestamp::default())
}

#[test]
fn filters_on_attributes_know_their_types() {
    let sent = message(&[
        ("text", "String", "red flower"),
        ("number", "Number", "10.50"),
        ("custom", "Number.money", "7"),
        ("list", "String.Array", r#"["a", 2, true, null]"#),
        ("broken", "String.Array", "a"),
        ("address", "String", "10.0.0.7"),
    ]);
    for (filter, wanted) in [
        (json!({"text": ["red flower"]}), true),
        (json!({"text": ["red"]}), false),
        (json!({"text": [{"prefix": "red"}], "number": [{"numeric": [">", 10, "<=", 11]}]}), true),
        (json!({"number": [10.5]}), true),
        (json!({"number": ["10.50"]}), false),
        (json!({"custom": [7]}), true),
        (json!({"list": ["a"]}), true),
        (json!({"list": [2]}), true),
        (json!({"list": [true]}), true),
        (json!({"list": ["b"]}), false),
        (json!({"broken": [{"exists": true}]}), false),
        (json!({"text": [{"anything-but": ["blue"]}]}), true),
        (json!({"text": [{"suffix": "flower"}]}), true),
        (json!({"text": [{"equals-ignore-case": "RED FLOWER"}]}), true),
        (json!({"address": [{"cidr": "10.0.0.0/24"}]}), true),
        (json!({"none": [{"exists": false}]}), true),
        (json!({"none": ["x"]}), false),
        (json!({"$or": [{"none": ["x"]}, {"custom": [7]}]}), true),
    ] {
        let parsed = Filter::parse(&filter.to_string(), Matching::Attributes).expect("it is a filter");
        assert_eq!(parsed.wants(&sent, ""), wanted, "{filter}");
    }
}

#[test]
fn filters_on_bodies_look_at_objects_alone() {
    let filter = json!({"a": {"b": [{"exists": true}]}}).to_string();
    let filter = Filter::parse(&filter, Matching::Body).expect("it is a filter");
    for (body, wanted) in [(r#"{"a": {"b": 1}}"#, true), (r#"{"a": 1}"#, false), ("[1]", false), ("text", false)] {
        assert_eq!(filter.wants(&message(&[]), body), wanted, "{body}");
    }
}

#[test]
fn filters_have_limits() {
    let many = |count: usize| Value::from((0..count).collect::<Vec<_>>());
    for (filter, on, wanted) in [
        ("{".to_owned(), Matching::Attributes, Invalid::NotJson),
        ("[]".to_owned(), Matching::Attributes, Invalid::NotJson),
        (json!({"a": {"b": [1]}}).to_string(), Matching::Attributes, Invalid::Nested),
        (
            json!({"a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1]}).to_string(),
            Matching::Attributes,
            Invalid::TooManyKeys,
        ),
        (json!({"a": many(151)}).to_string(), Matching::Attributes, Invalid::TooComplex),
        (json!({"a": {"b": many(76)}}).to_string(), Matching::Body, Invalid::TooComplex),
    ] {
        assert_eq!(Filter::parse(&filter, on).err(), Some(wanted), "{filter}");
    }
    for filter in [json!({"a": many(150)}), json!({"a": many(10), "b": many(15)})] {
        assert!(Filter::parse(&filter.to_string(), Matching::Attributes).is_ok(), "{filter}");
    }
}
