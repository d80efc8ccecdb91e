//! A server that lets users in, and writes down what it saw.

use crate::world::{Certified, World};
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use getrandom::SysRng;
use gss::{
    AcceptableBindings, Acceptor, AcceptorConfig, BindingPolicy, ChannelBindings, Env, Framing, Timestamp,
};
use gss_core::bindings::TlsChannel;
use gss_http::gss::{Bindings, MemoryContextStore, RequestParts};
use gss_http::{Answer, HeaderField, Scheme, ServerConnection, ServerPolicy, Version};
use gss_rustls::{ServerEndPoints, server_channel};
use http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, VIA};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand_core::UnwrapErr;
use std::sync::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// Why a request gets no answer.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) BoxError);

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// How the server is to be.
pub(crate) struct Options {
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) end_points: Option<ServerEndPoints>,
    pub(crate) bindings: BindingPolicy,
    pub(crate) policy: ServerPolicy,
    /// Offers the scheme `GSS` with these bindings too.
    pub(crate) gss: Option<Bindings>,
    /// Keeps the token that would prove who the server is.
    pub(crate) drop_final: bool,
    /// Closes the connection with each response that asks for credentials.
    pub(crate) close_with_challenge: bool,
    /// Closes the connection instead of answering the first this many requests that have credentials.
    pub(crate) die_on_token: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: None,
            end_points: None,
            bindings: BindingPolicy::VerifyIfPresent,
            policy: ServerPolicy::default(),
            gss: None,
            drop_final: false,
            close_with_challenge: false,
            die_on_token: 0,
        }
    }
}

impl Options {
    pub(crate) fn tls(certified: &Certified, alpn: &[&[u8]]) -> Self {
        let end_points = ServerEndPoints::new([&certified.certificate]).unwrap();
        Self {
            tls: Some(certified.server_config(alpn)),
            end_points: Some(end_points),
            bindings: BindingPolicy::Require,
            ..Self::default()
        }
    }
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) version: http::Version,
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
    /// Who the server takes it for.
    pub(crate) user: Option<String>,
    pub(crate) bound: bool,
    pub(crate) delegated: bool,
    /// By the scheme `GSS`, without a login.
    pub(crate) signed: bool,
}

impl Seen {
    pub(crate) fn has_credentials(&self) -> bool {
        self.fields.contains_key(AUTHORIZATION)
    }

    pub(crate) fn has_cookie(&self) -> bool {
        self.fields.contains_key(COOKIE)
    }

    pub(crate) fn host(&self) -> Option<&str> {
        self.fields.get(HOST).and_then(|host| host.to_str().ok())
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

type GssServer = gss_http::gss::Server<Acceptor, MemoryContextStore, String>;

struct Shared {
    options: Options,
    acceptor: Arc<AcceptorConfig>,
    gss: Option<GssServer>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    tokens: AtomicUsize,
}

impl Server {
    pub(crate) async fn start(world: &World, host: &str, options: Options) -> Self {
        Self::with(world.acceptor(host), options).await
    }

    pub(crate) async fn with(acceptor: AcceptorConfig, options: Options) -> Self {
        let gss = options.gss.map(|bindings| {
            let policy = gss_http::gss::ServerPolicy { bindings, ..Default::default() };
            GssServer::new(policy, MemoryContextStore::new())
        });
        let shared = Arc::new(Shared {
            options,
            gss,
            acceptor: Arc::new(acceptor),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            tokens: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(Arc::clone(&shared).serve(stream, connection));
            }
        });
        server
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.shared.seen.lock().unwrap()
    }

    /// What was seen of one kind.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.seen().iter().map(|seen| seen.status).collect()
    }
}

/// What the server knows of one connection.
struct Connection {
    number: usize,
    channel: TlsChannel,
    auth: Mutex<ServerConnection<Acceptor>>,
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: TcpStream, number: usize) {
        stream.set_nodelay(true).unwrap();
        let Some(tls) = &self.options.tls else {
            return self.speak(stream, false, number, TlsChannel::none()).await;
        };
        let Ok(stream) = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await else { return };
        let connection = stream.get_ref().1;
        let channel = server_channel(connection, self.options.end_points.as_ref().unwrap()).unwrap();
        let http2 = connection.alpn_protocol() == Some(b"h2");
        self.speak(stream, http2, number, channel).await;
    }

    async fn speak(
        self: Arc<Self>,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        http2: bool,
        number: usize,
        channel: TlsChannel,
    ) {
        let auth = Mutex::new(ServerConnection::new(self.options.policy));
        let connection = Arc::new(Connection { number, channel, auth });
        let service = service_fn(move |request| {
            let (shared, connection) = (Arc::clone(&self), Arc::clone(&connection));
            async move { shared.answer(&connection, request).await.map_err(Failure) }
        });
        // How a connection ends is the client's affair.
        if http2 {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(io), service).await;
        } else {
            let builder = hyper::server::conn::http1::Builder::new();
            let _ = builder.serve_connection(TokioIo::new(io), service).await;
        }
    }

    async fn answer(
        &self,
        connection: &Connection,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut seen = Seen {
            connection: connection.number,
            version: parts.version,
            method: parts.method.to_string(),
            uri: parts.uri.to_string(),
            fields: parts.headers,
            body,
            status: 0,
            user: None,
            bound: false,
            delegated: false,
            signed: false,
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        if seen.has_credentials() && self.tokens.fetch_add(1, Ordering::SeqCst) < self.options.die_on_token {
            self.seen.lock().unwrap().push(seen);
            return Err("told to die".into());
        }
        let response = match path.strip_prefix("/public") {
            Some(path) => page(path, &seen),
            None => self.guard(connection, path, &mut seen)?,
        };
        seen.status = response.status().as_u16();
        self.seen.lock().unwrap().push(seen);
        Ok(response)
    }

    fn guard(
        &self,
        connection: &Connection,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Response<Full<Bytes>>, BoxError> {
        let version = match seen.version {
            http::Version::HTTP_2 => Version::Http2,
            _ => Version::Http1,
        };
        if let Some(response) = self.guard_with_gss(connection, path, seen) {
            return Ok(response);
        }
        let fields = seen.fields.clone();
        let lines: Vec<&[u8]> = fields.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
        let request =
            gss_http::Request { credentials: lines.iter().copied(), version, via: fields.contains_key(VIA) };
        let bindings: Vec<ChannelBindings<'_>> = connection.channel.bindings().collect();
        let acceptable = AcceptableBindings { policy: self.options.bindings, any_of: &bindings };
        let make = |scheme| {
            let framing = if scheme == Scheme::Ntlm { Framing::Raw } else { Framing::SpnegoOrRaw };
            let acceptor = Acceptor::new(Arc::clone(&self.acceptor)).framing(framing);
            Ok(if connection.channel.is_empty() {
                acceptor
            } else {
                acceptor.channel_bindings(&acceptable).unwrap()
            })
        };
        let mut auth = connection.auth.lock().unwrap();
        let mut rng = UnwrapErr(SysRng);
        let (status, fields) = match auth.receive(request, make, &mut Env::new(Timestamp::now(), &mut rng)) {
            Answer::Accepted { context, fields } => {
                seen.user = context.peer_name();
                seen.bound = context.is_channel_bound();
                seen.delegated = !context.delegated().is_empty();
                (None, fields)
            }
            Answer::Challenge(reply) | Answer::Continue(reply) => (Some(reply.status), reply.fields),
            Answer::Reject { error, .. } if error.needs_http11() => {
                return Err(h2::Error::from(h2::Reason::HTTP_1_1_REQUIRED).into());
            }
            Answer::Reject { reply, .. } => (Some(reply.status), reply.fields),
        };
        let mut response = match status {
            None => page(path, seen),
            Some(status) => {
                let mut response = Response::new(Full::from("who are you?"));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                if self.options.close_with_challenge {
                    response.headers_mut().insert("connection", HeaderValue::from_static("close"));
                }
                response
            }
        };
        if let (Some(gss), Some(_)) = (&self.gss, status) {
            append(&mut response, gss.challenge(&connection.channel).fields);
        }
        for field in fields {
            let is_token = status.is_none() && field.name == "WWW-Authenticate";
            if !(self.options.drop_final && is_token) {
                let value = HeaderValue::from_str(field.value.as_str()).unwrap();
                response.headers_mut().append(field.name, value);
            }
        }
        Ok(response)
    }
}

impl Shared {
    /// The response to a request with credentials of the scheme `GSS`.
    fn guard_with_gss(
        &self,
        connection: &Connection,
        path: &str,
        seen: &mut Seen,
    ) -> Option<Response<Full<Bytes>>> {
        let gss = self.gss.as_ref()?;
        let fields = seen.fields.clone();
        let lines: Vec<&[u8]> = fields.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
        let method = seen.method.clone();
        let target: http::Uri = seen.uri.parse().unwrap();
        let digests: Vec<&[u8]> =
            fields.get_all("content-digest").iter().map(HeaderValue::as_bytes).collect();
        let digest = digests.join(&b", "[..]);
        let parts = RequestParts {
            method: &method,
            origin: "https://www.example.com:443",
            target: target.path_and_query().unwrap().as_str(),
            content_digest: (!digests.is_empty()).then_some(&digest[..]),
            channel: &connection.channel,
        };
        let request = gss_http::gss::Request { credentials: lines.iter().copied(), parts };
        let make = |begin: gss_http::gss::Begin| {
            let acceptor = Acceptor::new(Arc::clone(&self.acceptor)).binding_check(begin.bindings);
            Ok(acceptor.repeating_accepted_tokens(begin.repeats))
        };
        let user = |context: &gss::Context| context.peer_name().unwrap_or_default();
        let mut rng = UnwrapErr(SysRng);
        let env = &mut Env::new(Timestamp::now(), &mut rng);
        let reply = match gss.receive(request, make, user, env) {
            gss_http::gss::Answer::Challenge(_) => return None,
            gss_http::gss::Answer::Accepted { user, proof, fields, context } => {
                seen.user = Some(String::clone(&user));
                seen.bound = true;
                seen.signed = matches!(proof, gss_http::gss::Proof::Again(_));
                if let Some(id) = context.filter(|_| path == "/logout") {
                    gss.forget(&id).unwrap();
                }
                let mut response = page(path, seen);
                append(&mut response, fields.into_iter().filter(|_| !self.options.drop_final).collect());
                return Some(response);
            }
            gss_http::gss::Answer::Continue(reply) | gss_http::gss::Answer::Reject { reply, .. } => reply,
        };
        let mut response = Response::new(Full::from("who are you?"));
        *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
        append(&mut response, reply.fields);
        Some(response)
    }
}

fn append(response: &mut Response<Full<Bytes>>, fields: Vec<HeaderField>) {
    for field in fields {
        response.headers_mut().append(field.name, HeaderValue::from_str(field.value.as_str()).unwrap());
    }
}

/// The page at a path: `/echo`, `/redirect/STATUS/URL`, or who the user is.
fn page(path: &str, seen: &Seen) -> Response<Full<Bytes>> {
    if path == "/echo" {
        return Response::new(Full::new(seen.body.clone()));
    }
    if let Some((status, url)) = path.strip_prefix("/redirect/").and_then(|rest| rest.split_once('/')) {
        let mut response = Response::new(Full::from("elsewhere"));
        *response.status_mut() = status.parse().unwrap();
        response.headers_mut().insert(LOCATION, HeaderValue::from_str(url).unwrap());
        return response;
    }
    let user = seen.user.as_deref().unwrap_or("nobody");
    Response::new(Full::from(format!("you are {user}")))
}
