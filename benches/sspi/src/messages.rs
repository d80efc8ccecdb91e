//! Messages of an established context: the signature is one buffer, the message another, worked on where it lies.

use crate::timed;
use anyhow::{Context as _, Result};
use core::hint::black_box;
use core::time::Duration;
use sspi::{EncryptionFlags, Ntlm, SecurityBufferRef, Sspi as _};

const SIGNATURE_LEN: usize = 16;

/// A signature, and what it is in front of.
type Token = ([u8; SIGNATURE_LEN], Vec<u8>);

pub(crate) fn seal(ntlm: &mut Ntlm, message: &[u8]) -> Result<Vec<u8>> {
    let (signature, sealed) = sealed(ntlm, message)?;
    Ok([&signature, sealed.as_slice()].concat())
}

fn sealed(ntlm: &mut Ntlm, message: &[u8]) -> Result<Token> {
    let (mut signature, mut message) = ([0; SIGNATURE_LEN], message.to_vec());
    encrypt(ntlm, &mut signature, &mut message)?;
    Ok((signature, message))
}

fn encrypt(ntlm: &mut Ntlm, signature: &mut [u8], message: &mut [u8]) -> Result<()> {
    let mut buffers = [SecurityBufferRef::token_buf(signature), SecurityBufferRef::data_buf(message)];
    let _ = ntlm.encrypt_message(EncryptionFlags::empty(), &mut buffers)?;
    Ok(())
}

pub(crate) fn open(ntlm: &mut Ntlm, token: &[u8]) -> Result<Vec<u8>> {
    let (signature, message) = token.split_first_chunk().context("a token without a signature")?;
    let mut token = (*signature, message.to_vec());
    decrypt(ntlm, &mut token)?;
    Ok(token.1)
}

fn decrypt(ntlm: &mut Ntlm, (signature, message): &mut Token) -> Result<()> {
    let mut buffers = [SecurityBufferRef::token_buf(signature), SecurityBufferRef::data_buf(message)];
    let _ = ntlm.decrypt_message(&mut buffers)?;
    Ok(())
}

pub(crate) fn mic(ntlm: &mut Ntlm, message: &[u8], number: u32) -> Result<[u8; SIGNATURE_LEN]> {
    let (mut signature, mut message) = ([0; SIGNATURE_LEN], message.to_vec());
    sign(ntlm, &mut signature, &mut message, number)?;
    Ok(signature)
}

fn sign(ntlm: &mut Ntlm, signature: &mut [u8], message: &mut [u8], number: u32) -> Result<()> {
    let mut buffers = [SecurityBufferRef::token_buf(signature), SecurityBufferRef::data_buf(message)];
    Ok(ntlm.make_signature(0, &mut buffers, number)?)
}

pub(crate) fn verify(ntlm: &mut Ntlm, message: &[u8], mut mic: Vec<u8>, number: u32) -> Result<()> {
    let mut message = message.to_vec();
    let mut buffers = [SecurityBufferRef::token_buf(&mut mic), SecurityBufferRef::data_buf(&mut message)];
    let _ = ntlm.verify_signature(&mut buffers, number)?;
    Ok(())
}

/// Seals the same buffer again and again, whatever is in it.
pub(crate) fn seal_loop(ntlm: &mut Ntlm, message: &[u8], count: u64) -> Result<Duration> {
    let (mut signature, mut message) = ([0; SIGNATURE_LEN], message.to_vec());
    timed(|| {
        for _ in 0..count {
            encrypt(ntlm, &mut signature, &mut message)?;
            black_box((&signature, &message));
        }
        Ok(())
    })
}

pub(crate) fn mic_loop(ntlm: &mut Ntlm, message: &[u8], count: u64) -> Result<Duration> {
    let (mut signature, mut message) = ([0; SIGNATURE_LEN], message.to_vec());
    timed(|| {
        for number in 0..count {
            sign(ntlm, &mut signature, &mut message, number as u32)?;
            black_box(&signature);
        }
        Ok(())
    })
}

/// Opens what the other end sealed, which takes as long as it takes outside the time.
pub(crate) fn open_batch(
    sender: &mut Ntlm,
    receiver: &mut Ntlm,
    message: &[u8],
    size: u64,
) -> Result<Duration> {
    let mut tokens = (0..size).map(|_| sealed(sender, message)).collect::<Result<Vec<_>>>()?;
    timed(|| {
        for token in &mut tokens {
            decrypt(receiver, token)?;
            black_box(&token);
        }
        Ok(())
    })
}
