//! `rc4-hmac` (RFC 4757), weak and kept for old peers.
//!
//! Messages are `HMAC-MD5 checksum (16) | RC4(confounder (8) | plaintext)`.

use zeroize::{Zeroize, Zeroizing};

use super::{KeyBytes, MAX_PRF_LEN};
use crate::error::{IntegrityError, StringToKeyError};
use crate::primitive::hmac::{HmacMd5, HmacSha1};
use crate::primitive::md4::Md4;
use crate::primitive::md5::{Digest, Md5};
use crate::primitive::rc4::Rc4;
use crate::primitive::{keyed, mac_over, tags_match};
use crate::segment::Scattered;
use crate::usage::KeyUsage;

pub(crate) const CHECKSUM: usize = 16;
pub(crate) const CONFOUNDER: usize = 8;

/// The number by which RFC 4757 knows a usage, its "message type T", in the bytes that are hashed.
///
/// The usage for AS-REP is another one here (RFC 4757 section 3, and seen in recorded messages). For usage 9
/// the RFC names 8 as well, but the implementations in use send 9. On the GSS usages 22 to 25 implementations
/// do not agree; tokens under RC4 keys (RFC 4757 section 7) state T themselves and do not come through here.
fn message_type(usage: KeyUsage) -> [u8; 4] {
    let number = if usage == KeyUsage::AS_REP { KeyUsage::TGS_REP_SESSION_KEY.0 } else { usage.0 };
    number.to_le_bytes()
}

/// The HMAC keyed with K1 (which is also K2) for one usage.
#[derive(Clone)]
pub(crate) struct Rc4Cipher {
    mac: HmacMd5,
    /// For usage 9 the HMAC of usage 8, which a peer that follows the RFC to the letter uses.
    alternative: Option<HmacMd5>,
}

impl Rc4Cipher {
    pub(crate) fn new(key: &[u8], usage: KeyUsage) -> Self {
        let keyed_for = |usage| {
            let k1 = Zeroizing::new(hmac_md5(key, &[&message_type(usage)]));
            keyed::<HmacMd5>(k1.as_ref())
        };
        let alternative =
            (usage == KeyUsage::TGS_REP_SUBKEY).then(|| keyed_for(KeyUsage::TGS_REP_SESSION_KEY));
        Self { mac: keyed_for(usage), alternative }
    }

    /// Encrypts confounder and plaintext in place and writes the checksum.
    pub(crate) fn encrypt(&self, checksum: &mut [u8], message: &mut Scattered<'_, '_>) {
        let computed = message_checksum(&self.mac, message);
        apply(&self.mac, &computed, message);
        checksum.iter_mut().zip(computed).for_each(|(to, from)| *to = from);
    }

    /// Decrypts confounder and plaintext in place and verifies the checksum. On failure the message is wiped.
    pub(crate) fn decrypt(
        &self,
        checksum: &[u8],
        message: &mut Scattered<'_, '_>,
    ) -> Result<(), IntegrityError> {
        for mac in [Some(&self.mac), self.alternative.as_ref()].into_iter().flatten() {
            apply(mac, checksum, message);
            if tags_match(&message_checksum(mac, message), checksum) {
                return Ok(());
            }
            // The same key stream again brings the ciphertext back for the next attempt.
            apply(mac, checksum, message);
        }
        message.wipe();
        Err(IntegrityError)
    }
}

fn message_checksum(mac: &HmacMd5, message: &Scattered<'_, '_>) -> [u8; CHECKSUM] {
    use hmac::digest::{FixedOutput, Update};
    let mut mac = mac.clone();
    message.for_each_signed(|piece| mac.update(piece));
    mac.finalize_fixed().into()
}

/// RC4 under K3, which depends on the checksum.
fn apply(mac: &HmacMd5, checksum: &[u8], message: &mut Scattered<'_, '_>) {
    let mut k3 = Zeroizing::new([0; 16]);
    mac_over(mac, &[checksum], |full| k3.iter_mut().zip(full).for_each(|(to, from)| *to = *from));
    let mut rc4 = Rc4::new(&k3);
    message.for_each_encrypted(|piece| rc4.apply(piece));
}

/// The two checksums that take an RC4 key (RFC 4757 section 4): an HMAC over the MD5 of usage and data.
#[derive(Clone)]
pub(crate) struct Rc4Checksum {
    mac: HmacMd5,
    message_type: [u8; 4],
}

impl Rc4Checksum {
    /// `hmac-md5`, number -138: with a key made from the protocol key.
    pub(crate) fn hmac_md5(key: &[u8], usage: KeyUsage) -> Self {
        let signature_key = Zeroizing::new(hmac_md5(key, &[b"signaturekey\0"]));
        Self { mac: keyed(signature_key.as_ref()), message_type: message_type(usage) }
    }

    /// `md5-hmac`, number -137: with the protocol key.
    pub(crate) fn md5_hmac(key: &[u8], usage: KeyUsage) -> Self {
        Self { mac: keyed(key), message_type: message_type(usage) }
    }

    pub(crate) fn compute<R>(&self, chunks: &[&[u8]], take: impl FnOnce(&[u8]) -> R) -> R {
        let start = Md5::new().chain_update(self.message_type);
        let hash = chunks.iter().fold(start, Digest::chain_update).finalize();
        mac_over(&self.mac, &[&hash], take)
    }
}

/// HMAC-SHA1 of the input, as the implementations in use have it; RFC 4757 defines none.
pub(crate) fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
    mac_over(&keyed::<HmacSha1>(key), chunks, |full| {
        out.iter_mut().zip(full).for_each(|(to, from)| *to = *from);
    });
}

/// MD4 of the password in UTF-16, little endian (RFC 4757 section 2). The salt has no part in it.
pub(crate) fn string_to_key(password: &[u8]) -> Result<KeyBytes, StringToKeyError> {
    let password = core::str::from_utf8(password).map_err(|_| StringToKeyError::PasswordNotUtf8)?;
    let mut hash = Md4::new();
    for unit in password.encode_utf16() {
        hash.update(unit.to_le_bytes());
    }
    let mut digest: [u8; 16] = hash.finalize().into();
    let mut key = KeyBytes::zeroed(digest.len());
    key.bytes_mut().copy_from_slice(&digest);
    digest.zeroize();
    Ok(key)
}

pub(crate) fn hmac_md5(key: &[u8], chunks: &[&[u8]]) -> [u8; 16] {
    let mut mac = [0; 16];
    mac_over(&keyed::<HmacMd5>(key), chunks, |full| {
        mac.iter_mut().zip(full).for_each(|(to, from)| *to = *from);
    });
    mac
}
