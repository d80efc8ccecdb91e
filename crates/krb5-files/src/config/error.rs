//! Why a configuration was refused, and what was ignored in one that was not.

use alloc::string::String;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};

use super::{
    Place, SourceError,
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_LINE, MAX_SIZE},
};

/// A file that MIT krb5 would refuse as well, or that exceeds a limit of this reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name, as it was given or included.
    pub file: String,
    /// The line, counted from 1; 0 where the file as a whole is at fault.
    pub line: u32,
    /// The rule that was broken.
    pub kind: ConfigErrorKind,
}

/// The rules that a file can break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The file cannot be read.
    Unreadable(SourceError),
    /// None of the files of the list exists.
    NoFile,
    /// An included file or directory cannot be read.
    Include {
        /// Its path.
        path: String,
        /// Why.
        error: SourceError,
    },
    /// A file includes itself, directly or through others.
    IncludeLoop {
        /// The path that is open already.
        path: String,
    },
    /// Includes deeper than [`MAX_INCLUDE_DEPTH`].
    IncludeTooDeep,
    /// More than [`MAX_FILES`] files.
    TooManyFiles,
    /// More than [`MAX_SIZE`] bytes in all.
    TooLarge,
    /// More than [`MAX_ENTRIES`] sections and relations.
    TooManyEntries,
    /// Subsections deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A line longer than [`MAX_LINE`]. MIT krb5 would read it as several.
    LineTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A `module` line in a file that is not the first.
    ModuleNotFirst,
    /// `[` while a subsection is open.
    SectionInside,
    /// `[` without `]`.
    NoBracket,
    /// Something but `*` and blanks after `]`; comments count.
    TextAfterBracket {
        /// What stands there.
        text: String,
    },
    /// `}` without an open subsection.
    NothingToClose,
    /// A line without `=`.
    NoEquals {
        /// The line.
        text: String,
    },
    /// Nothing before the `=`.
    NoName,
    /// Blanks within a name.
    BlankInName {
        /// What stands before the `=`.
        name: String,
    },
    /// Nothing after the `=`, and the next line does not begin with `{`.
    NoValue {
        /// What the next line begins with.
        seen: String,
    },
}

impl fmt::Display for ConfigErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::NoFile => f.write_str("none of the configuration files exists"),
            Self::Include { path, error } => write!(f, "cannot include {path:?}: {error}"),
            Self::IncludeLoop { path } => write!(f, "{path:?} includes itself; take the line out"),
            Self::IncludeTooDeep => write!(f, "includes are nested deeper than {MAX_INCLUDE_DEPTH}"),
            Self::TooManyFiles => write!(f, "more than {MAX_FILES} files are included"),
            Self::TooLarge => write!(f, "more than {MAX_SIZE} bytes of configuration"),
            Self::TooManyEntries => write!(f, "more than {MAX_ENTRIES} sections and relations"),
            Self::TooDeep => write!(f, "subsections are nested deeper than {MAX_DEPTH}"),
            Self::LineTooLong { length } => {
                write!(
                    f,
                    "line of {length} bytes, expected at most {MAX_LINE}; break it into several relations"
                )
            }
            Self::ModuleNotFirst => f.write_str("module line, expected in the first file only"),
            Self::SectionInside => f.write_str("'[' inside a subsection, expected '}' before it"),
            Self::NoBracket => f.write_str("section name without ']'"),
            Self::TextAfterBracket { text } => {
                write!(f, "{text:?} after ']', expected the end of the line; comments need their own line")
            }
            Self::NothingToClose => f.write_str("'}' without an open '{'"),
            Self::NoEquals { text } => write!(f, "{text:?}, expected name = value"),
            Self::NoName => f.write_str("no name before '='"),
            Self::BlankInName { name } => write!(f, "blanks within the name {name:?}"),
            Self::NoValue { seen } => write!(
                f,
                "no value after '=': expected '{{' at the start of the next line, seen {seen:?}; write \"\" for an empty value"
            ),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Place { file: &self.file, line: self.line }, self.kind)
    }
}

impl core::error::Error for ConfigError {}

impl Diagnose for ConfigError {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        match self.kind {
            ConfigErrorKind::Unreadable(_) => "config_unreadable",
            ConfigErrorKind::NoFile => "config_no_file",
            ConfigErrorKind::Include { .. } => "config_include",
            ConfigErrorKind::IncludeLoop { .. } => "config_include_loop",
            ConfigErrorKind::IncludeTooDeep => "config_include_too_deep",
            ConfigErrorKind::TooManyFiles => "config_too_many_files",
            ConfigErrorKind::TooLarge => "config_too_large",
            ConfigErrorKind::TooManyEntries => "config_too_many_entries",
            ConfigErrorKind::TooDeep => "config_too_deep",
            ConfigErrorKind::LineTooLong { .. } => "config_line_too_long",
            ConfigErrorKind::ModuleNotFirst => "config_module_not_first",
            ConfigErrorKind::SectionInside => "config_section_inside",
            ConfigErrorKind::NoBracket => "config_no_bracket",
            ConfigErrorKind::TextAfterBracket { .. } => "config_text_after_bracket",
            ConfigErrorKind::NothingToClose => "config_nothing_to_close",
            ConfigErrorKind::NoEquals { .. } => "config_no_equals",
            ConfigErrorKind::NoName => "config_no_name",
            ConfigErrorKind::BlankInName { .. } => "config_blank_in_name",
            ConfigErrorKind::NoValue { .. } => "config_no_value",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

/// Something that MIT krb5 passes over in silence, and so does this reader; worth telling a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigWarning<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub kind: &'a ConfigWarningKind,
}

impl fmt::Display for ConfigWarning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// What was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigWarningKind {
    /// A byte-order mark. The first section's heading is not seen behind it.
    ByteOrderMark,
    /// Text before the first `[` in the first column of a line. All of it is ignored; stated once for each file.
    BeforeFirstSection,
    /// Text after a closing quote.
    AfterQuote,
    /// No closing quote: the value goes on to the end of the line.
    NoClosingQuote,
    /// Text after `{` or `}`.
    AfterBrace,
    /// Text between the `*` of a name and its `=`.
    AfterStar,
    /// A relation or subsection whose name was marked final above.
    AfterFinal {
        /// Its name.
        name: String,
    },
    /// A `#` or `;` behind a value. It is part of the value.
    CommentInValue,
    /// A value that begins with `{`. It is plain text: a subsection needs the end of the line after its `{`.
    BraceInValue,
    /// Blanks within `[` and `]`. They are part of the name.
    BlankInSectionName,
    /// A zero byte. The rest of the line is not seen.
    ZeroByte,
    /// Bytes that are not UTF-8. They show as U+FFFD.
    NotUtf8,
    /// The file ends inside a subsection.
    NotClosed,
    /// `include` of a directory, which gives nothing; `includedir` was meant.
    IncludesDirectory,
    /// A file of an included directory whose name does not count; see [`is_included_name`](super::is_included_name).
    NameNotIncluded {
        /// The file's name.
        name: String,
    },
}

impl fmt::Display for ConfigWarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => {
                "byte-order mark: the first section is not seen; save the file as UTF-8 without it"
            }
            Self::BeforeFirstSection => {
                "ignored: text before the first section, which begins in the first column"
            }
            Self::AfterQuote => "ignored: text after the closing quote",
            Self::NoClosingQuote => "no closing quote: the value is the rest of the line",
            Self::AfterBrace => "ignored: text after the brace",
            Self::AfterStar => "ignored: text after the '*' of a name",
            Self::AfterFinal { name } => return write!(f, "ignored: {name:?} was made final with '*' above"),
            Self::CommentInValue => {
                "the '#' or ';' and what follows is part of the value; comments need their own line"
            }
            Self::BraceInValue => {
                "the '{' is part of the value; a subsection needs its content on lines below"
            }
            Self::BlankInSectionName => "the blanks are part of the section's name",
            Self::ZeroByte => "ignored: the rest of the line after a zero byte",
            Self::NotUtf8 => "bytes that are not UTF-8",
            Self::NotClosed => "the file ends before '}'",
            Self::IncludesDirectory => "includes nothing: this is a directory; use includedir",
            Self::NameNotIncluded { name } => {
                return write!(
                    f,
                    "not included: {name:?}; names end in .conf, or have letters, digits, '-' and '_' only"
                );
            }
        })
    }
}
