//! Names in UTF-16.

use core::fmt::{self, Write};

use crate::{PacError, PacErrorKind};

/// A name: UTF-16 as it came, checked, or a text that is to be written as UTF-16.
///
/// Every character can be read and none is NUL, so that no two names look like one to another program. Compared
/// character by character; Windows ignores case in account names, which is left to the caller.
#[derive(Clone, Copy)]
pub struct Text<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    /// Little-endian, checked.
    Utf16(&'a [u8]),
    Str(&'a str),
}

impl<'a> Text<'a> {
    /// A name of no characters.
    pub const EMPTY: Self = Self(Repr::Str(""));

    /// Reads a name that is all of `bytes` and lies at `offset` of the PAC.
    pub(crate) fn parse(bytes: &'a [u8], field: &'static str, offset: usize) -> Result<Self, PacError> {
        if !bytes.len().is_multiple_of(2) {
            return Err(PacErrorKind::OddLength { len: bytes.len() }.at(field, offset));
        }
        let mut at = offset;
        for char in char::decode_utf16(units(bytes)) {
            match char {
                Ok('\0') => return Err(PacErrorKind::Nul.at(field, at)),
                Ok(char) => at = at.saturating_add(char.len_utf16().saturating_mul(2)),
                Err(half) => {
                    let unit = half.unpaired_surrogate();
                    return Err(PacErrorKind::UnpairedSurrogate { unit }.at(field, at));
                }
            }
        }
        Ok(Self(Repr::Utf16(bytes)))
    }

    /// The characters.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        let (wide, narrow): (&[u8], &str) = match self.0 {
            Repr::Utf16(bytes) => (bytes, ""),
            Repr::Str(text) => (&[], text),
        };
        // `parse` let no unpaired surrogate through, so `flatten` drops nothing.
        char::decode_utf16(units(wide)).flatten().chain(narrow.chars())
    }

    /// Whether there is no character.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match self.0 {
            Repr::Utf16(bytes) => bytes.is_empty(),
            Repr::Str(text) => text.is_empty(),
        }
    }

    /// The units of UTF-16.
    #[cfg(any(feature = "alloc", test))]
    pub(crate) fn units(&self) -> impl Iterator<Item = u16> + use<'a> {
        let mut buffer = [0; 2];
        self.chars().flat_map(move |char| {
            let len = char.encode_utf16(&mut buffer).len();
            buffer.into_iter().take(len)
        })
    }
}

/// The units of UTF-16 in `bytes`; half a unit at the end is left out.
fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + Clone {
    bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes)
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Repr::Str(text))
    }
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// The name, with backslashes and what cannot be seen escaped as in Rust.
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|char| match char {
            '"' | '\'' => f.write_char(char),
            _ => char.escape_debug().fmt(f),
        })
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn wire(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn names_that_mislead_are_refused() {
        for (bytes, expected) in [
            (&b"a\0b"[..], PacErrorKind::OddLength { len: 3 }.at("name", 100)),
            (b"a\0\0\0b\0", PacErrorKind::Nul.at("name", 102)),
            (b"a\0\x3d\xd8", PacErrorKind::UnpairedSurrogate { unit: 0xd83d }.at("name", 102)),
            (b"\x3d\xd8\x00\xde\x00\xde", PacErrorKind::UnpairedSurrogate { unit: 0xde00 }.at("name", 104)),
        ] {
            assert_eq!(Text::parse(bytes, "name", 100), Err(expected));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(Text::from("o'x\\y\u{1b}\u{202e}").to_string(), "o'x\\\\y\\u{1b}\\u{202e}");
    }

    proptest! {
        #[test]
        fn both_forms_are_the_same_name(text in "[^\0]{0,20}", other in "[^\0]{0,20}") {
            let bytes = wire(&text);
            let read = Text::parse(&bytes, "name", 0).unwrap();
            prop_assert_eq!(read, Text::from(text.as_str()));
            prop_assert_eq!(read.chars().collect::<String>(), text.clone());
            prop_assert!(read.units().eq(text.encode_utf16()));
            prop_assert_eq!(read == other.as_str(), text == other);
            prop_assert_eq!(read.is_empty(), text.is_empty());
        }
    }
}
