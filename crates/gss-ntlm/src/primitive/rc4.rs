//! RC4, the stream cipher also called ARCFOUR.

use ::rc4::{KeyInit, StreamCipher};

/// A key stream and how far it has been used.
pub(crate) struct Rc4(::rc4::Rc4);

impl Rc4 {
    #[expect(clippy::expect_used, reason = "RC4 takes every key of 1 to 256 bytes")]
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(::rc4::Rc4::new_from_slice(key).expect("16 bytes are an RC4 key"))
    }

    /// Encrypts or decrypts, which is the same, and moves on in the key stream.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}
