//! `krb5.conf` from the file system.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use krb5_files::config::limits::MAX_SIZE;
use krb5_files::config::{Config, ConfigError, ConfigErrorKind, Source, SourceError};

/// Files and folders as they are. Relative paths are taken from the working directory, as MIT krb5 does.
///
/// No more than the limit of [`limits`](krb5_files::config::limits) is read of any file, so that an endless one costs
/// no more than a large one.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl Source for FileSystem {
    fn file(&mut self, path: &str) -> Result<Vec<u8>, SourceError> {
        let path = Path::new(path);
        if path.is_dir() {
            return Err(SourceError::IsDirectory);
        }
        let file = File::open(path).map_err(reason)?;
        let mut bytes = Vec::new();
        // One byte more than allowed is enough for the parser to refuse it.
        let limit = u64::try_from(MAX_SIZE).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(reason)?;
        Ok(bytes)
    }

    fn directory(&mut self, path: &str) -> Result<Vec<String>, SourceError> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(path).map_err(reason)?.map(name).collect::<io::Result<_>>().map_err(reason)
    }
}

/// Reads a list of configuration files with all that they include. Those that do not exist are left out; where none
/// exists the configuration is empty, as for MIT krb5.
///
/// # Errors
/// Where a file breaks the grammar or a limit, or the only ones that exist may not be read.
pub fn load(files: &[String]) -> Result<Config, ConfigError> {
    match Config::read(files.iter().map(String::as_str), &mut FileSystem) {
        Err(ConfigError { kind: ConfigErrorKind::NoFile, .. }) => Ok(Config::default()),
        read => read,
    }
}

fn reason(error: io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound,
        io::ErrorKind::PermissionDenied => SourceError::Denied,
        io::ErrorKind::IsADirectory => SourceError::IsDirectory,
        _ => SourceError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
