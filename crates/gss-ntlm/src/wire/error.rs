use super::av::AvError;
use super::fields::Field;
use super::flags::NegotiateFlags;
use super::text::{Charset, TextError};
use super::{AvId, MessageType, SIGNATURE};
use core::fmt;
use gss_core::reader::ParseError;
use gss_core::{Blame, Diagnose, MajorStatus, SinkFull};

/// Bytes that are not a message of NTLM: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The message ends within its header.
    Header(ParseError),
    /// The message does not begin with [`SIGNATURE`].
    Signature {
        /// What it begins with.
        found: [u8; 8],
    },
    /// A message of a type that does not exist.
    UnknownType {
        /// The type.
        found: u32,
    },
    /// Another message than the one that is due.
    OtherType {
        /// The message that is due.
        expected: MessageType,
        /// The message that came.
        found: MessageType,
    },
    /// Neither UTF-16 nor a code page is named, so that names cannot be read (MS-NLMP section 2.2.2.5).
    NoCharset {
        /// The flags of the message.
        flags: NegotiateFlags,
    },
    /// A field that reaches back into the header.
    FieldInHeader {
        /// The field.
        field: Field,
        /// Where it is said to lie.
        offset: u32,
        /// Where the header ends.
        header_len: usize,
    },
    /// A field that reaches beyond the end of the message.
    FieldOutside {
        /// The field.
        field: Field,
        /// Where it is said to lie.
        offset: u32,
        /// Its length in bytes.
        len: u16,
        /// Length of the message in bytes.
        message_len: usize,
    },
    /// A name that cannot be read.
    Text {
        /// The field that has it.
        field: Field,
        /// What is wrong with it.
        error: TextError,
    },
    /// The attributes of the server are broken.
    TargetInfo(AvError),
}

impl From<ParseError> for WireError {
    fn from(error: ParseError) -> Self {
        Self::Header(error)
    }
}

impl From<AvError> for WireError {
    fn from(error: AvError) -> Self {
        Self::TargetInfo(error)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NTLM message: ")?;
        match self {
            Self::Header(error) => write!(f, "header {error}"),
            Self::Signature { found } => write!(
                f,
                "begins with \"{}\" where \"{}\" was expected",
                found.escape_ascii(),
                SIGNATURE.escape_ascii()
            ),
            Self::UnknownType { found } => write!(f, "type {found} where 1, 2 or 3 was expected"),
            Self::OtherType { expected, found } => write!(f, "{found} where {expected} was expected"),
            Self::NoCharset { flags } => {
                write!(f, "flags {flags} name neither unicode nor oem, so that names cannot be read")
            }
            Self::FieldInHeader { field, offset, header_len } => {
                write!(f, "{field} at byte {offset} reaches into the header of {header_len} bytes")
            }
            Self::FieldOutside { field, offset, len, message_len } => {
                write!(
                    f,
                    "{field} of {len} bytes at byte {offset} reaches beyond the message of {message_len} bytes"
                )
            }
            Self::Text { field, error } => write!(f, "{field}: {error}"),
            Self::TargetInfo(error) => write!(f, "{}: {error}", Field::TargetInfo),
        }
    }
}

impl core::error::Error for WireError {}

impl Diagnose for WireError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Header(_) => "ntlm_truncated_header",
            Self::Signature { .. } => "ntlm_signature",
            Self::UnknownType { .. } => "ntlm_unknown_message_type",
            Self::OtherType { .. } => "ntlm_other_message_type",
            Self::NoCharset { .. } => "ntlm_no_charset",
            Self::FieldInHeader { .. } => "ntlm_field_in_header",
            Self::FieldOutside { .. } => "ntlm_field_outside_message",
            Self::Text { error, .. } => error.code(),
            Self::TargetInfo(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}

/// A message that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The message does not fit into the output.
    Output(SinkFull),
    /// A field longer than 65,535 bytes, the most its length can say.
    FieldTooLong {
        /// Where the header names the field, in bytes from its start.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// The value of an attribute longer than 65,535 bytes, the most its length can say.
    ValueTooLong {
        /// The attribute.
        id: AvId,
        /// Length of its value in bytes.
        len: usize,
    },
    /// A field begins 2^32 bytes or more behind the start of the message.
    MessageTooLong {
        /// Where it begins.
        len: usize,
    },
    /// Something does not fit in the header.
    OutsideHeader {
        /// Where it would lie.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// A name in another charset than that of the message.
    Charset {
        /// The field that has the name.
        field: Field,
        /// The name's charset.
        found: Charset,
        /// The charset that the message's flags name.
        expected: Charset,
    },
    /// The flags name no charset.
    NoCharset {
        /// The flags of the message.
        flags: NegotiateFlags,
    },
    /// A NUL in a name, which readers refuse.
    Nul,
    /// An AUTHENTICATE without flags has no place for a session key, a version or a MIC.
    FlagsMissing,
}

impl From<SinkFull> for WriteError {
    fn from(error: SinkFull) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NTLM message: ")?;
        match self {
            Self::Output(error) => error.fmt(f),
            Self::FieldTooLong { at, len } => {
                write!(f, "field at byte {at} of the header has {len} bytes, at most 65535 can be sent")
            }
            Self::ValueTooLong { id, len } => {
                write!(f, "attribute {id} of {len} bytes, at most 65535 can be sent")
            }
            Self::MessageTooLong { len } => write!(f, "{len} bytes, at most 4294967295 can be sent"),
            Self::OutsideHeader { at, len } => write!(f, "no room for {len} bytes at byte {at}"),
            Self::Charset { field, found, expected } => {
                write!(f, "{field} is written in {found:?} where the flags say {expected:?}")
            }
            Self::NoCharset { flags } => {
                write!(f, "flags {flags} name neither unicode nor oem; set unicode")
            }
            Self::Nul => f.write_str("NUL in a name; leave it out"),
            Self::FlagsMissing => f.write_str("session key, version and MIC need flags; set them"),
        }
    }
}

impl core::error::Error for WriteError {}

impl Diagnose for WriteError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Output(_) => "output_too_small",
            Self::FieldTooLong { .. } => "ntlm_field_too_long",
            Self::ValueTooLong { .. } => "ntlm_attribute_too_long",
            Self::MessageTooLong { .. } => "ntlm_message_too_long",
            Self::OutsideHeader { .. } => "ntlm_outside_header",
            Self::Charset { .. } => "ntlm_charset_mismatch",
            Self::NoCharset { .. } => "ntlm_no_charset",
            Self::Nul => "ntlm_nul_in_name",
            Self::FlagsMissing => "ntlm_flags_missing",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}
