use crate::challenge::{FieldError, FieldErrorKind};
use crate::field::Side;
use crate::gss::{NulInRequest, ParamError, ParamErrorKind, StoreUnavailable, TranscriptError};
use crate::legs::TokenError;
use core::fmt;
use gss_core::bindings::{TlsBinding, TooManyBindings};
use gss_core::{Blame, Diagnose, MajorStatus, MessageError};

/// Why a server refuses a client. `E` is the mechanism's error, kept whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError<E> {
    /// The client names a kind of binding that is not offered here, or that is not known.
    BindingNotOffered {
        /// The kind, if it is known.
        named: Option<TlsBinding>,
    },
    /// The client names a kind of binding that its connection does not have: something stands in between.
    BindingNotThere {
        /// The kind.
        named: TlsBinding,
    },
    /// The client names no binding, and has to.
    BindingRequired,
    /// What was kept of a context does not lead to it any more: keys or configuration have changed.
    Diverged,
    /// The credentials break the grammar.
    Field(FieldError),
    /// The mechanism refuses the client's token.
    Handshake(E),
    /// The MIC over the request does not verify.
    Mic(MessageError),
    /// The scheme with token68 data, or without anything, where it has parameters.
    NoParams,
    /// No acceptor could be made: keys are missing, for instance.
    NoAcceptor(E),
    /// The acceptor let a client in that named a binding, and did not compare it.
    NotBound {
        /// The kind.
        named: TlsBinding,
    },
    /// The mechanism wants another token and has nothing to send.
    NothingToSend,
    /// A part of the request cannot be signed.
    Nul(NulInRequest),
    /// The context began on a channel with another binding.
    OtherChannel,
    /// The client names another kind of binding than when it began.
    OtherBinding {
        /// The kind it named then.
        began: Option<TlsBinding>,
        /// The kind it names now.
        named: Option<TlsBinding>,
    },
    /// The context began at another origin, in another realm or on another side of a proxy.
    OtherScope,
    /// A parameter is missing, in the wrong place or malformed.
    Param(ParamError),
    /// What was kept of a context is refused by the mechanism now: its keys have changed.
    RefusedAgain(E),
    /// The nonce was used before, or is too old to tell.
    Replayed,
    /// The store of contexts cannot be asked.
    Store(StoreUnavailable),
    /// The connection has more bindings than an acceptor can compare.
    TooManyBindings(TooManyBindings),
    /// The client sends too many tokens.
    TooManyLegs {
        /// How many it may send.
        limit: usize,
    },
    /// The exchange is too long to be kept until the client's next token.
    TooLong(TranscriptError),
    /// There is no such context (any more).
    UnknownContext,
    /// What the store gave back is none of ours.
    Unreadable(TranscriptError),
}

impl<E> From<StoreUnavailable> for ServerError<E> {
    fn from(error: StoreUnavailable) -> Self {
        Self::Store(error)
    }
}

impl<E> From<NulInRequest> for ServerError<E> {
    fn from(error: NulInRequest) -> Self {
        Self::Nul(error)
    }
}

impl<E: Diagnose> ServerError<E> {
    /// The status code to answer with: 400 for what is no well-formed request, 431 for fields and tokens that are too
    /// long, 500 where the server itself is not ready, 503 where its store is not or a mechanism could not ask what it has
    /// to ([`MajorStatus::UNAVAILABLE`]), and that of the side for everything else.
    #[must_use]
    pub fn status(&self, side: Side) -> u16 {
        match self {
            Self::Field(FieldError { kind: FieldErrorKind::FieldTooLong { .. }, .. })
            | Self::Param(ParamError { kind: ParamErrorKind::Base64(TokenError::TooLong { .. }), .. }) => 431,
            Self::Field(_) | Self::NoParams | Self::Nul(_) | Self::Param(_) => 400,
            Self::NoAcceptor(_) | Self::NotBound { .. } | Self::TooManyBindings(_) => 500,
            Self::Handshake(error) if error.major() == MajorStatus::UNAVAILABLE => 503,
            Self::Store(_) => 503,
            _ => side.challenge_status(),
        }
    }
}

impl<E> ServerError<E> {
    /// Whether the client is told that its context is gone, so that it begins again.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Diverged | Self::RefusedAgain(_) | Self::UnknownContext | Self::Unreadable(_))
    }

    /// Whether a login failed: the client is told by `state=error`.
    pub(super) const fn ends_login(&self) -> bool {
        matches!(self, Self::Handshake(_) | Self::NothingToSend | Self::TooLong(_) | Self::TooManyLegs { .. })
    }
}

impl<E: Diagnose + 'static> Diagnose for ServerError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.blame(),
            Self::Mic(error) => error.blame(),
            Self::NotBound { .. } | Self::NothingToSend | Self::TooManyBindings(_) => Blame::Caller,
            Self::Diverged
            | Self::RefusedAgain(_)
            | Self::Store(_)
            | Self::UnknownContext
            | Self::Unreadable(_) => Blame::Environment,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BindingNotOffered { .. } => "gss_binding_not_offered",
            Self::BindingNotThere { .. } => "gss_binding_not_there",
            Self::BindingRequired => "gss_binding_required",
            Self::Diverged => "gss_diverged",
            Self::Field(error) => error.code(),
            Self::Handshake(error) | Self::NoAcceptor(error) => error.code(),
            Self::Mic(_) => "gss_mic",
            Self::NoParams => "gss_no_params",
            Self::NotBound { .. } => "gss_not_bound",
            Self::NothingToSend => "gss_nothing_to_send",
            Self::Nul(_) => "gss_nul_in_request",
            Self::OtherChannel => "gss_other_channel",
            Self::OtherBinding { .. } => "gss_other_binding",
            Self::OtherScope => "gss_other_scope",
            Self::Param(error) => error.code(),
            Self::RefusedAgain(_) => "gss_refused_again",
            Self::Replayed => "gss_nonce_replayed",
            Self::Store(_) => "gss_store_unavailable",
            Self::TooManyBindings(error) => error.code(),
            Self::TooManyLegs { .. } => "gss_too_many_legs",
            Self::TooLong(_) => "gss_too_long",
            Self::UnknownContext => "gss_unknown_context",
            Self::Unreadable(_) => "gss_unreadable_context",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) | Self::RefusedAgain(error) => error.major(),
            Self::Mic(error) => error.major(),
            Self::BindingNotOffered { .. }
            | Self::BindingNotThere { .. }
            | Self::BindingRequired
            | Self::NotBound { .. }
            | Self::OtherBinding { .. }
            | Self::OtherChannel => MajorStatus::BAD_BINDINGS,
            Self::Field(_) | Self::NoParams | Self::Param(_) => MajorStatus::DEFECTIVE_TOKEN,
            Self::Replayed => MajorStatus::DUPLICATE_TOKEN,
            Self::Diverged | Self::OtherScope | Self::UnknownContext | Self::Unreadable(_) => {
                MajorStatus::NO_CONTEXT
            }
            Self::NothingToSend
            | Self::Nul(_)
            | Self::Store(_)
            | Self::TooLong(_)
            | Self::TooManyBindings(_)
            | Self::TooManyLegs { .. } => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) | Self::RefusedAgain(error) => error.minor(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ServerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BindingNotOffered { named: Some(named) } => {
                write!(f, "client is bound by {named}, which is not offered here")
            }
            Self::BindingNotOffered { named: None } => f.write_str(
                "client is bound by something that is not known, expected one of the kinds offered",
            ),
            Self::BindingNotThere { named } => write!(
                f,
                "client is bound by {named}, which its connection here does not have; \
                 where TLS ends elsewhere, state the certificates there or do not offer it"
            ),
            Self::BindingRequired => f.write_str("client names no channel binding, and has to"),
            Self::Diverged => f.write_str(
                "what was kept of the context leads elsewhere now; was the acceptor's configuration changed?",
            ),
            Self::Field(error) => write!(f, "credentials: {error}"),
            Self::Handshake(error) => error.fmt(f),
            Self::Mic(error) => write!(f, "MIC over the request: {error}"),
            Self::NoParams => {
                f.write_str("credentials of GSS without parameters, expected data, or ctx, nonce and mic")
            }
            Self::NoAcceptor(error) => write!(f, "no acceptor: {error}"),
            Self::NotBound { named } => write!(
                f,
                "client is bound by {named}, and the acceptor did not compare it; give it the bindings it is made for"
            ),
            Self::NothingToSend => f.write_str("mechanism wants an answer but made no token"),
            Self::Nul(error) => error.fmt(f),
            Self::OtherChannel => f.write_str("context began on a TLS channel that this connection is not"),
            Self::OtherBinding { began, named } => {
                let word = |kind: &Option<TlsBinding>| kind.map_or("no binding", TlsBinding::name);
                write!(f, "context began with {}, and now the client names {}", word(began), word(named))
            }
            Self::OtherScope => f.write_str("context began at another origin or in another realm"),
            Self::Param(error) => error.fmt(f),
            Self::RefusedAgain(error) => {
                write!(f, "what was kept of the context is refused now; were keys replaced? {error}")
            }
            Self::Replayed => {
                f.write_str("nonce was used before, or is too far below the highest; expected a new one")
            }
            Self::Store(error) => error.fmt(f),
            Self::TooManyBindings(error) => error.fmt(f),
            Self::TooManyLegs { limit } => write!(f, "login takes more than {limit} tokens"),
            Self::TooLong(error) | Self::Unreadable(error) => error.fmt(f),
            Self::UnknownContext => f.write_str("there is no such context (any more)"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ServerError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Handshake(error) => error.source(),
            Self::NoAcceptor(error) | Self::RefusedAgain(error) => Some(error),
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}
