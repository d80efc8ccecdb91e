//! Credential caches: where tickets are kept.
//!
//! A [`CacheName`] says which one, a [`Cache`] reads and writes it, and a [`Collection`] is the caches that belong
//! together, one of them the primary one. Four types are known: `FILE:`, `DIR:`, `MEMORY:` and `KCM:`.
//!
//! ```
//! use krb5_net::cache::{Cache, CacheName, CacheOptions};
//! use krb5_asn1::Principal;
//!
//! let name = CacheName::parse("MEMORY:example")?;
//! let cache = Cache::resolve(&name, &CacheOptions::default())?;
//! cache.initialize(&Principal::new("alice", "EXAMPLE.COM"))?;
//! assert_eq!(cache.principal()?.to_string(), "alice@EXAMPLE.COM");
//! cache.destroy()?;
//! # Ok::<(), krb5_net::cache::CacheError>(())
//! ```
//!
//! # Files and who else writes them
//! A new file has mode 0600 and takes its name by renaming, so that nobody reads half of it; a credential is appended.
//! Writing refuses links of both kinds and files of other users, because caches lie in `/tmp`.
//!
//! Programs of ours keep out of each other's way by `flock`. MIT krb5 and Heimdal lock with `fcntl`, which on Linux does
//! not see `flock`, and which cannot be had here without code in C's terms. What that means: a credential that another
//! library appends while we rewrite the file ([`Cache::remove`], [`Cache::set_config`], [`Cache::set_kdc_offset`],
//! [`Cache::replace`]) can be lost, and is then fetched again. Two credentials appended at once both stay: each is
//! written in one piece to the end of the file. A reader that finds a piece still incomplete reads again. A lock is waited
//! for as long as it is held; only who may open the file can hold it.
//!
//! All of this waits for disks and daemons; from asynchronous code, call it where waiting is allowed
//! (`tokio::task::spawn_blocking`).

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::path::PathBuf;

use krb5_asn1::Principal;
use krb5_files::config::Config;
use krb5_files::{Ccache, Credential, KdcOffset};

mod collection;
mod directory;
mod error;
mod file;
mod kcm;
mod memory;
mod name;
mod safe_file;

pub use collection::Collection;
pub use error::CacheError;
pub use kcm::{KCM_SOCKET, KcmError, KcmOperation};
pub use memory::MemoryCaches;
pub use name::CacheName;

/// Most bytes of a cache, whatever its type: 10 MiB, as MIT krb5 takes from a daemon.
pub const MAX_CACHE: u64 = 10 << 20;

/// Where caches of some types are.
#[derive(Clone, Debug)]
pub struct CacheOptions {
    /// Where the daemon behind `KCM:` listens; `None` turns it off.
    pub kcm_socket: Option<PathBuf>,
    /// How long one answer of the daemon may take.
    pub kcm_timeout: Duration,
    /// The caches that `MEMORY:` names.
    pub memory: MemoryCaches,
}

impl CacheOptions {
    /// What `kcm_socket` of `[libdefaults]` says; `-` turns KCM off.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let mut options = Self::default();
        if let Some(found) = config.libdefaults().text("kcm_socket") {
            options.kcm_socket = Some(found.value).filter(|socket| *socket != "-").map(PathBuf::from);
        }
        options
    }

    fn kcm(&self) -> kcm::Daemon {
        kcm::Daemon { socket: self.kcm_socket.clone(), timeout: self.kcm_timeout }
    }
}

impl Default for CacheOptions {
    /// [`KCM_SOCKET`], 10 seconds, the caches of the whole process.
    fn default() -> Self {
        Self {
            kcm_socket: Some(KCM_SOCKET.into()),
            kcm_timeout: Duration::from_secs(10),
            memory: MemoryCaches::default(),
        }
    }
}

/// What every type of cache can do.
trait Store: fmt::Debug + Send + Sync {
    fn load(&self) -> Result<Ccache, CacheError>;
    fn replace(&self, content: &Ccache) -> Result<(), CacheError>;
    fn store(&self, credential: &Credential) -> Result<(), CacheError>;
    fn remove(&self, server: &Principal) -> Result<(), CacheError>;
    fn set_config(&self, key: &str, about: Option<&Principal>, value: &[u8]) -> Result<(), CacheError>;
    fn set_kdc_offset(&self, offset: KdcOffset) -> Result<(), CacheError>;
    fn destroy(&self) -> Result<(), CacheError>;
}

/// One credential cache, there or not. Clones are the same cache.
#[derive(Clone, Debug)]
pub struct Cache {
    name: CacheName,
    options: CacheOptions,
    store: Arc<dyn Store>,
}

impl Cache {
    /// The cache that a name stands for; of a collection, the primary one. Nothing is made.
    ///
    /// # Errors
    /// The folder's file `primary` or the daemon cannot be read.
    pub fn resolve(name: &CacheName, options: &CacheOptions) -> Result<Self, CacheError> {
        let name = match name {
            CacheName::Directory(folder) => CacheName::DirectoryFile(directory::primary(folder)?),
            CacheName::KcmPrimary => CacheName::Kcm(kcm::primary(&mut options.kcm().connect()?)?),
            single => single.clone(),
        };
        let store: Arc<dyn Store> = match &name {
            CacheName::File(path) | CacheName::DirectoryFile(path) | CacheName::Directory(path) => {
                Arc::new(file::FileStore::new(path.clone(), name.to_string()))
            }
            CacheName::Memory(memory) => Arc::new(options.memory.store(memory)),
            CacheName::Kcm(_) | CacheName::KcmPrimary => Arc::new(kcm_store(&name, options)),
        };
        Ok(Self { name, options: options.clone(), store })
    }

    /// Its name: never that of a collection.
    #[must_use]
    pub const fn name(&self) -> &CacheName {
        &self.name
    }

    /// Everything in the cache.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be read.
    pub fn load(&self) -> Result<Ccache, CacheError> {
        self.store.load()
    }

    /// Whether the cache is there. One that cannot be read counts as there.
    ///
    /// # Errors
    /// The daemon cannot be asked.
    pub fn exists(&self) -> Result<bool, CacheError> {
        match self.load() {
            Err(CacheError::NotFound { .. }) => Ok(false),
            Err(CacheError::Kcm(error)) => Err(CacheError::Kcm(error)),
            _ => Ok(true),
        }
    }

    /// The client whose cache this is.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn principal(&self) -> Result<Principal, CacheError> {
        Ok(self.load()?.default_principal)
    }

    /// The ticket of the cache's client for a service; of several the one that holds longest. User-to-user tickets are
    /// passed over.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn find(&self, server: &Principal) -> Result<Option<Credential>, CacheError> {
        Ok(self.load()?.find(server).cloned())
    }

    /// Makes it an empty cache of this client, whatever it was.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn initialize(&self, client: &Principal) -> Result<(), CacheError> {
        self.replace(&Ccache::new(client.clone()))
    }

    /// Puts this in place of all that the cache holds. Removed entries are left out by daemons.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn replace(&self, content: &Ccache) -> Result<(), CacheError> {
        if let CacheName::DirectoryFile(path) = &self.name
            && let Some(folder) = path.parent()
        {
            directory::create(folder)?;
        }
        self.store.replace(content)
    }

    /// Adds a ticket. Older ones for the same service stay; [`find`](Self::find) takes the one that holds longest.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be written.
    pub fn store(&self, credential: &Credential) -> Result<(), CacheError> {
        self.store.store(credential)
    }

    /// Removes all tickets for a service, if there are any.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be written.
    pub fn remove(&self, server: &Principal) -> Result<(), CacheError> {
        self.store.remove(server)
    }

    /// The value of a setting about this principal, or about the whole cache; see [`krb5_files::ConfigEntry`].
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn config(&self, key: &str, about: Option<&Principal>) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.load()?.config_value(key, about).map(<[u8]>::to_vec))
    }

    /// Sets or replaces a setting.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be written.
    pub fn set_config(&self, key: &str, about: Option<&Principal>, value: &[u8]) -> Result<(), CacheError> {
        self.store.set_config(key, about, value)
    }

    /// How far the KDC's clock was ahead, if the cache says so.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn kdc_offset(&self) -> Result<Option<KdcOffset>, CacheError> {
        Ok(self.load()?.kdc_offset())
    }

    /// Notes how far the KDC's clock is ahead. Daemons keep whole seconds; files of a version before 4 keep nothing.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be written.
    pub fn set_kdc_offset(&self, offset: KdcOffset) -> Result<(), CacheError> {
        self.store.set_kdc_offset(offset)
    }

    /// Makes this the primary cache of its collection.
    ///
    /// # Errors
    /// Its type has no collection with a primary cache, or the folder or daemon cannot be written to.
    pub fn switch_to(&self) -> Result<(), CacheError> {
        match &self.name {
            CacheName::DirectoryFile(path) => directory::set_primary(path),
            CacheName::Kcm(_) => kcm_store(&self.name, &self.options).switch_to(),
            other => {
                let operation = "be made the primary cache; only those of DIR: and KCM: can";
                Err(CacheError::Unsupported { name: other.to_string(), operation })
            }
        }
    }

    /// Removes the cache and all that is in it.
    ///
    /// # Errors
    /// There is no such cache, or it cannot be removed.
    pub fn destroy(&self) -> Result<(), CacheError> {
        self.store.destroy()
    }
}

fn kcm_store(name: &CacheName, options: &CacheOptions) -> kcm::KcmStore {
    let name = if let CacheName::Kcm(name) = name { name.clone() } else { String::new() };
    kcm::KcmStore::new(options.kcm(), name)
}

#[cfg(test)]
mod tests;
