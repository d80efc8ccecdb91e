use alloc::boxed::Box;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, Principal, der};
use krb5_crypto::EncType;

use super::{FrameError, Rejection};
use crate::Refusal;
use crate::ap_req::ApReqError;

/// Why a password was not changed, or why nobody knows whether it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// The reply's AP-REP does not decrypt: the server does not know the ticket's session key, or the reply was changed.
    ApRepIntegrity,
    /// The reply's AP-REP answers another request.
    ApRepTime {
        /// The time in our authenticator.
        sent: Timestamp,
        /// The time in the reply.
        found: Timestamp,
    },
    /// The request cannot be made.
    ApReq(ApReqError),
    /// A message in the reply is no DER of its kind.
    Decode(DecodeError),
    /// The reply is encrypted in another enctype than its key has.
    EncType {
        /// The key's.
        expected: EncType,
        /// The reply's.
        found: EncType,
    },
    /// The frame around request or reply breaks a rule.
    Frame(FrameError),
    /// The reply's KRB-PRIV does not decrypt: not made with the request's subkey, or changed on the way.
    PrivIntegrity,
    /// The server refused before it looked at the password.
    Refused(Box<Refusal>),
    /// The server did not change the password.
    Rejected(Box<Rejection>),
    /// The request cannot be written.
    Request(der::Error),
    /// The result is shorter than its code.
    ResultTruncated {
        /// Its length in bytes.
        found: usize,
    },
    /// The reply's KRB-PRIV has another sequence number than its AP-REP announced.
    Sequence {
        /// The number announced.
        expected: u32,
        /// The number found.
        found: u32,
    },
    /// The ticket has expired.
    TicketExpired {
        /// When it did.
        end: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// A KRB-ERROR says that the password was changed. Nobody vouches for that.
    UnprotectedSuccess,
    /// The ticket is not for the service that changes passwords.
    WrongTicket {
        /// What it is for.
        server: Box<Principal>,
    },
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApRepIntegrity => f.write_str(
                "the reply does not decrypt with the session key: the server is not the right one, \
                 or the reply was changed on the way",
            ),
            Self::ApRepTime { sent, found } => {
                write!(f, "the reply answers a request made at {found}, ours was made at {sent}")
            }
            Self::ApReq(error) => error.fmt(f),
            Self::Decode(error) => write!(f, "the reply cannot be read: {error}"),
            Self::EncType { expected, found } => {
                write!(f, "the reply is encrypted in {found}, expected {expected}")
            }
            Self::Frame(error) => error.fmt(f),
            Self::PrivIntegrity => {
                f.write_str("the result does not decrypt with the request's subkey: it was changed on the way")
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Request(error) => write!(f, "the request cannot be written: {error}"),
            Self::ResultTruncated { found } => write!(f, "result of {found} bytes, expected at least 2"),
            Self::Sequence { expected, found } => {
                write!(f, "the result has sequence number {found}, expected {expected}")
            }
            Self::TicketExpired { end, now } => {
                write!(f, "the ticket expired at {end}, it is {now} now: log in again")
            }
            Self::UnprotectedSuccess => {
                f.write_str("success is told in an error message that anybody can make: check whether the password was changed")
            }
            Self::WrongTicket { server } => {
                write!(f, "the ticket is for {server}, expected one for kadmin/changepw: log in for that")
            }
        }
    }
}

impl core::error::Error for PasswordError {}

impl Diagnose for PasswordError {
    fn blame(&self) -> Blame {
        match self {
            Self::ApReq(error) => error.blame(),
            Self::Frame(FrameError::TooLong { .. }) | Self::Request(_) | Self::WrongTicket { .. } => {
                Blame::Caller
            }
            Self::Refused(refusal) => refusal.blame(),
            Self::Rejected(_) => Blame::PeerRefused,
            Self::TicketExpired { .. } => Blame::Environment,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ApRepIntegrity => "reply_integrity",
            Self::ApRepTime { .. } => "reply_time_mismatch",
            Self::ApReq(error) => error.code(),
            Self::Decode(_) => "malformed_reply",
            Self::EncType { .. } => "reply_enctype",
            Self::Frame(FrameError::TooLong { .. }) | Self::Request(_) => "request_too_long",
            Self::Frame(_) => "malformed_frame",
            Self::PrivIntegrity => "result_integrity",
            Self::Refused(refusal) => Diagnose::code(&**refusal),
            Self::Rejected(_) => "password_rejected",
            Self::ResultTruncated { .. } => "malformed_result",
            Self::Sequence { .. } => "result_sequence",
            Self::TicketExpired { .. } => "ticket_expired",
            Self::UnprotectedSuccess => "unprotected_success",
            Self::WrongTicket { .. } => "wrong_ticket",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::ApRepIntegrity | Self::PrivIntegrity => MajorStatus::BAD_MIC,
            Self::ApReq(error) => error.major(),
            Self::Decode(_) | Self::EncType { .. } | Self::ResultTruncated { .. } => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            Self::Refused(refusal) => refusal.major(),
            Self::Rejected(_) => MajorStatus::UNAUTHORIZED,
            Self::TicketExpired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::WrongTicket { .. } => MajorStatus::DEFECTIVE_CREDENTIAL,
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        let code = match self {
            Self::ApRepIntegrity | Self::PrivIntegrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::ApRepTime { .. } => ErrorCode::KRB_AP_ERR_MUT_FAIL,
            Self::Refused(refusal) => refusal.code,
            Self::Sequence { .. } => ErrorCode::KRB_AP_ERR_BADORDER,
            Self::TicketExpired { .. } => ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            Self::UnprotectedSuccess => ErrorCode::KRB_AP_ERR_MODIFIED,
            _ => return None,
        };
        Some(code.0)
    }
}

impl From<ApReqError> for PasswordError {
    fn from(error: ApReqError) -> Self {
        Self::ApReq(error)
    }
}

impl From<DecodeError> for PasswordError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<FrameError> for PasswordError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<der::Error> for PasswordError {
    fn from(error: der::Error) -> Self {
        Self::Request(error)
    }
}
