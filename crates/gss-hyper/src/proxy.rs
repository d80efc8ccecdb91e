//! Proxies, and which requests go through them.

mod env;

pub use env::ProxyEnvError;

use crate::hosts::normal;
use crate::{Hosts, Login, Mutual, Origin, OriginError};
use alloc::sync::Arc;
use http::Uri;

/// A proxy. Requests to `https` URLs go through a tunnel (`CONNECT`); others are forwarded by it.
///
/// Logins at a proxy are for `HTTP@proxyhost`, and over TLS they are bound to the proxy's certificate, never to that of
/// the server behind it.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub(crate) origin: Origin,
    pub(crate) login: Option<Arc<dyn Login>>,
    pub(crate) mutual: Mutual,
}

impl Proxy {
    /// The proxy at a URL like `http://proxy.example.com:3128`; with `https` the way to it is TLS.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn new(url: &Uri) -> Result<Self, OriginError> {
        Ok(Self { origin: Origin::of(url)?, login: None, mutual: Mutual::Optional })
    }

    /// The same proxy with a login for where it asks for one. It has its own, so that no credentials meant for servers
    /// go to it.
    #[must_use]
    pub fn login(self, login: impl Login + 'static) -> Self {
        self.shared_login(Arc::new(login))
    }

    /// The same with a login that others use too.
    #[must_use]
    pub fn shared_login(self, login: Arc<dyn Login>) -> Self {
        Self { login: Some(login), ..self }
    }

    /// The same proxy, which has to prove who it is. By default it has not ([`Mutual::Optional`]): many proxies cannot,
    /// since the answer to `CONNECT` has no token.
    #[must_use]
    pub fn mutual(self, mutual: Mutual) -> Self {
        Self { mutual, ..self }
    }
}

/// Which requests go through which proxy. The environment is not looked at except by [`Proxies::from_env`].
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    direct: Option<Hosts>,
}

impl Proxies {
    /// No proxies.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// This proxy for everything.
    #[must_use]
    pub fn all(proxy: Proxy) -> Self {
        let proxy = Some(Arc::new(proxy));
        Self { http: proxy.clone(), https: proxy, direct: None }
    }

    /// The same with this proxy for `http` URLs.
    #[must_use]
    pub fn http(self, proxy: Proxy) -> Self {
        Self { http: Some(Arc::new(proxy)), ..self }
    }

    /// The same with this proxy for `https` URLs.
    #[must_use]
    pub fn https(self, proxy: Proxy) -> Self {
        Self { https: Some(Arc::new(proxy)), ..self }
    }

    /// The same, except for these hosts, which are asked without a proxy.
    #[must_use]
    pub fn except(self, hosts: Hosts) -> Self {
        Self { direct: Some(hosts), ..self }
    }

    /// The same with a login at every proxy that has none.
    #[must_use]
    pub fn login(self, login: impl Login + 'static) -> Self {
        let login: Arc<dyn Login> = Arc::new(login);
        let add = |proxy: Option<Arc<Proxy>>| {
            proxy.map(|proxy| {
                let login = proxy.login.clone().unwrap_or_else(|| Arc::clone(&login));
                Arc::new(Proxy::clone(&proxy).shared_login(login))
            })
        };
        Self { http: add(self.http), https: add(self.https), ..self }
    }

    /// The proxy for an origin.
    pub(crate) fn of(&self, origin: &Origin) -> Option<&Arc<Proxy>> {
        if self.direct.as_ref().is_some_and(|hosts| hosts.contains(&normal(origin.host()))) {
            return None;
        }
        if origin.is_https() { self.https.as_ref() } else { self.http.as_ref() }
    }
}
