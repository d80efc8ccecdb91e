//! What stands in front of each message, and what it counts (MS-NLMP section 2.2.2.9.2).

use super::half::CHECKSUM_LEN;
use gss_core::reader::Reader;
use gss_core::{MessageError, SinkFull};

/// Bytes of a signature.
pub(super) const SIGNATURE_LEN: usize = 16;
/// The first field: the only version there is.
const VERSION: u32 = 1;

/// `NTLMSSP_MESSAGE_SIGNATURE` with extended session security.
pub(super) struct Signature {
    pub(super) checksum: [u8; CHECKSUM_LEN],
    pub(super) number: u32,
}

impl Signature {
    pub(super) fn to_bytes(&self) -> [u8; SIGNATURE_LEN] {
        let [v0, v1, v2, v3] = VERSION.to_le_bytes();
        let [c0, c1, c2, c3, c4, c5, c6, c7] = self.checksum;
        let [n0, n1, n2, n3] = self.number.to_le_bytes();
        [v0, v1, v2, v3, c0, c1, c2, c3, c4, c5, c6, c7, n0, n1, n2, n3]
    }

    /// A signature and nothing else.
    pub(super) fn parse(mic: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(mic);
        let signature = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(signature)
    }

    /// A signature, and what it is in front of.
    pub(super) fn split(token: &mut [u8]) -> Result<(Self, &mut [u8]), MessageError> {
        let signature = Self::read(&mut Reader::new(token))?;
        Ok((signature, token.get_mut(SIGNATURE_LEN..).unwrap_or_default()))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let version = reader.u32_le()?;
        let signature = Self { checksum: reader.take_array()?, number: reader.u32_le()? };
        if version != VERSION {
            return Err(MessageError::InvalidFiller);
        }
        Ok(signature)
    }
}

/// Splits a buffer in room for a signature and the message behind it.
pub(super) fn split_room(buffer: &mut [u8]) -> Result<(&mut [u8; SIGNATURE_LEN], &mut [u8]), SinkFull> {
    let needed = SIGNATURE_LEN.saturating_sub(buffer.len());
    buffer.split_first_chunk_mut().ok_or(SinkFull { needed })
}

/// The number of the next message of one direction: from zero on, each number once.
#[derive(Debug)]
pub(super) struct Counter(Option<u32>);

impl Counter {
    pub(super) const START: Self = Self(Some(0));

    /// The number of the next message.
    pub(super) fn current(&self) -> Result<u32, MessageError> {
        self.0.ok_or(MessageError::SequenceExhausted)
    }

    /// That message is done. After the last number there is none: it would come a second time, and in the datagram form
    /// the key stream with it.
    pub(super) fn advance(&mut self) {
        self.0 = self.0.and_then(|number| number.checked_add(1));
    }

    #[cfg(test)]
    pub(super) const fn at(number: u32) -> Self {
        Self(Some(number))
    }
}
