//! Which primitives an enctype is made of, and how it derives keys (RFC 3961 section 3).
//!
//! Six of the seven enctypes share one shape, CBC-CTS beside a MAC, and differ in what [`CtsProfile`] lists.
//! RC4-HMAC has a shape of its own.

pub(crate) mod aes_sha1;
pub(crate) mod aes_sha2;
#[cfg(feature = "camellia")]
pub(crate) mod camellia;
#[cfg(feature = "rc4")]
pub(crate) mod rc4_hmac;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cts::{BLOCK, CtsMac, MacInput};
use crate::enctype::EncType;
use crate::primitive::{BlockCipher, KeyInit, Mac, keyed};
use crate::usage::KeyUsage;

/// The longest protocol key and the longest derived key, in bytes.
pub(crate) const MAX_KEY_LEN: usize = 32;
/// The longest output of a profile's pseudo-random function, in bytes.
pub(crate) const MAX_PRF_LEN: usize = 48;

/// An enctype that this build supports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Aes128Sha1,
    Aes256Sha1,
    Aes128Sha2,
    Aes256Sha2,
    #[cfg(feature = "camellia")]
    Camellia128,
    #[cfg(feature = "camellia")]
    Camellia256,
    #[cfg(feature = "rc4")]
    Rc4Hmac,
}

impl Profile {
    pub(crate) fn of(enctype: EncType) -> Option<Self> {
        Some(match enctype {
            EncType::AES128_CTS_HMAC_SHA1_96 => Self::Aes128Sha1,
            EncType::AES256_CTS_HMAC_SHA1_96 => Self::Aes256Sha1,
            EncType::AES128_CTS_HMAC_SHA256_128 => Self::Aes128Sha2,
            EncType::AES256_CTS_HMAC_SHA384_192 => Self::Aes256Sha2,
            #[cfg(feature = "camellia")]
            EncType::CAMELLIA128_CTS_CMAC => Self::Camellia128,
            #[cfg(feature = "camellia")]
            EncType::CAMELLIA256_CTS_CMAC => Self::Camellia256,
            #[cfg(feature = "rc4")]
            EncType::RC4_HMAC => Self::Rc4Hmac,
            _ => return None,
        })
    }

    pub(crate) fn enctype(self) -> EncType {
        match self {
            Self::Aes128Sha1 => EncType::AES128_CTS_HMAC_SHA1_96,
            Self::Aes256Sha1 => EncType::AES256_CTS_HMAC_SHA1_96,
            Self::Aes128Sha2 => EncType::AES128_CTS_HMAC_SHA256_128,
            Self::Aes256Sha2 => EncType::AES256_CTS_HMAC_SHA384_192,
            #[cfg(feature = "camellia")]
            Self::Camellia128 => EncType::CAMELLIA128_CTS_CMAC,
            #[cfg(feature = "camellia")]
            Self::Camellia256 => EncType::CAMELLIA256_CTS_CMAC,
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => EncType::RC4_HMAC,
        }
    }

    /// Length of the protocol key, in bytes.
    pub(crate) fn key_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes128Sha2 => 16,
            Self::Aes256Sha1 | Self::Aes256Sha2 => 32,
            #[cfg(feature = "camellia")]
            Self::Camellia128 => 16,
            #[cfg(feature = "camellia")]
            Self::Camellia256 => 32,
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => 16,
        }
    }

    /// Length of what stands before an encrypted plaintext, in bytes.
    pub(crate) fn header_len(self) -> usize {
        match self {
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => rc4_hmac::CHECKSUM + rc4_hmac::CONFOUNDER,
            _ => BLOCK,
        }
    }

    /// Length of what stands after an encrypted plaintext, in bytes.
    pub(crate) fn trailer_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => aes_sha1::Aes256Sha1::MAC_LEN,
            Self::Aes128Sha2 => aes_sha2::Aes128Sha2::MAC_LEN,
            Self::Aes256Sha2 => aes_sha2::Aes256Sha2::MAC_LEN,
            #[cfg(feature = "camellia")]
            Self::Camellia128 | Self::Camellia256 => camellia::Camellia256Cmac::MAC_LEN,
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => 0,
        }
    }

    /// Length of the pseudo-random function's output, in bytes.
    pub(crate) fn prf_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => 16,
            Self::Aes128Sha2 => 32,
            Self::Aes256Sha2 => 48,
            #[cfg(feature = "camellia")]
            Self::Camellia128 | Self::Camellia256 => 16,
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => 20,
        }
    }

    /// The pseudo-random function over the chunks laid end to end. Fills the first [`Self::prf_len`] bytes.
    pub(crate) fn prf(self, key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        match self {
            Self::Aes128Sha1 => aes_sha1::Aes128Sha1::prf(key, chunks, out),
            Self::Aes256Sha1 => aes_sha1::Aes256Sha1::prf(key, chunks, out),
            Self::Aes128Sha2 => aes_sha2::Aes128Sha2::prf(key, chunks, out),
            Self::Aes256Sha2 => aes_sha2::Aes256Sha2::prf(key, chunks, out),
            #[cfg(feature = "camellia")]
            Self::Camellia128 => camellia::Camellia128Cmac::prf(key, chunks, out),
            #[cfg(feature = "camellia")]
            Self::Camellia256 => camellia::Camellia256Cmac::prf(key, chunks, out),
            #[cfg(feature = "rc4")]
            Self::Rc4Hmac => rc4_hmac::prf(key, chunks, out),
        }
    }
}

/// An enctype of the CBC-CTS and MAC shape.
pub(crate) trait CtsProfile {
    type Cipher: BlockCipher;
    type Mac: Mac;

    const MAC_INPUT: MacInput;
    /// Length of the truncated MAC in messages and checksums, in bytes.
    const MAC_LEN: usize;
    /// Length of Ke, in bytes.
    const CIPHER_KEY_LEN: usize;
    /// Length of Ki and Kc, in bytes.
    const MAC_KEY_LEN: usize;

    /// The protocol key, made ready to derive others from.
    type Kdf: KeyInit;

    /// Derives a key as long as `out` (DK in RFC 3961 section 5.1, KDF in the later ones).
    fn derive_from(kdf: &Self::Kdf, constant: &[u8], out: &mut [u8]);

    /// Derives one key only.
    fn derive(key: &[u8], constant: &[u8], out: &mut [u8]) {
        Self::derive_from(&keyed(key), constant, out);
    }

    /// The pseudo-random function.
    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]);

    /// The last steps of string-to-key, with the parameters already read: from password and salt to a key as
    /// long as `out`.
    fn string_to_key(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]);

    /// The keys for messages of one usage.
    fn cipher(key: &[u8], usage: KeyUsage) -> CtsMac<Self::Cipher, Self::Mac> {
        let kdf = keyed(key);
        let cipher_key = usage_key::<Self>(&kdf, usage, Role::Encryption);
        let mac_key = usage_key::<Self>(&kdf, usage, Role::Integrity);
        CtsMac::new(keyed(cipher_key.bytes()), keyed(mac_key.bytes()), Self::MAC_INPUT, Self::MAC_LEN)
    }

    /// The keyed MAC for checksums of one usage.
    fn checksum(key: &[u8], usage: KeyUsage) -> Self::Mac {
        keyed(usage_key::<Self>(&keyed(key), usage, Role::Checksum).bytes())
    }
}

/// What a derived key is for (RFC 3961 section 5.3): the last byte of the derivation constant.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// Kc
    Checksum = 0x99,
    /// Ke
    Encryption = 0xAA,
    /// Ki
    Integrity = 0x55,
}

/// Ke, Ki or Kc.
fn usage_key<P: CtsProfile + ?Sized>(kdf: &P::Kdf, usage: KeyUsage, role: Role) -> KeyBytes {
    let [a, b, c, d] = usage.0.to_be_bytes();
    let mut derived = KeyBytes::zeroed(match role {
        Role::Encryption => P::CIPHER_KEY_LEN,
        Role::Checksum | Role::Integrity => P::MAC_KEY_LEN,
    });
    P::derive_from(kdf, &[a, b, c, d, role as u8], derived.bytes_mut());
    derived
}

/// Up to [`MAX_KEY_LEN`] bytes of secret, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct KeyBytes {
    bytes: [u8; MAX_KEY_LEN],
    len: usize,
}

impl KeyBytes {
    pub(crate) fn zeroed(len: usize) -> Self {
        Self { bytes: [0; MAX_KEY_LEN], len: len.min(MAX_KEY_LEN) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::pbkdf2;
    use alloc::vec;
    use test_support::vectors::load;

    fn check_derive(file: &str) {
        for record in load(file).records_of("derive") {
            let enctype = EncType(record.int("enctype").try_into().unwrap());
            let Some(profile) = Profile::of(enctype) else {
                assert!(!enctype.is_supported());
                continue;
            };
            let constant = record.hex("constant");
            let (usage, role) = constant.split_at(4);
            let usage = KeyUsage(u32::from_be_bytes(usage.try_into().unwrap()));
            let role = [Role::Checksum, Role::Encryption, Role::Integrity]
                .into_iter()
                .find(|known| *known as u8 == role[0])
                .unwrap();
            let derived = match profile {
                Profile::Aes128Sha1 => derive::<aes_sha1::Aes128Sha1>(&record.hex("key"), usage, role),
                Profile::Aes256Sha1 => derive::<aes_sha1::Aes256Sha1>(&record.hex("key"), usage, role),
                Profile::Aes128Sha2 => derive::<aes_sha2::Aes128Sha2>(&record.hex("key"), usage, role),
                Profile::Aes256Sha2 => derive::<aes_sha2::Aes256Sha2>(&record.hex("key"), usage, role),
                #[cfg(feature = "camellia")]
                Profile::Camellia128 => derive::<camellia::Camellia128Cmac>(&record.hex("key"), usage, role),
                #[cfg(feature = "camellia")]
                Profile::Camellia256 => derive::<camellia::Camellia256Cmac>(&record.hex("key"), usage, role),
                #[cfg(feature = "rc4")]
                Profile::Rc4Hmac => panic!("rc4-hmac derives in another way"),
            };
            assert_eq!(derived.bytes(), record.hex("derived"), "{}", record.name());
        }
    }

    fn derive<P: CtsProfile>(key: &[u8], usage: KeyUsage, role: Role) -> KeyBytes {
        usage_key::<P>(&keyed(key), usage, role)
    }

    #[test]
    fn derivations_of_mit() {
        check_derive("crypto/mit-derive.txt");
    }

    #[test]
    fn derivations_of_rfc8009() {
        check_derive("crypto/rfc8009-derive.txt");
    }

    #[test]
    fn derivations_of_rfc6803() {
        check_derive("crypto/rfc6803-derive.txt");
    }

    #[test]
    fn pbkdf2_of_rfc3962_and_ms_kile() {
        for file in ["crypto/rfc3962-string-to-key.txt", "crypto/ms-kile-string-to-key.txt"] {
            for record in load(file).records_of("string-to-key") {
                let expected = record.hex("pbkdf2");
                let mut out = vec![0; expected.len()];
                let iterations = record.int("iterations").try_into().unwrap();
                pbkdf2::hmac_sha1(&record.hex("password"), &record.hex("salt"), iterations, &mut out);
                assert_eq!(out, expected, "{}", record.name());
            }
        }
    }

    #[test]
    fn hashes_of_mit() {
        use crate::primitive::hmac::{Digest, Sha1};
        for record in load("crypto/mit-hash.txt").records_of("hash") {
            let input = record.hex("input");
            let hash = match record.name() {
                "sha1" => Sha1::digest(&input).to_vec(),
                #[cfg(feature = "rc4")]
                "rsa-md4" => crate::primitive::md4::Md4::digest(&input).to_vec(),
                #[cfg(feature = "rc4")]
                "rsa-md5" => crate::rc4_hmac::md5(&[&input]).to_vec(),
                #[cfg(not(feature = "rc4"))]
                "rsa-md4" | "rsa-md5" => continue,
                other => panic!("unknown hash {other}"),
            };
            assert_eq!(hash, record.hex("output"), "{}", record.name());
        }
    }
}
