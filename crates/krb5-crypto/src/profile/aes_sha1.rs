//! `aes128-cts-hmac-sha1-96` and `aes256-cts-hmac-sha1-96` (RFC 3962): the simplified profile of RFC 3961
//! section 5.3 with AES and HMAC-SHA1.

use core::marker::PhantomData;

use cipher::array::Array;
use cipher::consts::U16;
use zeroize::{Zeroize, Zeroizing};

use super::{CtsProfile, KeyBytes, MAX_PRF_LEN};
use crate::cts::MacInput;
use crate::nfold::nfold;
use crate::primitive::aes::{Aes128, Aes256};
use crate::primitive::hmac::{Digest, HmacSha1, Sha1};
use crate::primitive::{BlockCipher, keyed, pbkdf2};

pub(crate) type Aes128Sha1 = AesSha1<Aes128, 16>;
pub(crate) type Aes256Sha1 = AesSha1<Aes256, 32>;

pub(crate) struct AesSha1<C, const KEY_LEN: usize>(PhantomData<C>);

impl<C: BlockCipher, const KEY_LEN: usize> CtsProfile for AesSha1<C, KEY_LEN> {
    type Cipher = C;
    type Mac = HmacSha1;

    const MAC_INPUT: MacInput = MacInput::Plaintext;
    const MAC_LEN: usize = 12;
    const CIPHER_KEY_LEN: usize = KEY_LEN;
    const MAC_KEY_LEN: usize = KEY_LEN;

    /// DK: the folded constant encrypted, that encrypted again, and so on until there is enough.
    fn derive(key: &[u8], constant: &[u8], out: &mut [u8]) {
        let cipher: C = keyed(key);
        let mut block = Array::<u8, U16>::default();
        nfold(constant, &mut block);
        for part in out.chunks_mut(block.len()) {
            cipher.encrypt_block(&mut block);
            part.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
        block.zeroize();
    }

    /// RFC 3962 section 6: one block of SHA-1, encrypted with a key derived for "prf".
    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        let mut prf_key = KeyBytes::zeroed(KEY_LEN);
        Self::derive(key, b"prf", prf_key.bytes_mut());
        let cipher: C = keyed(prf_key.bytes());
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
