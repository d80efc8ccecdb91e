use alloc::boxed::Box;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, MessageType, Principal, TicketFlags};
use krb5_crypto::{EncType, KeyError};
use krb5_files::Address;

/// The rule that a KDC's reply breaks. The reply is of no use then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// The ticket is bound to an address that was not asked for.
    Address {
        /// That address.
        found: Address,
    },
    /// The reply names another client.
    Client(Box<Names>),
    /// The reply names a client of another realm.
    ClientRealm(Box<Names>),
    /// The answer is no DER of a reply or of a KRB-ERROR.
    Decode(DecodeError),
    /// The encrypted part decrypts, and then is no DER of its kind.
    EncPart(DecodeError),
    /// The reply is encrypted in an enctype that was not asked for.
    EncType {
        /// The reply's enctype.
        found: EncType,
        /// Those that were asked for.
        asked: Box<[EncType]>,
    },
    /// The ticket ends later than was asked for.
    End {
        /// The latest end asked for.
        asked: Timestamp,
        /// The ticket's end.
        found: Timestamp,
    },
    /// The ticket has flags that were not asked for.
    Flags {
        /// Those flags.
        unasked: TicketFlags,
    },
    /// The reply does not decrypt: it was made with another key, or changed on the way.
    Integrity,
    /// The ticket ends before it begins.
    NeverValid {
        /// Its begin.
        start: Timestamp,
        /// Its end.
        end: Timestamp,
    },
    /// The reply answers another request.
    Nonce {
        /// The nonce that was sent.
        expected: u32,
        /// The nonce in the reply.
        found: u32,
    },
    /// The ticket is renewable for longer than was asked for.
    RenewTill {
        /// The latest time asked for.
        asked: Timestamp,
        /// The ticket's time.
        found: Timestamp,
    },
    /// The checksum over the request does not verify: the request was changed on its way to the KDC.
    RequestChecksum,
    /// The reply says that it has a checksum over the request, and has none.
    RequestChecksumMissing,
    /// The reply is for another service.
    Server(Box<Names>),
    /// The reply is for a service of another realm.
    ServerRealm(Box<Names>),
    /// The session key is of an enctype that was not asked for.
    SessionEncType {
        /// The session key's enctype.
        found: EncType,
        /// Those that were asked for.
        asked: Box<[EncType]>,
    },
    /// The session key has the wrong length.
    SessionKey(KeyError),
    /// The KDC's clock differs too much from ours.
    Skew {
        /// By how many seconds the KDC's clock is ahead; negative when it is behind.
        ahead: i64,
        /// The largest difference allowed, in seconds.
        limit: u32,
    },
    /// The ticket begins at another time than was asked for.
    Start {
        /// The time asked for.
        expected: Timestamp,
        /// The ticket's time.
        found: Timestamp,
    },
    /// The ticket's clear part names another service than the encrypted part of the reply.
    TicketServer(Box<Names>),
    /// The answer is another message.
    UnexpectedMessage {
        /// The message that was expected.
        expected: MessageType,
        /// The first byte of the answer; `None` if it is empty.
        found: Option<u8>,
    },
}

/// Two names that should be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name that was expected.
    pub expected: Principal,
    /// The name in the reply.
    pub found: Principal,
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, expected {}", self.found, self.expected)
    }
}

/// Enctypes with commas between them.
pub(crate) struct List<'a>(pub(crate) &'a [EncType]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, enctype) in self.0.iter().enumerate() {
            write!(f, "{}{enctype}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { found } => {
                write!(f, "the ticket is bound to an address of type {} that was not asked for", found.addr_type)
            }
            Self::Client(names) => write!(f, "the reply names the client {names}"),
            Self::ClientRealm(names) => write!(f, "the reply names a client of another realm: {names}"),
            Self::Decode(error) => write!(f, "the KDC's answer cannot be read: {error}"),
            Self::EncPart(error) => write!(f, "the encrypted part of the reply cannot be read: {error}"),
            Self::EncType { found, asked } => {
                write!(f, "the reply is encrypted in {found}, asked for: {}", List(asked))
            }
            Self::End { asked, found } => write!(f, "the ticket ends at {found}, at most {asked} was asked for"),
            Self::Flags { unasked } => {
                f.write_str("the ticket has flags that were not asked for:")?;
                unasked.names().try_for_each(|name| write!(f, " {name}"))
            }
            Self::Integrity => f.write_str(
                "the reply does not decrypt: the password or key is wrong, or the reply was changed on the way",
            ),
            Self::NeverValid { start, end } => write!(f, "the ticket begins at {start} and ends at {end} already"),
            Self::Nonce { expected, found } => {
                write!(f, "the reply answers another request: nonce {found}, expected {expected}")
            }
            Self::RenewTill { asked, found } => {
                write!(f, "the ticket can be renewed until {found}, at most {asked} was asked for")
            }
            Self::RequestChecksum => {
                f.write_str("the KDC's checksum over the request does not verify: the request was changed on the way")
            }
            Self::RequestChecksumMissing => {
                f.write_str("the reply announces a checksum over the request, and lacks it")
            }
            Self::Server(names) => write!(f, "the reply is for the service {names}"),
            Self::ServerRealm(names) => write!(f, "the reply is for a service of another realm: {names}"),
            Self::SessionEncType { found, asked } => {
                write!(f, "the session key is of {found}, asked for: {}", List(asked))
            }
            Self::SessionKey(error) => write!(f, "the session key cannot be used: {error}"),
            Self::Skew { ahead, limit } => {
                let direction = if *ahead >= 0 { "ahead of" } else { "behind" };
                let seconds = ahead.unsigned_abs();
                write!(
                    f,
                    "the KDC's clock is {seconds} s {direction} ours, at most {limit} s are allowed: \
                     set both clocks by the same time source"
                )
            }
            Self::Start { expected, found } => write!(f, "the ticket begins at {found}, asked for: {expected}"),
            Self::TicketServer(names) => write!(f, "the ticket's clear part was changed: it names {names}"),
            Self::UnexpectedMessage { expected, found: Some(found) } => {
                write!(f, "the answer is another message (first byte {found:#04x}), expected {expected}")
            }
            Self::UnexpectedMessage { expected, found: None } => {
                write!(f, "the answer is empty, expected {expected}")
            }
        }
    }
}

impl core::error::Error for ReplyError {}

impl From<DecodeError> for ReplyError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl Diagnose for ReplyError {
    fn blame(&self) -> Blame {
        match self {
            Self::Skew { .. } => Blame::Environment,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "reply_address",
            Self::Client(_) => "reply_client",
            Self::ClientRealm(_) => "reply_client_realm",
            Self::Decode(_) => "malformed_reply",
            Self::EncPart(_) => "malformed_reply_part",
            Self::EncType { .. } => "reply_enctype",
            Self::End { .. } => "reply_end_time",
            Self::Flags { .. } => "reply_flags",
            Self::Integrity => "reply_integrity",
            Self::NeverValid { .. } => "reply_never_valid",
            Self::Nonce { .. } => "reply_nonce",
            Self::RenewTill { .. } => "reply_renew_time",
            Self::RequestChecksum => "request_checksum",
            Self::RequestChecksumMissing => "request_checksum_missing",
            Self::Server(_) => "reply_server",
            Self::ServerRealm(_) => "reply_server_realm",
            Self::SessionEncType { .. } => "session_enctype",
            Self::SessionKey(_) => "session_key",
            Self::Skew { .. } => "clock_skew",
            Self::Start { .. } => "reply_start_time",
            Self::TicketServer(_) => "ticket_server",
            Self::UnexpectedMessage { .. } => "unexpected_message",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Integrity | Self::RequestChecksum | Self::RequestChecksumMissing => MajorStatus::BAD_MIC,
            Self::Decode(_) | Self::EncPart(_) | Self::UnexpectedMessage { .. } => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        let code = match self {
            Self::Integrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::RequestChecksum
            | Self::RequestChecksumMissing
            | Self::TicketServer(_)
            | Self::Nonce { .. }
            | Self::Client(_)
            | Self::ClientRealm(_)
            | Self::Server(_)
            | Self::ServerRealm(_) => ErrorCode::KRB_AP_ERR_MODIFIED,
            Self::EncType { .. } | Self::SessionEncType { .. } => ErrorCode::KDC_ERR_ETYPE_NOSUPP,
            Self::Skew { .. } => ErrorCode::KRB_AP_ERR_SKEW,
            Self::UnexpectedMessage { .. } => ErrorCode::KRB_AP_ERR_MSG_TYPE,
            _ => return None,
        };
        Some(code.0)
    }
}
