//! Why a PAC was refused.

use core::fmt;

use krb5_asn1::{ErrorCode, KerberosTime};
use krb5_crypto::{ChecksumType, EncType};

use super::{MAX_PAC_BUFFERS, MAX_PAC_LEN, PacBufferType};
use crate::transited::Excerpt;

/// The rule that a PAC broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacError {
    /// Longer than [`MAX_PAC_LEN`].
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Too short for its table of buffers.
    Truncated {
        /// Its length in bytes.
        len: usize,
    },
    /// A version other than 0.
    Version {
        /// The version it states.
        seen: u32,
    },
    /// No buffer, or more than [`MAX_PAC_BUFFERS`].
    BufferCount {
        /// The number it states.
        seen: u32,
    },
    /// An offset that is not a multiple of 8.
    Misaligned {
        /// The buffer.
        buffer_type: PacBufferType,
        /// Its offset in bytes.
        offset: u64,
    },
    /// A buffer that begins within the table or ends behind the PAC.
    OutOfBounds {
        /// The buffer.
        buffer_type: PacBufferType,
        /// Its offset in bytes.
        offset: u64,
        /// Its size in bytes.
        size: u32,
    },
    /// Two buffers share bytes.
    Overlap {
        /// The one that comes first in the table.
        one: PacBufferType,
        /// The other.
        other: PacBufferType,
    },
    /// A buffer that every PAC has is not there.
    Missing {
        /// The buffer.
        buffer_type: PacBufferType,
    },
    /// A signature of a type that is unknown, has no key, or is not the key's.
    SignatureType {
        /// The signature.
        buffer_type: PacBufferType,
        /// Its type.
        seen: ChecksumType,
        /// The type that belongs to the service's key; `None` for the KDC's signature, whose key is not known.
        expected: Option<ChecksumType>,
    },
    /// A signature buffer too short for a signature of its type.
    SignatureLength {
        /// The signature.
        buffer_type: PacBufferType,
        /// The buffer's size in bytes.
        size: usize,
    },
    /// The server signature does not verify: the PAC was altered, or signed with another key.
    Signature {
        /// Enctype of the service's key.
        enctype: EncType,
    },
    /// The client info is too short for its name, or the name is not made of 16-bit units.
    ClientInfo {
        /// The buffer's size in bytes.
        size: usize,
    },
    /// The PAC belongs to another client than the ticket.
    ClientName {
        /// The client that the PAC names.
        seen: Excerpt,
    },
    /// The PAC belongs to another authentication than the ticket.
    AuthTime {
        /// When the client authenticated according to the PAC, in seconds since 1970.
        seen: i64,
        /// When it did according to the ticket.
        expected: KerberosTime,
    },
}

impl PacError {
    /// The code for a KRB-ERROR to the client.
    #[must_use]
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::SignatureType { .. } => ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
            Self::ClientName { .. } | Self::AuthTime { .. } => ErrorCode::KRB_AP_ERR_BADMATCH,
            _ => ErrorCode::KRB_AP_ERR_MODIFIED,
        }
    }
}

impl fmt::Display for PacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(f, "PAC of {len} bytes, more than the limit of {MAX_PAC_LEN}"),
            Self::Truncated { len } => write!(f, "PAC of {len} bytes, too short for its table of buffers"),
            Self::Version { seen } => write!(f, "PAC version {seen}, expected 0"),
            Self::BufferCount { seen } => {
                write!(f, "PAC with {seen} buffers, expected 1 to {MAX_PAC_BUFFERS}")
            }
            Self::Misaligned { buffer_type, offset } => {
                write!(f, "PAC {buffer_type} at offset {offset}, expected a multiple of 8")
            }
            Self::OutOfBounds { buffer_type, offset, size } => {
                write!(f, "PAC {buffer_type} of {size} bytes at offset {offset} is not inside the PAC")
            }
            Self::Overlap { one, other } => write!(f, "PAC {one} and {other} share bytes"),
            Self::Missing { buffer_type } => write!(f, "PAC has no {buffer_type}"),
            Self::SignatureType { buffer_type, seen, expected: Some(expected) } => {
                write!(f, "PAC {buffer_type} is of type {seen}, expected {expected}")
            }
            Self::SignatureType { buffer_type, seen, expected: None } => {
                write!(f, "PAC {buffer_type} is of type {seen}, expected a known type with a key")
            }
            Self::SignatureLength { buffer_type, size } => {
                write!(f, "PAC {buffer_type} of {size} bytes is too short for its type")
            }
            Self::Signature { enctype } => write!(
                f,
                "PAC server signature does not verify with the service's {enctype} key: altered, or signed with \
                 another key"
            ),
            Self::ClientInfo { size } => write!(f, "PAC client info of {size} bytes is malformed"),
            Self::ClientName { seen } => write!(f, "PAC is for client {seen}, not for the ticket's"),
            Self::AuthTime { seen, expected } => match KerberosTime::from_unix(*seen) {
                Some(seen) => write!(f, "PAC is for authentication at {seen}, the ticket for {expected}"),
                None => write!(f, "PAC is for authentication at {seen} s, the ticket for {expected}"),
            },
        }
    }
}

impl core::error::Error for PacError {}
