use crate::wire::{NegState, WireError};
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus, MessageError, Oid, SinkFull};

/// Why a negotiation failed; `E` is the error of the mechanisms.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// The mechanism failed. `output` holds its error token, if it has one, inside a reject.
    Mechanism(E),
    /// The peer ended the negotiation.
    Rejected {
        /// Whether it did so in its first reply.
        first: bool,
        /// What the mechanism made of the token that came with the refusal.
        reason: Option<E>,
    },
    /// The peer ended the negotiation although the mechanism is content with the token that came along.
    RejectedAfterSuccess,
    /// The peer's token does not parse.
    Wire(WireError),
    /// Our MIC over the list of mechanisms could not be made.
    Message(MessageError),
    /// The token does not fit into the output.
    Output(SinkFull),
    /// There is nothing to offer.
    NoOffers,
    /// The offers have too many names for one list.
    TooManyOffers,
    /// Another token than the one that is due.
    UnexpectedToken {
        /// The token that is due.
        expected: TokenKind,
        /// The token that came.
        found: TokenKind,
    },
    /// The initiator's first token has no list of mechanisms.
    MechTypesMissing,
    /// The initiator offers no mechanism that we accept.
    NoCommonMechanism,
    /// The acceptor chose a mechanism that was not offered.
    NotOffered {
        /// The mechanism, if its name can be represented.
        found: Option<Oid>,
    },
    /// The acceptor chose another mechanism than the first without asking for MICs.
    ReselectionState {
        /// The mechanism it chose.
        mechanism: Oid,
        /// What it said in place of request-mic.
        found: Option<NegState>,
    },
    /// The acceptor chose another mechanism than the first and sent a token of it before we did.
    ReselectionToken {
        /// Length of the token in bytes.
        len: usize,
    },
    /// A later reply names another mechanism than the first.
    MechanismChanged {
        /// The mechanism that was agreed on.
        settled: Oid,
        /// The mechanism now, if its name can be represented.
        found: Option<Oid>,
    },
    /// The initiator sent `supportedMech`, which is for acceptors.
    SupportedMechFromInitiator,
    /// A state that RFC 4178 does not define.
    UnknownState(NegState),
    /// request-mic after the first reply.
    LateRequestMic,
    /// The acceptor says it is done while the mechanism is not.
    CompletedTooEarly,
    /// The mechanism waits for a token that is not there, or is empty.
    TokenMissing,
    /// A token for a mechanism that is done.
    TokenAfterEnd {
        /// Its length in bytes.
        len: usize,
    },
    /// The mechanism neither finished nor gave a token to send.
    SilentMechanism,
    /// A MIC while the mechanism is not done.
    MicTooEarly,
    /// A MIC in a context that cannot make any.
    MicWithoutIntegrity,
    /// A second MIC from the peer.
    SecondMic,
    /// The peer's MIC does not verify: the list of mechanisms, or the MIC, was changed on the way.
    MicInvalid(MessageError),
    /// A MIC is required and did not come: the peer does not make them, or it was taken out on the way.
    MicMissing,
    /// A raw token, where the caller wants SPNEGO.
    RawTokenRefused {
        /// What it seems to be.
        found: TokenKind,
    },
    /// A raw token of a mechanism that we do not accept.
    RawMechanismUnknown {
        /// The mechanism.
        found: Oid,
    },
}

/// What a token is, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// No bytes at all.
    Empty,
    /// `NegTokenInit`, or an acceptor's hints.
    NegTokenInit,
    /// `NegTokenResp`.
    NegTokenResp,
    /// A mechanism's own token with the framing of RFC 2743.
    Framed,
    /// A message of NTLM.
    Ntlm,
    /// A Kerberos AP-REQ without framing.
    BareApReq,
    /// Something else.
    Unknown,
}

impl TokenKind {
    const fn describe(self) -> &'static str {
        match self {
            Self::Empty => "an empty token",
            Self::NegTokenInit => "NegTokenInit",
            Self::NegTokenResp => "NegTokenResp",
            Self::Framed => "a framed token of another mechanism",
            Self::Ntlm => "an NTLM message",
            Self::BareApReq => "a Kerberos AP-REQ without framing",
            Self::Unknown => "an unknown token",
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

impl<E> From<WireError> for Error<E> {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl<E> From<SinkFull> for Error<E> {
    fn from(full: SinkFull) -> Self {
        Self::Output(full)
    }
}

impl<E: Diagnose> Diagnose for Error<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Mechanism(error) => error.blame(),
            Self::Rejected { .. } => Blame::PeerRefused,
            Self::Output(_)
            | Self::NoOffers
            | Self::TooManyOffers
            | Self::Message(_)
            | Self::SilentMechanism => Blame::Caller,
            Self::NoCommonMechanism | Self::RawTokenRefused { .. } | Self::RawMechanismUnknown { .. } => {
                Blame::Environment
            }
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Mechanism(error) => error.code(),
            Self::Rejected { reason: Some(error), .. } => error.code(),
            Self::Rejected { .. } => "rejected",
            Self::RejectedAfterSuccess => "rejected_after_success",
            Self::Wire(error) => error.code(),
            Self::Message(_) => "mech_list_mic_not_made",
            Self::Output(_) => "output_too_small",
            Self::NoOffers => "no_offers",
            Self::TooManyOffers => "too_many_offers",
            Self::UnexpectedToken { .. } => "unexpected_token",
            Self::MechTypesMissing => "mech_types_missing",
            Self::NoCommonMechanism => "no_common_mechanism",
            Self::NotOffered { .. } => "mechanism_not_offered",
            Self::ReselectionState { .. } => "reselection_without_request_mic",
            Self::ReselectionToken { .. } => "reselection_with_token",
            Self::MechanismChanged { .. } => "mechanism_changed",
            Self::SupportedMechFromInitiator => "supported_mech_from_initiator",
            Self::UnknownState(_) => "unknown_state",
            Self::LateRequestMic => "late_request_mic",
            Self::CompletedTooEarly => "completed_too_early",
            Self::TokenMissing => "token_missing",
            Self::TokenAfterEnd { .. } => "token_after_end",
            Self::SilentMechanism => "silent_mechanism",
            Self::MicTooEarly => "mech_list_mic_too_early",
            Self::MicWithoutIntegrity => "mech_list_mic_without_integrity",
            Self::SecondMic => "second_mech_list_mic",
            Self::MicInvalid(_) => "mech_list_mic_invalid",
            Self::MicMissing => "mech_list_mic_missing",
            Self::RawTokenRefused { .. } => "raw_token_refused",
            Self::RawMechanismUnknown { .. } => "raw_mechanism_unknown",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Mechanism(error) => error.major(),
            Self::Rejected { reason: Some(error), .. } => error.major(),
            Self::Rejected { first: true, .. }
            | Self::NoOffers
            | Self::NoCommonMechanism
            | Self::RawTokenRefused { .. }
            | Self::RawMechanismUnknown { .. } => MajorStatus::BAD_MECH,
            Self::Rejected { first: false, .. }
            | Self::Message(_)
            | Self::Output(_)
            | Self::TooManyOffers
            | Self::SilentMechanism => MajorStatus::FAILURE,
            _ => MajorStatus::DEFECTIVE_TOKEN,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Mechanism(error) | Self::Rejected { reason: Some(error), .. } => error.minor(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mechanism(error) => error.fmt(f),
            Self::Rejected { reason: Some(error), .. } => write!(f, "peer ended the negotiation: {error}"),
            Self::Rejected { first: true, .. } => f.write_str(
                "peer ended the negotiation in its first reply: it takes none of the mechanisms offered",
            ),
            Self::Rejected { .. } => f.write_str("peer ended the negotiation"),
            Self::RejectedAfterSuccess => {
                f.write_str("peer ended the negotiation with a token that the mechanism is content with")
            }
            Self::Wire(error) => error.fmt(f),
            Self::Message(error) => write!(f, "MIC over the list of mechanisms cannot be made: {error}"),
            Self::Output(full) => full.fmt(f),
            Self::NoOffers => f.write_str("no mechanism to offer"),
            Self::TooManyOffers => f.write_str("more mechanisms to offer than one list can hold"),
            Self::UnexpectedToken { expected, found } => {
                write!(f, "{found} where {expected} was expected")
            }
            Self::MechTypesMissing => f.write_str("first token has no list of mechanisms"),
            Self::NoCommonMechanism => f.write_str("initiator offers no mechanism that is accepted here"),
            Self::NotOffered { found } => {
                write!(f, "acceptor chose {}, which was not offered", Named(found))
            }
            Self::ReselectionState { mechanism, found: Some(found) } => {
                write!(f, "acceptor chose {mechanism} with {found} where request-mic was expected")
            }
            Self::ReselectionState { mechanism, found: None } => {
                write!(f, "acceptor chose {mechanism} without a state where request-mic was expected")
            }
            Self::ReselectionToken { len } => {
                write!(
                    f,
                    "acceptor chose another mechanism and sent {len} bytes of it where none were expected"
                )
            }
            Self::MechanismChanged { settled, found } => {
                write!(f, "acceptor now names {} where {settled} was agreed on", Named(found))
            }
            Self::SupportedMechFromInitiator => f.write_str("initiator sent supportedMech"),
            Self::UnknownState(state) => write!(f, "{state} where 0 to 3 were expected"),
            Self::LateRequestMic => f.write_str("request-mic after the first reply"),
            Self::CompletedTooEarly => {
                f.write_str("acceptor says accept-completed before the mechanism is done")
            }
            Self::TokenMissing => f.write_str("mechanism waits for a token and none came"),
            Self::TokenAfterEnd { len } => {
                write!(f, "token of {len} bytes for a mechanism that is done")
            }
            Self::SilentMechanism => f.write_str("mechanism is not done and gave no token to send"),
            Self::MicTooEarly => f.write_str("mechListMIC before the mechanism is done"),
            Self::MicWithoutIntegrity => f.write_str("mechListMIC in a context without integrity"),
            Self::SecondMic => f.write_str("second mechListMIC"),
            Self::MicInvalid(error) => {
                write!(
                    f,
                    "mechListMIC does not verify, the list of mechanisms may have been changed: {error}"
                )
            }
            Self::MicMissing => f.write_str("mechListMIC is required and missing"),
            Self::RawTokenRefused { found } => write!(f, "{found} where a token of SPNEGO was expected"),
            Self::RawMechanismUnknown { found } => {
                write!(f, "token of mechanism {found}, which is not accepted here")
            }
        }
    }
}

impl<E: Diagnose> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Mechanism(error) | Self::Rejected { reason: Some(error), .. } => error.source(),
            _ => None,
        }
    }
}

struct Named<'a>(&'a Option<Oid>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(mechanism) => mechanism.fmt(f),
            None => f.write_str("a mechanism with a very long name"),
        }
    }
}
