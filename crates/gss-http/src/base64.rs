//! Base64 as HTTP authentication carries tokens: RFC 4648 section 4, strict, without a heap.
//!
//! The alphabet is the standard one, padding is obligatory, and there are no line breaks. Bits of the last character
//! that carry no data have to be zero, so that every token has one text only: a filter that compares texts and a
//! server that compares bytes then see the same.

use base64ct::{Base64, Encoding};
use core::fmt;
use gss_core::{SinkFull, TokenSink};

/// How many characters [`encode`] writes for that many bytes; `None` when they cannot be counted.
#[must_use]
pub fn encoded_len(bytes: usize) -> Option<usize> {
    bytes.div_ceil(3).checked_mul(4)
}

/// How many bytes [`decode`] appends for this text if it is valid.
#[must_use]
pub fn decoded_len(text: &str) -> usize {
    let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
    (text.len() / 4).saturating_mul(3).saturating_sub(padding)
}

/// Appends the text of `bytes`.
///
/// # Errors
/// [`SinkFull`] when it does not fit; nothing was appended then.
pub fn encode(bytes: &[u8], output: &mut dyn TokenSink) -> Result<(), SinkFull> {
    let len = encoded_len(bytes.len()).ok_or(SinkFull { needed: usize::MAX })?;
    let text = output.grow(len)?;
    Base64::encode(bytes, text).map_err(|_| SinkFull { needed: len })?;
    Ok(())
}

/// Appends the bytes that `text` stands for.
///
/// # Errors
/// [`Base64Error`]; nothing was appended then.
pub fn decode(text: &str, output: &mut dyn TokenSink) -> Result<(), Base64Error> {
    if !text.len().is_multiple_of(4) {
        return Err(Base64Error::Length { found: text.len() });
    }
    let start = output.len();
    let bytes = output.grow(decoded_len(text)).map_err(Base64Error::OutputFull)?;
    if Base64::decode(text, bytes).is_ok() {
        return Ok(());
    }
    output.truncate(start);
    Err(diagnose(text))
}

/// Text that is not base64 as [`decode`] takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base64Error {
    /// A character outside of the alphabet, or `=` before the end.
    Character {
        /// The byte.
        found: u8,
        /// Where it stands in the text.
        offset: usize,
    },
    /// The length is no multiple of four: padding is missing, or something was cut off.
    Length {
        /// Characters seen.
        found: usize,
    },
    /// The output buffer is too small.
    OutputFull(SinkFull),
    /// The last character has bits that carry no data and are not zero.
    TrailingBits,
}

impl Base64Error {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Character { .. } => "base64_character",
            Self::Length { .. } => "base64_length",
            Self::OutputFull(_) => "buffer_too_small",
            Self::TrailingBits => "base64_trailing_bits",
        }
    }
}

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { found, offset } => {
                write!(f, "'{}' at character {offset} is not in the base64 alphabet", found.escape_ascii())
            }
            Self::Length { found } => {
                write!(f, "base64 text has {found} characters, expected a multiple of 4")
            }
            Self::OutputFull(full) => full.fmt(f),
            Self::TrailingBits => f.write_str("unused bits at the end of base64 text are not zero"),
        }
    }
}

impl core::error::Error for Base64Error {}

/// Which rule a text of the right length breaks. The text travelled in the open, so that timing tells nothing new.
fn diagnose(text: &str) -> Base64Error {
    let data = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/');
    let found = data.bytes().enumerate().find(|(_, byte)| foreign(byte));
    found.map_or(Base64Error::TrailingBits, |(offset, found)| Base64Error::Character { found, offset })
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use gss_core::SliceSink;

    #[test]
    fn values_of_rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut encoded = Vec::new();
            encode(bytes.as_bytes(), &mut encoded).unwrap();
            assert_eq!(String::from_utf8(encoded).unwrap(), text);
            let mut decoded = Vec::from(*b"kept");
            decode(text, &mut decoded).unwrap();
            assert_eq!(&decoded[4..], bytes.as_bytes());
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        for (text, error) in [
            ("Zg", Base64Error::Length { found: 2 }),
            ("Zg=", Base64Error::Length { found: 3 }),
            ("Z", Base64Error::Length { found: 1 }),
            ("Zg===", Base64Error::Length { found: 5 }),
            ("Zm9vZ===", Base64Error::Character { found: b'=', offset: 5 }),
            ("====", Base64Error::Character { found: b'=', offset: 0 }),
            ("Zg==Zg==", Base64Error::Character { found: b'=', offset: 2 }),
            ("Zm 9", Base64Error::Character { found: b' ', offset: 2 }),
            ("Z-9v", Base64Error::Character { found: b'-', offset: 1 }),
            ("Zm9_", Base64Error::Character { found: b'_', offset: 3 }),
            ("Zh==", Base64Error::TrailingBits),
            ("Zm9=", Base64Error::TrailingBits),
        ] {
            let mut output = Vec::from(*b"kept");
            assert_eq!(decode(text, &mut output), Err(error), "{text}");
            assert_eq!(output, b"kept");
        }
    }

    #[test]
    fn a_full_buffer_is_an_error() {
        let mut buffer = [0; 2];
        let full = decode("Zm9v", &mut SliceSink::new(&mut buffer));
        assert_eq!(full, Err(Base64Error::OutputFull(SinkFull { needed: 1 })));
        assert!(encode(b"foo", &mut SliceSink::new(&mut buffer)).is_err());
        assert_eq!(encoded_len(usize::MAX), None);
    }
}
