//! The attributes: `AV_PAIR` of MS-NLMP section 2.2.2.1.

mod error;
mod pair;
mod write;

pub use self::error::{AvError, AvErrorKind};
pub use self::pair::{AvId, AvPair};
pub use self::write::{put_av_pair, put_av_text, put_utf16};

use super::flags::AvFlags;
use super::text::Text;
use core::fmt;
use gss_core::FileTime;
use gss_core::bindings::BindingDigest;
use gss_core::reader::Reader;

/// Most attributes in a list, the end not counted. Ten are defined.
pub const MAX_AV_PAIRS: usize = 64;

/// Longest list in bytes, its end and what follows counted: the most that the length of a field can say.
pub const MAX_AV_LIST_LEN: usize = 0xffff;

/// A list of attributes, checked.
#[derive(Clone, Copy)]
pub struct AvPairs<'a> {
    pairs: &'a [u8], // INVARIANT: whole pairs, checked, without the end
    list: &'a [u8],  // the same, with the end
    trailing: &'a [u8],
}

impl<'a> AvPairs<'a> {
    /// The list without attributes.
    pub const EMPTY: AvPairs<'static> = AvPairs { pairs: &[], list: &[0; 4], trailing: &[] };

    /// A list that was written by us, its end included.
    #[cfg(feature = "alloc")]
    pub(crate) fn own(list: &'a [u8]) -> Self {
        let pairs = list.get(..list.len().saturating_sub(HEADER_LEN)).unwrap_or_default();
        Self { pairs, list, trailing: &[] }
    }

    /// Reads a list that lies at `offset` of the message, up to its end; what follows is [`trailing`](Self::trailing).
    ///
    /// Attributes may come in any order, and unknown ones may come several times.
    ///
    /// # Errors
    /// [`AvError`], with the place in the message.
    pub fn parse(bytes: &'a [u8], offset: usize) -> Result<Self, AvError> {
        let mut reader = Reader::at_offset(bytes, offset);
        if bytes.len() > MAX_AV_LIST_LEN {
            return Err(AvError::at(&reader, AvErrorKind::TooLong { len: bytes.len() }));
        }
        let mut seen = 0_u16;
        for _ in 0..=MAX_AV_PAIRS {
            let start = reader;
            let pair = AvPair::read(&mut reader)?;
            pair.check(start.offset().saturating_add(HEADER_LEN))
                .map_err(|kind| AvError::at(&start, kind))?;
            if seen & pair.id.bit() != 0 {
                return Err(AvError::at(&start, AvErrorKind::Duplicate { id: pair.id }));
            }
            seen |= pair.id.bit();
            if pair.id == AvId::EOL {
                let before = start.offset().saturating_sub(offset);
                let (list, trailing) =
                    bytes.split_at_checked(before.saturating_add(HEADER_LEN)).unwrap_or((bytes, &[]));
                return Ok(Self { pairs: bytes.get(..before).unwrap_or_default(), list, trailing });
            }
        }
        Err(AvError::at(&reader, AvErrorKind::TooMany))
    }

    /// The attributes in the order they came, without the end.
    pub fn iter(&self) -> impl Iterator<Item = AvPair<'a>> + Clone + use<'a> {
        let mut reader = Reader::new(self.pairs);
        core::iter::from_fn(move || AvPair::read(&mut reader).ok())
    }

    /// The value of an attribute; of an unknown one that came several times, the first.
    #[must_use]
    pub fn get(&self, id: AvId) -> Option<&'a [u8]> {
        self.iter().find(|pair| pair.id == id).map(|pair| pair.value)
    }

    /// Whether the list has [`AvId::FLAGS`].
    #[must_use]
    pub fn has_flags(&self) -> bool {
        self.get(AvId::FLAGS).is_some()
    }

    /// The flags; none when the list has no [`AvId::FLAGS`].
    #[must_use]
    pub fn flags(&self) -> AvFlags {
        self.array(AvId::FLAGS).map_or(AvFlags::NONE, |bytes| AvFlags::from_bits(u32::from_le_bytes(bytes)))
    }

    /// The server's time.
    #[must_use]
    pub fn timestamp(&self) -> Option<FileTime> {
        self.array(AvId::TIMESTAMP).map(|bytes| FileTime(u64::from_le_bytes(bytes)))
    }

    /// The digest of the client's channel bindings; [`BindingDigest::NONE`] where it says that it has none.
    #[must_use]
    pub fn channel_bindings(&self) -> Option<BindingDigest> {
        self.array(AvId::CHANNEL_BINDINGS).map(BindingDigest)
    }

    /// The service the client means to talk to; empty where it says that it does not know.
    #[must_use]
    pub fn target_name(&self) -> Option<Text<'a>> {
        self.text(AvId::TARGET_NAME)
    }

    /// The value of an attribute of text; `None` for others.
    #[must_use]
    pub fn text(&self, id: AvId) -> Option<Text<'a>> {
        self.iter().find(|pair| pair.id == id)?.text()
    }

    /// The list as it came, its end included.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.list
    }

    /// The list as it came, without its end.
    #[must_use]
    pub const fn pairs_bytes(&self) -> &'a [u8] {
        self.pairs
    }

    /// What follows the end of the list.
    #[must_use]
    pub const fn trailing(&self) -> &'a [u8] {
        self.trailing
    }

    fn array<const N: usize>(&self, id: AvId) -> Option<[u8; N]> {
        self.get(id)?.try_into().ok()
    }
}

impl fmt::Debug for AvPairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Length of what stands before each value: number and length.
const HEADER_LEN: usize = 4;
