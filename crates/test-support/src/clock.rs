//! Virtual time.

use core::cell::Cell;

/// A clock that moves only when a test says so: whole seconds and microseconds since 1970 in UTC.
///
/// It is shared by reference, so both peers of a handshake can read the same clock; give each its own clock to
/// test skew.
#[derive(Debug)]
pub struct TestClock {
    micros: Cell<i64>,
}

const MICROS_A_SECOND: i64 = 1_000_000;

impl TestClock {
    /// A clock that stands at `seconds` after 1970-01-01T00:00:00Z.
    pub fn at(seconds: i64) -> Self {
        Self { micros: Cell::new(seconds * MICROS_A_SECOND) }
    }

    /// Whole seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.micros.get().div_euclid(MICROS_A_SECOND)
    }

    /// The microseconds past [`TestClock::seconds`], 0 to 999,999.
    pub fn subsec_micros(&self) -> u32 {
        u32::try_from(self.micros.get().rem_euclid(MICROS_A_SECOND)).expect("below a million")
    }

    /// Moves the clock forward (or back, with a negative number) by whole seconds.
    pub fn advance(&self, seconds: i64) {
        self.advance_micros(seconds * MICROS_A_SECOND);
    }

    /// Moves the clock forward (or back, with a negative number) by microseconds.
    pub fn advance_micros(&self, micros: i64) {
        self.micros.set(self.micros.get() + micros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told() {
        let clock = TestClock::at(1_700_000_000);
        assert_eq!((clock.seconds(), clock.subsec_micros()), (1_700_000_000, 0));
        clock.advance(300);
        clock.advance_micros(1_500_000);
        assert_eq!((clock.seconds(), clock.subsec_micros()), (1_700_000_301, 500_000));
        clock.advance(-301);
        assert_eq!((clock.seconds(), clock.subsec_micros()), (1_700_000_000, 500_000));
    }

    #[test]
    fn times_before_1970_keep_positive_microseconds() {
        let clock = TestClock::at(0);
        clock.advance_micros(-1);
        assert_eq!((clock.seconds(), clock.subsec_micros()), (-1, 999_999));
    }
}
