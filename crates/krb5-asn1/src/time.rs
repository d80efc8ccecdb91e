//! KerberosTime (RFC 4120 section 5.2.3).

use core::fmt;

use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, Writer};

use crate::{DecodeError, DecodeErrorKind};

const TEXT_LEN: usize = 15;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, as POSIX counts them.
///
/// On the wire a GeneralizedTime of exactly `YYYYMMDDhhmmssZ`: no fraction, no offset, UTC. A leap second
/// (`ss` = 60) is refused, since POSIX time cannot name it and so it would not come back as it was read;
/// no known KDC sends one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KerberosTime(i64);

impl KerberosTime {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);
    /// The first second that can be written, 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200);
    /// The last second that can be written, 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time this many seconds after 1970 in UTC; `None` outside the years 0000 to 9999.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Option<Self> {
        if seconds < Self::MIN.0 || seconds > Self::MAX.0 { None } else { Some(Self(seconds)) }
    }

    /// Seconds since 1970 in UTC.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Reads `YYYYMMDDhhmmssZ`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT_LEN] = text.try_into().ok()?;
        let (digits, zone) = text.split_at_checked(14)?;
        if zone != b"Z" {
            return None;
        }
        let (year, rest) = number(digits, 4)?;
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, _) = number(rest, 2)?;
        if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let civil = Civil { year, month, day };
        let days = civil.days_since_epoch();
        // A day that the month does not have would come out as a day of the next month.
        if Civil::from_days(days) != civil {
            return None;
        }
        let seconds =
            hour.saturating_mul(3600).saturating_add(minute.saturating_mul(60)).saturating_add(second);
        Self::from_unix(days.saturating_mul(86_400).saturating_add(seconds))
    }

    /// `YYYYMMDDhhmmssZ`, the wire form.
    #[must_use]
    pub fn to_text(self) -> [u8; TEXT_LEN] {
        let (date, hour, minute, second) = self.parts();
        let mut text = [b'Z'; TEXT_LEN];
        let fields = [(date.year, 4), (date.month, 2), (date.day, 2), (hour, 2), (minute, 2), (second, 2)];
        let mut rest = text.as_mut_slice();
        for (value, width) in fields {
            let Some((field, tail)) = rest.split_at_mut_checked(width) else { break };
            let mut value = value;
            for digit in field.iter_mut().rev() {
                *digit = b"0123456789".get(usize::try_from(value % 10).unwrap_or(0)).copied().unwrap_or(b'0');
                value /= 10;
            }
            rest = tail;
        }
        text
    }

    fn parts(self) -> (Civil, i64, i64, i64) {
        let seconds = self.0.rem_euclid(86_400);
        (Civil::from_days(self.0.div_euclid(86_400)), seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl fmt::Display for KerberosTime {
    /// RFC 3339, `1994-06-10T06:03:17Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, hour, minute, second) = self.parts();
        let Civil { year, month, day } = date;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Debug for KerberosTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KerberosTime({self})")
    }
}

impl<'a> DecodeValue<'a> for KerberosTime {
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        let position = reader.position();
        let text = reader.read_slice(header.length())?;
        Self::parse(text).ok_or(DecodeError::new(DecodeErrorKind::Time, position))
    }
}

impl EncodeValue for KerberosTime {
    fn value_len(&self) -> der::Result<Length> {
        Length::try_from(TEXT_LEN)
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(&self.to_text())
    }
}

impl FixedTag for KerberosTime {
    const TAG: Tag = Tag::GeneralizedTime;
}

/// A date of the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
}

/// Days in 400 Gregorian years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from 0000-03-01, where the computation starts, to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

// The year is counted from March, so that the leap day comes last and month lengths follow 153 days per
// five months. The inputs are bounded by the four-digit year, so the saturating operations never saturate.
impl Civil {
    fn days_since_epoch(self) -> i64 {
        let from_march = self.month.saturating_add(9) % 12;
        let year = self.year.saturating_sub(i64::from(self.month <= 2));
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year =
            (from_march.saturating_mul(153).saturating_add(2) / 5).saturating_add(self.day).saturating_sub(1);
        let day_of_era = year_of_era
            .saturating_mul(365)
            .saturating_add(year_of_era / 4)
            .saturating_sub(year_of_era / 100)
            .saturating_add(day_of_year);
        era.saturating_mul(ERA_DAYS).saturating_add(day_of_era).saturating_sub(EPOCH_DAYS)
    }

    fn from_days(days: i64) -> Self {
        let days = days.saturating_add(EPOCH_DAYS);
        let era = days.div_euclid(ERA_DAYS);
        let day_of_era = days.rem_euclid(ERA_DAYS);
        // Take the leap days out, so that a plain division by 365 gives the year.
        let year_of_era = day_of_era
            .saturating_sub(day_of_era / 1460)
            .saturating_add(day_of_era / 36_524)
            .saturating_sub(day_of_era / 146_096)
            / 365;
        let day_of_year = day_of_era
            .saturating_sub(year_of_era.saturating_mul(365))
            .saturating_sub(year_of_era / 4)
            .saturating_add(year_of_era / 100);
        let from_march = day_of_year.saturating_mul(5).saturating_add(2) / 153;
        let day = day_of_year
            .saturating_sub(from_march.saturating_mul(153).saturating_add(2) / 5)
            .saturating_add(1);
        let month = (from_march.saturating_add(2) % 12).saturating_add(1);
        let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(i64::from(month <= 2));
        Self { year, month, day }
    }
}

/// Splits `width` decimal digits off the front.
fn number(text: &[u8], width: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(width)?;
    let value = digits.iter().try_fold(0i64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        Some(value.saturating_mul(10).saturating_add(i64::from(digit)))
    })?;
    Some((value, rest))
}
