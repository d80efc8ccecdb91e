//! A cursor over bytes that checks every length and knows its offset.
//!
//! All hand-laid formats of the workspace are read with it: SPNEGO, per-message tokens, keytabs, credential caches.

use core::fmt;

/// Reads a slice front to back. Every method either returns what was asked for or an error with the offset.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// A reader over `bytes` that lie at `offset` of something larger, so that errors name the place there.
    #[must_use]
    pub const fn at_offset(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, offset }
    }

    /// Where the next byte lies, counted from the start.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether all bytes were read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes left, without reading them.
    #[must_use]
    pub const fn peek_rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte without reading it.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads `len` bytes.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer are left.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], ParseError> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.error(ParseErrorKind::Truncated { needed: len, available: self.rest.len() }));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(len);
        Ok(taken)
    }

    /// Reads `N` bytes as an array.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer are left.
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let start = *self;
        self.take(N)?
            .try_into()
            .map_err(|_| start.error(ParseErrorKind::Truncated { needed: N, available: start.remaining() }))
    }

    /// Reads all that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.offset = self.offset.saturating_add(rest.len());
        self.rest = &[];
        rest
    }

    /// A reader over the next `len` bytes, which this one skips.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer are left.
    pub fn sub(&mut self, len: usize) -> Result<Self, ParseError> {
        let offset = self.offset;
        Ok(Self { rest: self.take(len)?, offset })
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when none is left.
    pub fn u8(&mut self) -> Result<u8, ParseError> {
        self.take_array::<1>().map(|[byte]| byte)
    }

    /// Reads a 16-bit number, most significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than two bytes are left.
    pub fn u16_be(&mut self) -> Result<u16, ParseError> {
        self.take_array().map(u16::from_be_bytes)
    }

    /// Reads a 16-bit number, least significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than two bytes are left.
    pub fn u16_le(&mut self) -> Result<u16, ParseError> {
        self.take_array().map(u16::from_le_bytes)
    }

    /// Reads a 32-bit number, most significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than four bytes are left.
    pub fn u32_be(&mut self) -> Result<u32, ParseError> {
        self.take_array().map(u32::from_be_bytes)
    }

    /// Reads a 32-bit number, least significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than four bytes are left.
    pub fn u32_le(&mut self) -> Result<u32, ParseError> {
        self.take_array().map(u32::from_le_bytes)
    }

    /// Reads a 64-bit number, most significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than eight bytes are left.
    pub fn u64_be(&mut self) -> Result<u64, ParseError> {
        self.take_array().map(u64::from_be_bytes)
    }

    /// Reads a 64-bit number, least significant byte first.
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`] when fewer than eight bytes are left.
    pub fn u64_le(&mut self) -> Result<u64, ParseError> {
        self.take_array().map(u64::from_le_bytes)
    }

    /// Reads a length in the forms of DER (X.690 section 8.1.3, definite and shortest form only).
    ///
    /// # Errors
    /// [`ParseErrorKind::Truncated`], [`ParseErrorKind::IndefiniteLength`], [`ParseErrorKind::LengthTooLong`] for
    /// more than four octets, [`ParseErrorKind::LengthNotMinimal`].
    pub fn der_length(&mut self) -> Result<usize, ParseError> {
        let start = *self;
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        let octets = match usize::from(first & 0x7f) {
            0 => return Err(start.error(ParseErrorKind::IndefiniteLength)),
            octets if octets > MAX_LENGTH_OCTETS => return Err(start.error(ParseErrorKind::LengthTooLong)),
            octets => octets,
        };
        let content = self.take(octets)?;
        let value = content.iter().fold(0_u32, |value, octet| (value << 8) | u32::from(*octet));
        // Shortest form: one octet only from 128 on, more only when the first of them is not zero.
        let minimal = match content.first() {
            Some(&only) if octets == 1 => only >= 0x80,
            first => first != Some(&0),
        };
        if !minimal {
            return Err(start.error(ParseErrorKind::LengthNotMinimal));
        }
        usize::try_from(value).map_err(|_| start.error(ParseErrorKind::LengthTooLong))
    }

    /// Reads a DER element with this identifier octet and returns a reader over its content.
    ///
    /// # Errors
    /// [`ParseErrorKind::UnexpectedTag`] when another tag is there, and those of [`der_length`](Self::der_length)
    /// and [`sub`](Self::sub).
    pub fn der_element(&mut self, tag: u8) -> Result<Self, ParseError> {
        let start = *self;
        match self.u8()? {
            found if found == tag => {}
            found => return Err(start.error(ParseErrorKind::UnexpectedTag { expected: tag, found })),
        }
        let len = self.der_length()?;
        self.sub(len)
    }

    /// Like [`der_element`](Self::der_element), but `None` when the next element has another tag or nothing is left.
    ///
    /// # Errors
    /// Those of [`der_length`](Self::der_length) and [`sub`](Self::sub).
    pub fn der_optional(&mut self, tag: u8) -> Result<Option<Self>, ParseError> {
        if self.peek() == Some(tag) { self.der_element(tag).map(Some) } else { Ok(None) }
    }

    /// Confirms that everything was read.
    ///
    /// # Errors
    /// [`ParseErrorKind::TrailingData`] otherwise.
    pub fn finish(self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(ParseErrorKind::TrailingData { excess: self.rest.len() }))
        }
    }

    /// An error of this kind at the current offset.
    #[must_use]
    pub const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError { kind, offset: self.offset }
    }
}

/// Longest DER length field that is read: four octets, enough for any token that fits in memory on a 32-bit machine.
pub const MAX_LENGTH_OCTETS: usize = 4;

/// Bytes that could not be parsed: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The rule that was broken.
    pub kind: ParseErrorKind,
    /// Where, in bytes from the start of the input.
    pub offset: usize,
}

/// The rules that input can break in a [`Reader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A length of indefinite form, which DER forbids.
    IndefiniteLength,
    /// A length field that is not the shortest possible, which DER forbids.
    LengthNotMinimal,
    /// A length field of more octets than are read here.
    LengthTooLong,
    /// More data than expected.
    TrailingData {
        /// How many bytes are left over.
        excess: usize,
    },
    /// Fewer bytes than a field needs.
    Truncated {
        /// How many bytes the field needs.
        needed: usize,
        /// How many there are.
        available: usize,
    },
    /// Another identifier octet than the grammar demands here.
    UnexpectedTag {
        /// The identifier octet that was expected.
        expected: u8,
        /// The identifier octet that is there.
        found: u8,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ParseErrorKind::IndefiniteLength => f.write_str("length of indefinite form")?,
            ParseErrorKind::LengthNotMinimal => f.write_str("length not in its shortest form")?,
            ParseErrorKind::LengthTooLong => write!(f, "length of more than {MAX_LENGTH_OCTETS} octets")?,
            ParseErrorKind::TrailingData { excess } => write!(f, "{excess} bytes more than expected")?,
            ParseErrorKind::Truncated { needed, available } => {
                write!(f, "truncated: {needed} bytes needed, {available} left")?;
            }
            ParseErrorKind::UnexpectedTag { expected, found } => {
                write!(f, "tag {found:#04x} where {expected:#04x} was expected")?;
            }
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn numbers_of_both_orders() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16_be(), Ok(0x0203));
        assert_eq!(reader.u16_le(), Ok(0x0504));
        assert_eq!(reader.u64_be(), Ok(0x0607_0809_0a0b_0c0d));
        assert_eq!(
            reader.u32_be(),
            Err(ParseError { kind: ParseErrorKind::Truncated { needed: 4, available: 0 }, offset: 13 })
        );
    }

    #[test]
    fn der_lengths() {
        for (bytes, expected) in [
            (&[0x00][..], Ok(0)),
            (&[0x7f], Ok(127)),
            (&[0x81, 0x80], Ok(128)),
            (&[0x82, 0x01, 0x00], Ok(256)),
            (&[0x84, 0x7f, 0xff, 0xff, 0xff], Ok(0x7fff_ffff)),
            (&[0x80], Err(ParseErrorKind::IndefiniteLength)),
            (&[0x81, 0x7f], Err(ParseErrorKind::LengthNotMinimal)),
            (&[0x82, 0x00, 0x80], Err(ParseErrorKind::LengthNotMinimal)),
            (&[0x85, 1, 0, 0, 0, 0], Err(ParseErrorKind::LengthTooLong)),
            (&[0x82, 0x01], Err(ParseErrorKind::Truncated { needed: 2, available: 1 })),
        ] {
            assert_eq!(Reader::new(bytes).der_length().map_err(|error| error.kind), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn nested_elements_keep_absolute_offsets() {
        let mut reader = Reader::new(&[0x30, 0x04, 0xa0, 0x02, 0x05, 0x00]);
        let mut sequence = reader.der_element(0x30).unwrap();
        reader.finish().unwrap();
        assert!(sequence.der_optional(0xa1).unwrap().is_none());
        let mut field = sequence.der_optional(0xa0).unwrap().unwrap();
        let error = field.der_element(0x04).unwrap_err();
        assert_eq!(error.to_string(), "tag 0x05 where 0x04 was expected at byte 4");
    }

    #[test]
    fn children_cannot_reach_beyond_their_parent() {
        let mut sequence = Reader::new(&[0x30, 0x02, 0xa0, 0x05, 1, 2, 3, 4, 5]).der_element(0x30).unwrap();
        assert!(matches!(sequence.der_element(0xa0).unwrap_err().kind, ParseErrorKind::Truncated { .. }));
    }

    #[test]
    fn leftovers_are_an_error() {
        let mut reader = Reader::new(b"ab");
        reader.u8().unwrap();
        assert_eq!(
            reader.finish(),
            Err(ParseError { kind: ParseErrorKind::TrailingData { excess: 1 }, offset: 1 })
        );
    }
}
