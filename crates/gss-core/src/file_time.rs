//! Times as Windows counts them.

use core::fmt;

use crate::time::Timestamp;

/// A `FILETIME`: steps of 100 nanoseconds since 1601-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileTime(pub u64);

const STEPS_PER_SECOND: u64 = 10_000_000;
const STEPS_PER_MICRO: u64 = 10;
const SECONDS_1601_TO_1970: i64 = 11_644_473_600;

impl FileTime {
    /// What stands where nothing ever happened, such as the last change of a password that was never set.
    pub const ZERO: Self = Self(0);
    /// What stands where nothing will ever happen, such as the end of a session without one.
    pub const NEVER: Self = Self(0x7fff_ffff_ffff_ffff);

    /// The time this many seconds after 1970; times outside its range become the nearest one inside.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.saturating_add(SECONDS_1601_TO_1970);
        if seconds < 0 { Self(0) } else { Self(seconds.unsigned_abs().saturating_mul(STEPS_PER_SECOND)) }
    }

    /// The same time as a `FILETIME`; times outside its range become the nearest one inside.
    #[must_use]
    pub fn from_timestamp(time: Timestamp) -> Self {
        let whole = Self::from_unix(time.seconds());
        // Before 1601 there is nothing to add to.
        let within =
            if whole == Self::ZERO { 0 } else { u64::from(time.micros()).saturating_mul(STEPS_PER_MICRO) };
        Self(whole.0.saturating_add(within))
    }

    /// Whole seconds since 1970, rounded down as Kerberos has them.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        // A 64-bit count over 10^7 is far from the limits of `i64`.
        i64::try_from(self.0 / STEPS_PER_SECOND).unwrap_or(i64::MAX).saturating_sub(SECONDS_1601_TO_1970)
    }

    /// The time in seconds and microseconds, what is left over dropped. `None` for [`NEVER`](Self::NEVER) and
    /// beyond, for which Windows has no date.
    #[must_use]
    pub fn to_timestamp(self) -> Option<Timestamp> {
        if self >= Self::NEVER {
            return None;
        }
        let micros = (self.0 % STEPS_PER_SECOND) / STEPS_PER_MICRO;
        Timestamp::new(self.unix_seconds(), u32::try_from(micros).ok()?)
    }
}

/// The date, `never`, or the bare number beyond that.
impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_timestamp() {
            Some(time) => time.fmt(f),
            None if *self == Self::NEVER => f.write_str("never"),
            None => write!(f, "{:#018x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_epochs_lie_369_years_apart() {
        assert_eq!(FileTime::ZERO.to_string(), "1601-01-01T00:00:00Z");
        assert_eq!(FileTime::from_unix(0), FileTime(0x019d_b1de_d53e_8000));
        // The authentication time of the example in MS-PAC section 3.2.
        assert_eq!(FileTime(0x01c6_6a65_0ed9_4900).to_string(), "2006-04-28T01:42:50Z");
        assert_eq!(FileTime(126_444_736_001_234_569).to_string(), "2001-09-09T01:46:40.123456Z");
        assert_eq!(FileTime(126_444_736_001_234_569).unix_seconds(), 1_000_000_000);
    }

    #[test]
    fn times_out_of_range_stop_at_its_ends() {
        assert_eq!(FileTime::from_unix(i64::MIN), FileTime::ZERO);
        assert_eq!(FileTime::from_unix(i64::MAX), FileTime(u64::MAX));
        assert_eq!(FileTime::NEVER.to_string(), "never");
        assert_eq!(FileTime(u64::MAX).to_string(), "0xffffffffffffffff");
        assert!(FileTime(FileTime::NEVER.0 - 1).to_timestamp().is_some());
    }
}
