//! Why a PAC was refused, and where.

use core::fmt;

use gss_core::reader::{ParseError, ParseErrorKind};
use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_crypto::ChecksumType;

use crate::{BufferType, MAX_BUFFERS, MAX_PAC_LEN, sid::MAX_SUB_AUTHORITIES};

/// Bytes that break a rule of MS-PAC, or of the encoding (NDR) of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacError {
    /// The rule that was broken.
    pub kind: PacErrorKind,
    /// The field that was being read.
    pub field: &'static str,
    /// Where, in bytes from the start of the PAC; from the start of the buffer if it was read on its own.
    pub offset: usize,
}

/// The rules that a PAC can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacErrorKind {
    /// Longer than [`MAX_PAC_LEN`].
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The PAC, or the buffer around the field, ends too early.
    Truncated {
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// Bytes after the last field.
    TrailingData {
        /// How many there are.
        excess: usize,
    },
    /// A version other than 0.
    Version {
        /// The version it states.
        seen: u32,
    },
    /// No buffer, or more than [`MAX_BUFFERS`].
    BufferCount {
        /// The number it states.
        seen: u32,
    },
    /// A buffer's offset that is not a multiple of 8.
    Misaligned {
        /// The buffer.
        buffer_type: BufferType,
        /// Its offset in bytes.
        start: u64,
    },
    /// A buffer that begins within the table or ends behind the PAC.
    OutOfBounds {
        /// The buffer.
        buffer_type: BufferType,
        /// Its offset in bytes.
        start: u64,
        /// Its size in bytes.
        size: u32,
    },
    /// Two buffers share bytes.
    Overlap {
        /// The one that comes first in the table.
        one: BufferType,
        /// The other.
        other: BufferType,
    },
    /// A second buffer of a type that is known. Readers that take the first and readers that take the last would
    /// see different clients.
    Duplicate {
        /// The type.
        buffer_type: BufferType,
    },
    /// Another version of NDR type serialization than 1 (MS-RPCE section 2.2.6.1).
    NdrVersion {
        /// The version.
        seen: u8,
    },
    /// Another byte order than little-endian.
    NdrByteOrder {
        /// The octet that names it; 0x10 is little-endian.
        seen: u8,
    },
    /// A common header of another length than 8.
    NdrHeaderLength {
        /// The length it states.
        seen: u16,
    },
    /// A length of the serialized object that is no multiple of 8, or not what the buffer holds behind the headers.
    NdrObjectLength {
        /// The length it states.
        seen: u32,
        /// Bytes behind the headers.
        available: usize,
    },
    /// A null pointer where something has to be.
    NullPointer,
    /// The array's own maximum count is not the number that the structure around it states.
    MaxCount {
        /// The array's.
        seen: u32,
        /// The structure's.
        expected: u32,
    },
    /// A varying array that does not begin with its first element.
    ArrayOffset {
        /// The index it begins with.
        seen: u32,
    },
    /// The array's own count is not the number that the structure around it states.
    ActualCount {
        /// The array's.
        seen: u32,
        /// The structure's.
        expected: u32,
    },
    /// A count that the bytes left cannot hold.
    CountTooLarge {
        /// The count.
        count: u32,
        /// The largest count possible here.
        possible: usize,
    },
    /// The length of a string is more than its maximum length.
    LengthAboveMaximum {
        /// The length in bytes.
        length: u16,
        /// The maximum in bytes.
        maximum: u16,
    },
    /// UTF-16 of an odd number of bytes.
    OddLength {
        /// How many.
        len: usize,
    },
    /// Half of a surrogate pair.
    UnpairedSurrogate {
        /// The half that is there.
        unit: u16,
    },
    /// A NUL in a name: other programs would take it for a shorter one.
    Nul,
    /// A SID of another revision than 1.
    SidRevision {
        /// The revision.
        seen: u8,
    },
    /// A SID with more than [`MAX_SUB_AUTHORITIES`] parts.
    SidLength {
        /// How many parts it states.
        seen: u8,
    },
    /// Groups of a domain whose SID has no room for one more part.
    SidFull,
    /// A field that is said to lie within the header or behind the end of its buffer.
    FieldOutOfBounds {
        /// Where it begins, in bytes from the start of the buffer.
        start: usize,
        /// Its length in bytes.
        len: usize,
        /// The buffer's size in bytes.
        size: usize,
    },
    /// A number of flag bits that the buffer does not hold, or holds more than.
    FlagBits {
        /// How many it states.
        bits: u32,
        /// Bytes of flags.
        available: usize,
    },
    /// A signature of a type that is unknown or has no key.
    SignatureType {
        /// The type.
        seen: ChecksumType,
    },
}

impl PacErrorKind {
    pub(crate) const fn at(self, field: &'static str, offset: usize) -> PacError {
        PacError { kind: self, field, offset }
    }
}

impl PacError {
    pub(crate) const fn from_reader(error: ParseError, field: &'static str) -> Self {
        let kind = match error.kind {
            ParseErrorKind::Truncated { needed, available } => PacErrorKind::Truncated { needed, available },
            ParseErrorKind::TrailingData { excess } => PacErrorKind::TrailingData { excess },
            // The other kinds come from DER, which is not read here.
            _ => PacErrorKind::Truncated { needed: 0, available: 0 },
        };
        Self { kind, field, offset: error.offset }
    }
}

impl Diagnose for PacError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self.kind {
            PacErrorKind::TooLong { .. } => "pac_too_long",
            PacErrorKind::Truncated { .. } => "pac_truncated",
            PacErrorKind::TrailingData { .. } => "pac_trailing_data",
            PacErrorKind::Version { .. } => "pac_version",
            PacErrorKind::BufferCount { .. } => "pac_buffer_count",
            PacErrorKind::Misaligned { .. } => "pac_misaligned",
            PacErrorKind::OutOfBounds { .. } => "pac_out_of_bounds",
            PacErrorKind::Overlap { .. } => "pac_overlap",
            PacErrorKind::Duplicate { .. } => "pac_duplicate",
            PacErrorKind::NdrVersion { .. } => "pac_ndr_version",
            PacErrorKind::NdrByteOrder { .. } => "pac_ndr_byte_order",
            PacErrorKind::NdrHeaderLength { .. } => "pac_ndr_header_length",
            PacErrorKind::NdrObjectLength { .. } => "pac_ndr_object_length",
            PacErrorKind::NullPointer => "pac_null_pointer",
            PacErrorKind::MaxCount { .. } => "pac_max_count",
            PacErrorKind::ArrayOffset { .. } => "pac_array_offset",
            PacErrorKind::ActualCount { .. } => "pac_actual_count",
            PacErrorKind::CountTooLarge { .. } => "pac_count_too_large",
            PacErrorKind::LengthAboveMaximum { .. } => "pac_length_above_maximum",
            PacErrorKind::OddLength { .. } => "pac_odd_length",
            PacErrorKind::UnpairedSurrogate { .. } => "pac_unpaired_surrogate",
            PacErrorKind::Nul => "pac_nul",
            PacErrorKind::SidRevision { .. } => "pac_sid_revision",
            PacErrorKind::SidLength { .. } => "pac_sid_length",
            PacErrorKind::SidFull => "pac_sid_full",
            PacErrorKind::FieldOutOfBounds { .. } => "pac_field_out_of_bounds",
            PacErrorKind::FlagBits { .. } => "pac_flag_bits",
            PacErrorKind::SignatureType { .. } => "pac_signature_type",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}

impl fmt::Display for PacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PAC, {}: {} at byte {}", self.field, self.kind, self.offset)
    }
}

impl core::error::Error for PacError {}

impl fmt::Display for PacErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(f, "{len} bytes, expected at most {MAX_PAC_LEN}"),
            Self::Truncated { needed, available } => {
                write!(f, "expected {needed} bytes, {available} left")
            }
            Self::TrailingData { excess } => write!(f, "{excess} bytes more than expected"),
            Self::Version { seen } => write!(f, "version {seen}, expected 0"),
            Self::BufferCount { seen } => write!(f, "{seen} buffers, expected 1 to {MAX_BUFFERS}"),
            Self::Misaligned { buffer_type, start } => {
                write!(f, "{buffer_type} at offset {start}, expected a multiple of 8")
            }
            Self::OutOfBounds { buffer_type, start, size } => {
                write!(
                    f,
                    "{buffer_type} of {size} bytes at offset {start} is not behind the table and inside"
                )
            }
            Self::Overlap { one, other } => write!(f, "{one} and {other} share bytes"),
            Self::Duplicate { buffer_type } => write!(f, "a second {buffer_type}, expected one"),
            Self::NdrVersion { seen } => write!(f, "version {seen} of type serialization, expected 1"),
            Self::NdrByteOrder { seen } => write!(f, "byte order {seen:#04x}, expected 0x10 (little-endian)"),
            Self::NdrHeaderLength { seen } => write!(f, "header of {seen} bytes, expected 8"),
            Self::NdrObjectLength { seen, available } => {
                write!(
                    f,
                    "object of {seen} bytes, expected a multiple of 8 and the {available} bytes there are"
                )
            }
            Self::NullPointer => f.write_str("null pointer, expected something"),
            Self::MaxCount { seen, expected } => write!(f, "maximum count {seen}, expected {expected}"),
            Self::ArrayOffset { seen } => write!(f, "array begins at element {seen}, expected 0"),
            Self::ActualCount { seen, expected } => write!(f, "count {seen}, expected {expected}"),
            Self::CountTooLarge { count, possible } => {
                write!(f, "count {count}, expected at most {possible}")
            }
            Self::LengthAboveMaximum { length, maximum } => {
                write!(f, "length {length}, expected at most the maximum length {maximum}")
            }
            Self::OddLength { len } => write!(f, "{len} bytes of UTF-16, expected an even number"),
            Self::UnpairedSurrogate { unit } => write!(f, "unit {unit:#06x} without its other half"),
            Self::Nul => f.write_str("NUL inside a name"),
            Self::SidRevision { seen } => write!(f, "SID of revision {seen}, expected 1"),
            Self::SidLength { seen } => {
                write!(f, "SID of {seen} parts, expected at most {MAX_SUB_AUTHORITIES}")
            }
            Self::SidFull => {
                write!(f, "domain SID of {MAX_SUB_AUTHORITIES} parts has no room for the number of a group")
            }
            Self::FieldOutOfBounds { start, len, size } => {
                write!(
                    f,
                    "{len} bytes at {start} are not behind the header and inside the {size} bytes there are"
                )
            }
            Self::FlagBits { bits, available } => {
                write!(f, "{bits} flag bits do not fill the {available} bytes there are")
            }
            Self::SignatureType { seen } => write!(f, "{seen}, expected a known type with a key"),
        }
    }
}
