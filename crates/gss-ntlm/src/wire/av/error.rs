use super::{AvId, MAX_AV_LIST_LEN, MAX_AV_PAIRS};
use crate::wire::text::TextError;
use core::fmt;
use gss_core::reader::Reader;
use gss_core::{Blame, Diagnose, MajorStatus};

/// Bytes that are not a list of attributes: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvError {
    /// The rule that was broken.
    pub kind: AvErrorKind,
    /// Where the attribute begins, in bytes from the start of the message.
    pub offset: usize,
}

impl AvError {
    pub(super) const fn at(reader: &Reader<'_>, kind: AvErrorKind) -> Self {
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
            AvErrorKind::TooLong { .. } => "ntlm_attributes_too_long",
            AvErrorKind::TooMany => "ntlm_too_many_attributes",
            AvErrorKind::NoEnd { .. } => "ntlm_attributes_without_end",
            AvErrorKind::ValueOutside { .. } => "ntlm_attribute_outside_list",
            AvErrorKind::ValueLength { .. } => "ntlm_attribute_length",
            AvErrorKind::Duplicate { .. } => "ntlm_duplicate_attribute",
            AvErrorKind::Text { error, .. } => error.code(),
            AvErrorKind::SingleHostShort { .. } | AvErrorKind::SingleHostSize { .. } => {
                "ntlm_single_host_length"
            }
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}
