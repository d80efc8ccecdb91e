//! When to give up.

use crate::Error;
use core::future::Future;
use core::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The end of a whole request, its response's body included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Option<(Instant, Duration)>,
}

impl Deadline {
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        let end = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        Self { end }
    }

    /// What comes of `future`, or that the time is up.
    pub(crate) async fn run<T>(self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match self.end {
            None => future.await,
            Some((end, limit)) => {
                timeout_at(end, future).await.unwrap_or(Err(Error::TimedOut { what: "request", limit }))
            }
        }
    }

    pub(crate) fn end(self) -> Option<(Instant, Duration)> {
        self.end
    }
}
