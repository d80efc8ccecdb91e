use alloc::string::String;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, der};
use krb5_crypto::PrfTooLong;
#[cfg(feature = "spake")]
use krb5_crypto::spake::SpakeError;

use crate::SecretError;

/// Why pre-authentication cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreauthError {
    /// The time now does not fit into a Kerberos message.
    Clock {
        /// That time.
        now: Timestamp,
    },
    /// What the KDC sent is no DER of its kind.
    Decode(DecodeError),
    /// A key could not be derived.
    Derive(PrfTooLong),
    /// Something is longer than DER can hold.
    Encode(der::Error),
    /// The KDC's encrypted challenge does not decrypt: the KDC does not know the client's key.
    KdcChallenge,
    /// A mechanism from outside failed.
    Mechanism {
        /// Who is at fault.
        blame: Blame,
        /// The broken rule as one stable word in snake case.
        code: &'static str,
        /// What happened and what to try.
        message: String,
    },
    /// The mechanism works inside FAST only.
    NotInsideFast,
    /// No key comes of the secret.
    Secret(SecretError),
    /// The KDC's public value for SPAKE cannot be used.
    #[cfg(feature = "spake")]
    Spake(SpakeError),
    /// The KDC wants a second factor.
    SpakeFactor,
    /// The KDC chose a group that was not offered.
    SpakeGroup {
        /// Its number.
        found: i32,
    },
    /// The KDC sent another SPAKE message than the one whose turn it is.
    SpakeMessage,
    /// The KDC replied before the mechanism was through.
    Unfinished,
}

impl fmt::Display for PreauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { now } => {
                write!(f, "the time {now} does not fit into a Kerberos message: set the clock")
            }
            Self::Decode(error) => write!(f, "the KDC's pre-authentication data cannot be read: {error}"),
            Self::Derive(error) => write!(f, "no key for pre-authentication: {error}"),
            Self::Encode(error) => write!(f, "the request cannot be written: {error}"),
            Self::KdcChallenge => f.write_str(
                "the KDC's encrypted challenge does not decrypt: it does not know the client's key",
            ),
            Self::Mechanism { message, .. } => f.write_str(message),
            Self::NotInsideFast => f.write_str("the encrypted challenge needs FAST: give an armor ticket"),
            Self::Secret(error) => error.fmt(f),
            #[cfg(feature = "spake")]
            Self::Spake(error) => error.fmt(f),
            Self::SpakeFactor => {
                f.write_str("the KDC wants a second factor beside the password, which is not known here")
            }
            Self::SpakeGroup { found } => {
                write!(f, "the KDC chose the SPAKE group {found}, which was not offered")
            }
            Self::SpakeMessage => f.write_str("the KDC sent a SPAKE message out of turn"),
            Self::Unfinished => f.write_str("the KDC replied before pre-authentication was through"),
        }
    }
}

impl core::error::Error for PreauthError {}

impl Diagnose for PreauthError {
    fn blame(&self) -> Blame {
        match self {
            Self::Clock { .. } | Self::Encode(_) | Self::NotInsideFast => Blame::Caller,
            Self::Derive(_) | Self::SpakeFactor => Blame::Environment,
            Self::Mechanism { blame, .. } => *blame,
            Self::Secret(error) => error.blame(),
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Clock { .. } => "clock_out_of_range",
            Self::Decode(_) => "malformed_preauth",
            Self::Derive(_) => "preauth_key",
            Self::Encode(_) => "request_too_long",
            Self::KdcChallenge => "kdc_challenge",
            Self::Mechanism { code, .. } => code,
            Self::NotInsideFast => "preauth_needs_fast",
            Self::Secret(error) => error.code(),
            #[cfg(feature = "spake")]
            Self::Spake(_) => "spake_public_value",
            Self::SpakeFactor => "spake_factor",
            Self::SpakeGroup { .. } => "spake_group",
            Self::SpakeMessage => "spake_message",
            Self::Unfinished => "preauth_unfinished",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Secret(error) => error.major(),
            Self::KdcChallenge => MajorStatus::BAD_MIC,
            Self::Decode(_) => MajorStatus::DEFECTIVE_TOKEN,
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Secret(error) => error.minor(),
            Self::KdcChallenge => Some(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY.0),
            _ => None,
        }
    }
}

impl From<DecodeError> for PreauthError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<der::Error> for PreauthError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error)
    }
}

impl From<PrfTooLong> for PreauthError {
    fn from(error: PrfTooLong) -> Self {
        Self::Derive(error)
    }
}

impl From<SecretError> for PreauthError {
    fn from(error: SecretError) -> Self {
        Self::Secret(error)
    }
}

#[cfg(feature = "spake")]
impl From<SpakeError> for PreauthError {
    fn from(error: SpakeError) -> Self {
        Self::Spake(error)
    }
}
