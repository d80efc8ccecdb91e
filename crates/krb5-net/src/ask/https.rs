//! KDC proxies over HTTPS (MS-KKDCP).

use alloc::sync::Arc;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use krb5_asn1::{Decode, Encode, KdcProxyMessage, KerberosString, Octets};
use krb5_client::Request;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::MAX_REPLY;
use super::stream::{PREFIX, framed};
use crate::Reason;
use crate::trust::Tls;

/// What implementations send and answer with; the specification is silent.
const KERBEROS: HeaderValue = HeaderValue::from_static("application/kerberos");
/// What the message may be longer than the answer inside: headers of its values, and the length of the answer.
const OVERHEAD: usize = 64;
/// Most bytes of the response's head.
const MAX_HEAD: usize = 64 << 10;

/// Where the proxy is.
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

/// Sends the request to a proxy and reads its answer.
pub(super) async fn ask(
    stream: TcpStream,
    target: &Target,
    tls: &Tls,
    request: &Request,
) -> Result<Vec<u8>, Reason> {
    let tls_error = |text: String| Reason::Tls { text };
    let config = tls.config(&request.realm).map_err(|text| Reason::Anchors { text })?;
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| tls_error(format!("{:?} cannot stand in a certificate", target.host)))?;
    let stream = TlsConnector::from(Arc::clone(&config))
        .connect(name, stream)
        .await
        .map_err(|error| tls_error(error.to_string()))?;
    let http_error = |error: hyper::Error| Reason::Http { text: describe(&error) };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(http_error)?;
    let exchange = async {
        let response = sender.send_request(post(target, request)?).await.map_err(http_error)?;
        if response.status() != StatusCode::OK {
            return Err(Reason::HttpStatus { status: response.status().as_u16() });
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let limit = MAX_REPLY + OVERHEAD;
        let body =
            Limited::new(response.into_body(), limit).collect().await.map_err(|error| match error
                .downcast::<LengthLimitError>(
            ) {
                Ok(_) => Reason::TooLong { len: limit as u64 + 1, limit: MAX_REPLY },
                Err(error) => Reason::Http { text: format!("the answer broke off: {error}") },
            })?;
        read_reply(&body.to_bytes(), content_type)
    };
    // The connection has to be driven for the exchange to get on; what becomes of it later does not matter.
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        reply = &mut exchange => reply,
        ended = connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(http_error(error)),
        },
    }
}

/// The HTTP request around a message.
fn post(target: &Target, request: &Request) -> Result<hyper::Request<Full<Bytes>>, Reason> {
    let http = |text: &dyn core::fmt::Display| Reason::Http { text: text.to_string() };
    let message = framed(&request.message).ok_or(Reason::NoWay)?;
    let proxied = KdcProxyMessage {
        kerb_message: Octets::new(&message),
        target_domain: Some(KerberosString::new(request.realm.as_bytes())),
        dclocator_hint: None,
    };
    let body = proxied.to_der().map_err(|error| http(&error))?;
    let path: Uri = format!("/{}", target.path).parse().map_err(|error| http(&error))?;
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
    hyper::Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, format!("{host}:{}", target.port))
        .header(CONTENT_TYPE, KERBEROS)
        .header(CACHE_CONTROL, "no-cache")
        .header(USER_AGENT, "krb5-net")
        .body(Full::new(body.into()))
        .map_err(|error| http(&error))
}

/// The Kerberos message inside a proxy's answer.
fn read_reply(body: &[u8], content_type: Option<String>) -> Result<Vec<u8>, Reason> {
    let other = || Reason::NotProxyMessage { len: body.len(), content_type: content_type.clone() };
    let message = KdcProxyMessage::from_der(body).map_err(|_| other())?;
    let (prefix, reply) = message.kerb_message.as_bytes().split_first_chunk::<PREFIX>().ok_or_else(other)?;
    let stated = u32::from_be_bytes(*prefix);
    if usize::try_from(stated) != Ok(reply.len()) {
        return Err(Reason::ProxyLength { stated, present: reply.len() });
    }
    Ok(reply.into())
}

/// An error of hyper with its cause, where the reason stands.
fn describe(error: &hyper::Error) -> String {
    match core::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
