//! Free loopback ports.

use core::net::Ipv4Addr;
use std::net::{TcpListener, UdpSocket};

use anyhow::{Context, Result, bail};

/// How often another port is tried when the UDP port of the same number is taken.
const ATTEMPTS: usize = 32;

/// A port on 127.0.0.1 that is free for both TCP and UDP at this moment.
///
/// The kernel hands such ports out in random order, so that two test processes are unlikely to be given the
/// same one before the peer has bound it; a peer that loses that race exits, which its caller reports.
///
/// # Errors
/// No port is free for both protocols, or sockets cannot be made at all.
pub fn free() -> Result<u16> {
    for _ in 0..ATTEMPTS {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("bind a loopback port")?;
        let port = listener.local_addr()?.port();
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no loopback port is free for TCP and UDP after {ATTEMPTS} attempts");
}
