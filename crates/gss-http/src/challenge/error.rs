use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};

/// A field value that breaks the grammar of RFC 9110 section 11, or a limit of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field line, counted from 0 in the order given.
    pub line: usize,
    /// The byte within that line's value, counted from 0.
    pub offset: usize,
    /// The rule.
    pub kind: FieldErrorKind,
}

/// The rule that a field value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorKind {
    /// A parameter occurs twice in one challenge (RFC 9110 section 11.2). Names ignore case.
    DuplicateParam,
    /// The value is empty where credentials have to be.
    Empty,
    /// All lines together exceed [`MAX_FIELD_BYTES`](super::MAX_FIELD_BYTES).
    FieldTooLong {
        /// Bytes seen so far, the offending line included.
        found: usize,
    },
    /// A parameter's name is followed by `=`, but no value follows.
    MissingValue,
    /// `Authorization` holds one set of credentials (RFC 9110 section 11.6.2); something follows it.
    NotAList,
    /// A parameter in front of the first scheme.
    ParamWithoutScheme,
    /// `Authorization` occurs on several field lines (RFC 9110 section 5.3: only lists may).
    RepeatedField,
    /// Token68 data and parameters, or two pieces of token68 data, in one challenge.
    Token68Mixed,
    /// Token68 data in front of the first scheme.
    Token68WithoutScheme,
    /// More than [`MAX_CHALLENGES`](super::MAX_CHALLENGES) challenges.
    TooManyChallenges,
    /// More than [`MAX_PARAMS`](super::MAX_PARAMS) parameters in one challenge.
    TooManyParams,
    /// A quoted string is not closed before the value ends.
    UnclosedQuote,
    /// A byte that the grammar does not have here.
    UnexpectedByte {
        /// The byte.
        found: u8,
        /// What may be here.
        expected: &'static str,
    },
}

impl Diagnose for FieldError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self.kind {
            FieldErrorKind::DuplicateParam => "duplicate_param",
            FieldErrorKind::Empty => "empty_field",
            FieldErrorKind::FieldTooLong { .. } => "field_too_long",
            FieldErrorKind::MissingValue => "missing_value",
            FieldErrorKind::NotAList => "not_a_list",
            FieldErrorKind::ParamWithoutScheme => "param_without_scheme",
            FieldErrorKind::RepeatedField => "repeated_field",
            FieldErrorKind::Token68Mixed => "token68_mixed",
            FieldErrorKind::Token68WithoutScheme => "token68_without_scheme",
            FieldErrorKind::TooManyChallenges => "too_many_challenges",
            FieldErrorKind::TooManyParams => "too_many_params",
            FieldErrorKind::UnclosedQuote => "unclosed_quote",
            FieldErrorKind::UnexpectedByte { .. } => "unexpected_byte",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FieldErrorKind::DuplicateParam => f.write_str("parameter occurs twice in one challenge"),
            FieldErrorKind::Empty => f.write_str("value is empty, expected a scheme"),
            FieldErrorKind::FieldTooLong { found } => {
                write!(f, "field is {found} bytes long, at most {} are taken", super::MAX_FIELD_BYTES)
            }
            FieldErrorKind::MissingValue => f.write_str("parameter has no value, expected a token or quotes"),
            FieldErrorKind::NotAList => f.write_str("more than one set of credentials"),
            FieldErrorKind::ParamWithoutScheme => f.write_str("parameter in front of the first scheme"),
            FieldErrorKind::RepeatedField => f.write_str("field occurs twice, expected one line"),
            FieldErrorKind::Token68Mixed => f.write_str("token68 data does not stand alone in its challenge"),
            FieldErrorKind::Token68WithoutScheme => f.write_str("token68 data in front of the first scheme"),
            FieldErrorKind::TooManyChallenges => {
                write!(f, "more than {} challenges", super::MAX_CHALLENGES)
            }
            FieldErrorKind::TooManyParams => {
                write!(f, "more than {} parameters in one challenge", super::MAX_PARAMS)
            }
            FieldErrorKind::UnclosedQuote => f.write_str("quoted string is not closed"),
            FieldErrorKind::UnexpectedByte { found, expected } => {
                write!(f, "'{}' where {expected} was expected", found.escape_ascii())
            }
        }?;
        write!(f, " (field line {}, byte {})", self.line, self.offset)
    }
}

impl core::error::Error for FieldError {}
