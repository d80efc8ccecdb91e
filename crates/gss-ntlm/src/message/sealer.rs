//! The half that protects messages to the peer.

use super::direction::Direction;
use super::signature::{Counter, SIGNATURE_LEN, Signature, split_room};
use core::fmt;
use gss_core::{CryptoRng, MessageError, Overhead, Protection, TokenSink};

/// Protects messages to the peer. Made by [`halves`](super::halves).
pub struct Sealer {
    direction: Option<Direction>,
    next: Counter,
}

impl Sealer {
    pub(super) fn new(direction: Option<Direction>) -> Self {
        Self { direction, next: Counter::START }
    }

    /// Back to the state before the first message. Only for messages that are the same again, or of another kind: a key
    /// stream used for two messages protects neither.
    pub(crate) fn restart(&mut self) {
        self.next = Counter::START;
        if let Some(direction) = &mut self.direction {
            direction.restart();
        }
    }

    /// The number of the next message and what protects it, if there can be one.
    fn begin(&mut self, protection: Protection) -> Result<(u32, &mut Direction), MessageError> {
        let direction = self.direction.as_mut().ok_or(MessageError::Unavailable)?;
        if protection == Protection::Confidentiality && direction.offered() == Protection::Integrity {
            return Err(MessageError::Unavailable);
        }
        Ok((self.next.current()?, direction))
    }

    fn protect(&mut self, protection: Protection, buffer: &mut [u8]) -> Result<(), MessageError> {
        let (number, direction) = self.begin(protection)?;
        let (signature, message) = split_room(buffer)?;
        direction.begin(number);
        let checksum = match direction.offered() {
            Protection::Confidentiality => direction.seal(number, message),
            Protection::Integrity => direction.sign(number, message),
        };
        *signature = Signature { checksum, number }.to_bytes();
        self.next.advance();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, number: u32) {
        self.next.skip_to(number);
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
        self.begin(protection)?;
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
        let (number, direction) = self.begin(Protection::Integrity)?;
        let place = output.grow(SIGNATURE_LEN)?;
        direction.begin(number);
        let checksum = direction.sign(number, message);
        place.copy_from_slice(&Signature { checksum, number }.to_bytes());
        self.next.advance();
        Ok(())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("next", &self.next).finish_non_exhaustive()
    }
}
