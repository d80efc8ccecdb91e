//! PA-FX-COOKIE: what a client carries from one request to the next, sealed (RFC 6113 section 5.2).

use gss_core::Timestamp;
use krb5_asn1::{ErrorCode, Principal};
use krb5_crypto::KeyUsage;
use zeroize::Zeroizing;

use crate::refusal::{Outcome, refuse};
use crate::sealed;
use crate::turn::Turn;

/// How long a conversation may take, in seconds.
const LIFE: i64 = 600;
const USAGE: KeyUsage = KeyUsage::APPLICATION_DATA_ENCRYPTION;

/// A cookie for this client. `state` is what the KDC wants to know again.
pub(crate) fn seal(turn: &mut Turn<'_>, client: &Principal, state: &[u8]) -> Vec<u8> {
    let mut plain = Zeroizing::new(turn.now.seconds().to_be_bytes().to_vec());
    plain.extend_from_slice(&owner(client));
    plain.extend_from_slice(state);
    let tools = &mut *turn.tools;
    sealed::seal(&tools.cookie_key, USAGE, &plain, &mut *tools.rng)
}

/// The state in a cookie of this client.
pub(crate) fn open(turn: &Turn<'_>, client: &Principal, cookie: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
    let expired = |text: &str| refuse(ErrorCode::KDC_ERR_PREAUTH_EXPIRED, text);
    let plain = sealed::open(&turn.tools.cookie_key, USAGE, cookie)
        .ok_or_else(|| expired("cookie is not of this KDC"))?;
    let (made, rest) = plain.split_first_chunk().ok_or_else(|| expired("cookie is too short"))?;
    let made = Timestamp::from_seconds(i64::from_be_bytes(*made));
    if !(0..=LIFE).contains(&turn.now.seconds_since(made)) {
        return Err(expired("cookie is too old"));
    }
    let state = rest.strip_prefix(owner(client).as_slice());
    state.map(|state| Zeroizing::new(state.to_vec())).ok_or_else(|| expired("cookie is another client's"))
}

/// The client's name, in a form that is no other's.
fn owner(client: &Principal) -> Vec<u8> {
    let mut owner = client.to_string().into_bytes();
    owner.push(0);
    owner
}
