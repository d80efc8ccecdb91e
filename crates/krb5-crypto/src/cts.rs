//! CBC with ciphertext stealing as Kerberos defines it (RFC 3962 section 5), with the MAC in the same pass.
//!
//! The IV is zero. A message of one block is plain CBC. Otherwise the last two blocks of the CBC ciphertext are
//! swapped, always, and what is then the last one is cut to the length of the message.

use cipher::array::Array;
use cipher::consts::U16;
use cipher::typenum::Unsigned;
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
/// and the MAC fills the gaps. The lengths are those that were fastest with AES-256 on 16 KiB.
const CHUNK: usize = 64;
/// The same for a MAC over ciphertext, which has to wait for its chunk to be encrypted.
const CIPHERTEXT_CHUNK: usize = 128;

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
#[derive(Clone)]
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
        self.cipher.encrypt_with_backend(Encrypt { mac: &mut mac, mac_input: self.mac_input, body });
        self.write_tag(mac, trailer);
    }

    /// Decrypts `body` in place and checks the MAC. On failure `body` is wiped.
    pub(crate) fn decrypt(&self, body: &mut [u8], trailer: &[u8]) -> Result<(), IntegrityError> {
        let mut mac = self.mac.clone();
        self.cipher.decrypt_with_backend(Decrypt { mac: &mut mac, mac_input: self.mac_input, body });
        self.check_tag(mac, trailer).inspect_err(|_| body.zeroize())
    }

    /// The same as [`Self::encrypt`] for a message in pieces. Slower: its blocks are collected on the stack.
    pub(crate) fn encrypt_segments(&self, message: &mut Scattered<'_, '_>, trailer: &mut [u8]) {
        let mut mac = self.mac.clone();
        if self.mac_input == MacInput::Plaintext {
            message.for_each_signed(|piece| mac.update(piece));
        }
        self.cipher.encrypt_with_backend(EncryptScattered(message));
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
        self.cipher.decrypt_with_backend(DecryptScattered(message));
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

/// Encryption of a whole message. The whole of it, because entering a back end of the cipher costs more than a
/// few blocks do. All that runs inside is inlined, since only so does it get the back end's instructions.
struct Encrypt<'a, M> {
    mac: &'a mut M,
    mac_input: MacInput,
    body: &'a mut [u8],
}

impl<M> BlockSizeUser for Encrypt<'_, M> {
    type BlockSize = U16;
}

impl<M: Mac> BlockCipherEncClosure for Encrypt<'_, M> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { mac, mac_input, body } = self;
        let mut iv = Block::default();
        let (lead, end) = body.split_at_mut(lead_len(body.len()));
        match mac_input {
            MacInput::Plaintext => {
                for chunk in lead.chunks_mut(CHUNK) {
                    mac.update(chunk);
                    cbc_encrypt(backend, &mut iv, chunk);
                }
                mac.update(end);
                encrypt_end(backend, &mut iv, end);
            }
            MacInput::IvAndCiphertext => {
                // The first chunk is shorter by the IV that the MAC has seen, so that the others lie on its blocks.
                let (first, rest) = lead.split_at_mut(lead.len().min(CIPHERTEXT_CHUNK - BLOCK));
                for chunk in core::iter::once(first).chain(rest.chunks_mut(CIPHERTEXT_CHUNK)) {
                    cbc_encrypt(backend, &mut iv, chunk);
                    mac.update(chunk);
                }
                encrypt_end(backend, &mut iv, end);
                mac.update(end);
            }
        }
    }
}

/// Decryption of a whole message. Its blocks do not wait for each other, so the chunks are as long as the back
/// end likes to have them.
struct Decrypt<'a, M> {
    mac: &'a mut M,
    mac_input: MacInput,
    body: &'a mut [u8],
}

impl<M> BlockSizeUser for Decrypt<'_, M> {
    type BlockSize = U16;
}

impl<M: Mac> BlockCipherDecClosure for Decrypt<'_, M> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { mac, mac_input, body } = self;
        let mut iv = Block::default();
        let (lead, end) = body.split_at_mut(lead_len(body.len()));
        let chunk_len = B::ParBlocksSize::USIZE.saturating_mul(BLOCK).max(CHUNK);
        for chunk in lead.chunks_mut(chunk_len) {
            if mac_input == MacInput::IvAndCiphertext {
                mac.update(chunk);
            }
            cbc_decrypt(backend, &mut iv, chunk);
            if mac_input == MacInput::Plaintext {
                mac.update(chunk);
            }
        }
        if mac_input == MacInput::IvAndCiphertext {
            mac.update(end);
        }
        decrypt_end(backend, &iv, end);
        if mac_input == MacInput::Plaintext {
            mac.update(end);
        }
    }
}

/// Encryption of a message in pieces, without the MAC.
struct EncryptScattered<'a, 'm, 's>(&'a mut Scattered<'m, 's>);

impl BlockSizeUser for EncryptScattered<'_, '_, '_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for EncryptScattered<'_, '_, '_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut iv = Block::default();
        let lead = lead_len(self.0.encrypted_len());
        self.0.transform::<CHUNK>(lead, |chunk| cbc_encrypt(backend, &mut iv, chunk));
        self.0.transform::<MAX_END>(MAX_END, |end| encrypt_end(backend, &mut iv, end));
    }
}

/// Decryption of a message in pieces, without the MAC.
struct DecryptScattered<'a, 'm, 's>(&'a mut Scattered<'m, 's>);

impl BlockSizeUser for DecryptScattered<'_, '_, '_> {
    type BlockSize = U16;
}

impl BlockCipherDecClosure for DecryptScattered<'_, '_, '_> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        let mut iv = Block::default();
        let lead = lead_len(self.0.encrypted_len());
        self.0.transform::<CHUNK>(lead, |chunk| cbc_decrypt(backend, &mut iv, chunk));
        self.0.transform::<MAX_END>(MAX_END, |end| decrypt_end(backend, &iv, end));
    }
}

/// Encrypts whole blocks and leaves the last ciphertext block in `iv`.
#[inline(always)]
fn cbc_encrypt<B: BlockCipherEncBackend<BlockSize = U16>>(backend: &B, iv: &mut Block, data: &mut [u8]) {
    let (blocks, _) = Block::slice_as_chunks_mut(data);
    let mut chain = *iv;
    for block in blocks {
        xor(&mut chain, block);
        backend.encrypt_block_inplace(&mut chain);
        *block = chain;
    }
    *iv = chain;
}

/// Decrypts whole blocks and leaves the last ciphertext block in `iv`.
#[inline(always)]
fn cbc_decrypt<B: BlockCipherDecBackend<BlockSize = U16>>(backend: &B, iv: &mut Block, data: &mut [u8]) {
    let (blocks, _) = Block::slice_as_chunks_mut(data);
    let (batches, rest) = Array::<Block, B::ParBlocksSize>::slice_as_chunks_mut(blocks);
    for batch in batches {
        let ciphertext = batch.clone();
        backend.decrypt_par_blocks_inplace(batch);
        for (block, ciphertext) in batch.iter_mut().zip(&ciphertext) {
            xor(block, iv);
            *iv = *ciphertext;
        }
    }
    for block in rest {
        let ciphertext = *block;
        backend.decrypt_block_inplace(block);
        xor(block, iv);
        *iv = ciphertext;
    }
}

/// Encrypts the end of a message: 16 to 32 bytes.
#[inline(always)]
fn encrypt_end<B: BlockCipherEncBackend<BlockSize = U16>>(backend: &B, iv: &mut Block, end: &mut [u8]) {
    let Some((first, tail)) = end.split_at_mut_checked(BLOCK) else { return };
    cbc_encrypt(backend, iv, first);
    if tail.is_empty() {
        return;
    }
    // The short block is padded with zeros, so that what is left of the IV goes in unchanged.
    let mut last = *iv;
    xor(&mut last, tail);
    backend.encrypt_block_inplace(&mut last);
    tail.iter_mut().zip(*iv).for_each(|(to, from)| *to = from);
    first.copy_from_slice(&last);
}

/// Decrypts the end of a message: 16 to 32 bytes.
#[inline(always)]
fn decrypt_end<B: BlockCipherDecBackend<BlockSize = U16>>(backend: &B, iv: &Block, end: &mut [u8]) {
    let Some((first, tail)) = end.split_first_chunk_mut::<BLOCK>() else { return };
    let first: &mut Block = first.into();
    if !tail.is_empty() {
        // The last block of the message comes first. Decrypted, it is the padded plaintext under the stolen
        // ciphertext block; where the padding is, that leaves the ciphertext itself.
        let mut last = *first;
        backend.decrypt_block_inplace(&mut last);
        *first = last;
        first.iter_mut().zip(tail.iter()).for_each(|(to, from)| *to = *from);
        xor(&mut last, first);
        tail.iter_mut().zip(last).for_each(|(to, from)| *to = from);
        last.zeroize();
    }
    backend.decrypt_block_inplace(first);
    xor(first, iv);
}

#[inline(always)]
fn xor(block: &mut Block, other: &[u8]) {
    block.iter_mut().zip(other).for_each(|(to, from)| *to ^= from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::aes::Aes128;
    use crate::primitive::keyed;
    use cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
    use test_support::vectors::load;

    #[test]
    fn vectors_of_rfc3962() {
        for record in load("crypto/rfc3962-cbc-cts.txt").records_of("cbc-cts") {
            let cipher: Aes128 = keyed(&record.hex("key"));
            let mut data = record.hex("input");
            cipher.encrypt_with_backend(EncryptScattered(&mut Scattered::new(&mut data, &mut [])));
            assert_eq!(data, record.hex("output"), "{}", record.name());
            let next_iv = lead_len(data.len());
            assert_eq!(data[next_iv..next_iv + BLOCK], record.hex("next-iv"), "{}", record.name());
            cipher.decrypt_with_backend(DecryptScattered(&mut Scattered::new(&mut data, &mut [])));
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
