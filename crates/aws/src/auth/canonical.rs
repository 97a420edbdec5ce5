//! The canonical request: one text for all the ways of writing the same request.

use http::header::HOST;
use http::request::Parts;

use crate::uri;

/// The canonical text. Empty where a signed header is missing, as AWS treats it: the signatures then differ.
pub fn request(parts: &Parts, signed_headers: &[String], payload_hash: &str, service: &str) -> String {
    let mut text = format!("{}\n{}\n", parts.method, path(parts.uri.path(), service));
    text.push_str(&query(parts.uri.query().unwrap_or_default()));
    text.push('\n');
    for name in signed_headers {
        text.push_str(&format!("{name}:{}\n", header(parts, name)));
    }
    text.push_str(&format!("\n{}\n{payload_hash}", signed_headers.join(";")));
    text
}

/// The path, encoded once more than it was sent; S3 alone signs it as it is.
fn path(sent: &str, service: &str) -> String {
    let sent = if sent.is_empty() { "/" } else { sent };
    match service {
        "s3" => uri::encode_path(&uri::decode(sent)),
        _ => uri::encode_path(&without_dots(sent)),
    }
}

/// RFC 3986's removal of dot segments, and of empty ones.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

fn query(sent: &str) -> String {
    let mut pairs: Vec<(String, String)> = uri::pairs(sent)
        .into_iter()
        .filter(|(name, _)| name != "X-Amz-Signature")
        .map(|(name, value)| (uri::encode(&name), uri::encode(&value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// All values of a header, each trimmed and with runs of spaces made one.
fn header(parts: &Parts, name: &str) -> String {
    let values = parts.headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
    });
    let joined = values.collect::<Vec<_>>().join(",");
    match joined.is_empty() && name == HOST.as_str() {
        // HTTP/2 has the host in its pseudo-header.
        true => parts.uri.authority().map(ToString::to_string).unwrap_or_default(),
        false => joined,
    }
}
