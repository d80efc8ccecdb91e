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
