//! Where things are by default: configuration, credential cache, keytabs.
//!
//! The order is that of MIT krb5: the variable of the [`Environment`], then the relation of `krb5.conf`, then a name
//! that is built in.

use core::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_files::config::{Config, ConfigError, Origin, PathTemplate, Setting, TokenError};
use krb5_files::{FormatError, Keytab};
use zeroize::Zeroizing;

use crate::cache::{CacheError, CacheName};
use crate::source;

mod environment;
mod user;

pub use environment::Environment;
pub use user::{Account, User};

/// The configuration files where `KRB5_CONFIG` names none.
const CONFIG_FILES: &str = if cfg!(windows) {
    "C:\\ProgramData\\MIT\\Kerberos5\\krb5.ini"
} else if cfg!(target_os = "macos") {
    "~/Library/Preferences/edu.mit.Kerberos:/Library/Preferences/edu.mit.Kerberos:/etc/krb5.conf"
} else {
    "/etc/krb5.conf"
};

/// The credential cache where nothing names one. macOS and Windows have stores of their own, which are not read here.
const CACHE: &str = if cfg!(windows) { "FILE:%{TEMP}\\krb5cc" } else { "FILE:/tmp/krb5cc_%{uid}" };
/// The keytab of acceptors where nothing names one.
const KEYTAB: &str = if cfg!(windows) { "FILE:C:\\Windows\\krb5kt" } else { "FILE:/etc/krb5.keytab" };
/// The keytab of initiators where nothing names one: that of Debian, Fedora and others.
const CLIENT_KEYTAB: &str = if cfg!(windows) {
    "FILE:C:\\Windows\\krb5clientkt"
} else if cfg!(target_os = "linux") {
    "FILE:/etc/krb5/user/%{euid}/client.keytab"
} else {
    "FILE:/var/krb5/user/%{euid}/client.keytab"
};

/// Largest keytab that is read, in bytes.
pub const MAX_KEYTAB: u64 = 16 << 20;

/// What decides where things are. Both parts can be set to anything, so that a program needs no environment.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The variables.
    pub environment: Environment,
    /// Whose process it is; `None` leaves `%{uid}`, `%{euid}` and `%{username}` without a value.
    pub user: Option<User>,
}

impl Places {
    /// Those of this process, as they are now.
    #[must_use]
    pub fn of_process() -> Self {
        let user = User::of_process();
        Self { environment: Environment::of_process(user.as_ref()), user }
    }

    /// The configuration files, in order of precedence.
    #[must_use]
    pub fn config_files(&self) -> Vec<String> {
        let list = self.environment.config.as_deref().unwrap_or(CONFIG_FILES);
        // A colon is part of most paths of Windows.
        let names: Vec<_> = if cfg!(windows) { vec![list] } else { list.split(':').collect() };
        names.into_iter().map(|name| self.at_home(name)).collect()
    }

    /// Reads the configuration. Where none of the files exists it is empty, as for MIT krb5; what MIT passes over in
    /// silence [`Config::warnings`] names, each with its file and line.
    ///
    /// # Errors
    /// Where a file breaks the grammar or a limit, or the only ones that exist may not be read.
    pub fn config(&self) -> Result<Config, ConfigError> {
        source::load(&self.config_files())
    }

    /// The credential cache: `KRB5CCNAME`, `default_ccache_name`, `FILE:/tmp/krb5cc_%{uid}`.
    ///
    /// # Errors
    /// A token has no value, or the name is of no type that is known here.
    pub fn cache(&self, config: &Config) -> Result<CacheName, PlaceError> {
        let default = config.libdefaults().default_ccache_name();
        let name = self.name(self.environment.cache.as_deref(), default, CACHE)?;
        CacheName::parse(&name).map_err(PlaceError::Cache)
    }

    /// The keytab of acceptors: `KRB5_KTNAME`, `default_keytab_name`, `FILE:/etc/krb5.keytab`.
    ///
    /// # Errors
    /// A token has no value, or the name is none of a file.
    pub fn keytab(&self, config: &Config) -> Result<PathBuf, PlaceError> {
        let default = config.libdefaults().default_keytab_name();
        keytab_path(&self.name(self.environment.keytab.as_deref(), default, KEYTAB)?)
    }

    /// The keytab of initiators: `KRB5_CLIENT_KTNAME`, `default_client_keytab_name`,
    /// `FILE:/etc/krb5/user/%{euid}/client.keytab`.
    ///
    /// # Errors
    /// A token has no value, or the name is none of a file.
    pub fn client_keytab(&self, config: &Config) -> Result<PathBuf, PlaceError> {
        let default = config.libdefaults().default_client_keytab_name();
        keytab_path(&self.name(self.environment.client_keytab.as_deref(), default, CLIENT_KEYTAB)?)
    }

    /// Puts the values of this process's tokens into a name, as `%{uid}`.
    ///
    /// # Errors
    /// A token has no value.
    pub fn expand(&self, template: PathTemplate<'_>) -> Result<String, TokenError> {
        template.expand(|token| match token {
            "uid" | "USERID" => self.user.map(|user| user.real.to_string()),
            "euid" => self.user.map(|user| user.effective.to_string()),
            "username" => Some(User::account(self.user?.effective)?.name),
            "TEMP" => Some(self.environment.temp.clone().unwrap_or_else(|| "/tmp".into())),
            // Those of MIT's installation are not known here.
            _ => None,
        })
    }

    fn name(
        &self,
        variable: Option<&str>,
        setting: Option<Setting<'_, PathTemplate<'_>>>,
        default: &str,
    ) -> Result<String, PlaceError> {
        // Variables have no tokens.
        if let Some(name) = variable {
            return Ok(name.into());
        }
        let (template, origin) = match setting {
            Some(setting) => (setting.value, setting.origin),
            None => (PathTemplate(default), Origin::Default),
        };
        let named =
            |error| PlaceError::Token { template: template.to_string(), origin: origin.to_string(), error };
        self.expand(template).map_err(named)
    }

    fn at_home(&self, name: &str) -> String {
        let Some(rest) = name.strip_prefix("~/") else { return name.into() };
        let home = self.environment.home.clone();
        match home.or_else(|| Some(User::account(self.user?.real)?.home)) {
            Some(home) => format!("{home}/{rest}"),
            None => name.into(),
        }
    }
}

/// The file that a keytab's name stands for: `FILE:` and `WRFILE:` go, a name without a type is a path.
///
/// # Errors
/// The name is of another type.
pub fn keytab_path(name: &str) -> Result<PathBuf, PlaceError> {
    let path = match name.split_once(':') {
        Some(("FILE" | "WRFILE", path)) => path,
        // As MIT krb5 has it: a drive letter, or a path with a colon in it.
        Some((drive, _)) if name.starts_with('/') || is_drive(drive) => name,
        Some((kind, _)) => {
            return Err(PlaceError::KeytabType { kind: kind.into(), name: name.into() });
        }
        None => name,
    };
    Ok(path.into())
}

/// Whether what stands before a colon is the letter of a drive and no type.
pub(crate) fn is_drive(text: &str) -> bool {
    text.len() == 1 && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Reads a keytab, at most [`MAX_KEYTAB`] bytes of it.
///
/// # Errors
/// The file cannot be read or is no keytab.
pub fn read_keytab(path: &Path) -> Result<Keytab, PlaceError> {
    let unreadable = |error| PlaceError::KeytabUnreadable { path: path.into(), error };
    let bytes = read_up_to(path, MAX_KEYTAB).map_err(unreadable)?;
    Keytab::parse(&bytes).map_err(|error| PlaceError::KeytabFormat { path: path.into(), error })
}

/// Reads a whole file of at most `limit` bytes. What is read may be secret.
pub(crate) fn read_up_to(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let expected = file.metadata()?.len().min(limit);
    // A vector that grows would leave parts of the content behind.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1)));
    file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Why a default place is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlaceError {
    /// A token of a name has no value.
    Token {
        /// The name.
        template: String,
        /// Where it stands: `FILE:LINE` or `default`.
        origin: String,
        /// Why.
        error: TokenError,
    },
    /// The credential cache's name.
    Cache(CacheError),
    /// A keytab of a type that is not a file.
    KeytabType {
        /// The type.
        kind: String,
        /// The whole name.
        name: String,
    },
    /// A keytab that cannot be read.
    KeytabUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that is no keytab.
    KeytabFormat {
        /// The file.
        path: PathBuf,
        /// Why.
        error: FormatError,
    },
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { template, origin, error } => write!(f, "{origin}: {template:?}: {error}"),
            Self::Cache(error) => error.fmt(f),
            Self::KeytabType { kind, name } => {
                write!(f, "keytab {name:?} is of type {kind}, expected a file; use FILE:/path")
            }
            Self::KeytabUnreadable { path, error } => write!(
                f,
                "keytab {} cannot be read: {error}; check the path, KRB5_KTNAME and the file's permissions",
                path.display()
            ),
            Self::KeytabFormat { path, error } => write!(f, "{} is no keytab: {error}", path.display()),
        }
    }
}

impl core::error::Error for PlaceError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Token { error, .. } => Some(error),
            Self::Cache(error) => error.source(),
            Self::KeytabType { .. } => None,
            Self::KeytabUnreadable { error, .. } => Some(error),
            Self::KeytabFormat { error, .. } => Some(error),
        }
    }
}

impl Diagnose for PlaceError {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Token { error, .. } => error.code(),
            Self::Cache(error) => error.code(),
            Self::KeytabType { .. } => "keytab_type",
            Self::KeytabUnreadable { .. } => "keytab_unreadable",
            Self::KeytabFormat { .. } => "keytab_format",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Token { .. } => MajorStatus::FAILURE,
            Self::Cache(error) => error.major(),
            _ => MajorStatus::NO_CRED,
        }
    }
}

#[cfg(test)]
mod tests;
