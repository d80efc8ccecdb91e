use crate::RECOMMENDED_MAX_HEADER_BYTES;
use core::time::Duration;

/// What clients may take of a server's time and memory. Each connection takes some header and buffer sizes at most, and
/// there are at most so many connections: nothing grows beyond the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, upgraded ones included. Default: 1024.
    pub max_connections: usize,
    /// What happens to those beyond. Default: [`AtLimit::Wait`].
    pub at_limit: AtLimit,
    /// How long a TLS handshake may take. Default: 10 seconds.
    pub tls_handshake: Duration,
    /// How long the head of a request may take, from the first moment that one can come: on HTTP/1 this bounds the wait
    /// for the next request too. Default: 30 seconds.
    pub header_read: Duration,
    /// How long a connection may be without a request. Default: 60 seconds.
    pub idle: Duration,
    /// How long a client may take to read what was sent to it, before anything more can be. Default: 60 seconds.
    pub write: Duration,
    /// Bytes of a request's head; 8192 at least. Longer ones get 431. Default: [`RECOMMENDED_MAX_HEADER_BYTES`].
    pub max_header_bytes: usize,
    /// Requests at a time on an HTTP/2 connection. Default: 100.
    pub max_streams: u32,
    /// Requests of one connection, which is closed gently after them; `None` for no limit. Default: none.
    pub max_requests: Option<u64>,
}

/// What happens when there are as many connections as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum AtLimit {
    /// Further ones wait at the system until there is a place.
    #[default]
    Wait,
    /// Further ones get 503 and are closed, without a response where that would take a TLS handshake.
    Refuse,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            at_limit: AtLimit::default(),
            tls_handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(60),
            max_header_bytes: RECOMMENDED_MAX_HEADER_BYTES,
            max_streams: 100,
            max_requests: None,
        }
    }
}
