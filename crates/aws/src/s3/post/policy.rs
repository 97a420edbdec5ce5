//! The policy of a form: until when, and which fields with which values, its author lets others post.
//!
//! Source: S3 API reference, "POST Policy" (read 2026-11-24).

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use services::bucket::put::BODY_BYTES_MAX;
use store::Timestamp;

use super::super::about::parse_iso;
use super::super::refusal::{Refusal, refusal};
use super::form::Fields;

/// Fields that no condition has to cover, besides those that begin with [`IGNORED`].
const UNCOVERED: [&str; 5] = ["file", "policy", "x-amz-signature", "awsaccesskeyid", "signature"];
const IGNORED: &str = "x-ignore-";

pub struct Policy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

enum Condition {
    Field { name: String, matching: Matching, value: String },
    Length(RangeInclusive<u64>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    Equal,
    StartsWith,
}

fn invalid(text: impl std::fmt::Display) -> Refusal {
    refusal(400, "InvalidPolicyDocument", format!("Invalid Policy: {text}"))
}

fn denied(text: impl std::fmt::Display) -> Refusal {
    refusal(403, "AccessDenied", format!("Invalid according to Policy: {text}"))
}

impl Policy {
    /// Reads a document in base 64.
    pub fn parse(text: &str) -> Result<Policy, Refusal> {
        let document = BASE64.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(Value::Object(document)) = document else { return Err(invalid("Invalid JSON.")) };
        if let Some(other) = document.keys().find(|key| !matches!(key.as_str(), "expiration" | "conditions")) {
            return Err(invalid(format!("Unexpected: '{other}'.")));
        }
        let expiration = document.get("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
        let shown = || expiration.as_str().map_or_else(|| expiration.to_string(), str::to_owned);
        let parsed = expiration.as_str().and_then(parse_iso);
        let expiration = parsed.ok_or_else(|| invalid(format!("Invalid 'expiration' value: '{}'", shown())))?;
        let conditions = match document.get("conditions") {
            None => return Err(invalid("Policy missing conditions.")),
            Some(Value::Array(conditions)) if conditions.is_empty() => {
                return Err(invalid("Invalid 'conditions' value: must not be empty."));
            }
            Some(Value::Array(conditions)) => conditions,
            Some(_) => return Err(invalid("Invalid 'conditions' value: must be a List.")),
        };
        Ok(Policy { expiration, conditions: conditions.iter().map(condition).collect::<Result<_, _>>()? })
    }

    /// Whether a form may be posted to a bucket now.
    pub fn check(&self, now: Timestamp, bucket: &str, fields: &Fields) -> Result<(), Refusal> {
        if self.expiration <= now {
            return Err(denied("Policy expired."));
        }
        self.conditions.iter().try_for_each(|condition| condition.check(bucket, fields))?;
        let extra: Vec<String> =
            fields.iter().map(|(name, _)| name.to_ascii_lowercase()).filter(|name| !self.covers(name)).collect();
        match extra.is_empty() {
            true => Ok(()),
            false => Err(denied(format!("Extra input fields: {}", extra.join(", ")))),
        }
    }

    fn covers(&self, field: &str) -> bool {
        let named = |condition: &Condition| match condition {
            Condition::Field { name, .. } => name.eq_ignore_ascii_case(field),
            Condition::Length(_) => false,
        };
        UNCOVERED.contains(&field) || field.starts_with(IGNORED) || self.conditions.iter().any(named)
    }

    /// How long the file may be, in bytes: as short as all conditions together allow.
    pub fn length(&self) -> RangeInclusive<u64> {
        let ranges = self.conditions.iter().filter_map(|condition| match condition {
            Condition::Length(range) => Some(range),
            Condition::Field { .. } => None,
        });
        ranges.fold(0..=BODY_BYTES_MAX, |all, one| *all.start().max(one.start())..=*all.end().min(one.end()))
    }
}

impl Condition {
    fn check(&self, bucket: &str, fields: &Fields) -> Result<(), Refusal> {
        let Condition::Field { name, matching, value } = self else { return Ok(()) };
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        // The bucket is known whether or not it is a field as well; one that is must be true.
        let given = if is("bucket") { fields.get(name).or(Some(bucket)) } else { fields.get(name) };
        let fits = given.is_some_and(|given| match matching {
            Matching::Equal => given == value,
            // Types are lists, and all that is in one has to fit.
            Matching::StartsWith if is("content-type") => given.split(',').all(|one| one.trim().starts_with(value)),
            Matching::StartsWith => given.starts_with(value),
        });
        match fits && (!is("bucket") || given == Some(bucket)) {
            true => Ok(()),
            false => {
                let matching = match matching {
                    Matching::Equal => "eq",
                    Matching::StartsWith => "starts-with",
                };
                let (name, value) = (Value::from(format!("${name}")), Value::from(value.as_str()));
                Err(denied(format!("Policy Condition failed: [\"{matching}\", {name}, {value}]")))
            }
        }
    }
}

fn condition(given: &Value) -> Result<Condition, Refusal> {
    match given {
        Value::Object(simple) => {
            let mut pairs = simple.iter();
            let (Some((name, value)), None) = (pairs.next(), pairs.next()) else {
                let text = "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.";
                return Err(invalid(text));
            };
            let value = value.as_str().ok_or_else(|| invalid("Invalid Simple-Condition: value must be a string."))?;
            Ok(Condition::Field { name: name.clone(), matching: Matching::Equal, value: value.to_owned() })
        }
        Value::Array(list) => of_list(list),
        _ => Err(invalid("Invalid Condition: must be a List or an Object.")),
    }
}

fn of_list(list: &[Value]) -> Result<Condition, Refusal> {
    let operation = list.first().and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let matching = match operation.as_str() {
        "content-length-range" => {
            let [_, min, max] = list else { return Err(arguments(&operation)) };
            let (min, max) = (number(min), number(max));
            let (Some(min), Some(max)) = (min, max) else { return Err(arguments(&operation)) };
            return Ok(Condition::Length(min..=max));
        }
        "eq" => Matching::Equal,
        "starts-with" => Matching::StartsWith,
        other => return Err(invalid(format!("Invalid Condition: unknown operation '{other}'."))),
    };
    let [_, Value::String(name), Value::String(value)] = list else { return Err(arguments(&operation)) };
    let name = name.strip_prefix('$').ok_or_else(|| arguments(&operation))?;
    Ok(Condition::Field { name: name.to_owned(), matching, value: value.clone() })
}

fn arguments(operation: &str) -> Refusal {
    invalid(format!("Invalid Condition: wrong arguments of '{operation}'."))
}

/// Numbers come as such, or as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(document: &str) -> Result<Policy, Refusal> {
        Policy::parse(&BASE64.encode(document))
    }

    /// What comes of posting the fields `a=b c=d` to the bucket `photos` under conditions, at noon.
    fn check(conditions: &str, fields: &str, wanted: &str) {
        let document = format!("{{\"expiration\": \"2026-11-24T12:00:01Z\", \"conditions\": [{conditions}]}}");
        let noon = parse_iso("2026-11-24T12:00:00Z").expect("a time");
        let fields = fields.split(' ').filter_map(|field| field.split_once('='));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let found = parsed(&document).and_then(|policy| {
            policy.check(noon, "photos", &fields)?;
            Ok(format!("{:?}", policy.length()))
        });
        let found = found.unwrap_or_else(|refusal| refusal.message.into_owned());
        assert_eq!(found, wanted, "{conditions}");
    }

    #[test]
    fn a_form_fits_all_conditions_and_has_no_field_beyond_them() {
        let all = "0..=5368709120";
        check(r#"{"bucket": "photos"}"#, "policy=x x-ignore-me=1", all);
        check(r#"["StArTs-WiTh", "$KeY", "user/"]"#, "key=user/a", all);
        check(
            r#"["eq", "$key", "a"], ["content-length-range", 1, "5"], ["content-length-range", 0, 9]"#,
            "Key=a",
            "1..=5",
        );
        check(r#"["starts-with", "$Content-Type", "image/"]"#, "content-type=image/png,image/jpeg", all);
        let failed = "Invalid according to Policy: Policy Condition failed: ";
        let cases = [
            (r#"{"acl": "private"}"#, "acl=public-read", r#"["eq", "$acl", "private"]"#),
            (r#"["starts-with", "$key", "user/"]"#, "key=a", r#"["starts-with", "$key", "user/"]"#),
            (r#"["starts-with", "$Content-Type", ""]"#, "policy=x", r#"["starts-with", "$Content-Type", ""]"#),
            (
                r#"["starts-with", "$Content-Type", "image/"]"#,
                "content-type=image/png,text/html",
                r#"["starts-with", "$Content-Type", "image/"]"#,
            ),
            (r#"["eq", "$bucket", "other"]"#, "policy=x", r#"["eq", "$bucket", "other"]"#),
            (r#"["eq", "$bucket", "other"]"#, "bucket=other", r#"["eq", "$bucket", "other"]"#),
        ];
        for (conditions, fields, wanted) in cases {
            check(conditions, fields, &format!("{failed}{wanted}"));
        }
        check(
            r#"["eq", "$key", "a"]"#,
            "key=a X-Amz-Meta-A=1",
            "Invalid according to Policy: Extra input fields: x-amz-meta-a",
        );
    }

    #[test]
    fn a_policy_has_a_time_and_conditions_in_their_form() {
        let check = |document: &str, wanted: &str| {
            let text = parsed(document).err().map(|refusal| refusal.message.into_owned()).unwrap_or_default();
            assert_eq!(text, format!("Invalid Policy: {wanted}"), "{document}");
        };
        let with =
            |conditions: &str| format!(r#"{{"expiration": "2026-11-24T12:00:00Z", "conditions": {conditions}}}"#);
        check("no json", "Invalid JSON.");
        check(r#"{"conditions": []}"#, "Policy missing expiration.");
        check(r#"{"expiration": "soon", "conditions": []}"#, "Invalid 'expiration' value: 'soon'");
        check(r#"{"expiration": "2026-11-24T12:00:00Z"}"#, "Policy missing conditions.");
        check(&with(r#"[{"a": 1}]"#), "Invalid Simple-Condition: value must be a string.");
        check(
            &with(r#"[["content-length-range", -1, 5]]"#),
            "Invalid Condition: wrong arguments of 'content-length-range'.",
        );
        check(&with(r#"[["like", "$key", "a"]]"#), "Invalid Condition: unknown operation 'like'.");
        check(
            &with(r#"[{"a": "b", "c": "d"}]"#),
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
        );
    }
}
