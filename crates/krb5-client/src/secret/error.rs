use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_asn1::{DecodeError, ErrorCode, Principal};
use krb5_crypto::{EncType, StringToKeyError};

use crate::reply::List;

/// Why no key comes of a [`Secret`](crate::Secret).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The KDC has keys of the client in other enctypes only.
    NoCommonEncType {
        /// The KDC's; empty if it does not say.
        offered: Box<[EncType]>,
        /// Ours.
        usable: Box<[EncType]>,
    },
    /// There is no key of a wanted enctype.
    NoEncType {
        /// The enctypes wanted.
        wanted: Box<[EncType]>,
        /// Those that there are keys of.
        present: Box<[EncType]>,
    },
    /// The keytab has no key of the principal.
    NotInKeytab {
        /// The principal.
        principal: Principal,
        /// The principals that it has keys of.
        present: Vec<Principal>,
    },
    /// What the KDC says about salts and parameters cannot be read.
    Parameters(DecodeError),
    /// The password cannot be turned into a key, or the KDC asks for too much work.
    StringToKey(StringToKeyError),
    /// The keytab has keys of the principal, none of which this build can use.
    Unusable {
        /// Their enctypes.
        present: Vec<EncType>,
    },
}

/// Most names that a message repeats.
const MAX_LISTED: usize = 5;

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommonEncType { offered, usable } if offered.is_empty() => write!(
                f,
                "the KDC has no key of the client of {}: allow another enctype, or change the password so that new \
                 keys are made",
                List(usable)
            ),
            Self::NoCommonEncType { offered, usable } => write!(
                f,
                "the KDC has keys of the client of {}, usable are {}: allow another enctype, or change the password \
                 so that new keys are made",
                List(offered),
                List(usable)
            ),
            Self::NoEncType { wanted, present } => write!(
                f,
                "no key of the enctypes allowed ({}), there are keys of: {}; allow another enctype, or make new keys",
                List(wanted),
                List(present)
            ),
            Self::NotInKeytab { principal, present } => {
                write!(f, "the keytab has no key of {principal}, it has keys of:")?;
                if present.is_empty() {
                    return f.write_str(" nobody");
                }
                for (index, principal) in present.iter().take(MAX_LISTED).enumerate() {
                    write!(f, "{} {principal}", if index > 0 { "," } else { "" })?;
                }
                match present.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
                    Some(more) => write!(f, " and {more} more"),
                    None => Ok(()),
                }
            }
            Self::Parameters(error) => write!(f, "the KDC's salts and parameters cannot be read: {error}"),
            Self::StringToKey(error) => error.fmt(f),
            Self::Unusable { present } => write!(
                f,
                "the keytab has keys of {} only, which this build cannot use: make new keys",
                List(present)
            ),
        }
    }
}

impl core::error::Error for SecretError {}

impl Diagnose for SecretError {
    fn blame(&self) -> Blame {
        match self {
            Self::Parameters(_) | Self::StringToKey(_) => Blame::Peer,
            _ => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoCommonEncType { .. } => "no_common_enctype",
            Self::NoEncType { .. } => "no_key_of_enctype",
            Self::NotInKeytab { .. } => "not_in_keytab",
            Self::Parameters(_) => "malformed_key_parameters",
            Self::StringToKey(StringToKeyError::TooManyIterations { .. }) => "too_many_iterations",
            Self::StringToKey(_) => "string_to_key",
            Self::Unusable { .. } => "unusable_keys",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::NotInKeytab { .. } => MajorStatus::NO_CRED,
            Self::Parameters(_) => MajorStatus::DEFECTIVE_TOKEN,
            Self::StringToKey(_) => MajorStatus::FAILURE,
            _ => MajorStatus::DEFECTIVE_CREDENTIAL,
        }
    }

    fn minor(&self) -> Option<i32> {
        matches!(self, Self::NoCommonEncType { .. } | Self::NoEncType { .. } | Self::Unusable { .. })
            .then_some(ErrorCode::KDC_ERR_ETYPE_NOSUPP.0)
    }
}
