//! Why a cache could not be read or written.

use core::fmt;
use std::io;
use std::path::PathBuf;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_files::{FormatError, WriteError};

use super::kcm::KcmError;

/// Why a cache could not be found, read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum CacheError {
    /// A type of cache that is not known here.
    Type {
        /// The type.
        kind: String,
        /// The whole name.
        name: String,
    },
    /// A name that its type does not allow.
    Name {
        /// The name.
        name: String,
        /// What was expected.
        expected: &'static str,
    },
    /// There is no such cache, or it has not been initialised.
    NotFound {
        /// Its name.
        name: String,
    },
    /// The operating system refused.
    Io {
        /// What was tried, as `read`.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The content breaks the format.
    Format {
        /// The cache's name.
        name: String,
        /// Where and how.
        error: FormatError,
    },
    /// A value that the format has no room for.
    Value(WriteError),
    /// More bytes than [`MAX_CACHE`](super::MAX_CACHE).
    TooLarge {
        /// The cache's name.
        name: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A symbolic link where a file was to be written. Somebody may want it written elsewhere.
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// A folder, device or pipe where a file was expected.
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// A file with a second name. Somebody may have given it that name so that it is written to.
    HardLink {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// A file of somebody else's where one was to be written.
    Owner {
        /// The file.
        path: PathBuf,
        /// The number of the user whose it is.
        owner: u32,
        /// The number of the user whose rights this process has.
        user: u32,
    },
    /// The file was replaced again and again while its lock was waited for.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file `primary` of a folder names no cache.
    Primary {
        /// The file.
        path: PathBuf,
        /// What it says, as far as it was read.
        text: String,
    },
    /// The cache's type cannot do this.
    Unsupported {
        /// The cache's name.
        name: String,
        /// What was asked for.
        operation: &'static str,
    },
    /// The daemon behind `KCM:`.
    Kcm(KcmError),
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { kind, name } => write!(
                f,
                "{name:?} is of type {kind:?}, expected FILE, DIR, KCM or MEMORY; set KRB5CCNAME=FILE:/path and \
                 log in again"
            ),
            Self::Name { name, expected } => {
                write!(f, "{name:?} names no credential cache: expected {expected}")
            }
            Self::NotFound { name } => {
                write!(
                    f,
                    "there is no credential cache {name}; log in with kinit, or set KRB5CCNAME to another"
                )
            }
            Self::Io { operation, path, error } => {
                write!(f, "cannot {operation} {}: {error}", path.display())
            }
            Self::Format { name, error } => {
                write!(f, "{name} is no credential cache: {error}; remove it and log in again")
            }
            Self::Value(error) => error.fmt(f),
            Self::TooLarge { name, size } => {
                write!(f, "{name} has {size} bytes, expected at most {}; remove it", super::MAX_CACHE)
            }
            Self::SymbolicLink { path } => write!(
                f,
                "{} is a symbolic link, which is not written through; remove it, or name what it points to",
                path.display()
            ),
            Self::NotAFile { path } => write!(f, "{} is not a regular file", path.display()),
            Self::HardLink { path, names } => write!(
                f,
                "{} has {names} names (hard links), expected one before it is written to; remove it",
                path.display()
            ),
            Self::Owner { path, owner, user } => write!(
                f,
                "{} belongs to user {owner}, and this process runs as user {user}; name another file",
                path.display()
            ),
            Self::Busy { path } => {
                write!(f, "{} is being replaced again and again; try later", path.display())
            }
            Self::Primary { path, text } => write!(
                f,
                "{} says {text:?}, expected one line with a name that begins with tkt; remove the file",
                path.display()
            ),
            Self::Unsupported { name, operation } => write!(f, "{name} cannot {operation}"),
            Self::Kcm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CacheError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Format { error, .. } => Some(error),
            Self::Value(error) => Some(error),
            Self::Kcm(error) => error.source(),
            _ => None,
        }
    }
}

impl From<KcmError> for CacheError {
    fn from(error: KcmError) -> Self {
        Self::Kcm(error)
    }
}

impl From<WriteError> for CacheError {
    fn from(error: WriteError) -> Self {
        Self::Value(error)
    }
}

impl Diagnose for CacheError {
    fn blame(&self) -> Blame {
        match self {
            Self::Value(_) | Self::Unsupported { .. } => Blame::Caller,
            Self::Kcm(error) => error.blame(),
            _ => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Type { .. } => "cache_type",
            Self::Name { .. } => "cache_name",
            Self::NotFound { .. } => "cache_not_found",
            Self::Io { .. } => "cache_io",
            Self::Format { .. } => "cache_format",
            Self::Value(_) => "cache_value",
            Self::TooLarge { .. } => "cache_too_large",
            Self::SymbolicLink { .. } => "cache_symbolic_link",
            Self::NotAFile { .. } => "cache_not_a_file",
            Self::HardLink { .. } => "cache_hard_link",
            Self::Owner { .. } => "cache_owner",
            Self::Busy { .. } => "cache_busy",
            Self::Primary { .. } => "cache_primary",
            Self::Unsupported { .. } => "cache_unsupported",
            Self::Kcm(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::NotFound { .. } => MajorStatus::NO_CRED,
            Self::Format { .. } | Self::TooLarge { .. } => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::Unsupported { .. } => MajorStatus::UNAVAILABLE,
            Self::Kcm(error) => error.major(),
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Kcm(error) => error.minor(),
            _ => None,
        }
    }
}
