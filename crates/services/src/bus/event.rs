//! Events as documents: the one place that says what an event on a bus looks like.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use store::Timestamp;

use crate::function::Scope;

/// An event to be. Its detail is JSON already.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub id: &'a str,
    pub detail_type: &'a str,
    pub source: &'a str,
    pub scope: &'a Scope,
    pub at: Timestamp,
    pub resources: &'a [String],
    pub detail: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    version: &'static str,
    id: &'a str,
    detail_type: &'a str,
    source: &'a str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: &'a [String],
    detail: &'a RawValue,
}

impl Event<'_> {
    /// None where the detail is no JSON.
    pub fn document(&self) -> Option<Bytes> {
        let detail = RawValue::from_string(compact(self.detail)).ok()?;
        let document = Document {
            version: "0",
            id: self.id,
            detail_type: self.detail_type,
            source: self.source,
            account: self.scope.account.as_str(),
            time: iso(self.at),
            region: self.scope.region.as_str(),
            resources: self.resources,
            detail: &detail,
        };
        serde_json::to_vec(&document).ok().map(Bytes::from)
    }
}

/// `2026-11-24T09:30:00Z`
pub fn iso(at: Timestamp) -> String {
    let seconds = at.millis().div_euclid(1_000);
    jiff::Timestamp::from_second(seconds).map(|instant| instant.to_string()).unwrap_or_default()
}

/// JSON without the space between its tokens. Numbers and texts stay as they were written.
fn compact(json: &str) -> String {
    let (mut compact, mut quoted, mut escaped) = (String::with_capacity(json.len()), false, false);
    for letter in json.chars() {
        if quoted || !matches!(letter, ' ' | '\t' | '\n' | '\r') {
            compact.push(letter);
        }
        quoted ^= letter == '"' && !escaped;
        escaped = quoted && letter == '\\' && !escaped;
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{AccountId, Region};

    #[test]
    fn an_event_is_written_to_the_letter() {
        let scope = Scope { account: AccountId::default(), region: Region::parse("eu-central-1").expect("a region") };
        let event = Event {
            id: "1",
            detail_type: "t",
            source: "s",
            scope: &scope,
            at: Timestamp::from_millis(1_764_000_000_999),
            resources: &["arn".to_owned()],
            detail: "{ \"a b\" : [ 1.0 , \"\\\" x \\\\\" ] }",
        };
        let wanted = r#"{"version":"0","id":"1","detail-type":"t","source":"s","account":"000000000000","time":"2025-11-24T16:00:00Z","region":"eu-central-1","resources":["arn"],"detail":{"a b":[1.0,"\" x \\"]}}"#;
        let document = event.document().expect("the detail is JSON");
        assert_eq!(String::from_utf8_lossy(&document), wanted);
        assert!(Event { detail: "{", ..event }.document().is_none());
    }
}
