//! Servers that authenticate requests with `Negotiate`, `NTLM` and `GSS`: a Tower layer, an axum extractor, and the loop
//! that serves connections.
//!
//! * [`AuthenticationLayer`] goes around any Tower service of HTTP requests: a router of axum, the routes of tonic, a
//!   service of one's own on hyper. What is inside it sees requests only after their client was authenticated and
//!   authorised, with [`Authenticated`] in their extensions.
//! * [`Connection`] is what the layer knows of the connection: TLS channel bindings, and logins that hold for it. With it
//!   come NTLM, handshakes of several legs, and bindings to TLS.
//! * [`serve`] (feature `serve`, on by default) accepts connections, TLS included, and gives each request its
//!   [`Connection`].
//! * [`Sessions`] are cookies that spare browsers further logins; off unless asked for.
//!
//! It runs on tokio, with timers enabled.
//!
//! # A server
//!
//! ```
//! use gss_tower::{AuthenticationLayer, Authenticated};
//! use http::{Request, Response};
//! use tower_layer::Layer;
//! # let keytab = test_support::ticket::TicketMaker::example().keytab();
//!
//! let config = gss::AcceptorConfig::from_keytab(&keytab)?.framing(gss::Framing::SpnegoOrRaw);
//! let layer = AuthenticationLayer::new(config);
//!
//! let greeting = tower::service_fn(|request: Request<hyper::body::Incoming>| async move {
//!     let who = request.extensions().get::<Authenticated>().expect("the layer lets nobody else in");
//!     Ok::<_, core::convert::Infallible>(Response::new(format!("you are {who}\n")))
//! });
//! let service = layer.layer(greeting);
//! # let _serve = async || gss_tower::serve::Server::bind("127.0.0.1:8080").await.unwrap().serve(service).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With axum it is `Router::new().route(..).layer(layer)`, and [`Authenticated`] among a handler's arguments (feature
//! `axum`); with tonic `Server::builder().layer(layer)`.

#![forbid(unsafe_code)]

extern crate alloc;

mod authenticated;
mod authorize;
mod body;
mod builder;
mod connection;
mod counters;
#[cfg(feature = "axum")]
mod extract;
mod gss_scheme;
mod judge;
mod layer;
mod reply;
#[cfg(feature = "serve")]
pub mod serve;
mod session;

pub use crate::authenticated::{Authenticated, Manner};
pub use crate::authorize::{Authorize, Forbidden};
pub use crate::body::Body;
pub use crate::builder::{BuildError, Builder, Requirement};
pub use crate::connection::Connection;
pub use crate::counters::{Counters, Snapshot};
#[cfg(feature = "axum")]
pub use crate::extract::NotAuthenticated;
pub use crate::gss_scheme::GssScheme;
pub use crate::layer::{Authentication, AuthenticationLayer, ResponseFuture};
pub use crate::reply::{Http11Required, Page};
pub use crate::session::{SESSION_COOKIE, SameSite, SessionId, SessionKey, Sessions};

/// How many bytes the head of a request may have at a server with Kerberos: tickets with the groups of Active Directory
/// have up to 48,000 bytes, a third more as base64, and other fields stand beside them. Many servers and proxies take no
/// more than 8 or 16 KiB unless they are told to; users in many groups cannot log in then (400 or 431). [`serve`] takes
/// this many.
pub const RECOMMENDED_MAX_HEADER_BYTES: usize = 96 * 1024;
