//! Logins by the scheme `GSS` that go on: each signs the requests of one user to one origin.

use crate::LoggedIn;
use crate::pool::Key;
use alloc::sync::Arc;
use core::fmt;
use gss::{ContextSealer, Timestamp};
use gss_http::HeaderField;
use gss_http::gss::{RequestParts, Session};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most sessions of one key: each connection has its own where they are bound to connections.
const PER_KEY: usize = 16;
/// Most keys. When there are more, all are forgotten: each costs one login then.
const MAX_KEYS: usize = 256;

/// All sessions of a client.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Key, Vec<Arc<Going>>>>);

/// A login that goes on.
pub(crate) struct Going {
    session: Mutex<Session<ContextSealer>>,
    pub(crate) logged_in: LoggedIn,
}

impl Going {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session<ContextSealer>> {
        // A session is never left half-changed.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Signs a request with a session of this key that is good for it.
    pub(crate) fn sign(
        &self,
        key: &Key,
        parts: &RequestParts<'_>,
        now: Timestamp,
    ) -> Option<(HeaderField, Arc<Going>)> {
        let candidates = self.lock().get(key).cloned()?;
        // The newest first: it lasts longest.
        candidates.into_iter().rev().find_map(|going| {
            let field = {
                let mut session = going.lock();
                if session.is_good(parts, now) { session.authorize(parts, now).ok() } else { None }
            };
            field.map(|field| (field, going))
        })
    }

    pub(crate) fn keep(&self, key: &Key, session: Session<ContextSealer>, logged_in: LoggedIn) {
        let mut all = self.lock();
        if all.len() >= MAX_KEYS && !all.contains_key(key) {
            all.clear();
        }
        let sessions = all.entry(key.clone()).or_default();
        if sessions.len() >= PER_KEY {
            sessions.remove(0);
        }
        sessions.push(Arc::new(Going { session: Mutex::new(session), logged_in }));
    }

    pub(crate) fn forget(&self, key: &Key, going: &Arc<Going>) {
        let mut all = self.lock();
        if let Some(sessions) = all.get_mut(key) {
            sessions.retain(|kept| !Arc::ptr_eq(kept, going));
            if sessions.is_empty() {
                all.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Arc<Going>>>> {
        // Every change is made whole or not at all, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions([{} keys])", self.lock().len())
    }
}
