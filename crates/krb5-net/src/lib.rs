//! Finding and asking Kerberos KDCs, credential caches and their default places.
//!
//! What brings the requests of `krb5-client` to KDCs:
//!
//! * [`Network`] is what a program configures once, from krb5.conf or without any file. It finds the servers of a realm
//!   (given, in krb5.conf or in DNS), asks them by UDP, TCP or HTTPS, and turns to the next where one fails.
//! * It has two faces over one driver: [`Network::exchange`] with [`drive`] on tokio, and [`BlockingNetwork`] with
//!   [`krb5_client::run`] for programs that wait. Both are transports that can be swapped for a function:
//!   [`AsyncKdcTransport`] and [`krb5_client::KdcTransport`].
//! * [`TransportError`] names each server that was tried, how, and why that failed. An observer is told of each step as
//!   an [`Event`].
//!
//! What keeps tickets, and finds what a program is not told:
//!
//! * [`credentials::Credentials`] gets tickets when they are asked for and keeps them fresh, for any number of callers.
//! * [`cache`] reads and writes credential caches: `FILE:`, `DIR:`, `MEMORY:` and `KCM:`.
//! * [`places`] says where configuration, cache and keytab are by default, from the environment, which it alone reads;
//!   [`source`] reads krb5.conf from the file system, and [`settings`] puts it into the terms of `krb5-client`.
//!
//! ```no_run
//! use krb5_net::cache::{Cache, CacheOptions};
//! use krb5_net::credentials::Credentials;
//! use krb5_net::{Network, places::Places};
//!
//! let places = Places::of_process();
//! let config = places.config()?;
//! let cache = Cache::resolve(&places.cache(&config)?, &CacheOptions::from_config(&config))?;
//! let me = Credentials::from_cache(cache, Network::new(config));
//! let ticket = me.ticket_blocking(&"HTTP/www.example.com@EXAMPLE.COM".parse()?)?;
//! # let _ = ticket;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod ask;
mod attempt;
mod blocking;
pub mod cache;
pub mod credentials;
mod error;
mod event;
pub mod host_name;
mod locate;
mod network;
mod origin;
pub mod places;
mod reply;
mod schedule;
pub mod settings;
pub mod source;
mod timing;
mod transport;
mod trust;

pub use address::{AddressError, AddressErrorKind, KdcAddress};
pub use attempt::{Attempt, Endpoint, Reason, Via};
pub use blocking::BlockingNetwork;
pub use error::TransportError;
pub use event::Event;
pub use locate::{Dns, MAX_SERVERS};
pub use network::{DEFAULT_AT_ONCE, Network, NetworkBuilder};
pub use origin::Origin;
pub use timing::Timing;
pub use transport::{AsyncKdcTransport, ExchangeFuture, drive};
pub use trust::{Trust, TrustError};
