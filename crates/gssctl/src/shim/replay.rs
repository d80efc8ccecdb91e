//! Replay caches for scripted contexts.

use gss::Timestamp;
use gss::krb5::replay::{NotReplayed, ReplayCache, ReplayEntry, ReplayError};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Every authenticator that the session has seen. Nothing is forgotten, because `now` may jump both ways between
/// contexts.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashSet<[u8; ReplayEntry::DIGEST_LEN]>>);

impl Remembered {
    const CAPACITY: usize = 1 << 20;
}

impl ReplayCache for Remembered {
    fn check_and_insert(&self, entry: &ReplayEntry, _now: Timestamp) -> Result<NotReplayed, ReplayError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(entry.digest()) {
            return Err(ReplayError::Replayed);
        }
        if seen.len() >= Self::CAPACITY {
            return Err(ReplayError::Full { capacity: Self::CAPACITY });
        }
        seen.insert(*entry.digest());
        Ok(NotReplayed::assertion())
    }
}

/// For callers who asked for no replay cache, to feed the same recording again and again.
pub(super) struct NoReplayCache;

impl ReplayCache for NoReplayCache {
    fn check_and_insert(&self, _entry: &ReplayEntry, _now: Timestamp) -> Result<NotReplayed, ReplayError> {
        Ok(NotReplayed::assertion())
    }
}
