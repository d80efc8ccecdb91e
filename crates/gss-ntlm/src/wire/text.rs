use super::flags::NegotiateFlags;
use crate::upper::upper_char;
use core::fmt::{self, Write};
use gss_core::{Blame, Diagnose, MajorStatus};

/// How names are written in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-16, least significant byte first.
    Unicode,
    /// A code page that both sides are supposed to know. Only its common part is taken: ASCII.
    Oem,
}

impl Charset {
    /// The charset that `flags` name: UTF-16 if they name both, none if they name neither (MS-NLMP section 2.2.2.5).
    #[must_use]
    pub const fn of(flags: NegotiateFlags) -> Option<Self> {
        if flags.contains(NegotiateFlags::UNICODE) {
            Some(Self::Unicode)
        } else if flags.contains(NegotiateFlags::OEM) {
            Some(Self::Oem)
        } else {
            None
        }
    }
}

/// A name as it came, checked: every character can be read, and none is NUL.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    bytes: &'a [u8],
    charset: Charset,
}

impl<'a> Text<'a> {
    /// A name of no characters.
    #[must_use]
    pub const fn empty(charset: Charset) -> Self {
        Self { bytes: &[], charset }
    }

    /// Reads a name that lies at `offset` of the message.
    ///
    /// # Errors
    /// [`TextError`], with the place in the message.
    pub fn parse(bytes: &'a [u8], charset: Charset, offset: usize) -> Result<Self, TextError> {
        match charset {
            Charset::Unicode => check_utf16(bytes, offset)?,
            Charset::Oem => check_ascii(bytes, offset)?,
        }
        Ok(Self { bytes, charset })
    }

    /// A name that was written by us.
    #[cfg(feature = "alloc")]
    pub(crate) const fn own(bytes: &'a [u8], charset: Charset) -> Self {
        Self { bytes, charset }
    }

    /// The name by itself.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_owned_string(&self) -> alloc::string::String {
        let mut name = alloc::string::String::with_capacity(self.bytes.len());
        name.extend(self.chars());
        name
    }

    /// The name as it came.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How the name is written.
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// Whether the name has no characters.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The name's characters.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        let (wide, narrow): (&[u8], &[u8]) = match self.charset {
            Charset::Unicode => (self.bytes, &[]),
            Charset::Oem => (&[], self.bytes),
        };
        // `parse` let no unpaired surrogate through, so `flatten` drops nothing.
        char::decode_utf16(units(wide)).flatten().chain(narrow.iter().copied().map(char::from))
    }

    /// Whether the name is `other`, character by character.
    #[must_use]
    pub fn eq_str(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }

    /// Whether the name is `other` when both are put in upper case the way NTLM does it.
    #[must_use]
    pub fn eq_ignore_case(&self, other: &str) -> bool {
        self.chars().map(upper_char).eq(other.chars().map(upper_char))
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
        write!(f, "\"{self}\" ({:?})", self.charset)
    }
}

/// The units of UTF-16 in `bytes`; half a unit at the end is left out.
fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + Clone {
    bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes)
}

fn check_utf16(bytes: &[u8], offset: usize) -> Result<(), TextError> {
    if !bytes.len().is_multiple_of(2) {
        return Err(TextError { kind: TextErrorKind::OddLength { len: bytes.len() }, offset });
    }
    let mut at = offset;
    for char in char::decode_utf16(units(bytes)) {
        let kind = match char {
            Ok('\0') => TextErrorKind::Nul,
            Ok(char) => {
                at = at.saturating_add(char.len_utf16().saturating_mul(2));
                continue;
            }
            Err(error) => TextErrorKind::UnpairedSurrogate { unit: error.unpaired_surrogate() },
        };
        return Err(TextError { kind, offset: at });
    }
    Ok(())
}

fn check_ascii(bytes: &[u8], offset: usize) -> Result<(), TextError> {
    let Some(at) = bytes.iter().position(|byte| *byte == 0 || !byte.is_ascii()) else {
        return Ok(());
    };
    let kind = match bytes.get(at) {
        Some(&byte) if byte != 0 => TextErrorKind::NotAscii { byte },
        _ => TextErrorKind::Nul,
    };
    Err(TextError { kind, offset: offset.saturating_add(at) })
}

/// Bytes that are not a name: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The rule that was broken.
    pub kind: TextErrorKind,
    /// Where, in bytes from the start of the message.
    pub offset: usize,
}

/// The rules that names can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextErrorKind {
    /// UTF-16 of an odd number of bytes.
    OddLength {
        /// How many bytes.
        len: usize,
    },
    /// Half of a surrogate pair.
    UnpairedSurrogate {
        /// The half that is there.
        unit: u16,
    },
    /// A NUL: other programs would take the name for a shorter one.
    Nul,
    /// A byte beyond ASCII where no code page is agreed upon.
    NotAscii {
        /// The byte.
        byte: u8,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TextErrorKind::OddLength { len } => {
                write!(f, "name of {len} bytes where UTF-16 needs an even number")?;
            }
            TextErrorKind::UnpairedSurrogate { unit } => {
                write!(f, "half of a surrogate pair ({unit:#06x}) in a name")?;
            }
            TextErrorKind::Nul => f.write_str("NUL in a name")?,
            TextErrorKind::NotAscii { byte } => {
                write!(
                    f,
                    "byte {byte:#04x} in a name without agreed code page; only ASCII or UTF-16 is read"
                )?;
            }
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for TextError {}

impl Diagnose for TextError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self.kind {
            TextErrorKind::OddLength { .. } => "ntlm_odd_utf16_length",
            TextErrorKind::UnpairedSurrogate { .. } => "ntlm_unpaired_surrogate",
            TextErrorKind::Nul => "ntlm_nul_in_name",
            TextErrorKind::NotAscii { .. } => "ntlm_oem_beyond_ascii",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}
