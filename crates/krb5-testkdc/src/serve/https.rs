//! A KDC proxy over HTTPS (MS-KKDCP).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use krb5_asn1::{Decode as _, Encode as _, KdcProxyMessage, Octets};
use tokio::net::TcpStream;
use tokio::time::{self, timeout};
use tokio_rustls::TlsAcceptor;

use super::framing;
use super::handler::Desk;

/// Where the proxy is.
pub(super) const PATH: &str = "/KdcProxy";
/// What MIT and kdcproxy call the content.
const CONTENT: &str = "application/kerberos";
/// What a message of the proxy has around the Kerberos message, at most: lengths, and the name of a realm.
const OVERHEAD: usize = 1024;

/// Answers the requests of one connection.
pub(super) async fn converse(stream: TcpStream, acceptor: TlsAcceptor, desk: Arc<Desk>) {
    let idle = desk.limits.idle;
    let Ok(Ok(stream)) = timeout(idle, acceptor.accept(stream)).await else { return };
    let served = AtomicUsize::new(0);
    let service = service_fn(|request| {
        let is_last = served.fetch_add(1, Ordering::Relaxed) + 1 >= desk.limits.requests_per_connection;
        respond(request, &desk, is_last)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), service);
    // hyper does not limit how long a client takes for a response. What fails here is the client's connection.
    let most = u32::try_from(desk.limits.requests_per_connection).unwrap_or(u32::MAX).saturating_add(1);
    let _ = timeout(idle.saturating_mul(most), connection).await;
}

/// The connection is to end without a response.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without a response")
    }
}

impl core::error::Error for Closed {}

async fn respond(
    request: Request<Incoming>,
    desk: &Desk,
    is_last: bool,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (mut response, is_last) = match relay(request, desk).await {
        Ok(Some((bytes, closes))) => (message(&bytes).ok_or(Closed)?, is_last || closes),
        Ok(None) => {
            time::sleep(desk.limits.idle).await;
            return Err(Closed);
        }
        // What is left of the request's body is not read.
        Err(status) => (refusal(status), true),
    };
    if is_last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What the KDC's stream has to say to a request; `None` is silence. The refusals are those of kdcproxy, the proxy that
/// most realms have.
async fn relay(request: Request<Incoming>, desk: &Desk) -> Result<Option<(Vec<u8>, bool)>, StatusCode> {
    if request.uri().path() != PATH {
        return Err(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let most = desk.limits.request.saturating_add(OVERHEAD);
    // A length that is announced is refused before any of it comes.
    if request.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = Limited::new(request.into_body(), most);
    let body = match timeout(desk.limits.idle, body.collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => return Err(StatusCode::BAD_REQUEST),
        Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
    };
    let read = KdcProxyMessage::from_der(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let message = framing::unframe(read.kerb_message.as_bytes()).ok_or(StatusCode::BAD_REQUEST)?;
    if message.len() > desk.limits.request {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    // Whom else to ask is not for the client to choose.
    let realm = read.target_domain.ok_or(StatusCode::BAD_REQUEST)?;
    if !desk.serves(realm.as_bytes()) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(desk.stream(framing::port_of(message), message).await)
}

/// What came on the KDC's stream, in a response. `None`: nothing came.
fn message(bytes: &[u8]) -> Option<Response<Full<Bytes>>> {
    let kerb_message = Some(Octets::new(bytes)).filter(|_| !bytes.is_empty())?;
    let body = KdcProxyMessage { kerb_message, target_domain: None, dclocator_hint: None }.to_der().ok()?;
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
    Some(response)
}

fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
