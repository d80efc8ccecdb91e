//! Streams: framing, limits, hostile lengths.

use core::time::Duration;
use std::io::{Read as _, Write as _};

use krb5_asn1::{Decode as _, ErrorCode, KrbError};

use crate::{connect, exchange, framed, receive, teller};

#[test]
fn both_services_answer_on_the_port_of_their_datagrams() {
    let running = teller(|_| ()).start().unwrap();
    for (address, reply) in
        [(running.addresses().kdc, "kdc:hello"), (running.addresses().kpasswd, "kpasswd:hello")]
    {
        let mut stream = connect(address);
        stream.write_all(&framed(b"hello")).unwrap();
        assert_eq!(receive(&mut stream), reply.as_bytes());
    }
}

#[test]
fn requests_come_in_pieces_and_several_on_one_connection() {
    let running = teller(|_| ()).start().unwrap();
    let mut stream = connect(running.addresses().kdc);
    stream.set_nodelay(true).unwrap();
    for byte in framed(b"slow") {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(receive(&mut stream), b"kdc:slow");
    stream.write_all(&[framed(b"one"), framed(b""), framed(b"three")].concat()).unwrap();
    for reply in ["kdc:one", "kdc:", "kdc:three"] {
        assert_eq!(receive(&mut stream), reply.as_bytes());
    }
}

#[test]
fn connection_ends_after_its_last_request() {
    let running = teller(|limits| limits.requests_per_connection = 2).start().unwrap();
    let all = exchange(running.addresses().kdc, &[framed(b"a"), framed(b"b"), framed(b"c")].concat());
    assert_eq!(all, [framed(b"kdc:a"), framed(b"kdc:b")].concat());
}

/// RFC 4120 section 7.2.2: an extension that is not known is answered with `KRB_ERR_FIELD_TOOLONG`. So is a length
/// that will not be read.
#[test]
fn hostile_lengths_are_refused_without_waiting_for_the_request() {
    let running = teller(|limits| limits.request = 1000).start().unwrap();
    for length in [1001, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff_u32] {
        let all = exchange(running.addresses().kdc, &length.to_be_bytes());
        let error = KrbError::from_der(&all[4..]).unwrap();
        assert_eq!(error.error_code, ErrorCode::KRB_ERR_FIELD_TOOLONG, "{length:#x}");
        assert_eq!(all[..4], u32::try_from(all.len() - 4).unwrap().to_be_bytes(), "{length:#x}");
    }
    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(&[b'x'; 1000])).unwrap();
    assert_eq!(receive(&mut stream).len(), 1004);
}

/// What a client has sent already does not cost it the refusal.
#[test]
fn refusal_survives_a_request_on_its_way() {
    let running = teller(|limits| limits.request = 1000).start().unwrap();
    let all = exchange(running.addresses().kdc, &framed(&[b'x'; 100_000]));
    assert_eq!(KrbError::from_der(&all[4..]).unwrap().error_code, ErrorCode::KRB_ERR_FIELD_TOOLONG);
}

#[test]
fn connections_that_send_nothing_whole_are_closed() {
    let running = teller(|limits| limits.idle = Duration::from_millis(50)).start().unwrap();
    for bytes in [b"".as_slice(), b"\0\0", b"\0\0\0\x05hell"] {
        let mut stream = connect(running.addresses().kdc);
        stream.write_all(bytes).unwrap();
        // Closed, or reset on account of what was not read.
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        assert_eq!(all, b"", "{bytes:?}");
    }
}

/// Over the most connections, others wait until one ends.
#[test]
fn connections_over_the_limit_wait_for_a_place() {
    let running = teller(|limits| limits.connections = 2).start().unwrap();
    let mut held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(running.addresses().kdc);
            stream.write_all(&framed(b"held")).unwrap();
            assert_eq!(receive(&mut stream), b"kdc:held");
            stream
        })
        .collect();
    let mut waiting = connect(running.addresses().kdc);
    waiting.write_all(&framed(b"waiting")).unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(waiting.read(&mut [0]).is_err(), "there is no place yet");
    // The other service has places of its own.
    let mut other = connect(running.addresses().kpasswd);
    other.write_all(&framed(b"other")).unwrap();
    assert_eq!(receive(&mut other), b"kpasswd:other");

    drop(held.pop());
    waiting.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    assert_eq!(receive(&mut waiting), b"kdc:waiting");
}

#[test]
fn many_connections_at_once() {
    let running = teller(|_| ()).start().unwrap();
    let mut held: Vec<_> = (0..200).map(|_| connect(running.addresses().kdc)).collect();
    for (number, stream) in held.iter_mut().enumerate() {
        stream.write_all(&framed(number.to_string().as_bytes())).unwrap();
    }
    for (number, stream) in held.iter_mut().enumerate().rev() {
        assert_eq!(receive(stream), format!("kdc:{number}").as_bytes());
    }
}
