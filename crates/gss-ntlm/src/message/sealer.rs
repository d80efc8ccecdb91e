//! The half that protects messages to the peer.

use super::half::Half;
use super::signature::{Counter, SIGNATURE_LEN, Signature, split_room};
use core::fmt;
use gss_core::{CryptoRng, MessageError, Overhead, Protection, TokenSink};

/// Protects messages to the peer. Made by [`halves`](super::halves).
pub struct Sealer {
    half: Option<Half>, // None: messages are not protected
    next: Counter,
}

impl Sealer {
    pub(super) fn new(half: Option<Half>) -> Self {
        Self { half, next: Counter::START }
    }

    /// Back to the start of the key stream; sequence numbers go on. The same piece of key stream is used again then: for
    /// SPNEGO's MIC only, which is defined so (MS-SPNG section 3.3.5.1).
    pub(crate) fn rewind(&mut self) {
        if let Some(half) = &mut self.half {
            half.rewind();
        }
    }

    /// The number of the next message, and what protects it, if the context offers that.
    fn begin(&mut self) -> Result<(u32, &mut Half), MessageError> {
        let half = self.half.as_mut().ok_or(MessageError::Unavailable)?;
        Ok((self.next.current()?, half))
    }

    fn protect(&mut self, protection: Protection, buffer: &mut [u8]) -> Result<(), MessageError> {
        let (number, half) = self.begin()?;
        let (signature, message) = split_room(buffer)?;
        let checksum = match (half.offered, protection) {
            (Protection::Integrity, Protection::Integrity) => half.keys(number).sign(number, message),
            _ => half.keys(number).seal(number, message),
        };
        *signature = Signature { checksum, number }.to_bytes();
        self.next.advance();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, number: u32) {
        self.next = Counter::at(number);
    }
}

impl gss_core::Sealer for Sealer {
    fn overhead(&self, _protection: Protection, _length: usize) -> Overhead {
        Overhead { header: SIGNATURE_LEN, trailer: 0 }
    }

    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        _rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        // What can fail, fails before the message is in the output.
        self.begin()?;
        let token = output.grow(SIGNATURE_LEN.saturating_add(message.len()))?;
        token.get_mut(SIGNATURE_LEN..).unwrap_or_default().copy_from_slice(message);
        self.protect(protection, token)
    }

    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        _rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        self.protect(protection, buffer)
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        let (number, half) = self.begin()?;
        let mic = output.grow(SIGNATURE_LEN)?;
        let checksum = half.keys(number).sign(number, message);
        mic.copy_from_slice(&Signature { checksum, number }.to_bytes());
        self.next.advance();
        Ok(())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("next", &self.next).finish_non_exhaustive()
    }
}
