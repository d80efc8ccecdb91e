use super::error::{FieldError, FieldErrorKind};
use super::scan::{Cursor, is_space, is_token};
use super::{Credentials, challenges, trim, write};
use gss_core::{SinkFull, TokenSink};

/// The credentials of a client: the value of `Authorization` or `Proxy-Authorization`.
#[derive(Clone, Copy, Debug)]
pub struct Authorization<'a> {
    /// The scheme as written; compare it with [`is`](Self::is).
    pub scheme: &'a str,
    /// What comes with it.
    pub credentials: Credentials<'a>,
}

impl<'a> Authorization<'a> {
    /// The credentials in all lines of the field; `None` when there is no line.
    ///
    /// # Errors
    /// [`FieldErrorKind::RepeatedField`] for a second line: the field is no list, and two values may be an attempt
    /// to have two parties read different ones. Otherwise those of [`parse`](Self::parse).
    pub fn from_lines<V, I>(lines: I) -> Result<Option<Self>, FieldError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        I: IntoIterator<Item = &'a V>,
    {
        let mut lines = lines.into_iter();
        let Some(value) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(FieldError { line: 1, offset: 0, kind: FieldErrorKind::RepeatedField });
        }
        Self::parse(value.as_ref()).map(Some)
    }

    /// Reads the value of the field: one set of credentials, never a list (RFC 9110 section 11.6.2).
    ///
    /// # Errors
    /// [`FieldError`], with [`FieldErrorKind::NotAList`] when anything follows the credentials, a comma included.
    pub fn parse(value: &'a [u8]) -> Result<Self, FieldError> {
        let error = |offset, kind| FieldError { line: 0, offset, kind };
        let start = value.iter().position(|byte| !is_space(*byte)).unwrap_or(value.len());
        // A list may begin with a comma, credentials may not.
        match value.get(start) {
            None => return Err(error(start, FieldErrorKind::Empty)),
            Some(byte) if is_token(*byte) => {}
            Some(found) => {
                let kind = FieldErrorKind::UnexpectedByte { found: *found, expected: "a scheme" };
                return Err(error(start, kind));
            }
        }
        let mut list = challenges([value]);
        let Some(first) = list.next() else { return Err(error(start, FieldErrorKind::Empty)) };
        let first = first?;
        if let Some(rest) = list.current {
            return Err(error(rest.offset(), FieldErrorKind::NotAList));
        }
        // The parameters are a list, and may end in empty elements; other credentials may not.
        let trimmed = trim(value);
        if trimmed.ends_with(b",") && !matches!(first.credentials, Credentials::Params(_)) {
            let offset = start.saturating_add(trimmed.len()).saturating_sub(1);
            return Err(error(offset, FieldErrorKind::NotAList));
        }
        Ok(Self { scheme: first.scheme, credentials: first.credentials })
    }

    /// Whether the credentials are of this scheme. Case does not matter (RFC 9110 section 11.1).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Appends the credentials as one would write them.
    ///
    /// # Errors
    /// [`SinkFull`] when they do not fit; part of them may have been written.
    pub fn write_to(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        write(self.scheme, self.credentials, output)
    }
}

impl Cursor<'_> {
    /// Where the next element begins, or the end.
    fn offset(mut self) -> usize {
        let len = self.line().len();
        match self.element() {
            Ok(Some(element)) => element.start,
            Ok(None) => len,
            Err(malformed) => malformed.offset,
        }
    }
}
