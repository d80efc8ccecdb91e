//! Reaching KDCs: what is configured, and the asynchronous face.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use krb5_client::{Request, Service};
use krb5_files::config::Config;
use tokio::time::Instant;

use crate::ask::Asker;
use crate::locate::Locator;
use crate::schedule::Schedule;
use crate::trust::Tls;
use crate::{
    AsyncKdcTransport, BlockingNetwork, Dns, Event, ExchangeFuture, KdcAddress, Origin, Timing,
    TransportError, Trust,
};

mod realms;

use realms::Realms;

/// How many requests to a realm are under way at a time unless the program says otherwise.
pub const DEFAULT_AT_ONCE: usize = 64;

/// Reaches the KDCs of all realms. Clones share what they know; it takes `&self` everywhere.
///
/// ```
/// use krb5_client::Service;
/// use krb5_net::{Dns, KdcAddress, Network};
///
/// // Without any file and without DNS:
/// let network = Network::builder()
///     .servers("EXAMPLE.COM", Service::Kdc, [KdcAddress::parse("kdc1.example.com", Service::Kdc)?])
///     .dns(Dns::Off)
///     .build();
/// # let _ = network;
/// # Ok::<(), krb5_net::AddressError>(())
/// ```
///
/// [`exchange`](Self::exchange) is for asynchronous programs and needs a tokio runtime with I/O and time enabled;
/// [`blocking`](Self::blocking) gives the face for all others. Both do the same: see [`Timing`].
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    locator: Locator,
    tls: Tls,
    timing: Option<Timing>,
    udp_limit: Option<u32>,
    config: Arc<Config>,
    observer: Observer,
    realms: Realms,
}

type Observer = Box<dyn Fn(&Event<'_>) + Send + Sync>;

impl Network {
    /// With the servers, the settings and the DNS look-ups that krb5.conf asks for.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::builder().config(config).build()
    }

    /// To be configured.
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder::default()
    }

    /// Sends a request to the servers of its realm until one answers.
    ///
    /// # Errors
    /// No server of the realm is known, or none answered.
    pub async fn exchange(&self, request: &Request) -> Result<Vec<u8>, TransportError> {
        let began = Instant::now();
        let inner = &*self.inner;
        let timing = inner.timing()?;
        let udp_limit = match inner.udp_limit {
            Some(limit) => limit,
            None => inner.config.libdefaults().udp_preference_limit()?.value,
        };
        let (realm, service) = (request.realm.as_str(), request.service);
        let locating = tokio::time::timeout_at(began + timing.limit, inner.locator.locate(realm, service));
        let located = locating.await.map_err(|_| TransportError::NoServer {
            realm: realm.into(),
            service,
            looked: vec![format!("DNS said nothing within {:?}", timing.limit)],
        })??;
        // If its turn does not come in time, the schedule ends at once and says so.
        let _turn = tokio::time::timeout_at(began + timing.limit, inner.realms.turn(realm, service)).await;
        let mut servers = located.servers.to_vec();
        // The messages of one login belong together, and a dead server costs its wait only once.
        inner.realms.sort(realm, service, &mut servers);
        let origin: &Origin = &located.origin;
        (inner.observer)(&Event::Located { realm, service, servers: &servers, origin });
        let asker = Asker { request, began, tls: &inner.tls, observe: &*inner.observer };
        let udp_limit = usize::try_from(udp_limit).unwrap_or(usize::MAX);
        let schedule = Schedule::new(timing, service, &servers, request.message.len(), udp_limit);
        match asker.ask(schedule).await {
            Ok(answer) => {
                if let Some(server) = servers.get(answer.server).filter(|_| servers.len() > 1) {
                    inner.realms.remember(realm, service, server);
                }
                Ok(answer.bytes)
            }
            Err(attempts) => Err(TransportError::NoAnswer {
                realm: realm.into(),
                service,
                origin: origin.clone(),
                attempts,
                elapsed: began.elapsed(),
            }),
        }
    }

    /// The face for programs that wait.
    #[must_use]
    pub fn blocking(&self) -> BlockingNetwork {
        BlockingNetwork::new(self.clone())
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }
}

impl AsyncKdcTransport for Network {
    fn exchange<'a>(&'a self, request: &'a Request) -> ExchangeFuture<'a> {
        Box::pin(Self::exchange(self, request))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("timing", &self.inner.timing).finish_non_exhaustive()
    }
}

impl Inner {
    fn timing(&self) -> Result<Timing, TransportError> {
        if let Some(timing) = self.timing {
            return Ok(timing);
        }
        let mut timing = Timing::default();
        let stated = self.config.libdefaults().request_timeout()?;
        if let Some(seconds) = stated.and_then(|setting| u64::try_from(setting.value).ok()).filter(|&s| s > 0)
        {
            timing.limit = Duration::from_secs(seconds);
        }
        Ok(timing)
    }
}

/// What [`Network`] is told. Without anything it knows what DNS knows.
#[derive(Default)]
#[must_use]
pub struct NetworkBuilder {
    config: Arc<Config>,
    given: Vec<(String, Service, Vec<KdcAddress>)>,
    dns: Dns,
    timing: Option<Timing>,
    udp_limit: Option<u32>,
    at_once: Option<usize>,
    trust: Trust,
    observer: Option<Observer>,
}

impl NetworkBuilder {
    /// The configuration of krb5.conf.
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// Servers of a realm for a service, in order. They come in place of what krb5.conf and DNS say of it, and are added
    /// to those named before. Where only servers for [`Service::Kdc`] are named, passwords are changed at port 464 of
    /// the same hosts.
    pub fn servers(
        mut self,
        realm: impl Into<String>,
        service: Service,
        servers: impl IntoIterator<Item = KdcAddress>,
    ) -> Self {
        self.given.push((realm.into(), service, servers.into_iter().collect()));
        self
    }

    /// How DNS is asked for servers; by the system's name servers by default, unless krb5.conf says `dns_lookup_kdc =
    /// false`.
    pub fn dns(mut self, dns: Dns) -> Self {
        self.dns = dns;
        self
    }

    /// How long servers are waited for.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    /// The longest request, in bytes, that is sent by UDP first, in place of krb5.conf's `udp_preference_limit`, whose
    /// default is 1465. With 0, TCP comes first always.
    pub fn udp_preference_limit(mut self, bytes: u32) -> Self {
        self.udp_limit = Some(bytes);
        self
    }

    /// How many requests to a realm, for each service, are under way at a time; [`DEFAULT_AT_ONCE`] if nothing is said,
    /// and 1 at least. More wait for their turn, within the limit of [`Timing`]: a KDC that gets many datagrams at once
    /// loses some, each of which costs a second, and every request needs a socket.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = Some(requests);
        self
    }

    /// Who vouches for KDC proxies.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Is called with each [`Event`]. It should not take long: answers wait for it.
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The network.
    #[must_use]
    pub fn build(self) -> Network {
        let config = self.config;
        Network {
            inner: Arc::new(Inner {
                locator: Locator::new(Arc::clone(&config), self.given, self.dns),
                tls: Tls::new(self.trust, Arc::clone(&config)),
                timing: self.timing,
                udp_limit: self.udp_limit,
                config,
                observer: self.observer.unwrap_or_else(|| Box::new(|_| {})),
                realms: Realms::new(self.at_once.unwrap_or(DEFAULT_AT_ONCE)),
            }),
        }
    }
}

impl fmt::Debug for NetworkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkBuilder")
            .field("servers", &self.given)
            .field("dns", &self.dns)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}
