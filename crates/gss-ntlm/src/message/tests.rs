//! Tests of per-message tokens as their users see them: through [`halves`](super::halves).

mod forms;
mod order;
mod refusals;
mod round_trip;
mod tampering;
mod vectors;

use super::{Opener, Parameters, Sealer, WeakKey, halves};
use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use alloc::vec::Vec;
use gss_core::{MessageError, Opener as _, Protection, Role, Sealer as _, SequenceStatus};
use test_support::TestRng;

const ESS: NegotiateFlags = NegotiateFlags::EXTENDED_SESSION_SECURITY;
const SIGN: NegotiateFlags = NegotiateFlags::SIGN;
const SEAL: NegotiateFlags = NegotiateFlags::SEAL;
const KEY_EXCHANGE: NegotiateFlags = NegotiateFlags::KEY_EXCHANGE;
const DATAGRAM: NegotiateFlags = NegotiateFlags::DATAGRAM;
/// Extended session security with keys of 128 bits.
const STRONG: NegotiateFlags = ESS.with(NegotiateFlags::KEY_128);
/// What is negotiated between peers of today.
const USUAL: NegotiateFlags = STRONG.with(SIGN).with(SEAL).with(KEY_EXCHANGE);

/// Everything that tokens depend on, in all combinations that protect messages.
fn all_flags() -> impl Iterator<Item = NegotiateFlags> {
    let short = ESS.with(NegotiateFlags::KEY_56);
    let offers = [SIGN, SEAL, SIGN.with(SEAL)];
    let extras = [NegotiateFlags::NONE, KEY_EXCHANGE, DATAGRAM, KEY_EXCHANGE.with(DATAGRAM)];
    offers.into_iter().flat_map(move |offer| {
        extras.into_iter().flat_map(move |extra| [STRONG, short].map(|keys| keys.with(offer).with(extra)))
    })
}

/// The strongest protection that these flags offer.
fn strongest(flags: NegotiateFlags) -> Protection {
    if flags.contains(SEAL) { Protection::Confidentiality } else { Protection::Integrity }
}

fn key() -> SessionKey {
    SessionKey::from_bytes(*b"a key for tests.")
}

fn ends_of(role: Role, flags: NegotiateFlags) -> (Sealer, Opener) {
    halves(&Parameters { role, key: &key(), flags }).unwrap()
}

/// The initiator's sealer and the acceptor's opener.
fn ends(flags: NegotiateFlags) -> (Sealer, Opener) {
    (ends_of(Role::Initiator, flags).0, ends_of(Role::Acceptor, flags).1)
}

fn rng() -> TestRng {
    TestRng::insecure(1)
}

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 7 + 1) as u8).collect()
}

fn wrap(sealer: &mut Sealer, message: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    sealer.wrap(Protection::Integrity, message, &mut token, &mut rng()).unwrap();
    token
}

fn mic(sealer: &mut Sealer, message: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    sealer.get_mic(message, &mut token).unwrap();
    token
}

type Opened = Result<(Vec<u8>, Protection, SequenceStatus), MessageError>;

fn unwrap_copy(opener: &mut Opener, token: &[u8]) -> Opened {
    let mut token = token.to_vec();
    opener.unwrap(&mut token).map(|open| (open.message.to_vec(), open.protection, open.sequence))
}

/// Every single bit changed, one after the other.
fn with_each_bit_flipped(bytes: &[u8], mut check: impl FnMut(usize, &mut [u8])) {
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        check(bit, &mut changed);
    }
}
