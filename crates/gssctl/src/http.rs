//! As much of HTTP/1.1 as one connection needs, over TCP or TLS: heads, bodies, limits and time limits.

mod body;
mod connection;
mod head;
mod stream;

pub(crate) use body::Framing;
pub(crate) use connection::{Connection, ReadError};
pub(crate) use head::{Fields, RequestHead, ResponseHead};
pub(crate) use stream::{Socket, Stream};

/// Longest head of a request or response. A token of 64 KiB takes 88 KiB of Base64.
pub(crate) const MAX_HEAD: usize = 128 * 1024;

/// Most fields in a head.
pub(crate) const MAX_FIELDS: usize = 100;
