//! `camellia128-cts-cmac` and `camellia256-cts-cmac` (RFC 6803).

use core::marker::PhantomData;

use zeroize::{Zeroize, Zeroizing};

use super::aes_sha2::bit_len;
use super::{CtsProfile, KeyBytes, MAX_PRF_LEN};
use crate::cts::{BLOCK, MacInput};
use crate::primitive::camellia::{Camellia128, Camellia256, CmacCamellia128, CmacCamellia256};
use crate::primitive::{BlockCipher, Mac, keyed, mac_over, pbkdf2};
use crate::string_to_key::SaltWithName;

pub(crate) type Camellia128Cmac = CamelliaCmac<Camellia128, CmacCamellia128, 16>;
pub(crate) type Camellia256Cmac = CamelliaCmac<Camellia256, CmacCamellia256, 32>;

pub(crate) struct CamelliaCmac<C, M, const KEY_LEN: usize>(PhantomData<(C, M)>);

impl<C: BlockCipher, M: Mac, const KEY_LEN: usize> CtsProfile for CamelliaCmac<C, M, KEY_LEN> {
    type Cipher = C;
    type Mac = M;
    type Kdf = M;

    const MAC_INPUT: MacInput = MacInput::Plaintext;
    const MAC_LEN: usize = 16;
    const CIPHER_KEY_LEN: usize = KEY_LEN;
    const MAC_KEY_LEN: usize = KEY_LEN;

    /// KDF-FEEDBACK-CMAC (RFC 6803 section 3): each block takes in the one before it.
    fn derive_from(kdf: &M, constant: &[u8], out: &mut [u8]) {
        let bits = bit_len(out).to_be_bytes();
        let mut block = [0; BLOCK];
        for (part, index) in out.chunks_mut(BLOCK).zip(1u32..) {
            let before = block;
            mac_over(kdf, &[&before, &index.to_be_bytes(), constant, &[0], &bits], |full| {
                block.iter_mut().zip(full).for_each(|(to, from)| *to = *from);
            });
            part.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
        block.zeroize();
    }

    /// RFC 6803 section 6.
    fn prf(key: &[u8], chunks: &[&[u8]], out: &mut [u8; MAX_PRF_LEN]) {
        let mut prf_key = KeyBytes::zeroed(KEY_LEN);
        Self::derive(key, b"prf", prf_key.bytes_mut());
        mac_over(&keyed::<M>(prf_key.bytes()), chunks, |full| {
            out.iter_mut().zip(full).for_each(|(to, from)| *to = *from);
        });
    }

    /// RFC 6803 section 4.
    fn string_to_key(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
        let name: &[u8] = if KEY_LEN == 16 { b"camellia128-cts-cmac" } else { b"camellia256-cts-cmac" };
        let salt = SaltWithName::new(name, salt);
        let mut intermediate = Zeroizing::new([0; KEY_LEN]);
        pbkdf2::hmac_sha1(password, salt.bytes(), iterations, intermediate.as_mut());
        Self::derive(intermediate.as_ref(), b"kerberos", out);
    }
}
