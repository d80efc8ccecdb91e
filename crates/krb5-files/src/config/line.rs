//! One line, by the grammar of MIT krb5's profile library.
//!
//! ```text
//! [section]            [section]*
//! name = value         name* = value         name = "quoted \n \t \b \" value"
//! name = {             name* = {             name =          (then `{` on a line of its own)
//! }                    }*
//! # comment            ; comment
//! ```

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::error::{ConfigErrorKind, ConfigWarningKind};

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Section {
        name: String,
        is_final: bool,
    },
    Close {
        is_final: bool,
    },
    /// A subsection begins; its `{` is here or has to come on the next line.
    Open {
        name: String,
        is_final: bool,
        brace: bool,
    },
    Relation {
        name: String,
        is_final: bool,
        value: String,
    },
}

/// Blank as C's `isspace` sees it.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

pub(super) fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| is_blank(**byte)).count();
    bytes.get(blanks..).unwrap_or_default()
}

pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().rev().take_while(|byte| is_blank(**byte)).count();
    bytes.get(..bytes.len().saturating_sub(blanks)).unwrap_or_default()
}

/// The line without its end.
pub(super) fn strip_end(line: &[u8]) -> &[u8] {
    let ends = line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    line.get(..line.len().saturating_sub(ends)).unwrap_or_default()
}

/// Splits at the first byte of this value, which is in neither part.
fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|byte| *byte == at)?;
    let (before, rest) = bytes.split_at_checked(position)?;
    Some((before, rest.get(1..)?))
}

/// A part of a line for an error to show.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    String::from_utf8_lossy(trim_end(bytes)).chars().take(LONGEST).collect()
}

/// Reads one line that stands after the first `[`.
pub(super) fn read(line: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> Result<Line, ConfigErrorKind> {
    let line = strip_end(trim_start(line));
    match line {
        [] | [b'#' | b';', ..] => Ok(Line::Blank),
        [b'[', rest @ ..] => section(rest, warnings),
        [b'}', rest @ ..] => Ok(close(rest, warnings)),
        _ => relation(line, warnings),
    }
}

fn section(line: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> Result<Line, ConfigErrorKind> {
    let (name, rest) = split(line, b']').ok_or(ConfigErrorKind::NoBracket)?;
    let (is_final, rest) = match rest {
        [b'*', rest @ ..] => (true, rest),
        _ => (false, rest),
    };
    if !trim_start(rest).is_empty() {
        return Err(ConfigErrorKind::TextAfterBracket { text: excerpt(trim_start(rest)) });
    }
    if name.iter().copied().any(is_blank) {
        warnings.push(ConfigWarningKind::BlankInSectionName);
    }
    Ok(Line::Section { name: text(name, warnings), is_final })
}

fn close(rest: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> Line {
    let (is_final, rest) = match rest {
        [b'*', rest @ ..] => (true, rest),
        _ => (false, rest),
    };
    if !trim_start(rest).is_empty() {
        warnings.push(ConfigWarningKind::AfterBrace);
    }
    Line::Close { is_final }
}

fn relation(line: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> Result<Line, ConfigErrorKind> {
    let (before, after) =
        split(line, b'=').ok_or_else(|| ConfigErrorKind::NoEquals { text: excerpt(line) })?;
    if before.is_empty() {
        return Err(ConfigErrorKind::NoName);
    }
    let name = trim_end(before);
    if name.iter().copied().any(is_blank) {
        return Err(ConfigErrorKind::BlankInName { name: excerpt(before) });
    }
    let (name, is_final) = match split(name, b'*') {
        Some((name, rest)) => {
            if !rest.is_empty() {
                warnings.push(ConfigWarningKind::AfterStar);
            }
            (name, true)
        }
        None => (name, false),
    };
    let name = text(name, warnings);
    let value = match trim_start(after) {
        [] => return Ok(Line::Open { name, is_final, brace: false }),
        [b'{', rest @ ..] if trim_start(rest).is_empty() => {
            return Ok(Line::Open { name, is_final, brace: true });
        }
        [b'"', rest @ ..] => quoted(rest, warnings),
        value => plain(value, warnings),
    };
    Ok(Line::Relation { name, is_final, value })
}

fn plain(value: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> String {
    if value.first() == Some(&b'{') {
        warnings.push(ConfigWarningKind::BraceInValue);
    }
    let comment = |pair: &[u8]| matches!(pair, [before, b'#' | b';'] if is_blank(*before));
    if value.windows(2).any(comment) {
        warnings.push(ConfigWarningKind::CommentInValue);
    }
    text(trim_end(value), warnings)
}

/// What stands after an opening quote, up to the closing one. An unknown escape is the character itself; a lone
/// backslash at the end of the line stays.
fn quoted(line: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> String {
    let mut value = Vec::with_capacity(line.len());
    let mut rest = line;
    loop {
        rest = match rest {
            [] => {
                warnings.push(ConfigWarningKind::NoClosingQuote);
                break;
            }
            [b'"', rest @ ..] => {
                if !trim_start(rest).is_empty() {
                    warnings.push(ConfigWarningKind::AfterQuote);
                }
                break;
            }
            [b'\\', escaped, rest @ ..] => {
                value.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'b' => 0x08,
                    other => *other,
                });
                rest
            }
            [byte, rest @ ..] => {
                value.push(*byte);
                rest
            }
        };
    }
    text(&value, warnings)
}

fn text(bytes: &[u8], warnings: &mut Vec<ConfigWarningKind>) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => {
            warnings.push(ConfigWarningKind::NotUtf8);
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
