use super::ClientError;
use crate::field::Side;
use crate::legs::{DEFAULT_MAX_LEGS, DEFAULT_MAX_TOKEN, Version};
use crate::scheme::Scheme;

/// What a client insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPolicy {
    /// Whom the client authenticates to. Default: [`Side::Origin`].
    pub side: Side,
    /// The scheme, and no other: a server that offers the other one only is none of ours. To choose among several,
    /// ask [`Schemes::preferred`](crate::Schemes::preferred). Default: [`Scheme::Negotiate`].
    pub scheme: Scheme,
    /// The version of HTTP that the connection speaks. NTLM and handshakes of several legs need [`Version::Http1`], since
    /// they belong to the connection ([`ClientError::SharedConnection`]). Default: [`Version::Http1`].
    pub version: Version,
    /// How the request gets there. Default: [`Route::Direct`].
    pub route: Route,
    /// What to do when the server owes a token and sends none. Default: [`FinalToken::Require`].
    pub final_token: FinalToken,
    /// How many tokens the client sends at most. Default: [`DEFAULT_MAX_LEGS`].
    pub max_legs: usize,
    /// How many bytes a token of the server may have. Default: [`DEFAULT_MAX_TOKEN`].
    pub max_token: usize,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            side: Side::default(),
            scheme: Scheme::default(),
            version: Version::default(),
            route: Route::default(),
            final_token: FinalToken::default(),
            max_legs: DEFAULT_MAX_LEGS,
            max_token: DEFAULT_MAX_TOKEN,
        }
    }
}

impl ClientPolicy {
    /// Refuses what needs a connection of its own where there is none.
    pub(super) fn check_version<E>(&self) -> Result<(), ClientError<E>> {
        let Self { version, .. } = *self;
        if version.multiplexes() { Err(ClientError::SharedConnection { version }) } else { Ok(()) }
    }
}

/// What to do when a response is no refusal, the handshake still waits for a token (mutual authentication was asked
/// for), and there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FinalToken {
    /// The server did not prove who it is: [`ClientError::MissingFinalToken`].
    #[default]
    Require,
    /// Take the response from a server that proved nothing: [`Outcome::Unproven`](super::Outcome::Unproven). Many
    /// deployed clients do.
    AllowMissing,
}

/// How a request gets to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Route {
    /// Over a connection of its own, which includes a tunnel through a proxy (CONNECT).
    #[default]
    Direct,
    /// Forwarded by a proxy that may mix the requests of several clients on one connection. RFC 4559 section 6
    /// forbids to answer a challenge there unless the proxy promised otherwise
    /// ([`Response::session_based`](super::Response::session_based)), and to send a token unasked. Does not matter for
    /// [`Side::Proxy`].
    ForwardProxy,
}
