//! Encryption and decryption of the messages' encrypted parts, in buffers of their own.

use alloc::vec::Vec;

use krb5_asn1::EncryptedData;
use krb5_crypto::{EncType, Key, KeyUsage};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Encrypts `plaintext`; what comes out is the content of an `EncryptedData`.
pub(crate) fn seal(key: &Key, usage: KeyUsage, plaintext: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
    let cipher = key.cipher(usage);
    let len = plaintext.len().saturating_add(cipher.overhead());
    let mut buffer = Zeroizing::new(Vec::with_capacity(len));
    buffer.resize(cipher.header_len(), 0);
    buffer.extend_from_slice(plaintext);
    buffer.resize(len, 0);
    match cipher.encrypt_in_place(&mut buffer, rng) {
        Ok(()) => core::mem::take(&mut *buffer),
        // Cannot be: the buffer has the length that the cipher asks for. The plaintext must not leave by that way.
        Err(_) => Vec::new(),
    }
}

/// Why an encrypted part does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// It says that it is of another enctype than the key.
    EncType { expected: EncType, found: EncType },
    /// It was not made with this key and usage, or was changed on the way.
    Integrity,
}

/// Decrypts an `EncryptedData`. The plaintext is wiped on drop.
pub(crate) fn open(
    key: &Key,
    usage: KeyUsage,
    data: &EncryptedData<'_>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let found = EncType(data.etype);
    if found != key.enctype() {
        return Err(OpenError::EncType { expected: key.enctype(), found });
    }
    let mut buffer = Zeroizing::new(data.cipher.as_bytes().to_vec());
    let plaintext = key.cipher(usage).decrypt_in_place(&mut buffer).map_err(|_| OpenError::Integrity)?.len();
    // What decrypts lies behind the header.
    let header = key.header_len();
    buffer.copy_within(header..header.saturating_add(plaintext), 0);
    buffer.truncate(plaintext);
    Ok(buffer)
}
