//! `DIR:`: a folder with a file for each cache, and a file `primary` that says which one is meant.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::SUBSIDIARY;
use super::safe_file::{self, failed};
use super::{CacheError, CacheName};
use crate::places::read_up_to;

/// The file that names the primary cache.
const PRIMARY: &str = "primary";
/// Longest line in it, its end counted: what MIT krb5 reads.
const MAX_LINE: u64 = 63;

/// The primary cache of a folder: `tkt` where nothing else is said. It may not exist.
pub(super) fn primary(folder: &Path) -> Result<PathBuf, CacheError> {
    let path = folder.join(PRIMARY);
    let line = match read_up_to(&path, MAX_LINE) {
        Ok(line) => line,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(folder.join(SUBSIDIARY)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(CacheError::Primary { path, text: String::new() });
        }
        Err(error) => return Err(failed("read", &path, error)),
    };
    let text = String::from_utf8_lossy(&line);
    match text.strip_suffix('\n').filter(|name| is_file_name(name)) {
        Some(name) => Ok(folder.join(name)),
        None => Err(CacheError::Primary { path, text: text.into_owned() }),
    }
}

/// Makes a cache the primary one of its folder.
pub(super) fn set_primary(cache: &Path) -> Result<(), CacheError> {
    let name = cache.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("{name}\n");
    let fits = u64::try_from(line.len()).is_ok_and(|length| length <= MAX_LINE);
    if !fits || !is_file_name(&name) {
        let name = CacheName::DirectoryFile(cache.into()).to_string();
        return Err(CacheError::Name { name, expected: "a file name of at most 62 bytes" });
    }
    safe_file::replace(&cache.with_file_name(PRIMARY), line.as_bytes())
}

/// The caches of a folder, by name; none where it does not exist.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed("list", folder, error))?,
    };
    let mut caches = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| failed("list", folder, error))?.file_name();
        if name.to_str().is_some_and(is_file_name) {
            caches.push(folder.join(name));
        }
    }
    caches.sort_unstable();
    Ok(caches)
}

/// Makes the folder, for its owner alone, unless it is there. Its parent has to be.
pub(super) fn create(folder: &Path) -> Result<(), CacheError> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map_err(|error| CacheError::Io { operation: "make", path: folder.into(), error }),
    }
}

/// A name in the folder that no cache has. The file is made, empty, so that nobody else takes the name.
pub(super) fn reserve(folder: &Path) -> Result<PathBuf, CacheError> {
    create(folder)?;
    loop {
        let random = getrandom::u32().map_err(|error| failed("name a cache in", folder, error.into()))?;
        let path = folder.join(format!("{SUBSIDIARY}{random:08x}"));
        match safe_file::create_private(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make", &path, error)),
        }
    }
}

fn is_file_name(name: &str) -> bool {
    name.starts_with(SUBSIDIARY) && !name.contains(['/', '\\', '\n', '\0'])
}
