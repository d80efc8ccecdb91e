//! Why a daemon was of no use.

use core::fmt;
use std::io;
use std::path::PathBuf;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_files::FormatError;

use super::KcmOperation;
use crate::cache::MAX_CACHE;

/// States of operations that mean something here, as MIT krb5 and Heimdal number them.
pub(in crate::cache) mod status {
    /// No credential matches.
    pub(in crate::cache) const NOT_FOUND: i32 = -1_765_328_243;
    /// The end of a list.
    pub(in crate::cache) const END: i32 = -1_765_328_242;
    /// Something went wrong; sssd says so of an operation that it does not know.
    pub(in crate::cache) const IO: i32 = -1_765_328_191;
    /// Not allowed.
    pub(in crate::cache) const PERMISSION: i32 = -1_765_328_190;
    /// There is no such cache.
    pub(in crate::cache) const NO_CACHE: i32 = -1_765_328_189;
    /// Something went wrong; Heimdal says so of an operation that it does not know.
    pub(in crate::cache) const INTERNAL: i32 = -1_765_328_188;
    /// An operation that sssd knows of, but does not have.
    pub(in crate::cache) const UNSUPPORTED: i32 = -1_765_328_137;
}

/// Why a daemon could not be asked, or what was wrong with its answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum KcmError {
    /// `kcm_socket = -` in the configuration, or a system without Unix sockets.
    TurnedOff,
    /// No daemon listens.
    NoDaemon {
        /// The socket.
        socket: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The connection broke, or no answer came in time.
    Io {
        /// What was asked.
        operation: KcmOperation,
        /// What the operating system said.
        error: io::Error,
    },
    /// A request that is longer than its length field can say.
    RequestTooLong {
        /// What was asked.
        operation: KcmOperation,
    },
    /// The reply claims more than [`MAX_CACHE`] bytes.
    ReplyTooLong {
        /// What was asked.
        operation: KcmOperation,
        /// The length it claims.
        length: u32,
    },
    /// The reply has no room for its state.
    ReplyTooShort {
        /// What was asked.
        operation: KcmOperation,
        /// Its length.
        length: u32,
    },
    /// The reply is not what the operation gives.
    Malformed {
        /// What was asked.
        operation: KcmOperation,
        /// What was expected.
        expected: &'static str,
        /// The reply's length.
        length: usize,
    },
    /// A principal or credential in the reply breaks its format.
    Format {
        /// What was asked.
        operation: KcmOperation,
        /// Where and how.
        error: FormatError,
    },
    /// More entries than are asked for one by one.
    TooMany {
        /// What was asked.
        operation: KcmOperation,
        /// How many there are.
        count: usize,
        /// How many are put up with.
        most: usize,
    },
    /// The daemon refuses.
    Status {
        /// What was asked.
        operation: KcmOperation,
        /// Its reason, as MIT krb5 and Heimdal number them.
        status: i32,
    },
}

impl KcmError {
    /// Whether the daemon may not know the operation. sssd has no state that says so and nothing else.
    pub(super) const fn is_unsupported(&self) -> bool {
        matches!(self, Self::Status { status: status::INTERNAL | status::IO | status::UNSUPPORTED, .. })
    }
}

impl fmt::Display for KcmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnedOff => f.write_str(
                "KCM is turned off or not to be had here; set KRB5CCNAME=FILE:/path and log in again",
            ),
            Self::NoDaemon { socket, error } => write!(
                f,
                "no KCM daemon at {}: {error}; start sssd-kcm or kcm, set kcm_socket in [libdefaults], or set \
                 KRB5CCNAME=FILE:/path",
                socket.display()
            ),
            Self::Io { operation, error } => write!(f, "KCM daemon, {operation}: {error}"),
            Self::RequestTooLong { operation } => {
                write!(f, "KCM daemon, {operation}: more than 4 GiB to send")
            }
            Self::ReplyTooLong { operation, length } => {
                write!(f, "KCM daemon, {operation}: reply of {length} bytes, expected at most {MAX_CACHE}")
            }
            Self::ReplyTooShort { operation, length } => {
                write!(f, "KCM daemon, {operation}: reply of {length} bytes, expected at least 4")
            }
            Self::Malformed { operation, expected, length } => {
                write!(
                    f,
                    "KCM daemon, {operation}: expected {expected}, seen {length} bytes of something else"
                )
            }
            Self::Format { operation, error } => write!(f, "KCM daemon, {operation}: {error}"),
            Self::TooMany { operation, count, most } => {
                write!(f, "KCM daemon, {operation}: {count} entries, expected at most {most}")
            }
            Self::Status { operation, status } => {
                write!(f, "KCM daemon, {operation}: refused with {status}")?;
                match reason(*status) {
                    Some(reason) => write!(f, " ({reason})"),
                    None => f.write_str("; its log may tell why"),
                }
            }
        }
    }
}

const fn reason(status: i32) -> Option<&'static str> {
    Some(match status {
        status::NOT_FOUND => "no credential matches",
        status::END => "end of the list",
        status::IO => "input or output failed, or the operation is not known to it",
        status::PERMISSION => "not allowed for this user",
        status::NO_CACHE => "there is no such cache",
        status::INTERNAL => "internal error, or the operation is not known to it",
        status::UNSUPPORTED => "the operation is not supported",
        _ => return None,
    })
}

impl core::error::Error for KcmError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NoDaemon { error, .. } | Self::Io { error, .. } => Some(error),
            Self::Format { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl Diagnose for KcmError {
    fn blame(&self) -> Blame {
        match self {
            Self::TurnedOff | Self::NoDaemon { .. } | Self::Io { .. } => Blame::Environment,
            Self::RequestTooLong { .. } => Blame::Caller,
            Self::Status { .. } => Blame::PeerRefused,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TurnedOff => "kcm_turned_off",
            Self::NoDaemon { .. } => "kcm_no_daemon",
            Self::Io { .. } => "kcm_io",
            Self::RequestTooLong { .. } => "kcm_request_too_long",
            Self::ReplyTooLong { .. } => "kcm_reply_too_long",
            Self::ReplyTooShort { .. } => "kcm_reply_too_short",
            Self::Malformed { .. } => "kcm_malformed",
            Self::Format { .. } => "kcm_format",
            Self::TooMany { .. } => "kcm_too_many",
            Self::Status { .. } => "kcm_refused",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}
