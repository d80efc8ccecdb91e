//! HTTP client on hyper that logs in with Negotiate, NTLM and GSS, at servers and proxies.
//!
//! A [`Client`] sends requests. Where a server or a proxy asks for credentials, it logs in, with the tickets or the
//! password of a [`Login`], and sends the request again. The connections are its own: a pool of others could neither keep
//! the legs of a handshake together nor tell what channel they run over.
//!
//! ```no_run
//! use gss_hyper::{Body, Client, Hosts, KerberosLogin};
//! use krb5_net::{Network, cache::Cache, credentials::Credentials, places::Places};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let places = Places::of_process();
//! let config = places.config()?;
//! let cache = Cache::resolve(&places.cache(&config)?, &Default::default())?;
//! let me = Credentials::from_cache(cache, Network::new(config));
//!
//! let client = Client::builder()
//!     .login(KerberosLogin::new("me", me), Hosts::new([".example.com"])?)
//!     .build()?;
//! let request = http::Request::get("https://www.example.com/").body(Body::empty())?;
//! let response = client.request(request).await?;
//! println!("{}: {:?}", response.status(), response.extensions().get::<gss_hyper::LoggedIn>());
//! # Ok(())
//! # }
//! ```
//!
//! # Who logs in where
//! Nobody, unless the caller says so: by [`ClientBuilder::login`], which names the hosts, or for one request by
//! [`Client::request_as`]. Every login is for `HTTP@host`, with the host as it stands in the URL: DNS is not asked for
//! another name. Tickets for others to act with ([`Delegation`]) go to a list of hosts of its own, which is empty.
//!
//! # Whose connection it is
//! A connection belongs to one user from its first byte to its last: it is opened for an origin, a proxy, an
//! [`Identity`] and a level of delegation, or for requests of nobody, and carries no other request. Two logins made
//! separately are two identities, even of one user. On HTTP/1.1 one request goes after the other, and the legs of a
//! handshake never leave their connection.
//!
//! # What a response proves
//! By default ([`Mutual::Required`]) a server that logs the client in has to prove who it is, or its response is dropped
//! unread. A response with the extension [`LoggedIn`] came from a server that took our credentials; one without it proves
//! nothing beyond what TLS does: nobody asked for credentials, or with [`Mutual::Optional`] no proof came back.
//! [`Mutual::Insist`] refuses those. A server that took a token of Kerberos gets one with each later request on the
//! connection, unasked; it may have pages that need no login, and those come without the extension.
//!
//! # Bodies
//! A body in memory is sent as often as it takes. A stream goes out once: before it, a `HEAD` request to the same URL
//! finds out whether the server wants a login, and makes it. If the server asks later on nevertheless,
//! [`Error::BodyNotReplayable`] says so.
//!
//! # Redirects
//! Ten are followed, none from HTTPS to HTTP. To another origin, neither `Authorization` nor cookies of the request go
//! along, and there is a login only where the client's list has the new host.
//!
//! # HTTP/2
//! Where the server chooses it, requests with Kerberos share a connection of their identity. NTLM and handshakes of
//! several legs go over HTTP/1.1, at once or when the server says so (`HTTP_1_1_REQUIRED`).
//!
//! # The scheme `GSS`
//! [`ClientBuilder::gss_scheme`] prefers it where a server offers it over TLS; see [`gss_http::gss`]. One login serves all
//! requests of an identity to an origin then, over any connection: each is signed, with no token and no round trip of its
//! own.
//!
//! # NTLM
//! It is legacy, and needs three words of the caller: the feature `ntlm`, a `NtlmLogin`, and [`Mutual::Optional`], since
//! it proves nothing about the server; for the scheme `NTLM` also [`ClientBuilder::schemes`].

#![forbid(unsafe_code)]

extern crate alloc;

mod body;
mod client;
pub mod connect;
mod connection;
mod deadline;
mod error;
mod hosts;
mod logged_in;
mod login;
mod origin;
mod policy;
mod pool;
mod proxy;
mod random;
mod sessions;
mod turn;

pub use body::{Body, BoxError};
pub use client::{Client, ClientBuilder, FinalUrl, LoginAs, Timeout};
pub use error::Error;
pub use gss_http::{Scheme, Schemes, Side};
pub use hosts::{HostError, Hosts};
pub use logged_in::LoggedIn;
pub use login::{Identity, InitiatorFuture, KerberosLogin, Login, LoginError, Mechanism, Wanted};
#[cfg(feature = "ntlm")]
pub use login::{KerberosOrNtlmLogin, NtlmLogin};
pub use origin::{Origin, OriginError};
pub use policy::{Bindings, Delegation, Mutual};
pub use proxy::{Proxies, Proxy, ProxyEnvError};
