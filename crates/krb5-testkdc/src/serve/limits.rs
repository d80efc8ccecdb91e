//! What clients can have of the server.

use core::time::Duration;

/// Bounds on what one client, or all of them together, can make the server hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest request over TCP and HTTPS, in bytes. A longer one is refused by its length prefix alone.
    pub request: usize,
    /// Longest reply over UDP, in bytes. A longer one is replaced by `KRB_ERR_RESPONSE_TOO_BIG`, on which clients turn
    /// to TCP (RFC 4120 section 7.2.1).
    pub udp_reply: usize,
    /// Most connections at a time per TCP or HTTPS port; more of them wait to be accepted. Over UDP, most requests in
    /// progress; more of them are dropped, as a network would.
    pub connections: usize,
    /// Most requests on one connection, which is then closed.
    pub requests_per_connection: usize,
    /// How long a client may take to send a whole request, and to take the reply. Also how long a connection without an
    /// answer is kept open.
    pub idle: Duration,
}

impl Limits {
    /// What [`Server`](super::Server) starts with: 128 KiB, 4096 bytes, 1024 connections of 64 requests, 10 s.
    pub const DEFAULT: Self = Self {
        request: 128 * 1024,
        udp_reply: 4096,
        connections: 1024,
        requests_per_connection: 64,
        idle: Duration::from_secs(10),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
