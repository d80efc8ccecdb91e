use super::{Client, Shared};
use crate::connect::Connector;
use crate::pool::{Limits, Pool};
use crate::sessions::Sessions;
use crate::{Bindings, Delegation, Error, Hosts, Login, Mutual, Proxies};
use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use gss_http::Schemes;
use rustls::ClientConfig;

/// A client to be.
#[must_use]
pub struct ClientBuilder {
    login: Option<Arc<dyn Login>>,
    hosts: Hosts,
    delegation: Delegation,
    delegate_to: Hosts,
    schemes: Schemes,
    mutual: Mutual,
    bindings: Bindings,
    preemptive: bool,
    gss: bool,
    http1: bool,
    tls: Option<ClientConfig>,
    proxies: Proxies,
    addresses: Vec<(String, Vec<SocketAddr>)>,
    max_redirects: usize,
    connect_timeout: Duration,
    timeout: Option<Duration>,
    max_head: usize,
    limits: Limits,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            login: None,
            hosts: Hosts::none(),
            delegation: Delegation::Never,
            delegate_to: Hosts::none(),
            schemes: Schemes::default(),
            mutual: Mutual::default(),
            bindings: Bindings::default(),
            preemptive: false,
            gss: false,
            http1: false,
            tls: None,
            proxies: Proxies::none(),
            addresses: Vec::new(),
            max_redirects: 10,
            connect_timeout: Duration::from_secs(30),
            timeout: None,
            max_head: 128 * 1024,
            limits: Limits { per_key: 8, total: 256, idle: Duration::from_secs(90) },
        }
    }

    /// Logs in at these hosts when they ask for it, with this.
    pub fn login(self, login: impl Login + 'static, hosts: Hosts) -> Self {
        self.shared_login(Arc::new(login), hosts)
    }

    /// The same with a login that others use too.
    pub fn shared_login(self, login: Arc<dyn Login>, hosts: Hosts) -> Self {
        Self { login: Some(login), hosts, ..self }
    }

    /// The schemes to answer, best first. Default: `Negotiate` alone.
    pub fn schemes(self, schemes: Schemes) -> Self {
        Self { schemes, ..self }
    }

    /// Hands these hosts a ticket to act for the user with, everywhere. The login needs
    /// [a way to get it](crate::KerberosLogin::forwarding). Default: nobody.
    pub fn delegate(self, delegation: Delegation, hosts: Hosts) -> Self {
        Self { delegation, delegate_to: hosts, ..self }
    }

    /// Sends the first token with the first request, before anybody asked for it: over HTTPS only, and only where the
    /// client may log in. It saves a request on each new connection. Default: only when asked.
    pub fn preemptive(self) -> Self {
        Self { preemptive: true, ..self }
    }

    /// Prefers the scheme `GSS` where servers offer it over TLS: one login, and then requests that are signed, over any
    /// connection. Which binding it has, [`bindings`](Self::bindings) says. No token goes unasked then. Default: no.
    pub fn gss_scheme(self) -> Self {
        Self { gss: true, ..self }
    }

    /// What servers have to prove. Default: [`Mutual::Required`].
    pub fn mutual(self, mutual: Mutual) -> Self {
        Self { mutual, ..self }
    }

    /// What contexts are tied to on TLS. Default: [`Bindings::EndPoint`].
    pub fn bindings(self, bindings: Bindings) -> Self {
        Self { bindings, ..self }
    }

    /// Never speaks HTTP/2.
    pub fn http1_only(self) -> Self {
        Self { http1: true, ..self }
    }

    /// Settings of TLS, for servers and proxies; those of ALPN are the client's. Default: the certification authorities
    /// of the system and the crypto of `ring`.
    pub fn tls(self, tls: ClientConfig) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Which requests go through which proxy. Default: none, whatever the environment says.
    pub fn proxies(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// Addresses of a host, which is not looked up then. Their port is taken too, unless it is 0.
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.addresses.push((host.to_owned(), addresses.into_iter().collect()));
        self
    }

    /// How many redirects are followed; with 0, responses with redirects are handed out. Default: 10.
    pub fn max_redirects(self, max_redirects: usize) -> Self {
        Self { max_redirects, ..self }
    }

    /// How long it may take to open a connection: look-up, TCP, tunnel with its login, TLS. Default: 30 seconds.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long a request may take, all logins and the response's body included. Default: as long as it takes.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Most bytes of a response's head; at least 8 KiB. A token of Active Directory can have 64 KiB. Default: 128 KiB.
    pub fn max_head(self, max_head: usize) -> Self {
        Self { max_head: max_head.max(8 * 1024), ..self }
    }

    /// How many connections that nobody uses are kept for one origin and user, and altogether. Default: 8 and 256.
    pub fn max_idle(self, per_user: usize, total: usize) -> Self {
        Self { limits: Limits { per_key: per_user, total, ..self.limits }, ..self }
    }

    /// How long connections are kept that nobody uses. Default: 90 seconds.
    pub fn idle_timeout(self, idle: Duration) -> Self {
        Self { limits: Limits { idle, ..self.limits }, ..self }
    }

    /// The client. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Tls`] if there are no settings of TLS.
    pub fn build(self) -> Result<Client, Error> {
        let tls = match self.tls {
            Some(tls) => tls,
            None => Connector::system_tls()?,
        };
        let connector = Connector::new(&tls)
            .proxies(self.proxies)
            .schemes(self.schemes)
            .bindings(self.bindings)
            .timeout(self.connect_timeout)
            .max_head(self.max_head);
        let resolve =
            |connector: Connector, (host, addresses): (String, _)| connector.resolve(&host, addresses);
        let connector = self.addresses.into_iter().fold(connector, resolve);
        let shared = Shared {
            connector,
            pool: Pool::new(self.limits),
            login: self.login,
            hosts: self.hosts,
            delegation: self.delegation,
            delegate_to: self.delegate_to,
            schemes: self.schemes,
            mutual: self.mutual,
            bindings: self.bindings,
            preemptive: self.preemptive,
            sessions: self.gss.then(Sessions::default),
            http1: self.http1,
            max_redirects: self.max_redirects,
            timeout: self.timeout,
        };
        Ok(Client { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("login", &self.login)
            .field("hosts", &self.hosts)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}
