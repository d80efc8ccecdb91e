//! Parts of RC4-HMAC for protocols that put them together in their own way.
//!
//! # Hazardous material
//!
//! RFC 4757 section 7 makes the per-message tokens of RC4 contexts from HMAC-MD5 and RC4 directly, without the
//! encryption function of the enctype. These are the pieces for that, and PA-FOR-USER's checksum, which MS-SFU
//! section 2.2.1 computes with HMAC-MD5 whatever the key's enctype. Nothing here protects by itself: do not
//! use it for anything new.

use crate::checksum::ChecksumKey;
use crate::key::Key;
use crate::primitive::rc4::Rc4;
use crate::usage::KeyUsage;

/// HMAC-MD5 over the chunks laid end to end, with a key of any length.
pub fn hmac_md5(key: &[u8], chunks: &[&[u8]]) -> [u8; 16] {
    crate::profile::rc4_hmac::hmac_md5(key, chunks)
}

/// MD5 over the chunks laid end to end.
pub fn md5(chunks: &[&[u8]]) -> [u8; 16] {
    use crate::primitive::md5::{Digest, Md5};
    chunks.iter().fold(Md5::new(), Digest::chain_update).finalize().into()
}

/// Encrypts or decrypts the pieces in place with one RC4 key stream that runs through all of them.
pub fn rc4_apply(key: &[u8; 16], data: &mut [&mut [u8]]) {
    let mut rc4 = Rc4::new(key);
    data.iter_mut().for_each(|piece| rc4.apply(piece));
}

/// The `hmac-md5` checksum (number -138) with a key of any enctype, as PA-FOR-USER has it.
///
/// Never verify with this where the peer chooses the checksum type: take
/// [`Key::checksum_with_type`], which ties the type to the key's enctype.
pub fn checksum_with_any_key(key: &Key, usage: KeyUsage) -> ChecksumKey {
    ChecksumKey::hmac_md5(key.secret_bytes(), usage)
}
