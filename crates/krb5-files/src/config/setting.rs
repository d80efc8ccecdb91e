//! A value that counts, and why it is that one.

use alloc::string::{String, ToString};
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};

use super::{Found, Place};

/// A value in effect and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<'a, T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// What a file says here that MIT krb5 ignores in silence, wholly or in part.
    pub ignored: Option<Ignored<'a>>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// No file has it, or none that is readable: the default.
    Default,
    /// A line of a file.
    Line(Place<'a>),
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line(place) => place.fmt(f),
        }
    }
}

/// Text that has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignored<'a> {
    /// The text.
    pub text: &'a str,
    /// Where it stands.
    pub place: Place<'a>,
    /// What would have had an effect.
    pub expected: &'static str,
}

impl fmt::Display for Ignored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ignored {:?}, expected {}", self.place, self.text, self.expected)
    }
}

impl<'a, T> Setting<'a, T> {
    pub(super) const fn default(value: T) -> Self {
        Self { value, origin: Origin::Default, ignored: None }
    }

    pub(super) const fn found(value: T, found: Found<'a>) -> Self {
        Self { value, origin: Origin::Line(found.place), ignored: None }
    }

    pub(super) fn with_ignored(self, text: &'a str, place: Place<'a>, expected: &'static str) -> Self {
        let ignored = if text.is_empty() { None } else { Some(Ignored { text, place, expected }) };
        Self { ignored, ..self }
    }

    /// Another value from the same place.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<'a, U> {
        Setting { value: change(self.value), origin: self.origin, ignored: self.ignored }
    }
}

/// `VALUE from FILE:LINE`, or `VALUE (default)`.
impl<T: fmt::Display> fmt::Display for Setting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Default => write!(f, "{} (default)", self.value),
            Origin::Line(place) => write!(f, "{} from {place}", self.value),
        }
    }
}

/// A value that MIT krb5 would refuse as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The relation's name.
    pub name: String,
    /// The value.
    pub text: String,
    /// The file's name.
    pub file: String,
    /// The line, counted from 1; 0 for what no parser read.
    pub line: u32,
    /// The rule that was broken.
    pub kind: ValueErrorKind,
}

/// The rules that a value can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// Not `true` or `false` or one of their synonyms.
    Boolean,
    /// Neither a boolean nor `fallback`.
    BooleanOrFallback,
    /// Not a whole number of 32 bits.
    Integer,
    /// Not a duration of 32 bits of seconds.
    Duration,
    /// No encryption type is left.
    NoEnctype,
    /// No known group is named.
    NoGroup,
    /// A server without a host name.
    NoHost,
    /// A server whose port is no number up to 65535.
    Port,
}

impl ValueError {
    pub(super) fn new(name: &str, found: Found<'_>, kind: ValueErrorKind) -> Self {
        let Found { value, place, .. } = found;
        let (text, file) = (value.to_string(), place.file.to_string());
        Self { name: name.to_string(), text, file, line: place.line, kind }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place { file: &self.file, line: self.line };
        write!(
            f,
            "{place}: {} = {:?}, expected {}",
            self.name,
            self.text,
            match self.kind {
                ValueErrorKind::Boolean => "true or false",
                ValueErrorKind::BooleanOrFallback => "true, false or fallback",
                ValueErrorKind::Integer => "a whole number of 32 bits",
                ValueErrorKind::Duration => DURATION,
                ValueErrorKind::NoEnctype =>
                    "an encryption type that is known and not weak, as aes256-cts-hmac-sha1-96",
                ValueErrorKind::NoGroup => "a SPAKE group, as edwards25519",
                ValueErrorKind::NoHost => "a host name or an address; IPv6 addresses need brackets",
                ValueErrorKind::Port =>
                    "a port from 0 to 65535 after the colon; IPv6 addresses need brackets",
            }
        )
    }
}

pub(super) const DURATION: &str = "a duration as 10h, 1d12h, 36:00 or seconds";

impl core::error::Error for ValueError {}

impl Diagnose for ValueError {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        match self.kind {
            ValueErrorKind::Boolean => "config_not_boolean",
            ValueErrorKind::BooleanOrFallback => "config_not_boolean_or_fallback",
            ValueErrorKind::Integer => "config_not_integer",
            ValueErrorKind::Duration => "config_not_duration",
            ValueErrorKind::NoEnctype => "config_no_enctype",
            ValueErrorKind::NoGroup => "config_no_group",
            ValueErrorKind::NoHost => "config_no_host",
            ValueErrorKind::Port => "config_port",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}
