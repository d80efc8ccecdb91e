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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChecksumType, EncType};

    /// RFC 2202 section 2, the second test case.
    #[test]
    fn hmac_md5_of_rfc2202() {
        let expected = 0x750c_783e_6ab0_b503_eaa8_6e31_0a5d_b738_u128.to_be_bytes();
        assert_eq!(hmac_md5(b"Jefe", &[b"what do ya want ", b"for nothing?"]), expected);
    }

    /// RFC 6229 section 2, the 128-bit key 0x0102...10 at offset 0.
    #[test]
    fn rc4_of_rfc6229_in_pieces() {
        let key = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10_u128.to_be_bytes();
        let mut stream = [0; 16];
        let (left, right) = stream.split_at_mut(5);
        rc4_apply(&key, &mut [left, &mut [], right]);
        assert_eq!(stream, 0x9ac7_cc9a_609d_1ef7_b293_2899_cde4_1b97_u128.to_be_bytes());
    }

    #[test]
    fn the_checksum_with_any_key_uses_its_bytes_like_an_rc4_key() {
        let usage = KeyUsage::KERB_NON_KERB_CKSUM_SALT;
        let aes = Key::new(EncType::AES128_CTS_HMAC_SHA1_96, &[0x2B; 16]).unwrap();
        let rc4 = Key::new(EncType::RC4_HMAC, &[0x2B; 16]).unwrap();
        let checksum = checksum_with_any_key(&aes, usage);
        assert_eq!(checksum.checksum_type(), ChecksumType::HMAC_MD5);
        let _verified =
            checksum.verify(&[b"data"], rc4.checksum(usage).compute_tag(&[b"data"]).as_bytes()).unwrap();
    }
}
