//! Replay cache: each authenticator is accepted once (RFC 4120 section 3.2.3).
//!
//! An acceptor asks a [`ReplayCache`] before it accepts, and cannot go on without the [`NotReplayed`] that comes
//! out. [`MemoryReplayCache`] serves one process; share one between all acceptors of a service, for a cache of
//! its own in each connection would detect nothing. Several processes or machines that share a key need a cache
//! that all of them ask: implement the trait on top of it.
//!
//! What is remembered is a digest that identifies the authenticator's ciphertext. Nothing that travels in clear
//! may have a part in it (service name, key version, options), for an attacker could change that and present the
//! same authenticator as a new one.

mod fixed;
#[cfg(feature = "std")]
mod memory;

use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};

pub use fixed::FixedReplayCache;
#[cfg(feature = "std")]
pub use memory::{MemoryReplayCache, Statistics};

/// Remembers authenticators for as long as they could be accepted.
///
/// What every implementation must hold to:
///
/// * Looking up and remembering are one step. Of any number of threads, processes or machines that present the
///   same entry at the same time, one is told [`NotReplayed`].
/// * An entry is remembered until [`keep_until`](ReplayEntry::keep_until) has passed, whatever happens. When there
///   is no room for another one, that is [`ReplayError::Full`]; to drop an entry before its time would let its
///   authenticator in again.
/// * When in doubt, for instance if a server behind the cache does not answer, the answer is an error.
pub trait ReplayCache {
    /// Remembers the entry, if it is not known yet. `now` is the time that the acceptor goes by.
    ///
    /// # Errors
    /// [`ReplayError::Replayed`] if it is known; all others if that cannot be told or the entry cannot be
    /// remembered. The authenticator must be refused in every case.
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError>;
}

impl<C: ReplayCache + ?Sized> ReplayCache for &C {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        (**self).check_and_insert(entry, now)
    }
}

#[cfg(feature = "alloc")]
impl<C: ReplayCache + ?Sized> ReplayCache for alloc::boxed::Box<C> {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        (**self).check_and_insert(entry, now)
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<C: ReplayCache + ?Sized> ReplayCache for alloc::sync::Arc<C> {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        (**self).check_and_insert(entry, now)
    }
}

/// An authenticator, as a replay cache knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayEntry {
    digest: [u8; Self::DIGEST_LEN],
    keep_until: Timestamp,
}

impl ReplayEntry {
    /// Bytes of the digest.
    pub const DIGEST_LEN: usize = 16;

    /// An entry for an authenticator that is acceptable as long as the acceptor's clock is within `skew` seconds
    /// of `client_time`, which is the authenticator's `ctime` and `cusec`.
    ///
    /// It has to be kept until `client_time + skew`. A client whose clock is ahead by all of `skew` gives an
    /// authenticator that is acceptable for twice as long. All acceptors that share a cache must go by the same
    /// `skew`.
    #[must_use]
    pub const fn new(digest: [u8; Self::DIGEST_LEN], client_time: Timestamp, skew: i64) -> Self {
        Self { digest, keep_until: client_time.saturating_add_seconds(skew) }
    }

    /// An entry with its own time.
    #[must_use]
    pub const fn with_keep_until(digest: [u8; Self::DIGEST_LEN], keep_until: Timestamp) -> Self {
        Self { digest, keep_until }
    }

    /// What identifies the authenticator.
    #[must_use]
    pub const fn digest(&self) -> &[u8; Self::DIGEST_LEN] {
        &self.digest
    }

    /// The last moment at which the authenticator could be accepted.
    #[must_use]
    pub const fn keep_until(&self) -> Timestamp {
        self.keep_until
    }
}

/// Proof that an authenticator was presented for the first time.
#[derive(Debug)]
#[must_use = "an acceptor that depends on the check should hold its proof"]
pub struct NotReplayed {
    _made_by_a_cache: (),
}

impl NotReplayed {
    /// States that a replay cache was asked and did not know the authenticator, and does now.
    ///
    /// This is for implementations of [`ReplayCache`]. Anywhere else it is a hole in the acceptor.
    pub const fn assertion() -> Self {
        Self { _made_by_a_cache: () }
    }
}

/// An authenticator has to be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// It was presented before.
    Replayed,
    /// It is of a time whose entries were forgotten already, so it may have been presented before. With a clock
    /// that only moves forward an acceptor refuses such an authenticator for its age; one that was set back
    /// would let it in again.
    Forgotten,
    /// There is no room for another entry that must be kept.
    Full {
        /// How many entries there is room for (in a sharded cache, in the shard that the entry belongs to).
        capacity: usize,
    },
    /// The cache could not be asked.
    Unavailable,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("authenticator was presented before"),
            Self::Forgotten => f.write_str(
                "authenticator is of a time that the replay cache has forgotten; was the clock set back?",
            ),
            Self::Full { capacity } => {
                write!(f, "replay cache is full: {capacity} entries that must be kept; give it more capacity")
            }
            Self::Unavailable => f.write_str("replay cache could not be asked"),
        }
    }
}

impl core::error::Error for ReplayError {}

impl Diagnose for ReplayError {
    fn blame(&self) -> Blame {
        match self {
            Self::Replayed => Blame::Peer,
            Self::Forgotten | Self::Full { .. } | Self::Unavailable => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Forgotten => "replay_forgotten",
            Self::Full { .. } => "replay_cache_full",
            Self::Unavailable => "replay_cache_unavailable",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Replayed => MajorStatus::DUPLICATE_TOKEN,
            Self::Forgotten => MajorStatus::OLD_TOKEN,
            Self::Full { .. } | Self::Unavailable => MajorStatus::UNAVAILABLE,
        }
    }

    fn minor(&self) -> Option<i32> {
        // RFC 4120 section 7.5.9: KRB_AP_ERR_REPEAT, KRB_AP_ERR_SKEW, KRB_ERR_GENERIC.
        Some(match self {
            Self::Replayed => 34,
            Self::Forgotten => 37,
            Self::Full { .. } | Self::Unavailable => 60,
        })
    }
}

/// What turns a protection off. The name at the place of use says so.
pub mod danger {
    use super::{NotReplayed, ReplayCache, ReplayEntry, ReplayError};
    use gss_core::Timestamp;

    /// Remembers nothing: **every replayed authenticator is accepted**.
    ///
    /// Whoever records an AP-REQ can present it again for as long as its time is acceptable. For measurements and
    /// recorded tokens, and for nothing else.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct NoReplayCache;

    impl ReplayCache for NoReplayCache {
        fn check_and_insert(&self, _: &ReplayEntry, _: Timestamp) -> Result<NotReplayed, ReplayError> {
            Ok(NotReplayed::assertion())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn accepts_once(cache: impl ReplayCache, number: u8) {
        let entry = ReplayEntry::new([number; 16], NOW, 300);
        assert!(cache.check_and_insert(&entry, NOW).is_ok());
        assert_eq!(cache.check_and_insert(&entry, NOW).unwrap_err(), ReplayError::Replayed);
    }

    #[test]
    fn shared_caches_are_one_cache() {
        let cache = FixedReplayCache::<8>::new();
        accepts_once(&cache, 1);
        accepts_once(&cache as &dyn ReplayCache, 2);
        let seen = ReplayEntry::new([1; 16], NOW, 300);
        assert!(cache.check_and_insert(&seen, NOW).is_err());
    }

    #[cfg(feature = "std")]
    #[test]
    fn counted_and_boxed_caches_are_caches() {
        use alloc::boxed::Box;
        use alloc::sync::Arc;
        let cache = Arc::new(MemoryReplayCache::new());
        accepts_once(cache.clone(), 1);
        accepts_once(cache.clone() as Arc<dyn ReplayCache + Send + Sync>, 2);
        accepts_once(Box::new(cache.clone()) as Box<dyn ReplayCache>, 3);
        let seen = ReplayEntry::new([1; 16], NOW, 300);
        assert_eq!(cache.check_and_insert(&seen, NOW).unwrap_err(), ReplayError::Replayed);
        assert_eq!(cache.statistics().entries, 3);
    }

    #[test]
    fn without_a_cache_everything_passes() {
        let entry = ReplayEntry::new([1; 16], NOW, 300);
        for _ in 0..2 {
            assert!(danger::NoReplayCache.check_and_insert(&entry, NOW).is_ok());
        }
    }

    #[test]
    fn each_error_explains_itself() {
        let errors = [
            (ReplayError::Replayed, Blame::Peer, "replayed", "GSS_S_DUPLICATE_TOKEN", 34),
            (ReplayError::Forgotten, Blame::Environment, "replay_forgotten", "GSS_S_OLD_TOKEN", 37),
            (
                ReplayError::Full { capacity: 5 },
                Blame::Environment,
                "replay_cache_full",
                "GSS_S_UNAVAILABLE",
                60,
            ),
            (
                ReplayError::Unavailable,
                Blame::Environment,
                "replay_cache_unavailable",
                "GSS_S_UNAVAILABLE",
                60,
            ),
        ];
        for (error, blame, code, major, minor) in errors {
            assert_eq!((error.blame(), error.code(), error.major().name()), (blame, code, major));
            assert_eq!(error.minor(), Some(minor));
        }
    }
}
