//! Why there is no ticket.

use alloc::sync::Arc;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::Principal;
use krb5_client::{AsError, RunError, SecretError, TgsError};
use krb5_crypto::KeyError;
use krb5_files::config::ValueError;

use crate::TransportError;
use crate::cache::CacheError;
use crate::places::PlaceError;

/// Why there is no ticket. Clones share what they say, for all who waited for the same fetch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The login failed.
    As(Arc<AsError>),
    /// The ticket-granting ticket gives no ticket for the service, or cannot be renewed.
    Tgs(Arc<TgsError>),
    /// No KDC answered.
    Transport(Arc<TransportError>),
    /// The keytab cannot be read.
    Keytab(Arc<PlaceError>),
    /// The keytab has no key of use.
    Secret(Arc<SecretError>),
    /// The cache cannot be read.
    Cache(Arc<CacheError>),
    /// The cache has no ticket-granting ticket.
    NoTgt {
        /// The cache.
        cache: String,
        /// Whose it is.
        client: Principal,
    },
    /// The cache's ticket-granting ticket has ended.
    Expired {
        /// The cache.
        cache: String,
        /// When it ended.
        end: Timestamp,
        /// The time now, by the KDC's clock.
        now: Timestamp,
    },
    /// The key of a ticket in the cache is of an enctype that this build does not have.
    Key {
        /// The cache.
        cache: String,
        /// What is wrong with the key.
        error: KeyError,
    },
    /// What `krb5.conf` says about enctypes.
    Config(Arc<ValueError>),
    /// The fetch ended without an outcome, several times: its runtime was shut down, or it panicked.
    Abandoned,
}

impl CredentialsError {
    fn inner(&self) -> Option<&(dyn Diagnose + 'static)> {
        Some(match self {
            Self::As(error) => &**error,
            Self::Tgs(error) => &**error,
            Self::Transport(error) => &**error,
            Self::Keytab(error) => &**error,
            Self::Secret(error) => &**error,
            Self::Cache(error) => &**error,
            Self::Config(error) => &**error,
            Self::NoTgt { .. } | Self::Expired { .. } | Self::Key { .. } | Self::Abandoned => return None,
        })
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(inner) = self.inner() {
            return fmt::Display::fmt(inner, f);
        }
        match self {
            Self::NoTgt { cache, client } => {
                write!(f, "{cache} has no ticket-granting ticket of {client}; log in with kinit")
            }
            Self::Expired { cache, end, now } => {
                write!(
                    f,
                    "the ticket-granting ticket in {cache} ended at {end}, it is {now} now; log in with kinit"
                )
            }
            Self::Key { cache, error } => write!(f, "a ticket in {cache} is of no use: {error}"),
            _ => {
                f.write_str("the fetch of a ticket was cut off; ask again while the program's runtime lasts")
            }
        }
    }
}

impl core::error::Error for CredentialsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Key { error, .. } => Some(error),
            _ => self.inner().and_then(core::error::Error::source),
        }
    }
}

impl Diagnose for CredentialsError {
    fn blame(&self) -> Blame {
        self.inner().map_or(Blame::Environment, Diagnose::blame)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoTgt { .. } => "no_tgt",
            Self::Expired { .. } => "tgt_expired",
            Self::Key { .. } => "cache_key",
            _ => self.inner().map_or("fetch_abandoned", Diagnose::code),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::NoTgt { .. } => MajorStatus::NO_CRED,
            Self::Expired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::Key { .. } => MajorStatus::DEFECTIVE_CREDENTIAL,
            _ => self.inner().map_or(MajorStatus::FAILURE, Diagnose::major),
        }
    }

    fn minor(&self) -> Option<i32> {
        self.inner().and_then(Diagnose::minor)
    }
}

impl From<AsError> for CredentialsError {
    fn from(error: AsError) -> Self {
        Self::As(Arc::new(error))
    }
}

impl From<TgsError> for CredentialsError {
    fn from(error: TgsError) -> Self {
        Self::Tgs(Arc::new(error))
    }
}

impl From<TransportError> for CredentialsError {
    fn from(error: TransportError) -> Self {
        Self::Transport(Arc::new(error))
    }
}

impl From<PlaceError> for CredentialsError {
    fn from(error: PlaceError) -> Self {
        Self::Keytab(Arc::new(error))
    }
}

impl From<SecretError> for CredentialsError {
    fn from(error: SecretError) -> Self {
        Self::Secret(Arc::new(error))
    }
}

impl From<CacheError> for CredentialsError {
    fn from(error: CacheError) -> Self {
        Self::Cache(Arc::new(error))
    }
}

impl From<ValueError> for CredentialsError {
    fn from(error: ValueError) -> Self {
        Self::Config(Arc::new(error))
    }
}

impl<X: Into<Self>> From<RunError<X, TransportError>> for CredentialsError {
    fn from(error: RunError<X, TransportError>) -> Self {
        match error {
            RunError::Exchange(error) => error.into(),
            RunError::Transport(error) => error.into(),
        }
    }
}
