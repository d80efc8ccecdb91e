//! What one end knows about a connection.

use crate::{ChannelError, ServerEndPoints, server_end_point};
use core::ops::Deref;
use gss_core::bindings::TlsChannel;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, ConnectionCommon, ProtocolVersion, ServerConnection, SideData};

/// RFC 9266 section 2.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// What a client can bind to: the exporter of TLS 1.3, and the hash of the certificate that the server showed.
///
/// A certificate that has no binding (Ed25519) is left out.
///
/// # Errors
/// [`ChannelError`]. Where the certificate is at fault it has the rest of the channel, for a client that may go on
/// without it: one that talks to a server which requires a binding to the certificate will be refused there.
pub fn client_channel(connection: &ClientConnection) -> Result<TlsChannel, ChannelError> {
    let channel = exported(connection)?;
    // Rustls knows it of a resumed session too.
    match connection.peer_certificates().and_then(<[_]>::first) {
        Some(certificate) => with_certificate(channel, certificate),
        None => Ok(channel),
    }
}

fn with_certificate(
    channel: TlsChannel,
    certificate: &CertificateDer<'_>,
) -> Result<TlsChannel, ChannelError> {
    match server_end_point(certificate) {
        Ok(Some(hash)) => Ok(channel.with_end_point(hash)),
        Ok(None) => Ok(channel),
        Err(reason) => Err(ChannelError::EndPoint { reason, rest: channel }),
    }
}

/// What a server can be bound to: the exporter of TLS 1.3, and the certificates that are its own.
///
/// Which of several certificates the client saw is not known to rustls once the handshake is done. Each of
/// `end_points` is acceptable: they all are certificates of this service, and whoever has the key of one of them is
/// the service.
///
/// # Errors
/// [`ChannelError`].
pub fn server_channel(
    connection: &ServerConnection,
    end_points: &ServerEndPoints,
) -> Result<TlsChannel, ChannelError> {
    let channel = exported(connection)?;
    Ok(end_points.hashes().fold(channel, TlsChannel::with_end_point))
}

fn exported<Data: SideData>(
    connection: &impl Deref<Target = ConnectionCommon<Data>>,
) -> Result<TlsChannel, ChannelError> {
    if connection.is_handshaking() {
        return Err(ChannelError::Handshaking);
    }
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(TlsChannel::none());
    }
    // No context and one of length zero are the same in TLS 1.3 (RFC 8446 section 7.5).
    let exported = connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(b""));
    Ok(TlsChannel::none().with_exporter(exported.map_err(ChannelError::Exporter)?))
}

#[cfg(test)]
mod tests;
