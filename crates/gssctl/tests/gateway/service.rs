//! The service behind the gateway.

use alloc::sync::Arc;
use bytes::Bytes;
use core::convert::Infallible;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

type ResponseBody = BoxBody<Bytes, hyper::Error>;

/// A service, which does what the path says:
///
/// * `/gate` says that it is there, and answers when it is let.
/// * `/echo` sends the body back as it comes.
/// * `/bytes` sends many bytes.
/// * `/chat` changes the protocol to what is asked for, and sends back what comes.
/// * A number is the status of the response.
/// * All else lists the fields of the request.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Requests that have come to the gate.
    arrived: Semaphore,
    gate: Semaphore,
}

/// How many bytes `/bytes` sends.
pub(crate) const MANY: usize = 64 << 20;

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            arrived: Semaphore::new(0),
            gate: Semaphore::new(0),
        });
        let all = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                all.connections.fetch_add(1, Ordering::Relaxed);
                let shared = Arc::clone(&all);
                let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
                tokio::spawn(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades(),
                );
            }
        });
        Self { address, shared }
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Waits until a request has come to the gate.
    pub(crate) async fn arrived(&self) {
        self.shared.arrived.acquire().await.unwrap().forget();
    }

    /// Lets one request through the gate.
    pub(crate) fn let_through(&self) {
        self.shared.gate.add_permits(1);
    }
}

async fn answer(
    mut request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<ResponseBody>, Infallible> {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let path = request.uri().path().to_owned();
    if path == "/chat" {
        return Ok(change(&mut request));
    }
    if path == "/gate" {
        shared.arrived.add_permits(1);
        shared.gate.acquire().await.unwrap().forget();
    }
    let mut response = Response::new(match path.as_str() {
        "/echo" => request.into_body().boxed(),
        "/bytes" => many(),
        _ => list(request.method().as_str(), &request.uri().to_string(), request.headers()),
    });
    if let Some(status) = path.strip_prefix('/').and_then(|status| status.parse().ok()) {
        *response.status_mut() = status;
    }
    response.headers_mut().insert("x-service", "here".parse().unwrap());
    response.headers_mut().insert("persistent-auth", "true".parse().unwrap());
    Ok(response)
}

fn list(method: &str, target: &str, fields: &HeaderMap) -> ResponseBody {
    let mut text = format!("{method} {target}\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed()
}

fn many() -> ResponseBody {
    const CHUNK: &[u8] = &[b'x'; 64 << 10];
    let chunks = (0..MANY / CHUNK.len()).map(|_| Ok(Frame::data(Bytes::from_static(CHUNK))));
    BodyExt::boxed(StreamBody::new(futures_util::stream::iter(chunks)))
}

fn change(request: &mut Request<Incoming>) -> Response<ResponseBody> {
    let mut response = Response::new(list("", "", request.headers()));
    let Some(protocol) = request.headers().get(header::UPGRADE).cloned() else { return response };
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let mut io = TokioIo::new(upgraded);
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = io.read(&mut buffer).await {
            if io.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    });
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.body_mut() = Full::default().map_err(|never| match never {}).boxed();
    response.headers_mut().insert(header::CONNECTION, "upgrade".parse().unwrap());
    response.headers_mut().insert(header::UPGRADE, protocol);
    response
}

/// A service that answers each connection with these bytes, whatever it is asked, and closes it.
pub(crate) async fn scripted(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            answer_once(&listener, answer).await;
        }
    });
    address
}

/// Answers the head of a request with these bytes. The connection is open still.
pub(crate) async fn answer_once(listener: &TcpListener, answer: &str) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream
}
