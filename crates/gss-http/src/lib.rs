//! HTTP authentication for GSS-API: the grammar of challenges and credentials, and both sides of `Negotiate`, `NTLM` and
//! `GSS`.
//!
//! A program brings the lines of its authentication fields and the status code, in whatever types its HTTP library
//! has; it gets back fields to send and, at the end, an established [`SecurityContext`](gss_core::SecurityContext). No HTTP
//! library, no socket and no clock is used here.
//!
//! * [`challenge`]: what RFC 9110 section 11 allows in `WWW-Authenticate`, `Authorization` and their twins for proxies.
//! * [`scheme`]: the two schemes, and lists of them.
//! * [`legs`]: their exchanges. [`Client`] and [`ServerConnection`] run any [`Handshake`](gss_core::Handshake): SPNEGO mostly,
//!   or a mechanism by itself.
//! * [`gss`]: a scheme of our own, whose logins belong to no connection and hold for further requests. It needs `alloc`,
//!   its server `std`.
//! * [`persistence`]: what `Persistent-Auth` and `Proxy-Support` say about the connection.
//! * [`base64`], [`field`]: tokens as text; values that do not show in logs.
//!
//! Without feature `alloc` there is no heap: [`challenge`], [`base64`], [`legs::Offer`] and [`Scheme::write_token`] are what
//! a device needs to frame its tokens; the state machines need `alloc`.
//!
//! # NTLM
//!
//! NTLM is legacy, under either scheme: the server proves nothing, a recorded login is good for guessing the password, and
//! the login holds for a connection, where HTTP has only requests. Servers offer and take the scheme `NTLM`, and clients
//! answer it, only where it is listed ([`Schemes`]); whether `Negotiate` may come to NTLM is for the acceptor and the
//! initiator behind it to say. Connections that others share ([`Version::Http2`], [`Version::Http3`], and behind proxies)
//! are refused to it; [`legs::server`] has the rules.
//!
//! # A server and a client
//!
//! ```
//! use gss_core::{Env, Handshake, SecurityContext, Timestamp};
//! use gss_http::{Answer, Client, ClientError, ClientPolicy, FirstOutcome, HeaderField, Outcome, Response};
//! use gss_http::{Request, Scheme, ServerConnection, ServerPolicy, Version};
//! # mod scripted { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scripted.rs")); }
//! # use scripted::Scripted;
//!
//! /// Answers one request: status, fields to add, body. The connection's state lives as long as the connection.
//! fn answer<H: Handshake>(
//!     connection: &mut ServerConnection<H>,
//!     request: Request<&[&str]>,
//!     acceptor: impl FnOnce(Scheme) -> Result<H, H::Error>,
//!     env: &mut Env<'_>,
//! ) -> (u16, Vec<HeaderField>, String) {
//!     match connection.receive(request, acceptor, env) {
//!         Answer::Challenge(reply) | Answer::Continue(reply) => (reply.status, reply.fields, String::new()),
//!         Answer::Accepted { context, fields } => {
//!             let who = context.facts().peer.map(|peer| peer.to_string());
//!             (200, fields, format!("you are {}", who.unwrap_or_default()))
//!         }
//!         Answer::Reject { reply, error } => {
//!             eprintln!("refused: {error}");
//!             (reply.status, reply.fields, String::new())
//!         }
//!     }
//! }
//!
//! /// Sends one request as often as it takes. `send` does it on one connection, and returns the status, the lines of
//! /// `WWW-Authenticate`, and the body.
//! fn fetch<H: Handshake>(
//!     client: Client<H>,
//!     mut send: impl FnMut(Option<&HeaderField>) -> (u16, Vec<String>, String),
//!     env: &mut Env<'_>,
//! ) -> Result<String, ClientError<H::Error>> {
//!     let (status, challenges, body) = send(None);
//!     let (mut field, mut exchange) = match client.receive(Response::new(status, &challenges), env)? {
//!         FirstOutcome::NotAsked(_) => return Ok(body),
//!         FirstOutcome::SendAgain { field, exchange } => (field, exchange),
//!     };
//!     loop {
//!         let (status, challenges, body) = send(Some(&field));
//!         match exchange.receive(Response::new(status, &challenges), env)? {
//!             Outcome::SendAgain { field: next, exchange: after } => (field, exchange) = (next, after),
//!             Outcome::Wait(same) => exchange = same,
//!             // Only now is the body known to come from the right server.
//!             Outcome::Done { .. } | Outcome::Unproven => return Ok(body),
//!             Outcome::Restart(_) => unreachable!("only after Client::on_authenticated_connection"),
//!         }
//!     }
//! }
//! # let (mut server_rng, mut client_rng) = (test_support::TestRng::insecure(1), test_support::TestRng::insecure(2));
//! # let now = Timestamp::from_seconds(0);
//! # let mut server_env = Env::new(now, &mut server_rng);
//! # let mut client_env = Env::new(now, &mut client_rng);
//! # let initiator = Scripted::initiator(4, 42);
//! # let make_acceptor = |_| Ok(Scripted::acceptor(4));
//!
//! let mut connection = ServerConnection::new(ServerPolicy::default());
//! let client = Client::new(initiator, ClientPolicy::default());
//! let send = |credentials: Option<&HeaderField>| {
//!     let lines: Vec<&str> = credentials.iter().map(|field| field.value.as_str()).collect();
//!     let request = Request { credentials: &lines[..], version: Version::Http1, via: false };
//!     let (status, fields, body) = answer(&mut connection, request, make_acceptor, &mut server_env);
//!     let challenges = fields.into_iter().filter(|field| field.name == "WWW-Authenticate");
//!     (status, challenges.map(|field| field.value.into_string()).collect(), body)
//! };
//! assert_eq!(fetch(client, send, &mut client_env)?, "you are 42");
//! # Ok::<(), ClientError<scripted::ScriptedError>>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod base64;
pub mod challenge;
pub mod field;
#[cfg(feature = "alloc")]
pub mod gss;
pub mod legs;
pub mod persistence;
pub mod scheme;

pub use crate::field::Side;
#[cfg(feature = "alloc")]
pub use crate::field::{HeaderField, HeaderValue};
pub use crate::legs::Version;
#[cfg(feature = "alloc")]
pub use crate::legs::client::{
    Client, ClientError, ClientPolicy, Exchange, FinalToken, FirstOutcome, Outcome, Response, Restart, Route,
    ServerProof,
};
#[cfg(feature = "alloc")]
pub use crate::legs::server::{
    Answer, Authenticated, Continuation, FailureReply, Need, Persist, Reply, Request, ServerConnection,
    ServerError, ServerPolicy, Unbound, accept_once,
};
pub use crate::scheme::{Scheme, Schemes};
