use crate::base64::Base64Error;
use crate::challenge::{FieldError, FieldErrorKind};
use crate::field::Side;
use crate::negotiate::TokenError;
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
    /// `Negotiate` without a token.
    MissingToken,
    /// No acceptor could be made: keys are missing, for instance.
    NoAcceptor(E),
    /// A token that continues a handshake, and none is half made on this connection.
    NothingToContinue,
    /// The mechanism wants another token and has nothing to send.
    NothingToSend,
    /// The handshake needs a second leg, and the server takes one only ([`Continuation::Never`](super::Continuation)).
    SecondLegNeeded,
    /// The token cannot be taken out of its field.
    Token(TokenError),
    /// The client sends too many tokens.
    TooManyLegs {
        /// How many it may send.
        limit: usize,
    },
    /// Parameters where `Negotiate` has a token.
    UnexpectedParams,
}

impl<E> ServerError<E> {
    /// The status code to answer with: 400 for what is no well-formed request, 431 for fields and tokens that are too
    /// long, 500 where the server itself is not ready, and that of the side for everything else.
    #[must_use]
    pub const fn status(&self, side: Side) -> u16 {
        match self {
            Self::Field(FieldError { kind: FieldErrorKind::FieldTooLong { .. }, .. })
            | Self::Token(TokenError::TooLong { .. }) => 431,
            Self::Field(_) | Self::Token(TokenError::Base64(_)) | Self::UnexpectedParams => 400,
            Self::NoAcceptor(_) => 500,
            Self::Expired { .. }
            | Self::Handshake(_)
            | Self::MissingToken
            | Self::NothingToContinue
            | Self::NothingToSend
            | Self::SecondLegNeeded
            | Self::TooManyLegs { .. } => side.challenge_status(),
        }
    }
}

impl<E: Diagnose + 'static> Diagnose for ServerError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.blame(),
            Self::NothingToSend | Self::Token(TokenError::Base64(Base64Error::OutputFull(_))) => {
                Blame::Caller
            }
            Self::SecondLegNeeded => Blame::Environment,
            Self::Expired { .. }
            | Self::Field(_)
            | Self::MissingToken
            | Self::NothingToContinue
            | Self::Token(_)
            | Self::TooManyLegs { .. }
            | Self::UnexpectedParams => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "http_expired",
            Self::Field(error) => error.code(),
            Self::Handshake(error) | Self::NoAcceptor(error) => error.code(),
            Self::MissingToken => "http_missing_token",
            Self::NothingToContinue => "http_nothing_to_continue",
            Self::NothingToSend => "http_nothing_to_send",
            Self::SecondLegNeeded => "http_second_leg_needed",
            Self::Token(error) => error.code(),
            Self::TooManyLegs { .. } => "http_too_many_legs",
            Self::UnexpectedParams => "http_unexpected_params",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Handshake(error) | Self::NoAcceptor(error) => error.major(),
            Self::NothingToContinue => MajorStatus::NO_CONTEXT,
            Self::Expired { .. } => MajorStatus::CONTEXT_EXPIRED,
            Self::Field(_) | Self::MissingToken | Self::Token(_) | Self::UnexpectedParams => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            Self::NothingToSend | Self::SecondLegNeeded | Self::TooManyLegs { .. } => MajorStatus::FAILURE,
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
            Self::MissingToken => f.write_str("credentials are Negotiate without a token"),
            Self::NoAcceptor(error) => write!(f, "no acceptor: {error}"),
            Self::NothingToContinue => {
                f.write_str("token continues a handshake that did not begin on this connection")
            }
            Self::NothingToSend => f.write_str("mechanism wants an answer but made no token"),
            Self::SecondLegNeeded => {
                f.write_str("handshake needs a second leg, and the server takes one only")
            }
            Self::Token(error) => error.fmt(f),
            Self::TooManyLegs { limit } => write!(f, "handshake takes more than {limit} tokens"),
            Self::UnexpectedParams => f.write_str("parameters where Negotiate has a token"),
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
