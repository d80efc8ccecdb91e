use super::{ContextId, Nonce};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gss_core::Timestamp;
use zeroize::Zeroizing;

/// How far behind the highest nonce of a context one may be that was not used yet. Requests overtake each other, on
/// HTTP/2 above all.
pub const NONCE_WINDOW: u64 = 256;

/// Where contexts are between two requests: in this process's memory, or where several servers find them.
///
/// A store keeps transcripts of exchanges, which hold random numbers that became keys: they are **secret**. It does not
/// look inside. One that hands them to another program encrypts and authenticates them first, and binds them to their id.
///
/// Half-made contexts and established ones are kept apart and bounded apart: at the limit, those that end first make
/// room, and their clients begin anew.
///
/// Every answer must come from the store itself. One that cannot be asked says [`StoreUnavailable`], and the request is
/// refused.
pub trait ContextStore {
    /// Keeps a half-made context until `expires`. An id is never used twice.
    ///
    /// # Errors
    /// [`StoreUnavailable`].
    fn park(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable>;

    /// Takes a half-made context out, so that each one is continued once: of two requests that come at the same time
    /// one gets it. `None` if there is none.
    ///
    /// # Errors
    /// [`StoreUnavailable`].
    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable>;

    /// Keeps an established context until `expires`, none of its nonces used.
    ///
    /// # Errors
    /// [`StoreUnavailable`].
    fn establish(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable>;

    /// An established context. `None` if there is none.
    ///
    /// # Errors
    /// [`StoreUnavailable`].
    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable>;

    /// Uses a nonce of an established context: takes it if it is higher than all that were used, or was not used yet and
    /// is at most [`NONCE_WINDOW`] below the highest. Of two requests with the same nonce, one gets it.
    ///
    /// # Errors
    /// [`NonceError`]; the request must be refused.
    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError>;

    /// Forgets an established context, if it is there.
    ///
    /// # Errors
    /// [`StoreUnavailable`].
    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable>;
}

/// A store that several servers in one process share.
impl<S: ContextStore + ?Sized> ContextStore for Arc<S> {
    fn park(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        (**self).park(id, transcript, expires, now)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        (**self).resume(id, now)
    }

    fn establish(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        (**self).establish(id, transcript, expires, now)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        (**self).load(id, now)
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        (**self).use_nonce(id, nonce, now)
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        (**self).remove(id)
    }
}

/// What a [`ContextStore`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextLimits {
    /// Half-made contexts. Anybody can make them: this is what a flood fills. Default: 10,000.
    pub partial: usize,
    /// Bytes in the transcripts of half-made contexts. Default: 64 MiB.
    pub partial_bytes: usize,
    /// Established contexts. Default: 100,000.
    pub established: usize,
    /// Bytes in the transcripts of established contexts. Default: 256 MiB.
    pub established_bytes: usize,
}

impl Default for ContextLimits {
    fn default() -> Self {
        Self {
            partial: 10_000,
            partial_bytes: 64 * 1024 * 1024,
            established: 100_000,
            established_bytes: 256 * 1024 * 1024,
        }
    }
}

/// Proof that a nonce was used for the first time.
#[derive(Debug)]
#[must_use = "a request is let in on this proof"]
pub struct NonceFresh {
    _made_by_a_store: (),
}

impl NonceFresh {
    /// States that a store did not know the nonce as used, and does now.
    ///
    /// This is for implementations of [`ContextStore`]. Anywhere else it lets replayed requests in.
    pub const fn assertion() -> Self {
        Self { _made_by_a_store: () }
    }
}

/// A nonce cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum NonceError {
    /// There is no such context (any more).
    UnknownContext,
    /// It was used before, or is so far below the highest that this cannot be told.
    Replayed,
    /// The store could not be asked.
    Unavailable(StoreUnavailable),
}

impl fmt::Display for NonceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownContext => f.write_str("there is no such context"),
            Self::Replayed => write!(
                f,
                "nonce was used before, or is more than {NONCE_WINDOW} below the highest; expected a new one"
            ),
            Self::Unavailable(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NonceError {}

impl From<StoreUnavailable> for NonceError {
    fn from(error: StoreUnavailable) -> Self {
        Self::Unavailable(error)
    }
}

/// The store of contexts could not be asked.
#[derive(Debug)]
pub struct StoreUnavailable(Box<dyn core::error::Error + Send + Sync>);

impl StoreUnavailable {
    /// For this reason.
    #[must_use]
    pub fn new(reason: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for StoreUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store of contexts could not be asked: {}", self.0)
    }
}

impl core::error::Error for StoreUnavailable {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}
