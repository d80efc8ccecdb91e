//! Hex, Base64, passwords and RFC 3339 in JSON strings.

use base64ct::Encoding;
use gss::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use zeroize::Zeroizing;

/// Bytes in hex. May hold keys.
#[derive(Default)]
pub(super) struct Hex(pub(super) Zeroizing<Vec<u8>>);

/// A password.
pub(super) struct Secret(pub(super) Zeroizing<String>);

/// Bytes in standard Base64, padded.
#[derive(Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

/// A time, in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        unhex(&text).map(Self).ok_or_else(|| {
            D::Error::custom(format_args!("text of {} characters is not hex of an even length", text.len()))
        })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new).map(Self)
    }
}

impl<'de> Deserialize<'de> for Base64 {
    /// `null` is an empty token.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        base64ct::Base64::decode_vec(&text).map(Self).map_err(|_| {
            D::Error::custom(format_args!("text of {} characters is not padded Base64", text.len()))
        })
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_rfc3339(&text).map(Self).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&text), &"a time of RFC 3339, like 2024-02-29T12:00:00Z")
        })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    base64ct::Base64::encode_string(bytes)
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text
        .chars()
        .map(|character| u8::try_from(character.to_digit(16)?).ok())
        .collect::<Option<Vec<u8>>>()
        .map(Zeroizing::new)?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(Zeroizing::new(pairs.map(|pair| pair[0] << 4 | pair[1]).collect()))
}

/// `YYYY-MM-DDThh:mm:ss`, maybe a fraction, `Z` or an offset (RFC 3339 section 5.6). A leap second counts as the
/// second after it.
pub(super) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=days_in_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
            let seconds = (hours <= 23 && minutes <= 59).then_some(hours * 3600 + minutes * 60)?;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let days = days_since_1970(year, month, day);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Timestamp::new(seconds, micros(fraction)?)
}

/// Numbers of fixed widths with a separator between them.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part =
            parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn micros(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    digits.parse().ok()
}

/// Counts in years that begin on 1 March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds, micros) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2023-11-14T22:13:20Z", 1_700_000_000, 0),
            ("2023-11-14T23:13:20.5+01:00", 1_700_000_000, 500_000),
            ("2023-11-14t21:43:20.1234567-00:30", 1_700_000_000, 123_456),
            ("2000-02-29T00:00:00Z", 951_782_400, 0),
            ("2016-12-31T23:59:60Z", 1_483_228_800, 0),
        ] {
            assert_eq!(parse_rfc3339(text), Timestamp::new(seconds, micros), "{text}");
            let back = parse_rfc3339(&Timestamp::from_seconds(seconds).to_string());
            assert_eq!(back, Some(Timestamp::from_seconds(seconds)));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-31T22:13:20Z",
            "2023-02-29T00:00:00Z",
            "2023-11-14T24:13:20Z",
            "2023-11-14T22:13:20.Z",
            "23-11-14T22:13:20Z",
            "2023-11-14T22:13Z",
            "2023-11-14T22:13:20+1:00",
            "2023-11-14T22:13:20Zx",
            "2023-1１-14T22:13:20Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn hex_needs_pairs_of_digits() {
        assert_eq!(unhex("00fF").as_deref().map(|bytes| &bytes[..]), Some(&[0, 0xff][..]));
        assert!(unhex("0").is_none() && unhex("0x").is_none() && unhex("é").is_none());
    }
}
