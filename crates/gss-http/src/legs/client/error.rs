use crate::legs::{OfferError, TokenError, Version};
use crate::scheme::Scheme;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Why a client's exchange is over. `E` is the mechanism's error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError<E> {
    /// The server refuses our credentials.
    Denied {
        /// Tokens that we sent.
        legs: usize,
        /// The scheme they were of.
        scheme: Scheme,
        /// Whether the server still offers it.
        offered: bool,
    },
    /// The mechanism refuses the server's token, or cannot make ours.
    Handshake(E),
    /// The server took our credentials as complete, but its token is not the last: it did not prove who it is. The
    /// response cannot be trusted.
    Incomplete,
    /// The server owed a token and sent none: it did not prove who it is. The response cannot be trusted.
    MissingFinalToken,
    /// The mechanism wants an answer from the server and has nothing to send.
    NothingToSend,
    /// The server does not offer the scheme.
    NotOffered {
        /// The scheme.
        scheme: Scheme,
    },
    /// What the server offers cannot be told from its challenges.
    Offer(OfferError),
    /// The proxy on the way may mix connections of several clients (RFC 4559 section 6).
    ProxyNotSessionBased,
    /// NTLM, or a second leg, needs a connection that carries one request after the other (see
    /// [`ClientPolicy::version`](super::ClientPolicy::version)).
    SharedConnection {
        /// The version that the connection speaks.
        version: Version,
    },
    /// The server's token cannot be taken out of its field, or is none of the scheme.
    Token(TokenError),
    /// The server sends a token after ours was the last of the handshake.
    TokenAfterCompletion,
    /// The exchange takes too many requests.
    TooManyLegs {
        /// How many tokens we may send.
        limit: usize,
    },
    /// The mechanism made one more token for a server that has taken the exchange as complete.
    UnsentToken,
    /// The first challenge has a token, before we sent one.
    UnsolicitedToken,
    /// The initiator for the scheme `NTLM` made a token that is not NTLM's next message.
    WrongMechanism,
}

impl<E> ClientError<E> {
    /// Whether the same may succeed over HTTP/1.1.
    #[must_use]
    pub const fn needs_http11(&self) -> bool {
        matches!(self, Self::SharedConnection { .. })
    }
}

impl<E> From<OfferError> for ClientError<E> {
    fn from(error: OfferError) -> Self {
        Self::Offer(error)
    }
}

impl<E: Diagnose + 'static> Diagnose for ClientError<E> {
    fn blame(&self) -> Blame {
        match self {
            Self::Denied { .. } | Self::NotOffered { .. } => Blame::PeerRefused,
            Self::Handshake(error) => error.blame(),
            Self::NothingToSend | Self::WrongMechanism => Blame::Caller,
            Self::ProxyNotSessionBased | Self::SharedConnection { .. } => Blame::Environment,
            Self::Incomplete
            | Self::MissingFinalToken
            | Self::Offer(_)
            | Self::Token(_)
            | Self::TokenAfterCompletion
            | Self::TooManyLegs { .. }
            | Self::UnsentToken
            | Self::UnsolicitedToken => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "http_denied",
            Self::Handshake(error) => error.code(),
            Self::Incomplete => "http_incomplete",
            Self::MissingFinalToken => "http_missing_final_token",
            Self::NothingToSend => "http_nothing_to_send",
            Self::NotOffered { .. } => "http_not_offered",
            Self::Offer(error) => error.code(),
            Self::ProxyNotSessionBased => "http_proxy_not_session_based",
            Self::SharedConnection { .. } => "http_needs_http11",
            Self::Token(error) => error.code(),
            Self::TokenAfterCompletion => "http_token_after_completion",
            Self::TooManyLegs { .. } => "http_too_many_legs",
            Self::UnsentToken => "http_unsent_token",
            Self::UnsolicitedToken => "http_unsolicited_token",
            Self::WrongMechanism => "http_wrong_mechanism",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Handshake(error) => error.major(),
            Self::Denied { .. } => MajorStatus::UNAUTHORIZED,
            Self::NotOffered { .. } => MajorStatus::UNAVAILABLE,
            Self::Offer(_) | Self::Token(_) | Self::TokenAfterCompletion | Self::UnsolicitedToken => {
                MajorStatus::DEFECTIVE_TOKEN
            }
            Self::Incomplete
            | Self::MissingFinalToken
            | Self::NothingToSend
            | Self::ProxyNotSessionBased
            | Self::SharedConnection { .. }
            | Self::TooManyLegs { .. }
            | Self::UnsentToken
            | Self::WrongMechanism => MajorStatus::FAILURE,
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
            Self::Denied { legs, offered: true, .. } => {
                write!(f, "server refused the credentials after {legs} tokens and asks for others")
            }
            Self::Denied { legs, scheme, offered: false } => {
                write!(f, "server refused the credentials after {legs} tokens and no longer offers {scheme}")
            }
            Self::Handshake(error) => error.fmt(f),
            Self::Incomplete => {
                f.write_str("server answered the request, but its token does not complete the handshake")
            }
            Self::MissingFinalToken => f.write_str(
                "server answered the request without the token that proves its identity; \
                 allow a missing final token only if the server need not be known",
            ),
            Self::NothingToSend => f.write_str("mechanism wants an answer but made no token"),
            Self::NotOffered { scheme } => {
                write!(f, "server asks for credentials but does not offer {scheme}")
            }
            Self::Offer(error) => error.fmt(f),
            Self::ProxyNotSessionBased => f.write_str(
                "proxy does not say that it keeps connections apart (Proxy-Support); use a tunnel",
            ),
            Self::SharedConnection { version } => write!(
                f,
                "NTLM or a second leg needs a connection of its own, and {version} mixes requests; use HTTP/1.1"
            ),
            Self::Token(error) => error.fmt(f),
            Self::TokenAfterCompletion => f.write_str("server sent a token after the handshake was complete"),
            Self::TooManyLegs { limit } => write!(f, "handshake takes more than {limit} tokens"),
            Self::UnsentToken => {
                f.write_str("mechanism made a token for a server that takes the handshake as complete")
            }
            Self::UnsolicitedToken => f.write_str("first challenge has a token, expected none"),
            Self::WrongMechanism => f.write_str(
                "initiator made a token that is not NTLM's next message; the scheme NTLM needs one of raw NTLM",
            ),
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
