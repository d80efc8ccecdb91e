//! The same, written as Windows does.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{COMMON_HEADER_LEN, HEADERS_LEN, LITTLE_ENDIAN, OBJECT_ALIGNMENT, VERSION};
use crate::{FileTime, Sid, Text};

/// The first number for a pointer; each following one is four more.
const FIRST_REFERENT: u32 = 0x0002_0000;
const REFERENT_STEP: u32 = 4;

/// Something longer than its length field can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    pub(crate) field: &'static str,
    pub(crate) len: usize,
}

/// Numbers for the pointers in the elements of an array: the next one.
///
/// Windows numbers them right behind the pointer to the array, although they are written later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Referents(u32);

/// Writes an NDR object front to back.
pub(crate) struct NdrWriter {
    // A logon may carry a session key.
    bytes: Zeroizing<Vec<u8>>,
    next: Referents,
}

impl NdrWriter {
    /// Room for the headers, and the pointer to the structure.
    pub(crate) fn new() -> Self {
        let mut writer =
            Self { bytes: Zeroizing::new(Vec::with_capacity(1024)), next: Referents(FIRST_REFERENT) };
        writer.put(&[0; HEADERS_LEN]);
        writer.pointer(true);
        writer
    }

    /// Fills the object up and writes the headers.
    pub(crate) fn finish(mut self, field: &'static str) -> Result<Zeroizing<Vec<u8>>, TooLong> {
        // The headers are a multiple of the alignment themselves.
        self.align(OBJECT_ALIGNMENT);
        let len = self.bytes.len().saturating_sub(HEADERS_LEN);
        let object_len = u32::try_from(len).map_err(|_| TooLong { field, len })?;
        let [h0, h1] = COMMON_HEADER_LEN.to_le_bytes();
        let [a, b, c, d] = object_len.to_le_bytes();
        let headers = [VERSION, LITTLE_ENDIAN, h0, h1, 0xcc, 0xcc, 0xcc, 0xcc, a, b, c, d, 0, 0, 0, 0];
        if let Some(start) = self.bytes.first_chunk_mut() {
            *start = headers;
        }
        Ok(self.bytes)
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let needed = self.bytes.len().saturating_add(bytes.len());
        if needed > self.bytes.capacity() {
            // `Vec` would free the old buffer with its secrets in it.
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.saturating_mul(2)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn align(&mut self, to: usize) {
        while !self.bytes.len().is_multiple_of(to) {
            self.put(&[0]);
        }
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.align(2);
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.align(4);
        self.put(&value.to_le_bytes());
    }

    /// Two 32-bit numbers, the lower one first.
    pub(crate) fn time(&mut self, time: FileTime) {
        self.align(4);
        self.put(&time.0.to_le_bytes());
    }

    pub(crate) fn pointer(&mut self, present: bool) {
        let referent = if present { self.reserve(1) } else { Referents(0) };
        self.u32(referent.0);
    }

    /// Takes numbers for this many pointers.
    pub(crate) fn reserve(&mut self, pointers: u32) -> Referents {
        let first = self.next;
        self.next = Referents(first.0.wrapping_add(pointers.wrapping_mul(REFERENT_STEP)));
        first
    }

    /// Goes on with these numbers, and returns those that were next.
    pub(crate) const fn switch(&mut self, to: Referents) -> Referents {
        core::mem::replace(&mut self.next, to)
    }

    /// The number of elements, in 32 bits.
    pub(crate) fn count(&mut self, len: usize, field: &'static str) -> Result<(), TooLong> {
        self.u32(u32::try_from(len).map_err(|_| TooLong { field, len })?);
        Ok(())
    }

    /// The part of a string in the structure. `spare` is room for that many units more, which Windows states for
    /// strings that it keeps with a NUL.
    pub(crate) fn string_head(
        &mut self,
        text: &Text<'_>,
        spare: u16,
        field: &'static str,
    ) -> Result<(), TooLong> {
        let units = text.units().count();
        let too_long = TooLong { field, len: units.saturating_mul(2) };
        let bytes = u16::try_from(units).ok().and_then(|units| units.checked_mul(2));
        let length = bytes.ok_or(too_long)?;
        let maximum = spare.checked_mul(2).and_then(|spare| length.checked_add(spare)).ok_or(too_long)?;
        self.align(4);
        self.u16(length);
        self.u16(maximum);
        self.pointer(true);
        Ok(())
    }

    /// The characters. The head found their number to fit.
    pub(crate) fn string_body(&mut self, text: &Text<'_>, spare: u16) {
        let units = u32::try_from(text.units().count()).unwrap_or(u32::MAX);
        self.u32(units.saturating_add(u32::from(spare)));
        self.u32(0);
        self.u32(units);
        for unit in text.units() {
            self.u16(unit);
        }
    }

    pub(crate) fn sid(&mut self, sid: &Sid) {
        self.u32(u32::try_from(sid.sub_authorities().len()).unwrap_or(u32::MAX));
        self.put(&sid.to_bytes());
    }

    pub(crate) fn optional_sid(&mut self, sid: Option<&Sid>) {
        if let Some(sid) = sid {
            self.sid(sid);
        }
    }
}
