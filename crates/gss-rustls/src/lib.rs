//! Channel bindings of rustls connections: `tls-server-end-point` and `tls-exporter`, client and server.
//!
//! Once the handshake is done, [`client_channel`] and [`server_channel`] say what there is to bind a context to, as a
//! [`TlsChannel`]:
//!
//! * `tls-exporter` (RFC 9266) names this one connection, on TLS 1.3. On TLS 1.2 it needs the extended master secret
//!   (RFC 7627), and rustls does not say whether that was agreed on; so there is none, except the other one.
//! * `tls-server-end-point` (RFC 5929 section 4) is a hash of the server's certificate. It holds behind a TLS terminator
//!   too, when the server is told its certificates. Some certificates have none, see [`server_end_point`].
//!
//! The connection of a stream of `tokio-rustls` is `stream.get_ref().1`.
//!
//! ```
//! use gss_core::bindings::TlsBinding;
//! use gss_rustls::{ServerEndPoints, client_channel, server_channel};
//! # fn example(
//! #     chain: &[rustls::pki_types::CertificateDer<'static>],
//! #     accepted: &rustls::ServerConnection,
//! #     connected: &rustls::ClientConnection,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! // The server, once: all certificates that clients may see.
//! let end_points = ServerEndPoints::new([&chain[0]])?;
//! // Then with each connection.
//! let acceptable = server_channel(accepted, &end_points)?;
//! // The client.
//! let channel = client_channel(connected)?;
//! assert!(channel.has(TlsBinding::ServerEndPoint));
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

extern crate alloc;

mod channel;
mod end_point;
mod end_points;
mod error;

pub use channel::{client_channel, server_channel};
pub use end_point::server_end_point;
pub use end_points::{MAX_END_POINTS, ServerEndPoints};
pub use error::{ChannelError, EndPointError};
pub use gss_core::bindings::TlsChannel;
