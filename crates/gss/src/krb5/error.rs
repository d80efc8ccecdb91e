use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_asn1::Principal;
use krb5_crypto::KeyError;
use krb5_files::FormatError;

/// Credentials are not there, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The bytes are no credential cache.
    Ccache(FormatError),
    /// The bytes are no keytab.
    Keytab(FormatError),
    /// The keytab has no key that this build can use.
    NoKeys {
        /// Enctypes of the keys that it has.
        passed_over: Vec<String>,
    },
    /// There is no ticket for a service.
    NoTicket {
        /// The service, `service/host`.
        wanted: String,
        /// Whose tickets these are.
        client: Principal,
        /// The services that there are tickets for.
        present: Vec<Principal>,
    },
    /// There is a ticket for the service, but this build cannot use it.
    UnsupportedTicket(HeldService),
}

/// A service that there is a ticket for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldService {
    /// The service.
    pub server: Principal,
    /// Why the ticket's session key cannot be used.
    pub reason: KeyError,
}

/// How many names an error lists.
const MAX_LISTED: usize = 8;

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ccache(error) => write!(f, "not a credential cache: {error}"),
            Self::Keytab(error) => write!(f, "not a keytab: {error}"),
            Self::NoKeys { passed_over } if passed_over.is_empty() => f.write_str("the keytab is empty"),
            Self::NoKeys { passed_over } => {
                f.write_str("the keytab has no key of a supported enctype, it has ")?;
                list(f, passed_over)
            }
            Self::NoTicket { wanted, client, present } => {
                write!(f, "no ticket for {wanted} among the credentials of {client}, which are for ")?;
                list(f, present)?;
                match wanted.starts_with("krbtgt/") {
                    true => f.write_str("; get one with `kinit`"),
                    false => write!(f, "; get one with `kvno {wanted}`"),
                }
            }
            Self::UnsupportedTicket(HeldService { server, reason }) => {
                write!(f, "the ticket for {server} cannot be used: {reason}")
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("nothing");
    }
    for (index, item) in items.iter().take(MAX_LISTED).enumerate() {
        write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
    }
    match items.len().checked_sub(MAX_LISTED) {
        Some(more @ 1..) => write!(f, " and {more} more"),
        _ => Ok(()),
    }
}

impl core::error::Error for CredentialsError {}

impl Diagnose for CredentialsError {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Ccache(_) => "malformed_ccache",
            Self::Keytab(_) => "malformed_keytab",
            Self::NoKeys { .. } => "no_keys",
            Self::NoTicket { .. } => "no_ticket",
            Self::UnsupportedTicket(_) => "unsupported_ticket",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Ccache(_) | Self::Keytab(_) => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::NoKeys { .. } | Self::NoTicket { .. } | Self::UnsupportedTicket(_) => MajorStatus::NO_CRED,
        }
    }
}
