//! HMAC-MD5 (RFC 2104).

use ::hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

/// HMAC-MD5 with its key in place. A copy of the keyed state spares each message the two blocks of keying.
#[derive(Clone)]
pub(crate) struct HmacMd5(Hmac<Md5>);

impl HmacMd5 {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        // A key of a whole block, which every key length below is padded to (RFC 2104 section 2), cannot be refused.
        let mut block = zeroize::Zeroizing::new(::hmac::digest::Key::<Hmac<Md5>>::default());
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self(Hmac::new(&block))
    }

    /// The MAC over all chunks, end to end.
    pub(crate) fn of(mut self, chunks: &[&[u8]]) -> [u8; 16] {
        chunks.iter().for_each(|chunk| self.update(chunk));
        self.finish()
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(crate) fn finish(self) -> [u8; 16] {
        self.0.finalize().into_bytes().into()
    }
}
