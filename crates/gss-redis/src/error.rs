use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use redis::RedisError;
use std::io;

/// Why Redis could not be asked, or its answer could not be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URL is none that is understood here.
    Url(RedisError),
    /// No thread could be started.
    Thread(Arc<io::Error>),
    /// There is no connection.
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        reason: RedisError,
    },
    /// The server did not take the connection, or did not greet, in time.
    ConnectTimedOut {
        /// Where to.
        address: String,
        /// After how long.
        after: Duration,
    },
    /// The server did not answer in time. What was asked for may have been done.
    TimedOut {
        /// After how long.
        after: Duration,
    },
    /// The server refused, or the connection was lost before it answered.
    Command(RedisError),
    /// The server answered with something that was not asked for.
    Answer,
    /// The server is not one to rely on.
    Unfit(Unfit),
    /// A context is larger than all there is room for.
    NoRoom {
        /// Its bytes.
        bytes: usize,
    },
}

/// Why a server is not one to rely on. [`RedisBuilder::danger_trust_server`](crate::RedisBuilder::danger_trust_server)
/// goes without these checks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// `INFO` does not tell its run id, so that a restart would not be noticed.
    RunIdUnknown,
    /// `INFO` does not tell whether it drops entries when memory runs short.
    EvictionUnknown,
    /// It drops entries when memory runs short.
    Evicts {
        /// Its `maxmemory-policy`.
        policy: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str(
                "not the URL of a Redis server; expected redis://[user:password@]host[:port][/database] or \
                 redis+unix:///path/of/socket",
            ),
            Self::Thread(_) => f.write_str("no thread could be started for the connection to Redis"),
            Self::Connect { address, .. } => write!(f, "no connection to Redis at {address}"),
            Self::ConnectTimedOut { address, after } => {
                write!(f, "Redis at {address} did not take a connection within {} ms", after.as_millis())
            }
            Self::TimedOut { after } => write!(f, "Redis did not answer within {} ms", after.as_millis()),
            Self::Command(_) => f.write_str("Redis did not do what it was asked for"),
            Self::Answer => f.write_str(
                "Redis answered with something that was not asked for; is the prefix of its keys used by another \
                 program?",
            ),
            Self::Unfit(unfit) => unfit.fmt(f),
            Self::NoRoom { bytes } => {
                write!(f, "context of {bytes} bytes, which is more than there is room for; raise the limits")
            }
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Url(reason) | Self::Connect { reason, .. } | Self::Command(reason) => Some(reason),
            Self::Thread(reason) => Some(&**reason),
            _ => None,
        }
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunIdUnknown => f.write_str(
                "Redis does not tell its run id, so that a restart that loses entries would not be noticed; permit INFO",
            ),
            Self::EvictionUnknown => f.write_str(
                "Redis does not tell whether it drops entries when memory runs short; permit INFO",
            ),
            Self::Evicts { policy } => write!(
                f,
                "Redis drops entries when memory runs short (maxmemory-policy {policy}), and replayed tokens with them \
                 would pass; expected noeviction, or no maxmemory"
            ),
        }
    }
}

impl core::error::Error for Unfit {}
