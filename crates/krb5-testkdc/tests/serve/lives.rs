//! Starting, stopping, other runtimes, and the krb5.conf of clients.

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};

use krb5_files::config::{self, Config, ConfigFile, Setting, Transport, ValueError};
use krb5_testkdc::serve::{Ports, Server, Via};
use krb5_testkdc::{Kdc, KdcBuilder, Port, Realm};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{REALM, connect, datagram, datagrams, framed, receive, tell, teller};

#[test]
fn dropping_it_closes_ports_and_connections() {
    let running = teller(|_| ()).start().unwrap();
    let addresses = running.addresses();
    let mut stream = connect(addresses.kdc);
    stream.write_all(&framed(b"one")).unwrap();
    assert_eq!(receive(&mut stream), b"kdc:one");
    drop(running);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    for address in [addresses.kdc, addresses.kpasswd, addresses.https] {
        assert!(TcpStream::connect(address).is_err(), "{address}");
    }
    for address in [addresses.kdc, addresses.kpasswd] {
        UdpSocket::bind(address).unwrap();
    }
}

#[test]
fn ports_are_different_and_one_number_serves_both_protocols() {
    let running = teller(|_| ()).start().unwrap();
    let addresses = running.addresses();
    for (one, other) in [
        (addresses.kdc, addresses.kpasswd),
        (addresses.kdc, addresses.https),
        (addresses.kpasswd, addresses.https),
    ] {
        assert_ne!(one, other);
        assert!(one.ip().is_loopback());
    }
    for address in [addresses.kdc, addresses.kpasswd] {
        assert!(UdpSocket::bind(address).is_err() && TcpListener::bind(address).is_err(), "{address}");
    }
}

#[test]
fn ports_that_are_taken_are_refused() {
    let taken = UdpSocket::bind((core::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let ports = Ports { kpasswd: port, ..Ports::default() };
    let error = teller(|_| ()).ports(ports).start().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);

    let listener = TcpListener::bind((core::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ports = Ports { https: listener.local_addr().unwrap().port(), ..Ports::default() };
    assert_eq!(teller(|_| ()).ports(ports).start().unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

/// A handler that panics costs one client its answer.
#[test]
fn panic_of_the_handler_is_silence() {
    let moody = |_: Port, request: &[u8]| match request {
        b"boom" => panic!("asked to"),
        _ => Some(request.to_vec()),
    };
    let running = Server::new(REALM, moody).start().unwrap();
    let socket = datagrams(running.addresses().kdc);
    socket.send(b"boom").unwrap();
    socket.send(b"still there").unwrap();
    assert_eq!(datagram(&socket), b"still there");
    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(b"boom")).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    let mut stream = connect(running.addresses().kdc);
    stream.write_all(&framed(b"still there")).unwrap();
    assert_eq!(receive(&mut stream), b"still there");
}

/// On a runtime of the caller's.
#[tokio::test]
async fn serves_as_a_task() {
    let listening = teller(|_| ()).listen().await.unwrap();
    let address = listening.addresses().kdc;
    let task = tokio::spawn(listening.serve());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(&framed(b"async")).await.unwrap();
    let mut reply = [0; 13];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply.as_slice(), framed(b"kdc:async"));
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    // Connections end with the task.
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

/// Our own reader finds the servers there.
#[test]
fn krb5_conf_names_the_servers_and_nothing_else() {
    let (running, other) =
        (teller(|_| ()).start().unwrap(), Server::new("OTHER.TEST", tell).start().unwrap());
    for (via, limit) in [(Via::Udp, 1465), (Via::Tcp, 1), (Via::Https, 1465)] {
        let config =
            running.client_config(via).and(&other.client_config(via)).host(".other.test", "OTHER.TEST");
        let text = config.anchors("/ca.pem").libdefault("rdns", "true").to_string();
        let file = ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap();
        assert_eq!(file.warnings().count(), 0, "{text}");
        let config = Config::from_files([file]);
        assert_eq!(config.realms(), [REALM, "OTHER.TEST"]);
        for (realm, addresses) in [(REALM, running.addresses()), ("OTHER.TEST", other.addresses())] {
            let realm = config.realm(realm);
            assert_eq!(servers(realm.kdcs()), [expected(via, addresses.kdc, addresses.https)]);
            assert_eq!(servers(realm.primary_kdcs()), servers(realm.kdcs()));
            assert_eq!(servers(realm.kpasswd_servers()), [expected(via, addresses.kpasswd, addresses.https)]);
            assert_eq!(realm.http_anchors().len(), 1);
        }
        let libdefaults = config.libdefaults();
        assert_eq!(libdefaults.default_realm().unwrap().value, REALM);
        assert_eq!(libdefaults.udp_preference_limit().unwrap().value, limit);
        assert!(!libdefaults.dns_lookup_kdc().value && !libdefaults.dns_lookup_realm().value);
        assert!(libdefaults.rdns().value, "the later setting counts");
        assert_eq!(config.host_realm("localhost").unwrap().value, REALM);
        assert_eq!(config.host_realm("www.other.test").unwrap().value, "OTHER.TEST");
    }
}

fn servers(found: Result<Vec<Setting<'_, config::Server<'_>>>, ValueError>) -> Vec<String> {
    found.unwrap().into_iter().map(|server| format!("{:?}", server.value)).collect()
}

fn expected(via: Via, direct: SocketAddr, https: SocketAddr) -> String {
    let host = "127.0.0.1";
    let server = match via {
        Via::Udp | Via::Tcp => config::Server::Host { transport: Transport::Any, host, port: direct.port() },
        Via::Https => config::Server::Https { host, port: https.port(), path: "KdcProxy" },
    };
    format!("{server:?}")
}

#[test]
fn files_for_clients_are_written() {
    let running = teller(|_| ()).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = running.client_config(Via::Https).write_to(folder.path()).unwrap();
    let anchors = folder.path().join("ca.pem");
    assert_eq!(std::fs::read_to_string(&anchors).unwrap(), running.ca_pem());
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, running.client_config(Via::Https).anchors(anchors).to_string());
    assert!(!running.krb5_conf().contains("http_anchors"));
}

#[test]
fn the_krb5_conf_names_all_realms_and_their_hosts() {
    let realms = [Realm::new("A.TEST").host(".b.test", "B.TEST"), Realm::new("B.TEST")];
    let kdc = realms.into_iter().fold(Kdc::builder(), KdcBuilder::realm).build().unwrap();
    let running = Server::for_kdc(Arc::new(kdc)).start().unwrap();
    let config = running.krb5_conf();
    assert!(config.contains("A.TEST = {") && config.contains("B.TEST = {"), "{config}");
    assert!(config.contains("    .b.test = B.TEST\n"), "{config}");
}
