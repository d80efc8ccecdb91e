//! What credentials are told.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicI64;
use std::sync::Mutex;

use getrandom::SysRng;
use gss_core::Timestamp;
use krb5_client::Policy;
use krb5_files::config::{Config, ValueError};
use rand_core::{CryptoRng, UnwrapErr};

use super::flight::Flights;
use super::table::Table;
use super::{Credentials, CredentialsSource, Shared, State};
use crate::{AsyncKdcTransport, settings};

/// Service tickets that are kept unless something else is said.
const KEPT: usize = 256;

/// Credentials to be.
#[must_use]
pub struct CredentialsBuilder(Shared);

impl CredentialsBuilder {
    pub(super) fn new(source: CredentialsSource, transport: Box<dyn AsyncKdcTransport>) -> Self {
        Self(Shared {
            source,
            transport,
            policy: Policy::default(),
            config: None,
            write_back: true,
            clock: Box::new(Timestamp::now),
            // A system without randomness ends the program: there is nothing that could be done without.
            rng: Box::new(|| Box::new(UnwrapErr(SysRng))),
            kdc_offset: AtomicI64::new(0),
            state: Mutex::new(State { table: Table::new(KEPT), flights: Flights::default() }),
        })
    }

    /// With what `krb5.conf` says about enctypes, clocks and ways to other realms.
    ///
    /// # Errors
    /// A list of enctypes leaves none.
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Result<Self, ValueError> {
        let config = config.into();
        self.0.policy = settings::policy(&config)?;
        self.0.config = Some(config);
        Ok(self)
    }

    /// With this policy, in place of the default one or that of `krb5.conf`.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.0.policy = policy;
        self
    }

    /// How many service tickets are kept at most; 256 by default. The one used longest ago goes first.
    pub fn kept(self, most: usize) -> Self {
        self.0.lock().table = Table::new(most);
        self
    }

    /// Whether service tickets that were got with a cache's ticket-granting ticket are added to the cache; yes by
    /// default. A cache that cannot be written to does no harm. Renewed ticket-granting tickets are not added: other
    /// programs would go on with the old one.
    pub fn write_back(mut self, write_back: bool) -> Self {
        self.0.write_back = write_back;
        self
    }

    /// With this clock in place of the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.0.clock = Box::new(clock);
        self
    }

    /// With these sources of randomness in place of the system's; every fetch takes one of its own.
    pub fn rng<R: CryptoRng + Send + 'static>(mut self, rng: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.0.rng = Box::new(move || Box::new(rng()));
        self
    }

    /// The credentials. Nothing is fetched yet.
    #[must_use]
    pub fn build(self) -> Credentials {
        Credentials { shared: Arc::new(self.0) }
    }
}

impl fmt::Debug for CredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsBuilder").field("source", &self.0.source).finish_non_exhaustive()
    }
}
