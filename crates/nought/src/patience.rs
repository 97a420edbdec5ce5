//! What bounds a slow or silent client: no single wait for its bytes, or for it to take ours, is longer than given.
//!
//! [`Patient`] wraps the body that a client sends, [`Steady`] the connection that it reads from, and [`Streams`] runs the
//! streams of HTTP/2 connections, whose clients can hold up one answer ([`Handed`]) and take the others.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::Executor;
use services::run::BodyError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A timer that exists only while something is waited for.
struct Wait {
    limit: Duration,
    running: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    fn new(limit: Duration) -> Wait {
        Wait { limit, running: None }
    }

    fn over(&mut self) {
        self.running = None;
    }

    /// Ready once the present wait has lasted too long.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        self.running.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context)
    }
}

/// Whether a client's body arrived whole. Shared with whoever answers, because a broken body is the client's fault.
#[derive(Debug, Clone, Default)]
pub struct Broken(Arc<AtomicBool>);

impl Broken {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the client sent nothing of its body for {} s", .0.as_secs())]
struct Silent(Duration);

/// A request body whose every frame arrives in time, or that fails.
pub struct Patient {
    inner: Incoming,
    wait: Wait,
    broken: Broken,
}

impl Patient {
    pub fn new(inner: Incoming, limit: Duration) -> (Patient, Broken) {
        let broken = Broken::default();
        (Patient { inner, wait: Wait::new(limit), broken: broken.clone() }, broken)
    }

    fn fail(&self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.broken.0.store(true, Ordering::Release);
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                self.wait.over();
                match frame {
                    Some(Err(error)) => self.fail(error.into()),
                    other => Poll::Ready(other.map(|frame| frame.map_err(BodyError::from))),
                }
            }
            Poll::Pending => {
                ready!(self.wait.poll(context));
                self.fail(Silent(self.wait.limit).into())
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection whose every write is taken in time, or that fails.
pub struct Steady<S> {
    inner: S,
    wait: Wait,
}

impl<S> Steady<S> {
    pub fn new(inner: S, limit: Duration) -> Steady<S> {
        Steady { inner, wait: Wait::new(limit) }
    }

    fn bound<T>(&mut self, context: &mut Context<'_>, step: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match step {
            Poll::Ready(done) => {
                self.wait.over();
                Poll::Ready(done)
            }
            Poll::Pending => self.wait.poll(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Steady<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Steady<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.bound(context, step)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.bound(context, step)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_flush(context);
        self.bound(context, step)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_shutdown(context);
        self.bound(context, step)
    }
}

tokio::task_local! {
    /// Of the HTTP/2 stream that is being served.
    static DELIVERY: Arc<Delivery>;
}

/// How far an answer has come: even while its client waits for it, odd while it waits for its client. Every step counts.
#[derive(Debug, Default)]
struct Delivery(AtomicU64);

impl Delivery {
    fn waits_for_client(&self) {
        // One task alone writes here: the stream's.
        let steps = self.0.load(Ordering::Relaxed);
        self.0.store(steps + 1 + steps % 2, Ordering::Relaxed);
    }

    fn waits_for_source(&self) {
        let steps = self.0.load(Ordering::Relaxed);
        self.0.store(steps + steps % 2, Ordering::Relaxed);
    }
}

/// The body of an answer on an HTTP/2 stream: tells whether it or its client is waited for.
struct Handed<B> {
    inner: B,
    delivery: Arc<Delivery>,
}

/// Has the client's taking of the body bounded, where nothing else does. HTTP/1 has a connection to itself: [`Steady`].
pub fn handed(body: services::run::Body) -> services::run::Body {
    match DELIVERY.try_with(Arc::clone) {
        Ok(delivery) if !body.is_end_stream() => {
            delivery.waits_for_client();
            Handed { inner: body, delivery }.boxed_unsync()
        }
        Ok(_) | Err(_) => body,
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Body for Handed<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        match frame.is_ready() {
            true => self.delivery.waits_for_client(),
            false => self.delivery.waits_for_source(),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Runs HTTP/2 streams; one whose client takes nothing of its answer for `limit` is dropped, which resets it.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    pub limit: Duration,
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let delivery = Arc::new(Delivery::default());
        let (mut stream, mut wait, mut seen) = (Box::pin(stream), Wait::new(self.limit), 0);
        let watched = delivery.clone();
        let bounded = std::future::poll_fn(move |context| {
            if stream.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let now = watched.0.load(Ordering::Relaxed);
            if std::mem::replace(&mut seen, now) != now {
                wait.over();
            }
            match now % 2 {
                0 => Poll::Pending,
                _ => wait.poll(context),
            }
        });
        tokio::spawn(DELIVERY.scope(delivery, bounded));
    }
}

/// Copies bytes both ways until either side ends or neither has sent anything for `idle`.
pub async fn pump<A, B>(mut near: A, mut far: B, idle: Duration) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// Bytes in flight one way.
    const CHUNK: usize = 16 * 1024;
    let (mut from_near, mut from_far) = (vec![0; CHUNK], vec![0; CHUNK]);
    let (mut near_open, mut far_open) = (true, true);
    let mut deadline = Instant::now() + idle;
    while near_open || far_open {
        tokio::select! {
            read = near.read(&mut from_near), if near_open => match read? {
                0 => { near_open = false; far.shutdown().await?; }
                count => tokio::time::timeout(idle, far.write_all(&from_near[..count])).await??,
            },
            read = far.read(&mut from_far), if far_open => match read? {
                0 => { far_open = false; near.shutdown().await?; }
                count => tokio::time::timeout(idle, near.write_all(&from_far[..count])).await??,
            },
            () = tokio::time::sleep_until(deadline) => return Err(io::ErrorKind::TimedOut.into()),
        }
        deadline = Instant::now() + idle;
    }
    Ok(())
}
