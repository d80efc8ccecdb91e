use core::fmt;
use gss_core::Timestamp;

/// A `FILETIME`: steps of 100 nanoseconds since 1601-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileTime(pub u64);

const STEPS_PER_SECOND: u64 = 10_000_000;
const STEPS_PER_MICRO: u64 = 10;
/// From 1601 to 1970.
const SECONDS_TO_1970: i64 = 11_644_473_600;

impl FileTime {
    /// The same time as a `FILETIME`; times outside its range become the nearest one inside.
    #[must_use]
    pub fn from_timestamp(time: Timestamp) -> Self {
        let Ok(seconds) = u64::try_from(time.seconds().saturating_add(SECONDS_TO_1970)) else {
            return Self(0);
        };
        let within = u64::from(time.micros()).saturating_mul(STEPS_PER_MICRO);
        Self(seconds.saturating_mul(STEPS_PER_SECOND).saturating_add(within))
    }

    /// The same time in seconds and microseconds since 1970, what is left over dropped; `None` from 2^63 on, since
    /// Windows takes the number as signed and has no date for those.
    #[must_use]
    pub fn to_timestamp(self) -> Option<Timestamp> {
        i64::try_from(self.0).ok()?;
        let seconds = i64::try_from(self.0.checked_div(STEPS_PER_SECOND)?).ok()?;
        let within = self.0.checked_rem(STEPS_PER_SECOND)?.checked_div(STEPS_PER_MICRO)?;
        Timestamp::new(seconds.checked_sub(SECONDS_TO_1970)?, u32::try_from(within).ok()?)
    }
}

/// The date, or the bare number where there is none.
impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_timestamp() {
            Some(time) => time.fmt(f),
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
        assert_eq!(FileTime(0).to_string(), "1601-01-01T00:00:00Z");
        assert_eq!(FileTime::from_timestamp(Timestamp::default()), FileTime(0x019d_b1de_d53e_8000));
        let time = Timestamp::new(1_000_000_000, 123_456).unwrap();
        assert_eq!(FileTime::from_timestamp(time), FileTime(126_444_736_001_234_560));
        assert_eq!(FileTime(126_444_736_001_234_569).to_timestamp(), Some(time));
    }

    #[test]
    fn times_out_of_range_stop_at_its_ends() {
        assert_eq!(FileTime::from_timestamp(Timestamp::from_seconds(i64::MIN)), FileTime(0));
        assert_eq!(FileTime::from_timestamp(Timestamp::from_seconds(i64::MAX)), FileTime(u64::MAX));
        assert_eq!(FileTime(1 << 63).to_timestamp(), None);
        assert_eq!(FileTime(1 << 63).to_string(), "0x8000000000000000");
        assert!(FileTime((1 << 63) - 1).to_timestamp().is_some());
    }
}
