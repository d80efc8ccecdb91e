//! `MEMORY:`: caches that end with the process.

use alloc::{collections::BTreeMap, sync::Arc};
use core::fmt;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use krb5_asn1::Principal;
use krb5_files::{Ccache, Credential, KdcOffset};

use super::{CacheError, CacheName, Store};

/// Caches in memory, by name. Clones share them.
///
/// [`Default`] is the set that the whole process shares, which is what `MEMORY:name` means to other libraries;
/// [`new`](Self::new) makes one of its own.
#[derive(Clone)]
pub struct MemoryCaches(Arc<Mutex<BTreeMap<String, Ccache>>>);

/// The set of the process.
static SHARED: LazyLock<MemoryCaches> = LazyLock::new(MemoryCaches::new);

impl MemoryCaches {
    /// An empty set that nobody else knows.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// The names of all that have been initialised, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn store(&self, name: &str) -> MemoryStore {
        MemoryStore { caches: self.clone(), name: name.into() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ccache>> {
        // Every change is made whole or not at all, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names, and nothing of what is in the caches.
impl fmt::Debug for MemoryCaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryCaches").field(&self.names()).finish()
    }
}

impl Default for MemoryCaches {
    fn default() -> Self {
        SHARED.clone()
    }
}

/// One cache of a set, there or not.
#[derive(Debug)]
pub(super) struct MemoryStore {
    caches: MemoryCaches,
    name: String,
}

impl MemoryStore {
    fn update(&self, change: impl FnOnce(&mut Ccache)) -> Result<(), CacheError> {
        let mut caches = self.caches.lock();
        change(caches.get_mut(&self.name).ok_or_else(|| self.missing())?);
        Ok(())
    }

    fn missing(&self) -> CacheError {
        CacheError::NotFound { name: CacheName::Memory(self.name.clone()).to_string() }
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Ccache, CacheError> {
        self.caches.lock().get(&self.name).cloned().ok_or_else(|| self.missing())
    }

    fn replace(&self, content: &Ccache) -> Result<(), CacheError> {
        self.caches.lock().insert(self.name.clone(), content.clone());
        Ok(())
    }

    fn store(&self, credential: &Credential) -> Result<(), CacheError> {
        self.update(|cache| cache.entries.push(credential.clone()))
    }

    fn remove(&self, server: &Principal) -> Result<(), CacheError> {
        self.update(|cache| cache.entries.retain(|entry| entry.server != *server))
    }

    fn set_config(&self, key: &str, about: Option<&Principal>, value: &[u8]) -> Result<(), CacheError> {
        self.update(|cache| cache.set_config(key, about, value))
    }

    fn set_kdc_offset(&self, offset: KdcOffset) -> Result<(), CacheError> {
        self.update(|cache| cache.set_kdc_offset(offset))
    }

    fn destroy(&self) -> Result<(), CacheError> {
        self.caches.lock().remove(&self.name).map(drop).ok_or_else(|| self.missing())
    }
}
