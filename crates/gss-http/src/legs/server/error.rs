use crate::base64::Base64Error;
use crate::challenge::{FieldError, FieldErrorKind};
use crate::field::Side;
use crate::legs::TokenError;
use crate::scheme::Scheme;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Why a server refuses a client. `E` is the mechanism's error, kept whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError<E> {
    /// The client took too long between its tokens.
    Expired {
        /// Seconds since the first token; negative when the clock went back.
        age: i64,
        /// Seconds it may take.
        limit: u32,
    },
    /// The credentials break the grammar.
    Field(FieldError),
    /// The mechanism refuses the client's token.
    Handshake(E),
    /// The scheme without a token.
    MissingToken {
        /// The scheme.
        scheme: Scheme,
    },
    /// No acceptor could be made: keys are missing, for instance.
    NoAcceptor(E),
    /// A token that continues a handshake, and none is half made on this connection.
    NothingToContinue,
    /// The mechanism wants another token and has nothing to send.
    NothingToSend,
    /// The token cannot be taken out of its field, or is none of the scheme.
    Token(TokenError),
    /// The client sends too many tokens.
    TooManyLegs {
        /// How many it may send.
        limit: usize,
    },
    /// The client needs a connection of its own, and this one is not.
    Unbound {
        /// What needs it.
        need: Need,
        /// Why it has none.
        why: Unbound,
    },
    /// Parameters where the scheme has a token.
    UnexpectedParams {
        /// The scheme.
        scheme: Scheme,
    },
    /// The acceptor for the scheme `NTLM` made a token that is not NTLM's challenge.
    WrongMechanism,
}

/// What belongs to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// NTLM, whatever the scheme: it authenticates the connection.
    Ntlm,
    /// A handshake of several legs.
    SecondLeg,
}

/// Why nothing can be bound to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unbound {
    /// HTTP/2 mixes requests.
    Http2,
    /// HTTP/3 mixes requests.
    Http3,
    /// The server keeps nothing ([`Continuation::Never`](super::Continuation::Never)).
    Never,
    /// A request came through a proxy ([`ServerPolicy::allow_via`](super::ServerPolicy::allow_via)).
    Via,
}

impl<E> From<TokenError> for ServerError<E> {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl<E: Diagnose> ServerError<E> {
    /// The status code to answer with: 400 for what is no well-formed request, 431 for fields and tokens that are too
    /// long, 500 where the server itself is not ready, 503 where a mechanism could not ask what it has to
    /// ([`MajorStatus::UNAVAILABLE`]: a replay cache, for instance), and that of the side for everything else. Where that
    /// status needs a challenge and no scheme can be offered, the reply has 403 in its place.
    #[must_use]
    pub fn status(&self, side: Side) -> u16 {
        match self {
            Self::Field(FieldError { kind: FieldErrorKind::FieldTooLong { .. }, .. })
            | Self::Token(TokenError::TooLong { .. }) => 431,
            Self::Field(_) | Self::Token(TokenError::Base64(_)) | Self::UnexpectedParams { .. } => 400,
            Self::NoAcceptor(_) | Self::WrongMechanism => 500,
            Self::Handshake(error) if error.major() == MajorStatus::UNAVAILABLE => 503,
            Self::Expired { .. }
            | Self::Handshake(_)
            | Self::MissingToken { .. }
            | Self::NothingToContinue
            | Self::NothingToSend
            | Self::Token(TokenError::NotNtlm | TokenError::WrongNtlmMessage { .. })
            | Self::TooManyLegs { .. }
            | Self::Unbound { .. } => side.challenge_status(),
        }
    }
}

impl<E> ServerError<E> {
    /// Whether the client can log in over HTTP/1.1 where it cannot over the version it used.
    #[must_use]
    pub const fn needs_http11(&self) -> bool {
        matches!(self, Self::Unbound { why: Unbound::Http2 | Unbound::Http3, .. })
    }
}

impl<E: Diagnose + 'static> Diagnose for ServerError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.blame(),
            Self::NothingToSend
            | Self::Token(TokenError::Base64(Base64Error::OutputFull(_)))
            | Self::WrongMechanism => Blame::Caller,
            Self::Unbound { .. } => Blame::Environment,
            Self::Expired { .. }
            | Self::Field(_)
            | Self::MissingToken { .. }
            | Self::NothingToContinue
            | Self::Token(_)
            | Self::TooManyLegs { .. }
            | Self::UnexpectedParams { .. } => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "http_expired",
            Self::Field(error) => error.code(),
            Self::Handshake(error) | Self::NoAcceptor(error) => error.code(),
            Self::MissingToken { .. } => "http_missing_token",
            Self::NothingToContinue => "http_nothing_to_continue",
            Self::NothingToSend => "http_nothing_to_send",
            Self::Token(error) => error.code(),
            Self::TooManyLegs { .. } => "http_too_many_legs",
            Self::Unbound { why: Unbound::Http2 | Unbound::Http3, .. } => "http_needs_http11",
            Self::Unbound { why: Unbound::Never, .. } => "http_second_leg_needed",
            Self::Unbound { why: Unbound::Via, .. } => "http_behind_proxy",
            Self::UnexpectedParams { .. } => "http_unexpected_params",
            Self::WrongMechanism => "http_wrong_mechanism",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.major(),
            Self::NothingToContinue => MajorStatus::NO_CONTEXT,
            Self::Expired { .. } => MajorStatus::CONTEXT_EXPIRED,
            Self::Field(_) | Self::MissingToken { .. } | Self::Token(_) | Self::UnexpectedParams { .. } => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            Self::NothingToSend | Self::TooManyLegs { .. } | Self::Unbound { .. } | Self::WrongMechanism => {
                MajorStatus::FAILURE
            }
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.minor(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ServerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { age, limit } => {
                write!(f, "handshake began {age} s ago, at most {limit} s are allowed")
            }
            Self::Field(error) => write!(f, "credentials: {error}"),
            Self::Handshake(error) => error.fmt(f),
            Self::MissingToken { scheme } => write!(f, "credentials are {scheme} without a token"),
            Self::NoAcceptor(error) => write!(f, "no acceptor: {error}"),
            Self::NothingToContinue => {
                f.write_str("token continues a handshake that did not begin on this connection")
            }
            Self::NothingToSend => f.write_str("mechanism wants an answer but made no token"),
            Self::Token(error) => error.fmt(f),
            Self::TooManyLegs { limit } => write!(f, "handshake takes more than {limit} tokens"),
            Self::Unbound { need, why } => {
                f.write_str(match need {
                    Need::Ntlm => "NTLM authenticates a connection",
                    Need::SecondLeg => "handshake needs a second leg on its connection",
                })?;
                f.write_str(match why {
                    Unbound::Http2 => ", which HTTP/2 shares among requests; HTTP/1.1 is required",
                    Unbound::Http3 => ", which HTTP/3 shares among requests; HTTP/1.1 is required",
                    Unbound::Never => ", and the server takes one leg only",
                    Unbound::Via => {
                        ", and a proxy on the way (Via) may share it among clients; \
                         allow that only if the proxy keeps them apart"
                    }
                })
            }
            Self::UnexpectedParams { scheme } => write!(f, "parameters where {scheme} has a token"),
            Self::WrongMechanism => f.write_str(
                "acceptor made a token that is not NTLM's challenge; the scheme NTLM needs an acceptor of raw NTLM",
            ),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ServerError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Handshake(error) => error.source(),
            Self::NoAcceptor(error) => Some(error),
            _ => None,
        }
    }
}
