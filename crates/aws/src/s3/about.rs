//! What travels in headers: what is said about an object, checksums, conditions, keys, locks. Read here for every
//! operation alike, and written here for every answer alike.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};
use services::bucket::body::{BodyKey, CustomerKey, Expected};
use services::bucket::condition::Tag;
use services::bucket::lock::{Mode, Retention};
use services::bucket::object::{About, Encryption, Headers};
use services::bucket::tag::{OBJECT_TAGS_MAX, Tags};
use services::bucket::{Algorithm, Checksum, Conditions, Error, Method, Object, WriteConditions, tag};
use store::Timestamp;

use super::refusal::{Refusal, invalid_argument, not_implemented, refusal};
use crate::uri;

/// Puts a checksum where an output of `s3s` has it: one of five fields that many outputs have under the same names.
macro_rules! put_checksum {
    ($output:expr, $algorithm:expr, $value:expr) => {
        match $algorithm {
            services::bucket::Algorithm::Crc32 => $output.checksum_crc32 = Some($value),
            services::bucket::Algorithm::Crc32c => $output.checksum_crc32c = Some($value),
            services::bucket::Algorithm::Crc64Nvme => $output.checksum_crc64nvme = Some($value),
            services::bucket::Algorithm::Sha1 => $output.checksum_sha1 = Some($value),
            services::bucket::Algorithm::Sha256 => $output.checksum_sha256 = Some($value),
        }
    };
}
pub(super) use put_checksum;

/// Names and values of user metadata, in bytes. Source: S3 User Guide, "Working with object metadata" (read 2026-11-24).
const METADATA_BYTES_MAX: usize = 2 * 1024;
const METADATA: &str = "x-amz-meta-";

/// Source: S3 API model, `StorageClass` (read 2026-11-24). All are kept alike here.
const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).filter(|text| !text.is_empty())
}

/// What a request says about the object that it writes.
pub fn read(headers: &HeaderMap) -> Result<About, Refusal> {
    refuse_acl(headers)?;
    Ok(About {
        headers: read_headers(headers),
        metadata: read_metadata(headers)?,
        storage_class: read_storage_class(headers)?,
        redirect: text(headers, "x-amz-website-redirect-location").map(Box::from),
        tags: read_tags(headers)?,
        retention: read_retention(headers)?,
        legal_hold: read_hold(headers)?,
    })
}

pub fn read_headers(headers: &HeaderMap) -> Headers {
    let field = |name: HeaderName| text(headers, name.as_str()).map(Box::from);
    Headers {
        content_type: field(header::CONTENT_TYPE),
        cache_control: field(header::CACHE_CONTROL),
        content_disposition: field(header::CONTENT_DISPOSITION),
        content_encoding: text(headers, "content-encoding").and_then(without_chunked),
        content_language: field(header::CONTENT_LANGUAGE),
        expires: field(header::EXPIRES),
    }
}

/// `aws-chunked` is how the body came, and says nothing of the object.
fn without_chunked(encoding: &str) -> Option<Box<str>> {
    let kept: Vec<&str> = encoding.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(",").into())
}

pub fn read_metadata(headers: &HeaderMap) -> Result<std::collections::BTreeMap<String, String>, Refusal> {
    let mut metadata = std::collections::BTreeMap::new();
    for name in headers.keys() {
        let Some(short) = name.as_str().strip_prefix(METADATA) else { continue };
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        metadata.insert(short.to_owned(), values.collect::<Vec<_>>().join(","));
    }
    let size: usize = metadata.iter().map(|(name, value): (&String, &String)| name.len() + value.len()).sum();
    match size > METADATA_BYTES_MAX {
        true => Err(refusal(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
            .field("Size", size.to_string())
            .field("MaxSizeAllowed", METADATA_BYTES_MAX.to_string())),
        false => Ok(metadata),
    }
}

fn read_storage_class(headers: &HeaderMap) -> Result<Option<Box<str>>, Refusal> {
    match text(headers, "x-amz-storage-class") {
        None | Some("STANDARD") => Ok(None),
        Some(class) if STORAGE_CLASSES.contains(&class) => Ok(Some(class.into())),
        Some(_) => Err(refusal(400, "InvalidStorageClass", "The storage class you specified is not valid")),
    }
}

pub fn read_tags(headers: &HeaderMap) -> Result<Tags, Refusal> {
    let Some(text) = text(headers, "x-amz-tagging") else { return Ok(Tags::new()) };
    Ok(tag::parse(uri::pairs(text), OBJECT_TAGS_MAX).map_err(Error::from)?)
}

pub fn read_retention(headers: &HeaderMap) -> Result<Option<Retention>, Refusal> {
    let mode = text(headers, "x-amz-object-lock-mode");
    let until = text(headers, "x-amz-object-lock-retain-until-date");
    match (mode, until) {
        (None, None) => Ok(None),
        (Some(mode), Some(until)) => {
            let mode = parse_mode(mode)
                .ok_or_else(|| invalid_argument("x-amz-object-lock-mode", mode, "Unknown wormMode directive."))?;
            let until = parse_iso(until).ok_or_else(|| {
                let text = "The retain until date must be provided in ISO 8601 format";
                invalid_argument("x-amz-object-lock-retain-until-date", until, text)
            })?;
            Ok(Some(Retention::new(mode, until)))
        }
        (Some(_), None) | (None, Some(_)) => Err(refusal(
            400,
            "InvalidArgument",
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
        )),
    }
}

pub fn parse_mode(text: &str) -> Option<Mode> {
    match text {
        "GOVERNANCE" => Some(Mode::Governance),
        "COMPLIANCE" => Some(Mode::Compliance),
        _ => None,
    }
}

pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Governance => "GOVERNANCE",
        Mode::Compliance => "COMPLIANCE",
    }
}

fn read_hold(headers: &HeaderMap) -> Result<bool, Refusal> {
    match text(headers, "x-amz-object-lock-legal-hold") {
        Some("ON") => Ok(true),
        None | Some("OFF") => Ok(false),
        Some(other) => {
            Err(invalid_argument("x-amz-object-lock-legal-hold", other, "Legal Hold must be either of 'ON' or 'OFF'"))
        }
    }
}

/// Objects are their bucket's owner's: lists that say anything else are not taken.
pub fn refuse_acl(headers: &HeaderMap) -> Result<(), Refusal> {
    let canned = text(headers, "x-amz-acl").is_some_and(|acl| !matches!(acl, "bucket-owner-full-control" | "private"));
    match canned || headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-")) {
        true => Err(no_acl()),
        false => Ok(()),
    }
}

pub fn no_acl() -> Refusal {
    refusal(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

/// Whose key a request encrypts or reads with. `prefix` is `copy-source-` for the source of a copy.
pub fn read_key(headers: &HeaderMap, prefix: &str) -> Result<BodyKey, Refusal> {
    let name = |end: &str| format!("x-amz-{prefix}server-side-encryption-customer-{end}");
    let (algorithm, key, md5) =
        (text(headers, &name("algorithm")), text(headers, &name("key")), text(headers, &name("key-md5")));
    if prefix.is_empty() {
        match text(headers, "x-amz-server-side-encryption") {
            None | Some("AES256") => {}
            // Keys of a key management service, which is not here.
            Some("aws:kms" | "aws:kms:dsse") => return Err(not_implemented()),
            Some(other) => {
                let text = "The encryption method specified is not supported";
                return Err(invalid_argument("x-amz-server-side-encryption", other, text));
            }
        }
    }
    let missing = |text: &'static str| refusal(400, "InvalidArgument", text);
    let (algorithm, key, md5) = match (algorithm, key, md5) {
        (None, None, None) => return Ok(BodyKey::Platform),
        (Some(algorithm), Some(key), Some(md5)) => (algorithm, key, md5),
        (None, _, _) => {
            return Err(missing(
                "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
            ));
        }
        (_, None, _) => {
            return Err(missing(
                "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
            ));
        }
        (_, _, None) => {
            return Err(missing(
                "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.",
            ));
        }
    };
    if algorithm != "AES256" {
        let text = "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.";
        return Err(refusal(400, "InvalidEncryptionAlgorithmError", text));
    }
    let bytes: Option<[u8; 32]> = BASE64.decode(key).ok().and_then(|key| key.try_into().ok());
    let bytes = bytes.ok_or_else(|| missing("The secret key was invalid for the specified algorithm."))?;
    let key = CustomerKey::new(bytes);
    match key.md5() == md5 {
        true => Ok(BodyKey::Customer(key)),
        false => Err(missing("The calculated MD5 hash of the key did not match the hash that was provided.")),
    }
}

/// What a request says that its body's checksums are: in headers, or in the trailers that came with its end.
pub fn expected(headers: &HeaderMap, trailers: Option<&HeaderMap>, algorithm: Algorithm) -> Result<Expected, Error> {
    let name = checksum_header(algorithm);
    let stated = text(headers, name).or_else(|| text(trailers?, name));
    let md5 = text(headers, "content-md5").and_then(|text| BASE64.decode(text).ok()?.try_into().ok());
    Ok(Expected { md5, checksum: stated.map(str::to_owned) })
}

/// Refuses checksums that cannot be any, and more than one; says which one it is.
pub fn stated_algorithm(headers: &HeaderMap) -> Result<Option<Algorithm>, Refusal> {
    if let Some(md5) = headers.get("content-md5") {
        let good = BASE64.decode(md5.as_bytes()).is_ok_and(|bytes| bytes.len() == 16);
        if !good {
            return Err(refusal(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
                .field("Content-MD5", String::from_utf8_lossy(md5.as_bytes())));
        }
    }
    let stated: Vec<Algorithm> =
        Algorithm::ALL.into_iter().filter(|algorithm| headers.contains_key(checksum_header(*algorithm))).collect();
    if stated.len() > 1 {
        let text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
        return Err(refusal(400, "InvalidRequest", text));
    }
    for algorithm in &stated {
        let name = checksum_header(*algorithm);
        let value = text(headers, name).unwrap_or_default();
        if BASE64.decode(value).map(|bytes| bytes.len()) != Ok(algorithm.bytes()) {
            return Err(refusal(400, "InvalidRequest", format!("Value for {name} header is invalid.")));
        }
    }
    if let Some(algorithm) = stated.first() {
        return Ok(Some(*algorithm));
    }
    let trailer = text(headers, "x-amz-trailer").unwrap_or_default();
    let in_trailer = trailer.split(',').map(str::trim).find_map(|trailer| trailer.strip_prefix("x-amz-checksum-"));
    match in_trailer.or_else(|| text(headers, "x-amz-sdk-checksum-algorithm")) {
        None => Ok(None),
        Some(name) => Ok(Some(parse_algorithm(name)?)),
    }
}

pub fn parse_algorithm(name: &str) -> Result<Algorithm, Refusal> {
    Algorithm::parse(name).ok_or_else(|| {
        let text = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                    [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
        refusal(400, "InvalidRequest", text)
    })
}

pub fn checksum_header(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Crc32 => "x-amz-checksum-crc32",
        Algorithm::Crc32c => "x-amz-checksum-crc32c",
        Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
        Algorithm::Sha1 => "x-amz-checksum-sha1",
        Algorithm::Sha256 => "x-amz-checksum-sha256",
    }
}

pub fn method_name(method: Method) -> &'static str {
    match method {
        Method::FullObject => "FULL_OBJECT",
        Method::Composite => "COMPOSITE",
    }
}

/// The conditions of a read. `prefix` is `x-amz-copy-source-` for the source of a copy.
pub fn conditions(headers: &HeaderMap, prefix: &str) -> Conditions {
    let field = |name: &str| text(headers, &format!("{prefix}{name}"));
    // A date that is none is no condition, as RFC 9110 has it.
    let time = |name: &str| field(name).and_then(parse_http_date);
    Conditions {
        if_match: field("if-match").map(tag_of),
        if_none_match: field("if-none-match").map(tag_of),
        if_modified_since: time("if-modified-since"),
        if_unmodified_since: time("if-unmodified-since"),
    }
}

/// The conditions of a write, which knows two of them.
pub fn write_conditions(headers: &HeaderMap) -> Result<WriteConditions, Refusal> {
    let if_absent = match text(headers, "if-none-match") {
        None => false,
        Some("*") => true,
        Some(_) => return Err(not_implemented().field("Header", "If-None-Match")),
    };
    let if_match = text(headers, "if-match").map(tag_of);
    Ok(WriteConditions { if_match, if_absent })
}

pub fn tag_of(text: &str) -> Tag {
    match text.trim() {
        "*" => Tag::Any,
        text => Tag::Is(text.trim_start_matches("W/").trim_matches('"').to_owned()),
    }
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()))
}

pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let parsed: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()))
}

pub fn http_date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub fn iso(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

pub fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// What a client compares later: told even where nothing has changed.
pub fn validators(object: &Object) -> Vec<(&'static str, String)> {
    let mut headers = vec![("etag", quoted(&object.etag)), ("last-modified", http_date(object.stamp.modified()))];
    if let Some(text) = &object.about.headers.cache_control {
        headers.push(("cache-control", text.to_string()));
    }
    if let Some(text) = &object.about.headers.expires {
        headers.push(("expires", text.to_string()));
    }
    headers
}

/// Headers of an answer, gathered.
#[derive(Default)]
pub struct Told(pub HeaderMap);

impl Told {
    pub fn add(&mut self, name: &str, value: impl AsRef<str>) {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_ref().as_bytes())) {
            self.0.insert(name, value);
        }
    }

    /// Everything that is said about an object.
    pub fn describe(&mut self, object: &Object, versioned: bool) {
        for (name, value) in validators(object) {
            self.add(name, value);
        }
        let headers = &object.about.headers;
        self.add("content-type", headers.content_type.as_deref().unwrap_or("binary/octet-stream"));
        let others = [
            ("content-disposition", &headers.content_disposition),
            ("content-encoding", &headers.content_encoding),
            ("content-language", &headers.content_language),
            ("x-amz-storage-class", &object.about.storage_class),
            ("x-amz-website-redirect-location", &object.about.redirect),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                self.add(name, value);
            }
        }
        for (name, value) in &object.about.metadata {
            self.add(&format!("{METADATA}{name}"), encoded_word(value));
        }
        self.add("accept-ranges", "bytes");
        self.lock(object);
        self.encryption(&object.encryption);
        self.version(object, versioned);
    }

    fn lock(&mut self, object: &Object) {
        if let Some(retention) = object.about.retention {
            self.add("x-amz-object-lock-mode", mode_name(retention.mode));
            self.add("x-amz-object-lock-retain-until-date", iso(retention.until()));
        }
        if object.about.legal_hold {
            self.add("x-amz-object-lock-legal-hold", "ON");
        }
    }

    pub fn encryption(&mut self, encryption: &Encryption) {
        match encryption {
            Encryption::Platform => self.add("x-amz-server-side-encryption", "AES256"),
            Encryption::Customer { md5 } => {
                self.add("x-amz-server-side-encryption-customer-algorithm", "AES256");
                self.add("x-amz-server-side-encryption-customer-key-md5", md5);
            }
        }
    }

    /// A bucket that never kept versions tells none.
    pub fn version(&mut self, object: &Object, versioned: bool) {
        if versioned {
            self.add("x-amz-version-id", object.stamp.version.to_string());
        }
    }

    pub fn checksum(&mut self, checksum: &Checksum) {
        self.add(checksum_header(checksum.algorithm), &checksum.value);
        self.add("x-amz-checksum-type", method_name(checksum.method));
    }
}

/// Text that a header cannot hold goes as an encoded word, as the service has it. Source: RFC 2047.
fn encoded_word(text: &str) -> String {
    match text.chars().all(|character| character == '\t' || (' '..='~').contains(&character)) {
        true => text.to_owned(),
        false => format!("=?UTF-8?B?{}?=", BASE64.encode(text)),
    }
}
