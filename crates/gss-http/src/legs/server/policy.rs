use crate::field::Side;
use crate::legs::{DEFAULT_MAX_LEGS, DEFAULT_MAX_TOKEN};
use crate::scheme::Schemes;

/// How long a client may take between its first and its last token, in seconds, unless the caller says otherwise.
pub const DEFAULT_PARTIAL_LIFETIME: u32 = 60;

/// What a server insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// As what the server authenticates. Default: [`Side::Origin`].
    pub side: Side,
    /// The schemes to offer, in this order, and to take. Default: `Negotiate` alone;
    /// [`scheme`](crate::scheme) says why.
    pub schemes: Schemes,
    /// Whether handshakes of several legs are taken. Default: [`Continuation::OnConnection`].
    pub continuation: Continuation,
    /// Which logins hold for the later requests on their connection. Default: [`Persist::Ntlm`].
    pub persist: Persist,
    /// Whether NTLM and handshakes of several legs are taken behind a proxy too (requests with `Via`). Default: no.
    ///
    /// Such a login holds for the connection, which behind a proxy is the proxy's. Allow it only if each proxy in front
    /// gives every client connection a server connection of its own, which nobody else's request ever goes over: what
    /// `Proxy-Support: Session-Based-Authentication` promises ([`PROXY_SUPPORT`](crate::persistence::PROXY_SUPPORT)). A
    /// load balancer that keeps a pool of connections does not, and gives one user the rights of another.
    pub allow_via: bool,
    /// What a refused client gets to see. Default: [`FailureReply::Bare`].
    pub failure: FailureReply,
    /// How many tokens a client may send for one handshake. Default: [`DEFAULT_MAX_LEGS`].
    pub max_legs: usize,
    /// How many bytes a client's token may have. Default: [`DEFAULT_MAX_TOKEN`]. Beyond 96 KiB
    /// [`MAX_FIELD_BYTES`](crate::challenge::MAX_FIELD_BYTES) is the limit.
    pub max_token: usize,
    /// How many seconds a half-made handshake is kept. Default: [`DEFAULT_PARTIAL_LIFETIME`].
    pub partial_lifetime: u32,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        Self {
            side: Side::default(),
            schemes: Schemes::default(),
            continuation: Continuation::default(),
            persist: Persist::default(),
            allow_via: false,
            failure: FailureReply::default(),
            max_legs: DEFAULT_MAX_LEGS,
            max_token: DEFAULT_MAX_TOKEN,
            partial_lifetime: DEFAULT_PARTIAL_LIFETIME,
        }
    }
}

/// Whether handshakes of several legs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Continuation {
    /// Yes: the connection carries one request after the other, all of one client.
    #[default]
    OnConnection,
    /// No: one leg or [`ServerError::Unbound`](super::ServerError::Unbound). NTLM is not offered then.
    Never,
}

/// Which logins hold for the later requests on their connection, until it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Persist {
    /// Those by NTLM: its clients send no credentials after the first request. With other mechanisms every request
    /// brings its own.
    #[default]
    Ntlm,
    /// All. Clients that heed `Persistent-Auth` save themselves a token for each request.
    All,
}

/// What a refused client gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FailureReply {
    /// The challenge without a token. Every client takes that as a refusal.
    #[default]
    Bare,
    /// The mechanism's error token (KRB-ERROR, SPNEGO reject), if there is one of at most
    /// [`MAX_ERROR_TOKEN`](super::MAX_ERROR_TOKEN) bytes. It helps a client to say why; some take it for the next leg.
    /// The scheme `NTLM` has no such tokens.
    ErrorToken,
}
