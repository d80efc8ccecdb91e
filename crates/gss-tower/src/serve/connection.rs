//! One connection, from the handshake of TLS to its end.

use super::activity::Activity;
use super::event::{Closed, Event};
use super::limits::Limits;
use super::service::PerConnection;
use super::transport::{Stream, Transport};
use super::{BoxError, Tls};
use crate::connection::Connection;
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use gss_core::bindings::TlsChannel;
use gss_rustls::server_channel;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_rustls::server::TlsStream;
use tower_service::Service;

/// How long a connection may take to end, once it has nothing to do any more.
const LINGER: Duration = Duration::from_secs(5);

/// What all connections share.
pub(super) struct Shared {
    builder: Builder<TokioExecutor>,
    limits: Limits,
    events: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Shared {
    pub(super) fn new(limits: Limits, events: Arc<dyn Fn(&Event) + Send + Sync>) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        let head = limits.max_header_bytes.max(8192);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read)
            // A head has to fit into it.
            .max_buf_size(head);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
            .max_concurrent_streams(limits.max_streams)
            // Finds out that a client has vanished.
            .keep_alive_interval(limits.idle)
            .keep_alive_timeout(limits.write);
        Self { builder, limits, events }
    }
}

/// A connection's place, while it is opened and served.
pub(super) struct Serving {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) place: OwnedSemaphorePermit,
}

/// Shakes hands, if there is TLS.
pub(super) async fn shake_hands(
    stream: TcpStream,
    tls: Option<Tls>,
    serving: &Serving,
) -> Option<(Stream, Connection)> {
    // A socket that cannot do that is as good.
    let _ = stream.set_nodelay(true);
    let peer = serving.peer;
    let Some(tls) = tls else { return Some((Stream::Plain(stream), Connection::http(Some(peer)))) };
    match tls.accept(stream, serving.shared.limits.tls_handshake).await {
        Ok((stream, channel)) => Some((Stream::Tls(stream), Connection::https(Some(peer), channel))),
        Err(error) => {
            (serving.shared.events)(&Event::NoTls { peer, error });
            None
        }
    }
}

impl Tls {
    async fn accept(
        &self,
        stream: TcpStream,
        within: Duration,
    ) -> Result<(Box<TlsStream<TcpStream>>, TlsChannel), BoxError> {
        let stream = tokio::time::timeout(within, self.acceptor.accept(stream))
            .await
            .map_err(|_| format!("handshake took longer than {within:?}"))??;
        let channel = server_channel(stream.get_ref().1, &self.end_points)?;
        Ok((Box::new(stream), channel))
    }
}

impl Serving {
    /// Serves until one side has enough.
    pub(super) async fn run<S, R>(
        self,
        stream: Stream,
        service: S,
        connection: Connection,
        stopped: watch::Receiver<()>,
    ) where
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        R: http_body::Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<BoxError>,
    {
        let Self { shared, peer, place } = self;
        let activity = Arc::new(Activity::new());
        // Whatever ends this task, aborting it included.
        let _closing = Closing(connection.clone());
        let io = TokioIo::new(Transport::new(stream, shared.limits.write, place));
        let max_requests = shared.limits.max_requests;
        let service = PerConnection { service, connection, activity: Arc::clone(&activity), max_requests };
        let mut serving = pin!(shared.builder.serve_connection_with_upgrades(io, service));
        let why = tokio::select! {
            result = serving.as_mut() => {
                let reason = result.map_or_else(Closed::Failed, |()| Closed::Done);
                (shared.events)(&Event::Closed { peer, requests: activity.requests(), reason });
                return;
            }
            () = activity.idle(shared.limits.header_read, shared.limits.idle) => Closed::Idle,
            () = activity.enough() => Closed::Requests,
            () = until_stopped(stopped) => Closed::Shutdown,
        };
        serving.as_mut().graceful_shutdown();
        tokio::select! {
            // The reason stays the one for which it was to end.
            _ = serving => {}
            () = lingering(&activity) => {}
        }
        (shared.events)(&Event::Closed { peer, requests: activity.requests(), reason: why });
    }
}

/// Ends some time after the last request.
async fn lingering(activity: &Activity) {
    loop {
        tokio::time::sleep(LINGER).await;
        if !activity.is_running() {
            return;
        }
    }
}

/// Ends with the sender.
async fn until_stopped(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// Ends the logins of a connection with it.
struct Closing(Connection);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
