//! The front's own paths, and its patience with clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use it::{Nought, component};

#[test]
fn health_and_metrics_answer_without_a_signature() {
    let nought = Nought::start();
    let health = nought.get("/_nought/health");
    assert_eq!(health.status, 200);
    assert!(health.text().contains("ok"), "{}", health.text());
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    nought.get(&path);
    let metrics = nought.get("/_nought/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.head.to_ascii_lowercase().contains("content-type: text/plain"), "{}", metrics.head);
    for line in metrics.text().lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap_or_default();
        assert!(value.parse::<f64>().is_ok(), "not a metric: {line:?}");
    }
    assert!(nought.metric("nought_requests_total") >= 1.0, "{}", metrics.text());
}

#[test]
fn the_rest_of_the_own_paths_needs_the_root_key() {
    let nought = Nought::start();
    for path in ["/_nought/usage", "/_nought/backup", "/_nought/nothing"] {
        let answer = nought.request("POST", path, b"{}");
        assert!([401, 403, 404].contains(&answer.status), "{path}: {answer:?}");
    }
}

#[test]
fn a_silent_client_is_let_go() {
    let nought = impatient();
    let mut connection = TcpStream::connect(nought.address()).expect("a connection");
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let begin = Instant::now();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).expect("the server closes");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_client_that_stops_in_the_middle_of_its_body_is_let_go() {
    let nought = impatient();
    let path = nought.deploy(&component("behave-rust"), "behave", &[]);
    let mut connection = TcpStream::connect(nought.address()).expect("a connection");
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    write!(connection, "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf").expect("a request");
    let begin = Instant::now();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).expect("the server closes");
    let answer = String::from_utf8_lossy(&rest).into_owned();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(nought.get("/_nought/health").status, 200);
}

/// A server that waits one second for a client that owes it bytes.
/// HTTP/2 lets a client read heads and grant no byte of any body.
#[test]
fn an_http2_client_that_makes_no_room_for_an_answer_loses_it() {
    let nought = impatient();
    let path = nought.deploy(&component("hello-rust"), "hello", &[]);
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    threads.block_on(async {
        let stream = tokio::net::TcpStream::connect(nought.address()).await.expect("a connection");
        let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(0)
            .handshake(TokioIo::new(stream))
            .await
            .expect("HTTP/2");
        tokio::spawn(connection);
        for _ in 0..2 {
            let request = Request::get(format!("http://{}{path}", nought.address()));
            let request = request.body(Empty::<Bytes>::new()).expect("a request");
            let answer = sender.send_request(request).await.expect("an answer's head");
            assert_eq!(answer.status(), 200);
            assert!(answer.into_body().collect().await.is_err());
        }
    });
}

fn impatient() -> Nought {
    let config = std::env::temp_dir().join(format!("nought-it-impatient-{}.toml", std::process::id()));
    std::fs::write(&config, "client_timeout_secs = 1\n").expect("a configuration file");
    it::Starting::default().argument("--config").argument(config).start()
}

#[test]
fn a_wrong_configuration_is_refused_by_the_name_of_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "lisen = '127.0.0.1:0'\n").expect("a configuration file");
    let output = std::process::Command::new(it::binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(folder.path().join("data"))
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("lisen") && said.contains("config.toml"), "{said}");
}
