//! `aes128-cts-hmac-sha256-128` and `aes256-cts-hmac-sha384-192` (RFC 8009).

use zeroize::Zeroizing;

use super::{CtsProfile, MAX_PRF_LEN};
use crate::cts::MacInput;
use crate::primitive::aes::{Aes128, Aes256};
use crate::primitive::hmac::{HmacSha256, HmacSha384};
use crate::primitive::{Mac, keyed, pbkdf2};
use crate::string_to_key::SaltWithName;

pub(crate) struct Aes128Sha2;

impl CtsProfile for Aes128Sha2 {
    type Cipher = Aes128;
    type Mac = HmacSha256;
    type Kdf = HmacSha256;

    const MAC_INPUT: MacInput = MacInput::IvAndCiphertext;
    const MAC_LEN: usize = 16;
    const CIPHER_KEY_LEN: usize = 16;
    const MAC_KEY_LEN: usize = 16;

    fn derive_from(kdf: &Self::Kdf, constant: &[u8], out: &mut [u8]) {
        kdf_hmac_sha2(kdf, constant, &[], out);
    }

    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        kdf_hmac_sha2(&keyed::<HmacSha256>(key), b"prf", chunks, out.get_mut(..32).unwrap_or_default());
    }

    fn string_to_key(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
        let salt = SaltWithName::new(b"aes128-cts-hmac-sha256-128", salt);
        let mut intermediate = Zeroizing::new([0; 16]);
        pbkdf2::hmac_sha256(password, salt.bytes(), iterations, intermediate.as_mut());
        Self::derive(intermediate.as_ref(), b"kerberos", out);
    }
}

pub(crate) struct Aes256Sha2;

impl CtsProfile for Aes256Sha2 {
    type Cipher = Aes256;
    type Mac = HmacSha384;
    type Kdf = HmacSha384;

    const MAC_INPUT: MacInput = MacInput::IvAndCiphertext;
    const MAC_LEN: usize = 24;
    const CIPHER_KEY_LEN: usize = 32;
    const MAC_KEY_LEN: usize = 24;

    fn derive_from(kdf: &Self::Kdf, constant: &[u8], out: &mut [u8]) {
        kdf_hmac_sha2(kdf, constant, &[], out);
    }

    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        kdf_hmac_sha2(&keyed::<HmacSha384>(key), b"prf", chunks, out);
    }

    fn string_to_key(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
        let salt = SaltWithName::new(b"aes256-cts-hmac-sha384-192", salt);
        let mut intermediate = Zeroizing::new([0; 32]);
        pbkdf2::hmac_sha384(password, salt.bytes(), iterations, intermediate.as_mut());
        Self::derive(intermediate.as_ref(), b"kerberos", out);
    }
}

/// KDF-HMAC-SHA2 (RFC 8009 section 3). `out` is at most one hash long.
fn kdf_hmac_sha2<M: Mac>(keyed: &M, label: &[u8], context: &[&[u8]], out: &mut [u8]) {
    let mut mac = keyed.clone();
    mac.update(&1u32.to_be_bytes());
    mac.update(label);
    mac.update(&[0]);
    context.iter().for_each(|chunk| mac.update(chunk));
    mac.update(&bit_len(out).to_be_bytes());
    let hash = Zeroizing::new(mac.finalize_fixed());
    out.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
}

/// The length of a derived key in bits, as the derivation functions take it in.
pub(super) fn bit_len(out: &[u8]) -> u32 {
    u32::try_from(out.len()).unwrap_or(u32::MAX).saturating_mul(8)
}
