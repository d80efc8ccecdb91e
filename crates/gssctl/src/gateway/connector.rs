//! Connections to the service.

use super::upstream::Upstream;
use crate::tls::ClientTls;
use alloc::sync::Arc;
use anyhow::{Context as _, Result};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// Connects to the service, whatever address a request names.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    Tcp(io::Error),
    Tls(io::Error),
    TimedOut(Duration),
}

impl Connector {
    /// With TLS, if the service wants it: `authorities` are asked for then.
    pub(super) fn new(
        upstream: &Upstream,
        authorities: impl FnOnce() -> Result<ClientTls>,
        patience: Duration,
    ) -> Result<Self> {
        let host = upstream.host();
        let tls = if upstream.is_https() {
            let name =
                ServerName::try_from(host.to_owned()).with_context(|| format!("{host} in a certificate"))?;
            Some((TlsConnector::from(authorities()?.config()), name))
        } else {
            None
        };
        Ok(Self(Arc::new(Inner { host: host.into(), port: upstream.port(), tls, patience })))
    }
}

impl Inner {
    async fn connect(&self) -> Result<Stream, ConnectError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(ConnectError::Tcp)?;
        // A socket that cannot do that is as good.
        let _ = stream.set_nodelay(true);
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((tls, name)) => {
                Box::new(tls.connect(name.clone(), stream).await.map_err(ConnectError::Tls)?)
            }
        })
    }
}

/// A connection with TLS or without.
pub(super) type Stream = Box<dyn Io>;

/// What carries bytes both ways.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let connected = tokio::time::timeout(inner.patience, inner.connect()).await;
            connected.map_err(|_| ConnectError::TimedOut(inner.patience))?.map(TokioIo::new)
        })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(error) => write!(f, "cannot connect: {error}"),
            Self::Tls(error) => write!(f, "no TLS: {error}"),
            Self::TimedOut(after) => write!(f, "no connection after {after:?}"),
        }
    }
}

impl core::error::Error for ConnectError {}
