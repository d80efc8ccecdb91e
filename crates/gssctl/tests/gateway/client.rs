//! Requests to the gateway.

use alloc::sync::Arc;
use bytes::Bytes;
use core::net::SocketAddr;
use gss::krb5::Credentials;
use gss::{ChannelBindings, Env, Handshake, Initiator, Target, Timestamp};
use gss_http::{HeaderValue, Scheme};
use http::{Request, Response, request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::HOST;

pub(crate) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A connection, of whatever kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Knows where the gateway is, and its certificate.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, certificate: Option<&CertificateDer<'static>>) -> Self {
        Self { address, tls: certificate.map(|certificate| Arc::new(tls(certificate))) }
    }

    /// A connection for this version of HTTP.
    pub(crate) async fn connect(&self, alpn: &[u8]) -> std::io::Result<Box<dyn Io>> {
        let stream = TcpStream::connect(self.address).await?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let mut config = (**tls).clone();
        config.alpn_protocols = vec![alpn.to_vec()];
        let name = ServerName::try_from(HOST).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
        Ok(Box::new(stream))
    }

    pub(crate) async fn http1(&self) -> Http1 {
        let io = TokioIo::new(self.connect(b"http/1.1").await.unwrap());
        let (sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        Http1(sender)
    }

    pub(crate) async fn http2(&self) -> Http2 {
        let io = TokioIo::new(self.connect(b"h2").await.unwrap());
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Http2(sender)
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: request::Builder) -> Seen {
        self.http1().await.send(request).await
    }

    /// Sends bytes, and reads until the server closes.
    pub(crate) async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect(b"http/1.1").await.unwrap();
        // A server that has had enough may be rude.
        let _ = stream.write_all(request.as_ref()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

/// The configuration of a client that trusts a certificate.
pub(crate) fn tls(certificate: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    config.unwrap().with_root_certificates(roots).with_no_client_auth()
}

pub(crate) struct Http1(http1::SendRequest<RequestBody>);

impl Http1 {
    pub(crate) async fn send(&mut self, request: request::Builder) -> Seen {
        Seen::of(self.open(request, empty()).await).await
    }

    /// Sends a request with a body; that of the response is still to be read.
    pub(crate) async fn open(&mut self, request: request::Builder, body: RequestBody) -> Response<Incoming> {
        self.0.ready().await.unwrap();
        self.0.send_request(request.header("host", "localhost").body(body).unwrap()).await.unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Http2(http2::SendRequest<RequestBody>);

impl Http2 {
    /// The path of the request becomes a URL.
    pub(crate) async fn send(&mut self, request: request::Builder) -> Seen {
        let mut request: Request<RequestBody> = request.body(empty()).unwrap();
        *request.uri_mut() = format!("https://{HOST}{}", request.uri()).parse().unwrap();
        self.0.ready().await.unwrap();
        Seen::of(self.0.send_request(request).await.unwrap()).await
    }
}

pub(crate) fn empty() -> RequestBody {
    full("")
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn get(path: &str) -> request::Builder {
    Request::get(path)
}

pub(crate) fn post(path: &str) -> request::Builder {
    Request::post(path)
}

/// The value of `Authorization` for a login.
pub(crate) fn negotiate(credentials: &Credentials) -> String {
    token(initiator(credentials))
}

/// The same, bound to a channel.
pub(crate) fn negotiate_bound(credentials: &Credentials, bindings: &ChannelBindings<'_>) -> String {
    token(initiator(credentials).channel_bindings(bindings))
}

fn initiator(credentials: &Credentials) -> Initiator {
    Initiator::krb5(credentials, &Target::new("HTTP", HOST).unwrap()).unwrap()
}

fn token(initiator: Initiator) -> String {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let mut output = Vec::new();
    let _ = initiator.step(&mut [], &mut output, &mut Env::new(Timestamp::now(), &mut rng)).unwrap();
    HeaderValue::token(Scheme::Negotiate, &output).into_string()
}

/// A request that logs in.
pub(crate) trait LogIn {
    fn log_in(self, credentials: &Credentials) -> Self;
}

impl LogIn for request::Builder {
    fn log_in(self, credentials: &Credentials) -> Self {
        self.header("authorization", negotiate(credentials))
    }
}

/// A response, read.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: http::response::Parts,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self { status: head.status.as_u16(), head, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) fn lines(&self, field: &str) -> Vec<&str> {
        self.head.headers.get_all(field).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// What the service saw of a field, each line; its body lists all of them.
    pub(crate) fn field(&self, name: &str) -> Vec<&str> {
        let lines = self.text.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
    }
}
