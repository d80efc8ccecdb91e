//! Numbers and counted bytes in either byte order.

use alloc::vec::Vec;

use gss_core::reader::{ParseError, ParseErrorKind, Reader};
use zeroize::Zeroizing;

use crate::{FormatError, FormatErrorKind, WriteError};

/// In which order a file's numbers have their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// Reads fields in one byte order and names them in errors.
pub(crate) struct Input<'a> {
    reader: Reader<'a>,
    order: ByteOrder,
}

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { reader: Reader::new(bytes), order }
    }

    pub(crate) const fn with_order(self, order: ByteOrder) -> Self {
        Self { order, ..self }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.reader.remaining()
    }

    pub(crate) const fn offset(&self) -> usize {
        self.reader.offset()
    }

    pub(crate) const fn error(&self, field: &'static str, kind: FormatErrorKind) -> FormatError {
        FormatError { offset: self.reader.offset(), field, kind }
    }

    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], FormatError> {
        self.reader.take(len).map_err(|error| named(field, error))
    }

    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        self.reader.take_rest()
    }

    pub(crate) fn sub(&mut self, len: usize, field: &'static str) -> Result<Self, FormatError> {
        let reader = self.reader.sub(len).map_err(|error| named(field, error))?;
        Ok(Self { reader, order: self.order })
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, FormatError> {
        self.reader.u8().map_err(|error| named(field, error))
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, FormatError> {
        let value = match self.order {
            ByteOrder::Little => self.reader.u16_le(),
            ByteOrder::Big => self.reader.u16_be(),
        };
        value.map_err(|error| named(field, error))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, FormatError> {
        let value = match self.order {
            ByteOrder::Little => self.reader.u32_le(),
            ByteOrder::Big => self.reader.u32_be(),
        };
        value.map_err(|error| named(field, error))
    }

    /// Bytes behind a 16-bit length.
    pub(crate) fn data16(&mut self, field: &'static str) -> Result<&'a [u8], FormatError> {
        let len = self.u16(field)?;
        self.take(usize::from(len), field)
    }

    /// Bytes behind a 32-bit length.
    pub(crate) fn data32(&mut self, field: &'static str) -> Result<&'a [u8], FormatError> {
        let len = self.u32(field)?;
        self.take(usize::try_from(len).unwrap_or(usize::MAX), field)
    }

    /// An encryption type, 16 bits with a sign.
    pub(crate) fn enctype(&mut self) -> Result<i32, FormatError> {
        self.u16("encryption type").map(|value| i32::from(value.cast_signed()))
    }

    /// A 32-bit count of elements of at least `element` bytes each, all of which must be there.
    pub(crate) fn count32(&mut self, element: usize, field: &'static str) -> Result<u32, FormatError> {
        let offset = self.offset();
        let count = self.u32(field)?;
        let possible = self.remaining().checked_div(element).unwrap_or(0);
        if usize::try_from(count).is_ok_and(|count| count <= possible) {
            return Ok(count);
        }
        Err(FormatError { offset, field, kind: FormatErrorKind::CountTooLarge { count, possible } })
    }
}

fn named(field: &'static str, error: ParseError) -> FormatError {
    let kind = match error.kind {
        ParseErrorKind::Truncated { needed, available } => FormatErrorKind::Truncated { needed, available },
        ParseErrorKind::TrailingData { excess } => FormatErrorKind::TrailingData { excess },
        // The other kinds come from DER, which these formats do not read.
        _ => FormatErrorKind::Truncated { needed: 0, available: 0 },
    };
    FormatError { offset: error.offset, field, kind }
}

/// Reads in the byte order that fits. Where both fail, the error is that of the order which came further.
pub(crate) fn either_order<T>(
    mut parse: impl FnMut(ByteOrder) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    let little = match parse(ByteOrder::Little) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    parse(ByteOrder::Big).map_err(|big| if big.offset > little.offset { big } else { little })
}

/// Collects fields in one byte order. What it outgrows is wiped.
pub(crate) struct Output {
    bytes: Zeroizing<Vec<u8>>,
    order: ByteOrder,
}

impl Output {
    pub(crate) fn new(order: ByteOrder) -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), order }
    }

    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    /// A second output of the same order, for what needs its length in front.
    pub(crate) fn nested(&self) -> Self {
        Self::new(self.order)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let needed = self.bytes.len().saturating_add(bytes.len());
        if needed > self.bytes.capacity() {
            // `Vec` would free the old buffer with its secrets in it.
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(512).saturating_mul(2)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
    }

    pub(crate) fn len16(&mut self, len: usize, field: &'static str) -> Result<(), WriteError> {
        self.u16(u16::try_from(len).map_err(|_| WriteError::TooLong { field, len })?);
        Ok(())
    }

    pub(crate) fn len32(&mut self, len: usize, field: &'static str) -> Result<(), WriteError> {
        self.u32(u32::try_from(len).map_err(|_| WriteError::TooLong { field, len })?);
        Ok(())
    }

    pub(crate) fn data16(&mut self, bytes: &[u8], field: &'static str) -> Result<(), WriteError> {
        self.len16(bytes.len(), field)?;
        self.put(bytes);
        Ok(())
    }

    pub(crate) fn data32(&mut self, bytes: &[u8], field: &'static str) -> Result<(), WriteError> {
        self.len32(bytes.len(), field)?;
        self.put(bytes);
        Ok(())
    }

    pub(crate) fn enctype(&mut self, enctype: i32) -> Result<(), WriteError> {
        let narrow =
            i16::try_from(enctype).map_err(|_| WriteError::Type { field: "encryption", seen: enctype })?;
        self.u16(narrow.cast_unsigned());
        Ok(())
    }
}
