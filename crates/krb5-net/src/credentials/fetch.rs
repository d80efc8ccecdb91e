//! What is done for a ticket.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use gss_core::{Env, Timestamp};
use krb5_asn1::{Principal, TicketFlags};
use krb5_client::{AsExchange, AsOptions, Credential, Exchange, Secret, TgsExchange, TgsOptions};
use krb5_files::Ccache;
use tokio::task::spawn_blocking;

use super::flight::Outcome;
use super::{CredentialsError, CredentialsSource, Key, MAX_MARGIN, Shared};
use crate::cache::Cache;
use crate::{drive, places, settings};

/// Seconds that a service's ticket in a cache has to last to be taken.
const LEAST: i64 = 60;

impl Shared {
    /// A ticket-granting ticket that lasts longer than the one that is kept.
    pub(super) async fn fetch_tgt(&self) -> Outcome {
        match &self.source {
            CredentialsSource::Cache(cache) => self.tgt_from_cache(cache).await,
            CredentialsSource::Secret { options, secret } => match self.renewed().await {
                Some(renewed) => renewed,
                None => self.log_in(options.clone(), secret.clone()).await,
            },
            CredentialsSource::Keytab { options, path } => match self.renewed().await {
                Some(renewed) => renewed,
                None => {
                    let path = path.clone();
                    let keytab = waiting(move || places::read_keytab(&path)).await??;
                    let secret = Secret::from_keytab(&keytab, &options.client)?;
                    self.log_in(options.clone(), secret).await
                }
            },
        }
    }

    /// The ticket-granting ticket that is kept, renewed. `None` if the password or key may do what it cannot.
    async fn renewed(&self) -> Option<Outcome> {
        let kept = self.lock().table.tgt();
        let kept = kept.filter(|kept| is_renewable(kept, self.now()))?;
        match self.renew(&kept).await {
            // Without a KDC a login fails as well.
            Err(error) if !matches!(error, CredentialsError::Transport(_)) => None,
            outcome => Some(outcome),
        }
    }

    /// A ticket for a service.
    pub(super) async fn fetch_service(self: &Arc<Self>, server: &Principal) -> Outcome {
        if let CredentialsSource::Cache(cache) = &self.source {
            let content = self.load(cache).await?;
            if let Some(stored) = content.find(server) {
                let credential = taken(stored, cache)?;
                if credential.times.end.seconds_since(self.now()) > LEAST {
                    return Ok(Arc::new(credential));
                }
            }
        }
        let tgt = self.lasting_tgt().await?;
        let realm = server.realm().as_bytes();
        let nearer = self.lock().table.tgt_of(realm, self.now());
        if let Some((key, nearer)) = nearer.filter(|_| tgt.tgs_realm() != Some(server.realm())) {
            match self.ask(&nearer, server).await {
                // Perhaps the realms have a new key: begin at home.
                Err(CredentialsError::Tgs(_)) => self.lock().table.forget(&key),
                asked => return asked,
            }
        }
        self.ask(&tgt, server).await
    }

    async fn log_in(&self, mut options: AsOptions, secret: Secret) -> Outcome {
        let exchange = {
            // The caller's is for the first login.
            if self.offset() != 0 {
                options.kdc_offset = self.offset();
            }
            let mut rng = (self.rng)();
            AsExchange::new(&self.policy, options, secret, &mut Env::new((self.clock)(), &mut *rng))?
        };
        let outcome = self.drive(exchange).await?;
        self.set_offset(outcome.kdc_offset);
        Ok(Arc::new(outcome.credential))
    }

    async fn renew(&self, tgt: &Credential) -> Outcome {
        let exchange = {
            let options = TgsOptions { kdc_offset: self.offset(), ..TgsOptions::default() };
            let mut rng = (self.rng)();
            TgsExchange::renew(&self.policy, tgt, options, &mut Env::new((self.clock)(), &mut *rng))?
        };
        Ok(Arc::new(self.drive(exchange).await?.credential))
    }

    /// Asks a KDC with a ticket-granting ticket, and keeps those of other realms that it met on the way.
    async fn ask(&self, tgt: &Credential, server: &Principal) -> Outcome {
        let exchange = {
            let mut options = match &self.config {
                Some(config) => {
                    let (from, to) = (tgt.client.realm().to_string(), server.realm().to_string());
                    settings::tgs_options(config, &from, &to)?
                }
                None => TgsOptions::default(),
            };
            options.kdc_offset = self.offset();
            let mut rng = (self.rng)();
            TgsExchange::service(
                &self.policy,
                tgt,
                server,
                options,
                &mut Env::new((self.clock)(), &mut *rng),
            )?
        };
        let outcome = self.drive(exchange).await?;
        let now = self.now();
        for met in outcome.cross_realm {
            self.lock().table.put(Key::Service(met.server.clone()), Arc::new(met), now);
        }
        if let CredentialsSource::Cache(cache) = &self.source
            && self.write_back
        {
            let (cache, stored) = (cache.clone(), outcome.credential.to_file());
            // The ticket is of use whether others find it or not.
            let _ = waiting(move || cache.store(&stored)).await;
        }
        Ok(Arc::new(outcome.credential))
    }

    /// The ticket-granting ticket that the cache has by now, or the one that is kept if that lasts longer; renewed if it
    /// ends soon.
    async fn tgt_from_cache(&self, cache: &Cache) -> Outcome {
        let name = || cache.name().to_string();
        let content = self.load(cache).await?;
        let stored = stored_tgt(&content).map(|tgt| taken(tgt, cache)).transpose()?;
        let kept = self.lock().table.tgt();
        let tgt = match (stored, kept) {
            (Some(stored), Some(kept)) if kept.times.end > stored.times.end => kept,
            (Some(stored), _) => Arc::new(stored),
            (None, Some(kept)) => kept,
            (None, None) => {
                return Err(CredentialsError::NoTgt {
                    cache: name(),
                    client: content.default_principal.clone(),
                });
            }
        };
        let (now, end) = (self.now(), tgt.times.end);
        if now >= end {
            return Err(CredentialsError::Expired { cache: name(), end, now });
        }
        if end.seconds_since(now) <= MAX_MARGIN && is_renewable(&tgt, now) {
            // Without a KDC the old one serves to its end.
            return Ok(self.renew(&tgt).await.unwrap_or(tgt));
        }
        Ok(tgt)
    }

    /// Reads the cache. When somebody else has logged in since, nothing that is kept is of use.
    async fn load(&self, cache: &Cache) -> Result<Ccache, CredentialsError> {
        let cache = cache.clone();
        let content = waiting(move || cache.load()).await??;
        if let Some(offset) = content.kdc_offset() {
            self.set_offset(offset.seconds.into());
        }
        let mut state = self.lock();
        if state.table.tgt().is_some_and(|tgt| tgt.client != content.default_principal) {
            state.table.clear();
        }
        Ok(content)
    }

    async fn drive<X>(&self, exchange: X) -> Result<X::Outcome, CredentialsError>
    where
        X: Exchange,
        X::Error: Into<CredentialsError>,
    {
        let mut rng = (self.rng)();
        drive(exchange, &*self.transport, &mut || (self.clock)(), &mut *rng).await.map_err(Into::into)
    }

    fn offset(&self) -> i64 {
        self.kdc_offset.load(Ordering::Relaxed)
    }

    fn set_offset(&self, seconds: i64) {
        if self.policy.follow_kdc_clock {
            self.kdc_offset.store(seconds, Ordering::Relaxed);
        }
    }
}

/// The ticket-granting ticket of a cache: that of the client's realm, or of the realm that `start_realm` names.
fn stored_tgt(content: &Ccache) -> Option<&krb5_files::Credential> {
    content.tgt().or_else(|| {
        let realm = content.start_realm()?;
        content.find(&Principal::new_tgs(realm, realm))
    })
}

fn taken(stored: &krb5_files::Credential, cache: &Cache) -> Result<Credential, CredentialsError> {
    let unusable = |error| CredentialsError::Key { cache: cache.name().to_string(), error };
    Credential::try_from(stored).map_err(unusable)
}

fn is_renewable(tgt: &Credential, now: Timestamp) -> bool {
    let renewable = tgt.flags.contains(TicketFlags::RENEWABLE);
    renewable && now < tgt.times.end && tgt.times.renew_till.is_some_and(|till| now < till)
}

/// Runs what waits for disks and daemons where waiting is allowed.
async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CredentialsError> {
    // It is cut off only when the runtime ends, or by a panic.
    spawn_blocking(work).await.map_err(|_| CredentialsError::Abandoned)
}
