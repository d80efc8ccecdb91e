//! Servers that follow a script.

use alloc::sync::Arc;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::Mutex;

use krb5_asn1::{Encode, ErrorCode, KerberosString, KerberosTime, KrbError, Microseconds, Principal};
use krb5_client::{Request, Service};
use krb5_net::{Dns, KdcAddress, Network, NetworkBuilder, Timing, TransportError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

pub(crate) const REALM: &str = "EXAMPLE.COM";
pub(crate) const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// What the test asks: an AS-REQ as far as anybody on the way looks.
pub(crate) fn request() -> Request {
    Request { realm: REALM.into(), service: Service::Kdc, message: b"\x6a\x03abc".to_vec() }
}

/// An answer that is Kerberos.
pub(crate) fn reply() -> Vec<u8> {
    krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED)
}

pub(crate) fn krb_error(error_code: ErrorCode) -> Vec<u8> {
    KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(0).unwrap(),
        susec: Microseconds::new(0).unwrap(),
        error_code,
        crealm: None,
        cname: None,
        realm: KerberosString::new(REALM.as_bytes()),
        sname: Principal::new_tgs(REALM, REALM).name(),
        e_text: None,
        e_data: None,
    }
    .to_der()
    .unwrap()
}

/// A network that knows these servers and nothing else.
pub(crate) fn knowing(servers: impl IntoIterator<Item = KdcAddress>) -> NetworkBuilder {
    Network::builder().servers(REALM, Service::Kdc, servers).dns(Dns::Off)
}

/// So long a wait for each server that a test which ends soon shows that nobody was waited for.
pub(crate) fn patient() -> Timing {
    let long = Duration::from_secs(300);
    Timing { step: long, pause: long, patience: long, limit: long, ..Timing::default() }
}

/// For what has to end long before that.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The error of a request that no server answers.
pub(crate) async fn failure(network: &Network) -> TransportError {
    network.exchange(&request()).await.expect_err("no server can have answered")
}

/// What servers were asked.
pub(crate) type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

pub(crate) fn count(seen: &Seen) -> usize {
    seen.lock().unwrap().len()
}

/// A port of which the system says that nobody is there, and that nobody else gets meanwhile.
pub(crate) struct ClosedPort {
    pub(crate) address: SocketAddr,
    /// Bound, but not listening.
    _tcp: TcpSocket,
    /// Hears one peer only, which is not there either.
    _udp: UdpSocket,
}

pub(crate) async fn closed_port() -> ClosedPort {
    let (tcp, udp) = both_protocols().await;
    udp.connect((Ipv4Addr::LOCALHOST, 1)).await.unwrap();
    ClosedPort { address: tcp.local_addr().unwrap(), _tcp: tcp, _udp: udp }
}

/// A port that is free for TCP and for UDP.
pub(crate) async fn both_protocols() -> (TcpSocket, UdpSocket) {
    loop {
        let udp = UdpSocket::bind(ANY_PORT).await.unwrap();
        let tcp = TcpSocket::new_v4().unwrap();
        match tcp.bind(udp.local_addr().unwrap()) {
            Ok(()) => return (tcp, udp),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse),
        }
    }
}

/// A UDP server: gives the datagrams to send for the nth that came.
pub(crate) async fn udp(
    mut script: impl FnMut(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, Seen) {
    let socket = UdpSocket::bind(ANY_PORT).await.unwrap();
    let (address, seen) = (socket.local_addr().unwrap(), Seen::default());
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
            let nth = count(&log);
            log.lock().unwrap().push(buffer[..len].to_vec());
            for answer in script(nth, &buffer[..len]) {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    (address, seen)
}

/// What a TCP server does with a connection once it has read a request.
#[derive(Clone)]
pub(crate) enum Then {
    /// Sends these bytes and closes.
    Close(Vec<u8>),
    /// Sends these bytes and keeps the connection.
    Hold(Vec<u8>),
    /// Closes without reading anything.
    HangUp,
}

/// A TCP server that does the same on each connection.
pub(crate) async fn tcp(then: Then) -> (SocketAddr, Seen) {
    tcp_on(TcpListener::bind(ANY_PORT).await.unwrap(), then)
}

pub(crate) fn tcp_on(listener: TcpListener, then: Then) -> (SocketAddr, Seen) {
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if let Some(message) = serve(&mut stream, &then).await {
                log.lock().unwrap().push(message);
            }
            if matches!(then, Then::Hold(_)) {
                held.push(stream);
            }
        }
    });
    (address, seen)
}

/// Reads one message and does what the script says.
pub(crate) async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    then: &Then,
) -> Option<Vec<u8>> {
    let (Then::Close(answer) | Then::Hold(answer)) = then else { return None };
    let len = stream.read_u32().await.ok()?;
    let mut message = vec![0; len as usize];
    stream.read_exact(&mut message).await.ok()?;
    stream.write_all(answer).await.ok()?;
    stream.flush().await.ok()?;
    Some(message)
}

/// A message behind its length.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}
