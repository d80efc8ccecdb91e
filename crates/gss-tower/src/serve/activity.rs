//! Whether anything happens on a connection.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Requests of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    requests: AtomicU64,
    running: AtomicUsize,
    /// When the last response ended, in milliseconds after `begun`.
    last: AtomicU64,
    enough: Notify,
}

/// A request that runs until its response was sent.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            requests: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            enough: Notify::new(),
        }
    }

    pub(super) fn begin(self: &Arc<Self>, max: Option<u64>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        if max.is_some_and(|max| before + 1 >= max) {
            self.enough.notify_one();
        }
        Running(Arc::clone(self))
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Ends when the connection had all its requests.
    pub(super) async fn enough(&self) {
        self.enough.notified().await;
    }

    /// Ends when nothing happened for so long: before the first request, and after one.
    pub(super) async fn idle(&self, first: Duration, next: Duration) {
        let mut end = self.begun + first;
        loop {
            tokio::time::sleep_until(end).await;
            let now = Instant::now();
            end = if self.is_running() {
                now + next
            } else if self.requests() == 0 {
                return;
            } else {
                self.begun + Duration::from_millis(self.last.load(Ordering::Relaxed)) + next
            };
            if end <= now {
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let since = self.0.begun.elapsed().as_millis();
        self.0.last.fetch_max(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(30);
    const NEXT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn connections_are_idle_before_the_first_request_and_after_each() {
        let activity = Arc::new(Activity::new());
        activity.idle(FIRST, NEXT).await;
        assert_eq!(activity.begun.elapsed().as_secs(), 30);

        let activity = Arc::new(Activity::new());
        let running = activity.begin(None);
        let request = async {
            tokio::time::sleep(Duration::from_secs(500)).await;
            drop(running);
        };
        tokio::join!(activity.idle(FIRST, NEXT), request);
        assert!((555..=560).contains(&activity.begun.elapsed().as_secs()), "{:?}", activity.begun.elapsed());
    }

    #[tokio::test]
    async fn the_last_request_says_so() {
        let activity = Arc::new(Activity::new());
        drop(activity.begin(Some(2)));
        assert!(tokio::time::timeout(Duration::ZERO, activity.enough()).await.is_err());
        let _second = activity.begin(Some(2));
        activity.enough().await;
        assert!(activity.is_running());
        assert_eq!(activity.requests(), 2);
    }
}
