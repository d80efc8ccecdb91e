use super::BoxError;
use core::fmt;
use core::net::SocketAddr;
use std::io;

/// What happened to a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A connection came.
    Accepted {
        /// Whose it is.
        peer: SocketAddr,
    },
    /// A connection could not be accepted; the server goes on.
    AcceptFailed {
        /// What the system says.
        error: io::Error,
    },
    /// There was no place for a connection.
    TurnedAway {
        /// Whose it was.
        peer: SocketAddr,
    },
    /// The TLS handshake failed, or took too long.
    NoTls {
        /// Whose it was.
        peer: SocketAddr,
        /// Why.
        error: BoxError,
    },
    /// A connection ended.
    Closed {
        /// Whose it was.
        peer: SocketAddr,
        /// How many requests it had.
        requests: u64,
        /// Why.
        reason: Closed,
    },
}

/// Why a connection ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Closed {
    /// One side had enough, as HTTP has it.
    Done,
    /// No request came in time.
    Idle,
    /// It had as many requests as it may have.
    Requests,
    /// The server shuts down.
    Shutdown,
    /// The client broke off, broke the protocol, or took too long.
    Failed(BoxError),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { peer } => write!(f, "{peer} connected"),
            Self::AcceptFailed { error } => write!(f, "cannot accept a connection: {error}"),
            Self::TurnedAway { peer } => write!(f, "{peer} turned away: no place"),
            Self::NoTls { peer, error } => write!(f, "{peer} no TLS: {error}"),
            Self::Closed { peer, requests, reason } => {
                write!(f, "{peer} closed after {requests} requests: {reason}")
            }
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Idle => f.write_str("idle"),
            Self::Requests => f.write_str("as many requests as it may have"),
            Self::Shutdown => f.write_str("server shuts down"),
            Self::Failed(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
        }
    }
}
