use crate::{BoxError, Mechanism};
use core::fmt;
use gss_http::Scheme;
use krb5_asn1::Principal;
use krb5_net::credentials::CredentialsError;

/// Why there is nothing to log in with.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// There is no ticket for the service.
    Ticket {
        /// The service.
        service: String,
        /// Why.
        source: CredentialsError,
    },
    /// There is no ticket to delegate.
    Delegation {
        /// The service.
        service: String,
        /// Why.
        source: CredentialsError,
    },
    /// A ticket is to be delegated, and the login has no way to get one.
    NoForwarding,
    /// The credentials are another client's than they were: somebody else logged in to the cache.
    OtherClient {
        /// Whose they were.
        expected: Principal,
        /// Whose they are.
        found: Principal,
    },
    /// The host is no part of a service's name.
    Host {
        /// The host.
        host: String,
    },
    /// The login has no tokens for the scheme.
    Scheme {
        /// The scheme.
        scheme: Scheme,
        /// How it logs in.
        mechanism: Mechanism,
    },
    /// NTLM is left, and the server has to prove who it is.
    ProvesNothing,
    /// A login of the caller's own fails for a reason of its own.
    Other(BoxError),
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticket { service, source } => write!(f, "no ticket for {service}: {source}"),
            Self::Delegation { service, source } => {
                write!(f, "no ticket to delegate to {service}: {source}")
            }
            Self::NoForwarding => f.write_str(
                "a ticket is to be delegated and the login cannot get one; give it a way to the KDC \
                 (KerberosLogin::forwarding), or take the host off the list for delegation",
            ),
            Self::OtherClient { expected, found } => {
                write!(f, "the tickets are of {found}, and were of {expected}; make a new login")
            }
            Self::Host { host } => write!(f, "host {host:?} makes no name of a service"),
            Self::Scheme { scheme, mechanism } => {
                write!(f, "a login by {mechanism:?} has no tokens for the scheme {scheme}")
            }
            Self::ProvesNothing => f.write_str(
                "NTLM proves nothing about the server, which is required to; \
                 use Kerberos, or Mutual::Optional if the server need not be known",
            ),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Ticket { source, .. } | Self::Delegation { source, .. } => Some(source),
            Self::Other(error) => Some(&**error),
            _ => None,
        }
    }
}
