//! The attributes: `AV_PAIR` of MS-NLMP section 2.2.2.1.

use super::flags::AvFlags;
use super::text::{Charset, Text, TextError};
use super::time::FileTime;
use core::fmt;
use gss_core::bindings::BindingDigest;
use gss_core::reader::Reader;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Most attributes in a list, the end not counted. Ten are defined.
pub const MAX_AV_PAIRS: usize = 64;

/// Longest list in bytes, its end and what follows counted: the most that the length of a field can say.
pub const MAX_AV_LIST_LEN: usize = 0xffff;

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvId(pub u16);

impl AvId {
    /// The end of the list; no value.
    pub const EOL: Self = Self(0);
    /// The server's NetBIOS name.
    pub const NB_COMPUTER_NAME: Self = Self(1);
    /// The NetBIOS name of the server's domain.
    pub const NB_DOMAIN_NAME: Self = Self(2);
    /// The server's DNS name.
    pub const DNS_COMPUTER_NAME: Self = Self(3);
    /// The DNS name of the server's domain.
    pub const DNS_DOMAIN_NAME: Self = Self(4);
    /// The DNS name of the server's forest.
    pub const DNS_TREE_NAME: Self = Self(5);
    /// [`AvFlags`], 4 bytes.
    pub const FLAGS: Self = Self(6);
    /// The server's time as [`FileTime`], 8 bytes.
    pub const TIMESTAMP: Self = Self(7);
    /// What the client's machine tells about itself (`Single_Host_Data`), 48 bytes.
    pub const SINGLE_HOST: Self = Self(8);
    /// The service the client means to talk to, for instance `HTTP/host`.
    pub const TARGET_NAME: Self = Self(9);
    /// MD5 of the channel bindings, or zeros; 16 bytes.
    pub const CHANNEL_BINDINGS: Self = Self(10);

    /// The name in MS-NLMP, if the number has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::EOL => "MsvAvEOL",
            Self::NB_COMPUTER_NAME => "MsvAvNbComputerName",
            Self::NB_DOMAIN_NAME => "MsvAvNbDomainName",
            Self::DNS_COMPUTER_NAME => "MsvAvDnsComputerName",
            Self::DNS_DOMAIN_NAME => "MsvAvDnsDomainName",
            Self::DNS_TREE_NAME => "MsvAvDnsTreeName",
            Self::FLAGS => "MsvAvFlags",
            Self::TIMESTAMP => "MsvAvTimestamp",
            Self::SINGLE_HOST => "MsvAvSingleHost",
            Self::TARGET_NAME => "MsvAvTargetName",
            Self::CHANNEL_BINDINGS => "MsvAvChannelBindings",
            _ => return None,
        })
    }

    /// Whether the value is text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self.0, 1..=5 | 9)
    }

    /// A bit for each known attribute, none for others.
    fn bit(self) -> u16 {
        if self.name().is_some() { 1_u16.checked_shl(u32::from(self.0)).unwrap_or(0) } else { 0 }
    }
}

impl fmt::Display for AvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "AV_PAIR {}", self.0),
        }
    }
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvPair<'a> {
    /// What it is.
    pub id: AvId,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> AvPair<'a> {
    /// The value as text, if the attribute is one of text.
    #[must_use]
    pub fn text(&self) -> Option<Text<'a>> {
        if self.id.is_text() { Text::parse(self.value, Charset::Unicode, 0).ok() } else { None }
    }

    /// Reads the next attribute as far as lengths tell.
    fn read(reader: &mut Reader<'a>) -> Result<Self, AvError> {
        let start = *reader;
        let (Ok(id), Ok(len)) = (reader.u16_le(), reader.u16_le()) else {
            return Err(AvError::at(&start, AvErrorKind::NoEnd { rest: start.remaining() }));
        };
        let (id, len) = (AvId(id), usize::from(len));
        let value = reader.take(len).map_err(|_| {
            AvError::at(&start, AvErrorKind::ValueOutside { id, len, available: reader.remaining() })
        })?;
        Ok(Self { id, value })
    }

    /// What the specification says about the value, which lies at `offset`.
    fn check(&self, offset: usize) -> Result<(), AvErrorKind> {
        let Self { id, value } = *self;
        let expected = match id {
            AvId::EOL => 0,
            AvId::FLAGS => 4,
            AvId::TIMESTAMP => 8,
            AvId::CHANNEL_BINDINGS => 16,
            AvId::SINGLE_HOST => return check_single_host(value),
            _ if id.is_text() => {
                return match Text::parse(value, Charset::Unicode, offset) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(AvErrorKind::Text { id, error }),
                };
            }
            _ => return Ok(()),
        };
        if value.len() == expected {
            Ok(())
        } else {
            Err(AvErrorKind::ValueLength { id, len: value.len(), expected })
        }
    }
}

/// `Single_Host_Data` begins with its own length and four zero bytes, which receivers ignore; see
/// [`SINGLE_HOST_LENGTH`](super::leniency::SINGLE_HOST_LENGTH).
fn check_single_host(value: &[u8]) -> Result<(), AvErrorKind> {
    let Some(([a, b, c, d, ..], _)) = value.split_first_chunk::<8>() else {
        return Err(AvErrorKind::SingleHostShort { len: value.len() });
    };
    let size = u32::from_le_bytes([*a, *b, *c, *d]);
    if usize::try_from(size) == Ok(value.len()) {
        Ok(())
    } else {
        Err(AvErrorKind::SingleHostSize { size, len: value.len() })
    }
}

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
pub(super) const HEADER_LEN: usize = 4;

/// Bytes that are not a list of attributes: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvError {
    /// The rule that was broken.
    pub kind: AvErrorKind,
    /// Where the attribute begins, in bytes from the start of the message.
    pub offset: usize,
}

impl AvError {
    const fn at(reader: &Reader<'_>, kind: AvErrorKind) -> Self {
        Self { kind, offset: reader.offset() }
    }
}

/// The rules that lists of attributes can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AvErrorKind {
    /// Longer than [`MAX_AV_LIST_LEN`].
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// More attributes than [`MAX_AV_PAIRS`].
    TooMany,
    /// The bytes end where an attribute, or [`AvId::EOL`], has to come.
    NoEnd {
        /// How many bytes are left, fewer than four.
        rest: usize,
    },
    /// A value that reaches beyond the list.
    ValueOutside {
        /// The attribute.
        id: AvId,
        /// Length of the value in bytes.
        len: usize,
        /// How many bytes there are.
        available: usize,
    },
    /// A value of another length than the attribute has.
    ValueLength {
        /// The attribute.
        id: AvId,
        /// Length of the value in bytes.
        len: usize,
        /// The length it has to have.
        expected: usize,
    },
    /// A known attribute for the second time. Readers that take the first would see another list than those that take
    /// the last.
    Duplicate {
        /// The attribute.
        id: AvId,
    },
    /// Text that cannot be read.
    Text {
        /// The attribute.
        id: AvId,
        /// What is wrong with it.
        error: TextError,
    },
    /// `Single_Host_Data` of fewer than eight bytes.
    SingleHostShort {
        /// Its length in bytes.
        len: usize,
    },
    /// `Single_Host_Data` that states another length than it has.
    SingleHostSize {
        /// The length it states.
        size: u32,
        /// The length it has.
        len: usize,
    },
}

impl fmt::Display for AvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            AvErrorKind::TooLong { len } => {
                write!(f, "list of attributes has {len} bytes, at most {MAX_AV_LIST_LEN} are taken")?;
            }
            AvErrorKind::TooMany => write!(f, "more than {MAX_AV_PAIRS} attributes")?,
            AvErrorKind::NoEnd { rest } => {
                write!(f, "{rest} bytes left where an attribute or {} was expected", AvId::EOL)?;
            }
            AvErrorKind::ValueOutside { id, len, available } => {
                write!(f, "{id} of {len} bytes where {available} are left")?;
            }
            AvErrorKind::ValueLength { id, len, expected } => {
                write!(f, "{id} of {len} bytes where {expected} were expected")?;
            }
            AvErrorKind::Duplicate { id } => write!(f, "{id} for the second time")?,
            AvErrorKind::Text { id, error } => return write!(f, "{id}: {error}"),
            AvErrorKind::SingleHostShort { len } => {
                write!(f, "{} of {len} bytes where 48 were expected", AvId::SINGLE_HOST)?;
            }
            AvErrorKind::SingleHostSize { size, len } => {
                write!(f, "{} of {len} bytes that states a length of {size}", AvId::SINGLE_HOST)?;
            }
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for AvError {}

impl Diagnose for AvError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self.kind {
            AvErrorKind::TooLong { .. } => "attributes_too_long",
            AvErrorKind::TooMany => "too_many_attributes",
            AvErrorKind::NoEnd { .. } => "attributes_without_end",
            AvErrorKind::ValueOutside { .. } => "attribute_outside_list",
            AvErrorKind::ValueLength { .. } => "attribute_length",
            AvErrorKind::Duplicate { .. } => "duplicate_attribute",
            AvErrorKind::Text { error, .. } => error.code(),
            AvErrorKind::SingleHostShort { .. } | AvErrorKind::SingleHostSize { .. } => "single_host_length",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}
