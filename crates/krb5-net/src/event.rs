//! What an observer is told while an answer is waited for.

use core::fmt;
use core::time::Duration;

use krb5_client::Service;

use crate::attempt::Seconds;
use crate::{Endpoint, KdcAddress, Origin, Reason};

/// What happens while an answer is waited for. `Display` gives one line for people.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The servers of a realm are known.
    Located {
        /// The realm.
        realm: &'a str,
        /// What they are asked for.
        service: Service,
        /// The servers, in the order in which they will be asked.
        servers: &'a [KdcAddress],
        /// Where their names come from.
        origin: &'a Origin,
    },
    /// A server is asked.
    Asking {
        /// The server.
        server: &'a KdcAddress,
        /// Where and how.
        endpoint: Endpoint,
        /// How often it has been asked with this time, from 1.
        times: u32,
    },
    /// A server gave no answer.
    Failed {
        /// The server.
        server: &'a KdcAddress,
        /// Where and how it was asked, if it came to that.
        endpoint: Option<Endpoint>,
        /// Why.
        reason: &'a Reason,
    },
    /// A server answered.
    Answered {
        /// The server.
        server: &'a KdcAddress,
        /// Where and how it was asked.
        endpoint: Endpoint,
        /// Length of the answer.
        len: usize,
        /// Time since the request was handed over.
        elapsed: Duration,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Located { realm, servers, origin, .. } => {
                write!(f, "servers of {realm} by {origin}:")?;
                servers.iter().try_for_each(|server| write!(f, " {server}"))
            }
            Self::Asking { endpoint, server, times } => {
                write!(f, "asking {server} ({endpoint})")?;
                if *times > 1 { write!(f, ", time {times}") } else { Ok(()) }
            }
            Self::Failed { server, endpoint: Some(endpoint), reason } => {
                write!(f, "{server} ({endpoint}): {reason}")
            }
            Self::Failed { server, endpoint: None, reason } => write!(f, "{server}: {reason}"),
            Self::Answered { server, endpoint, len, elapsed } => {
                write!(f, "{server} ({endpoint}) answered with {len} bytes after {}", Seconds(*elapsed))
            }
        }
    }
}
