//! Why bytes were refused, and where.

use core::fmt;

use der::{Length, Tag};

use crate::MessageType;

/// A message that could not be decoded: the rule it broke and the byte offset at which that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    position: Option<Length>,
}

/// The rule that a message broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Not DER, or a DER value of another type than the one expected here.
    Der(der::ErrorKind),
    /// A mandatory field is missing, or another field stands in its place.
    MissingField {
        /// The message or SEQUENCE type.
        message: &'static str,
        /// The field's name.
        field: &'static str,
        /// The field's context tag number.
        tag: u32,
    },
    /// A CHOICE carries an alternative that is not known.
    UnknownAlternative {
        /// The CHOICE type.
        message: &'static str,
        /// The tag of the alternative.
        seen: Tag,
    },
    /// `pvno`, `tkt-vno` or `authenticator-vno` is not 5 (`KRB_AP_ERR_BADVERSION`).
    Version {
        /// The version that the message claims.
        seen: i32,
    },
    /// `msg-type` contradicts the message's tag (`KRB_AP_ERR_MSG_TYPE`).
    MessageType {
        /// The type that the message claims.
        seen: MessageType,
        /// The type that belongs to its tag.
        expected: MessageType,
    },
    /// A KerberosTime is not exactly `YYYYMMDDhhmmssZ` (RFC 4120 section 5.2.3).
    Time,
    /// A Microseconds value outside 0 to 999999 (RFC 4120 section 5.2.4).
    Microseconds {
        /// The value that the message carries.
        seen: i64,
    },
    /// An integer outside the 32 bits that the field can hold.
    IntegerRange,
    /// A SEQUENCE OF with more elements than [`MAX_ELEMENTS`](crate::MAX_ELEMENTS).
    TooManyElements,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, position: Length) -> Self {
        Self { kind, position: Some(position) }
    }

    /// Keeps the position that the error has; sets this one if it has none.
    pub(crate) fn or_at(self, position: Length) -> Self {
        Self { position: self.position.or(Some(position)), ..self }
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Offset in bytes from the start of the input, where known.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        usize::try_from(self.position?).ok()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.position {
            Some(position) => write!(f, " at byte {position}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(kind) => kind.fmt(f),
            Self::MissingField { message, field, tag } => {
                write!(f, "{message} lacks its field {field} [{tag}]")
            }
            Self::UnknownAlternative { message, seen } => {
                write!(f, "{message} has no alternative with the tag {seen}")
            }
            Self::Version { seen } => write!(f, "protocol version {seen}, expected 5"),
            Self::MessageType { seen, expected } => write!(f, "message type {seen}, expected {expected}"),
            Self::Time => f.write_str("time is not of the form YYYYMMDDhhmmssZ"),
            Self::Microseconds { seen } => write!(f, "microseconds {seen}, expected 0 to 999999"),
            Self::IntegerRange => f.write_str("integer does not fit in 32 bits"),
            Self::TooManyElements => write!(f, "more than {} elements in a list", crate::MAX_ELEMENTS),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<der::Error> for DecodeError {
    fn from(error: der::Error) -> Self {
        Self { kind: DecodeErrorKind::Der(error.kind()), position: error.position() }
    }
}
