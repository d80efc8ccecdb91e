//! The KDC's clock.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gss_core::Timestamp;

/// The clock of a KDC: the machine's, or one that stands still until it is moved.
///
/// Clones are the same clock.
///
/// ```
/// use core::time::Duration;
/// use gss_core::Timestamp;
/// use krb5_testkdc::Clock;
///
/// let clock = Clock::manual(Timestamp::from_seconds(1_700_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Timestamp::from_seconds(1_700_000_060));
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug)]
struct State {
    /// Where the clock stands; `None`: it is the machine's.
    stands_at: Option<Timestamp>,
    /// How far it is ahead of that, in microseconds.
    ahead: i64,
}

const MICROS_PER_SECOND: i64 = 1_000_000;

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(None)
    }

    /// A clock that stands at this time.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self::new(Some(now))
    }

    fn new(stands_at: Option<Timestamp>) -> Self {
        Self(Arc::new(Mutex::new(State { stands_at, ahead: 0 })))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let state = *self.lock();
        let base = state.stands_at.unwrap_or_else(Timestamp::now);
        let micros = i64::from(base.micros()).saturating_add(state.ahead);
        let within = u32::try_from(micros.rem_euclid(MICROS_PER_SECOND)).unwrap_or(0);
        let seconds = base.seconds().saturating_add(micros.div_euclid(MICROS_PER_SECOND));
        Timestamp::new(seconds, within).unwrap_or(base)
    }

    /// Stops it at this time.
    pub fn set(&self, now: Timestamp) {
        *self.lock() = State { stands_at: Some(now), ahead: 0 };
    }

    /// Moves it forward, the machine's clock too as far as this KDC is concerned.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.ahead = state.ahead.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX));
    }

    /// Moves it back.
    pub fn turn_back(&self, by: Duration) {
        let mut state = self.lock();
        state.ahead = state.ahead.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every state is a whole one, so a panic elsewhere has left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told() {
        let clock = Clock::manual(Timestamp::new(100, 900_000).unwrap());
        let same = clock.clone();
        clock.advance(Duration::from_millis(200));
        assert_eq!(same.now(), Timestamp::new(101, 100_000).unwrap());
        same.turn_back(Duration::from_millis(300));
        assert_eq!(clock.now(), Timestamp::new(100, 800_000).unwrap());
        clock.set(Timestamp::from_seconds(7));
        assert_eq!(same.now(), Timestamp::from_seconds(7));
    }

    #[test]
    fn the_machines_clock_can_be_ahead() {
        let clock = Clock::system();
        let before = Timestamp::now();
        clock.advance(Duration::from_secs(3600));
        assert!((3600..3660).contains(&clock.now().seconds_since(before)));
    }
}
