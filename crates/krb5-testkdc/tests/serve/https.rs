//! The proxy (MS-KKDCP), over TLS that trusts the server's authority and nothing else.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use krb5_asn1::{Decode as _, Encode as _, KdcProxyMessage, KerberosString, Octets};
use krb5_testkdc::serve::Running;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::{REALM, connect, framed, teller};

/// A message for the proxy: `message` with its length, for a realm.
pub(crate) fn proxied(message: &[u8], realm: Option<&str>) -> Vec<u8> {
    raw_proxied(&framed(message), realm)
}

fn raw_proxied(kerb_message: &[u8], realm: Option<&str>) -> Vec<u8> {
    let target_domain = realm.map(|realm| KerberosString::new(realm.as_bytes()));
    let kerb_message = Octets::new(kerb_message);
    KdcProxyMessage { kerb_message, target_domain, dclocator_hint: None }.to_der().unwrap()
}

/// What a reply of the proxy holds, its length included.
pub(crate) fn kerb_message(body: &[u8]) -> Vec<u8> {
    let reply = KdcProxyMessage::from_der(body).unwrap();
    assert_eq!((reply.target_domain, reply.dclocator_hint), (None, None));
    reply.kerb_message.as_bytes().to_vec()
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn tls(running: &Running, name: &str) -> io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(running.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = StreamOwned::new(
        ClientConnection::new(Arc::new(config), name).unwrap(),
        connect(running.addresses().https),
    );
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

fn post_head(path: &str, length: usize, fields: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {length}\r\n\r\n")
}

/// Posts a body on a connection of its own: status and body of the response, if one comes.
pub(crate) fn post(running: &Running, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = tls(running, "localhost").unwrap();
    stream.write_all(post_head("/KdcProxy", body.len(), "Connection: close\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    response(&mut stream).map(|(status, _, body)| (status, body))
}

/// Status, head and body.
fn response(stream: &mut Tls) -> Option<(u16, String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        // An end without TLS's farewell is an end as well.
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            assert_eq!(head, b"");
            return None;
        }
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    Some((status, head, body))
}

#[test]
fn messages_are_relayed_to_the_service_that_they_are_for() {
    let running = teller(|_| ()).start().unwrap();
    let (status, body) = post(&running, &proxied(b"hello", Some(REALM))).unwrap();
    assert_eq!((status, kerb_message(&body)), (200, framed(b"kdc:hello")));
    let change = [0, 8, 0xff, 0x80, 0, 2, 0x6e, 0];
    let (status, body) = post(&running, &proxied(&change, Some(REALM))).unwrap();
    assert_eq!((status, kerb_message(&body)), (200, framed(&[b"kpasswd:".as_slice(), &change].concat())));
}

#[test]
fn realms_are_compared_without_letter_case_and_others_are_not_asked_for() {
    let running = teller(|_| ()).realm("OTHER.TEST").start().unwrap();
    for realm in ["SERVE.TEST", "serve.test", "Other.Test"] {
        assert_eq!(post(&running, &proxied(b"?", Some(realm))).unwrap().0, 200, "{realm}");
    }
    for realm in ["", "SERVE.TES", "127.0.0.1", "EVIL.TEST"] {
        assert_eq!(post(&running, &proxied(b"?", Some(realm))).unwrap(), (503, vec![]), "{realm}");
    }
}

#[test]
fn malformed_messages_are_refused() {
    let running = teller(|_| ()).start().unwrap();
    let good = proxied(b"hello", Some(REALM));
    let mut trailing = good.clone();
    trailing.push(0);
    for body in [
        proxied(b"hello", None),
        raw_proxied(b"", Some(REALM)),
        raw_proxied(b"\0\0\0\x06hello", Some(REALM)),
        raw_proxied(b"\0\0\0\x04hello", Some(REALM)),
        raw_proxied(b"\x80\0\0\x05hello", Some(REALM)),
        raw_proxied(b"\xff\xff\xff\xffhello", Some(REALM)),
        good[..good.len() - 1].to_vec(),
        trailing,
        b"hello".to_vec(),
        vec![],
    ] {
        assert_eq!(post(&running, &body), Some((400, vec![])), "{body:?}");
    }
    assert_eq!(post(&running, &good).unwrap().0, 200);
}

#[test]
fn other_methods_paths_and_lengths_are_refused() {
    let running = teller(|limits| limits.request = 1000).start().unwrap();
    let status = |head: &str| {
        let mut stream = tls(&running, "localhost").unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let (status, head, body) = response(&mut stream).unwrap();
        assert_eq!(body, b"");
        (status, head.contains("connection: close"))
    };
    assert_eq!(status("GET /KdcProxy HTTP/1.1\r\nHost: localhost\r\n\r\n"), (405, true));
    assert_eq!(status(&post_head("/", 0, "")), (404, true));
    // Refused by the length announced, before the body comes.
    assert_eq!(status(&post_head("/KdcProxy", 1 << 40, "")), (413, true));
    assert_eq!(post(&running, &proxied(&[0; 1001], Some(REALM))), Some((413, vec![])));
    assert_eq!(post(&running, &proxied(&[0; 1000], Some(REALM))).unwrap().0, 200);
    // A body in chunks counts as well.
    let mut stream = tls(&running, "localhost").unwrap();
    let head = "POST /KdcProxy HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    stream.write_all(format!("{head}{}", chunk.repeat(2)).as_bytes()).unwrap();
    assert_eq!(response(&mut stream).unwrap().0, 413);
}

#[test]
fn several_requests_on_one_connection_until_the_last() {
    let running = teller(|limits| limits.requests_per_connection = 2).start().unwrap();
    let mut stream = tls(&running, "localhost").unwrap();
    let body = proxied(b"hello", Some(REALM));
    let request = [post_head("/KdcProxy", body.len(), "").as_bytes(), &body].concat();
    for last in [false, true] {
        stream.write_all(&request).unwrap();
        let (status, head, _) = response(&mut stream).unwrap();
        assert_eq!((status, head.contains("connection: close")), (200, last));
    }
    assert_eq!(response(&mut stream), None);
}

/// HTTP/1.0, as MIT speaks it: the connection ends with the response.
#[test]
fn old_http_is_answered_once() {
    let running = teller(|_| ()).start().unwrap();
    let body = proxied(b"hello", Some(REALM));
    let mut stream = tls(&running, "127.0.0.1").unwrap();
    let head = format!("POST /KdcProxy HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    assert_eq!(response(&mut stream).unwrap().0, 200);
    assert_eq!(response(&mut stream), None);
}

#[test]
fn idle_connections_are_closed() {
    let running = teller(|limits| limits.idle = Duration::from_millis(100)).start().unwrap();
    // Without TLS, before a request, within a head, and after a request.
    let mut plain = connect(running.addresses().https);
    assert_eq!(plain.read(&mut [0]).unwrap_or(0), 0);
    for bytes in ["", "POST /Kdc"] {
        let mut stream = tls(&running, "localhost").unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        assert!(all.is_empty() || all.starts_with(b"HTTP/1.1 408"), "{bytes:?}: {all:?}");
    }
    let body = proxied(b"hello", Some(REALM));
    let mut stream = tls(&running, "localhost").unwrap();
    stream.write_all(&[post_head("/KdcProxy", body.len(), "").as_bytes(), &body].concat()).unwrap();
    assert_eq!(response(&mut stream).unwrap().0, 200);
    assert_eq!(response(&mut stream), None);
    // Within a body.
    let mut stream = tls(&running, "localhost").unwrap();
    stream.write_all(post_head("/KdcProxy", body.len(), "").as_bytes()).unwrap();
    assert_eq!(response(&mut stream).unwrap().0, 408);
}

#[test]
fn certificate_is_for_this_host_only_and_each_server_has_its_own_authority() {
    let running = teller(|_| ()).start().unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        tls(&running, name).unwrap();
    }
    assert!(tls(&running, "kdc.example").is_err());
    let other = teller(|_| ()).start().unwrap();
    assert_ne!(running.ca_pem(), other.ca_pem());
}
