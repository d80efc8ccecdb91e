//! Credentials that fetch tickets when they are asked for, and new ones before the old ones end.
//!
//! [`Credentials`] is made once and shared by everything that acts for one client: clones are the same credentials. It
//! asks for a ticket with a password, a keytab or a credential cache, and keeps what it got.
//!
//! ```
//! use krb5_client::Request;
//! use krb5_net::credentials::Credentials;
//! use krb5_net::TransportError;
//! use krb5_testkdc::{Kdc, Port, Realm};
//! # use std::io::{Error, ErrorKind};
//!
//! let kdc = Kdc::new(Realm::new("EXAMPLE.COM").user("alice", "secret").service("HTTP/www.example.com"))?;
//! // In place of a network, which would be `Network::new(config)`:
//! let network = move |request: &Request| {
//!     let silence = || TransportError::Other(Error::from(ErrorKind::TimedOut).into());
//!     kdc.answer(Port::Kdc, &request.message).ok_or_else(silence)
//! };
//!
//! let alice = Credentials::with_password("alice@EXAMPLE.COM".parse()?, "secret", network);
//! let server = "HTTP/www.example.com@EXAMPLE.COM".parse()?;
//! let ticket = alice.ticket_blocking(&server)?;
//! assert_eq!(ticket.server, server);
//! // Kept: nobody is asked again.
//! assert!(std::sync::Arc::ptr_eq(&ticket, &alice.ticket_blocking(&server)?));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # When tickets are renewed
//! A tenth of its life before its end, but no more than [`MAX_MARGIN`] seconds, a ticket is due: whoever asks for it
//! still gets it at once, and a new one is fetched meanwhile. Only when it has ended does anybody wait. A ticket-granting
//! ticket is renewed if it is renewable, else got anew with the password or keytab; from a cache the one is taken that
//! some other program put there. If that fails, it is tried again [`PAUSE`] seconds later at the earliest, while the old
//! ticket lasts. Failures are not kept: without a ticket, every call asks again.
//!
//! # Many callers
//! Callers who miss the same ticket wait for one fetch. It runs in a task of its own, on the runtime of the first of them
//! or on a thread, so that a caller who gives up does not take it along. Where that runtime ends before the fetch, the
//! next caller starts another one.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicI64, Ordering};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gss_core::Timestamp;
use krb5_asn1::Principal;
use krb5_client::{AsOptions, Credential, Policy, Secret};
use krb5_files::config::Config;
use rand_core::CryptoRng;

use crate::AsyncKdcTransport;
use crate::cache::Cache;

mod builder;
mod error;
mod fetch;
mod flight;
mod table;

pub use builder::CredentialsBuilder;
pub use error::CredentialsError;
use flight::Flights;
use table::{Key, Table};
pub use table::{MAX_MARGIN, PAUSE};

/// Where a client's first ticket comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CredentialsSource {
    /// A password or keys.
    Secret {
        /// Who the client is, and what ticket-granting ticket to ask for.
        options: AsOptions,
        /// What the client proves itself with.
        secret: Secret,
    },
    /// A keytab that is read whenever a ticket-granting ticket is needed, so that new keys are found.
    Keytab {
        /// Who the client is, and what ticket-granting ticket to ask for.
        options: AsOptions,
        /// The file.
        path: PathBuf,
    },
    /// A credential cache, filled by somebody else.
    Cache(Cache),
}

/// Credentials of one client. See the [module's documentation](self).
#[derive(Clone)]
pub struct Credentials {
    shared: Arc<Shared>,
}

struct Shared {
    source: CredentialsSource,
    transport: Box<dyn AsyncKdcTransport>,
    policy: Policy,
    config: Option<Arc<Config>>,
    write_back: bool,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    rng: Box<dyn Fn() -> Box<dyn CryptoRng + Send> + Send + Sync>,
    /// Seconds that the KDC's clock is ahead.
    kdc_offset: AtomicI64,
    state: Mutex<State>,
}

struct State {
    table: Table,
    flights: Flights,
}

impl Credentials {
    /// The credentials of a user with a password.
    #[must_use]
    pub fn with_password(
        client: Principal,
        password: impl Into<Vec<u8>>,
        transport: impl AsyncKdcTransport + 'static,
    ) -> Self {
        let (options, secret) = (AsOptions::new(client), Secret::password(password));
        Self::builder(CredentialsSource::Secret { options, secret }, transport).build()
    }

    /// The credentials of a client with a keytab.
    #[must_use]
    pub fn with_keytab(
        client: Principal,
        path: impl Into<PathBuf>,
        transport: impl AsyncKdcTransport + 'static,
    ) -> Self {
        let (options, path) = (AsOptions::new(client), path.into());
        Self::builder(CredentialsSource::Keytab { options, path }, transport).build()
    }

    /// The credentials in a cache.
    #[must_use]
    pub fn from_cache(cache: Cache, transport: impl AsyncKdcTransport + 'static) -> Self {
        Self::builder(CredentialsSource::Cache(cache), transport).build()
    }

    /// Credentials to be configured.
    pub fn builder(
        source: CredentialsSource,
        transport: impl AsyncKdcTransport + 'static,
    ) -> CredentialsBuilder {
        CredentialsBuilder::new(source, Box::new(transport))
    }

    /// A ticket for a service, whose realm may be empty (then the KDCs say where it is).
    ///
    /// # Errors
    /// There is no valid ticket, and none can be got.
    pub async fn ticket(&self, server: &Principal) -> Result<Arc<Credential>, CredentialsError> {
        self.shared.get(&Key::Service(server.clone())).await
    }

    /// The ticket-granting ticket of the client.
    ///
    /// # Errors
    /// There is no valid one, and none can be got.
    pub async fn tgt(&self) -> Result<Arc<Credential>, CredentialsError> {
        self.shared.get(&Key::Tgt).await
    }

    /// As [`ticket`](Self::ticket), for programs that wait. It shares fetches with callers who do not.
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket).
    pub fn ticket_blocking(&self, server: &Principal) -> Result<Arc<Credential>, CredentialsError> {
        self.shared.get_blocking(&Key::Service(server.clone()))
    }

    /// As [`tgt`](Self::tgt), for programs that wait.
    ///
    /// # Errors
    /// As [`tgt`](Self::tgt).
    pub fn tgt_blocking(&self) -> Result<Arc<Credential>, CredentialsError> {
        self.shared.get_blocking(&Key::Tgt)
    }

    /// Drops the ticket for a service, so that the next call gets a new one: for a service that has new keys and cannot
    /// read its old tickets any more.
    pub fn forget(&self, server: &Principal) {
        self.shared.lock().table.forget(&Key::Service(server.clone()));
    }

    /// Seconds that the KDC's clock is ahead of ours, as the login or the cache says; 0 where the policy is not to
    /// follow it.
    #[must_use]
    pub fn kdc_offset(&self) -> i64 {
        self.shared.kdc_offset.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// The KDC's clock, as far as it is known.
    fn now(&self) -> Timestamp {
        (self.clock)().saturating_add_seconds(self.kdc_offset.load(Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is made whole or not at all, so a panic elsewhere leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("source", &self.shared.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
