//! Behind sockets: both versions of HTTP, with and without TLS, and what clients may not do.

use crate::support::{
    Begun, Echo, HOST, Seen, both_schemes, echo, kerberos, kerberos_and_ntlm, login, login_bound, ntlm,
    ntlm_layer,
};
use alloc::sync::Arc;
use bytes::Bytes;
use core::net::SocketAddr;
use core::time::Duration;
use gss::BindingPolicy;
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::Scheme;
use gss_rustls::{ServerEndPoints, client_channel};
use gss_tower::serve::{AtLimit, Closed, Ended, Event, Limits, Server};
use gss_tower::{Authentication, AuthenticationLayer};
use http::{Request, StatusCode, request};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tower_layer::Layer;

type Service = Authentication<tower::util::ServiceFn<Echo<Incoming>>>;

pub(crate) fn service(layer: &AuthenticationLayer) -> Service {
    layer.layer(tower::service_fn(echo as Echo<Incoming>))
}

/// A server in the background.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Ended>,
    events: watch::Receiver<Vec<String>>,
}

impl Running {
    pub(crate) async fn start(layer: &AuthenticationLayer, change: impl FnOnce(Server) -> Server) -> Self {
        Self::start_with(service(layer), change).await
    }

    pub(crate) async fn start_with<S, R>(service: S, change: impl FnOnce(Server) -> Server) -> Self
    where
        S: tower::Service<Request<Incoming>, Response = http::Response<R>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<gss_tower::serve::BoxError>,
        R: http_body::Body + Send + 'static,
        R::Data: Send,
        R::Error: Into<gss_tower::serve::BoxError>,
    {
        let (stop, stopped) = oneshot::channel();
        let (list, events) = watch::channel(Vec::new());
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let server = server.shutdown(async { drop(stopped.await) }, Duration::from_secs(10));
        let server = change(server.on_event(move |event| list.send_modify(|list| list.push(words(event)))));
        let address = server.local_addr().unwrap();
        let task = tokio::spawn(server.serve(service));
        Self { address, stop, task, events }
    }

    pub(crate) async fn stop(self) -> Ended {
        drop(self.stop);
        self.task.await.unwrap()
    }

    /// Waits until something happened to a connection.
    async fn until(&self, what: &str) {
        let happened = |events: &Vec<String>| events.iter().any(|event| event.contains(what));
        self.events.clone().wait_for(happened).await.unwrap();
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Closed { requests, reason, .. } => {
            let reason = match reason {
                Closed::Failed(_) => "failed".into(),
                other => other.to_string(),
            };
            format!("closed: {reason} after {requests}")
        }
        Event::NoTls { error, .. } => format!("no TLS: {error}"),
        Event::TurnedAway { .. } => "turned away".into(),
        other => other.to_string(),
    }
}

/// A client's end of a connection.
pub(crate) enum Client {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn http1(io: impl Io) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await.unwrap();
        tokio::spawn(async { drop(connection.with_upgrades().await) });
        Self::Http1(sender)
    }

    pub(crate) async fn http2(io: impl Io) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
        tokio::spawn(async { drop(connection.await) });
        Self::Http2(sender)
    }

    pub(crate) async fn send(&mut self, request: request::Builder) -> Result<Seen, hyper::Error> {
        let response = self.response(request).await?;
        Ok(Seen::of(response).await)
    }

    async fn response(
        &mut self,
        request: request::Builder,
    ) -> Result<http::Response<Incoming>, hyper::Error> {
        let request = request.body(Full::default()).unwrap();
        match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.clone().send_request(request).await
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> request::Builder {
        match self {
            Self::Http1(_) => Request::get(path).header("host", HOST),
            Self::Http2(_) => Request::get(format!("https://{HOST}{path}")).version(http::Version::HTTP_2),
        }
    }

    pub(crate) async fn with(&mut self, begun: &Begun) -> Result<Seen, hyper::Error> {
        let request = self.get("/").header("authorization", &begun.value);
        self.send(request).await
    }

    pub(crate) async fn log_in_with_ntlm(&mut self, user: &str) -> Seen {
        let begun = ntlm(Scheme::Ntlm, user);
        let seen = self.with(&begun).await.unwrap();
        let begun = begun.go_on(&seen);
        self.with(&begun).await.unwrap()
    }
}

pub(crate) trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> Io for T {}

/// A certificate, and both ends' configurations.
pub(crate) struct Tls {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    server: Arc<rustls::ServerConfig>,
    client: Arc<rustls::ClientConfig>,
    end_points: ServerEndPoints,
}

impl Tls {
    pub(crate) fn new(alpn: &[u8]) -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.clone_key())
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let mut client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![alpn.to_vec()];
        let end_points = ServerEndPoints::new([&certificate]).unwrap();
        Self { certificate, key, server: Arc::new(server), client: Arc::new(client), end_points }
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    pub(crate) fn on(&self, server: Server) -> Server {
        server.tls(Arc::clone(&self.server), self.end_points.clone())
    }

    pub(crate) async fn connect(&self, address: SocketAddr) -> (Client, TlsChannel) {
        let name = rustls::pki_types::ServerName::try_from(HOST).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.client));
        let stream = connector.connect(name, TcpStream::connect(address).await.unwrap()).await.unwrap();
        let connection = stream.get_ref().1;
        let channel = client_channel(connection).unwrap();
        let client = match connection.alpn_protocol() {
            Some(b"h2") => Client::http2(stream).await,
            _ => Client::http1(stream).await,
        };
        (client, channel)
    }
}

#[tokio::test]
async fn a_login_on_both_versions() {
    let layer = AuthenticationLayer::new(kerberos());
    let running = Running::start(&layer, |server| server).await;
    let connect = || async { TcpStream::connect(running.address).await.unwrap() };
    for mut client in [Client::http1(connect().await).await, Client::http2(connect().await).await] {
        let request = client.get("/");
        assert_eq!(client.send(request).await.unwrap().challenges(), ["Negotiate"]);
        let begun = login("alice");
        let seen = client.with(&begun).await.unwrap();
        assert_eq!(seen.text, "alice@EXAMPLE.COM \"login\"");
        assert!(matches!(begun.go_on(&seen).next, gss::Step::Done(_)));
        // The same connection, somebody else.
        assert_eq!(client.with(&login("bob")).await.unwrap().text, "bob@EXAMPLE.COM \"login\"");
        let request = client.get("/");
        assert_eq!(client.send(request).await.unwrap().status, 401);
    }
    assert_eq!(running.stop().await, Ended { left: 0 });
}

#[tokio::test]
async fn bindings_of_live_tls_are_required() {
    for alpn in [&b"h2"[..], b"http/1.1"] {
        let layer =
            AuthenticationLayer::builder(kerberos()).bindings(BindingPolicy::Require).build().unwrap();
        let tls = Tls::new(alpn);
        let running = Running::start(&layer, |server| tls.on(server)).await;
        let (mut client, channel) = tls.connect(running.address).await;
        let (_, other) = tls.connect(running.address).await;
        assert_eq!(matches!(client, Client::Http2(_)), alpn == b"h2");
        for (bindings, status) in [
            (channel.of(TlsBinding::Exporter).next(), 200),
            (channel.of(TlsBinding::ServerEndPoint).next(), 200),
            // The end point is that of all our connections, the exporter that of one.
            (other.of(TlsBinding::ServerEndPoint).next(), 200),
            (other.of(TlsBinding::Exporter).next(), 401),
            (None, 401),
        ] {
            let begun = bindings.map_or_else(|| login("alice"), |bindings| login_bound("alice", &bindings));
            assert_eq!(client.with(&begun).await.unwrap().status, status, "{bindings:?}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn ntlm_belongs_to_its_socket() {
    let layer = ntlm_layer();
    let running = Running::start(&layer, |server| server).await;
    let connect = || async { Client::http1(TcpStream::connect(running.address).await.unwrap()).await };
    let (mut ours, mut others) = (connect().await, connect().await);
    assert_eq!(ours.log_in_with_ntlm("alice").await.text, "EXAMPLE\\alice \"login\"");
    let request = ours.get("/");
    assert_eq!(ours.send(request).await.unwrap().text, "EXAMPLE\\alice \"connection\"");
    let request = others.get("/");
    assert_eq!(others.send(request).await.unwrap().status, 401);
    // Half-way on one connection, then it is gone, and the client goes on over the next.
    let begun = ntlm(Scheme::Ntlm, "bob");
    let seen = others.with(&begun).await.unwrap();
    drop(others);
    let mut next = connect().await;
    assert_eq!(next.with(&begun.go_on(&seen)).await.unwrap().status, 401);
    running.until("done after 2").await;
    assert_eq!(layer.counters().snapshot().half_open, 0);
    assert_eq!(layer.counters().snapshot().live, 1);
    drop(ours);
    running.until("done after 3").await;
    assert_eq!(layer.counters().snapshot().live, 0);
    running.stop().await;
}

#[tokio::test]
async fn ntlm_over_http_2_resets_the_stream() {
    let policy = both_schemes();
    let layer = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(policy).build().unwrap();
    let running = Running::start(&layer, |server| server).await;
    let mut client = Client::http2(TcpStream::connect(running.address).await.unwrap()).await;
    for scheme in [Scheme::Ntlm, Scheme::Negotiate] {
        let error = client.with(&ntlm(scheme, "alice")).await.unwrap_err();
        let source = core::error::Error::source(&error).and_then(|error| error.downcast_ref::<h2::Error>());
        assert_eq!(source.and_then(h2::Error::reason), Some(h2::Reason::HTTP_1_1_REQUIRED), "{error:?}");
    }
    // The connection goes on.
    assert_eq!(client.with(&login("alice")).await.unwrap().status, 200);
    running.stop().await;
}

/// Writes bytes and reads all that comes back.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have enough before it has all of it.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn heads_of_requests_have_a_limit() {
    let running = Running::start(&AuthenticationLayer::new(kerberos()), |server| server).await;
    let head = |length: usize| {
        let value = "A".repeat(length);
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {value}\r\nConnection: close\r\n\r\n")
    };
    let answer = raw(running.address, head(90_000).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = raw(running.address, head(200_000).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(running.address, b"GET / HTTP/1.1\r\nHost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");

    let mut client = Client::http2(TcpStream::connect(running.address).await.unwrap()).await;
    let request = client.get("/").header("x", "A".repeat(90_000));
    assert_eq!(client.send(request).await.unwrap().status, 401);
    let request = client.get("/").header("x", "A".repeat(100_000));
    assert_eq!(client.send(request).await.unwrap().status, 431);
    // One that does not end is the end of its connection.
    let request = client.get("/").header("x", "A".repeat(200_000));
    let error = client.send(request).await.unwrap_err();
    let source = core::error::Error::source(&error).and_then(|error| error.downcast_ref::<h2::Error>());
    assert_eq!(source.and_then(h2::Error::reason), Some(h2::Reason::ENHANCE_YOUR_CALM), "{error:?}");
    running.stop().await;
}

fn limits() -> Limits {
    Limits {
        header_read: Duration::from_secs(5),
        idle: Duration::from_secs(20),
        tls_handshake: Duration::from_secs(3),
        ..Limits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_closed() {
    let running =
        Running::start(&AuthenticationLayer::new(kerberos()), |server| server.limits(limits())).await;
    let begun = tokio::time::Instant::now();
    // Nothing at all, a part of a head, the preface of HTTP/2 alone.
    for bytes in [&b""[..], b"GET / HTTP/1.1\r\nHost: x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        assert!(!raw(running.address, bytes).await.contains("200"));
    }
    let waited = begun.elapsed().as_secs();
    assert!((15..=40).contains(&waited), "{waited}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed() {
    let running =
        Running::start(&AuthenticationLayer::new(kerberos()), |server| server.limits(limits())).await;
    let mut client = Client::http2(TcpStream::connect(running.address).await.unwrap()).await;
    assert_eq!(client.with(&login("alice")).await.unwrap().status, 200);
    running.until("closed: idle after 1").await;
    running.stop().await;
}

/// Somebody who asks for much and reads nothing.
#[tokio::test(start_paused = true)]
async fn clients_that_do_not_read_are_closed() {
    let inner = tower::service_fn(|_: Request<Incoming>| async {
        let body = Full::new(Bytes::from(vec![b'x'; 64 << 20]));
        Ok::<_, core::convert::Infallible>(http::Response::new(body))
    });
    let limits = Limits { write: Duration::from_secs(7), ..limits() };
    let running = Running::start_with(inner, |server| server.limits(limits)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    running.until("closed: failed after 1").await;
    drop(stream);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn tls_handshakes_have_a_limit() {
    let tls = Tls::new(b"h2");
    let change = |server| tls.on(server).limits(limits());
    let running = Running::start(&AuthenticationLayer::new(kerberos()), change).await;
    assert_eq!(raw(running.address, b"").await, "");
    running.until("no TLS: handshake took longer than 3s").await;
    raw(running.address, b"GET / HTTP/1.1\r\n\r\n").await;
    running.until("no TLS: received corrupt message").await;
    running.stop().await;
}

#[tokio::test]
async fn there_are_so_many_places() {
    for (at_limit, refused) in [(AtLimit::Refuse, true), (AtLimit::Wait, false)] {
        let limits = Limits { max_connections: 2, at_limit, ..Limits::default() };
        let layer = AuthenticationLayer::new(kerberos());
        let running = Running::start(&layer, |server| server.limits(limits)).await;
        let connect = || async { Client::http1(TcpStream::connect(running.address).await.unwrap()).await };
        let mut clients = [connect().await, connect().await];
        for client in &mut clients {
            let request = client.get("/");
            assert_eq!(client.send(request).await.unwrap().status, 401);
        }
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let third = tokio::spawn(raw(running.address, request));
        if refused {
            assert!(third.await.unwrap().starts_with("HTTP/1.1 503"));
            running.until("turned away").await;
        } else {
            drop(clients);
            assert!(third.await.unwrap().starts_with("HTTP/1.1 401"));
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn a_connection_has_so_many_requests() {
    let limits = Limits { max_requests: Some(3), ..Limits::default() };
    let running = Running::start(&AuthenticationLayer::new(kerberos()), |server| server.limits(limits)).await;
    let mut client = Client::http1(TcpStream::connect(running.address).await.unwrap()).await;
    for _ in 0..3 {
        let request = client.get("/");
        assert_eq!(client.send(request).await.unwrap().status, 401);
    }
    let request = client.get("/");
    assert!(client.send(request).await.is_err());
    running.until("closed: as many requests as it may have after 3").await;
    running.stop().await;
}

/// Requests that have begun are answered; nothing new is taken; what does not end is cut.
#[tokio::test(start_paused = true)]
async fn shutting_down_is_graceful_to_a_point() {
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let inner = {
        let gate = Arc::clone(&gate);
        tower::service_fn(move |request: Request<Incoming>| {
            let (begun, gate) = (begun.clone(), Arc::clone(&gate));
            async move {
                begun.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                echo(request).await
            }
        })
    };
    for finishes in [true, false] {
        let layer = AuthenticationLayer::new(kerberos());
        let running = Running::start_with(layer.layer(inner.clone()), |server| server).await;
        let address = running.address;
        let mut client = Client::http1(TcpStream::connect(address).await.unwrap()).await;
        let begun = login("alice");
        let request = tokio::spawn(async move { client.with(&begun).await });
        begins.recv().await.unwrap();
        let stopping = tokio::spawn(running.stop());
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        if finishes {
            gate.add_permits(1);
            assert_eq!(request.await.unwrap().unwrap().status, 200);
            assert_eq!(stopping.await.unwrap(), Ended { left: 0 });
        } else {
            assert_eq!(stopping.await.unwrap(), Ended { left: 1 });
            assert!(request.await.unwrap().is_err());
        }
    }
}

/// A protocol of the service's own after an upgrade, as WebSocket is, for the user who logged in.
#[tokio::test]
async fn connections_can_be_upgraded() {
    let inner = tower::service_fn(|request: Request<Incoming>| async move {
        let who = request.extensions().get::<gss_tower::Authenticated>().unwrap().principal().to_owned();
        tokio::spawn(async move {
            let mut io = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            io.write_all(format!("hello {who}").as_bytes()).await.unwrap();
            io.shutdown().await.unwrap();
        });
        let response =
            http::Response::builder().status(StatusCode::SWITCHING_PROTOCOLS).header("upgrade", "greeting");
        Ok::<_, core::convert::Infallible>(response.body(Full::<Bytes>::default()).unwrap())
    });
    let layer = AuthenticationLayer::new(kerberos());
    let running = Running::start_with(layer.layer(inner), |server| server).await;
    let mut client = Client::http1(TcpStream::connect(running.address).await.unwrap()).await;
    let request = client.get("/").header("upgrade", "greeting").header("connection", "upgrade");
    let response = client.response(request.header("authorization", login("alice").value)).await.unwrap();
    assert_eq!(response.status(), 101);
    let mut io = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut text = String::new();
    io.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hello alice@EXAMPLE.COM");
    drop(io);
    assert_eq!(running.stop().await, Ended { left: 0 });
}
