//! From bytes to list elements. An element is what stands between two commas outside of quotes.

use super::error::FieldErrorKind;
use super::param::{Param, Value};

/// A place in one field line's value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    line: &'a [u8],
    at: usize, // INVARIANT: at most line.len()
}

/// What stands between two commas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) kind: ElementKind<'a>,
    /// Where the element begins.
    pub(super) start: usize,
    /// Where its content ends, white space not counted.
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ElementKind<'a> {
    /// A scheme by itself.
    Scheme(&'a str),
    /// A scheme and its data.
    SchemeToken68(&'a str, &'a str),
    /// A scheme and its first parameter.
    SchemeParam(&'a str, Param<'a>),
    /// A parameter; it belongs to the challenge in front.
    Param(Param<'a>),
    /// Something that can only be token68 data, without a scheme: `abc==`.
    Token68,
}

/// An element that breaks the grammar. Where the next one begins is not known then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Malformed {
    pub(super) offset: usize,
    pub(super) kind: FieldErrorKind,
    /// Whether it began as a parameter, so that the challenge in front is broken too.
    pub(super) is_param: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    pub(super) fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Skips white space and empty elements (RFC 9110 section 5.6.1.2), then reads one element and the white space
    /// behind it. `None` at the end.
    pub(super) fn element(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        self.skip_while(|byte| byte == b',' || is_space(byte));
        let start = self.at;
        if self.peek().is_none() {
            return Ok(None);
        }
        let (kind, end) = self.element_kind()?;
        self.skip_while(is_space);
        if self.at_element_end() {
            return Ok(Some(Element { kind, start, end }));
        }
        let is_param = matches!(kind, ElementKind::Param(_));
        Err(Malformed { is_param, ..self.unexpected("a comma or the end") })
    }

    /// ```text
    /// challenge  = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
    /// auth-param = token BWS "=" BWS ( token / quoted-string )
    /// ```
    fn element_kind(&mut self) -> Result<(ElementKind<'a>, usize), Malformed> {
        let word = self.token();
        if word.is_empty() {
            return Err(self.unexpected("a scheme or a parameter"));
        }
        let word_end = self.at;
        if let Some(end) = self.padding_end() {
            return Ok((ElementKind::Token68, end));
        }
        self.skip_while(|byte| byte == b' ');
        let only_spaces = self.at;
        self.skip_while(is_space);
        if self.at_element_end() {
            return Ok((ElementKind::Scheme(word), word_end));
        }
        if self.peek() == Some(b'=') {
            let value = self.value().map_err(|error| Malformed { is_param: true, ..error })?;
            return Ok((ElementKind::Param(Param { name: word, value }), self.at));
        }
        if only_spaces == word_end || only_spaces != self.at {
            self.at = only_spaces;
            return Err(self.unexpected("a space, a comma or the end"));
        }
        if let Some((data, end)) = self.token68() {
            return Ok((ElementKind::SchemeToken68(word, data), end));
        }
        let name = self.token();
        if name.is_empty() {
            return Err(self.unexpected("token68 data or a parameter"));
        }
        self.skip_while(is_space);
        if self.peek() != Some(b'=') {
            return Err(self.unexpected("'=', a comma or the end"));
        }
        let value = self.value()?;
        Ok((ElementKind::SchemeParam(word, Param { name, value }), self.at))
    }

    /// `BWS "=" BWS ( token / quoted-string )`, from the equals sign on.
    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        self.bump();
        self.skip_while(is_space);
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        if self.at_element_end() {
            return Err(self.malformed(FieldErrorKind::MissingValue));
        }
        let token = self.token();
        if token.is_empty() {
            return Err(self.unexpected("a token or a quoted string"));
        }
        Ok(Value::token(token))
    }

    /// RFC 9110 section 5.6.4, from the opening quote on.
    fn quoted(&mut self) -> Result<Value<'a>, Malformed> {
        let opening = self.at;
        self.bump();
        let start = self.at;
        loop {
            self.skip_while(is_plain);
            match self.peek() {
                None => {
                    self.at = opening;
                    return Err(self.malformed(FieldErrorKind::UnclosedQuote));
                }
                Some(b'"') => {
                    let inside = self.line.get(start..self.at).unwrap_or_default();
                    self.bump();
                    return Ok(Value::quoted(inside));
                }
                Some(b'\\') => {
                    self.bump();
                    if self.peek().is_some_and(|byte| !is_quoted_text(byte)) {
                        return Err(self.unexpected("a character"));
                    }
                    self.bump();
                }
                Some(_) => return Err(self.unexpected("text or a closing quote")),
            }
        }
    }

    /// Token68 data, if it is all that is left of the element. RFC 9110 has no empty values, so that `abc=` at the
    /// end of an element is data with padding and not a parameter.
    fn token68(&mut self) -> Option<(&'a str, usize)> {
        let mut ahead = *self;
        if ahead.skip_while(is_token68) == 0 {
            return None;
        }
        ahead.skip_while(|byte| byte == b'=');
        let end = ahead.at;
        ahead.skip_while(is_space);
        if !ahead.at_element_end() {
            return None;
        }
        let data = self.text(self.at, end);
        *self = ahead;
        Some((data, end))
    }

    /// Passes over `=` signs that end the element, and says where they end.
    fn padding_end(&mut self) -> Option<usize> {
        let mut ahead = *self;
        if ahead.skip_while(|byte| byte == b'=') == 0 {
            return None;
        }
        let end = ahead.at;
        ahead.skip_while(is_space);
        if !ahead.at_element_end() {
            return None;
        }
        *self = ahead;
        Some(end)
    }

    /// `1*tchar`; empty when there is none.
    fn token(&mut self) -> &'a str {
        let start = self.at;
        self.skip_while(is_token);
        self.text(start, self.at)
    }

    fn text(&self, start: usize, end: usize) -> &'a str {
        // Only called for characters of token and token68, which are ASCII.
        self.line.get(start..end).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(1).min(self.line.len());
    }

    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(count);
        count
    }

    fn at_element_end(&self) -> bool {
        matches!(self.peek(), None | Some(b','))
    }

    fn unexpected(&self, expected: &'static str) -> Malformed {
        match self.peek() {
            Some(found) => self.malformed(FieldErrorKind::UnexpectedByte { found, expected }),
            None => self.malformed(FieldErrorKind::MissingValue),
        }
    }

    fn malformed(&self, kind: FieldErrorKind) -> Malformed {
        Malformed { offset: self.at, kind, is_param: false }
    }
}

/// `SP / HTAB` (RFC 9110 section 5.6.3).
pub(super) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `tchar` (RFC 9110 section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    is_in(&TOKEN, byte)
}

/// A character of token68 other than its padding (RFC 9110 section 11.2).
fn is_token68(byte: u8) -> bool {
    is_in(&TOKEN68, byte)
}

/// `qdtext`, the quote and the backslash: `HTAB / SP / VCHAR / obs-text` (RFC 9110 section 5.6.4).
const fn is_quoted_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// `qdtext`.
fn is_plain(byte: u8) -> bool {
    is_in(&PLAIN, byte)
}

/// Tokens of Kerberos are long, and pass by here several times: hence tables.
type Characters = [bool; 256];

const TOKEN: Characters = letters_digits_and(b"!#$%&'*+-.^_`|~");
const TOKEN68: Characters = letters_digits_and(b"-._~+/");
const PLAIN: Characters = {
    let mut characters = [false; 256];
    let mut rest: &mut [bool] = &mut characters;
    let mut byte = 0_u8;
    while let Some((belongs, behind)) = rest.split_first_mut() {
        *belongs = is_quoted_text(byte) && byte != b'"' && byte != b'\\';
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    characters
};

const fn letters_digits_and(others: &[u8]) -> Characters {
    let mut characters = [false; 256];
    let mut rest: &mut [bool] = &mut characters;
    let mut byte = 0_u8;
    while let Some((belongs, behind)) = rest.split_first_mut() {
        *belongs = byte.is_ascii_alphanumeric() || contains(others, byte);
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    characters
}

const fn contains(mut bytes: &[u8], byte: u8) -> bool {
    while let Some((first, rest)) = bytes.split_first() {
        if *first == byte {
            return true;
        }
        bytes = rest;
    }
    false
}

fn is_in(characters: &Characters, byte: u8) -> bool {
    characters.get(usize::from(byte)).copied().unwrap_or_default()
}
