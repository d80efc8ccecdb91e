//! Which servers a realm has.

use alloc::sync::Arc;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use krb5_client::Service;
use krb5_files::config::{Config, Server, Setting};

use crate::{KdcAddress, Origin, TransportError};

mod dns;
mod order;

pub use dns::Dns;

/// Most servers of a realm that are asked.
pub const MAX_SERVERS: usize = 32;
/// Most realms whose answers from DNS are kept.
const MAX_KEPT: usize = 256;
/// Longest name of a realm. DNS has no longer names.
const MAX_REALM: usize = 255;

/// The servers of a realm for one service.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) servers: Arc<[KdcAddress]>,
    pub(crate) origin: Arc<Origin>,
}

impl Located {
    fn new(mut servers: Vec<KdcAddress>, origin: Origin) -> Option<Self> {
        servers.truncate(MAX_SERVERS);
        (!servers.is_empty()).then(|| Self { servers: servers.into(), origin: Arc::new(origin) })
    }
}

/// Finds the servers of realms: those that the program named, else those of krb5.conf, else those in DNS.
pub(crate) struct Locator {
    config: Arc<Config>,
    given: Vec<(String, Service, Vec<KdcAddress>)>,
    dns: Dns,
    /// What DNS said, and until when that holds.
    kept: Mutex<HashMap<(String, Service), (Located, Instant)>>,
}

impl Locator {
    pub(crate) fn new(config: Arc<Config>, given: Vec<(String, Service, Vec<KdcAddress>)>, dns: Dns) -> Self {
        Self { config, given, dns, kept: Mutex::default() }
    }

    /// The servers of a realm, in the order in which they are to be asked.
    pub(crate) async fn locate(&self, realm: &str, service: Service) -> Result<Located, TransportError> {
        if realm.is_empty() || realm.len() > MAX_REALM || realm.contains(char::is_control) {
            return Err(TransportError::RealmName { realm: realm.into() });
        }
        if let Some(located) = self.given(realm, service) {
            return Ok(located);
        }
        if let Some(located) = self.configured(realm, service)? {
            return Ok(located);
        }
        let mut looked = vec![format!("krb5.conf has no {} for it", relation(service))];
        if let Some(located) = self.in_dns(realm, service, &mut looked).await {
            return Ok(located);
        }
        if service == Service::Kpasswd {
            let servers = self.config.realm(realm).admin_servers()?;
            if let Some(located) = from_file(&servers, |server| KdcAddress::from(server).for_kpasswd()) {
                return Ok(located);
            }
            looked.push("nor an admin_server".into());
        }
        Err(TransportError::NoServer { realm: realm.into(), service, looked })
    }

    fn given(&self, realm: &str, service: Service) -> Option<Located> {
        let of = |service| {
            let mine = self.given.iter().filter(|(name, of, _)| name == realm && *of == service);
            mine.flat_map(|(_, _, servers)| servers).cloned().collect::<Vec<_>>()
        };
        let mut servers = of(service);
        if servers.is_empty() && service == Service::Kpasswd {
            servers = of(Service::Kdc).iter().map(KdcAddress::for_kpasswd).collect();
        }
        Located::new(servers, Origin::Program)
    }

    fn configured(&self, realm: &str, service: Service) -> Result<Option<Located>, TransportError> {
        let realm = self.config.realm(realm);
        let servers = match service {
            Service::Kdc => realm.kdcs(),
            Service::PrimaryKdc => realm.primary_kdcs(),
            Service::Kpasswd => realm.kpasswd_servers(),
        }?;
        Ok(from_file(&servers, KdcAddress::from))
    }

    async fn in_dns(&self, realm: &str, service: Service, looked: &mut Vec<String>) -> Option<Located> {
        let settings = self.config.libdefaults();
        if !settings.dns_lookup_kdc().value {
            looked.push("dns_lookup_kdc is off".into());
            return None;
        }
        let key = (realm.to_owned(), service);
        let kept = |kept: &HashMap<_, (Located, Instant)>| {
            kept.get(&key).filter(|(_, until)| Instant::now() < *until).map(|(located, _)| located.clone())
        };
        if let Some(located) = kept(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Some(located);
        }
        let site = self.config.realm(realm).sitename().map(|site| site.value);
        let question = dns::Question { realm, service, site, uri: settings.dns_uri_lookup().value };
        let found = self.dns.find(&question, looked).await?;
        let located = Located::new(found.servers, found.origin)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            let now = Instant::now();
            kept.retain(|_, (_, until)| now < *until);
        }
        if kept.len() < MAX_KEPT {
            kept.insert(key, (located.clone(), found.until));
        }
        Some(located)
    }
}

fn from_file<'a>(
    servers: &[Setting<'a, Server<'a>>],
    address: impl Fn(Server<'a>) -> KdcAddress,
) -> Option<Located> {
    let origin = match servers.first()?.origin {
        krb5_files::config::Origin::Line(place) => Origin::File { file: place.file.into(), line: place.line },
        krb5_files::config::Origin::Default => Origin::Program,
    };
    Located::new(servers.iter().map(|server| address(server.value)).collect(), origin)
}

/// The name in krb5.conf.
const fn relation(service: Service) -> &'static str {
    match service {
        Service::Kdc => "kdc",
        Service::PrimaryKdc => "primary_kdc",
        Service::Kpasswd => "kpasswd_server",
    }
}

#[cfg(test)]
mod tests;
