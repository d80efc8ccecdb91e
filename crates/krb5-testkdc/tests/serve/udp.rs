//! Datagrams, and what is too long for one.

use krb5_asn1::{Decode as _, ErrorCode, KrbError};

use crate::{REALM, datagram, datagrams, teller};

#[test]
fn both_services_answer_datagrams() {
    let running = teller(|_| ()).start().unwrap();
    for (address, reply) in
        [(running.addresses().kdc, "kdc:hello"), (running.addresses().kpasswd, "kpasswd:hello")]
    {
        let socket = datagrams(address);
        socket.send(b"hello").unwrap();
        assert_eq!(datagram(&socket), reply.as_bytes());
    }
}

#[test]
fn reply_over_the_limit_becomes_an_error_that_sends_clients_to_tcp() {
    let running = teller(|limits| limits.udp_reply = 1000).start().unwrap();
    let socket = datagrams(running.addresses().kdc);
    socket.send(&[b'x'; 996]).unwrap();
    assert_eq!(datagram(&socket).len(), 1000);

    socket.send(&[b'x'; 997]).unwrap();
    let reply = datagram(&socket);
    let error = KrbError::from_der(&reply).unwrap();
    assert_eq!(error.error_code, ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
    assert_eq!(error.realm.as_bytes(), REALM.as_bytes());
    assert!(error.sname.is(&["krbtgt", REALM]), "{error:?}");
}

#[test]
fn empty_and_longest_datagrams_are_taken() {
    let running = teller(|limits| limits.udp_reply = 65_507).start().unwrap();
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"").unwrap();
    assert_eq!(datagram(&socket), b"kdc:");
    socket.send(&[7; 65_503]).unwrap();
    assert_eq!(datagram(&socket).len(), 65_507);
}

/// A client that is gone when its reply comes does not stop the server.
#[test]
fn replies_to_nobody_are_lost() {
    let running = teller(|_| ()).start().unwrap();
    for _ in 0..8 {
        datagrams(running.addresses().kdc).send(b"gone").unwrap();
    }
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"here").unwrap();
    assert_eq!(datagram(&socket), b"kdc:here");
}
