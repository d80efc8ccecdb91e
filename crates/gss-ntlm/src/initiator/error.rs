use crate::message::WeakKey;
use crate::wire::{NegotiateFlags, WireError, WriteError};
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus, SinkFull};

/// Why an initiator gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitiatorError {
    /// The logon names no user.
    EmptyUser,
    /// Our own NEGOTIATE has another length than it must have.
    NegotiateLength {
        /// The length in bytes.
        found: usize,
    },
    /// The server does not grant what was asked for, or somebody took it away on the way.
    NotGranted {
        /// What is missing.
        missing: NegotiateFlags,
    },
    /// The server leaves out its names, which it has to tell where messages are to be protected (MS-NLMP 3.1.5.1.2).
    ServerNamesMissing,
    /// The challenge is for datagrams and the initiator is not, or the other way round.
    Transport {
        /// Whether the challenge is for datagrams.
        datagram: bool,
    },
    /// The first step got input, although the initiator begins.
    UnexpectedInput {
        /// How many bytes.
        length: usize,
    },
    /// Keys of fewer bits than are used here.
    WeakKey(WeakKey),
    /// The server's message is no CHALLENGE, or breaks a rule of its form.
    Wire(WireError),
    /// Our answer cannot be written: the output has no room, or the server's attributes are too long to be repeated.
    Write(WriteError),
}

impl Diagnose for InitiatorError {
    fn blame(&self) -> Blame {
        match self {
            Self::NotGranted { .. }
            | Self::ServerNamesMissing
            | Self::Transport { .. }
            | Self::WeakKey(_)
            | Self::Wire(_) => Blame::Peer,
            Self::EmptyUser | Self::NegotiateLength { .. } | Self::UnexpectedInput { .. } => Blame::Caller,
            Self::Write(error) => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EmptyUser => "ntlm_empty_user",
            Self::NegotiateLength { .. } => "ntlm_negotiate_length",
            Self::NotGranted { .. } => "ntlm_not_granted",
            Self::ServerNamesMissing => "ntlm_server_names_missing",
            Self::Transport { .. } => "ntlm_transport",
            Self::UnexpectedInput { .. } => "unexpected_input",
            Self::WeakKey(error) => error.code(),
            Self::Wire(error) => error.code(),
            Self::Write(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::EmptyUser => MajorStatus::NO_CRED,
            Self::NotGranted { .. } | Self::WeakKey(_) => MajorStatus::UNAUTHORIZED,
            Self::ServerNamesMissing | Self::Transport { .. } | Self::Wire(_) => MajorStatus::DEFECTIVE_TOKEN,
            Self::NegotiateLength { .. } | Self::UnexpectedInput { .. } | Self::Write(_) => {
                MajorStatus::FAILURE
            }
        }
    }
}

impl fmt::Display for InitiatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyUser => {
                f.write_str("the logon names no user; for a logon without one ask for anonymous")
            }
            Self::NegotiateLength { found } => write!(f, "own NEGOTIATE has {found} bytes"),
            Self::NotGranted { missing } => write!(
                f,
                "server does not grant {missing}; it cannot, or the challenge was changed on the way"
            ),
            Self::ServerNamesMissing => {
                f.write_str("challenge has no NetBIOS names of computer and domain, expected both")
            }
            Self::Transport { datagram: true } => {
                f.write_str("challenge is for datagrams, expected one for a connection")
            }
            Self::Transport { datagram: false } => {
                f.write_str("challenge is for a connection, expected one for datagrams")
            }
            Self::UnexpectedInput { length } => {
                write!(f, "the initiator begins, but its first step got {length} bytes of input")
            }
            Self::WeakKey(error) => error.fmt(f),
            Self::Wire(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InitiatorError {}

impl From<WeakKey> for InitiatorError {
    fn from(error: WeakKey) -> Self {
        Self::WeakKey(error)
    }
}

impl From<WireError> for InitiatorError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<WriteError> for InitiatorError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<SinkFull> for InitiatorError {
    fn from(full: SinkFull) -> Self {
        Self::Write(full.into())
    }
}
