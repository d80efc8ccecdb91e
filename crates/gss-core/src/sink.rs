use core::fmt;

/// Where a token is written: a `Vec<u8>`, or a caller's fixed buffer ([`SliceSink`]).
///
/// Writers append, and may go back over what they appended: tokens are encrypted where they lie.
pub trait TokenSink {
    /// All bytes written so far.
    fn as_slice(&self) -> &[u8];

    /// All bytes written so far, to be changed in place.
    fn as_mut_slice(&mut self) -> &mut [u8];

    /// Appends `additional` zero bytes and returns them.
    ///
    /// # Errors
    /// [`SinkFull`] when they do not fit; nothing was appended then.
    fn grow(&mut self, additional: usize) -> Result<&mut [u8], SinkFull>;

    /// Drops all bytes from position `len` on; does nothing when there are fewer.
    fn truncate(&mut self, len: usize);

    /// Announces how many bytes will be appended at most, so that a growing buffer moves its content once, now,
    /// and not later when there are secrets in it. Does nothing by default.
    fn reserve(&mut self, additional: usize) {
        let _ = additional;
    }

    /// Number of bytes written so far.
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether nothing was written so far.
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`SinkFull`] when they do not fit; nothing was appended then.
    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        self.grow(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Inserts bytes at position `at`, moving what follows; for headers whose length is known only after the content.
    ///
    /// # Errors
    /// [`SinkFull`] when they do not fit or `at` lies beyond the end; nothing changed then.
    fn insert(&mut self, at: usize, bytes: &[u8]) -> Result<(), SinkFull> {
        let len = self.len();
        let missing = SinkFull { needed: bytes.len() };
        if at > len {
            return Err(missing);
        }
        self.grow(bytes.len())?;
        let after = at.checked_add(bytes.len()).ok_or(missing)?;
        let written = self.as_mut_slice();
        written.copy_within(at..len, after);
        written.get_mut(at..after).ok_or(missing)?.copy_from_slice(bytes);
        Ok(())
    }
}

/// The buffer is too small for the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkFull {
    /// How many bytes did not fit.
    pub needed: usize,
}

impl fmt::Display for SinkFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "output buffer has no room for {} more bytes", self.needed)
    }
}

impl core::error::Error for SinkFull {}

/// A [`TokenSink`] over a caller's buffer, for programs without a heap.
#[derive(Debug)]
pub struct SliceSink<'b> {
    buffer: &'b mut [u8],
    len: usize, // INVARIANT: at most buffer.len()
}

impl<'b> SliceSink<'b> {
    /// An empty sink that can hold as many bytes as `buffer`.
    #[must_use]
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// The bytes written, for as long as the buffer lives.
    #[must_use]
    pub fn into_written(self) -> &'b mut [u8] {
        self.buffer.get_mut(..self.len).unwrap_or_default()
    }
}

impl TokenSink for SliceSink<'_> {
    fn as_slice(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.buffer.get_mut(..self.len).unwrap_or_default()
    }

    fn grow(&mut self, additional: usize) -> Result<&mut [u8], SinkFull> {
        let start = self.len;
        let end = start.saturating_add(additional);
        let full = SinkFull { needed: end.saturating_sub(self.buffer.len()) };
        let added = self.buffer.get_mut(start..end).ok_or(full)?;
        added.fill(0);
        self.len = end;
        Ok(added)
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

#[cfg(feature = "alloc")]
impl TokenSink for alloc::vec::Vec<u8> {
    fn as_slice(&self) -> &[u8] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }

    fn grow(&mut self, additional: usize) -> Result<&mut [u8], SinkFull> {
        let start = self.len();
        let len = start.checked_add(additional).ok_or(SinkFull { needed: additional })?;
        self.resize(len, 0);
        Ok(self.get_mut(start..).unwrap_or_default())
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }

    fn reserve(&mut self, additional: usize) {
        Self::reserve(self, additional);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn exercise(sink: &mut dyn TokenSink) {
        sink.put(b"world").unwrap();
        sink.insert(0, b"hello ").unwrap();
        sink.insert(11, b"!").unwrap();
        assert_eq!(sink.as_slice(), b"hello world!");
        assert!(sink.insert(99, b"x").is_err());
        sink.truncate(5);
        sink.truncate(50);
        assert_eq!(sink.as_slice(), b"hello");
        sink.grow(2).unwrap()[1] = b'?';
        assert_eq!(sink.as_slice(), b"hello\0?");
    }

    #[test]
    fn both_sinks_behave_alike() {
        exercise(&mut Vec::new());
        exercise(&mut SliceSink::new(&mut [0xff; 16]));
    }

    #[test]
    fn a_full_buffer_says_how_much_is_missing_and_keeps_what_it_has() {
        let mut buffer = [0; 8];
        let mut sink = SliceSink::new(&mut buffer);
        sink.put(b"12345").unwrap();
        assert_eq!(sink.put(b"6789"), Err(SinkFull { needed: 1 }));
        assert_eq!(sink.insert(0, b"6789"), Err(SinkFull { needed: 1 }));
        assert_eq!(sink.into_written(), b"12345");
    }
}
