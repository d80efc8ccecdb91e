//! The scheme `GSS`: logins that are tied by the id of a context and not by the connection, and that hold for further
//! requests.
//!
//! This is a profile of our own, on the goals that draft-johansson-http-gss published: several legs, mutual
//! authentication, channel bindings, fast re-authentication. The draft has expired, its text gave no syntax that could be
//! followed, and conformance to it is not claimed.
//!
//! # On the wire
//!
//! ```text
//! S: 401  WWW-Authenticate: GSS realm="x", cb="tls-exporter tls-server-end-point"
//! C:      Authorization: GSS data="YIIF...", cb="tls-exporter"
//! S: 401  WWW-Authenticate: GSS ctx=Zk.., state=continue, data="oRQ..."
//! C:      Authorization: GSS ctx=Zk.., data="oXc...", cb="tls-exporter"
//! S: 200  Authentication-Info: ctx=p3.., state=complete, data="oYG..."
//! C:      Authorization: GSS ctx=p3.., nonce=1, mic="BAQE...", cb="tls-exporter"
//! S: 200
//! ```
//! Everything is an `auth-param` of RFC 9110 section 11.2, never token68. Names are read without regard to case, values
//! quoted or not, and parameters that are not known are ignored. Base64 is that of [`base64`](crate::base64).
//!
//! | parameter | from | value |
//! |---|---|---|
//! | `realm` | server | the protection space |
//! | `cb` | both | the kinds of channel bindings (RFC 5056) that the server takes and the connection has; the one that the client uses |
//! | `data` | both | a token of the mechanism |
//! | `ctx` | both | 22 random characters of base64url: what the newest reply of the server calls the context |
//! | `state` | server | `continue`, `complete` or `error` |
//! | `stale` | server | `true`: there is no such context (any more), so begin again |
//! | `nonce` | client | a decimal number from 1 on that is used once in a context |
//! | `mic` | client | a MIC over the request ([`RequestParts::signed_message`]) |
//!
//! The last token of the server goes out in `Authentication-Info` (RFC 9110 section 11.6.3) on a response of any status;
//! clients read it from a challenge too. A proxy has 407, `Proxy-Authenticate`, `Proxy-Authorization` and
//! `Proxy-Authentication-Info`. A server answers with 400 where parameters are malformed, missing or exclude each other; 401
//! with `state=error`, and the mechanism's token if the policy shows it, where the mechanism refuses; 401 with
//! `stale=true` for a context that is not there; 401 by itself for a nonce that was used, and for a context in another
//! place than its own; 431 for what is too long; 503 while its store, or what the mechanism has to ask, does not answer.
//!
//! # Security
//!
//! * **A context can be used again only if it is bound to its TLS channel**, signs messages, and is not NTLM's, whose MICs
//!   are a stream. Each use is proven by a MIC over method, origin, target, nonce, binding and `Content-Digest`, and needs
//!   the same origin, realm and binding. An id by itself lets nobody in.
//! * **A nonce is used once**, by all servers that share a store; the window is [`NONCE_WINDOW`] wide. MICs are verified
//!   before it moves, so that nobody else can use up a client's nonces.
//! * A client that names a binding is held to it: the connection has to have it, the mechanism has to have compared it.
//!   One that names none can be relayed, unless the policy asks for a binding.
//! * A half-made context goes on once, on the origin and the channel where it began. With `tls-server-end-point` the
//!   channel is any connection to that certificate, with `tls-exporter` this one.
//! * **The body is not signed**, unless the request has `Content-Digest` and somebody compares it. Neither are the other
//!   fields, nor the response: TLS protects them.
//! * What is kept of a context is secret; see [`ContextStore`].
//! * A context is rebuilt from its transcript with the acceptor's replay cache out of use for the tokens in it
//!   ([`Begin::repeats`]): whoever can write to the store can replay logins. It still takes a session key to use them.
//!
//! # A server and a client
//!
//! ```
//! use gss::{Acceptor, AcceptorConfig, Initiator, Target, Timestamp};
//! use gss_core::Env;
//! use gss_core::bindings::TlsChannel;
//! use gss_http::HeaderField;
//! use gss_http::gss::{
//!     Answer, Challenge, Client, ClientPolicy, MemoryContextStore, Outcome, Request, RequestParts, Response, Server,
//!     ServerPolicy,
//! };
//! use std::sync::Arc;
//! # use test_support::ticket::{NOW, TicketMaker};
//! # let maker = TicketMaker::example();
//! # let (keytab, ccache) = (maker.keytab(), maker.ccache());
//! # let mut rng = test_support::TestRng::insecure(1);
//! # let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
//!
//! // The server: one for all connections and threads.
//! let config = Arc::new(AcceptorConfig::from_keytab(&keytab)?);
//! let server = Server::new(ServerPolicy::default(), MemoryContextStore::new());
//! // Answers a request: status, and fields to add.
//! let mut answer = |credentials: &[&str], parts: RequestParts<'_>, env: &mut Env<'_>| {
//!     let acceptor = |begin: gss_http::gss::Begin| {
//!         let acceptor = Acceptor::new(Arc::clone(&config)).binding_check(begin.bindings);
//!         Ok(acceptor.repeating_accepted_tokens(begin.repeats))
//!     };
//!     let user = |context: &gss::Context| context.peer_name();
//!     match server.receive(Request { credentials, parts }, acceptor, user, env) {
//!         Answer::Challenge(reply) | Answer::Continue(reply) => (reply.status, reply.fields),
//!         Answer::Accepted { user, fields, .. } => {
//!             assert_eq!(user.as_deref(), Some("alice@EXAMPLE.COM"));
//!             (200, fields)
//!         }
//!         Answer::Reject { reply, error } => {
//!             eprintln!("refused: {error}");
//!             (reply.status, reply.fields)
//!         }
//!     }
//! };
//! let values = |fields: &[HeaderField], name: &str| -> Vec<String> {
//!     let named = fields.iter().filter(|field| field.name == name);
//!     named.map(|field| field.value.as_str().to_owned()).collect()
//! };
//!
//! // The client: it asks, chooses the binding, and makes an initiator with that.
//! let channel = TlsChannel::none().with_exporter([7; 32]);
//! let origin = "https://www.example.com:443";
//! let parts = RequestParts { method: "GET", origin, target: "/", content_digest: None, channel: &channel };
//! let (_, fields) = answer(&[], parts, &mut env);
//! let challenge = Challenge::find(&values(&fields, "WWW-Authenticate"))?.ok_or("no GSS")?;
//! let binding = challenge.choose(&channel).ok_or("nothing to bind to")?;
//! let credentials = gss::krb5::Credentials::from_ccache(&ccache)?;
//! let initiator = Initiator::krb5(&credentials, &Target::new("HTTP", "www.example.com")?)?;
//! let initiator = initiator.channel_bindings(&binding.channel_bindings());
//! let client = Client::new(initiator, Some(binding), origin, ClientPolicy::default());
//!
//! // Each leg sends the request again.
//! let (mut field, mut exchange) = client.begin(&mut env)?;
//! let login = loop {
//!     let (status, fields) = answer(&[field.value.as_str()], parts, &mut env);
//!     let challenges = values(&fields, "WWW-Authenticate");
//!     let info = values(&fields, "Authentication-Info");
//!     match exchange.receive(Response { status, challenges: &challenges, info: &info }, &mut env)? {
//!         Outcome::SendAgain { field: next, exchange: after } => (field, exchange) = (next, after),
//!         Outcome::Done(login) => break login,
//!         other => panic!("{other:?}"),
//!     }
//! };
//!
//! // Further requests are signed.
//! let mut session = login.into_session().ok_or("the server keeps no contexts")?;
//! let parts = RequestParts { target: "/more", ..parts };
//! let field = session.authorize(&parts, env.now)?;
//! assert_eq!(answer(&[field.value.as_str()], parts, &mut env).0, 200);
//! assert_eq!(answer(&[field.value.as_str()], parts, &mut env).0, 401, "once");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binding;
pub mod client;
mod id;
#[cfg(feature = "std")]
mod memory;
mod message;
mod reauth;
#[cfg(feature = "std")]
mod rebuild;
#[cfg(feature = "std")]
pub mod server;
mod store;
#[cfg(feature = "std")]
mod transcript;

pub use self::binding::{Binding, Bindings};
pub use self::client::{
    Challenge, ChallengeError, Client, ClientError, ClientPolicy, Exchange, Login, Outcome, Response,
    Restart, Session, SessionError, SessionOutcome,
};
pub use self::id::{ContextId, ContextIdError, Nonce};
#[cfg(feature = "std")]
pub use self::memory::MemoryContextStore;
pub use self::message::{
    ClientMessage, MAX_MIC, ParamError, ParamErrorKind, ServerMessage, State, UnknownBinding,
};
pub use self::reauth::{NulInRequest, RequestParts};
#[cfg(feature = "std")]
pub use self::server::{Answer, Begin, Proof, Request, Server, ServerError, ServerPolicy};
pub use self::store::{ContextLimits, ContextStore, NONCE_WINDOW, NonceError, NonceFresh, StoreUnavailable};
#[cfg(feature = "std")]
pub use self::transcript::{MAX_RANDOM, MAX_TRANSCRIPT, MAX_TRANSCRIPT_LEGS, Transcript, TranscriptError};

/// The name of the scheme.
pub const NAME: &str = "GSS";
