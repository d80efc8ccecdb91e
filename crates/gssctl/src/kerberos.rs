//! What all commands that ask KDCs share: configuration, network, caches, and showing what goes on.

use crate::progress::{Progress, Shown};
use crate::random;
use alloc::sync::Arc;
use anyhow::{Context, Result, anyhow, bail};
use core::time::Duration;
use gss_core::{Diagnose, Env, Timestamp};
use krb5_asn1::Principal;
use krb5_client::{Credential, Exchange, Policy, Service, TgsExchange, TgsOptions, TgsOutcome};
use krb5_files::config::{Config, fallback_realm};
use krb5_net::cache::{Cache, CacheName, CacheOptions, Collection};
use krb5_net::places::Places;
use krb5_net::{Dns, Event, KdcAddress, Network, Timing, Trust, host_name, settings};
use std::path::PathBuf;

/// How KDCs are reached.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "kerberos")]
pub struct Arguments {
    /// Ask this KDC (host, host:port, tcp/host or https://host/path) in place of those of krb5.conf and DNS; can be given
    /// several times
    #[arg(long, value_name = "SERVER")]
    pub kdc: Vec<String>,
    /// Believe these certificate authorities (PEM) where a KDC is asked over https
    #[arg(long, value_name = "FILE")]
    pub kdc_cacert: Option<PathBuf>,
    /// Give up on a KDC after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Show what goes on, step by step
    #[arg(short, long)]
    pub verbose: bool,
}

/// Configuration and caches: what needs no network.
#[derive(Debug)]
pub struct Local {
    places: Places,
    config: Arc<Config>,
}

impl Local {
    /// With krb5.conf and the environment. Says what is odd about krb5.conf if `verbose`.
    ///
    /// # Errors
    /// krb5.conf is malformed.
    pub fn open(verbose: bool) -> Result<Self> {
        let places = Places::of_process();
        let config = Arc::new(places.config().context("krb5.conf")?);
        for warning in config.warnings().filter(|_| verbose) {
            eprintln!("* {warning}");
        }
        Ok(Self { places, config })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where things are by default.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Reads `name` or `name@REALM`, where the realm by default is that of krb5.conf.
    ///
    /// # Errors
    /// The text is no principal, or there is no default realm.
    pub fn principal(&self, text: &str) -> Result<Principal> {
        principal(text, default_realm(&self.config))
    }

    /// The credential cache of this name, or the usual one.
    ///
    /// # Errors
    /// The name makes no sense, or the daemon or folder behind it cannot be asked.
    pub fn cache(&self, name: Option<&str>) -> Result<Cache> {
        Ok(self.collection(name)?.primary()?)
    }

    /// The caches of this name, or the usual ones.
    ///
    /// # Errors
    /// The name makes no sense.
    pub fn collection(&self, name: Option<&str>) -> Result<Collection> {
        let name = match name {
            Some(name) => CacheName::parse(name)?,
            None => self.places.cache(&self.config)?,
        };
        Ok(Collection::new(name, CacheOptions::from_config(&self.config)))
    }
}

/// Configuration, caches, network and policy: what exchanges with KDCs need.
#[derive(Debug)]
pub struct Kerberos {
    /// Configuration and caches.
    pub local: Local,
    network: Network,
    /// What is asked for, and put up with.
    pub policy: Policy,
    progress: Progress,
    clock: Option<Timestamp>,
}

impl Kerberos {
    /// With krb5.conf, the environment and the options. `realm` is what `--kdc` is for.
    ///
    /// # Errors
    /// krb5.conf is malformed, or an option makes no sense.
    pub fn open(arguments: &Arguments, realm: Option<&str>) -> Result<Self> {
        Self::new(Local::open(arguments.verbose)?, arguments, realm)
    }

    /// The same, where the configuration has been read already: to learn the realm from a cache, for instance.
    ///
    /// # Errors
    /// An option makes no sense, or krb5.conf leaves no enctype.
    pub fn new(local: Local, arguments: &Arguments, realm: Option<&str>) -> Result<Self> {
        let config = &local.config;
        let progress = Progress::default();
        let mut builder = Network::builder().config(Arc::clone(config));
        if !arguments.kdc.is_empty() {
            let Some(realm) = realm.or_else(|| default_realm(config)) else {
                bail!("--kdc is for one realm, and there is none; write the principal as NAME@REALM");
            };
            // Passwords are changed at the usual port of the same hosts.
            let servers = arguments.kdc.iter().map(|text| KdcAddress::parse(text, Service::Kdc));
            let servers = servers.collect::<Result<Vec<_>, _>>()?;
            builder = builder.servers(realm, Service::Kdc, servers).dns(Dns::Off);
        }
        if let Some(path) = &arguments.kdc_cacert {
            builder = builder.trust(Trust::pem(&crate::source::read(path, "certificate")?)?);
        }
        if let Some(seconds) = arguments.timeout {
            if seconds == 0 {
                bail!("--timeout 0 leaves no time at all; expected 1 or more seconds");
            }
            let limit = Duration::from_secs(seconds);
            let standard = Timing::default();
            builder = builder.timing(Timing { limit, patience: standard.patience.min(limit), ..standard });
        }
        let (shown, verbose) = (progress.clone(), arguments.verbose);
        let network = builder.observer(move |event| show(event, &shown, verbose)).build();
        let mut policy = settings::policy(config).context("krb5.conf")?;
        policy.enctypes.retain(|enctype| enctype.is_supported());
        Ok(Self { local, network, policy, progress, clock: None })
    }

    /// Takes this for the time in all exchanges, in place of the system's clock.
    #[must_use]
    pub fn at(self, now: Option<Timestamp>) -> Self {
        Self { clock: now, ..self }
    }

    /// Drives an exchange to its end, and shows what is waited for.
    ///
    /// # Errors
    /// The KDC refuses, its answer breaks a rule, or no KDC answers.
    pub fn run<X: Exchange>(
        &self,
        begin: impl FnOnce(&Policy, &mut Env<'_>) -> Result<X, X::Error>,
    ) -> Result<X::Outcome>
    where
        X::Error: Diagnose + Send + Sync + 'static,
    {
        let mut rng = random::system();
        let mut clock = || self.clock.unwrap_or_else(Timestamp::now);
        let exchange = begin(&self.policy, &mut Env::new(clock(), &mut rng))?;
        let _shown = Shown(&self.progress);
        krb5_client::run(exchange, &mut self.network.blocking(), &mut clock, &mut rng).map_err(|error| {
            match error {
                krb5_client::RunError::Exchange(error) => anyhow!(error),
                krb5_client::RunError::Transport(error) => anyhow!(error),
            }
        })
    }

    /// The names that a service may have, from text like `service/host`, in the order in which to ask for them. The realm
    /// is the one that krb5.conf states for the host; it is empty where nothing is stated: then the KDCs refer to it.
    ///
    /// # Errors
    /// The text is no principal.
    pub fn service(&self, text: &str) -> Result<Vec<Principal>> {
        let named = principal(text, Some(""))?;
        let mut components = named.components();
        let (service, host) = (components.next(), components.next());
        let host_based = service.and_then(|name| name.as_str()).zip(host.and_then(|name| name.as_str()));
        match host_based {
            Some((service, host)) if named.realm().as_bytes().is_empty() && components.len() == 0 => {
                let policy = host_name::canonicalize(&self.local.config).context("krb5.conf")?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let names = host_name::service_names(&self.local.config, &Dns::System, service, host, policy);
                Ok(runtime.block_on(names)?)
            }
            _ => Ok(vec![named.clone()]),
        }
    }

    /// A ticket for the first of these names that a KDC knows.
    ///
    /// # Errors
    /// As [`run`](Self::run). What is said of the first name counts.
    pub fn ticket(
        &self,
        tgt: &Credential,
        names: &[Principal],
        adjust: impl Fn(TgsOptions) -> TgsOptions,
    ) -> Result<TgsOutcome> {
        let mut first = None;
        for server in names {
            match self.ticket_under(tgt, server, &adjust) {
                Ok(outcome) => return Ok(outcome),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| anyhow!("the service has no name")))
    }

    /// A ticket for a service. Where no realm is stated and no KDC refers to one, the realm that the host's domain
    /// suggests is tried.
    fn ticket_under(
        &self,
        tgt: &Credential,
        server: &Principal,
        adjust: &impl Fn(TgsOptions) -> TgsOptions,
    ) -> Result<TgsOutcome> {
        let ours = tgt.client.realm().to_string();
        let ask = |server: &Principal| {
            let options = settings::tgs_options(&self.local.config, &ours, &server.realm().to_string())?;
            self.run(|policy, env| TgsExchange::service(policy, tgt, server, adjust(options), env))
        };
        let refused = match ask(server) {
            Err(refused) if server.realm().as_bytes().is_empty() => refused,
            outcome => return outcome,
        };
        let host = server.components().nth(1).and_then(|host| host.as_str().map(str::to_owned));
        match host.and_then(|host| fallback_realm(&host)).filter(|realm| *realm != ours) {
            Some(realm) => {
                let components: Vec<_> =
                    server.components().map(|component| component.as_bytes().to_vec()).collect();
                let elsewhere = Principal::from_components(server.name_type(), components, realm)?;
                // What the own realm said explains more than what a guess came to.
                ask(&elsewhere).map_err(|_| refused)
            }
            None => Err(refused),
        }
    }
}

/// Reads `name` or `name@REALM`.
fn principal(text: &str, realm: Option<&str>) -> Result<Principal> {
    Principal::parse(text, realm).with_context(|| match realm {
        None => format!("{text:?} has no realm, and krb5.conf states no default_realm; write {text}@REALM"),
        Some(_) => format!("{text:?} is no principal, expected NAME@REALM"),
    })
}

fn default_realm(config: &Config) -> Option<&str> {
    config.libdefaults().default_realm().map(|setting| setting.value)
}

fn show(event: &Event<'_>, progress: &Progress, verbose: bool) {
    if verbose {
        eprintln!("* {event}");
    } else if let Event::Asking { .. } | Event::Located { .. } = event {
        progress.say(event.to_string());
    }
}
