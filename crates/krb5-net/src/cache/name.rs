//! Names of credential caches.

use core::fmt;
use core::str::FromStr;
use std::path::{Path, PathBuf};

use super::CacheError;
use crate::places::is_drive;

/// The name of a credential cache or of a collection of them, `TYPE:residual`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CacheName {
    /// `FILE:path`, or a path alone: one file.
    File(PathBuf),
    /// `DIR:path`: a folder with a file for each cache; which of them is meant, its file `primary` says.
    Directory(PathBuf),
    /// `DIR::path`: one file of such a folder. Its name begins with `tkt`.
    DirectoryFile(PathBuf),
    /// `MEMORY:name`: in this process only.
    Memory(String),
    /// `KCM:`: the caches of a daemon; it says which of them is meant.
    KcmPrimary,
    /// `KCM:name`: one cache of the daemon.
    Kcm(String),
}

/// What the names of files in a `DIR:` folder begin with.
pub(super) const SUBSIDIARY: &str = "tkt";

impl CacheName {
    /// Reads a name, as `KRB5CCNAME` has it.
    ///
    /// Without a type it is a file's path; so is a name that begins with `/` or with the letter of a drive, whatever
    /// colons it has.
    ///
    /// # Errors
    /// The type is not known here, or what follows it is no name of that type.
    pub fn parse(name: &str) -> Result<Self, CacheError> {
        let bad = |expected| CacheError::Name { name: name.into(), expected };
        let (kind, residual) = match name.split_once(':') {
            Some((kind, residual)) if !name.starts_with('/') && !is_drive(kind) => (kind, residual),
            _ => ("FILE", name),
        };
        if residual.contains('\0') {
            return Err(bad("a name without zero bytes"));
        }
        match kind {
            "FILE" if residual.is_empty() => Err(bad("the path of a file")),
            "FILE" => Ok(Self::File(residual.into())),
            "DIR" => match residual.strip_prefix(':') {
                Some(path) if is_subsidiary(Path::new(path)) => Ok(Self::DirectoryFile(path.into())),
                Some(_) => Err(bad("DIR::/folder/tkt... for one cache of a folder")),
                None if residual.is_empty() => Err(bad("the path of a folder")),
                None => Ok(Self::Directory(residual.into())),
            },
            "MEMORY" => Ok(Self::Memory(residual.into())),
            "KCM" if residual.is_empty() => Ok(Self::KcmPrimary),
            "KCM" => Ok(Self::Kcm(residual.into())),
            _ => Err(CacheError::Type { kind: kind.into(), name: name.into() }),
        }
    }
}

fn is_subsidiary(path: &Path) -> bool {
    let folder = path.parent().is_some_and(|folder| !folder.as_os_str().is_empty());
    folder && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SUBSIDIARY))
}

impl FromStr for CacheName {
    type Err = CacheError;

    fn from_str(name: &str) -> Result<Self, CacheError> {
        Self::parse(name)
    }
}

/// The name as other programs take it, with its type.
impl fmt::Display for CacheName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "FILE:{}", path.display()),
            Self::Directory(path) => write!(f, "DIR:{}", path.display()),
            Self::DirectoryFile(path) => write!(f, "DIR::{}", path.display()),
            Self::Memory(name) => write!(f, "MEMORY:{name}"),
            Self::KcmPrimary => f.write_str("KCM:"),
            Self::Kcm(name) => write!(f, "KCM:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, name, written) in [
            ("/tmp/x", CacheName::File("/tmp/x".into()), "FILE:/tmp/x"),
            ("relative", CacheName::File("relative".into()), "FILE:relative"),
            ("FILE:/tmp/x:y", CacheName::File("/tmp/x:y".into()), "FILE:/tmp/x:y"),
            ("/tmp/x:y", CacheName::File("/tmp/x:y".into()), "FILE:/tmp/x:y"),
            ("C:\\krb5cc", CacheName::File("C:\\krb5cc".into()), "FILE:C:\\krb5cc"),
            ("DIR:/run/cc", CacheName::Directory("/run/cc".into()), "DIR:/run/cc"),
            ("DIR::/run/cc/tktA", CacheName::DirectoryFile("/run/cc/tktA".into()), "DIR::/run/cc/tktA"),
            ("MEMORY:a:b", CacheName::Memory("a:b".into()), "MEMORY:a:b"),
            ("MEMORY:", CacheName::Memory(String::new()), "MEMORY:"),
            ("KCM:", CacheName::KcmPrimary, "KCM:"),
            ("KCM:0:1", CacheName::Kcm("0:1".into()), "KCM:0:1"),
        ] {
            assert_eq!(CacheName::parse(text).unwrap(), name, "{text}");
            assert_eq!(name.to_string(), written);
            assert_eq!(CacheName::parse(written).unwrap(), name, "{written}");
        }
    }

    #[test]
    fn names_without_a_meaning_are_refused() {
        for text in ["FILE:", "", "DIR:", "DIR::", "DIR::tktA", "DIR::/run/cc/other", "DIR::/", "FILE:/a\0b"]
        {
            assert!(matches!(CacheName::parse(text), Err(CacheError::Name { .. })), "{text:?}");
        }
    }

    #[test]
    fn unknown_type_is_named_with_what_to_try() {
        for text in ["KEYRING:persistent:0", "API:", "MSLSA:", "dir:/run/cc", ":x"] {
            let error = CacheName::parse(text).unwrap_err();
            assert!(matches!(error, CacheError::Type { .. }), "{text}");
            assert!(error.to_string().contains("FILE:"), "{error}");
        }
    }
}
