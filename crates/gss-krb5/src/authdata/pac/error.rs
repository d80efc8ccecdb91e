//! Why a PAC was refused.

use core::fmt;

use krb5_asn1::{ErrorCode, KerberosTime};
use krb5_pac::signature::SignatureFault;
use krb5_pac::{BufferType, PacErrorKind};

use crate::transited::Excerpt;

/// The rule that a PAC broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacError {
    /// The table of buffers or the client info is broken.
    Malformed(krb5_pac::PacError),
    /// A buffer that every PAC has is not there.
    Missing {
        /// The buffer.
        buffer_type: BufferType,
    },
    /// The server signature is wrong: of a type that is not the key's, altered, or made with another key. Or the
    /// KDC's is malformed, whose place it depends on.
    ServerSignature(SignatureFault),
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
            Self::ServerSignature(
                SignatureFault::Type { .. }
                | SignatureFault::Malformed(krb5_pac::PacError {
                    kind: PacErrorKind::SignatureType { .. },
                    ..
                }),
            ) => ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
            Self::ClientName { .. } | Self::AuthTime { .. } => ErrorCode::KRB_AP_ERR_BADMATCH,
            _ => ErrorCode::KRB_AP_ERR_MODIFIED,
        }
    }
}

impl From<krb5_pac::PacError> for PacError {
    fn from(error: krb5_pac::PacError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for PacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Missing { buffer_type } => write!(f, "PAC has no {buffer_type}"),
            Self::ServerSignature(fault) => write!(f, "server signature: {fault}"),
            Self::ClientName { seen } => write!(f, "PAC is for client {seen}, not for the ticket's"),
            Self::AuthTime { seen, expected } => match KerberosTime::from_unix(*seen) {
                Some(seen) => write!(f, "PAC is for authentication at {seen}, the ticket for {expected}"),
                None => write!(f, "PAC is for authentication at {seen} s, the ticket for {expected}"),
            },
        }
    }
}

impl core::error::Error for PacError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::ServerSignature(fault) => Some(fault),
            _ => None,
        }
    }
}
