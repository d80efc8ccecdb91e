//! Why a file was refused, and where; why a value cannot be written.

use core::fmt;

/// A file that breaks its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// Where, in bytes from the start of the file.
    pub offset: usize,
    /// The field that was being read.
    pub field: &'static str,
    /// The rule that was broken.
    pub kind: FormatErrorKind,
}

/// The rules that a file can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// The file, or the record around the field, ends too early.
    Truncated {
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// The first byte is not 5, so this is another kind of file.
    NotThisFormat {
        /// The first byte.
        seen: u8,
    },
    /// A version of the format that does not exist.
    UnknownVersion {
        /// The version number in the file.
        seen: u8,
        /// The highest version that exists; 1 is the lowest.
        highest: u8,
    },
    /// A count that the bytes left cannot hold, or over [`krb5_asn1::MAX_ELEMENTS`] components in a principal.
    CountTooLarge {
        /// The count in the file.
        count: u32,
        /// The largest count possible here.
        possible: usize,
    },
    /// Version 1 counts the realm among the components, so the count cannot be 0.
    NoRealm,
    /// Bytes after the last field of something that states its length.
    TrailingData {
        /// How many bytes are left over.
        excess: usize,
    },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        match self.kind {
            FormatErrorKind::Truncated { needed, available } => {
                write!(f, "expected {needed} bytes, {available} left")?;
            }
            FormatErrorKind::NotThisFormat { seen } => write!(f, "first byte {seen:#04x}, expected 0x05")?,
            FormatErrorKind::UnknownVersion { seen, highest } => {
                write!(f, "version {seen}, expected 1 to {highest}")?;
            }
            FormatErrorKind::CountTooLarge { count, possible } => {
                write!(f, "count {count}, expected at most {possible}")?;
            }
            FormatErrorKind::NoRealm => f.write_str("count 0, expected at least 1 for the realm")?,
            FormatErrorKind::TrailingData { excess } => write!(f, "{excess} bytes more than expected")?,
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for FormatError {}

/// A value that its format has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// Longer than its length field can say.
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length or count.
        len: usize,
    },
    /// A type number outside the 16 bits that it has in a file.
    Type {
        /// What it is the type of.
        field: &'static str,
        /// The number.
        seen: i32,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { field, len } => write!(f, "{field} of {len} does not fit its length field"),
            Self::Type { field, seen } => write!(f, "{field} type {seen}, expected one of 16 bits"),
        }
    }
}

impl core::error::Error for WriteError {}
