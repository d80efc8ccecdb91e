//! Why authorization data was refused.

use core::fmt;

use krb5_asn1::{AuthDataType, DecodeError, ErrorCode};
use krb5_crypto::ChecksumType;

use super::pac::PacError;
use super::{MAX_DEPTH, MAX_ELEMENTS};

/// The rule that authorization data broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthDataError {
    /// An element whose content is not what its type calls for.
    Malformed {
        /// The element's type.
        ad_type: AuthDataType,
        /// Where and how its content is broken.
        error: DecodeError,
    },
    /// AD-IF-RELEVANT nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_ELEMENTS`] elements on all levels.
    TooManyElements,
    /// An element of unknown meaning outside AD-IF-RELEVANT.
    Unknown {
        /// Its type.
        ad_type: AuthDataType,
    },
    /// AD-AND-OR, which is not implemented and must not be ignored.
    AndOr,
    /// AD-KDC-ISSUED without its checksum or its elements.
    KdcIssuedField,
    /// AD-KDC-ISSUED with a checksum that is not of the session key's type.
    KdcIssuedChecksumType {
        /// The checksum's type.
        seen: ChecksumType,
        /// The type that belongs to the session key.
        expected: Option<ChecksumType>,
    },
    /// AD-KDC-ISSUED with a checksum that the session key did not make.
    KdcIssuedChecksum,
    /// AD-AUTH-DATA-AP-OPTIONS that is not four bytes long.
    ApOptionsLength {
        /// Its length in bytes.
        len: usize,
    },
    /// The ticket has no PAC, which the policy requires.
    NoPac,
    /// The ticket has more than one PAC.
    SecondPac,
    /// The PAC does not verify.
    Pac(PacError),
}

impl AuthDataError {
    /// The code for a KRB-ERROR to the client.
    #[must_use]
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::Pac(error) => error.error_code(),
            Self::KdcIssuedChecksumType { .. } => ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
            Self::KdcIssuedChecksum => ErrorCode::KRB_AP_ERR_MODIFIED,
            // What RFC 4120 has no code for.
            _ => ErrorCode::KRB_ERR_GENERIC,
        }
    }
}

impl fmt::Display for AuthDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { ad_type, error } => {
                write!(f, "authorization data of type {} is malformed: {error}", ad_type.0)
            }
            Self::TooDeep => write!(f, "authorization data nested more than {MAX_DEPTH} levels deep"),
            Self::TooManyElements => {
                write!(f, "authorization data with more than {MAX_ELEMENTS} elements")
            }
            Self::Unknown { ad_type } => write!(
                f,
                "authorization data of unknown type {}, expected to find such only in AD-IF-RELEVANT",
                ad_type.0
            ),
            Self::AndOr => f.write_str("authorization data AD-AND-OR, which is not supported"),
            Self::KdcIssuedField => f.write_str("AD-KDC-ISSUED lacks its checksum or its elements"),
            Self::KdcIssuedChecksumType { seen, expected: Some(expected) } => {
                write!(f, "AD-KDC-ISSUED has a checksum of type {seen}, expected {expected}")
            }
            Self::KdcIssuedChecksumType { seen, expected: None } => {
                write!(f, "AD-KDC-ISSUED has a checksum of type {seen}, which the session key has none for")
            }
            Self::KdcIssuedChecksum => {
                f.write_str("AD-KDC-ISSUED has a checksum that was not made with the session key")
            }
            Self::ApOptionsLength { len } => write!(f, "AP options of {len} bytes, expected 4"),
            Self::NoPac => f.write_str("ticket has no PAC, which the policy requires"),
            Self::SecondPac => f.write_str("ticket has more than one PAC"),
            Self::Pac(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AuthDataError {}

impl From<PacError> for AuthDataError {
    fn from(error: PacError) -> Self {
        Self::Pac(error)
    }
}
