//! The caches that belong together.

use krb5_asn1::Principal;

use super::{Cache, CacheError, CacheName, CacheOptions, directory, kcm};

/// The caches that a name leads to: all of a `DIR:` folder, of the daemon behind `KCM:` or of `MEMORY:`, or the one file
/// that is named.
#[derive(Clone, Debug)]
pub struct Collection {
    name: CacheName,
    options: CacheOptions,
}

impl Collection {
    /// The collection behind a name. Nothing is opened yet.
    #[must_use]
    pub const fn new(name: CacheName, options: CacheOptions) -> Self {
        Self { name, options }
    }

    /// The name it was made with.
    #[must_use]
    pub const fn name(&self) -> &CacheName {
        &self.name
    }

    /// The cache that counts where none is chosen. It may not exist.
    ///
    /// # Errors
    /// The folder's file `primary` or the daemon cannot be read.
    pub fn primary(&self) -> Result<Cache, CacheError> {
        Cache::resolve(&self.name, &self.options)
    }

    /// All caches that exist, the primary one first.
    ///
    /// A file of a folder that is no cache is listed as well; reading it tells what is wrong with it.
    ///
    /// # Errors
    /// The folder or the daemon cannot be read.
    pub fn caches(&self) -> Result<Vec<Cache>, CacheError> {
        let (first, mut names) = match &self.name {
            CacheName::Directory(folder) => {
                let files = directory::list(folder)?.into_iter().map(CacheName::DirectoryFile).collect();
                // What the file `primary` says does not keep the caches from being found.
                (directory::primary(folder).ok().map(CacheName::DirectoryFile), files)
            }
            CacheName::KcmPrimary => {
                let mut daemon = self.options.kcm().connect()?;
                let names: Vec<_> = kcm::names(&mut daemon)?.into_iter().map(CacheName::Kcm).collect();
                (Some(CacheName::Kcm(kcm::primary(&mut daemon)?)), names)
            }
            CacheName::Memory(name) => {
                let names: Vec<_> = self.options.memory.names().into_iter().map(CacheName::Memory).collect();
                (Some(CacheName::Memory(name.clone())), names)
            }
            single => {
                let cache = Cache::resolve(single, &self.options)?;
                return Ok(if cache.exists()? { vec![cache] } else { Vec::new() });
            }
        };
        // Stable: the others keep their order.
        names.sort_by_key(|name| Some(name) != first.as_ref());
        names.iter().map(|name| Cache::resolve(name, &self.options)).collect()
    }

    /// The first cache of a client, the primary one before others. Caches that cannot be read are passed over.
    ///
    /// # Errors
    /// As [`caches`](Self::caches).
    pub fn find(&self, client: &Principal) -> Result<Option<Cache>, CacheError> {
        let mut caches = self.caches()?.into_iter();
        Ok(caches.find(|cache| cache.principal().is_ok_and(|principal| principal == *client)))
    }

    /// A cache of a new name, to be initialised.
    ///
    /// # Errors
    /// The name is that of one cache only, or the folder or the daemon refuses.
    pub fn create(&self) -> Result<Cache, CacheError> {
        let name = match &self.name {
            CacheName::Directory(folder) => CacheName::DirectoryFile(directory::reserve(folder)?),
            CacheName::KcmPrimary => CacheName::Kcm(kcm::new_name(&mut self.options.kcm().connect()?)?),
            CacheName::Memory(_) => {
                let random = getrandom::u64().map_err(|error| CacheError::Io {
                    operation: "name a cache of",
                    path: self.name.to_string().into(),
                    error: error.into(),
                })?;
                CacheName::Memory(format!("{random:016x}"))
            }
            single => {
                return Err(CacheError::Unsupported {
                    name: single.to_string(),
                    operation: "hold a second cache",
                });
            }
        };
        Cache::resolve(&name, &self.options)
    }
}
