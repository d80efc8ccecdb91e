//! CBC with ciphertext stealing as Kerberos defines it (RFC 3962 section 5), with the MAC in the same pass.
//!
//! The IV is zero. A message of one block is plain CBC. Otherwise the last two blocks of the CBC ciphertext are
//! swapped, always, and what is then the last one is cut to the length of the message.

use cipher::array::Array;
use cipher::consts::U16;
use cipher::{
    BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser,
};
use zeroize::Zeroize;

use crate::error::IntegrityError;
use crate::primitive::{BlockCipher, Mac, tags_match};
use crate::segment::Scattered;

pub(crate) const BLOCK: usize = 16;

/// What is encrypted between two MAC updates. Short enough that the processor still has the instructions of
/// the one at hand when it starts with the other: CBC encryption waits for its own results most of the time,
/// and the MAC fills the gaps. A multiple of the block length of every MAC in use.
const CHUNK: usize = 128;

/// The first chunk of a MAC that has already taken in the IV, so that the later ones lie on its blocks.
const CHUNK_AFTER_IV: usize = CHUNK - BLOCK;

/// The end of a message that ciphertext stealing rearranges: at most two blocks.
const MAX_END: usize = 2 * BLOCK;

type Block = Array<u8, U16>;

/// What the MAC of a profile covers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MacInput {
    /// Confounder and plaintext (RFC 3961 section 5.3).
    Plaintext,
    /// The zero IV and the ciphertext (RFC 8009 section 5).
    IvAndCiphertext,
}

/// A cipher and a MAC with their keys for one usage.
pub(crate) struct CtsMac<C, M> {
    cipher: C,
    /// Keyed, and already fed with the IV where the profile wants that.
    mac: M,
    mac_input: MacInput,
    mac_len: usize,
}

impl<C: BlockCipher, M: Mac> CtsMac<C, M> {
    pub(crate) fn new(cipher: C, mut mac: M, mac_input: MacInput, mac_len: usize) -> Self {
        if mac_input == MacInput::IvAndCiphertext {
            mac.update(&[0; BLOCK]);
        }
        Self { cipher, mac, mac_input, mac_len }
    }

    pub(crate) fn mac_len(&self) -> usize {
        self.mac_len
    }

    /// Encrypts `body`, which begins with the confounder, in place and writes the MAC to `trailer`.
    pub(crate) fn encrypt(&self, body: &mut [u8], trailer: &mut [u8]) {
        let mut mac = self.mac.clone();
        let mut iv = Block::default();
        let (lead, end) = body.split_at_mut(lead_len(body.len()));
        match self.mac_input {
            MacInput::Plaintext => {
                for chunk in chunks(lead, CHUNK) {
                    mac.update(chunk);
                    cbc_encrypt(&self.cipher, &mut iv, chunk);
                }
                mac.update(end);
                encrypt_end(&self.cipher, &iv, end);
            }
            MacInput::IvAndCiphertext => {
                for chunk in chunks(lead, CHUNK_AFTER_IV) {
                    cbc_encrypt(&self.cipher, &mut iv, chunk);
                    mac.update(chunk);
                }
                encrypt_end(&self.cipher, &iv, end);
                mac.update(end);
            }
        }
        self.write_tag(mac, trailer);
    }

    /// Decrypts `body` in place and checks the MAC. On failure `body` is wiped.
    pub(crate) fn decrypt(&self, body: &mut [u8], trailer: &[u8]) -> Result<(), IntegrityError> {
        let mut mac = self.mac.clone();
        let mut iv = Block::default();
        let (lead, end) = body.split_at_mut(lead_len(body.len()));
        match self.mac_input {
            MacInput::Plaintext => {
                for chunk in chunks(lead, CHUNK) {
                    cbc_decrypt(&self.cipher, &mut iv, chunk);
                    mac.update(chunk);
                }
                decrypt_end(&self.cipher, &iv, end);
                mac.update(end);
            }
            MacInput::IvAndCiphertext => {
                for chunk in chunks(lead, CHUNK_AFTER_IV) {
                    mac.update(chunk);
                    cbc_decrypt(&self.cipher, &mut iv, chunk);
                }
                mac.update(end);
                decrypt_end(&self.cipher, &iv, end);
            }
        }
        self.check_tag(mac, trailer).inspect_err(|_| body.zeroize())
    }

    /// The same as [`Self::encrypt`] for a message in pieces. Slower: its blocks are collected on the stack.
    pub(crate) fn encrypt_segments(&self, message: &mut Scattered<'_, '_>, trailer: &mut [u8]) {
        let mut mac = self.mac.clone();
        if self.mac_input == MacInput::Plaintext {
            message.for_each_signed(|piece| mac.update(piece));
        }
        let mut iv = Block::default();
        let lead = lead_len(message.encrypted_len());
        message.transform::<CHUNK>(lead, |chunk| cbc_encrypt(&self.cipher, &mut iv, chunk));
        message.transform::<MAX_END>(MAX_END, |end| encrypt_end(&self.cipher, &iv, end));
        if self.mac_input == MacInput::IvAndCiphertext {
            message.for_each_signed(|piece| mac.update(piece));
        }
        self.write_tag(mac, trailer);
    }

    /// The same as [`Self::decrypt`] for a message in pieces.
    pub(crate) fn decrypt_segments(
        &self,
        message: &mut Scattered<'_, '_>,
        trailer: &[u8],
    ) -> Result<(), IntegrityError> {
        let mut mac = self.mac.clone();
        if self.mac_input == MacInput::IvAndCiphertext {
            message.for_each_signed(|piece| mac.update(piece));
        }
        let mut iv = Block::default();
        let lead = lead_len(message.encrypted_len());
        message.transform::<CHUNK>(lead, |chunk| cbc_decrypt(&self.cipher, &mut iv, chunk));
        message.transform::<MAX_END>(MAX_END, |end| decrypt_end(&self.cipher, &iv, end));
        if self.mac_input == MacInput::Plaintext {
            message.for_each_signed(|piece| mac.update(piece));
        }
        self.check_tag(mac, trailer).inspect_err(|_| message.wipe())
    }

    fn write_tag(&self, mac: M, trailer: &mut [u8]) {
        for (to, from) in trailer.iter_mut().zip(mac.finalize_fixed()) {
            *to = from;
        }
    }

    fn check_tag(&self, mac: M, trailer: &[u8]) -> Result<(), IntegrityError> {
        let computed = mac.finalize_fixed();
        let tag = computed.get(..self.mac_len).unwrap_or(&computed);
        if tags_match(tag, trailer) { Ok(()) } else { Err(IntegrityError) }
    }
}

/// How much of a message comes before the end that ciphertext stealing rearranges. The end is the whole of a
/// message of up to two blocks, else one full block and the last, possibly short, one.
fn lead_len(message_len: usize) -> usize {
    let full_blocks_before_last = message_len.saturating_sub(1) / BLOCK;
    full_blocks_before_last.saturating_sub(1).saturating_mul(BLOCK)
}

/// Cuts into a first chunk and then [`CHUNK`]s.
fn chunks(lead: &mut [u8], first: usize) -> impl Iterator<Item = &mut [u8]> {
    let (first, rest) = lead.split_at_mut(first.min(lead.len()));
    core::iter::once(first).chain(rest.chunks_mut(CHUNK))
}

/// Encrypts whole blocks and leaves the last ciphertext block in `iv`.
fn cbc_encrypt<C: BlockCipher>(cipher: &C, iv: &mut Block, data: &mut [u8]) {
    let (blocks, _) = Block::slice_as_chunks_mut(data);
    cipher.encrypt_with_backend(CbcEncrypt { iv, blocks });
}

/// Decrypts whole blocks and leaves the last ciphertext block in `iv`.
fn cbc_decrypt<C: BlockCipher>(cipher: &C, iv: &mut Block, data: &mut [u8]) {
    let (blocks, _) = Block::slice_as_chunks_mut(data);
    cipher.decrypt_with_backend(CbcDecrypt { iv, blocks });
}

/// Encrypts the end of a message: 16 to 32 bytes.
fn encrypt_end<C: BlockCipher>(cipher: &C, iv: &Block, end: &mut [u8]) {
    let mut iv = *iv;
    let Some((first, tail)) = end.split_at_mut_checked(BLOCK) else { return };
    cbc_encrypt(cipher, &mut iv, first);
    if tail.is_empty() {
        return;
    }
    // The short block is padded with zeros, which is the same as not changing those bytes of the IV.
    let mut last = iv;
    xor(&mut last, tail);
    cipher.encrypt_block(&mut last);
    tail.iter_mut().zip(iv).for_each(|(to, from)| *to = from);
    first.copy_from_slice(&last);
}

/// Decrypts the end of a message: 16 to 32 bytes.
fn decrypt_end<C: BlockCipher>(cipher: &C, iv: &Block, end: &mut [u8]) {
    let mut iv = *iv;
    let Some((first, tail)) = end.split_at_mut_checked(BLOCK) else { return };
    if tail.is_empty() {
        cbc_decrypt(cipher, &mut iv, first);
        return;
    }
    let Some((swapped, _)) = first.split_first_chunk::<BLOCK>() else { return };
    let mut last = Block::from(*swapped);
    cipher.decrypt_block(&mut last);
    // `last` is now the padded plaintext under the stolen ciphertext block. Where the padding is, that leaves
    // the ciphertext itself.
    let mut stolen = last;
    stolen.iter_mut().zip(tail.iter()).for_each(|(to, from)| *to = *from);
    xor(&mut last, &stolen);
    tail.iter_mut().zip(last.iter()).for_each(|(to, from)| *to = *from);
    first.copy_from_slice(&stolen);
    cbc_decrypt(cipher, &mut iv, first);
    last.zeroize();
}

#[inline(always)]
fn xor(block: &mut Block, other: &[u8]) {
    block.iter_mut().zip(other).for_each(|(to, from)| *to ^= from);
}

struct CbcEncrypt<'a> {
    iv: &'a mut Block,
    blocks: &'a mut [Block],
}

impl BlockSizeUser for CbcEncrypt<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for CbcEncrypt<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut chain = *self.iv;
        for block in self.blocks {
            xor(&mut chain, block);
            backend.encrypt_block_inplace(&mut chain);
            *block = chain;
        }
        *self.iv = chain;
    }
}

struct CbcDecrypt<'a> {
    iv: &'a mut Block,
    blocks: &'a mut [Block],
}

impl BlockSizeUser for CbcDecrypt<'_> {
    type BlockSize = U16;
}

impl BlockCipherDecClosure for CbcDecrypt<'_> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        let (batches, rest) = Array::<Block, B::ParBlocksSize>::slice_as_chunks_mut(self.blocks);
        for batch in batches {
            let ciphertext = batch.clone();
            backend.decrypt_par_blocks_inplace(batch);
            unchain(self.iv, &ciphertext, batch);
        }
        for block in rest {
            let ciphertext = *block;
            backend.decrypt_block_inplace(block);
            xor(block, self.iv);
            *self.iv = ciphertext;
        }
    }
}

/// Adds to each decrypted block the ciphertext block before it.
#[inline(always)]
fn unchain(iv: &mut Block, ciphertext: &[Block], decrypted: &mut [Block]) {
    for (plain, cipher) in decrypted.iter_mut().zip(ciphertext) {
        xor(plain, iv);
        *iv = *cipher;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::aes::Aes128;
    use crate::primitive::keyed;
    use test_support::vectors::load;

    #[test]
    fn vectors_of_rfc3962() {
        for record in load("crypto/rfc3962-cbc-cts.txt").records_of("cbc-cts") {
            let cipher: Aes128 = keyed(&record.hex("key"));
            let mut data = record.hex("input");
            let (lead, end) = data.split_at_mut(lead_len(record.hex("input").len()));
            let mut iv = Block::default();
            cbc_encrypt(&cipher, &mut iv, lead);
            encrypt_end(&cipher, &iv, end);
            assert_eq!(data, record.hex("output"), "{}", record.name());
            let next_iv = lead_len(data.len());
            assert_eq!(data[next_iv..next_iv + BLOCK], record.hex("next-iv"), "{}", record.name());

            let (lead, end) = data.split_at_mut(next_iv);
            let mut iv = Block::default();
            cbc_decrypt(&cipher, &mut iv, lead);
            decrypt_end(&cipher, &iv, end);
            assert_eq!(data, record.hex("input"), "{}", record.name());
        }
    }

    #[test]
    fn the_end_is_one_or_two_blocks() {
        for len in BLOCK..300 {
            let end = len - lead_len(len);
            assert_eq!(lead_len(len) % BLOCK, 0);
            assert!(end == BLOCK && len == BLOCK || BLOCK < end && end <= MAX_END, "{len}");
        }
    }
}
