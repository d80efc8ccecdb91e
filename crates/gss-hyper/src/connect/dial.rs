//! TCP.

use super::{Connector, Stream};
use crate::{Error, Origin};
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long one address of a host may take, so that the next one is tried: where IPv6 goes nowhere, for instance.
const MAX_ADDRESS_TIME: Duration = Duration::from_secs(5);

impl Connector {
    /// A connection to the first address of the host that takes one.
    pub(super) async fn dial(&self, origin: &Origin) -> Result<Stream, Error> {
        let failed = |source| Error::Connect { host: origin.to_string(), source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.addresses(origin).await.map_err(failed)? {
            // The caller's time-out is over all of them.
            let connected = timeout(MAX_ADDRESS_TIME, TcpStream::connect(address)).await;
            match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => {
                    // Without it requests are slower, and that is all.
                    let _ = stream.set_nodelay(true);
                    return Ok(Stream::new(stream));
                }
                Err(error) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            }
        }
        Err(failed(last))
    }

    async fn addresses(&self, origin: &Origin) -> io::Result<Vec<SocketAddr>> {
        if let Some(given) = self.addresses.get(origin.host()) {
            let with_port = |address: &SocketAddr| match address.port() {
                0 => SocketAddr::new(address.ip(), origin.port()),
                _ => *address,
            };
            return Ok(given.iter().map(with_port).collect());
        }
        Ok(lookup_host((origin.bare_host(), origin.port())).await?.collect())
    }
}
