//! MD5 (RFC 1321), which derives keys.

use ::md5::{Digest, Md5};
use zeroize::Zeroizing;

/// The key that the chunks, end to end, hash to.
pub(crate) fn derive(chunks: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    let mut hash = Md5::new();
    chunks.iter().for_each(|chunk| hash.update(chunk));
    let mut key = Zeroizing::new([0; 16]);
    hash.finalize_into((&mut *key).into());
    key
}
