use crate::token::{TokenError, TokenId};
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus, SinkFull, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, KrbError};
use krb5_crypto::{EncType, KeyError};

/// Why an initiator gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitiatorError {
    /// The time now does not fit into a Kerberos message.
    Clock {
        /// That time.
        now: Timestamp,
    },
    /// A message, or the ticket given, is no valid DER of its kind.
    Decode(DecodeError),
    /// The KRB-CRED for delegation is longer than its length field should count.
    DelegationTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The AP-REP is framed although the context is of DCE style, or the other way round.
    Framing {
        /// Whether the context is of DCE style.
        dce_style: bool,
    },
    /// A key of the ticket or the reply does not fit its enctype, or the enctype is not built in.
    Key(KeyError),
    /// The output has no room for the token.
    Output(SinkFull),
    /// The acceptor sent a KRB-ERROR.
    Refused(Refusal),
    /// The AP-REP is encrypted in another enctype than that of the session key.
    ReplyEncType {
        /// The session key's.
        expected: EncType,
        /// The reply's.
        found: EncType,
    },
    /// The AP-REP does not decrypt: not made with the session key, or changed on the way.
    ReplyIntegrity,
    /// The AP-REP answers another request.
    ReplyTime {
        /// The time in our authenticator.
        sent: Timestamp,
        /// The time in the reply.
        found: Timestamp,
    },
    /// The ticket has expired.
    TicketExpired {
        /// When it did.
        end: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// The bytes form no context token of Kerberos.
    Token(TokenError),
    /// The first step got input, although the initiator begins.
    UnexpectedInput {
        /// Its length in bytes.
        len: usize,
    },
    /// The token holds another message than an AP-REP or KRB-ERROR, our own AP-REQ for instance.
    UnexpectedToken {
        /// What it claims to hold.
        found: TokenId,
    },
    /// A key has a weak enctype, and those are not allowed.
    WeakEncType {
        /// Its enctype.
        enctype: EncType,
    },
}

/// A KRB-ERROR from the acceptor. Nothing in it is authenticated. The whole message is in the input of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: ErrorCode,
    /// The acceptor's clock, as it says.
    pub server_time: Timestamp,
    /// By how many seconds that clock is ahead of ours; negative when it is behind.
    pub ahead: i64,
}

impl Refusal {
    pub(super) fn new(error: &KrbError<'_>, now: Timestamp) -> Self {
        let server_time = crate::ticket::timestamp(error.stime, error.susec);
        Self {
            code: error.error_code,
            server_time,
            ahead: server_time.seconds().saturating_sub(now.seconds()),
        }
    }
}

impl Diagnose for InitiatorError {
    fn blame(&self) -> Blame {
        match self {
            Self::Clock { .. }
            | Self::DelegationTooLong { .. }
            | Self::Output(_)
            | Self::UnexpectedInput { .. } => Blame::Caller,
            Self::Refused(_) => Blame::PeerRefused,
            Self::TicketExpired { .. } | Self::WeakEncType { .. } | Self::Key(_) => Blame::Environment,
            Self::Decode(_)
            | Self::Framing { .. }
            | Self::ReplyEncType { .. }
            | Self::ReplyIntegrity
            | Self::ReplyTime { .. }
            | Self::Token(_)
            | Self::UnexpectedToken { .. } => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Clock { .. } => "clock_out_of_range",
            Self::Decode(_) => "malformed_message",
            Self::DelegationTooLong { .. } => "delegation_too_long",
            Self::Framing { .. } => "wrong_framing",
            Self::Key(_) => "unusable_key",
            Self::Output(_) => "buffer_too_small",
            Self::Refused(_) => "refused",
            Self::ReplyEncType { .. } => "reply_enctype",
            Self::ReplyIntegrity => "reply_integrity",
            Self::ReplyTime { .. } => "reply_time_mismatch",
            Self::TicketExpired { .. } => "ticket_expired",
            Self::Token(_) => "malformed_token",
            Self::UnexpectedInput { .. } => "unexpected_input",
            Self::UnexpectedToken { .. } => "unexpected_token",
            Self::WeakEncType { .. } => "weak_enctype",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::TicketExpired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::Decode(_)
            | Self::Framing { .. }
            | Self::ReplyEncType { .. }
            | Self::Token(_)
            | Self::UnexpectedToken { .. } => MajorStatus::DEFECTIVE_TOKEN,
            Self::ReplyIntegrity => MajorStatus::BAD_MIC,
            Self::WeakEncType { .. } => MajorStatus::UNAUTHORIZED,
            Self::Key(_) => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::Clock { .. }
            | Self::DelegationTooLong { .. }
            | Self::Output(_)
            | Self::Refused(_)
            | Self::ReplyTime { .. }
            | Self::UnexpectedInput { .. } => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        let code = match self {
            Self::Refused(refusal) => refusal.code,
            Self::ReplyIntegrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::ReplyTime { .. } => ErrorCode::KRB_AP_ERR_MUT_FAIL,
            Self::TicketExpired { .. } => ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            Self::UnexpectedToken { .. } => ErrorCode::KRB_AP_ERR_MSG_TYPE,
            Self::WeakEncType { .. } => ErrorCode::KDC_ERR_ETYPE_NOSUPP,
            _ => return None,
        };
        Some(code.0)
    }
}

impl fmt::Display for InitiatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { now } => write!(f, "the time {now} does not fit into a Kerberos message"),
            Self::Decode(error) => error.fmt(f),
            Self::DelegationTooLong { length } => write!(
                f,
                "delegated credentials take {length} bytes, at most {} can be sent; \
                 a ticket with less authorization data is needed",
                crate::checksum::MAX_DELEGATION_LEN
            ),
            Self::Framing { dce_style: true } => f.write_str("AP-REP is framed, expected a bare one (DCE style)"),
            Self::Framing { dce_style: false } => f.write_str("AP-REP is not framed, expected a framed one"),
            Self::Key(error) => error.fmt(f),
            Self::Output(error) => error.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::ReplyEncType { expected, found } => {
                write!(f, "AP-REP is encrypted in {found}, expected {expected}, the session key's enctype")
            }
            Self::ReplyIntegrity => f.write_str(
                "AP-REP does not decrypt: the service does not know the session key, or the reply was changed",
            ),
            Self::ReplyTime { sent, found } => {
                write!(f, "AP-REP answers a request made at {found}, ours was made at {sent}")
            }
            Self::TicketExpired { end, now } => {
                write!(f, "the ticket expired at {end}, it is {now} now; get a new one")
            }
            Self::Token(error) => error.fmt(f),
            Self::UnexpectedInput { len } => write!(f, "first step got {len} bytes of input, the initiator begins"),
            Self::UnexpectedToken { found } => write!(f, "token holds {found}, expected AP-REP or KRB-ERROR"),
            Self::WeakEncType { enctype } => {
                write!(f, "{enctype} is weak and not allowed; have the KDC issue AES keys, or allow weak enctypes")
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service refused: {}", self.code)?;
        if let Some(advice) = self.code.advice() {
            write!(f, ": {advice}")?;
        }
        if self.code == ErrorCode::KRB_AP_ERR_SKEW {
            let (seconds, direction) =
                if self.ahead >= 0 { (self.ahead, "ahead") } else { (self.ahead.saturating_neg(), "behind") };
            write!(f, " (its clock says {}, {seconds} s {direction})", self.server_time)?;
        }
        Ok(())
    }
}

impl core::error::Error for InitiatorError {}

impl From<DecodeError> for InitiatorError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<krb5_asn1::der::Error> for InitiatorError {
    fn from(error: krb5_asn1::der::Error) -> Self {
        Self::Decode(error.into())
    }
}

impl From<KeyError> for InitiatorError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<SinkFull> for InitiatorError {
    fn from(error: SinkFull) -> Self {
        Self::Output(error)
    }
}

impl From<TokenError> for InitiatorError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}
