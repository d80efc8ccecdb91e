use core::fmt;

/// A point in time: seconds and microseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted.
///
/// The core never reads a clock; callers bring the time along in [`Env`](crate::Env).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    seconds: i64,
    micros: u32,
}

impl Timestamp {
    /// Largest value of [`micros`](Self::micros).
    pub const MAX_MICROS: u32 = 999_999;

    /// A time of whole seconds since 1970.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, micros: 0 }
    }

    /// A time of seconds since 1970 and microseconds; `None` when `micros` exceeds [`MAX_MICROS`](Self::MAX_MICROS).
    #[must_use]
    pub const fn new(seconds: i64, micros: u32) -> Option<Self> {
        if micros > Self::MAX_MICROS { None } else { Some(Self { seconds, micros }) }
    }

    /// The time now, by the system's clock. Only for callers at the edge; the core takes time as an argument.
    #[cfg(feature = "std")]
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one convenience that lets callers fill `Env::now`")]
    pub fn now() -> Self {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Self {
                seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                micros: since.subsec_micros(),
            },
            // A clock before 1970 is wrong; the epoch makes every ticket "not yet valid" rather than accepted.
            Err(_) => Self::from_seconds(0),
        }
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Microseconds within the second, 0 to 999,999.
    #[must_use]
    pub const fn micros(self) -> u32 {
        self.micros
    }

    /// This time moved by whole seconds, forward or back, stopping at the ends of the range.
    #[must_use]
    pub const fn saturating_add_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), micros: self.micros }
    }

    /// Seconds from `other` to `self`, rounded toward minus infinity; negative when `other` is later.
    #[must_use]
    pub const fn seconds_since(self, other: Self) -> i64 {
        let whole = self.seconds.saturating_sub(other.seconds);
        if self.micros < other.micros { whole.saturating_sub(1) } else { whole }
    }
}

/// `1994-06-10T06:03:17.000000Z`, with as many digits for the year as it needs.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.seconds.div_euclid(86_400);
        let second = self.seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) =
            (second.div_euclid(3600), second.div_euclid(60).rem_euclid(60), second.rem_euclid(60));
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.micros != 0 {
            write!(f, ".{:06}", self.micros)?;
        }
        f.write_str("Z")
    }
}

/// The date that lies `days` after 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years
/// that begin on 1 March, so that the leap day comes last.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let leap_days =
        (day_of_era / 1460).saturating_sub(day_of_era / 36_524).saturating_add(day_of_era / 146_096);
    let year_of_era = day_of_era.saturating_sub(leap_days) / 365;
    let before_year =
        year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(before_year);
    let march_month = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let day =
        day_of_year.saturating_sub(march_month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if march_month < 10 { march_month.saturating_add(3) } else { march_month.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(i64::from(month <= 2));
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn prints_known_instants() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (771_228_197, "1994-06-10T06:03:17Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_seconds(seconds).to_string(), text);
        }
        assert_eq!(Timestamp::new(0, 42).unwrap().to_string(), "1970-01-01T00:00:00.000042Z");
    }

    #[test]
    fn refuses_more_than_a_second_of_microseconds() {
        assert!(Timestamp::new(0, 1_000_000).is_none());
        assert!(Timestamp::new(0, 999_999).is_some());
    }

    #[test]
    fn differences_round_down() {
        let early = Timestamp::new(10, 500_000).unwrap();
        let late = Timestamp::new(11, 0).unwrap();
        assert_eq!(late.seconds_since(early), 0);
        assert_eq!(early.seconds_since(late), -1);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let last = Timestamp::from_seconds(i64::MAX);
        assert_eq!(last.saturating_add_seconds(1), last);
        let _ = last.to_string();
        let _ = Timestamp::from_seconds(i64::MIN).to_string();
        assert_eq!(Timestamp::from_seconds(i64::MIN).seconds_since(last), i64::MIN);
    }
}
