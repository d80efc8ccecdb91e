//! Bodies of responses, and what becomes of their connections.

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::pool::{Key, Pool};
use crate::{BoxError, Error};
use alloc::sync::Arc;
use bytes::Bytes;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep_until, timeout};

/// Longest body of a response that asks for credentials or redirects, in bytes. After a longer one the connection is
/// closed.
const MAX_DRAINED: usize = 64 * 1024;
/// How long such a body may take.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(5);

/// Reads a body that nobody wants, so that its connection can be used again. `false` if that is too much.
pub(crate) async fn drain(response: Response<Incoming>) -> bool {
    let body = Limited::new(response.into_body(), MAX_DRAINED);
    matches!(timeout(MAX_DRAIN_TIME, body.collect()).await, Ok(Ok(_)))
}

/// A body that gives its connection back when it was read to its end, and closes it otherwise.
pub(super) struct Answer {
    incoming: Incoming,
    lease: Option<Lease>,
    deadline: Option<(Pin<Box<Sleep>>, Duration)>,
}

/// A connection, and where it goes.
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) key: Key,
    pub(super) pool: Arc<Pool>,
}

impl Lease {
    pub(super) fn give_back(self) {
        // A request that is still on its way out, past its response, would be in the next one's way.
        if self.connection.is_sent() {
            self.pool.put(&self.key, self.connection);
        }
    }
}

impl Answer {
    pub(super) fn new(incoming: Incoming, lease: Lease, deadline: Deadline) -> Self {
        let deadline = deadline.end().map(|(end, limit)| (Box::pin(sleep_until(end)), limit));
        let mut answer = Self { incoming, lease: Some(lease), deadline };
        answer.give_back_at_end();
        answer
    }

    fn give_back_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        // First, or a server that is faster than the caller would have all the time it wants.
        let this = &mut *self;
        if this.lease.is_some()
            && let Some((sleep, limit)) = &mut this.deadline
            && sleep.as_mut().poll(cx).is_ready()
        {
            let limit = *limit;
            self.lease = None;
            return Poll::Ready(Some(Err(Error::TimedOut { what: "body of the response", limit }.into())));
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.give_back_at_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.lease = None;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.give_back();
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
