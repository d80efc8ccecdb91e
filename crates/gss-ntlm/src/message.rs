//! Per-message tokens: `GSS_Wrap`, `GSS_GetMIC` and their opposites (MS-NLMP section 3.4).
//!
//! [`halves`] makes a [`Sealer`] and an [`Opener`] from what both sides of a context agreed on.
//!
//! ```text
//! signature  01000000 | checksum (8) | sequence number (4)
//! MIC        signature
//! wrapped    signature | message, sealed or in clear
//! ```
//! Messages of one direction share one RC4 key stream, so they have to be opened in the order they were sealed in, all
//! of them. A message that does not verify has used up an unknown piece of it: no message after it can be opened
//! ([`MessageError::KeyStreamLost`](gss_core::MessageError::KeyStreamLost)). Only the datagram form
//! ([`NegotiateFlags::DATAGRAM`]) has a key stream for each message, and takes them in any order.
//!
//! # What [`Protection`](gss_core::Protection) means here
//! With [`NegotiateFlags::SEAL`] every wrapped message is sealed, whatever is asked for: the token does not tell which
//! it is, and peers expect it so. With [`NegotiateFlags::SIGN`] alone messages are sealed or not as is asked for: Samba
//! sends them readable, gss-ntlmssp and pyspnego seal them, and take no others. The opener takes both and reports
//! which it was; whether the peer does, nobody promised ([`ContextFlags::CONFIDENTIALITY`](gss_core::ContextFlags) is not
//! granted).
//!
//! Nothing here allocates: messages are sealed and opened where they lie.

mod error;
mod half;
mod opener;
mod sealer;
mod signature;
#[cfg(test)]
mod tests;

use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use gss_core::Role;

pub use self::error::WeakKey;
use self::half::Half;
pub use self::opener::Opener;
pub use self::sealer::Sealer;

/// What both sides of a context agreed on about messages.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'k> {
    /// Which side we are.
    pub role: Role,
    /// The `ExportedSessionKey`.
    pub key: &'k SessionKey,
    /// The flags that were negotiated.
    pub flags: NegotiateFlags,
}

/// Makes both halves of an established context.
///
/// If neither [`NegotiateFlags::SIGN`] nor [`NegotiateFlags::SEAL`] was negotiated, they refuse everything with
/// [`MessageError::Unavailable`](gss_core::MessageError::Unavailable), and the strength of keys does not matter.
///
/// # Errors
/// [`WeakKey`]: what was negotiated would protect messages with less than this crate is willing to.
pub fn halves(parameters: &Parameters<'_>) -> Result<(Sealer, Opener), WeakKey> {
    let peer = match parameters.role {
        Role::Initiator => Role::Acceptor,
        Role::Acceptor => Role::Initiator,
    };
    let sealer = Sealer::new(Half::new(parameters, parameters.role)?);
    let opener = Opener::new(Half::new(parameters, peer)?);
    Ok((sealer, opener))
}
