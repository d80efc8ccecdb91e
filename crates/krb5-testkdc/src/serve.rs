//! Sockets around a KDC: UDP, TCP and a proxy over HTTPS, on free ports of the loopback interface.
//!
//! [`Server`] takes a [`Kdc`](crate::Kdc), or anything else that answers requests. [`start`](Server::start) runs it on a thread of its own, so that
//! tests which block can ask it; [`listen`](Server::listen) is for programs that have a tokio runtime already.
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use krb5_testkdc::Port;
//! use krb5_testkdc::serve::Server;
//!
//! let echo = |_: Port, request: &[u8]| Some(request.to_vec());
//! let running = Server::new("EXAMPLE.TEST", echo).start()?;
//!
//! let mut stream = std::net::TcpStream::connect(running.addresses().kdc)?;
//! stream.write_all(b"\0\0\0\x05hello")?;
//! let mut reply = [0; 9];
//! stream.read_exact(&mut reply)?;
//! assert_eq!(&reply, b"\0\0\0\x05hello");
//! // `running` stops the server when it is dropped.
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Whatever clients send, they cannot make the server hold more than its [`Limits`] allow. It is made for tests all the
//! same: it takes connections from this machine only.

mod client_config;
mod delivery;
mod framing;
mod handler;
mod https;
mod kdc;
mod limits;
mod refusal;
mod running;
mod tcp;
mod tls;
mod udp;

pub use client_config::{Addresses, ClientConfig, Via};
pub use handler::{Handler, Reply};
pub use limits::Limits;
pub use running::{Listening, Running};

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use std::io;

use tokio::net::{TcpListener, UdpSocket};

use handler::Desk;

/// How often another port is tried when the UDP port of the same number is taken.
const ATTEMPTS: usize = 32;

/// A server that is not running yet.
#[derive(Debug)]
pub struct Server {
    desk: Desk,
    ports: Ports,
}

/// The ports to listen on; 0 stands for any that is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// AS and TGS exchanges, over UDP and TCP.
    pub kdc: u16,
    /// Password changes, over UDP and TCP.
    pub kpasswd: u16,
    /// The proxy, over HTTPS.
    pub https: u16,
}

impl Server {
    /// A server for a realm.
    #[must_use]
    pub fn new(realm: &str, handler: impl Handler) -> Self {
        Self::serving([realm.into()].into(), Vec::new(), handler)
    }

    fn serving(realms: Vec<String>, hosts: Vec<(String, String)>, handler: impl Handler) -> Self {
        let desk = Desk { handler: Box::new(handler), limits: Limits::DEFAULT, realms, hosts };
        Self { desk, ports: Ports::default() }
    }

    /// With one more realm that the handler answers for.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.desk.realms.push(realm.into());
        self
    }

    /// With other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.desk.limits = limits;
        self
    }

    /// On these ports in place of free ones.
    #[must_use]
    pub const fn ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// Listens on ports of 127.0.0.1. Has to be called in a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The ports are not free, or there is no randomness for a certificate's key.
    pub async fn listen(self) -> io::Result<Listening> {
        let Ports { kdc, kpasswd, https } = self.ports;
        let (kdc, kpasswd) = (pair(kdc).await?, pair(kpasswd).await?);
        let https = TcpListener::bind((Ipv4Addr::LOCALHOST, https)).await?;
        Listening::new(Arc::new(self.desk), kdc, kpasswd, https)
    }

    /// Runs on a thread of its own until the [`Running`] is dropped.
    ///
    /// # Errors
    /// As [`listen`](Self::listen), or no thread can be started.
    pub fn start(self) -> io::Result<Running> {
        Running::start(self)
    }
}

/// One port number for both protocols; any that is free for 0.
async fn pair(port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        match UdpSocket::bind(listener.local_addr()?).await {
            Ok(socket) => return Ok((socket, listener)),
            Err(error) if port != 0 => return Err(error),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}
