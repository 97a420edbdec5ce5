//! The MD5 digests that senders and consumers compare.
//!
//! Described in the Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes".

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use services::queue::{Attribute, AttributeValue};

pub fn of_text(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// `None` where there are no attributes.
pub fn of_attributes<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Option<String> {
    let sorted: BTreeMap<&String, &Attribute> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    let mut encoded = Vec::new();
    for (name, attribute) in sorted {
        prefixed(&mut encoded, name.as_bytes());
        prefixed(&mut encoded, attribute.data_type.as_bytes());
        let (kind, bytes) = match &attribute.value {
            AttributeValue::Text(text) => (1, text.as_bytes()),
            AttributeValue::Binary(bytes) => (2, bytes.as_slice()),
        };
        encoded.push(kind);
        prefixed(&mut encoded, bytes);
    }
    Some(hex::encode(Md5::digest(&encoded)))
}

/// Length and content.
fn prefixed(encoded: &mut Vec<u8>, bytes: &[u8]) {
    encoded.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    encoded.extend_from_slice(bytes);
}
