//! The examples of AWS's documentation, and what happens to a signature when anything around it changes.

use http::Request;
use http::request::Parts;

use super::*;

/// The credentials of AWS's published examples and test suite.
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("the test's request is one").into_parts().0
}

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("the test's time is one")
}

fn signer<'a>(region: &'a str, service: &'a str) -> Signer<'a> {
    Signer { access_key_id: KEY, secret: SECRET, session_token: None, region, service }
}

fn verify(parts: &Parts, now: &str, body: &[u8]) -> Result<(), Refusal> {
    let claim = Claim::read(parts)?.ok_or(Refusal::Missing)?;
    claim.check(parts, at(now))?;
    claim.verify(parts, SECRET, &sha256_hex(body))
}

/// Each case: method, target, and the signature that AWS's published test suite states for it.
#[test]
fn requests_of_the_published_suite_have_the_published_signatures() {
    let cases = [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        (
            "GET",
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
    ];
    for (method, uri, wanted) in cases {
        let mut parts = parts(method, uri, &[("host", "example.amazonaws.com")]);
        sign(&mut parts, b"", &signer("us-east-1", "service"), at("20150830T123600Z")).expect("it can be signed");
        let header = parts.headers["authorization"].to_str().expect("it is text");
        assert_eq!(header.rsplit('=').next(), Some(wanted), "{method} {uri}");
    }
}

/// From the IAM documentation: `GET /?Action=ListUsers&Version=2010-05-08` with a content type that is signed.
#[test]
fn the_documented_list_users_example_is_accepted() {
    let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                  SignedHeaders=content-type;host;x-amz-date, \
                  Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let headers = [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("x-amz-date", "20150830T123600Z"),
        ("authorization", header),
    ];
    let parts = parts("GET", "/?Action=ListUsers&Version=2010-05-08", &headers);
    assert_eq!(verify(&parts, "20150830T123700Z", b""), Ok(()));
}

/// From the S3 documentation: a presigned GET of `/test.txt`.
#[test]
fn the_documented_presigned_url_is_accepted_until_it_expires() {
    let uri = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1\
               %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
               &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let parts = parts("GET", uri, &[("host", "examplebucket.s3.amazonaws.com")]);
    let claim = Claim::read(&parts).expect("it is well formed").expect("it is signed");
    assert_eq!(claim.check(&parts, at("20130524T235900Z")), Ok(()));
    let expired = claim.check(&parts, at("20130525T000001Z"));
    assert!(matches!(expired, Err(Refusal::Expired { presigned: true, .. })), "{expired:?}");
    let canonical = canonical::request(&parts, &["host".to_owned()], UNSIGNED_PAYLOAD, "s3");
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let computed = signature(secret, &claim.scope, at("20130524T000000Z"), &canonical);
    assert_eq!(
        hex::encode(computed.finalize().into_bytes()),
        uri.rsplit('=').next().expect("it ends in the signature")
    );
}

#[test]
fn what_is_signed_is_accepted_and_what_was_changed_is_not() {
    let path = "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=%24LATEST";
    let host = [("host", "127.0.0.1:4566"), ("x-amz-invocation-type", "Event")];
    let signed = |body: &[u8]| {
        let mut parts = parts("POST", path, &host);
        sign(&mut parts, body, &signer("eu-central-1", "lambda"), at("20261124T130000Z")).expect("it can be signed");
        parts
    };
    assert_eq!(verify(&signed(b"{}"), "20261124T130000Z", b"{}"), Ok(()));
    type Change = fn(&mut Parts);
    let changes: [(&str, Change); 6] = [
        ("method", |parts| parts.method = http::Method::PUT),
        ("path", |parts| {
            parts.uri = http::Uri::from_static("/2015-03-31/functions/other/invocations?Qualifier=%24LATEST")
        }),
        ("query", |parts| parts.uri = http::Uri::from_static("/2015-03-31/functions/arn%3Aaws%3Alambda/invocations")),
        ("host", |parts| drop(parts.headers.insert("host", http::HeaderValue::from_static("localhost:4566")))),
        ("signed header", |parts| drop(parts.headers.remove("x-amz-invocation-type"))),
        ("date", |parts| drop(parts.headers.insert("x-amz-date", http::HeaderValue::from_static("20261124T130100Z")))),
    ];
    for (what, change) in changes {
        let mut parts = signed(b"{}");
        change(&mut parts);
        assert_eq!(verify(&parts, "20261124T130000Z", b"{}"), Err(Refusal::Mismatch), "{what}");
    }
    assert_eq!(verify(&signed(b"{}"), "20261124T130000Z", b"{ }"), Err(Refusal::Mismatch), "body");
}

#[test]
fn refusals_say_what_is_wrong_in_aws_words() {
    let signed = || {
        let mut parts = parts("GET", "/", &[("host", "h")]);
        sign(&mut parts, b"", &signer("eu-central-1", "lambda"), at("20261124T130000Z")).expect("it can be signed");
        parts
    };
    let mut unsigned_header = signed();
    unsigned_header.headers.insert("x-amz-log-type", http::HeaderValue::from_static("Tail"));
    let basic = parts("GET", "/", &[("authorization", "Basic dGVzdDp0ZXN0")]);
    let bare = parts("GET", "/", &[("authorization", "AWS4-HMAC-SHA256 Credential=a/20261124/r/s/aws4_request")]);
    let short = parts(
        "GET",
        "/",
        &[
            ("authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00"),
            ("x-amz-date", "20261124T130000Z"),
        ],
    );
    let cases = [
        (parts("GET", "/", &[]), "20261124T130000Z", "Missing Authentication Token"),
        (
            signed(),
            "20261124T130501Z",
            "Signature expired: 20261124T130000Z is now earlier than 20261124T130001Z (20261124T130501Z - 5 min.)",
        ),
        (
            signed(),
            "20261124T125459Z",
            "Signature not yet current: 20261124T130000Z is still later than 20261124T125959Z (20261124T125459Z + 5 min.)",
        ),
        (unsigned_header, "20261124T130000Z", "'x-amz-log-type' must be a 'SignedHeader' in the AWS Authorization."),
        (
            basic,
            "20261124T130000Z",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Basic",
        ),
        (
            bare,
            "20261124T130000Z",
            "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
        ),
        (
            short,
            "20261124T130000Z",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'",
        ),
    ];
    for (parts, now, wanted) in cases {
        assert_eq!(verify(&parts, now, b"").map_err(|refusal| refusal.to_string()), Err(wanted.to_owned()));
    }
}

#[test]
fn a_stated_payload_hash_must_be_the_bodys() {
    let mut parts = parts("POST", "/", &[("host", "h"), ("x-amz-content-sha256", EMPTY)]);
    sign(&mut parts, b"", &signer("eu-central-1", "lambda"), at("20261124T130000Z")).expect("it can be signed");
    assert_eq!(verify(&parts, "20261124T130000Z", b""), Ok(()));
    assert_eq!(verify(&parts, "20261124T130000Z", b"more"), Err(Refusal::Mismatch));
}
