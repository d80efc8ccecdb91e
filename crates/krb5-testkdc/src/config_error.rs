//! Why a KDC could not be set up.

use core::fmt;

use krb5_asn1::{ParsePrincipalError, Principal};
use krb5_crypto::EncType;

/// Why a description of realms and accounts makes no KDC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A name of an account is not one.
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        error: ParsePrincipalError,
    },
    /// Two realms of the same name.
    DuplicateRealm {
        /// The name.
        realm: String,
    },
    /// Two accounts of the same name, or an alias that is a name already.
    DuplicateAccount {
        /// The name.
        principal: Principal,
    },
    /// A realm that is not served here.
    UnknownRealm {
        /// The name.
        realm: String,
    },
    /// An account that is not here.
    UnknownAccount {
        /// The name.
        principal: Principal,
    },
    /// A key of an enctype that this build does not have, or of the wrong length.
    Enctype {
        /// Whose key.
        principal: Principal,
        /// The enctype.
        enctype: EncType,
    },
    /// No round of PBKDF2 or too many, or a salt that is too long.
    StringToKey {
        /// Whose password.
        principal: Principal,
    },
    /// The account has no key that a ticket could be made with.
    NoKey {
        /// The account.
        principal: Principal,
    },
    /// What was to be made is too long for its format.
    TooLong,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, error } => write!(f, "account name {name:?}: {error}"),
            Self::DuplicateRealm { realm } => write!(f, "realm {realm} is there twice"),
            Self::DuplicateAccount { principal } => write!(f, "account {principal} is there twice"),
            Self::UnknownRealm { realm } => write!(f, "realm {realm} is not served by this KDC"),
            Self::UnknownAccount { principal } => write!(f, "account {principal} is not in this KDC"),
            Self::Enctype { principal, enctype } => {
                write!(f, "key of {principal} of {enctype}, which this build does not have in that length")
            }
            Self::StringToKey { principal } => {
                write!(f, "password of {principal} with a salt or a number of rounds beyond the limits")
            }
            Self::NoKey { principal } => write!(f, "account {principal} has no key for tickets"),
            Self::TooLong => f.write_str("value too long for its format"),
        }
    }
}

impl core::error::Error for ConfigError {}
