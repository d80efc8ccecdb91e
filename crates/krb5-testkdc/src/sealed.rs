//! Encryption and decryption into buffers of their own.

use krb5_asn1::{EncryptedData, Octets};
use krb5_crypto::{Key, KeyUsage};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Encrypts.
pub(crate) fn seal(key: &Key, usage: KeyUsage, plain: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
    let cipher = key.cipher(usage);
    let mut buffer = vec![0; cipher.header_len()];
    buffer.extend_from_slice(plain);
    buffer.resize(buffer.len().saturating_add(cipher.trailer_len()), 0);
    // The buffer has header and trailer, so it is not too small.
    let _ = cipher.encrypt_in_place(&mut buffer, rng);
    buffer
}

/// Decrypts. `None` if the integrity check fails.
pub(crate) fn open(key: &Key, usage: KeyUsage, cipher: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(cipher.to_vec());
    let plain = key.cipher(usage).decrypt_in_place(&mut buffer).ok()?;
    Some(Zeroizing::new(plain.to_vec()))
}

/// [`open`] for a message that names its enctype, which has to be the key's.
pub(crate) fn open_data(key: &Key, usage: KeyUsage, data: &EncryptedData<'_>) -> Option<Zeroizing<Vec<u8>>> {
    (data.etype == key.enctype().0).then(|| open(key, usage, data.cipher.as_bytes()))?
}

/// Ciphertext with the enctype of its key.
pub(crate) fn encrypted<'a>(key: &Key, kvno: Option<u32>, cipher: &'a [u8]) -> EncryptedData<'a> {
    EncryptedData { etype: key.enctype().0, kvno: kvno.map(Into::into), cipher: Octets::new(cipher) }
}
