//! Objects: large ones against a plain file server, small ones against the store alone and `moto_server`; a list in a
//! large bucket; memory during a large upload.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use it::{Client, Nought};

use crate::load::{Contestant, per_second, take_turns, times};
use crate::peer::{self, Peer};
use crate::raw::{self, Raw};
use crate::samples::Samples;
use crate::{process, promise};

const MIB: usize = 1024 * 1024;
const SMALL: usize = 4096;
const SMALL_CLIENTS: u64 = 64;
/// Sizes of large objects and clients at once.
const LARGE: [(usize, u64); 2] = [(MIB, 4), (64 * MIB, 2)];
const LIST_P50_MAX: Duration = Duration::from_millis(20);
const LISTS: usize = 50;
/// Memory that an upload may add, whatever its size.
const UPLOAD_MB_MAX: f64 = 64.0;
const SINGLE_PUT_GIB_MAX: u64 = 5;

pub fn run() -> bool {
    process::print_load();
    large() & small()
}

fn large() -> bool {
    let (nought, files) = (Nought::start(), peer::files());
    Client::new(nought.address()).s3("PUT", "/bench", &[], b"").expect("a bucket");
    let mut kept = true;
    for (size, clients) in LARGE {
        let name = |who: &str, what: &str| format!("{who} {what} {} MiB", size / MIB);
        let body = vec![0x5A; size];
        let put = |address: SocketAddr, prefix: &'static str| {
            let body = &body;
            move |time| per_second(clients, time, |id| s3(address, "PUT", format!("{prefix}/large-{id}"), body))
        };
        let get = |address: SocketAddr, prefix: &'static str| {
            move |time| per_second(clients, time, |id| s3(address, "GET", format!("{prefix}/large-{id}"), b""))
        };
        let rates = take_turns(&[
            Contestant::new(&name("nought", "PUT"), put(nought.address(), "/bench")),
            Contestant::new(&name("files", "PUT"), put(files.address, "")),
            Contestant::new(&name("nought", "GET"), get(nought.address(), "/bench")),
            Contestant::new(&name("files", "GET"), get(files.address, "")),
        ]);
        for what in ["PUT", "GET"] {
            kept &= rates.promise(&name("nought", what), &name("files", what), 0.7);
        }
    }
    kept
}

fn small() -> bool {
    let (nought, raw, moto) = (Nought::start(), Raw::open(), peer::moto());
    let body = vec![0x5A; SMALL];
    let bucket = |address| drop(Client::new(address).s3("PUT", "/bench", &[], b"").expect("a bucket"));
    bucket(nought.address());
    let put = |address: SocketAddr| {
        let body = &body;
        move |time| per_second(SMALL_CLIENTS, time, |id| s3(address, "PUT", format!("/bench/small-{id}"), body))
    };
    let get = |address: SocketAddr| {
        move |time| per_second(SMALL_CLIENTS, time, |id| s3(address, "GET", format!("/bench/small-{id}"), b""))
    };
    let mut contestants = vec![
        Contestant::new("nought PUT 4 KiB", put(nought.address())),
        Contestant::new("the store, same rows", |time| raw.per_second(SMALL_CLIENTS, time, &[rows])),
        Contestant::new("nought GET 4 KiB", get(nought.address())),
    ];
    if let Some(moto) = &moto {
        bucket(moto.address);
        contestants.push(Contestant::new("moto PUT 4 KiB", put(moto.address)));
        contestants.push(Contestant::new("moto GET 4 KiB", get(moto.address)));
    }
    let rates = take_turns(&contestants);
    let kept = rates.promise("nought PUT 4 KiB", "the store, same rows", 0.5);
    let peers = ["PUT", "GET"].map(|what| {
        let name = |who: &str| format!("{who} {what} 4 KiB");
        moto.as_ref().is_none_or(|_: &Peer| rates.promise(&name("nought"), &name("moto"), 5.0))
    });
    kept & peers[0] & peers[1]
}

/// A put of 4 KiB: a look at the object before, its row, and its sealed body.
fn rows(tx: &mut store::Tx, client: u64, _: u64) -> Result<(), store::Error> {
    use store::Read;
    tx.get(&raw::row("object", client, 0))?;
    tx.put(raw::row("object", client, 0), vec![1; 400]);
    tx.put(raw::row("body", client, 0), vec![2; SMALL + 16]);
    Ok(())
}

fn s3(address: SocketAddr, method: &'static str, path: String, body: &[u8]) -> impl FnMut(u64) -> u64 {
    let mut client = Client::new(address);
    move |_| {
        client.s3(method, &path, &[], body).expect("an answer");
        1
    }
}

/// The time of a list of 1,000 keys in a bucket of so many.
pub fn list(keys: u64) -> bool {
    process::print_load();
    let nought = Nought::start();
    let mut client = Client::new(nought.address());
    client.s3("PUT", "/bench", &[], b"").expect("a bucket");
    let begun = Instant::now();
    times(SMALL_CLIENTS, keys, |_| {
        let mut client = Client::new(nought.address());
        move |number| drop(client.s3("PUT", &format!("/bench/key-{number:09}"), &[], b"x").expect("a put"))
    });
    println!("{keys} keys put in {:.0} s", begun.elapsed().as_secs_f64());
    let took = (0..LISTS).map(|at| {
        let after = keys * at as u64 / LISTS as u64;
        let begun = Instant::now();
        let path = format!("/bench?list-type=2&start-after=key-{after:09}");
        let page = client.s3("GET", &path, &[], b"").expect("a list");
        let took = begun.elapsed();
        let count = page.text().matches("<Key>").count();
        assert!(count == 1000 || keys - after <= 1000, "{count} keys behind {after}");
        took
    });
    let samples = Samples::of(took.collect());
    samples.print(&format!("list of 1,000 keys of {keys}"));
    let p50 = samples.percentile(50);
    promise("list of 1,000 keys, p50", p50.as_secs_f64() * 1000.0, "ms", p50 < LIST_P50_MAX, "under 20 ms")
}

/// Memory of the server while one object of so many GiB goes up and comes down.
pub fn memory(gib: u64) -> bool {
    process::print_load();
    let gib = gib.min(SINGLE_PUT_GIB_MAX);
    let nought = Nought::start();
    let mut client = Client::new(nought.address());
    client.s3("PUT", "/bench", &[], b"").expect("a bucket");
    client.s3("PUT", "/bench/first", &[], &vec![0; MIB]).expect("a put");
    let before = process::resident_mb(nought.id());
    let begun = Instant::now();
    let up = process::peak_mb(nought.id(), || stream_up(&client, nought.address(), gib << 30));
    println!(
        "{gib} GiB up in {:.1} s, at most {up:.1} MB of memory (before: {before:.1} MB)",
        begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    let down = process::peak_mb(nought.id(), || stream_down(&client, nought.address(), gib << 30));
    println!("{gib} GiB down in {:.1} s, at most {down:.1} MB of memory", begun.elapsed().as_secs_f64());
    let added = up.max(down) - before;
    promise("memory that a large object adds", added, "MB", added < UPLOAD_MB_MAX, "under 64 MB")
}

fn stream_up(client: &Client, address: SocketAddr, bytes: u64) {
    let mut stream = open(client, address, "PUT", bytes);
    let piece = vec![0x5A; MIB];
    for _ in 0..bytes / MIB as u64 {
        stream.write_all(&piece).expect("sent");
    }
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).expect("an answer");
    let status = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
}

fn stream_down(client: &Client, address: SocketAddr, bytes: u64) {
    let mut stream = open(client, address, "GET", 0);
    let (mut piece, mut read) = (vec![0; MIB], 0);
    while read < bytes {
        match stream.read(&mut piece).expect("the object") {
            0 => panic!("{read} of {bytes} bytes came"),
            some => read += some as u64,
        }
    }
}

fn open(client: &Client, address: SocketAddr, method: &str, bytes: u64) -> TcpStream {
    let unsigned = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    let head = client.head("s3", method, "/bench/large", &unsigned, b"");
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "{head}Content-Length: {bytes}\r\n\r\n").expect("sent");
    stream
}
