//! What messages are made of: how fast RC4 and HMAC-MD5 are by themselves.

use super::ends;
use crate::measure::{Cost, Run, take_turns};
use crate::options::Options;
use crate::{ours, report};
use anyhow::{Result, anyhow};
use core::hint::black_box;
use hmac::{Hmac, Mac as _};
use md5::Md5;
use rc4::{KeyInit as _, Rc4, StreamCipher as _};

const LENGTH: usize = 16 << 10;
const KEY: [u8; 16] = [0x5a; 16];

pub(super) fn run(options: &Options) -> Result<()> {
    if !options.wants("ntlm parts") {
        return Ok(());
    }
    eprintln!("  ntlm parts");
    let message = vec![0x5a; LENGTH];
    let (mut sealer, _) = ends()?;
    let (mut signer, _) = ends()?;
    let samples = take_turns(
        &mut [
            ours::seal_in_place(&mut sealer, &message),
            ours::mic(&mut signer, &message),
            rc4()?,
            hmac_md5()?,
            both()?,
        ],
        options.plan(),
    )?;
    report::print_parts(
        "ntlm, 16 KiB, and what it is made of",
        LENGTH,
        &["our seal in place", "our MIC", "RC4 alone", "HMAC-MD5 alone", "HMAC-MD5, and then RC4"],
        &samples,
    );
    Ok(())
}

/// The primitives that a server cannot do without for one login, on as many bytes as in the exchanges measured here:
/// the hash of the account, proof and key, key exchange, MIC.
pub(super) fn login() -> Run<'static> {
    let hmac = |key: &[u8]| Hmac::<Md5>::new_from_slice(key).map_err(|error| anyhow!("HMAC-MD5: {error}"));
    let messages = [0; 420];
    Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                let (name, rest) = messages.split_at(24);
                let (response, _) = rest.split_at(110);
                let hash = hmac(&black_box(KEY))?.chain_update(name).finalize().into_bytes();
                let keyed = hmac(&hash)?;
                let proof = keyed.clone().chain_update(response).finalize().into_bytes();
                let base = keyed.chain_update(proof).finalize().into_bytes();
                let mut key = KEY;
                let mut stream = Rc4::new_from_slice(&base).map_err(|error| anyhow!("RC4: {error}"))?;
                stream.apply_keystream(&mut key);
                black_box(hmac(&key)?.chain_update(messages).finalize());
            }
            Ok(())
        })
    })
}

fn rc4() -> Result<Run<'static>> {
    let mut stream = Rc4::new_from_slice(&KEY).map_err(|error| anyhow!("RC4: {error}"))?;
    let mut data = vec![0; LENGTH];
    Ok(Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                stream.apply_keystream(&mut data);
                black_box(&data);
            }
            Ok(())
        })
    }))
}

fn hmac_md5() -> Result<Run<'static>> {
    let keyed = Hmac::<Md5>::new_from_slice(&KEY).map_err(|error| anyhow!("HMAC-MD5: {error}"))?;
    let data = vec![0; LENGTH];
    Ok(Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                let mut mac = keyed.clone();
                mac.update(black_box(&data));
                black_box(mac.finalize());
            }
            Ok(())
        })
    }))
}

fn both() -> Result<Run<'static>> {
    let keyed = Hmac::<Md5>::new_from_slice(&KEY).map_err(|error| anyhow!("HMAC-MD5: {error}"))?;
    let mut stream = Rc4::new_from_slice(&KEY).map_err(|error| anyhow!("RC4: {error}"))?;
    let mut data = vec![0; LENGTH];
    Ok(Box::new(move |count| {
        Cost::of(|| {
            for _ in 0..count {
                let mut mac = keyed.clone();
                mac.update(&data);
                black_box(mac.finalize());
                stream.apply_keystream(&mut data);
                black_box(&data);
            }
            Ok(())
        })
    }))
}
