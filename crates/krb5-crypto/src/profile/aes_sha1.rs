//! `aes128-cts-hmac-sha1-96` and `aes256-cts-hmac-sha1-96` (RFC 3962): the simplified profile of RFC 3961
//! section 5.3 with AES and HMAC-SHA1.

use core::marker::PhantomData;

use cipher::array::Array;
use cipher::consts::U16;
use zeroize::{Zeroize, Zeroizing};

use super::{CtsProfile, KeyBytes, MAX_PRF_LEN};
use crate::cts::MacInput;
use crate::nfold::{fold_usage, nfold};
use crate::primitive::aes::{Aes128, Aes128Enc, Aes256, Aes256Enc};
use crate::primitive::hmac::{Digest, HmacSha1, Sha1};
use crate::primitive::{BlockCipher, BlockEncryptor, keyed, pbkdf2};

pub(crate) type Aes128Sha1 = AesSha1<Aes128, Aes128Enc, 16>;
pub(crate) type Aes256Sha1 = AesSha1<Aes256, Aes256Enc, 32>;

/// `E` is the encrypting half of `C`.
pub(crate) struct AesSha1<C, E, const KEY_LEN: usize>(PhantomData<(C, E)>);

impl<C: BlockCipher, E: BlockEncryptor, const KEY_LEN: usize> CtsProfile for AesSha1<C, E, KEY_LEN> {
    type Cipher = C;
    type Mac = HmacSha1;
    type Kdf = E;

    const MAC_INPUT: MacInput = MacInput::Plaintext;
    const MAC_LEN: usize = 12;
    const CIPHER_KEY_LEN: usize = KEY_LEN;
    const MAC_KEY_LEN: usize = KEY_LEN;

    /// DK: the folded constant encrypted, that encrypted again, and so on until there is enough.
    fn derive_from(kdf: &E, constant: &[u8], out: &mut [u8]) {
        let mut block = Array::<u8, U16>::default();
        match constant.try_into() {
            Ok(usage) => block = fold_usage(usage).into(),
            Err(_) => nfold(constant, &mut block),
        }
        for part in out.chunks_mut(block.len()) {
            kdf.encrypt_block(&mut block);
            part.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
        block.zeroize();
    }

    /// RFC 3962 section 6: one block of SHA-1, encrypted with a key derived for "prf".
    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        let mut prf_key = KeyBytes::zeroed(KEY_LEN);
        Self::derive(key, b"prf", prf_key.bytes_mut());
        let cipher: E = keyed(prf_key.bytes());
        let hash = chunks.iter().fold(Sha1::new(), Digest::chain_update).finalize();
        let mut block = Array::<u8, U16>::default();
        block.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        cipher.encrypt_block(&mut block);
        out.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        block.zeroize();
    }

    /// RFC 3962 section 4.
    fn string_to_key(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
        let mut intermediate = Zeroizing::new([0; KEY_LEN]);
        pbkdf2::hmac_sha1(password, salt, iterations, intermediate.as_mut());
        Self::derive(intermediate.as_ref(), b"kerberos", out);
    }
}
