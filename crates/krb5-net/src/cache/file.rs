//! `FILE:`: one file.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use krb5_asn1::Principal;
use krb5_files::{Ccache, Credential, KdcOffset};
use zeroize::Zeroizing;

use super::safe_file::{self, Access, failed};
use super::{CacheError, MAX_CACHE, Store};

/// How often a file that grows is read again.
const MAX_TURNS: usize = 16;

/// A cache in a file.
#[derive(Debug)]
pub(super) struct FileStore {
    path: PathBuf,
    /// What it is called in errors.
    name: String,
}

impl FileStore {
    pub(super) const fn new(path: PathBuf, name: String) -> Self {
        Self { path, name }
    }

    /// Changes the content under the lock. The file is replaced by another one.
    fn update(&self, change: impl FnOnce(&mut Ccache)) -> Result<(), CacheError> {
        let mut locked = self.open(Access::Overwrite)?;
        let mut content = self.parse(&self.read(&mut locked)?)?;
        change(&mut content);
        self.write(&content)
    }

    fn write(&self, content: &Ccache) -> Result<(), CacheError> {
        let bytes = content.to_bytes()?;
        self.check_size(bytes.len())?;
        safe_file::replace(&self.path, &bytes)
    }

    fn open(&self, access: Access) -> Result<File, CacheError> {
        safe_file::open_locked(&self.path, access).map_err(|error| self.named(error))
    }

    fn read(&self, file: &mut File) -> Result<Zeroizing<Vec<u8>>, CacheError> {
        let unreadable = |error| failed("read", &self.path, error);
        let size = file.metadata().map_err(unreadable)?.len();
        // A vector that grows would leave keys behind; one byte more shows that there is more.
        let capacity = usize::try_from(size.min(MAX_CACHE)).unwrap_or(0).saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        file.take(MAX_CACHE.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        self.check_size(bytes.len())?;
        Ok(bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Ccache, CacheError> {
        Ccache::parse(bytes).map_err(|error| CacheError::Format { name: self.name.clone(), error })
    }

    fn check_size(&self, size: usize) -> Result<(), CacheError> {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if size > MAX_CACHE { Err(CacheError::TooLarge { name: self.name.clone(), size }) } else { Ok(()) }
    }

    /// The error with the name that the caller knows the cache by.
    fn named(&self, error: CacheError) -> CacheError {
        match error {
            CacheError::NotFound { .. } => CacheError::NotFound { name: self.name.clone() },
            error => error,
        }
    }
}

impl Store for FileStore {
    fn load(&self) -> Result<Ccache, CacheError> {
        let mut last = None;
        for _ in 0..MAX_TURNS {
            let mut file = open_for_reading(&self.path).map_err(|error| self.named(error))?;
            safe_file::lock(&file, false).map_err(|error| failed("lock", &self.path, error))?;
            let bytes = self.read(&mut file)?;
            match self.parse(&bytes) {
                // A program that does not know our lock may be appending a credential: then there is more by now.
                Err(error) if grown(&file, bytes.len()) => last = Some(error),
                parsed => return parsed,
            }
        }
        Err(last.unwrap_or_else(|| CacheError::Busy { path: self.path.clone() }))
    }

    fn replace(&self, content: &Ccache) -> Result<(), CacheError> {
        // The lock, where there is something to lock, makes others finish what they are about to write.
        let _locked = match safe_file::open_locked(&self.path, Access::Overwrite) {
            Err(CacheError::NotFound { .. }) => None,
            opened => Some(opened?),
        };
        self.write(content)
    }

    fn store(&self, credential: &Credential) -> Result<(), CacheError> {
        let mut file = self.open(Access::Append)?;
        let before = self.read(&mut file)?;
        let version = self.parse(&before)?.version;
        let bytes = credential.to_bytes(version)?;
        self.check_size(before.len().saturating_add(bytes.len()))?;
        file.write_all(&bytes).map_err(|error| {
            // Half a credential would make the whole cache unreadable.
            let _ = file.set_len(u64::try_from(before.len()).unwrap_or(u64::MAX));
            failed("write", &self.path, error)
        })
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

    /// Writes zeros over the content before the name goes, as MIT krb5 does. What a file system keeps of old blocks is
    /// out of reach.
    fn destroy(&self) -> Result<(), CacheError> {
        let mut file = self.open(Access::Overwrite)?;
        let size = file.metadata().map_err(|error| failed("read", &self.path, error))?.len();
        let wiped = std::io::copy(&mut std::io::repeat(0).take(size), &mut file);
        fs::remove_file(&self.path).map_err(|error| failed("remove", &self.path, error))?;
        wiped.map(drop).map_err(|error| failed("write", &self.path, error))
    }
}

/// Links are followed here: reading gives nothing away.
fn open_for_reading(path: &Path) -> Result<File, CacheError> {
    let unreadable = |error| failed("open", path, error);
    // Opening a pipe would wait for somebody to write.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(CacheError::NotAFile { path: path.into() });
    }
    File::open(path).map_err(unreadable)
}

fn grown(file: &File, read: usize) -> bool {
    file.metadata().is_ok_and(|metadata| u64::try_from(read).is_ok_and(|read| metadata.len() > read))
}
