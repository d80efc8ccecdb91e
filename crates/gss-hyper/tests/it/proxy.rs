//! A proxy that tunnels and forwards, and may ask for a login.

use crate::server::{BoxError, Failure};
use crate::world::{Certified, PROXY, World};
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use getrandom::SysRng;
use gss::{
    AcceptableBindings, Acceptor, AcceptorConfig, BindingPolicy, ChannelBindings, Env, Framing, Timestamp,
};
use gss_core::bindings::TlsChannel;
use gss_http::{Answer, HeaderField, Scheme, Schemes, ServerConnection, ServerPolicy, Side, Version};
use gss_rustls::{ServerEndPoints, server_channel};
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand_core::UnwrapErr;
use std::sync::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How the proxy is to be.
pub(crate) struct Options {
    /// Where all servers are.
    pub(crate) upstream: SocketAddr,
    pub(crate) tls: bool,
    /// What a login takes, if one is asked for.
    pub(crate) login: Option<(AcceptorConfig, Schemes)>,
    pub(crate) session_based: bool,
    pub(crate) close_with_challenge: bool,
    pub(crate) drop_final: bool,
}

impl Options {
    pub(crate) fn new(upstream: SocketAddr) -> Self {
        Self {
            upstream,
            tls: false,
            login: None,
            session_based: true,
            close_with_challenge: false,
            drop_final: false,
        }
    }

    pub(crate) fn kerberos(world: &World, upstream: SocketAddr) -> Self {
        Self { login: Some((world.acceptor(PROXY), Schemes::default())), ..Self::new(upstream) }
    }
}

/// A request as the proxy saw it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) fields: HeaderMap,
    pub(crate) user: Option<String>,
    pub(crate) bound: bool,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    acceptor: Option<Arc<AcceptorConfig>>,
    end_points: ServerEndPoints,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
}

/// What the proxy knows of one connection.
struct Connection {
    channel: TlsChannel,
    auth: Mutex<ServerConnection<Acceptor>>,
    /// The connection to the server, which is this client's alone.
    upstream: tokio::sync::Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Proxy {
    pub(crate) async fn start(certified: &Certified, mut options: Options) -> Self {
        let acceptor = options.login.take();
        let schemes = acceptor.as_ref().map_or(Schemes::default(), |(_, schemes)| *schemes);
        let tls = options.tls.then(|| certified.server_config(&[]));
        let shared = Arc::new(Shared {
            options,
            acceptor: acceptor.map(|(acceptor, _)| Arc::new(acceptor)),
            end_points: ServerEndPoints::new([&certified.certificate]).unwrap(),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(Arc::clone(&shared).serve(stream, tls.clone(), schemes));
            }
        });
        proxy
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.shared.asked.lock().unwrap()
    }
}

impl Shared {
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        tls: Option<Arc<rustls::ServerConfig>>,
        schemes: Schemes,
    ) {
        stream.set_nodelay(true).unwrap();
        let Some(tls) = tls else { return self.speak(stream, TlsChannel::none(), schemes).await };
        let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
        let channel = server_channel(stream.get_ref().1, &self.end_points).unwrap();
        self.speak(stream, channel, schemes).await;
    }

    async fn speak(
        self: Arc<Self>,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        channel: TlsChannel,
        schemes: Schemes,
    ) {
        let policy = ServerPolicy { side: Side::Proxy, schemes, ..ServerPolicy::default() };
        let connection = Arc::new(Connection {
            channel,
            auth: Mutex::new(ServerConnection::new(policy)),
            upstream: tokio::sync::Mutex::default(),
        });
        let service = service_fn(move |request| {
            let (shared, connection) = (Arc::clone(&self), Arc::clone(&connection));
            async move { shared.answer(&connection, request).await.map_err(Failure) }
        });
        let builder = hyper::server::conn::http1::Builder::new();
        // How a connection ends is the client's affair.
        let _ = builder.serve_connection(TokioIo::new(io), service).with_upgrades().await;
    }

    async fn answer(
        &self,
        connection: &Connection,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, BoxError> {
        let mut asked = Asked {
            method: request.method().clone(),
            uri: request.uri().to_string(),
            fields: request.headers().clone(),
            user: None,
            bound: false,
        };
        let guarded = self.guard(connection, &mut asked);
        self.asked.lock().unwrap().push(asked);
        let fields = match guarded {
            Ok(fields) => fields,
            Err(response) => return Ok(*response),
        };
        let mut response = if request.method() == Method::CONNECT {
            self.tunnel(request)
        } else {
            self.forward(connection, request).await?
        };
        for field in fields.into_iter().filter(|_| !self.options.drop_final) {
            response.headers_mut().append(field.name, HeaderValue::from_str(field.value.as_str())?);
        }
        Ok(response)
    }

    /// The fields for the response, if the client may go on.
    fn guard(
        &self,
        connection: &Connection,
        asked: &mut Asked,
    ) -> Result<Vec<HeaderField>, Box<Response<Full<Bytes>>>> {
        let Some(acceptor) = &self.acceptor else { return Ok(Vec::new()) };
        let lines: Vec<&[u8]> =
            asked.fields.get_all(PROXY_AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
        let request =
            gss_http::Request { credentials: lines.iter().copied(), version: Version::Http1, via: false };
        let bindings: Vec<ChannelBindings<'_>> = connection.channel.bindings().collect();
        let acceptable = AcceptableBindings { policy: BindingPolicy::Require, any_of: &bindings };
        let make = |scheme| {
            let framing = if scheme == Scheme::Ntlm { Framing::Raw } else { Framing::SpnegoOrRaw };
            let acceptor = Acceptor::new(Arc::clone(acceptor)).framing(framing);
            Ok(if bindings.is_empty() { acceptor } else { acceptor.channel_bindings(&acceptable).unwrap() })
        };
        let mut auth = connection.auth.lock().unwrap();
        let mut rng = UnwrapErr(SysRng);
        let reply = match auth.receive(request, make, &mut Env::new(Timestamp::now(), &mut rng)) {
            Answer::Accepted { context, fields } => {
                asked.user = context.peer_name();
                asked.bound = context.is_channel_bound();
                return Ok(fields);
            }
            Answer::Challenge(reply) | Answer::Continue(reply) | Answer::Reject { reply, .. } => reply,
        };
        let mut response = Response::new(Full::from("who are you?"));
        *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
        for field in reply.fields {
            let value = HeaderValue::from_str(field.value.as_str()).unwrap();
            response.headers_mut().append(field.name, value);
        }
        if self.options.close_with_challenge {
            response.headers_mut().insert("connection", HeaderValue::from_static("close"));
        }
        Err(Box::new(response))
    }

    fn tunnel(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let upstream = self.options.upstream;
        tokio::spawn(async move {
            let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
            let Ok(mut stream) = TcpStream::connect(upstream).await else { return };
            let _ = copy_bidirectional(&mut TokioIo::new(upgraded), &mut stream).await;
        });
        Response::default()
    }

    async fn forward(
        &self,
        connection: &Connection,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, BoxError> {
        let (mut parts, body) = request.into_parts();
        assert!(parts.uri.scheme().is_some(), "not in absolute form: {}", parts.uri);
        parts.headers.remove(PROXY_AUTHORIZATION);
        parts.uri = parts.uri.path_and_query().unwrap().as_str().parse()?;
        let request = Request::from_parts(parts, Full::new(body.collect().await?.to_bytes()));
        let mut upstream = connection.upstream.lock().await;
        if upstream.is_none() {
            let stream = TokioIo::new(TcpStream::connect(self.options.upstream).await?);
            let (sender, driver) = hyper::client::conn::http1::handshake(stream).await?;
            tokio::spawn(driver);
            *upstream = Some(sender);
        }
        let sender = upstream.as_mut().unwrap();
        sender.ready().await?;
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let mut response = Response::from_parts(parts, Full::new(body.collect().await?.to_bytes()));
        if self.options.session_based && response.status() == StatusCode::UNAUTHORIZED {
            let value = HeaderValue::from_static("Session-Based-Authentication");
            response.headers_mut().insert("proxy-support", value);
        }
        Ok(response)
    }
}
