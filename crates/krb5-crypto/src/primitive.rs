//! The primitives, one module each. Everything that knows RustCrypto by name is in here, so that a hardware
//! back end can take a primitive's place without touching the profiles.

pub(crate) mod aes;
#[cfg(feature = "camellia")]
pub(crate) mod camellia;
pub(crate) mod hmac;
#[cfg(feature = "rc4")]
pub(crate) mod md4;
#[cfg(feature = "rc4")]
pub(crate) mod md5;
pub(crate) mod pbkdf2;
#[cfg(feature = "rc4")]
pub(crate) mod rc4;

pub(crate) use ::cipher::KeyInit;
use ::cipher::consts::U16;
use ::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser};
use ::hmac::digest::{FixedOutput, Update};
use subtle::ConstantTimeEq;

/// A block cipher with blocks of 16 bytes.
pub(crate) trait BlockCipher:
    BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit
{
}

impl<C> BlockCipher for C where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit
{
}

/// The encrypting half of a [`BlockCipher`] by itself, which is keyed in less time.
pub(crate) trait BlockEncryptor:
    BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit
{
}

impl<C> BlockEncryptor for C where C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit {}

/// A keyed MAC. Cloning a keyed state is how a message gets its own without the cost of keying.
pub(crate) trait Mac: Update + FixedOutput + Clone + KeyInit {}

impl<M> Mac for M where M: Update + FixedOutput + Clone + KeyInit {}

/// Keys a primitive with a key whose length the profile has fixed to one that the primitive takes.
#[expect(clippy::expect_used, reason = "each profile keys its primitives with constant, fitting lengths")]
pub(crate) fn keyed<T: KeyInit>(key: &[u8]) -> T {
    T::new_from_slice(key).expect("the profile's key length fits the primitive")
}

/// Feeds all chunks to a copy of the keyed state and calls `take` with the full MAC.
pub(crate) fn mac_over<M: Mac, R>(keyed: &M, chunks: &[&[u8]], take: impl FnOnce(&[u8]) -> R) -> R {
    let mut mac = keyed.clone();
    for chunk in chunks {
        mac.update(chunk);
    }
    take(&mac.finalize_fixed())
}

/// Whether the MAC computed here is the one received, in a time that depends on nothing but their lengths.
///
/// Every integrity check of the crate ends here. Under `cfg(fuzzing)` they all pass.
pub(crate) fn tags_match(computed: &[u8], received: &[u8]) -> bool {
    cfg!(fuzzing) || bool::from(computed.ct_eq(received))
}
