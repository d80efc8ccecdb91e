use super::{MAX_EXTENSIONS, MAX_MECH_LIST_LEN, MAX_MECH_TYPES, MAX_REQ_FLAGS_LEN};
use core::fmt;
use gss_core::Oid;
use gss_core::framing::FrameError;
use gss_core::reader::ParseError;

/// Bytes that are not a token of SPNEGO: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// Tags or lengths are not those of the grammar, or not DER.
    Der(ParseError),
    /// The framing of RFC 2743 is broken.
    Frame(FrameError),
    /// The token is framed for another mechanism than SPNEGO.
    OtherMechanism {
        /// The mechanism in the frame.
        found: Oid,
    },
    /// Neither a `NegTokenInit` nor a `NegTokenResp`.
    Choice {
        /// The identifier octet that is there.
        found: u8,
        /// Where, in bytes from the start of the token.
        offset: usize,
    },
    /// A known field out of order, or a second time.
    FieldOrder {
        /// The field's number.
        number: u8,
        /// Where, in bytes from the start of the token.
        offset: usize,
    },
    /// A MIC both in field `[3]` and in field `[4]`.
    TwoMics {
        /// Where the second one lies, in bytes from the start of the token.
        offset: usize,
    },
    /// More unknown fields than [`MAX_EXTENSIONS`].
    TooManyExtensions {
        /// Where the first one too many lies, in bytes from the start of the token.
        offset: usize,
    },
    /// A list of mechanisms without any.
    EmptyMechList {
        /// Where the list lies, in bytes from the start of the token.
        offset: usize,
    },
    /// More mechanisms than [`MAX_MECH_TYPES`].
    TooManyMechTypes {
        /// Where the first one too many lies, in bytes from the start of the token.
        offset: usize,
    },
    /// A list of mechanisms longer than [`MAX_MECH_LIST_LEN`].
    MechListTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// An object identifier that is not one.
    Oid {
        /// Where its content lies, in bytes from the start of the token.
        offset: usize,
    },
    /// A `reqFlags` that is not a bit string of at most [`MAX_REQ_FLAGS_LEN`] bytes.
    ReqFlags {
        /// Where its content lies, in bytes from the start of the token.
        offset: usize,
    },
    /// A `negState` that is not one octet.
    StateLength {
        /// How many octets it has.
        len: usize,
        /// Where its content lies, in bytes from the start of the token.
        offset: usize,
    },
}

impl From<ParseError> for WireError {
    fn from(error: ParseError) -> Self {
        Self::Der(error)
    }
}

impl From<FrameError> for WireError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl WireError {
    /// The broken rule as one stable word in snake case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Der(_) => "malformed_token",
            Self::Frame(_) => "malformed_frame",
            Self::OtherMechanism { .. } => "framed_for_other_mechanism",
            Self::Choice { .. } => "unknown_token",
            Self::FieldOrder { .. } => "field_order",
            Self::TwoMics { .. } => "two_mics",
            Self::TooManyExtensions { .. } => "too_many_extensions",
            Self::EmptyMechList { .. } => "empty_mech_list",
            Self::TooManyMechTypes { .. } => "too_many_mechanisms",
            Self::MechListTooLong { .. } => "mech_list_too_long",
            Self::Oid { .. } => "malformed_oid",
            Self::ReqFlags { .. } => "malformed_req_flags",
            Self::StateLength { .. } => "malformed_state",
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SPNEGO token: ")?;
        match self {
            Self::Der(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::OtherMechanism { found } => write!(f, "framed for mechanism {found}"),
            Self::Choice { found, offset } => {
                write!(f, "tag {found:#04x} at byte {offset} begins neither NegTokenInit nor NegTokenResp")
            }
            Self::FieldOrder { number, offset } => {
                write!(f, "field [{number}] at byte {offset} is out of order or there twice")
            }
            Self::TwoMics { offset } => write!(f, "a second mechListMIC at byte {offset}"),
            Self::TooManyExtensions { offset } => {
                write!(f, "more than {MAX_EXTENSIONS} unknown fields at byte {offset}")
            }
            Self::EmptyMechList { offset } => write!(f, "list of mechanisms at byte {offset} is empty"),
            Self::TooManyMechTypes { offset } => {
                write!(f, "more than {MAX_MECH_TYPES} mechanisms at byte {offset}")
            }
            Self::MechListTooLong { len } => {
                write!(f, "list of mechanisms has {len} bytes, at most {MAX_MECH_LIST_LEN} are taken")
            }
            Self::Oid { offset } => write!(f, "invalid object identifier at byte {offset}"),
            Self::ReqFlags { offset } => {
                write!(f, "reqFlags at byte {offset} is no bit string of at most {MAX_REQ_FLAGS_LEN} bytes")
            }
            Self::StateLength { len, offset } => {
                write!(f, "negState at byte {offset} has {len} octets where 1 was expected")
            }
        }
    }
}

impl core::error::Error for WireError {}
