//! What S3 clients see, over services in memory.

use http::request::Parts;

use crate::auth::{Instant, Signer, sha256_hex, sign};
use crate::wire::{KEY, SECRET, Wire, read};

/// Sends a signed request and gives the answer's status, the headers that are asked for, and its body.
async fn ask(wire: &Wire, request: &str) -> String {
    let (mut parts, body) = read(request);
    let hash = sha256_hex(body.as_bytes());
    if !parts.headers.contains_key("x-amz-content-sha256") {
        parts.headers.insert("x-amz-content-sha256", hash.parse().expect("a value"));
    }
    parts.headers.insert("content-length", body.len().into());
    signed(&mut parts, body.as_bytes());
    shown(&wire.send(parts, body).await.to_string())
}

fn signed(parts: &mut Parts, body: &[u8]) {
    let signer = Signer { access_key_id: KEY, secret: SECRET, session_token: None, region: "us-east-1", service: "s3" };
    sign(parts, body, &signer, Instant::now()).expect("the request can be signed");
}

/// What differs from run to run is left out.
fn shown(answer: &str) -> String {
    let (head, body) = answer.split_once("\n\n").expect("an empty line ends the head");
    let changing = ["x-amz-request-id", "x-amz-id-2", "server", "last-modified", "content-type: application/xml"];
    let lines = head.lines().filter(|line| !changing.iter().any(|name| line.starts_with(name)));
    let lines: Vec<&str> = lines.collect();
    let body = match body.split_once("<RequestId>") {
        Some((told, _)) => told.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
        None => body.to_owned(),
    };
    format!("{}\n\n{body}", lines.join("\n"))
}

async fn check(wire: &Wire, cases: &[(&str, &str)]) {
    for (request, wanted) in cases {
        let found = ask(wire, request).await;
        assert!(found.contains(wanted), "{request}\n\nfound:  {found}\n\nwanted: {wanted}");
    }
}

#[tokio::test]
async fn an_object_is_put_had_in_parts_copied_and_deleted() {
    let wire = Wire::new().await;
    check(&wire, &[
        ("PUT /photos\n\n", "200\nlocation: /photos"),
        ("PUT /photos/a%20b\ncontent-type: text/plain\nx-amz-meta-who: me\n\nhello", "etag: \"5d41402abc4b2a76b9719d911017c592\""),
        ("PUT /photos/a%20b\n\nhello", "x-amz-checksum-crc64nvme: M3eFcAZSQlc="),
        ("GET /photos/a%20b\n\n", "\n\nhello"),
        ("GET /photos/a%20b\nrange: bytes=1-2\n\n", "206\n"),
        ("GET /photos/a%20b\nrange: bytes=1-2\n\n", "content-range: bytes 1-2/5"),
        ("GET /photos/a%20b\nrange: bytes=-2\n\n", "\n\nlo"),
        ("GET /photos/a%20b\nrange: bytes=5-\n\n", "<Code>InvalidRange</Code>"),
        ("GET /photos/a%20b\nif-none-match: \"5d41402abc4b2a76b9719d911017c592\"\n\n", "304\netag"),
        ("GET /photos/a%20b\nif-match: \"x\"\n\n", "412\n\n<Error><Code>PreconditionFailed</Code>"),
        ("PUT /photos/a%20b\nif-none-match: *\n\nhello", "412\n"),
        ("PUT /photos/copy\nx-amz-copy-source: photos/a%20b\n\n", "<ETag>\"5d41402abc4b2a76b9719d911017c592\"</ETag>"),
        ("HEAD /photos/copy\n\n", "content-length: 5"),
        ("HEAD /photos/nothing\n\n", "404\n\n"),
        ("GET /photos?list-type=2&prefix=a\n\n", "<Key>a b</Key>"),
        ("DELETE /photos\n\n", "409\n\n<Error><Code>BucketNotEmpty</Code>"),
        ("DELETE /photos/copy\n\n", "204"),
        ("DELETE /photos/copy\n\n", "204"),
        ("GET /photos/copy\n\n", "404\n\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>copy</Key>"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_words_of_s3() {
    let wire = Wire::new().await;
    check(
        &wire,
        &[
            ("PUT /photos\n\n", "200\n"),
            ("PUT /P\n\n", "<Code>InvalidBucketName</Code>"),
            ("GET /nothing/key\n\n", "404\n\n<Error><Code>NoSuchBucket</Code>"),
            ("PUT /photos/a\ncontent-md5: AAAA\n\nhello", "<Code>InvalidDigest</Code>"),
            ("PUT /photos/a\ncontent-md5: XUFAKrxLKna5cZ2REBfFkA==\n\nhello", "<Code>BadDigest</Code>"),
            ("PUT /photos/a\nx-amz-checksum-crc32: AAAAAA==\n\nhello", "<Code>BadDigest</Code>"),
            ("GET /photos?website\n\n", "501\n\n<Error><Code>NotImplemented</Code>"),
            ("PUT /photos?policy\n\n{}", "501\n\n<Error><Code>NotImplemented</Code>"),
            ("GET /photos?encoding-type=x\n\n", "<Code>InvalidArgument</Code>"),
            ("GET /photos/a?versionId=x\n\n", "<Code>InvalidArgument</Code><Message>Invalid version id specified"),
            ("GET /photos/a\n\n", "404\n"),
        ],
    )
    .await;
    let (parts, body) = read("GET /photos/a\n\n");
    assert!(wire.send(parts, body).await.body.contains("<Code>AccessDenied</Code><Message>Access Denied</Message>"));
    let (mut parts, body) = read("PUT /photos/a\ncontent-length: 4\n\nevil");
    parts.headers.insert("x-amz-content-sha256", sha256_hex(b"good").parse().expect("a value"));
    signed(&mut parts, b"good");
    assert!(wire.send(parts, body).await.body.contains("<Code>XAmzContentSHA256Mismatch</Code>"));
    let (mut parts, body) = read("GET /photos/a\n\n");
    parts.headers.insert("authorization", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo".parse().expect("a value"));
    assert!(wire.send(parts, body).await.body.contains("Please use AWS4-HMAC-SHA256."));
}
