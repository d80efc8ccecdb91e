//! `gssctl serve`: a page that says who you are.

mod connection;
mod page;

use crate::acceptor;
use crate::http::{Connection, Socket, Stream};
use crate::inspect::tree::Printable;
use crate::tls::{self, ServerTls};
use alloc::sync::Arc;
use anyhow::{Context, Result};
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use gss::{AcceptableBindings, AcceptorConfig, ChannelBindings};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::thread;

/// Serves a page over HTTP that says who you are, with Negotiate authentication (Kerberos), and NTLM if users are given.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    #[command(flatten)]
    tls: tls::Arguments,
    #[command(flatten)]
    acceptor: acceptor::Arguments,
}

/// Serves until the process is ended.
///
/// # Errors
/// The keytab cannot be read, or the address is not free.
pub fn run(arguments: &Arguments) -> Result<()> {
    let tls = arguments.tls.load()?;
    let config = config(arguments, tls.as_ref())?;
    let address =
        arguments.listen.to_socket_addrs().ok().and_then(|mut found| found.next()).with_context(|| {
            format!("cannot listen on {:?}, expected ADDRESS:PORT like 127.0.0.1:8080", arguments.listen)
        })?;
    let mut server = Server::bind(address, config).with_context(|| format!("cannot listen on {address}"))?;
    if let Some(tls) = tls {
        server = server.tls(tls);
    }
    println!("listening on {}://{}", server.scheme(), server.address()?);
    io::stdout().flush()?;
    server.run()
}

fn config(arguments: &Arguments, tls: Option<&ServerTls>) -> Result<AcceptorConfig> {
    let arguments = &arguments.acceptor;
    let given = arguments.channels().map(ChannelBindings::new);
    let own = tls.into_iter().flat_map(ServerTls::channel_bindings);
    let channels: Vec<_> = given.chain(own).collect();
    let acceptable = AcceptableBindings { policy: arguments.binding_policy(), any_of: &channels };
    Ok(arguments.config()?.channel_bindings(&acceptable)?)
}

/// Most connections at a time.
const MAX_CONNECTIONS: usize = 64;

/// How long a client may take for a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all connections share.
#[derive(Clone, Debug)]
struct Site {
    config: Arc<AcceptorConfig>,
    quiet: bool,
}

impl Site {
    /// A line about what happened, for whoever runs the server.
    fn log(&self, line: &str) {
        if !self.quiet {
            eprintln!("{}", Printable(line));
        }
    }
}

/// A listening server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    site: Site,
    tls: Option<ServerTls>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    /// It is taken, or not ours.
    pub fn bind(address: SocketAddr, config: AcceptorConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let site = Site { config: Arc::new(config), quiet: false };
        Ok(Self { listener, site, tls: None, connections: Arc::default() })
    }

    /// Speaks TLS. That clients are bound to it, the configuration of [`bind`](Self::bind) has to say.
    #[must_use]
    pub fn tls(self, tls: ServerTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Says nothing about requests.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.site.quiet = true;
        self
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process is ended.
    ///
    /// # Errors
    /// The listening socket breaks.
    pub fn run(&self) -> Result<()> {
        loop {
            let (stream, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                // The client's fault, or a shortage that passes when connections end.
                Err(error) => {
                    eprintln!("cannot accept a connection: {error}");
                    thread::sleep(Duration::from_millis(50));
                    continue;
                }
            };
            self.start(stream, peer);
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(socket) = Socket::new(stream, PATIENCE) else { return };
        let place = Place::take(&self.connections);
        let (site, tls) = (self.site.clone(), self.tls.clone());
        let Some(place) = place else {
            // With TLS, saying so would cost the handshake that there is no room for.
            if tls.is_none() {
                connection::turn_away(Connection::over(Stream::Plain(socket), PATIENCE));
            }
            return;
        };
        let started = thread::Builder::new().name(format!("connection from {peer}")).spawn(move || {
            match secure(socket, tls.as_ref()) {
                Ok(stream) => connection::serve(Connection::over(stream, PATIENCE), peer, &site),
                Err(error) => site.log(&format!("{peer} no TLS: {error:#}")),
            }
            drop(place);
        });
        if let Err(error) = started {
            eprintln!("cannot start a thread: {error}");
        }
    }
}

fn secure(socket: Socket, tls: Option<&ServerTls>) -> Result<Stream> {
    match tls {
        Some(tls) => Ok(Stream::accept(tls.connection()?, socket)?),
        None => Ok(Stream::Plain(socket)),
    }
}

/// One of [`MAX_CONNECTIONS`].
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(connections: &Arc<AtomicUsize>) -> Option<Self> {
        connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < MAX_CONNECTIONS).then_some(count + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(connections)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let connections = Arc::default();
        let mut places: Vec<_> = (0..MAX_CONNECTIONS).map(|_| Place::take(&connections).unwrap()).collect();
        assert!(Place::take(&connections).is_none());
        places.pop();
        assert!(Place::take(&connections).is_some());
    }
}
