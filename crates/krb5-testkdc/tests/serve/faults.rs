//! Replies that travel badly, on each way.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::time::Instant;

use krb5_asn1::{Decode as _, ErrorCode, KrbError};
use krb5_testkdc::serve::{Handler, Limits, Reply, Running, Server};
use krb5_testkdc::{DeliveryFault, Port};

use crate::https::{kerb_message, post, proxied};
use crate::{REALM, connect, datagram, datagrams, exchange, framed, receive};

/// Answers `12345678` with this fault; asked `whole`, answers that without one.
struct Faulty(DeliveryFault);

impl Handler for Faulty {
    fn reply(&self, _: Port, request: &[u8]) -> Option<Reply> {
        let whole = Reply::from(request.to_vec());
        Some(if request == b"whole" { whole } else { Reply { message: MESSAGE.into(), fault: Some(self.0) } })
    }
}

const MESSAGE: &[u8] = b"12345678";

fn start(fault: DeliveryFault) -> Running {
    Server::new(REALM, Faulty(fault)).start().unwrap()
}

#[test]
fn late() {
    let wait = Duration::from_millis(150);
    let running = start(DeliveryFault::Late(wait));
    let socket = datagrams(running.addresses().kdc);
    let begun = Instant::now();
    socket.send(b"?").unwrap();
    // The late reply holds up no other.
    let other = datagrams(running.addresses().kdc);
    other.send(b"whole").unwrap();
    assert_eq!(datagram(&other), b"whole");
    assert_eq!(datagram(&socket), MESSAGE);
    assert!(begun.elapsed() >= wait);

    let mut stream = connect(running.addresses().kdc);
    let begun = Instant::now();
    stream.write_all(&framed(b"?")).unwrap();
    assert_eq!(receive(&mut stream), MESSAGE);
    assert!(begun.elapsed() >= wait);
}

/// Nothing comes, though what was asked after it is answered.
#[test]
fn silent() {
    let running = start(DeliveryFault::Silent);
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"?").unwrap();
    socket.send(b"whole").unwrap();
    assert_eq!(datagram(&socket), b"whole");

    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(b"?")).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
}

#[test]
fn silent_until_the_idle_limit() {
    let mut limits = Limits::DEFAULT;
    limits.idle = Duration::from_millis(50);
    let running = Server::new(REALM, Faulty(DeliveryFault::Silent)).limits(limits).start().unwrap();
    assert_eq!(exchange(running.addresses().kdc, &framed(b"?")), b"");
    assert_eq!(post(&running, &proxied(b"?", Some(REALM))), None);
}

#[test]
fn closed() {
    let running = start(DeliveryFault::Closed);
    assert_eq!(exchange(running.addresses().kdc, &framed(b"?")), b"");
    assert_eq!(post(&running, &proxied(b"?", Some(REALM))), None);
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"?").unwrap();
    socket.send(b"whole").unwrap();
    assert_eq!(datagram(&socket), b"whole");
}

/// What a fault makes of a reply, as a datagram and on a stream.
fn assert_arrives(fault: DeliveryFault, in_datagram: &[u8], on_stream: &[u8]) {
    let running = start(fault);
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"?").unwrap();
    assert_eq!(datagram(&socket), in_datagram);
    assert_eq!(exchange_one(&running), on_stream);
    let (status, body) = post(&running, &proxied(b"?", Some(REALM))).unwrap();
    assert_eq!((status, kerb_message(&body)), (200, on_stream.to_vec()));
}

/// All that comes for one request.
fn exchange_one(running: &Running) -> Vec<u8> {
    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(b"?")).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

#[test]
fn cut() {
    assert_arrives(DeliveryFault::Cut, b"1234", b"\0\0\0\x081234");
}

#[test]
fn wrong_and_oversized_lengths() {
    assert_arrives(DeliveryFault::Prefix(9), MESSAGE, b"\0\0\0\x0912345678");
    assert_arrives(DeliveryFault::Prefix(7), MESSAGE, b"\0\0\0\x0712345678");
    assert_arrives(DeliveryFault::Prefix(u32::MAX), MESSAGE, b"\xff\xff\xff\xff12345678");
}

#[test]
fn garbage() {
    assert_arrives(DeliveryFault::Garbage, &[0xa5; 8], &framed(&[0xa5; 8]));
}

#[test]
fn too_big_for_udp_and_only_for_udp() {
    let running = start(DeliveryFault::TooBig);
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"?").unwrap();
    let reply = datagram(&socket);
    assert_eq!(KrbError::from_der(&reply).unwrap().error_code, ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(b"?")).unwrap();
    assert_eq!(receive(&mut stream), MESSAGE);
}
