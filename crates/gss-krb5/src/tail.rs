//! Building nested messages back to front, where they will lie.
//!
//! An AP-REQ holds a ciphertext, which holds an authenticator, which holds a checksum, which may hold a KRB-CRED with
//! a ciphertext of its own. A [`Tail`] is the part of the output that the token under construction occupies; each
//! layer is put around what is there already. No heap, no second buffer, and secrets are wiped when a layer moves.

use core::ops::Range;
use gss_core::framing::FrameHeader;
use gss_core::{CryptoRng, Oid, SinkFull, TokenSink};
use krb5_asn1::Encode;
use krb5_crypto::CipherKey;
use zeroize::Zeroize;

/// The end of a [`TokenSink`], from a start position on. Dropped before [`finish`](Self::finish), it takes back and
/// wipes all it wrote.
pub(crate) struct Tail<'o> {
    output: &'o mut dyn TokenSink,
    start: usize,
    finished: bool,
}

impl<'o> Tail<'o> {
    /// An empty tail. `capacity` bounds, in bytes, all that will be written at any moment.
    pub(crate) fn new(output: &'o mut dyn TokenSink, capacity: usize) -> Self {
        output.reserve(capacity);
        let start = output.len();
        Self { output, start, finished: false }
    }

    /// What was built so far.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.output.as_slice().get(self.start..).unwrap_or_default()
    }

    /// Appends bytes.
    #[cfg(feature = "alloc")]
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        self.output.put(bytes)
    }

    /// Puts bytes in front of all that was built.
    pub(crate) fn prepend(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        self.output.insert(self.start, bytes)
    }

    /// Appends the DER of a message.
    pub(crate) fn append_der(&mut self, message: &impl Encode) -> Result<(), SinkFull> {
        let len = der_len(message)?;
        let room = self.output.grow(len)?;
        message.encode_to_slice(room).map(|_| ()).map_err(|_| SinkFull { needed: len })
    }

    /// Replaces what was built by a message that contains it. `build` is called twice: to measure, and to write.
    pub(crate) fn enclose(
        &mut self,
        build: impl Fn(&[u8], Pass<'_>) -> Result<usize, SinkFull>,
    ) -> Result<(), SinkFull> {
        let inner = self.start..self.output.len();
        let len = build(self.as_slice(), Pass(None))?;
        self.output.grow(len)?;
        let too_long = SinkFull { needed: len };
        let (before, room) = self.output.as_mut_slice().split_at_mut_checked(inner.end).ok_or(too_long)?;
        build(before.get(inner.clone()).ok_or(too_long)?, Pass(Some(room)))?;
        self.remove(inner)
    }

    /// Encrypts what was built, where it lies.
    pub(crate) fn encrypt(&mut self, cipher: &CipherKey, rng: &mut dyn CryptoRng) -> Result<(), SinkFull> {
        let plaintext = self.as_slice().len();
        let full = SinkFull { needed: cipher.overhead() };
        self.output.grow(cipher.overhead())?;
        let tail = self.output.as_mut_slice().get_mut(self.start..).ok_or(full)?;
        tail.copy_within(..plaintext, cipher.header_len());
        cipher.encrypt_in_place(tail, rng).map_err(|_| full)
    }

    /// Puts the framing of RFC 2743 section 3.1 around what was built.
    pub(crate) fn frame(&mut self, mechanism: &Oid) -> Result<(), SinkFull> {
        let header = FrameHeader::new(mechanism, self.as_slice().len())?;
        self.prepend(header.as_bytes())
    }

    /// Leaves the token in the output.
    pub(crate) fn finish(mut self) {
        self.finished = true;
    }

    /// Takes out and wipes a part, moving what follows.
    fn remove(&mut self, part: Range<usize>) -> Result<(), SinkFull> {
        let written = self.output.as_mut_slice();
        let len = written.len();
        let keep = len.saturating_sub(part.len());
        written.copy_within(part.end..len, part.start);
        written.get_mut(keep..).ok_or(SinkFull { needed: 0 })?.zeroize();
        self.output.truncate(keep);
        Ok(())
    }
}

impl Drop for Tail<'_> {
    fn drop(&mut self) {
        if !self.finished {
            if let Some(written) = self.output.as_mut_slice().get_mut(self.start..) {
                written.zeroize();
            }
            self.output.truncate(self.start);
        }
    }
}

/// One of the two passes of [`Tail::enclose`]: without room to measure a message, with room to write it there.
pub(crate) struct Pass<'r>(Option<&'r mut [u8]>);

impl Pass<'_> {
    /// Measures or writes the DER of a message.
    pub(crate) fn der(self, message: &impl Encode) -> Result<usize, SinkFull> {
        let len = der_len(message)?;
        if let Some(room) = self.0 {
            message.encode_to_slice(room).map_err(|_| SinkFull { needed: len })?;
        }
        Ok(len)
    }
}

fn der_len(message: &impl Encode) -> Result<usize, SinkFull> {
    message
        .encoded_len()
        .ok()
        .and_then(|len| usize::try_from(len).ok())
        .ok_or(SinkFull { needed: usize::MAX })
}
