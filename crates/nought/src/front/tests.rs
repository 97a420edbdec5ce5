//! Bytes in, bytes out, on a real socket.

use std::time::Duration;

use http::StatusCode;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};

use super::*;

/// Answers with the length of the body, or with a platform error if the body cannot be read; `/hold` waits for `go`.
struct Length {
    go: Notify,
    held: Notify,
}

struct Held(Arc<Length>);

impl Handle for Held {
    fn handle(&self, request: Request<Body>, _: Peer) -> BoxFuture<'static, Response<Body>> {
        let length = Arc::clone(&self.0);
        Box::pin(async move {
            if request.uri().path() == "/hold" {
                length.held.notify_one();
                length.go.notified().await;
            }
            match request.into_body().collect().await {
                Ok(body) => text(StatusCode::OK, &format!("{} bytes", body.to_bytes().len())),
                Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "unreadable"),
            }
        })
    }
}

struct Running {
    address: SocketAddr,
    length: Arc<Length>,
    stop: oneshot::Sender<()>,
    front: tokio::task::JoinHandle<()>,
}

async fn start(client_timeout: Duration) -> Running {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let length = Arc::new(Length { go: Notify::new(), held: Notify::new() });
    let handle = Arc::new(Held(Arc::clone(&length)));
    let limits = Limits { connections_max: 8, client_timeout, stop_grace: Duration::from_secs(5) };
    let (stop, stopped) = oneshot::channel();
    let front = tokio::spawn(serve(listener, limits, handle, async { drop(stopped.await) }));
    Running { address, length, stop, front }
}

/// Sends bytes, ends its side if `close`, and reads until the server ends the connection.
async fn exchange(address: SocketAddr, sent: &str, close: bool) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(sent.as_bytes()).await.expect("room for a few bytes");
    if close {
        stream.shutdown().await.expect("an open connection");
    }
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn check(sent: &str, close: bool, status: &str, ending: &str) {
    let running = start(Duration::from_millis(200)).await;
    let answer = exchange(running.address, sent, close).await;
    let found = answer.split("\r\n").next().unwrap_or_default();
    assert_eq!(found, status, "{sent:?}");
    assert!(answer.ends_with(ending), "{sent:?} was answered with {answer:?}");
}

#[tokio::test]
async fn good_requests_are_answered() {
    check("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", false, "HTTP/1.1 200 OK", "0 bytes").await;
    let chunked =
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    check(chunked, false, "HTTP/1.1 200 OK", "3 bytes").await;
}

#[tokio::test]
async fn bad_requests_get_400_and_silence_ends_the_connection() {
    let bad = "HTTP/1.1 400 Bad Request";
    check("GET /\r\n\r\n", false, bad, "\r\n\r\n").await;
    check("GET / HTTP/1.1\r\nno colon\r\n\r\n", false, bad, "\r\n\r\n").await;
    check("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", false, bad, "too slow\n").await;
    check("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc", true, bad, "too slow\n").await;
    check("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc", false, bad, "too slow\n").await;
    check("", false, "", "").await;
    check("GET / HT", false, "", "").await;
}

#[tokio::test]
async fn oversized_headers_are_refused() {
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(HEADER_BYTES_MAX + 1));
    check(&long, false, "HTTP/1.1 431 Request Header Fields Too Large", "\r\n\r\n").await;
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_answered() {
    let running = start(Duration::from_secs(5)).await;
    let stream = TcpStream::connect(running.address).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::post("http://a/").body(full("hello")).expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(answer.into_body().collect().await.expect("a body").to_bytes(), "5 bytes");
}

#[tokio::test]
async fn a_stop_waits_for_the_requests_that_run() {
    let running = start(Duration::from_secs(5)).await;
    let request = "GET /hold HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = tokio::spawn(exchange(running.address, request, false));
    running.length.held.notified().await;
    running.stop.send(()).expect("the front runs");
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!running.front.is_finished(), "it did not wait");
    running.length.go.notify_one();
    running.front.await.expect("the front ends");
    assert!(answer.await.expect("an answer").ends_with("0 bytes"));
}
