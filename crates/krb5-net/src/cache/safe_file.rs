//! Opening, locking and replacing files that somebody else may want to see written elsewhere.
//!
//! Caches lie in `/tmp`, where everybody can make names. A file is written to only if its name is no link, if it has no
//! second name, and if it belongs to the user of this process; that the file opened is the one that was looked at, its
//! device and inode number tell. (The flag `O_NOFOLLOW` would have to come from C's headers.)

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::CacheError;

/// How often a file may be replaced while its lock is waited for.
const MAX_TURNS: usize = 16;

/// How a file is opened for writing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// All that is written goes to the end.
    Append,
    /// Writing begins at the start.
    Overwrite,
}

/// Opens a file that exists, for reading and writing, and waits for its lock. The name still leads to it then.
pub(super) fn open_locked(path: &Path, access: Access) -> Result<File, CacheError> {
    for _ in 0..MAX_TURNS {
        let seen = fs::symlink_metadata(path).map_err(|error| failed("find", path, error))?;
        check(path, &seen)?;
        let mut options = OpenOptions::new();
        options.read(true);
        match access {
            Access::Append => options.append(true),
            Access::Overwrite => options.write(true),
        };
        let file = options.open(path).map_err(|error| failed("open", path, error))?;
        lock(&file, true).map_err(|error| failed("lock", path, error))?;
        let opened = file.metadata().map_err(|error| failed("read", path, error))?;
        let still = fs::symlink_metadata(path);
        if still.is_ok_and(|still| same_file(&seen, &opened) && same_file(&opened, &still)) {
            return Ok(file);
        }
    }
    Err(CacheError::Busy { path: path.into() })
}

/// Takes a lock (`flock`), shared or exclusive. File systems without locks count as locked.
pub(super) fn lock(file: &File, exclusive: bool) -> io::Result<()> {
    match if exclusive { file.lock() } else { file.lock_shared() } {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        taken => taken,
    }
}

/// Puts a file of this content under a name, at once: whoever opens it sees the old content or the new one, whole.
/// Only its owner may read and write it.
///
/// Nothing waits for the disk: after a power failure tickets are fetched anew.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CacheError> {
    let draft = draft_name(path)?;
    let written = create_private(&draft).and_then(|mut file| file.write_all(content));
    let renamed = written
        .map_err(|error| failed("write", &draft, error))
        .and_then(|()| fs::rename(&draft, path).map_err(|error| failed("replace", path, error)));
    if renamed.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&draft);
    }
    renamed
}

/// Makes an empty file of a new name.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn failed(operation: &'static str, path: &Path, error: io::Error) -> CacheError {
    match error.kind() {
        io::ErrorKind::NotFound => CacheError::NotFound { name: format!("FILE:{}", path.display()) },
        _ => CacheError::Io { operation, path: path.into(), error },
    }
}

/// A name in the same folder that nothing has: renaming works within one file system only.
fn draft_name(path: &Path) -> Result<PathBuf, CacheError> {
    let random = getrandom::u64().map_err(|error| failed("name a new file for", path, error.into()))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{random:016x}"));
    Ok(path.with_file_name(name))
}

fn check(path: &Path, seen: &Metadata) -> Result<(), CacheError> {
    if seen.is_symlink() {
        return Err(CacheError::SymbolicLink { path: path.into() });
    }
    if !seen.is_file() {
        return Err(CacheError::NotAFile { path: path.into() });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if seen.nlink() > 1 {
            return Err(CacheError::HardLink { path: path.into(), names: seen.nlink() });
        }
        let user = crate::places::User::of_process().map(|user| user.effective);
        if let Some(user) = user.filter(|user| *user != seen.uid()) {
            return Err(CacheError::Owner { path: path.into(), owner: seen.uid(), user });
        }
    }
    Ok(())
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Without links that everybody can make there is nothing to compare.
#[cfg(not(unix))]
fn same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}
