//! Whether anything happens still.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// When something happened last.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds after `begun`.
    last: AtomicU64,
    /// Somebody else is to blame for silence.
    held: AtomicBool,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), last: AtomicU64::new(0), held: AtomicBool::new(false) }
    }

    /// Something happens.
    pub(super) fn beat(&self) {
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(since, Ordering::Relaxed);
        self.held.store(false, Ordering::Relaxed);
    }

    /// Silence does not count until the next [`beat`](Self::beat).
    pub(super) fn hold(&self) {
        self.held.store(true, Ordering::Relaxed);
    }

    /// Ends when nothing happened for so long.
    pub(super) async fn silent_for(&self, patience: Duration) {
        loop {
            let last = self.last.load(Ordering::Relaxed);
            sleep_until(self.begun + Duration::from_millis(last) + patience).await;
            if self.held.load(Ordering::Relaxed) {
                sleep(patience).await;
            } else if self.last.load(Ordering::Relaxed) == last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_beat() {
        let pulse = Pulse::new();
        let beats = async {
            for _ in 0..5 {
                sleep(Duration::from_secs(9)).await;
                pulse.beat();
            }
        };
        tokio::join!(pulse.silent_for(PATIENCE), beats);
        assert_eq!(pulse.begun.elapsed().as_secs(), 55);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_does_not_count_while_it_is_held() {
        let pulse = Pulse::new();
        pulse.hold();
        let released = async {
            sleep(Duration::from_secs(95)).await;
            pulse.beat();
        };
        tokio::join!(pulse.silent_for(PATIENCE), released);
        assert_eq!(pulse.begun.elapsed().as_secs(), 105);
    }
}
