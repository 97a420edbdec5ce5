//! A plain file server on hyper that does for each object what Nought's promises ask for: MD5 and CRC-64, ChaCha20-Poly1305
//! in chunks of 64 KiB, a sync of the file and of its folder. It has no names, no rows and no signatures.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use md5::{Digest, Md5};
use tokio::sync::mpsc;

const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const PIECES_WAITING: usize = 16;
const KEY: [u8; 32] = [7; 32];

type Body = BoxBody<Bytes, std::io::Error>;

/// Serves for ever; the first line on standard output says where.
pub fn serve(folder: &Path) {
    let folder: Arc<Path> = folder.into();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("listening on http://{}", listener.local_addr().expect("a bound socket"));
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let folder = folder.clone();
            tokio::spawn(async move {
                let answer = service_fn(|request| answer(folder.clone(), request));
                let builder = auto::Builder::new(TokioExecutor::new());
                // A client that goes away is no matter of ours.
                let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
}

async fn answer(folder: Arc<Path>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = folder.join(request.uri().path().trim_start_matches('/'));
    let body = match *request.method() {
        Method::PUT => {
            put(path, request.into_body()).await;
            Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
        }
        _ => get(path),
    };
    Ok(Response::new(body))
}

async fn put(path: PathBuf, mut body: Incoming) {
    let (send, pieces) = mpsc::channel(PIECES_WAITING);
    let written = tokio::task::spawn_blocking(move || write(&path, pieces));
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(piece) = frame.into_data() {
            send.send(piece).await.expect("the writer takes all");
        }
    }
    drop(send);
    written.await.expect("written");
}

fn write(path: &Path, mut pieces: mpsc::Receiver<Bytes>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let unfinished = path.with_extension(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
    let mut file = File::create(&unfinished).expect("a file");
    let (mut md5, mut crc) = (Md5::new(), crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme));
    let cipher = ChaCha20Poly1305::new(&KEY.into());
    let (mut chunk, mut number) = (Vec::with_capacity(CHUNK_BYTES + TAG_BYTES), 0);
    while let Some(piece) = pieces.blocking_recv() {
        md5.update(&piece);
        crc.update(&piece);
        let mut piece = &piece[..];
        while !piece.is_empty() {
            let fitting = piece.len().min(CHUNK_BYTES - chunk.len());
            chunk.extend_from_slice(&piece[..fitting]);
            piece = &piece[fitting..];
            if chunk.len() == CHUNK_BYTES {
                seal(&cipher, number, &mut chunk);
                file.write_all(&chunk).expect("written");
                chunk.clear();
                number += 1;
            }
        }
    }
    seal(&cipher, number, &mut chunk);
    file.write_all(&chunk).expect("written");
    std::hint::black_box((md5.finalize(), crc.finalize()));
    file.sync_data().expect("synced");
    fs::rename(&unfinished, path).expect("renamed");
    File::open(path.parent().expect("a file is in a folder")).and_then(|folder| folder.sync_all()).expect("synced");
}

fn get(path: PathBuf) -> Body {
    let (send, pieces) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        let (mut file, cipher) = (File::open(path).expect("a file that was put"), ChaCha20Poly1305::new(&KEY.into()));
        for number in 0.. {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
            (&mut file).take((CHUNK_BYTES + TAG_BYTES) as u64).read_to_end(&mut chunk).expect("read");
            if chunk.is_empty() {
                return;
            }
            open(&cipher, number, &mut chunk);
            if send.blocking_send(Ok(Frame::data(chunk.into()))).is_err() {
                return;
            }
        }
    });
    BodyExt::boxed(StreamBody::new(Pieces(pieces)))
}

struct Pieces(mpsc::Receiver<Result<Frame<Bytes>, std::io::Error>>);

impl futures_util::Stream for Pieces {
    type Item = Result<Frame<Bytes>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

fn seal(cipher: &ChaCha20Poly1305, number: u64, chunk: &mut Vec<u8>) {
    let tag = cipher.encrypt_in_place_detached(&nonce(number), &[], chunk).expect("a chunk is small");
    chunk.extend_from_slice(&tag);
}

fn open(cipher: &ChaCha20Poly1305, number: u64, chunk: &mut Vec<u8>) {
    let tag = chunk.split_off(chunk.len() - TAG_BYTES);
    let opened = cipher.decrypt_in_place_detached(&nonce(number), &[], chunk, Tag::from_slice(&tag));
    opened.expect("what was sealed here");
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}
