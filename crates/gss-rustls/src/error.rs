use crate::MAX_END_POINTS;
use alloc::string::String;
use core::fmt;
use gss_core::bindings::TlsChannel;

/// Why a certificate gives no `tls-server-end-point`.
///
/// A server may leave such a certificate out of its [`ServerEndPoints`](crate::ServerEndPoints), and a client may go on
/// without it (see [`ChannelError::EndPoint`]). A hash that the two sides choose differently would refuse everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndPointError {
    /// It is no certificate in DER. A raw public key (RFC 7250) is none either.
    NotACertificate {
        /// Which part of it was expected and is not there.
        part: &'static str,
    },
    /// It is signed by an algorithm whose hash is not known here, or is a hash that is not made here, as those of SHA-3.
    UnknownAlgorithm {
        /// The algorithm of the signature, or with RSASSA-PSS that of its hash, as numbers with dots.
        oid: String,
    },
    /// A server has more certificates than can be compared with.
    TooMany,
}

impl fmt::Display for EndPointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACertificate { part } => {
                write!(f, "certificate cannot be read: {part} is not there; expected X.509 in DER")
            }
            Self::UnknownAlgorithm { oid } => write!(
                f,
                "certificate is signed by {oid}, whose hash is not known here, so it has no tls-server-end-point; \
                 expected RSA, RSASSA-PSS, ECDSA or DSA with SHA-1 or SHA-2, or Ed25519; use tls-exporter, or another \
                 certificate"
            ),
            Self::TooMany => {
                write!(
                    f,
                    "more than {MAX_END_POINTS} certificates of one server; leave out those that are not in use"
                )
            }
        }
    }
}

impl core::error::Error for EndPointError {}

/// Why a connection gives no channel to bind to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The handshake is not done yet.
    Handshaking,
    /// The server's certificate has no binding that is known here.
    EndPoint {
        /// Why.
        reason: EndPointError,
        /// All else that the connection can be bound to.
        rest: TlsChannel,
    },
    /// Rustls exports nothing.
    Exporter(rustls::Error),
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshaking => f.write_str("TLS handshake is not done; ask for the channel after it"),
            Self::EndPoint { .. } => f.write_str("no channel binding to the server's certificate"),
            Self::Exporter(_) => f.write_str("no channel binding from the exporter of TLS"),
        }
    }
}

impl core::error::Error for ChannelError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::EndPoint { reason, .. } => Some(reason),
            Self::Exporter(error) => Some(error),
            Self::Handshaking => None,
        }
    }
}
