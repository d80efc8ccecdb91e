//! NDR as far as the PAC needs it: type serialization version 1 (MS-RPCE section 2.2.6) of structures, unique
//! pointers, conformant arrays and counted strings (C706 chapter 14).
//!
//! A structure comes first, with a number in place of each pointer; what the pointers lead to comes behind it, in
//! their order. All pointers of MS-PAC are unique: each leads to something of its own, so that its number says only
//! whether that is there. Windows counts the numbers up and others draw them at random; they are not looked at
//! further.
//!
//! Numbers lie at multiples of their length, counted from the beginning of the object; what fills the gaps is not
//! looked at.

#[cfg(feature = "alloc")]
mod writer;

use gss_core::reader::{ParseError, Reader};

use crate::{PacError, PacErrorKind, Sid, Text};

#[cfg(feature = "alloc")]
pub(crate) use writer::{NdrWriter, Referents, TooLong};

/// Common header and private header together.
const HEADERS_LEN: usize = 16;
const VERSION: u8 = 1;
const LITTLE_ENDIAN: u8 = 0x10;
const COMMON_HEADER_LEN: u16 = 8;
/// Objects are filled up to a multiple of this.
const OBJECT_ALIGNMENT: usize = 8;

/// Reads an NDR object front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NdrReader<'a> {
    reader: Reader<'a>,
    /// Where the object begins, from which alignment counts.
    start: usize,
}

/// The part of a counted string that stands in the structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StringHead {
    length: u16,
    maximum: u16,
    present: bool,
}

impl<'a> NdrReader<'a> {
    /// Opens the object in a buffer that lies at `offset` of the PAC, and reads the pointer to its structure.
    pub(crate) fn open(bytes: &'a [u8], offset: usize, field: &'static str) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, field);
        let mut reader = Reader::at_offset(bytes, offset);
        let [version, byte_order] = reader.take_array().map_err(named)?;
        if version != VERSION {
            return Err(PacErrorKind::NdrVersion { seen: version }.at(field, offset));
        }
        if byte_order != LITTLE_ENDIAN {
            return Err(PacErrorKind::NdrByteOrder { seen: byte_order }.at(field, offset.saturating_add(1)));
        }
        let at = reader.offset();
        let seen = reader.u16_le().map_err(named)?;
        if seen != COMMON_HEADER_LEN {
            return Err(PacErrorKind::NdrHeaderLength { seen }.at(field, at));
        }
        // To be ignored.
        reader.take(4).map_err(named)?;
        let at = reader.offset();
        let seen = reader.u32_le().map_err(named)?;
        // To be ignored.
        reader.take(4).map_err(named)?;
        let available = reader.remaining();
        if usize::try_from(seen).ok() != Some(available) || !available.is_multiple_of(OBJECT_ALIGNMENT) {
            return Err(PacErrorKind::NdrObjectLength { seen, available }.at(field, at));
        }
        let mut ndr = Self { reader, start: offset.saturating_add(HEADERS_LEN) };
        let at = ndr.offset();
        if ndr.pointer(field)? { Ok(ndr) } else { Err(PacErrorKind::NullPointer.at(field, at)) }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.reader.offset()
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.reader.remaining()
    }

    fn align(&mut self, to: usize, field: &'static str) -> Result<(), PacError> {
        let past = self.offset().saturating_sub(self.start).checked_rem(to).unwrap_or(0);
        let gap = if past == 0 { 0 } else { to.saturating_sub(past) };
        self.reader.take(gap).map(|_| ()).map_err(|error| PacError::from_reader(error, field))
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, PacError> {
        self.align(2, field)?;
        self.reader.u16_le().map_err(|error| PacError::from_reader(error, field))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, PacError> {
        self.align(4, field)?;
        self.reader.u32_le().map_err(|error| PacError::from_reader(error, field))
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], PacError> {
        self.reader.take_array().map_err(|error: ParseError| PacError::from_reader(error, field))
    }

    /// Whether the pointer here leads anywhere.
    pub(crate) fn pointer(&mut self, field: &'static str) -> Result<bool, PacError> {
        self.u32(field).map(|referent| referent != 0)
    }

    /// The part of an `RPC_UNICODE_STRING` in the structure (MS-DTYP section 2.3.10).
    pub(crate) fn string_head(&mut self, field: &'static str) -> Result<StringHead, PacError> {
        self.align(4, field)?;
        let at = self.offset();
        let (length, maximum) = (self.u16(field)?, self.u16(field)?);
        if length > maximum {
            return Err(PacErrorKind::LengthAboveMaximum { length, maximum }.at(field, at));
        }
        for len in [length, maximum] {
            if len % 2 != 0 {
                return Err(PacErrorKind::OddLength { len: usize::from(len) }.at(field, at));
            }
        }
        let present = self.pointer(field)?;
        if length != 0 && !present {
            return Err(PacErrorKind::NullPointer.at(field, at));
        }
        Ok(StringHead { length, maximum, present })
    }

    /// The characters, where their turn comes.
    pub(crate) fn string_body(
        &mut self,
        head: StringHead,
        field: &'static str,
    ) -> Result<Text<'a>, PacError> {
        if !head.present {
            return Ok(Text::EMPTY);
        }
        self.expect_max_count(u32::from(head.maximum / 2), field)?;
        let at = self.offset();
        let seen = self.u32(field)?;
        if seen != 0 {
            return Err(PacErrorKind::ArrayOffset { seen }.at(field, at));
        }
        let at = self.offset();
        let (seen, expected) = (self.u32(field)?, u32::from(head.length / 2));
        if seen != expected {
            return Err(PacErrorKind::ActualCount { seen, expected }.at(field, at));
        }
        let at = self.offset();
        let bytes = self.reader.take(usize::from(head.length));
        Text::parse(bytes.map_err(|error| PacError::from_reader(error, field))?, field, at)
    }

    /// The maximum count before a conformant array, which must be the one stated elsewhere.
    pub(crate) fn expect_max_count(&mut self, expected: u32, field: &'static str) -> Result<(), PacError> {
        self.align(4, field)?;
        let at = self.offset();
        let seen = self.u32(field)?;
        if seen == expected { Ok(()) } else { Err(PacErrorKind::MaxCount { seen, expected }.at(field, at)) }
    }

    /// An `RPC_SID`: a structure that ends in a conformant array, whose maximum count comes first.
    pub(crate) fn sid(&mut self, field: &'static str) -> Result<Sid, PacError> {
        self.align(4, field)?;
        let at = self.offset();
        let seen = self.u32(field)?;
        let sid = Sid::read(&mut self.reader, field)?;
        let expected = u32::try_from(sid.sub_authorities().len()).unwrap_or(u32::MAX);
        if seen == expected { Ok(sid) } else { Err(PacErrorKind::MaxCount { seen, expected }.at(field, at)) }
    }

    /// A SID that may be absent.
    pub(crate) fn optional_sid(
        &mut self,
        present: bool,
        field: &'static str,
    ) -> Result<Option<Sid>, PacError> {
        if present { self.sid(field).map(Some) } else { Ok(None) }
    }

    /// Confirms that what is left only fills the object up.
    pub(crate) fn finish(self, field: &'static str) -> Result<(), PacError> {
        let excess = self.remaining();
        if excess < OBJECT_ALIGNMENT {
            return Ok(());
        }
        Err(PacErrorKind::TrailingData { excess }.at(field, self.offset()))
    }
}
