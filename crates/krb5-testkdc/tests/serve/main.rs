//! The sockets around a KDC, with handlers that are no KDC.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `udp` | datagrams, and what is too long for one |
//! | `tcp` | streams: framing, limits, hostile lengths |
//! | `https` | the proxy |
//! | `faults` | replies that travel badly |
//! | `lives` | starting, stopping, other runtimes, the krb5.conf of clients |

extern crate alloc;

mod faults;
mod https;
mod lives;
mod tcp;
mod udp;

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};

use krb5_testkdc::Port;
use krb5_testkdc::serve::{Limits, Server};

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

const REALM: &str = "SERVE.TEST";

/// Tells what was asked where.
fn tell(port: Port, request: &[u8]) -> Option<Vec<u8>> {
    let head = match port {
        Port::Kdc => b"kdc:".as_slice(),
        Port::Kpasswd => b"kpasswd:",
    };
    Some([head, request].concat())
}

/// A server of [`tell`] with other limits.
fn teller(change: impl FnOnce(&mut Limits)) -> Server {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    Server::new(REALM, tell).limits(limits)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// Reads one message with its length.
fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
    stream.read_exact(&mut message).unwrap();
    message
}

/// Sends bytes and reads all that comes until the server ends the connection.
fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// A client's socket that only hears from this server.
fn datagrams(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn datagram(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}
