//! One connection with HTTP on it.

use crate::turn::Standing;
use crate::{Body, BoxError};
use alloc::sync::Arc;
use bytes::Bytes;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use gss_http::Version;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// The least that hyper buffers of a response's head.
const MIN_HEAD: usize = 8 * 1024;
/// How often an HTTP/2 connection with requests on it is asked whether it is there.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// How long the answer may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a server or to a proxy that forwards, and what is known of its logins.
pub(crate) struct Connection {
    sender: Sender,
    pub(crate) origin: Standing,
    /// What is known of a proxy that forwards requests; `None` where the origin is at the other end.
    pub(crate) proxy: Option<Standing>,
    /// Whether it had requests before.
    pub(crate) reused: bool,
    pub(crate) idle_since: Instant,
    /// Whether the request that was sent last is out, or given up.
    sent: Arc<AtomicBool>,
}

enum Sender {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

/// A request that failed.
pub(crate) struct SendFailure {
    pub(crate) error: hyper::Error,
    /// The body of the request, if nothing of it was sent.
    pub(crate) unsent: Option<Body>,
}

impl SendFailure {
    /// Whether the server wants HTTP/1.1 for this (RFC 9113 section 7).
    pub(crate) fn needs_http11(&self) -> bool {
        self.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED)
    }

    /// Whether the server said that it did nothing (RFC 9113 section 8.7).
    pub(crate) fn is_refused_stream(&self) -> bool {
        self.reason() == Some(h2::Reason::REFUSED_STREAM)
    }

    fn reason(&self) -> Option<h2::Reason> {
        let mut source = core::error::Error::source(&self.error);
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                return error.reason();
            }
            source = error.source();
        }
        None
    }
}

/// Speaks HTTP/1.1 on a stream. `upgradeable` is for tunnels.
pub(crate) async fn http1(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    max_head: usize,
    upgradeable: bool,
) -> Result<http1::SendRequest<Outgoing>, hyper::Error> {
    let (sender, connection) = http1::Builder::new()
        .max_header_size(max_head)
        .max_buf_size(max_head.max(MIN_HEAD))
        .handshake(TokioIo::new(io))
        .await?;
    // What a connection ends with, the request that is on it hears.
    if upgradeable {
        tokio::spawn(connection.with_upgrades());
    } else {
        tokio::spawn(connection);
    }
    Ok(sender)
}

impl Connection {
    pub(crate) async fn over_http1(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        max_head: usize,
        origin: Standing,
        proxy: Option<Standing>,
    ) -> Result<Self, hyper::Error> {
        let sender = Sender::Http1(http1(io, max_head, false).await?);
        Ok(Self::new(sender, origin, proxy))
    }

    pub(crate) async fn over_http2(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        max_head: usize,
        origin: Standing,
    ) -> Result<Self, hyper::Error> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            // All requests of an identity share the connection: one that went away in silence must not take them along.
            .keep_alive_interval(Some(KEEP_ALIVE_INTERVAL))
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX))
            .handshake(TokioIo::new(io))
            .await?;
        tokio::spawn(connection);
        Ok(Self::new(Sender::Http2(sender), origin, None))
    }

    fn new(sender: Sender, origin: Standing, proxy: Option<Standing>) -> Self {
        let (idle_since, sent) = (Instant::now(), Arc::default());
        Self { sender, origin, proxy, reused: false, idle_since, sent }
    }

    pub(crate) fn version(&self) -> Version {
        match self.sender {
            Sender::Http1(_) => Version::Http1,
            Sender::Http2(_) => Version::Http2,
        }
    }

    /// The same connection for one more request, if it carries several at once.
    pub(crate) fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else { return None };
        let sender = Sender::Http2(sender.clone());
        let (origin, idle_since) = (self.origin.clone(), Instant::now());
        Some(Self { sender, origin, proxy: None, reused: true, idle_since, sent: Arc::default() })
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Whether the request that was sent last is out, so that nothing of it is in the next one's way.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// Waits until the next request can be sent; `false` if none ever can.
    pub(crate) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, SendFailure> {
        self.sent = Arc::default();
        let request = request.map(|body| Outgoing { body, sent: Arc::clone(&self.sent) });
        let failed = |mut failure: TrySendError<Request<Outgoing>>| {
            let unsent = failure.take_message().map(|request| request.into_body().take());
            SendFailure { error: failure.into_error(), unsent }
        };
        match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(request).await.map_err(failed),
            Sender::Http2(sender) => sender.try_send_request(request).await.map_err(failed),
        }
    }
}

/// A body on its way out, which says when it is done.
pub(crate) struct Outgoing {
    body: Body,
    sent: Arc<AtomicBool>,
}

impl Outgoing {
    pub(crate) fn new(body: Body) -> Self {
        Self { body, sent: Arc::default() }
    }

    fn take(mut self) -> Body {
        core::mem::take(&mut self.body)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.sent.store(true, Ordering::Release);
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
