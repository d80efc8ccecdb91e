//! The table of buffers at the beginning of a PAC (MS-PAC sections 2.3 and 2.4).

use core::ops::Range;

use super::{MAX_PAC_BUFFERS, MAX_PAC_LEN, PacBufferType, PacError};

/// `cBuffers` and `Version`.
const HEADER_LEN: usize = 8;
/// `ulType`, `cbBufferSize` and `Offset`.
const ENTRY_LEN: usize = 16;
/// Offsets are multiples of this.
const ALIGNMENT: u64 = 8;

/// A PAC whose table holds to the rules: each buffer inside, aligned, behind the table, and not upon another one.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pac: &'a [u8],
    /// The entries, each [`ENTRY_LEN`] long.
    entries: &'a [u8],
}

/// One checked entry of the table.
pub(super) struct Entry {
    pub(super) buffer_type: PacBufferType,
    pub(super) range: Range<usize>,
}

impl<'a> Table<'a> {
    pub(super) fn read(pac: &'a [u8]) -> Result<Self, PacError> {
        if pac.len() > MAX_PAC_LEN {
            return Err(PacError::TooLong { len: pac.len() });
        }
        let truncated = PacError::Truncated { len: pac.len() };
        let (count, rest) = pac.split_first_chunk().ok_or(truncated)?;
        let (version, rest) = rest.split_first_chunk().ok_or(truncated)?;
        let version = u32::from_le_bytes(*version);
        if version != 0 {
            return Err(PacError::Version { seen: version });
        }
        let seen = u32::from_le_bytes(*count);
        let count = usize::try_from(seen).ok().filter(|count| (1..=MAX_PAC_BUFFERS).contains(count));
        let entries_len = count.ok_or(PacError::BufferCount { seen })?.saturating_mul(ENTRY_LEN);
        let entries = rest.get(..entries_len).ok_or(truncated)?;
        let table = Self { pac, entries };
        table.check_bounds()?;
        table.check_overlap()?;
        Ok(table)
    }

    pub(super) const fn pac(&self) -> &'a [u8] {
        self.pac
    }

    /// The entries. None is left out, since all were found inside the PAC.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        raw_entries(self.entries).filter_map(|(buffer_type, size, offset)| {
            let start = usize::try_from(offset).ok()?;
            let end = start.checked_add(usize::try_from(size).ok()?)?;
            Some(Entry { buffer_type, range: start..end })
        })
    }

    /// The first entry of this type: of several it alone counts.
    pub(super) fn first(&self, buffer_type: PacBufferType) -> Option<Entry> {
        self.entries().find(|entry| entry.buffer_type == buffer_type)
    }

    /// The content of the first buffer of this type.
    pub(super) fn required(&self, buffer_type: PacBufferType) -> Result<&'a [u8], PacError> {
        let buffer = self.first(buffer_type).and_then(|entry| self.pac.get(entry.range));
        buffer.ok_or(PacError::Missing { buffer_type })
    }

    /// Offset and size are added in 64 bits with a check, so that a target with a smaller `usize` sees what
    /// others see.
    fn check_bounds(&self) -> Result<(), PacError> {
        let as_u64 = |len| u64::try_from(len).unwrap_or(u64::MAX);
        let table_len = as_u64(HEADER_LEN.saturating_add(self.entries.len()));
        for (buffer_type, size, offset) in raw_entries(self.entries) {
            if offset % ALIGNMENT != 0 {
                return Err(PacError::Misaligned { buffer_type, offset });
            }
            let end = offset.checked_add(u64::from(size));
            if offset < table_len || end.is_none_or(|end| end > as_u64(self.pac.len())) {
                return Err(PacError::OutOfBounds { buffer_type, offset, size });
            }
        }
        Ok(())
    }

    /// Quadratic in the number of buffers, of which there are at most [`MAX_PAC_BUFFERS`].
    fn check_overlap(&self) -> Result<(), PacError> {
        for (i, one) in self.entries().enumerate() {
            for other in self.entries().skip(i.saturating_add(1)) {
                // An empty buffer lies upon nothing.
                if one.range.start.max(other.range.start) < one.range.end.min(other.range.end) {
                    return Err(PacError::Overlap { one: one.buffer_type, other: other.buffer_type });
                }
            }
        }
        Ok(())
    }
}

/// Type, size and offset as they stand in the table.
fn raw_entries(entries: &[u8]) -> impl Iterator<Item = (PacBufferType, u32, u64)> {
    entries.chunks_exact(ENTRY_LEN).filter_map(|entry| {
        let (buffer_type, rest) = entry.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let offset = rest.first_chunk()?;
        let buffer_type = PacBufferType(u32::from_le_bytes(*buffer_type));
        Some((buffer_type, u32::from_le_bytes(*size), u64::from_le_bytes(*offset)))
    })
}
