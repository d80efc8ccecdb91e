use super::ChallengeError;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Why a client's login is over. `E` is the mechanism's error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError<E> {
    /// What the server says cannot be told.
    Challenge(ChallengeError),
    /// The server refuses our credentials.
    Denied {
        /// Tokens that we sent.
        legs: usize,
        /// Whether the server still offers the scheme.
        offered: bool,
    },
    /// The mechanism refuses the server's token, or cannot make ours.
    Handshake(E),
    /// The server answered the request, but the login is not complete: it did not prove who it is. The response cannot be
    /// trusted.
    Incomplete,
    /// The server wants the next token and does not say for which context.
    MissingContext,
    /// The server owed a token and sent none: it did not prove who it is. The response cannot be trusted.
    MissingFinalToken,
    /// The server wants the next token and sends none.
    MissingToken,
    /// The mechanism wants an answer from the server and has nothing to send.
    NothingToSend,
    /// The server sends a token after ours was the last of the login.
    TokenAfterCompletion,
    /// The login takes too many requests.
    TooManyLegs {
        /// How many tokens we may send.
        limit: usize,
    },
    /// The mechanism made one more token for a server that has taken the login as complete.
    UnsentToken,
}

impl<E> From<ChallengeError> for ClientError<E> {
    fn from(error: ChallengeError) -> Self {
        Self::Challenge(error)
    }
}

impl<E: Diagnose + 'static> Diagnose for ClientError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Denied { .. } => Blame::PeerRefused,
            Self::Handshake(error) => error.blame(),
            Self::NothingToSend => Blame::Caller,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Challenge(error) => error.code(),
            Self::Denied { .. } => "gss_denied",
            Self::Handshake(error) => error.code(),
            Self::Incomplete => "gss_incomplete",
            Self::MissingContext => "gss_missing_context",
            Self::MissingFinalToken => "gss_missing_final_token",
            Self::MissingToken => "gss_missing_token",
            Self::NothingToSend => "gss_nothing_to_send",
            Self::TokenAfterCompletion => "gss_token_after_completion",
            Self::TooManyLegs { .. } => "gss_too_many_legs",
            Self::UnsentToken => "gss_unsent_token",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Handshake(error) => error.major(),
            Self::Denied { .. } => MajorStatus::UNAUTHORIZED,
            Self::Challenge(_) | Self::MissingContext | Self::MissingToken | Self::TokenAfterCompletion => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Handshake(error) => error.minor(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ClientError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(error) => error.fmt(f),
            Self::Denied { legs, offered: true } => {
                write!(f, "server refused the credentials after {legs} tokens and asks for others")
            }
            Self::Denied { legs, offered: false } => {
                write!(f, "server refused the credentials after {legs} tokens and no longer offers GSS")
            }
            Self::Handshake(error) => error.fmt(f),
            Self::Incomplete => f.write_str("server answered the request, but the login is not complete"),
            Self::MissingContext => {
                f.write_str("server wants another token and names no context, expected ctx")
            }
            Self::MissingFinalToken => f.write_str(
                "server answered the request without the token that proves its identity; \
                 allow a missing final token only if the server need not be known",
            ),
            Self::MissingToken => f.write_str("server wants another token and sends none, expected data"),
            Self::NothingToSend => f.write_str("mechanism wants an answer but made no token"),
            Self::TokenAfterCompletion => f.write_str("server sent a token after the login was complete"),
            Self::TooManyLegs { limit } => write!(f, "login takes more than {limit} tokens"),
            Self::UnsentToken => {
                f.write_str("mechanism made a token for a server that takes the login as complete")
            }
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ClientError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Handshake(error) => error.source(),
            _ => None,
        }
    }
}
