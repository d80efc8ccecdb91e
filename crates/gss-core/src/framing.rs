//! The framing of initial context tokens (RFC 2743 section 3.1): `60 length 06 length OID inner`.

use crate::oid::Oid;
use crate::reader::{ParseError, Reader};
use crate::sink::{SinkFull, TokenSink};
use core::fmt;

/// Identifier octet of a framed token.
pub const FRAME_TAG: u8 = 0x60;
/// Identifier octet of an object identifier.
pub const OID_TAG: u8 = 0x06;

/// A framed token, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// The mechanism named by the frame.
    pub mechanism: Oid,
    /// What the mechanism put inside.
    pub inner: &'a [u8],
    /// Where `inner` begins in the token.
    pub inner_offset: usize,
}

impl<'a> Framed<'a> {
    /// Takes a token apart. The length must cover the token exactly.
    ///
    /// # Errors
    /// [`FrameError`] when the token is not framed so.
    pub fn parse(token: &'a [u8]) -> Result<Self, FrameError> {
        let mut outer = Reader::new(token);
        let mut content = outer.der_element(FRAME_TAG)?;
        outer.finish()?;
        let oid = content.der_element(OID_TAG)?;
        let mechanism =
            Oid::from_bytes(oid.peek_rest()).map_err(|_| FrameError::Oid { offset: oid.offset() })?;
        let inner_offset = content.offset();
        Ok(Self { mechanism, inner: content.take_rest(), inner_offset })
    }
}

/// Puts the frame in front of the bytes that `output` holds from position `start` on.
///
/// # Errors
/// [`SinkFull`] when the frame does not fit.
pub fn frame_from(output: &mut dyn TokenSink, start: usize, mechanism: &Oid) -> Result<(), SinkFull> {
    let inner = output.len().saturating_sub(start);
    output.insert(start, FrameHeader::new(mechanism, inner)?.as_bytes())
}

/// The bytes in front of the inner token; written ahead where the inner length is known.
#[derive(Clone, Copy, Debug)]
pub struct FrameHeader {
    bytes: [u8; Self::CAPACITY],
    len: usize, // INVARIANT: at most CAPACITY
}

impl FrameHeader {
    // tag 1 + length at most 5, OID tag 1 + length 1 + content; const-oid holds at most 39 content bytes
    const CAPACITY: usize = 1 + 5 + 1 + 1 + 39;

    /// The header for an inner token of `inner` bytes.
    ///
    /// # Errors
    /// [`SinkFull`] when the token would exceed 2^32-1 bytes.
    pub fn new(mechanism: &Oid, inner: usize) -> Result<Self, SinkFull> {
        let oid = mechanism.as_bytes();
        let too_long = SinkFull { needed: inner };
        let content = oid.len().checked_add(2).and_then(|len| len.checked_add(inner)).ok_or(too_long)?;
        let mut header = Self { bytes: [0; Self::CAPACITY], len: 0 };
        header.push(&[FRAME_TAG]).ok_or(too_long)?;
        header.push(DerLength::new(content).ok_or(too_long)?.as_bytes()).ok_or(too_long)?;
        header.push(&[OID_TAG]).ok_or(too_long)?;
        header.push(DerLength::new(oid.len()).ok_or(too_long)?.as_bytes()).ok_or(too_long)?;
        header.push(oid).ok_or(too_long)?;
        Ok(header)
    }

    /// The header's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }
}

/// A length in the shortest form of DER, at most five octets.
#[derive(Clone, Copy, Debug)]
pub struct DerLength {
    bytes: [u8; 5],
    start: usize, // INVARIANT: less than 5
}

impl DerLength {
    /// The encoding of `length`; `None` from 2^32 on.
    #[must_use]
    pub fn new(length: usize) -> Option<Self> {
        let [a, b, c, d] = u32::try_from(length).ok()?.to_be_bytes();
        Some(match length {
            0..0x80 => Self { bytes: [0, 0, 0, 0, d], start: 4 },
            0x80..0x100 => Self { bytes: [0, 0, 0, 0x81, d], start: 3 },
            0x100..0x1_0000 => Self { bytes: [0, 0, 0x82, c, d], start: 2 },
            0x1_0000..0x100_0000 => Self { bytes: [0, 0x83, b, c, d], start: 1 },
            _ => Self { bytes: [0x84, a, b, c, d], start: 0 },
        })
    }

    /// The octets of the length field.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// A token that does not follow RFC 2743 section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Tags or lengths are wrong.
    Der(ParseError),
    /// The object identifier is not one.
    Oid {
        /// Where its content begins.
        offset: usize,
    },
}

impl From<ParseError> for FrameError {
    fn from(error: ParseError) -> Self {
        Self::Der(error)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(error) => write!(f, "token framing: {error}"),
            Self::Oid { offset } => write!(f, "token framing: invalid object identifier at byte {offset}"),
        }
    }
}

impl core::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oid;
    use crate::reader::ParseErrorKind;
    use alloc::vec::Vec;

    fn framed(inner: &[u8]) -> Vec<u8> {
        let mut token = Vec::from(inner);
        frame_from(&mut token, 0, &oid::KRB5).unwrap();
        token
    }

    #[test]
    fn frames_of_every_length_form_come_back() {
        for len in [0, 1, 114, 115, 116, 243, 244, 245, 65_523, 65_524, 65_525, 70_000] {
            let inner = Vec::from_iter((0..len).map(|index| index as u8));
            let token = framed(&inner);
            let parsed = Framed::parse(&token).unwrap();
            assert_eq!(parsed.mechanism, oid::KRB5);
            assert_eq!(parsed.inner, inner);
            assert_eq!(&token[parsed.inner_offset..], inner);
        }
    }

    #[test]
    fn spnego_header_is_that_of_rfc_4178() {
        let mut token = Vec::from(*b"xx");
        frame_from(&mut token, 0, &oid::SPNEGO).unwrap();
        assert_eq!(token, [0x60, 0x0a, 6, 6, 0x2b, 6, 1, 5, 5, 2, b'x', b'x']);
    }

    #[test]
    fn length_must_cover_the_token_exactly() {
        let mut token = framed(b"inner");
        token.push(0);
        assert!(matches!(
            Framed::parse(&token),
            Err(FrameError::Der(ParseError { kind: ParseErrorKind::TrailingData { excess: 1 }, .. }))
        ));
        token.truncate(token.len() - 2);
        assert!(matches!(
            Framed::parse(&token),
            Err(FrameError::Der(ParseError { kind: ParseErrorKind::Truncated { .. }, .. }))
        ));
    }

    #[test]
    fn nonsense_in_place_of_an_oid_is_refused() {
        assert_eq!(Framed::parse(&[0x60, 3, 6, 1, 0x80]), Err(FrameError::Oid { offset: 4 }));
        assert_eq!(Framed::parse(&[0x60, 2, 6, 0]), Err(FrameError::Oid { offset: 4 }));
        assert!(matches!(
            Framed::parse(b"NTLMSSP\0"),
            Err(FrameError::Der(ParseError { kind: ParseErrorKind::UnexpectedTag { .. }, .. }))
        ));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let token = framed(b"inner");
        for len in 0..token.len() {
            assert!(Framed::parse(&token[..len]).is_err(), "{len}");
        }
    }
}
