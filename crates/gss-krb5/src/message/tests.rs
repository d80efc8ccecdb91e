//! Tests of per-message tokens as their users see them: through [`halves`](super::halves).

mod round_trip;
mod scattered;
mod tampering;
mod tokens_of_others;

use super::{Opener, Parameters, Sealer, halves};
use alloc::vec::Vec;
use gss_core::{ContextFlags, Opener as _, Protection, Role, Sealer as _};
use krb5_crypto::{EncType, Key};
use test_support::TestRng;

const BOTH: [Protection; 2] = [Protection::Integrity, Protection::Confidentiality];
const DETECT: ContextFlags = ContextFlags::REPLAY.with(ContextFlags::SEQUENCE);
const FIRST: u64 = 1_000_000;

fn cfx_enctypes() -> Vec<EncType> {
    let all = [17, 18, 19, 20, 25, 26].map(EncType);
    all.into_iter().filter(|enctype| enctype.is_supported()).collect()
}

fn enctypes() -> Vec<EncType> {
    let mut all = cfx_enctypes();
    if cfg!(feature = "rc4") {
        all.push(EncType::RC4_HMAC);
    }
    all
}

fn key_of(enctype: EncType) -> Key {
    let bytes: Vec<u8> = (0..enctype.key_len().unwrap()).map(|index| index as u8 ^ 0x5a).collect();
    Key::new(enctype, &bytes).unwrap()
}

/// Both ends of a context.
struct Ends {
    initiator: (Sealer, Opener),
    acceptor: (Sealer, Opener),
}

fn ends_with(key: &Key, acceptor_subkey: bool, flags: ContextFlags) -> Ends {
    let parameters = Parameters {
        role: Role::Initiator,
        key,
        acceptor_subkey,
        send_sequence: FIRST,
        receive_sequence: 7,
        flags,
    };
    let opposite =
        Parameters { role: Role::Acceptor, send_sequence: 7, receive_sequence: FIRST, ..parameters };
    Ends { initiator: halves(&parameters).unwrap(), acceptor: halves(&opposite).unwrap() }
}

fn ends(enctype: EncType, flags: ContextFlags) -> Ends {
    ends_with(&key_of(enctype), true, flags)
}

fn rng() -> TestRng {
    TestRng::insecure(1)
}

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 7 + 1) as u8).collect()
}

fn wrap(sealer: &mut Sealer, protection: Protection, message: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    sealer.wrap(protection, message, &mut token, &mut rng()).unwrap();
    token
}

fn mic(sealer: &mut Sealer, message: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    sealer.get_mic(message, &mut token).unwrap();
    token
}

/// Every single bit changed, one after the other.
fn with_each_bit_flipped(token: &[u8], mut check: impl FnMut(usize, &mut [u8])) {
    for bit in 0..token.len() * 8 {
        let mut changed = token.to_vec();
        changed[bit / 8] ^= 0x80 >> (bit % 8);
        check(bit / 8, &mut changed);
    }
}

fn unwrap_copy(
    opener: &mut Opener,
    token: &[u8],
) -> Result<(Vec<u8>, Protection, gss_core::SequenceStatus), gss_core::MessageError> {
    let mut token = token.to_vec();
    opener.unwrap(&mut token).map(|open| (open.message.to_vec(), open.protection, open.sequence))
}
