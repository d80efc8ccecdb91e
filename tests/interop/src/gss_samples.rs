//! MIT's sample pair, `gss-server` and `gss-client`, and their protocol.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::peer::{self, Peer};
use crate::realm::{HOST_SERVICE, Realm};
use crate::{packages, port};

/// A running `gss-server`.
#[derive(Debug)]
pub struct Server {
    port: u16,
    peer: Peer,
}

impl Server {
    /// Starts the server for the realm's host service.
    ///
    /// # Errors
    /// The package is missing, or the server does not start.
    pub fn start(realm: &Realm) -> Result<Self> {
        let port = port::free()?;
        let mut command = realm.command(packages::find("gss-server")?);
        command.env("KRB5_KTNAME", realm.keytab()).args([
            "-port",
            &port.to_string(),
            "-verbose",
            HOST_SERVICE,
        ]);
        let mut peer = Peer::start("gss-server", &mut command, realm.fresh_path("gss-server.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }

    /// Waits until it has logged a text at least `count` times.
    ///
    /// # Errors
    /// It has not in time.
    pub fn wait_for_log(&self, text: &str, count: usize) -> Result<()> {
        self.peer.wait_for_log(text, count)
    }

    /// Opens a connection to it, as a client of the samples' protocol does.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn connect(&self) -> Result<Connection> {
        let mut connection = Connection::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?)?;
        connection.send(NOOP | CONTEXT_NEXT, b"")?;
        Ok(connection)
    }

    /// Runs `gss-client` against it and gives what that printed.
    ///
    /// # Errors
    /// The package is missing, or the client reports a failure.
    pub fn greet(&self, realm: &Realm, ccache: &Path, options: &[&str], message: &str) -> Result<String> {
        greet(realm, ccache, self.port, options, message)
    }
}

/// Runs `gss-client` against a port of this machine and gives what it printed.
///
/// # Errors
/// The package is missing, or the client reports a failure.
pub fn greet(realm: &Realm, ccache: &Path, port: u16, options: &[&str], message: &str) -> Result<String> {
    let mut command = realm.command(packages::find("gss-client")?);
    command.env("KRB5CCNAME", ccache).args(["-port", &port.to_string()]).args(options);
    command.args(["localhost", HOST_SERVICE, message]);
    peer::succeed(&mut command, b"")
}

/// No content; ends the exchange.
pub const NOOP: u8 = 0x01;
/// A context token.
pub const CONTEXT: u8 = 0x02;
/// A message.
pub const DATA: u8 = 0x04;
/// A MIC of the message received.
pub const MIC: u8 = 0x08;
/// With [`NOOP`]: a context is established next.
pub const CONTEXT_NEXT: u8 = 0x10;
/// With [`DATA`]: wrapped.
pub const WRAPPED: u8 = 0x20;
/// With [`DATA`]: sealed.
pub const ENCRYPTED: u8 = 0x40;
/// With [`DATA`]: a MIC is wanted in return.
pub const SEND_MIC: u8 = 0x80;

/// Longest token read.
const MAX_TOKEN: usize = 1 << 20;

/// The samples' protocol: a byte of flags, four of length, and the token.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// A connection over an accepted or opened stream.
    ///
    /// # Errors
    /// The stream takes no time limit.
    pub fn new(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(peer::PATIENCE))?;
        Ok(Self(stream))
    }

    /// Sends a token.
    ///
    /// # Errors
    /// The peer has gone.
    pub fn send(&mut self, flags: u8, token: &[u8]) -> Result<()> {
        let mut bytes = vec![flags];
        bytes.extend(u32::try_from(token.len())?.to_be_bytes());
        bytes.extend(token);
        Ok(self.0.write_all(&bytes)?)
    }

    /// Receives a token and its flags.
    ///
    /// # Errors
    /// The peer has gone or stays silent, or the token is too long.
    pub fn receive(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head)?;
        let [flags, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        ensure!(length <= MAX_TOKEN, "a token of {length} bytes");
        let mut token = vec![0; length];
        self.0.read_exact(&mut token)?;
        Ok((flags, token))
    }
}
