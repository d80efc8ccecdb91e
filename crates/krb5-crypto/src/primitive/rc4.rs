//! RC4, the stream cipher also called ARCFOUR.

use rc4::StreamCipher;

use super::keyed;

/// An RC4 key stream and how far it has been used.
pub(crate) struct Rc4(rc4::Rc4);

impl Rc4 {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(keyed(key))
    }

    /// Encrypts or decrypts, which is the same, and moves on in the key stream.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}
