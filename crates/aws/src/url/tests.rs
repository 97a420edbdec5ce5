//! Requests as events, documents as responses, and the headers for browsers.

use http::request::Parts;
use http::{HeaderMap, Request, Uri};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use services::function::url::Cors;
use services::identity::Principal;
use services::name::{AccountId, Region};
use services::run::{Body, RequestId};

use super::*;

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("the test's request is one").into_parts().0
}

fn event_of(parts: &Parts, body: &[u8], caller: Option<(&str, &Principal)>) -> Value {
    let address = address(&parts.uri, &parts.headers).expect("the request is for a function URL");
    let document = event::document(&event::Facts {
        parts,
        body,
        address: &address,
        account: &AccountId::default(),
        region: &Region::parse("eu-central-1").expect("it is a region"),
        caller,
        source_ip: [203, 0, 113, 9].into(),
        request_id: &RequestId("e1506fd5-9e7b-434f-bd42-4f8fa224b599".into()),
        trace: None,
        now_millis: 1_795_525_200_123,
    });
    serde_json::from_slice(&document).expect("an event is JSON")
}

#[test]
fn addresses_are_read_from_paths_and_hosts() {
    let cases = [
        ("/_url/abc/a/b?c=d", "localhost:4566", "abc /a/b?c=d -"),
        ("/_url/abc", "localhost:4566", "abc / -"),
        (
            "/a%20b?c",
            "abc.lambda-url.eu-central-1.localhost:4566",
            "abc /a%20b?c abc.lambda-url.eu-central-1.localhost",
        ),
        ("/", "ABC.lambda-url.eu-central-1.example.com", "abc / abc.lambda-url.eu-central-1.example.com"),
        ("/2015-03-31/functions", "localhost:4566", "none"),
        ("/_url", "localhost:4566", "none"),
    ];
    for (target, host, wanted) in cases {
        let parts = parts("GET", target, &[("host", host)]);
        let found = address(&parts.uri, &parts.headers).map_or("none".to_owned(), |address| {
            format!("{} {} {}", address.id, address.target, address.domain.as_deref().unwrap_or("-"))
        });
        assert_eq!(found, wanted, "{host}{target}");
    }
}

#[test]
fn an_unsigned_request_becomes_an_event_of_format_2() {
    let headers = [
        ("host", "abc.lambda-url.eu-central-1.localhost:4566"),
        ("User-Agent", "agent"),
        ("Header2", "value1"),
        ("header2", "value2"),
        ("Cookie", "a=1; b=2"),
        ("content-type", "application/json"),
    ];
    let parts = parts("POST", "/my/path?p1=v1&p1=v2&p2=a%20b", &headers);
    let wanted = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "p1=v1&p1=v2&p2=a%20b",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "content-type": "application/json",
            "cookie": "a=1; b=2",
            "header2": "value1,value2",
            "host": "abc.lambda-url.eu-central-1.localhost:4566",
            "user-agent": "agent",
            "x-forwarded-for": "203.0.113.9",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http"
        },
        "queryStringParameters": {"p1": "v1,v2", "p2": "a b"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.eu-central-1.localhost",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": "agent"
            },
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": "24/Nov/2026:13:00:00 +0000",
            "timeEpoch": 1_795_525_200_123_i64
        },
        "body": "{\"a\":1}",
        "isBase64Encoded": false
    });
    assert_eq!(event_of(&parts, b"{\"a\":1}", None), wanted);
}

#[test]
fn a_signed_request_says_who_signed_it() {
    let parts = parts("GET", "/_url/abc/", &[("host", "localhost:4566")]);
    let root = Principal::Root { account: AccountId::default() };
    let event = event_of(&parts, b"", Some(("AKIAEXAMPLE", &root)));
    let wanted = json!({"iam": {
        "accessKey": "AKIAEXAMPLE",
        "accountId": "000000000000",
        "callerId": "000000000000",
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": "arn:aws:iam::000000000000:root",
        "userId": "000000000000"
    }});
    assert_eq!(event["requestContext"]["authorizer"], wanted);
    assert_eq!(event["requestContext"]["accountId"], "000000000000");
    assert_eq!(event["requestContext"]["domainName"], "abc.lambda-url.eu-central-1.localhost");
    assert_eq!((&event["rawPath"], &event["body"]), (&json!("/"), &Value::Null));
}

#[test]
fn bodies_are_text_only_where_their_type_says_so() {
    let cases: [(&str, &[u8], &str, bool); 6] = [
        ("text/plain; charset=utf-8", b"hi", "hi", false),
        ("application/vnd.api+json", b"{}", "{}", false),
        ("application/json", b"\xff", "/w==", true),
        ("application/x-www-form-urlencoded", b"a=b", "YT1i", true),
        ("application/octet-stream", b"hi", "aGk=", true),
        ("", b"hi", "aGk=", true),
    ];
    for (content_type, body, wanted, encoded) in cases {
        let parts = parts("POST", "/_url/abc/", &[("content-type", content_type)]);
        let event = event_of(&parts, body, None);
        assert_eq!(
            (event["body"].as_str(), event["isBase64Encoded"].as_bool()),
            (Some(wanted), Some(encoded)),
            "{content_type}"
        );
    }
}

/// Status, headers but the content's length, body.
async fn shown(response: Response<Body>) -> String {
    let (parts, body) = response.into_parts();
    let headers: Vec<String> =
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
    let body = body.collect().await.expect("the body is in memory").to_bytes();
    format!("{} [{}] {}", parts.status.as_u16(), headers.join(", "), String::from_utf8_lossy(&body))
}

#[tokio::test]
async fn documents_become_responses() {
    let cases = [
        (r#""Hello""#, r#"200 [content-type: application/json] "Hello""#),
        (r#"{"message":"Hello"}"#, r#"200 [content-type: application/json] {"message":"Hello"}"#),
        ("null", "200 [content-type: application/json] null"),
        (r#"{"statusCode":201}"#, "201 [content-type: application/json] "),
        (r#"{"statusCode":"404","body":"no"}"#, "404 [content-type: application/json] no"),
        (
            r#"{"statusCode":200,"headers":{"Content-Type":"text/html","X-N":1},"body":"<p>"}"#,
            "200 [content-type: text/html, x-n: 1] <p>",
        ),
        (
            r#"{"statusCode":200,"cookies":["a=1; Secure","b=2"],"body":"aGk=","isBase64Encoded":true}"#,
            "200 [content-type: application/json, set-cookie: a=1; Secure, set-cookie: b=2] hi",
        ),
        (
            r#"{"statusCode":200,"headers":{"Content-Length":"9","Transfer-Encoding":"chunked"},"body":"x"}"#,
            "200 [content-type: application/json] x",
        ),
        (r#"{"statusCode":99}"#, "502 [content-type: application/json] Internal Server Error"),
        (r#"{"statusCode":101}"#, "502 [content-type: application/json] Internal Server Error"),
        (r#"{"statusCode":{}}"#, "502 [content-type: application/json] Internal Server Error"),
        (
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
            "502 [content-type: application/json] Internal Server Error",
        ),
        (r#"{"statusCode":200,"headers":{"a b":"c"}}"#, "502 [content-type: application/json] Internal Server Error"),
        ("not JSON", "502 [content-type: application/json] Internal Server Error"),
    ];
    for (document, wanted) in cases {
        let response = answer::response(&Bytes::from_static(document.as_bytes()));
        assert_eq!(shown(response).await, wanted, "{document}");
    }
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[tokio::test]
async fn preflights_are_answered_by_the_configuration_alone() {
    let cors = Cors {
        allow_credentials: Some(true),
        allow_headers: texts(&["content-type", "x-own"]),
        allow_methods: texts(&["GET", "POST"]),
        allow_origins: texts(&["https://*.example.com"]),
        expose_headers: None,
        max_age_secs: Some(300),
    };
    let ask = |method, origin| parts(method, "/", &[("origin", origin), ("access-control-request-method", "POST")]);
    let allowed = cors::preflight(&cors, &ask("OPTIONS", "https://a.example.com")).expect("it is a preflight");
    let wanted = "200 [access-control-allow-origin: https://a.example.com, vary: Origin, \
                  access-control-allow-credentials: true, access-control-allow-methods: GET,POST, \
                  access-control-allow-headers: content-type,x-own, access-control-max-age: 300] ";
    assert_eq!(shown(allowed).await, wanted);
    let refused = cors::preflight(&cors, &ask("OPTIONS", "https://example.org")).expect("it is a preflight");
    assert_eq!(shown(refused).await, "200 [] ");
    assert!(cors::preflight(&cors, &ask("POST", "https://a.example.com")).is_none());
}

#[test]
fn answers_are_readable_for_the_origins_that_are_allowed() {
    let cases: [(&[&str], bool, &str, &str); 5] = [
        (&["*"], false, "https://a.example", "*"),
        (&["*"], true, "https://a.example", "https://a.example"),
        (&["https://a.example"], false, "https://a.example", "https://a.example"),
        (&["https://a.example"], false, "https://b.example", "-"),
        (&["https://*"], false, "http://a.example", "-"),
    ];
    for (origins, credentials, origin, wanted) in cases {
        let cors = Cors { allow_origins: texts(origins), allow_credentials: Some(credentials), ..Cors::default() };
        let mut headers = HeaderMap::new();
        cors::allow(&cors, &parts("GET", "/", &[("origin", origin)]).headers, &mut headers);
        let found = headers.get("access-control-allow-origin").and_then(|value| value.to_str().ok()).unwrap_or("-");
        assert_eq!(found, wanted, "{origins:?} {origin}");
    }
}

#[test]
fn the_target_keeps_what_the_client_wrote() {
    let uri = Uri::from_static("/_url/abc/a%2Fb/%7Ec?x=%20&y");
    let address = address(&uri, &HeaderMap::new()).expect("it is for a function URL");
    assert_eq!(address.target, Uri::from_static("/a%2Fb/%7Ec?x=%20&y"));
}

#[test]
fn the_host_of_http_2_is_in_its_target() {
    let uri = Uri::from_static("http://abc.lambda-url.eu-central-1.localhost:4566/a?b");
    let address = address(&uri, &HeaderMap::new()).expect("it is for a function URL");
    assert_eq!((address.id.as_str(), &address.target), ("abc", &Uri::from_static("/a?b")));
}
