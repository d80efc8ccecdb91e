use crate::message::WeakKey;
use crate::wire::{AvId, NegotiateFlags, ResponseError, ResponseKind, WireError, WriteError};
use alloc::string::String;
use core::fmt;
use gss_core::bindings::BindingFailure;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Why a client was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptorError {
    /// The client logs on as nobody.
    Anonymous,
    /// An attribute of our challenge does not come back as it was sent: the answer is to another challenge, or somebody
    /// changed ours on the way.
    AttributeChanged {
        /// Which one.
        id: AvId,
    },
    /// The name of the user or the domain has a backslash in it.
    BackslashInName,
    /// The MIC does not verify: somebody changed one of the three messages on the way.
    BadMic,
    /// The channel bindings do not match, or are missing.
    Bindings(BindingFailure),
    /// The challenge is too old.
    ChallengeExpired {
        /// Seconds since it was sent; negative when the clock went back.
        age: i64,
        /// Seconds it is good for.
        limit: u32,
    },
    /// The client's clock differs too much.
    ClockSkew {
        /// Seconds by which it is ahead; `None` for a time out of all bounds.
        difference: Option<i64>,
        /// Seconds that are allowed.
        limit: u32,
    },
    /// A user is named, and no response is there to prove it.
    EmptyResponse,
    /// A response is there, and no user.
    EmptyUser,
    /// The user is unknown, or the password is wrong. Which of the two is not told.
    LogonFailed,
    /// The client says that it made a MIC, and the message has no place for one.
    MicFieldMissing,
    /// The client made no MIC.
    MicMissing,
    /// A NEGOTIATE, where the acceptor speaks first.
    NegotiateInDatagram {
        /// Its length in bytes.
        length: usize,
    },
    /// The NEGOTIATE is longer than any that makes sense.
    NegotiateTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The client does not do extended session security.
    NoExtendedSessionSecurity,
    /// A response of LM, NTLM or NTLM2 session: all of them are broken.
    OldResponse {
        /// Which of them.
        kind: ResponseKind,
    },
    /// Whoever knows the user could not be asked.
    PassThrough {
        /// Why, for the log.
        reason: String,
    },
    /// The NT response is not that of NTLMv2.
    Response(ResponseError),
    /// The session key was to be exchanged, and the field for it has another length than 16.
    SessionKeyLength {
        /// Its length in bytes.
        found: usize,
    },
    /// Messages were to be protected by keys of fewer than 128 bits.
    ShortKeys {
        /// What the client asks for.
        flags: NegotiateFlags,
    },
    /// The client means another service.
    TargetMismatch {
        /// Its name.
        found: String,
    },
    /// The client names no service, and has to.
    TargetMissing,
    /// Clients have to name the service, and the acceptor was given no name to compare with.
    TargetNotConfigured,
    /// Keys of fewer bits than are used here.
    WeakKey(WeakKey),
    /// The client's message is not the one expected, or breaks a rule of its form.
    Wire(WireError),
    /// Our challenge cannot be written.
    Write(WriteError),
}

impl Diagnose for AcceptorError {
    fn blame(&self) -> Blame {
        match self {
            Self::TargetNotConfigured | Self::Bindings(BindingFailure::NothingToCompare) => Blame::Caller,
            Self::PassThrough { .. } | Self::ClockSkew { .. } => Blame::Environment,
            Self::Write(error) => error.blame(),
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Anonymous => "ntlm_anonymous",
            Self::AttributeChanged { .. } => "ntlm_attribute_changed",
            Self::BackslashInName => "ntlm_backslash_in_name",
            Self::BadMic => "ntlm_bad_mic",
            Self::Bindings(BindingFailure::Mismatch) => "bindings_mismatch",
            Self::Bindings(BindingFailure::Missing) => "bindings_missing",
            Self::Bindings(BindingFailure::NothingToCompare) => "bindings_not_configured",
            Self::ChallengeExpired { .. } => "ntlm_challenge_expired",
            Self::ClockSkew { .. } => "ntlm_clock_skew",
            Self::EmptyResponse => "ntlm_empty_response",
            Self::EmptyUser => "ntlm_empty_user",
            Self::LogonFailed => "ntlm_logon_failed",
            Self::MicFieldMissing => "ntlm_mic_field_missing",
            Self::MicMissing => "ntlm_mic_missing",
            Self::NegotiateInDatagram { .. } => "ntlm_negotiate_in_datagram",
            Self::NegotiateTooLong { .. } => "ntlm_negotiate_too_long",
            Self::NoExtendedSessionSecurity => "ntlm_no_extended_session_security",
            Self::OldResponse { kind: ResponseKind::Lm } => "ntlm_lm_refused",
            Self::OldResponse { kind: ResponseKind::NtlmV1Session } => "ntlm_v1_session_refused",
            Self::OldResponse { .. } => "ntlm_v1_refused",
            Self::PassThrough { .. } => "ntlm_pass_through_unavailable",
            Self::Response(error) => error.code(),
            Self::SessionKeyLength { .. } => "ntlm_session_key_length",
            Self::ShortKeys { .. } => "ntlm_short_keys",
            Self::TargetMismatch { .. } => "ntlm_target_mismatch",
            Self::TargetMissing => "ntlm_target_missing",
            Self::TargetNotConfigured => "ntlm_target_not_configured",
            Self::WeakKey(error) => error.code(),
            Self::Wire(error) => error.code(),
            Self::Write(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::BadMic | Self::MicFieldMissing | Self::MicMissing => MajorStatus::BAD_MIC,
            Self::Bindings(_) => MajorStatus::BAD_BINDINGS,
            Self::LogonFailed => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::ChallengeExpired { .. } => MajorStatus::CONTEXT_EXPIRED,
            Self::Anonymous
            | Self::NoExtendedSessionSecurity
            | Self::OldResponse { .. }
            | Self::ShortKeys { .. }
            | Self::TargetMismatch { .. }
            | Self::TargetMissing
            | Self::WeakKey(_) => MajorStatus::UNAUTHORIZED,
            Self::ClockSkew { .. } | Self::TargetNotConfigured | Self::Write(_) => MajorStatus::FAILURE,
            Self::PassThrough { .. } => MajorStatus::UNAVAILABLE,
            Self::AttributeChanged { .. }
            | Self::BackslashInName
            | Self::EmptyResponse
            | Self::EmptyUser
            | Self::NegotiateInDatagram { .. }
            | Self::NegotiateTooLong { .. }
            | Self::Response(_)
            | Self::SessionKeyLength { .. }
            | Self::Wire(_) => MajorStatus::DEFECTIVE_TOKEN,
        }
    }
}

impl fmt::Display for AcceptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("client logs on as nobody, which is not allowed"),
            Self::AttributeChanged { id } => write!(
                f,
                "{id} of our challenge does not come back as it was sent: the answer is to another challenge, or \
                 somebody changed ours"
            ),
            Self::BackslashInName => {
                f.write_str("backslash in the name of user or domain, expected each by itself")
            }
            Self::BadMic => f.write_str("MIC does not verify: somebody changed one of the messages on the way"),
            Self::Bindings(failure) => f.write_str(match failure {
                BindingFailure::Mismatch => {
                    "client is bound to another channel: somebody relays, or the bindings were made another way"
                }
                BindingFailure::Missing => "channel bindings are required, and the client sent none",
                BindingFailure::NothingToCompare => {
                    "channel bindings are required, and the acceptor was given none"
                }
            }),
            Self::ChallengeExpired { age, limit } => {
                write!(f, "challenge was sent {age} s ago, at most {limit} s are allowed for the answer")
            }
            Self::ClockSkew { difference: Some(difference), limit } => {
                write!(f, "client's clock is {difference} s ahead of ours, at most {limit} s are allowed")
            }
            Self::ClockSkew { difference: None, .. } => f.write_str("client's time is out of all bounds"),
            Self::EmptyResponse => f.write_str("client names a user and sends no NT response to prove it"),
            Self::EmptyUser => f.write_str("client sends an NT response and names no user"),
            Self::LogonFailed => f.write_str("user is unknown or password is wrong"),
            Self::MicFieldMissing => {
                f.write_str("client says that it made a MIC, and its message has no place for one")
            }
            Self::MicMissing => f.write_str(
                "client made no MIC; to let in clients that make none (curl), allow logons without MIC",
            ),
            Self::NegotiateInDatagram { length } => {
                write!(f, "{length} bytes, where the acceptor speaks first (datagrams)")
            }
            Self::NegotiateTooLong { length } => write!(
                f,
                "NEGOTIATE has {length} bytes, at most {} are taken",
                super::MAX_NEGOTIATE
            ),
            Self::NoExtendedSessionSecurity => {
                f.write_str("client does not do extended session security, which is required")
            }
            Self::OldResponse { kind } => {
                let kind = match kind {
                    ResponseKind::Lm => "LM",
                    ResponseKind::NtlmV1Session => "NTLM2 session (NTLMv1)",
                    _ => "NTLMv1",
                };
                write!(f, "client answers with {kind}, which is broken; expected NTLMv2")
            }
            Self::PassThrough { reason } => write!(f, "user cannot be checked elsewhere: {reason}"),
            Self::Response(error) => error.fmt(f),
            Self::SessionKeyLength { found } => {
                write!(f, "session key for exchange has {found} bytes, expected 16")
            }
            Self::ShortKeys { flags } => write!(
                f,
                "client wants messages protected by keys of fewer than 128 bits (its flags: {flags})"
            ),
            Self::TargetMismatch { found } => {
                write!(f, "client means the service {found:?}, which is not ours: somebody relays it")
            }
            Self::TargetMissing => f.write_str("client does not say which service it means, and has to"),
            Self::TargetNotConfigured => {
                f.write_str("clients have to say which service they mean, and the acceptor was given no name")
            }
            Self::WeakKey(error) => error.fmt(f),
            Self::Wire(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AcceptorError {}

macro_rules! from {
    ($($error:ident => $variant:ident),*) => {
        $(impl From<$error> for AcceptorError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from!(BindingFailure => Bindings, ResponseError => Response, WeakKey => WeakKey, WireError => Wire, WriteError => Write);
