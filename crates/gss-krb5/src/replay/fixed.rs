//! A replay cache without a heap.

use super::{NotReplayed, ReplayCache, ReplayEntry, ReplayError};
use core::cell::Cell;
use gss_core::Timestamp;

/// A replay cache of `N` entries in an array, for one thread and without a heap.
///
/// Each question looks at all entries, so it is meant for devices that accept a few contexts a minute.
/// An entry takes 40 bytes or less.
#[derive(Debug)]
pub struct FixedReplayCache<const N: usize> {
    entries: [Cell<Option<ReplayEntry>>; N],
    /// The latest time among the entries that were dropped.
    forgotten_until: Cell<Option<Timestamp>>,
}

impl<const N: usize> FixedReplayCache<N> {
    /// An empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [const { Cell::new(None) }; N], forgotten_until: Cell::new(None) }
    }
}

impl<const N: usize> Default for FixedReplayCache<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ReplayCache for FixedReplayCache<N> {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        let mut free = None;
        for place in &self.entries {
            match place.get() {
                Some(known) if known.digest == entry.digest => return Err(ReplayError::Replayed),
                Some(known) if known.keep_until >= now => {}
                _ => free = Some(place),
            }
        }
        if self.forgotten_until.get().is_some_and(|forgotten| entry.keep_until <= forgotten) {
            return Err(ReplayError::Forgotten);
        }
        let place = free.ok_or(ReplayError::Full { capacity: N })?;
        if let Some(dropped) = place.replace(Some(*entry)) {
            let latest = self.forgotten_until.get().map_or(dropped.keep_until, |t| t.max(dropped.keep_until));
            self.forgotten_until.set(Some(latest));
        }
        Ok(NotReplayed::assertion())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKEW: i64 = 300;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn entry(number: u8, client_time: i64) -> ReplayEntry {
        ReplayEntry::new([number; 16], at(client_time), SKEW)
    }

    fn present(cache: &impl ReplayCache, entry: &ReplayEntry, now: i64) -> Result<(), ReplayError> {
        cache.check_and_insert(entry, at(now)).map(drop)
    }

    #[test]
    fn one_is_accepted_and_kept_for_its_time() {
        let cache = FixedReplayCache::<2>::new();
        // The client's clock is ahead by all that is allowed.
        let early = entry(1, 1000 + SKEW);
        assert_eq!(present(&cache, &early, 1000), Ok(()));
        for now in [1000, 1000 + SKEW, 1000 + SKEW + 1, 1000 + 2 * SKEW, 1000 + 2 * SKEW + 1] {
            assert_eq!(present(&cache, &early, now), Err(ReplayError::Replayed));
        }
    }

    #[test]
    fn a_full_cache_refuses_until_an_entry_expires() {
        let cache = FixedReplayCache::<2>::new();
        assert_eq!(present(&cache, &entry(1, 1000), 1000), Ok(()));
        assert_eq!(present(&cache, &entry(2, 1001), 1001), Ok(()));
        assert_eq!(present(&cache, &entry(3, 1002), 1002), Err(ReplayError::Full { capacity: 2 }));
        assert_eq!(present(&cache, &entry(3, 1300), 1300), Err(ReplayError::Full { capacity: 2 }));
        assert_eq!(present(&cache, &entry(3, 1301), 1301), Ok(()));
        assert_eq!(present(&cache, &entry(2, 1001), 1301), Err(ReplayError::Replayed));
    }

    #[test]
    fn a_clock_set_back_lets_nothing_in_again() {
        let cache = FixedReplayCache::<1>::new();
        assert_eq!(present(&cache, &entry(1, 1000), 1000), Ok(()));
        assert_eq!(present(&cache, &entry(2, 2000), 2000), Ok(()));
        assert_eq!(present(&cache, &entry(1, 1000), 1000), Err(ReplayError::Forgotten));
        assert_eq!(present(&cache, &entry(2, 2000), 1000), Err(ReplayError::Replayed));
    }

    #[test]
    fn a_cache_without_room_accepts_nothing() {
        let cache = FixedReplayCache::<0>::default();
        assert_eq!(present(&cache, &entry(1, 1000), 1000), Err(ReplayError::Full { capacity: 0 }));
    }
}
