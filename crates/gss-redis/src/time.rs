//! Times as the scripts have them: milliseconds, and no more than a double counts one by one.

use core::time::Duration;
use gss_core::Timestamp;

const MOST: i64 = (1 << 53) - 1;

/// Milliseconds since 1970, begun ones left out.
pub(crate) fn millis(time: Timestamp) -> i64 {
    let millis = time.seconds().saturating_mul(1000).saturating_add(i64::from(time.micros() / 1000));
    // A tenth of what can be counted, for sums.
    millis.clamp(-MOST / 10, MOST / 10)
}

/// Milliseconds of a duration.
pub(crate) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(MOST).min(MOST / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_and_bounded() {
        assert_eq!(millis(Timestamp::new(1_700_000_000, 123_999).unwrap()), 1_700_000_000_123);
        assert_eq!(millis(Timestamp::new(-1, 1_000).unwrap()), -999);
        assert_eq!(millis(Timestamp::from_seconds(i64::MAX)), MOST / 10);
        assert_eq!(millis(Timestamp::from_seconds(i64::MIN)), -MOST / 10);
        assert_eq!((span(Duration::from_millis(1500)), span(Duration::MAX)), (1500, MOST / 10));
    }
}
