use crate::legs::TokenError;
use core::fmt;

/// A parameter cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamError {
    /// Its name.
    pub param: &'static str,
    /// The rule it breaks.
    pub kind: ParamErrorKind,
}

/// The rule that a parameter breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamErrorKind {
    /// It is not base64, or too long.
    Base64(TokenError),
    /// It has no content.
    Empty,
    /// It is missing, and others that are there need it.
    Missing,
    /// It is there beside others that exclude it.
    Misplaced,
    /// It has a byte that is not ASCII.
    NotAscii,
    /// It is no id of a context.
    NotAnId,
    /// It is no number from 1 to 2^53 - 1, in digits without zeros in front.
    NotANonce,
    /// It is none of the words that it can be.
    UnknownWord,
}

impl ParamError {
    pub(super) const fn missing(param: &'static str) -> Self {
        Self { param, kind: ParamErrorKind::Missing }
    }

    pub(super) const fn misplaced(param: &'static str) -> Self {
        Self { param, kind: ParamErrorKind::Misplaced }
    }

    /// The rule as one stable word in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.kind {
            ParamErrorKind::Base64(error) => error.code(),
            ParamErrorKind::Empty => "gss_param_empty",
            ParamErrorKind::Missing => "gss_param_missing",
            ParamErrorKind::Misplaced => "gss_param_misplaced",
            ParamErrorKind::NotAscii => "gss_param_not_ascii",
            ParamErrorKind::NotAnId => "gss_param_not_an_id",
            ParamErrorKind::NotANonce => "gss_param_not_a_nonce",
            ParamErrorKind::UnknownWord => "gss_param_unknown_word",
        }
    }
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {}", self.param)?;
        match &self.kind {
            ParamErrorKind::Base64(error) => write!(f, ": {error}"),
            ParamErrorKind::Empty => f.write_str(" is empty, expected base64"),
            ParamErrorKind::Missing => f.write_str(" is missing, and the others need it"),
            ParamErrorKind::Misplaced => f.write_str(" is there beside others that exclude it"),
            ParamErrorKind::NotAscii => f.write_str(" has bytes that are not ASCII"),
            ParamErrorKind::NotAnId => write!(f, ": {}", crate::gss::ContextIdError),
            ParamErrorKind::NotANonce => {
                f.write_str(" is no number from 1 to 9007199254740991 without zeros in front")
            }
            ParamErrorKind::UnknownWord => f.write_str(" is none of the words it can be"),
        }
    }
}

impl core::error::Error for ParamError {}
