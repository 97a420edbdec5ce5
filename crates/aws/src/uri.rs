//! Paths and query strings as AWS reads them: percent-encoding, labels, pairs.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::operation::Members;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Percent-encodes all but unreserved characters.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// As [`encode`], but leaves slashes.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// Percent-decodes; bytes that are not UTF-8 become the replacement character.
pub fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The pairs of a query string or form, decoded, in their order. `+` is a space; a name without `=` has an empty value.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(&name.replace('+', " ")).into_owned(), decode(&value.replace('+', " ")).into_owned())
        })
        .collect()
}

/// The labels that a path fills in a pattern such as `/2015-03-31/functions/{FunctionName}`, or `None` where it
/// does not fit. `{Name+}` takes the rest of the path. A slash at the end of the path changes nothing.
///
/// A query in the pattern (`/layers?find=LayerVersion`) must be in the request's.
pub fn labels(pattern: &str, path: &str, query: Option<&str>) -> Option<Members> {
    let (pattern, wanted_query) = pattern.split_once('?').unwrap_or((pattern, ""));
    if !wanted_query.is_empty() && !query.unwrap_or_default().split('&').any(|pair| pair == wanted_query) {
        return None;
    }
    let mut labels = Members::new();
    let mut rest = path.strip_prefix('/')?;
    // Unless a label may be empty, `/functions/` is `/functions`.
    if rest.ends_with('/') && !pattern.ends_with('/') {
        rest = &rest[..rest.len() - 1];
    }
    let mut segments = rest.split('/');
    let patterns = pattern.trim_matches('/').split('/');
    for wanted in patterns {
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) if label.ends_with('+') => {
                let all: Vec<&str> = std::iter::once(segment).chain(segments.by_ref()).collect();
                insert(&mut labels, label.trim_end_matches('+'), &all.join("/"));
            }
            Some(label) => insert(&mut labels, label, segment),
            None if wanted == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(labels)
}

fn insert(labels: &mut Members, label: &str, segment: &str) {
    labels.insert(label.to_owned(), Value::String(decode(segment).into_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_out_of_paths_and_decoded() {
        let cases = [
            ("/2015-03-31/functions", "/2015-03-31/functions/", "{}"),
            ("/2015-03-31/functions/{FunctionName}", "/2015-03-31/functions/jobs", r#"{"FunctionName":"jobs"}"#),
            ("/tags/{Resource}", "/tags/arn%3Aaws%3Alambda%2Fx", r#"{"Resource":"arn:aws:lambda/x"}"#),
            ("/f/{Name}/aliases/{Alias}", "/f/a/aliases/b", r#"{"Name":"a","Alias":"b"}"#),
            ("/b/{Key+}", "/b/c/d%20e", r#"{"Key":"c/d e"}"#),
            ("/layers?find=LayerVersion", "/layers?a&find=LayerVersion", "{}"),
            ("/layers?find=LayerVersion", "/layers", "-"),
            ("/f/{Name}", "/f/a/b", "-"),
            ("/f/{Name}/code", "/f/a", "-"),
        ];
        for (pattern, path, wanted) in cases {
            let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
            let found = labels(pattern, path, query).map_or("-".to_owned(), |found| Value::Object(found).to_string());
            assert_eq!(found, wanted, "{pattern} {path}");
        }
    }
}
