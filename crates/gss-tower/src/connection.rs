//! What a layer knows of the connection that a request came by.

use crate::counters::{Counters, Gauge, Held};
use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use gss::Acceptor;
use gss_core::bindings::TlsChannel;
use gss_http::ServerConnection;
use http::Extensions;
use tokio::sync::{Mutex, MutexGuard};

/// One connection of a client: where it comes from, the TLS channel that logins are bound to, and the login that holds for
/// it. A clone is the same connection.
///
/// Whoever accepts connections makes one for each and puts a clone into the extensions of every request that comes by
/// it, and of no other: [`serve`](crate::serve) does so, and `axum::serve` with
/// `into_make_service_with_connect_info::<Connection>()` (feature `axum`, no TLS). Without it, the layer authenticates each
/// request by itself: Kerberos works, bindings are not compared, and NTLM is refused.
///
/// On HTTP/2 and HTTP/3, where requests of several users may be mixed, no login ever holds for the connection.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    peer: Option<SocketAddr>,
    channel: TlsChannel,
    https: bool,
    /// A request came through a proxy.
    via: AtomicBool,
    closed: AtomicBool,
    /// One for each layer that something is half made with or bound to, by the layer's number: what one layer lets in,
    /// another may not.
    logins: Mutex<Vec<(u64, Login)>>,
}

/// The state of one connection with one layer.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) server: ServerConnection<Acceptor>,
    half_open: Option<Held>,
    live: Option<Held>,
}

impl Login {
    pub(crate) fn new(server: ServerConnection<Acceptor>) -> Self {
        Self { server, half_open: None, live: None }
    }

    /// Follows the state, for the counters.
    pub(crate) fn follow(&mut self, counters: &Counters) {
        let follow = |held: &mut Option<Held>, is: bool, gauge| match (is, &held) {
            (true, None) => *held = Some(counters.hold(gauge)),
            (false, Some(_)) => *held = None,
            _ => {}
        };
        follow(&mut self.half_open, self.server.is_partial(), Gauge::HalfOpen);
        follow(&mut self.live, self.server.is_authenticated(), Gauge::Live);
    }

    fn is_idle(&self) -> bool {
        !self.server.is_partial() && !self.server.is_authenticated()
    }
}

/// The logins of a connection, while one request is judged.
pub(crate) struct Logins<'c> {
    connection: &'c Inner,
    logins: MutexGuard<'c, Vec<(u64, Login)>>,
}

impl Connection {
    /// A connection without TLS.
    #[must_use]
    pub fn http(peer: Option<SocketAddr>) -> Self {
        Self::new(peer, TlsChannel::none(), false)
    }

    /// A connection with TLS, and what there is to bind a login to: `gss_rustls::server_channel` says it.
    #[must_use]
    pub fn https(peer: Option<SocketAddr>, channel: TlsChannel) -> Self {
        Self::new(peer, channel, true)
    }

    fn new(peer: Option<SocketAddr>, channel: TlsChannel, https: bool) -> Self {
        Self(Arc::new(Inner {
            peer,
            channel,
            https,
            via: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            logins: Mutex::default(),
        }))
    }

    /// The address of the client, or of the last proxy before us.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// What logins are bound to; empty without TLS.
    #[must_use]
    pub fn channel(&self) -> &TlsChannel {
        &self.0.channel
    }

    /// Whether the client speaks https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.https
    }

    /// The connection has ended: no login holds for it any more, whoever still has a clone.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        // Whoever has the lock now puts nothing back.
        if let Ok(mut logins) = self.0.logins.try_lock() {
            logins.clear();
        }
    }

    /// The connection of a request.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        let own = extensions.get::<Self>();
        #[cfg(feature = "axum")]
        let own = own.or_else(|| extensions.get::<axum::extract::ConnectInfo<Self>>().map(|info| &info.0));
        own.cloned()
    }

    /// Whether one request of the connection came through a proxy; `now` says it of this one.
    pub(crate) fn via(&self, now: bool) -> bool {
        self.0.via.fetch_or(now, Ordering::Relaxed) | now
    }

    pub(crate) async fn logins(&self) -> Logins<'_> {
        Logins { connection: &self.0, logins: self.0.logins.lock().await }
    }
}

impl Logins<'_> {
    /// Takes a layer's login out. If the request that did so ends before it is put back, the connection has none.
    pub(crate) fn take(&mut self, layer: u64) -> Option<Login> {
        let place = self.logins.iter().position(|(found, _)| *found == layer)?;
        let (_, login) = self.logins.swap_remove(place);
        (!self.connection.closed.load(Ordering::Acquire)).then_some(login)
    }

    /// Puts a login back, if there is something to keep.
    pub(crate) fn put(&mut self, layer: u64, login: Login) {
        if !login.is_idle() && !self.connection.closed.load(Ordering::Acquire) {
            self.logins.push((layer, login));
        }
    }
}

impl Drop for Logins<'_> {
    /// Completes a [`Connection::close`] that did not get the lock.
    fn drop(&mut self) {
        if self.connection.closed.load(Ordering::Acquire) {
            self.logins.clear();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.0.peer)
            .field("channel", &self.0.channel)
            .field("https", &self.0.https)
            .finish_non_exhaustive()
    }
}
