//! Fields of an extensible SEQUENCE with explicit context tags.

use super::{CONTEXT, MAX_EXTENSIONS, SEQUENCE, WireError};
use core::fmt;
use core::ops::Range;
use gss_core::reader::Reader;

/// The value of a field, and where it lies, so that a caller who owns the token can change it in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The value: content of the innermost element.
    pub bytes: &'a [u8],
    /// Where it begins in the token that was parsed. Writing ignores it.
    pub offset: usize,
}

impl<'a> Field<'a> {
    /// A value to be written.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// The value's place in the token that was parsed.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.bytes.len())
    }

    pub(super) fn rest_of(reader: Reader<'a>) -> Self {
        Self { bytes: reader.peek_rest(), offset: reader.offset() }
    }
}

/// Tokens may hold secrets of other mechanisms: only length and place are shown.
impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({} bytes at {})", self.bytes.len(), self.offset)
    }
}

/// Walks the fields of a SEQUENCE. Ask for them in ascending order, then [`finish`](Self::finish).
pub(super) struct Fields<'a> {
    rest: Reader<'a>,
}

impl<'a> Fields<'a> {
    /// The fields of the SEQUENCE that is all of `content`.
    pub(super) fn of(mut content: Reader<'a>) -> Result<Self, WireError> {
        let rest = content.der_element(SEQUENCE)?;
        content.finish()?;
        Ok(Self { rest })
    }

    /// The content of field `number`, if it is the next.
    pub(super) fn next(&mut self, number: u8) -> Result<Option<Reader<'a>>, WireError> {
        Ok(self.rest.der_optional(CONTEXT | number)?)
    }

    /// The value of field `number`, which is one element with this tag, if the field is the next.
    pub(super) fn next_value(&mut self, number: u8, tag: u8) -> Result<Option<Reader<'a>>, WireError> {
        self.next(number)?.map(|field| only(field, tag)).transpose()
    }

    /// Skips fields of later versions. None of them may have a number below `known`: that would be a known field
    /// out of order, and to overlook a MIC is the last thing we want.
    pub(super) fn finish(mut self, known: u8) -> Result<(), WireError> {
        for _ in 0..MAX_EXTENSIONS {
            let Some(tag) = self.rest.peek() else { return Ok(()) };
            if (CONTEXT..CONTEXT.saturating_add(known)).contains(&tag) {
                return Err(WireError::FieldOrder { number: tag & 0x1f, offset: self.rest.offset() });
            }
            skip_element(&mut self.rest)?;
        }
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(WireError::TooManyExtensions { offset: self.rest.offset() })
        }
    }
}

/// The content of the one element with this tag that fills `field`.
pub(super) fn only(mut field: Reader<'_>, tag: u8) -> Result<Reader<'_>, WireError> {
    let value = field.der_element(tag)?;
    field.finish()?;
    Ok(value)
}

fn skip_element(reader: &mut Reader<'_>) -> Result<(), WireError> {
    const LONG_FORM: u8 = 0x1f;
    if reader.u8()? & LONG_FORM == LONG_FORM {
        while reader.u8()? & 0x80 != 0 {}
    }
    let len = reader.der_length()?;
    reader.take(len)?;
    Ok(())
}
