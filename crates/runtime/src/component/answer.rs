//! The bodies that pass between a caller and a guest, counted; and the tie between an answer's body and its guest.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use services::run::{Body, BodyError, RequestId};
use wasmtime_wasi_http::WasiBody;

use super::ledger::Ledger;
use super::run::Task;

/// A request's body on its way in.
pub(super) struct Counted {
    body: Body,
    ledger: Arc<Ledger>,
}

impl Counted {
    pub fn new(body: Body, ledger: Arc<Ledger>) -> Counted {
        Counted { body, ledger }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            self.ledger.took_in(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a guest's answer.
///
/// Dropping it early ends the guest. Dropping it once all is delivered lets the guest finish what it does after its
/// answer, until its deadline.
pub(super) struct GuestBody {
    body: WasiBody,
    ledger: Arc<Ledger>,
    request_id: RequestId,
    guest: Option<Task>,
    /// Bytes that the response's `content-length` still promises.
    promised: Option<u64>,
    delivered: bool,
}

impl GuestBody {
    /// Ties the body of `response` to its guest; `None` for a guest that has ended.
    pub fn tie(
        response: Response<WasiBody>,
        ledger: Arc<Ledger>,
        request_id: RequestId,
        guest: Option<Task>,
    ) -> Response<Body> {
        let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let ended = guest.is_none();
        response.map(|body| {
            let body = GuestBody { body, ledger, request_id, guest, promised: length, delivered: false };
            if ended { body.settle() } else { body.boxed_unsync() }
        })
    }

    /// Takes over what a guest that has ended left behind, so that the body's length is known. A guest writes at most
    /// two chunks ahead, so it is little.
    fn settle(mut self) -> Body {
        let mut data = Bytes::new();
        let mut trailers = None;
        while let Some(frame) = self.frame().now_or_never().flatten() {
            match frame.map(Frame::into_data) {
                Ok(Ok(chunk)) if data.is_empty() => data = chunk,
                Ok(Ok(chunk)) => data = [data, chunk].concat().into(),
                Ok(Err(other)) => trailers = other.into_trailers().ok().or(trailers),
                Err(error) => return broken(data, error),
            }
        }
        match trailers {
            None => Full::new(data).map_err(|never| match never {}).boxed_unsync(),
            Some(trailers) => {
                let trailers = std::future::ready(Some(Ok(trailers)));
                Full::new(data).with_trailers(trailers).map_err(|never| match never {}).boxed_unsync()
            }
        }
    }

    /// A guest that dies closes its body as if it were finished; the ledger knows better.
    fn broken_off(&self) -> Option<BodyError> {
        self.ledger.crash().map(|crash| crash.message(&self.request_id).into())
    }
}

impl HttpBody for GuestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.delivered {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.ledger.gave_out(bytes);
                self.promised = self.promised.map(|promised| promised.saturating_sub(bytes));
                self.delivered = frame.is_trailers() || self.promised == Some(0);
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(self.broken_off().unwrap_or_else(|| Box::new(error))))),
            None => match self.broken_off() {
                Some(error) => Poll::Ready(Some(Err(error))),
                None => {
                    self.delivered = true;
                    Poll::Ready(None)
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.delivered || self.ledger.crash().is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Data that a guest wrote before it died.
fn broken(data: Bytes, error: BodyError) -> Body {
    let frames = [Ok(Frame::data(data)), Err(error)];
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        if let Some(guest) = self.guest.take()
            && self.is_end_stream()
        {
            guest.detach();
        }
    }
}
