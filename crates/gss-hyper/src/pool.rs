//! Idle connections, each kept for the one user it was opened for.

use crate::connection::Connection;
use crate::{Delegation, Identity, Origin};
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Most keys that are known to need HTTP/1.1. When there are more, all are forgotten: each costs one request then.
const MAX_HTTP1: usize = 1024;

/// What a connection was opened for, and what it is used for as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    /// The proxy, and who logs in there.
    pub(crate) proxy: Option<(Origin, Option<Identity>)>,
    /// Who logs in at the origin; `None` for requests of nobody.
    pub(crate) owner: Option<Identity>,
    pub(crate) delegation: Delegation,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Idle connections of one key.
    pub(crate) per_key: usize,
    /// Idle connections of all keys.
    pub(crate) total: usize,
    /// How long a connection is kept that nobody uses.
    pub(crate) idle: Duration,
}

pub(crate) struct Pool {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// HTTP/1.1, the one used last at the end.
    idle: HashMap<Key, Vec<Connection>>,
    /// HTTP/2, in use or not.
    shared: HashMap<Key, Connection>,
    http1: HashSet<Key>,
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default() })
    }

    /// A connection that was opened for this key. It may have been closed meanwhile.
    pub(crate) fn take(&self, key: &Key, http1: bool) -> Option<Connection> {
        let mut state = self.lock();
        if !http1 && let Some(shared) = state.shared.get_mut(key) {
            if shared.is_closed() || shared.idle_since.elapsed() >= self.limits.idle {
                state.shared.remove(key);
            } else {
                shared.idle_since = Instant::now();
                return shared.share();
            }
        }
        let idle = state.idle.get_mut(key)?;
        let found = core::iter::from_fn(|| idle.pop())
            .find(|connection| !connection.is_closed() && connection.idle_since.elapsed() < self.limits.idle);
        if idle.is_empty() {
            state.idle.remove(key);
        }
        found
    }

    /// Keeps a connection for its next request.
    pub(crate) fn put(&self, key: &Key, mut connection: Connection) {
        connection.reused = true;
        connection.idle_since = Instant::now();
        let mut state = self.lock();
        state.prune(self.limits.idle);
        if state.len() >= self.limits.total {
            return;
        }
        if connection.share().is_some() {
            // The first one stays, with what its requests learnt.
            state.shared.entry(key.clone()).or_insert(connection);
            return;
        }
        let idle = state.idle.entry(key.clone()).or_default();
        if idle.len() < self.limits.per_key {
            idle.push(connection);
        }
    }

    /// Whether requests of this key need HTTP/1.1, as far as is known.
    pub(crate) fn needs_http1(&self, key: &Key) -> bool {
        self.lock().http1.contains(key)
    }

    pub(crate) fn set_needs_http1(&self, key: &Key) {
        let mut state = self.lock();
        if state.http1.len() >= MAX_HTTP1 {
            state.http1.clear();
        }
        state.http1.insert(key.clone());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is made whole or not at all, so a panic elsewhere leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn len(&self) -> usize {
        self.idle.values().map(Vec::len).sum::<usize>() + self.shared.len()
    }

    fn prune(&mut self, limit: Duration) {
        let fresh =
            |connection: &Connection| !connection.is_closed() && connection.idle_since.elapsed() < limit;
        self.idle.retain(|_, idle| {
            idle.retain(fresh);
            !idle.is_empty()
        });
        self.shared.retain(|_, shared| fresh(shared));
    }
}

/// How many connections there are, and nothing about users.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("connections", &self.lock().len()).finish_non_exhaustive()
    }
}
