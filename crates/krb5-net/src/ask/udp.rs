//! UDP: one datagram each way (RFC 4120 section 7.2.1).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use crate::Reason;

/// As long as a datagram can be.
const MAX_DATAGRAM: usize = 1 << 16;

/// Sends the request from a socket that hears this server only: the system drops datagrams from other addresses, and
/// tells when the server's system refuses.
pub(super) async fn open(address: SocketAddr, message: &[u8]) -> Result<UdpSocket, Reason> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let ask = async {
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(address).await?;
        socket.send(message).await?;
        Ok(socket)
    };
    ask.await.map_err(|error| Reason::io(&error))
}

/// Waits for a datagram.
pub(super) async fn receive(socket: &UdpSocket) -> Result<Vec<u8>, Reason> {
    let mut datagram = Vec::with_capacity(MAX_DATAGRAM);
    socket.recv_buf(&mut datagram).await.map_err(|error| Reason::io(&error))?;
    Ok(datagram.as_slice().into())
}
