//! The documents in which subscribers are told of messages.
//!
//! Source: Amazon SNS developer guide, "Parsing Amazon SNS message formats", and Lambda developer guide, "Invoking Lambda
//! functions with Amazon SNS notifications" (read 2026-11-24).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use serde_json::{Map, Value, json};
use services::Services;
use services::delivery::{Confirmation, Notification, Signed};
use services::queue::AttributeValue;
use services::run::Body;
use services::topic::{Message, Signature, TopicId};
use store::Timestamp;

use super::address;
use crate::{protocol, sqs, uri};

/// Where the certificate lies: `NAME.pem` under this path.
pub const CERTIFICATES: &str = "/_nought/sns/SimpleNotificationService-";

pub fn certificate_url(authority: &str, fingerprint: &str) -> String {
    format!("http://{authority}{CERTIFICATES}{fingerprint}.pem")
}

fn unsubscribe_url(notification: &Notification<'_>) -> String {
    let arn = uri::encode(&address::subscription_arn(notification.subscription));
    format!("http://{}/?Action=Unsubscribe&SubscriptionArn={arn}", notification.authority)
}

fn version(with: Signature) -> &'static str {
    match with {
        Signature::Sha1 => "1",
        Signature::Sha256 => "2",
    }
}

fn timestamp(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// What queues and HTTP endpoints get. The service writes one member a line, with a space on both sides of the colon.
pub fn envelope(notification: &Notification<'_>) -> String {
    let message = notification.message;
    let mut lines = Lines::default();
    lines.text("Type", "Notification");
    lines.text("MessageId", &message.id);
    if let Some(number) = message.number {
        lines.text("SequenceNumber", &sqs::sequence_number(number));
    }
    lines.text("TopicArn", &address::arn(&notification.subscription.topic));
    if let Some(subject) = &message.subject {
        lines.text("Subject", subject);
    }
    lines.text("Message", notification.body);
    lines.text("Timestamp", &timestamp(message.published()));
    if let Some(Signed { with, text, fingerprint }) = &notification.signed {
        lines.text("SignatureVersion", version(*with));
        lines.text("Signature", text);
        lines.text("SigningCertURL", &certificate_url(notification.authority, fingerprint));
    }
    lines.text("UnsubscribeURL", &unsubscribe_url(notification));
    if !message.attributes.is_empty() {
        let attributes = attributes(message);
        let inner = attributes.iter().map(|(name, value)| format!("\n    {} : {value}", json!(name)));
        lines.raw("MessageAttributes", &format!("{{{}\n  }}", inner.collect::<Vec<_>>().join(",")));
    }
    lines.end()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &json!(value).to_string());
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.0.push(format!("  \"{name}\" : {value}"));
    }

    fn end(self) -> String {
        format!("{{\n{}\n}}", self.0.join(",\n"))
    }
}

/// What functions get.
pub fn event(notification: &Notification<'_>) -> String {
    let message = notification.message;
    let signed = notification.signed;
    let sns = json!({
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": address::arn(&notification.subscription.topic),
        "Subject": message.subject,
        "Message": notification.body,
        "Timestamp": timestamp(message.published()),
        "SignatureVersion": signed.map(|signed| version(signed.with)),
        "Signature": signed.map(|signed| signed.text),
        "SigningCertUrl": signed.map(|signed| certificate_url(notification.authority, signed.fingerprint)),
        "UnsubscribeUrl": unsubscribe_url(notification),
        "MessageAttributes": attributes(message),
    });
    let record = json!({
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": address::subscription_arn(notification.subscription),
        "Sns": sns,
    });
    json!({ "Records": [record] }).to_string()
}

fn attributes(message: &Message) -> Map<String, Value> {
    let one = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
    };
    let all = message.attributes.iter();
    all.map(|(name, attribute)| (name.clone(), json!({ "Type": attribute.data_type, "Value": one(&attribute.value) })))
        .collect()
}

/// What is signed: names and values, each in a line of its own, in this order.
///
/// Source: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages" (read 2026-11-24).
pub fn signed_text(topic: &TopicId, message: &Message, body: &str) -> String {
    let (arn, timestamp) = (address::arn(topic), timestamp(message.published()));
    let mut text = format!("Message\n{body}\nMessageId\n{}\n", message.id);
    if let Some(subject) = &message.subject {
        text.push_str(&format!("Subject\n{subject}\n"));
    }
    text.push_str(&format!("Timestamp\n{timestamp}\nTopicArn\n{arn}\nType\nNotification\n"));
    text
}

fn confirmation_message(confirmation: &Confirmation<'_>) -> String {
    format!(
        "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included in \
         this message.",
        address::arn(confirmation.topic)
    )
}

fn subscribe_url(confirmation: &Confirmation<'_>) -> String {
    let (topic, token) = (uri::encode(&address::arn(confirmation.topic)), confirmation.token);
    format!("http://{}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}", confirmation.authority)
}

/// What an HTTP endpoint is told to confirm its subscription.
pub fn confirmation(confirmation: &Confirmation<'_>, signed: Signed<'_>) -> String {
    let mut lines = Lines::default();
    lines.text("Type", "SubscriptionConfirmation");
    lines.text("MessageId", confirmation.message_id);
    lines.text("Token", confirmation.token);
    lines.text("TopicArn", &address::arn(confirmation.topic));
    lines.text("Message", &confirmation_message(confirmation));
    lines.text("SubscribeURL", &subscribe_url(confirmation));
    lines.text("Timestamp", &timestamp(confirmation.at));
    lines.text("SignatureVersion", version(signed.with));
    lines.text("Signature", signed.text);
    lines.text("SigningCertURL", &certificate_url(confirmation.authority, signed.fingerprint));
    lines.end()
}

/// As [`signed_text`].
pub fn confirmation_signed_text(confirmation: &Confirmation<'_>) -> String {
    format!(
        "Message\n{}\nMessageId\n{}\nSubscribeURL\n{}\nTimestamp\n{}\nToken\n{}\nTopicArn\n{}\nType\nSubscriptionConfirmation\n",
        confirmation_message(confirmation),
        confirmation.message_id,
        subscribe_url(confirmation),
        timestamp(confirmation.at),
        confirmation.token,
        address::arn(confirmation.topic)
    )
}

/// Answers with the certificate, if the path is its own.
pub async fn certificate(services: &Services, path: &str) -> Response<Body> {
    let not_there = || protocol::respond(404, "text/plain", "There is no such certificate.");
    let Some(name) = path.strip_prefix(CERTIFICATES).and_then(|rest| rest.strip_suffix(".pem")) else {
        return not_there();
    };
    match services.signers().signer().await {
        Ok(signer) if signer.fingerprint == name => {
            protocol::respond(200, "application/x-pem-file", signer.certificate.clone())
        }
        Ok(_) => not_there(),
        Err(error) => {
            tracing::error!(%error, "the certificate cannot be read");
            protocol::respond(500, "text/plain", "The certificate cannot be read.")
        }
    }
}
