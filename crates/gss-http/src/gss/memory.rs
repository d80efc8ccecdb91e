mod table;
mod window;

use self::table::Table;
use self::window::NonceWindow;
use super::{ContextId, ContextLimits, ContextStore, Nonce, NonceError, NonceFresh, StoreUnavailable};
use alloc::vec::Vec;
use core::fmt;
use gss_core::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A [`ContextStore`] in this process's memory, for a service that is one process.
///
/// At a [limit](ContextLimits) those contexts that end first make room. All operations take time that grows with the
/// logarithm of the number of contexts; one lock guards them, for less than a microsecond each.
///
/// A context takes the bytes of the client's tokens, and 300 more while it is half made, 700 when it is established
/// (measured with Kerberos: 940 and 1,330 bytes with a ticket of 500 bytes). With the groups of Active Directory in it,
/// a token has 2 to 16 KiB. Contexts that a [`Server`](super::Server) keeps ready take 2 KiB each besides.
pub struct MemoryContextStore {
    state: Mutex<State>,
}

struct State {
    partial: Table<()>,
    established: Table<NonceWindow>,
}

impl MemoryContextStore {
    /// An empty store with the limits of [`ContextLimits::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(ContextLimits::default())
    }

    /// An empty store with these limits.
    #[must_use]
    pub fn with_limits(limits: ContextLimits) -> Self {
        let ContextLimits { partial, partial_bytes, established, established_bytes } = limits;
        let (partial, established) =
            (Table::new(partial, partial_bytes), Table::new(established, established_bytes));
        Self { state: Mutex::new(State { partial, established }) }
    }

    /// How many half-made contexts it holds; some may have ended.
    #[must_use]
    pub fn partial(&self) -> usize {
        self.lock().partial.len()
    }

    /// How many established contexts it holds; some may have ended.
    #[must_use]
    pub fn established(&self) -> usize {
        self.lock().established.len()
    }

    /// Nothing is half done when a thread panics: each operation is one change of a table.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryContextStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryContextStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryContextStore")
            .field("partial", &self.partial())
            .field("established", &self.established())
            .finish()
    }
}

impl ContextStore for MemoryContextStore {
    fn park(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.lock().partial.insert(id, transcript, expires, now, ()).map_err(StoreUnavailable::new)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        Ok(self.lock().partial.take(id, now))
    }

    fn establish(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        let window = NonceWindow::default();
        self.lock().established.insert(id, transcript, expires, now, window).map_err(StoreUnavailable::new)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        Ok(self.lock().established.get_mut(id, now).map(|entry| entry.transcript().clone()))
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        let mut state = self.lock();
        let entry = state.established.get_mut(id, now).ok_or(NonceError::UnknownContext)?;
        if entry.extra().take(nonce) { Ok(NonceFresh::assertion()) } else { Err(NonceError::Replayed) }
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        self.lock().established.remove(id);
        Ok(())
    }
}
