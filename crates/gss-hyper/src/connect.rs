//! Connections to servers, through proxies and tunnels, with TLS: the stream and what contexts can be bound to on it.
//!
//! A [`Client`](crate::Client) has a connector of its own. It is here for programs that speak something else than HTTP
//! through an HTTP proxy, or HTTP in their own way.

mod dial;
mod tunnel;

use crate::turn::Terms;
use crate::{Bindings, Delegation, Error, Origin, Proxies, Proxy};
use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use gss_core::bindings::TlsChannel;
use gss_http::{Schemes, Side};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::io::{self, IoSlice};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// Opens connections.
#[derive(Clone)]
pub struct Connector {
    any: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    proxies: Proxies,
    schemes: Schemes,
    bindings: Bindings,
    timeout: Duration,
    max_head: usize,
    addresses: Arc<HashMap<String, Vec<SocketAddr>>>,
}

/// Which versions of HTTP are offered to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Offer {
    /// HTTP/2 and HTTP/1.1.
    #[default]
    Any,
    /// HTTP/1.1 alone.
    Http1,
}

/// A connection that is open.
#[derive(Debug)]
pub struct Connected {
    /// Where to read and write.
    pub stream: Stream,
    /// What contexts with the server can be bound to; nothing without TLS, or where a proxy forwards.
    pub channel: TlsChannel,
    /// Whether server and client agreed on HTTP/2.
    pub is_http2: bool,
    /// The proxy at the other end, to which requests with whole URLs are to be sent. `None` if the server is there,
    /// be it through a tunnel.
    pub forwarding: Option<Forwarding>,
}

/// A proxy that forwards requests.
#[derive(Debug)]
pub struct Forwarding {
    /// The proxy.
    pub proxy: Origin,
    /// What contexts with the proxy can be bound to.
    pub channel: TlsChannel,
}

/// A stream of bytes, over TLS or not.
pub struct Stream(Box<dyn Io>);

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

impl Connector {
    /// A connector that uses these settings of TLS, except for ALPN, and no proxies.
    #[must_use]
    pub fn new(tls: &ClientConfig) -> Self {
        let with_alpn = |protocols: &[&[u8]]| {
            let mut config = tls.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Self {
            any: with_alpn(&[HTTP2, HTTP1]),
            http1: with_alpn(&[HTTP1]),
            proxies: Proxies::none(),
            schemes: Schemes::default(),
            bindings: Bindings::default(),
            timeout: Duration::from_secs(30),
            max_head: 128 * 1024,
            addresses: Arc::default(),
        }
    }

    /// Settings of TLS that believe the certification authorities of the system, with the crypto of `ring`.
    ///
    /// # Errors
    /// [`Error::Tls`].
    pub fn system_tls() -> Result<ClientConfig, Error> {
        let mut roots = RootCertStore::empty();
        // Those that cannot be read or used are left out: the servers that need them are refused.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config
            .map_err(|error| Error::Tls { host: "any server".to_owned(), source: io::Error::other(error) })?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }

    /// The same with these proxies.
    #[must_use]
    pub fn proxies(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// The same with these schemes for logins at proxies.
    #[must_use]
    pub fn schemes(self, schemes: Schemes) -> Self {
        Self { schemes, ..self }
    }

    /// The same with this policy for channel bindings with proxies.
    #[must_use]
    pub fn bindings(self, bindings: Bindings) -> Self {
        Self { bindings, ..self }
    }

    /// The same with a limit for all that comes before the first request: look-up, TCP, tunnel with its login, TLS.
    /// Default: 30 seconds.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same with a limit for the head of a proxy's response, in bytes. Default: 128 KiB.
    #[must_use]
    pub fn max_head(self, max_head: usize) -> Self {
        Self { max_head, ..self }
    }

    /// The same with addresses of a host, which is not looked up then. Their port is taken too, unless it is 0. What the
    /// host is called, to TLS and in names of services, stays as it is.
    #[must_use]
    pub fn resolve(self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let mut all = HashMap::clone(&self.addresses);
        all.insert(crate::hosts::normal(host), addresses.into_iter().collect());
        Self { addresses: Arc::new(all), ..self }
    }

    /// Opens a connection to an origin, by the way that the proxies say.
    ///
    /// # Errors
    /// There is no connection, in time; or the login at the proxy fails.
    pub async fn connect(&self, origin: &Origin, offer: Offer) -> Result<Connected, Error> {
        let limit = self.timeout;
        let connected = tokio::time::timeout(limit, self.open(origin, offer)).await;
        connected.unwrap_or(Err(Error::TimedOut { what: "connection", limit }))
    }

    /// The proxy for an origin.
    pub(crate) fn proxy(&self, origin: &Origin) -> Option<&Arc<Proxy>> {
        self.proxies.of(origin)
    }

    pub(crate) fn head_limit(&self) -> usize {
        self.max_head
    }

    async fn open(&self, origin: &Origin, offer: Offer) -> Result<Connected, Error> {
        let tls = match offer {
            Offer::Any => &self.any,
            Offer::Http1 => &self.http1,
        };
        match self.proxy(origin) {
            None => self.secure(self.dial(origin).await?, origin, tls).await,
            Some(proxy) if origin.is_https() => {
                let stream = self.tunnel(proxy, origin).await?;
                self.secure(stream, origin, tls).await
            }
            Some(proxy) => {
                let Connected { stream, channel, .. } = self.reach(proxy).await?;
                let forwarding = Some(Forwarding { proxy: proxy.origin.clone(), channel });
                Ok(Connected { stream, channel: TlsChannel::none(), is_http2: false, forwarding })
            }
        }
    }

    /// A connection to a proxy itself.
    async fn reach(&self, proxy: &Proxy) -> Result<Connected, Error> {
        self.secure(self.dial(&proxy.origin).await?, &proxy.origin, &self.http1).await
    }

    /// Makes TLS on a stream where the origin asks for it.
    async fn secure(
        &self,
        stream: Stream,
        origin: &Origin,
        config: &Arc<ClientConfig>,
    ) -> Result<Connected, Error> {
        if !origin.is_https() {
            let channel = TlsChannel::none();
            return Ok(Connected { stream, channel, is_http2: false, forwarding: None });
        }
        let host = || origin.to_string();
        let failed = |source| Error::Tls { host: host(), source };
        let name = ServerName::try_from(origin.bare_host().to_owned())
            .map_err(|error| failed(io::Error::other(error)))?;
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(failed)?;
        let connection = stream.get_ref().1;
        let channel = match gss_rustls::client_channel(connection) {
            Ok(channel) => channel,
            // A server that needs this binding refuses us, which is for it to say.
            Err(gss_rustls::ChannelError::EndPoint { rest, .. }) => rest,
            Err(source) => return Err(Error::Channel { host: host(), source }),
        };
        let is_http2 = connection.alpn_protocol() == Some(HTTP2);
        Ok(Connected { stream: Stream(Box::new(stream)), channel, is_http2, forwarding: None })
    }

    /// What a login at a proxy goes by.
    pub(crate) fn proxy_terms<'a>(&self, proxy: &'a Proxy) -> Terms<'a> {
        Terms {
            side: Side::Proxy,
            host: proxy.origin.host(),
            login: proxy.login.as_ref(),
            schemes: self.schemes,
            mutual: proxy.mutual,
            delegation: Delegation::Never,
            bindings: self.bindings,
            gss: None,
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("proxies", &self.proxies)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Stream {
    fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self(Box::new(io))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
