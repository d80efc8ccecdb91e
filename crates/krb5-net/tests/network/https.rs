//! KDC proxies (MS-KKDCP).

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::sync::Mutex;

use gss_core::Diagnose;
use krb5_asn1::{Decode, Encode, KdcProxyMessage, Octets};
use krb5_client::Service;
use krb5_files::config::{Config, ConfigFile};
use krb5_net::{KdcAddress, Network, NetworkBuilder, Reason, Trust, TrustError, Via};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::script::{ANY_PORT, REALM, Then, failure, framed, knowing, reply, request, tcp};

/// A proxy's answer around a message.
fn proxied(message: &[u8]) -> Vec<u8> {
    let message =
        KdcProxyMessage { kerb_message: Octets::new(message), target_domain: None, dclocator_hint: None };
    message.to_der().unwrap()
}

fn http(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    http("200 OK", "application/kerberos", body)
}

/// A proxy that answers each request with the same bytes, and what it was sent.
struct Proxy {
    address: SocketAddr,
    pem: String,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    async fn new(names: &[&str], answer: Vec<u8>) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), pem: cert.pem(), seen: Arc::default() };
        let seen = Arc::clone(&proxy.seen);
        tokio::spawn(async move {
            let mut held = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let request = read_request(&mut stream).await;
                *seen.lock().unwrap() = request;
                stream.write_all(&answer).await.unwrap();
                stream.flush().await.unwrap();
                held.push(stream);
            }
        });
        proxy
    }

    fn url(&self) -> KdcAddress {
        let text = format!("https://localhost:{}/KdcProxy", self.address.port());
        KdcAddress::parse(&text, Service::Kdc).unwrap()
    }

    fn trusted(&self) -> NetworkBuilder {
        knowing([self.url()]).trust(Trust::pem(self.pem.as_bytes()).unwrap())
    }
}

/// Reads the head and as much body as it announces.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let end = request.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(end) = end {
            let head = String::from_utf8(request[..end].to_vec()).unwrap().to_lowercase();
            let (_, rest) = head.split_once("content-length: ").unwrap();
            let len: usize = rest.split_once("\r\n").unwrap().0.parse().unwrap();
            if request.len() >= end + len {
                return request;
            }
        }
        let read = stream.read_buf(&mut request).await.unwrap();
        assert!(read > 0, "the request broke off");
    }
}

/// Why a proxy with this answer gives none.
async fn reason_of(answer: Vec<u8>) -> Reason {
    let proxy = Proxy::new(&["localhost"], answer).await;
    let error = failure(&proxy.trusted().build()).await;
    assert_eq!(error.attempts()[0].endpoint.map(|endpoint| endpoint.via), Some(Via::Https));
    error.attempts()[0].reason.clone()
}

#[tokio::test]
async fn the_request_and_the_answer_are_wrapped() {
    let proxy = Proxy::new(&["localhost"], ok(&proxied(&framed(&reply())))).await;
    assert_eq!(proxy.trusted().build().exchange(&request()).await.unwrap(), reply());

    let seen = proxy.seen.lock().unwrap().clone();
    let split = seen.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(seen[..split].to_vec()).unwrap().to_lowercase();
    assert!(head.starts_with("post /kdcproxy http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nhost: localhost:{}\r\n", proxy.address.port())), "{head}");
    assert!(head.contains("\r\ncontent-type: application/kerberos\r\n"), "{head}");
    let message = KdcProxyMessage::from_der(&seen[split..]).unwrap();
    assert_eq!(message.kerb_message.as_bytes(), framed(&request().message));
    assert_eq!(message.target_domain.unwrap().as_bytes(), REALM.as_bytes());
}

#[tokio::test]
async fn chunked_answers_are_put_together() {
    let body = proxied(&framed(&reply()));
    let (first, second) = body.split_at(7);
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in [first, second, &[]] {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend(chunk);
        answer.extend(b"\r\n");
    }
    let proxy = Proxy::new(&["localhost"], answer).await;
    assert_eq!(proxy.trusted().build().exchange(&request()).await.unwrap(), reply());
}

#[tokio::test]
async fn statuses_are_told() {
    for (status, hint) in [
        (403, "does not let this request pass"),
        (404, "no KDC proxy at this path"),
        (503, "reaches no KDC"),
        (302, "redirects are not followed"),
        (500, "HTTP status 500"),
    ] {
        let reason = reason_of(http(&format!("{status} Reason"), "text/html", b"")).await;
        assert_eq!(reason, Reason::HttpStatus { status });
        assert!(reason.to_string().contains(hint), "{reason}");
    }
}

#[tokio::test]
async fn what_is_no_proxys_message_is_told_with_its_type() {
    let page = http("200 OK", "text/html", b"<html>Please log in</html>");
    let content_type = Some("text/html".into());
    assert_eq!(reason_of(page).await, Reason::NotProxyMessage { len: 26, content_type });
    let content_type = Some("application/kerberos".into());
    let short = proxied(&[0, 0, 0]);
    let len = short.len();
    assert_eq!(reason_of(ok(&short)).await, Reason::NotProxyMessage { len, content_type });
}

#[tokio::test]
async fn wrong_lengths_inside_are_refused() {
    let mut message = framed(&reply());
    message[3] += 1;
    let (present, stated) = (reply().len(), u32::try_from(reply().len()).unwrap() + 1);
    assert_eq!(reason_of(ok(&proxied(&message))).await, Reason::ProxyLength { stated, present });
    let reason = reason_of(ok(&proxied(&framed(b"rubbish")))).await;
    assert_eq!(reason, Reason::NotKerberos { len: 7, first: Some(b'r') });
}

#[tokio::test]
async fn long_answers_are_refused() {
    // What is announced is refused at once; the rest of it never comes.
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec();
    let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n".to_vec();
    let endless = [endless, vec![0; 1 << 21]].concat();
    for answer in [[announced, vec![0; (1 << 20) + 1000]].concat(), endless] {
        assert!(matches!(reason_of(answer).await, Reason::TooLong { limit, .. } if limit == 1 << 20));
    }
    let head = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 100_000]].concat();
    assert!(matches!(reason_of(head).await, Reason::Http { .. }));
}

#[tokio::test]
async fn what_is_no_http_and_no_tls_is_told() {
    assert!(matches!(reason_of(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()).await, Reason::Http { .. }));
    let (plain, _) = tcp(Then::HangUp).await;
    let proxy = Proxy::new(&["localhost"], Vec::new()).await;
    let url = KdcAddress::Https { host: "localhost".into(), port: plain.port(), path: "KdcProxy".into() };
    let network = knowing([url]).trust(Trust::pem(proxy.pem.as_bytes()).unwrap()).build();
    assert!(matches!(failure(&network).await.attempts()[0].reason, Reason::Tls { .. }));
}

#[tokio::test]
async fn certificates_are_checked() {
    let answer = ok(&proxied(&framed(&reply())));
    // The right name, but nobody vouches for it.
    let proxy = Proxy::new(&["localhost"], answer.clone()).await;
    let other = Proxy::new(&["localhost"], answer.clone()).await;
    let network = knowing([proxy.url()]).trust(Trust::pem(other.pem.as_bytes()).unwrap()).build();
    let error = failure(&network).await;
    assert!(matches!(&error.attempts()[0].reason, Reason::Tls { text } if text.contains("certificate")));
    assert_eq!(error.code(), "kdc_unreachable");
    // Somebody else's name.
    let proxy = Proxy::new(&["proxy.example.com"], answer.clone()).await;
    let error = failure(&proxy.trusted().build()).await;
    assert!(matches!(&error.attempts()[0].reason, Reason::Tls { text } if text.contains("certificate")));
    assert!(proxy.seen.lock().unwrap().is_empty(), "nothing is sent to a stranger");
    // An address can stand in a certificate.
    let proxy = Proxy::new(&["127.0.0.1"], answer).await;
    let url = KdcAddress::Https { host: "127.0.0.1".into(), port: proxy.address.port(), path: "".into() };
    let network = knowing([url]).trust(Trust::pem(proxy.pem.as_bytes()).unwrap()).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
}

#[tokio::test]
async fn krb5_conf_names_the_authorities() {
    let proxy = Proxy::new(&["localhost"], ok(&proxied(&framed(&reply())))).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &proxy.pem).unwrap();
    let path = folder.path().to_str().unwrap();
    let network = |anchors: String| {
        let text = format!("[realms]\n{REALM} = {{\n kdc = {}\n{anchors}}}\n", proxy.url());
        Network::new(Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap()))
    };
    for anchors in [format!("http_anchors = FILE:{path}/ca.pem\n"), format!("http_anchors = DIR:{path}\n")] {
        assert_eq!(network(anchors).exchange(&request()).await.unwrap(), reply());
    }
    for anchors in ["FILE:/nonexistent", "DIR:/nonexistent", "ENV:KRB5_NET_TEST_UNSET", "/etc/ssl/ca.pem"] {
        let error = failure(&network(format!("http_anchors = {anchors}\n"))).await;
        let reason = &error.attempts()[0].reason;
        assert!(matches!(reason, Reason::Anchors { text } if text.contains("krb5.conf:4")), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_does_not_answer_is_left_behind() {
    let silent = Proxy::new(&["localhost"], Vec::new()).await;
    let proxy = Proxy::new(&["localhost"], ok(&proxied(&framed(&reply())))).await;
    let network = knowing([silent.url(), proxy.url()])
        .trust(Trust::pem([silent.pem.as_bytes(), proxy.pem.as_bytes()].concat().as_slice()).unwrap())
        .build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
}

#[test]
fn certificates_have_to_be_there() {
    let error: TrustError = Trust::pem(b"nothing here").unwrap_err();
    assert_eq!(error.code(), "trust_anchors_unusable");
    assert!(error.to_string().contains("no certificate in PEM"), "{error}");
    assert!(Trust::pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
}
