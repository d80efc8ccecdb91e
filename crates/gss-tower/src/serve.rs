//! The loop that accepts connections and serves them: HTTP/1 and HTTP/2, with or without TLS, WebSocket and other upgrades,
//! and a [`Connection`] in the extensions of each request, which NTLM and channel bindings need.
//!
//! ```no_run
//! use gss_rustls::ServerEndPoints;
//! use gss_tower::AuthenticationLayer;
//! use gss_tower::serve::Server;
//! # use http::{Request, Response};
//! # use tower_layer::Layer;
//! # async fn example(
//! #     layer: AuthenticationLayer,
//! #     tls: std::sync::Arc<rustls::ServerConfig>,
//! #     certificate: rustls::pki_types::CertificateDer<'static>,
//! #     shutdown: impl Future<Output = ()> + Send + 'static,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = tower::service_fn(|_: Request<hyper::body::Incoming>| async {
//! #     Ok::<_, std::convert::Infallible>(Response::new(String::from("hello")))
//! # });
//! let server = Server::bind("127.0.0.1:8443").await?
//!     .tls(tls, ServerEndPoints::new([&certificate])?)
//!     .shutdown(shutdown, std::time::Duration::from_secs(10));
//! println!("listening on https://{}", server.local_addr()?);
//! server.serve(layer.layer(hello)).await;
//! # Ok(())
//! # }
//! ```

mod activity;
mod connection;
mod event;
mod limits;
mod service;
mod transport;

pub use event::{Closed, Event};
pub use limits::{AtLimit, Limits};

use crate::connection::Connection;
use alloc::sync::Arc;
use connection::{Serving, shake_hands};
use core::fmt;
use core::future::pending;
use core::net::SocketAddr;
use core::pin::Pin;
use core::time::Duration;
use gss_rustls::ServerEndPoints;
use http::{Request, Response};
use hyper::body::Incoming;
use std::io;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// What errors of services and bodies become.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// How long to wait after the system could not accept a connection, for want of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listening server.
pub struct Server {
    listener: TcpListener,
    tls: Option<Tls>,
    limits: Limits,
    events: Arc<dyn Fn(&Event) + Send + Sync>,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    within: Duration,
}

#[derive(Clone)]
struct Tls {
    acceptor: TlsAcceptor,
    end_points: Arc<ServerEndPoints>,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Connections that had not ended in time. Those that were upgraded are in the hands of their service.
    pub left: usize,
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    /// It is taken, or not ours.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self::from_listener(TcpListener::bind(address).await?))
    }

    /// Serves what a listener accepts.
    #[must_use]
    pub fn from_listener(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
            limits: Limits::default(),
            events: Arc::new(|event| tracing::debug!(%event, "connection")),
            shutdown: Box::pin(pending()),
            within: Duration::ZERO,
        }
    }

    /// Speaks TLS. Logins are bound to the connection, and to these certificates. A configuration without ALPN gets
    /// `h2` and `http/1.1`.
    #[must_use]
    pub fn tls(self, config: impl Into<Arc<rustls::ServerConfig>>, end_points: ServerEndPoints) -> Self {
        let mut config = config.into();
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        let tls = Tls { acceptor: TlsAcceptor::from(config), end_points: Arc::new(end_points) };
        Self { tls: Some(tls), ..self }
    }

    /// What clients may take of the server's time and memory.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Told of what happens to connections; must not block. By default it goes to `tracing`, at level debug.
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self { events: Arc::new(listener), ..self }
    }

    /// Ends the server when `signal` does: it accepts nothing any more, lets requests that have begun end within a time, and
    /// then cuts their connections.
    #[must_use]
    pub fn shutdown(self, signal: impl Future<Output = ()> + Send + 'static, within: Duration) -> Self {
        Self { shutdown: Box::pin(signal), within, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until [`shutdown`](Self::shutdown), each request with a clone of the service.
    pub async fn serve<S, R>(self, service: S) -> Ended
    where
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        R: http_body::Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<BoxError>,
    {
        self.serve_with(move |_| service.clone()).await
    }

    /// Serves until [`shutdown`](Self::shutdown), each connection with a service of its own.
    pub async fn serve_with<M, S, R>(self, make: M) -> Ended
    where
        M: Fn(&Connection) -> S + Clone + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        R: http_body::Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<BoxError>,
    {
        let Self { listener, tls, limits, events, mut shutdown, within } = self;
        let (stop, stopped) = watch::channel(());
        let places = Arc::new(Semaphore::new(limits.max_connections));
        let mut tasks = JoinSet::new();
        let shared = Arc::new(connection::Shared::new(limits.clone(), Arc::clone(&events)));
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
                (stream, peer, place) = next(&listener, &limits, &places, &events, tls.is_some()) => {
                    events(&Event::Accepted { peer });
                    let (tls, make, stopped) = (tls.clone(), make.clone(), stopped.clone());
                    let serving = Serving { shared: Arc::clone(&shared), peer, place };
                    tasks.spawn(async move {
                        if let Some((stream, connection)) = shake_hands(stream, tls, &serving).await {
                            let service = make(&connection);
                            serving.run(stream, service, connection, stopped).await;
                        }
                    });
                }
            }
        }
        drop(listener);
        drop(stop);
        end(tasks, &places, limits.max_connections, within).await
    }
}

/// Waits for the connections to end; cuts those that do not.
async fn end(mut tasks: JoinSet<()>, places: &Semaphore, max: usize, within: Duration) -> Ended {
    let all = async {
        while tasks.join_next().await.is_some() {}
        // Upgraded connections have no task of ours, but a place.
        let _ = places.acquire_many(u32::try_from(max).unwrap_or(u32::MAX)).await;
    };
    if tokio::time::timeout(within, all).await.is_ok() {
        return Ended { left: 0 };
    }
    let left = max - places.available_permits();
    tasks.shutdown().await;
    Ended { left }
}

/// The next connection that there is a place for.
async fn next(
    listener: &TcpListener,
    limits: &Limits,
    places: &Arc<Semaphore>,
    events: &Arc<dyn Fn(&Event) + Send + Sync>,
    tls: bool,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let waited = match limits.at_limit {
            AtLimit::Wait => Arc::clone(places).acquire_owned().await.ok(),
            AtLimit::Refuse => None,
        };
        match listener.accept().await {
            Ok((stream, peer)) => match waited.or_else(|| Arc::clone(places).try_acquire_owned().ok()) {
                Some(place) => return (stream, peer, place),
                None => {
                    events(&Event::TurnedAway { peer });
                    transport::turn_away(&stream, tls);
                }
            },
            // The client's fault, or a shortage that passes when connections end.
            Err(error) => {
                events(&Event::AcceptFailed { error });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("tls", &self.tls.is_some())
            .field("limits", &self.limits)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
