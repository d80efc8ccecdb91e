//! Why there is a PAC (MS-PAC section 2.14).

use core::fmt;

use gss_core::reader::Reader;

use crate::{PacError, PacErrorKind};

/// PAC_ATTRIBUTES_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// How many bits the KDC knows; 2 today.
    pub bits: u32,
    /// The first 32 of them. Words beyond are not defined and not kept.
    pub flags: AttributeFlags,
}

/// Flags of [`Attributes`]. Unknown bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AttributeFlags(pub u32);

impl AttributeFlags {
    /// The client asked for a PAC.
    pub const REQUESTED: Self = Self(1);
    /// The client asked for none and refused none.
    pub const GIVEN_IMPLICITLY: Self = Self(2);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for AttributeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

const ATTRIBUTES: &str = "attributes";
/// Flags come in words of four bytes.
const WORD_BITS: u32 = 32;

impl Attributes {
    /// What a KDC of today states.
    #[must_use]
    pub const fn new(flags: AttributeFlags) -> Self {
        Self { bits: 2, flags }
    }

    /// Reads the content of a buffer of type [`ATTRIBUTES`](crate::BufferType::ATTRIBUTES).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(buffer: &[u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &[u8], offset: usize) -> Result<Self, PacError> {
        let mut reader = Reader::at_offset(buffer, offset);
        let bits = reader.u32_le().map_err(|error| PacError::from_reader(error, ATTRIBUTES))?;
        let available = reader.remaining();
        let words = usize::try_from(bits.div_ceil(WORD_BITS)).ok();
        if words.and_then(|words| words.checked_mul(4)) != Some(available) {
            return Err(PacErrorKind::FlagBits { bits, available }.at(ATTRIBUTES, offset));
        }
        Ok(Self { bits, flags: AttributeFlags(reader.u32_le().unwrap_or(0)) })
    }

    /// The content of a buffer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> alloc::vec::Vec<u8> {
        let [bits, flags] = [self.bits.clamp(1, WORD_BITS), self.flags.0].map(u32::to_le_bytes);
        [bits, flags].concat()
    }
}
