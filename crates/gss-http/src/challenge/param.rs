use super::scan::{Cursor, ElementKind, is_token};
use core::fmt;
use gss_core::{SinkFull, TokenSink};

/// `auth-param` of RFC 9110 section 11.2.
#[derive(Clone, Copy)]
pub struct Param<'a> {
    /// The name as written; compare it without regard to case.
    pub name: &'a str,
    /// The value.
    pub value: Value<'a>,
}

/// The name alone: values may be secret.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=[{} bytes]", self.name, self.value.raw.len())
    }
}

/// The value of a parameter: a token or a quoted string, which mean the same (RFC 9110 section 11.2).
#[derive(Clone, Copy)]
pub struct Value<'a> {
    raw: &'a [u8],
    quoted: bool,
}

impl<'a> Value<'a> {
    pub(super) fn token(token: &'a str) -> Self {
        Self { raw: token.as_bytes(), quoted: false }
    }

    pub(super) fn quoted(raw: &'a [u8]) -> Self {
        Self { raw, quoted: true }
    }

    /// Whether it was written in quotes.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// What stands in the field: the token, or what is between the quotes with its escapes.
    #[must_use]
    pub fn as_written(&self) -> &'a [u8] {
        self.raw
    }

    /// The value's bytes, escapes undone. Any byte but controls can occur; the character set is not known.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        let quoted = self.quoted;
        let mut escaped = false;
        self.raw.iter().copied().filter(move |byte| {
            escaped = quoted && *byte == b'\\' && !escaped;
            !escaped
        })
    }

    /// Whether the value is this text, bytes compared exactly.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.bytes().eq(text.bytes())
    }

    /// Whether the value is this text when ASCII letters of either case are the same.
    #[must_use]
    pub fn is_ignoring_case(&self, text: &str) -> bool {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.bytes().map(lower).eq(text.bytes().map(lower))
    }
}

/// Says how long it is: values may be secret.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.raw.len())
    }
}

/// The parameters of one challenge, in the order written.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    // INVARIANT: was read once without error.
    cursor: Cursor<'a>,
}

impl<'a> Params<'a> {
    pub(super) fn none() -> Self {
        Self { cursor: Cursor::new(&[]) }
    }

    /// `written` goes from the first scheme or parameter to the last parameter of a challenge.
    pub(super) fn of_challenge(written: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(written) }
    }

    /// The parameter of this name, compared without regard to case. There is at most one.
    #[must_use]
    pub fn find(mut self, name: &str) -> Option<Value<'a>> {
        self.find_map(|param| param.name.eq_ignore_ascii_case(name).then_some(param.value))
    }

    /// The parameters of these names, as [`find`](Self::find) has them, in one go: values may be long.
    #[cfg(feature = "alloc")]
    pub(crate) fn find_each<const N: usize>(self, names: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut found = [None; N];
        for param in self {
            let mut places = names.iter().zip(&mut found);
            if let Some((_, place)) = places.find(|(name, _)| param.name.eq_ignore_ascii_case(name)) {
                *place = Some(param.value);
            }
        }
        found
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        loop {
            match self.cursor.element().ok()??.kind {
                ElementKind::Param(param) | ElementKind::SchemeParam(_, param) => return Some(param),
                ElementKind::Scheme(_) | ElementKind::SchemeToken68(..) | ElementKind::Token68 => {}
            }
        }
    }
}

/// The names: values may be secret.
impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// Appends `name="value"`, or `name=value` where the value was a token. Realms have to be quoted whatever they are
/// (RFC 9110 section 11.5).
pub(super) fn write(param: Param<'_>, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
    output.put(param.name.as_bytes())?;
    let quote = param.value.quoted
        || param.name.eq_ignore_ascii_case("realm")
        || !param.value.raw.iter().copied().all(is_token);
    if !quote {
        output.put(b"=")?;
        return output.put(param.value.raw);
    }
    output.put(b"=\"")?;
    output.put(param.value.raw)?;
    output.put(b"\"")
}
