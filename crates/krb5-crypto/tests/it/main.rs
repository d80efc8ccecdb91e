//! Tests through the public interface.

mod keys;
mod segments;
mod tampering;
mod vectors;

use krb5_crypto::{CipherKey, EncType, Key, KeyError};
use test_support::vectors::Record;

/// All enctypes that any build supports.
const ENCTYPES: [EncType; 7] = [
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA256_128,
    EncType::AES256_CTS_HMAC_SHA384_192,
    EncType::RC4_HMAC,
    EncType::CAMELLIA128_CTS_CMAC,
    EncType::CAMELLIA256_CTS_CMAC,
];

/// The enctypes that this build supports.
fn supported() -> impl Iterator<Item = EncType> {
    ENCTYPES.into_iter().filter(|enctype| enctype.is_supported())
}

/// A key with bytes that differ from each other and from those of another `variant`.
fn sample_key(enctype: EncType, variant: u8) -> Key {
    let bytes: Vec<u8> = (0..enctype.key_len().unwrap() as u8).map(|i| i.wrapping_mul(7) ^ variant).collect();
    Key::new(enctype, &bytes).unwrap()
}

fn enctype(record: &Record) -> EncType {
    EncType(record.int("enctype").try_into().unwrap())
}

/// The record's key, or `None` if this build is one that rightly refuses to make it.
fn key(record: &Record) -> Option<Key> {
    let made = Key::new(enctype(record), &record.hex("key"));
    if enctype(record).is_supported() {
        Some(made.unwrap())
    } else {
        assert_eq!(made.unwrap_err(), KeyError::Unsupported(enctype(record)));
        None
    }
}

/// Header, plaintext and trailer in one buffer, not yet encrypted.
fn laid_out(cipher: &CipherKey, plaintext: &[u8]) -> Vec<u8> {
    // Header and trailer hold something, to show that it does not matter.
    let mut message = vec![0xEE; cipher.header_len()];
    message.extend_from_slice(plaintext);
    message.resize(plaintext.len() + cipher.overhead(), 0xEE);
    message
}
