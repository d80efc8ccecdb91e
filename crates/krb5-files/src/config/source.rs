//! How included files are got: through the caller, since this crate reads no files.

use alloc::{string::String, vec::Vec};
use core::fmt;

/// Where `include` and `includedir` lines find their files.
///
/// Paths are passed on as they are written: relative ones are the source's to resolve (MIT krb5 takes them from the
/// working directory), and `~` means nothing.
pub trait Source {
    /// The content of a file.
    ///
    /// # Errors
    /// When it cannot be read. [`SourceError::IsDirectory`] makes [`ConfigFile::read`](super::ConfigFile::read) ask for
    /// the names in it instead.
    fn file(&mut self, path: &str) -> Result<Vec<u8>, SourceError>;

    /// The names of the files in a directory, without its path, in any order. Which of them count is decided here; see
    /// [`is_included_name`].
    ///
    /// # Errors
    /// When it cannot be read.
    fn directory(&mut self, path: &str) -> Result<Vec<String>, SourceError>;
}

/// Why a file or directory could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// It does not exist.
    NotFound,
    /// It exists, but may not be read.
    Denied,
    /// A file was asked for, and this is a directory.
    IsDirectory,
    /// Another reason, in words.
    Other(String),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file or directory"),
            Self::Denied => f.write_str("permission denied"),
            Self::IsDirectory => f.write_str("is a directory"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl core::error::Error for SourceError {}

/// Whether `includedir` takes a file of this name: one that ends in `.conf`, or one of ASCII letters, digits, `-` and
/// `_` only; never one that begins with a dot. That leaves out what editors and packagers leave behind.
#[must_use]
pub fn is_included_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.starts_with('.') && (name.ends_with(".conf") || name.bytes().all(plain))
}

/// The source of a text that stands alone.
pub(super) struct NoFiles;

impl NoFiles {
    fn refusal() -> SourceError {
        SourceError::Other("this text is read without access to files".into())
    }
}

impl Source for NoFiles {
    fn file(&mut self, _: &str) -> Result<Vec<u8>, SourceError> {
        Err(Self::refusal())
    }

    fn directory(&mut self, _: &str) -> Result<Vec<String>, SourceError> {
        Err(Self::refusal())
    }
}
