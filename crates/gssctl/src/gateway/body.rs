//! Bodies on their way through, with limits. Nothing is kept of them.

use super::pulse::Pulse;
use alloc::sync::Arc;
use bytes::Bytes;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use gss_tower::serve::BoxError;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::sync::OnceLock;
use tokio::time::{Sleep, sleep};

/// A response's body.
pub(super) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// A few words of our own.
pub(super) fn text(text: impl Into<Bytes>) -> ResponseBody {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Waits for a body's next frame, but not for ever.
struct Patient {
    body: Incoming,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

enum Waited {
    /// What there is.
    Frame(Option<Result<Frame<Bytes>, hyper::Error>>),
    /// Nothing came in time.
    TimedOut,
}

impl Patient {
    fn new(body: Incoming, patience: Duration) -> Self {
        Self { body, patience, waiting: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Waited> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waiting = None;
            return Poll::Ready(Waited::Frame(frame));
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        waiting.as_mut().poll(cx).map(|()| Waited::TimedOut)
    }
}

/// What happens to a request's body, for whoever waits for the response.
#[derive(Debug)]
pub(super) struct Passage {
    /// Beats with each part that the service takes; silence while the client has not sent more is not the service's.
    pub(super) pulse: Pulse,
    /// Why the body did not get through.
    pub(super) fault: OnceLock<UploadError>,
}

impl Passage {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { pulse: Pulse::new(), fault: OnceLock::new() })
    }
}

/// A request's body.
///
/// Trailer fields are left out (RFC 9110 section 6.5.1 allows that): there are services that take them for header fields,
/// which a client must not add to.
pub(super) struct Upload {
    body: Option<Patient>,
    /// Bytes that may come still.
    left: u64,
    passage: Arc<Passage>,
}

/// What is wrong with a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UploadError {
    TooLong,
    TooSlow,
    Broken,
}

impl Upload {
    pub(super) fn new(body: Incoming, limit: u64, patience: Duration, passage: Arc<Passage>) -> Self {
        Self { body: Some(Patient::new(body, patience)), left: limit, passage }
    }

    /// No body.
    pub(super) fn none(passage: Arc<Passage>) -> Self {
        Self { body: None, left: 0, passage }
    }

    fn fail(&self, fault: UploadError) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        self.passage.pulse.beat();
        let _ = self.passage.fault.set(fault);
        Poll::Ready(Some(Err(fault)))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            let polled = body.poll(cx);
            let Poll::Ready(waited) = polled else {
                self.passage.pulse.hold();
                return Poll::Pending;
            };
            self.passage.pulse.beat();
            match waited {
                Waited::TimedOut => return self.fail(UploadError::TooSlow),
                Waited::Frame(None) => return Poll::Ready(None),
                Waited::Frame(Some(Err(_))) => return self.fail(UploadError::Broken),
                Waited::Frame(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    match self.left.checked_sub(data.len() as u64) {
                        Some(left) => self.left = left,
                        None => return self.fail(UploadError::TooLong),
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), |body| body.body.size_hint())
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the request's body is longer than is passed on here",
            Self::TooSlow => "the request's body did not arrive in time",
            Self::Broken => "the request's body broke off",
        })
    }
}

impl core::error::Error for UploadError {}

/// A response's body.
pub(super) struct Download(Patient);

impl Download {
    pub(super) fn new(body: Incoming, patience: Duration) -> Self {
        Self(Patient::new(body, patience))
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match ready!(self.0.poll(cx)) {
            Waited::Frame(frame) => frame.map(|frame| frame.map_err(Into::into)),
            Waited::TimedOut => Some(Err("the service stopped in the middle of its response".into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body.size_hint()
    }
}
