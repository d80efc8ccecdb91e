//! SPAKE, without a second factor (RFC 9588).

use krb5_asn1::{
    Decode, ErrorCode, Octets, PaDataType, PaSpake, SeqOf, SpakeChallenge, SpakeFactorType, SpakeGroup,
    SpakeResponse, SpakeSecondFactor,
};
use krb5_crypto::spake::{Group, Party, Role, Transcript};
use krb5_crypto::{Key, KeyUsage};
use zeroize::Zeroizing;

use super::Proof;
use crate::cookie;
use crate::database::Record;
use crate::refusal::{Outcome, Padata, Refusal, der, refuse};
use crate::sealed::open_data;
use crate::turn::Turn;

/// What the KDC remembers between challenge and response.
struct State {
    group: Group,
    private: Zeroizing<[u8; 32]>,
    transcript: Transcript,
}

/// Takes one message of the client's. `key` is the initial reply key, `body` what K'\[n\] covers.
pub(super) fn step(
    turn: &mut Turn<'_>,
    client: &Record,
    key: &Key,
    value: &[u8],
    state: Option<&[u8]>,
    body: &[u8],
) -> Outcome<Proof> {
    match PaSpake::from_der(value).map_err(|error| failed(format!("in PA-SPAKE: {error}")))? {
        PaSpake::Support(support) => {
            let mut groups = support.groups.iter();
            let group = groups
                .find_map(|group| Group::from_number(group.0))
                .ok_or_else(|| failed("none of the client's SPAKE groups is known here".into()))?;
            Err(challenge(turn, client, key, group, value)?)
        }
        PaSpake::Response(response) => {
            let state = state
                .and_then(State::read)
                .ok_or_else(|| failed("SPAKE response without the cookie of a challenge".into()))?;
            finish(key, &state, &response, body)
        }
        PaSpake::Challenge(_) | PaSpake::EncData(_) => Err(failed("PA-SPAKE out of turn".into())),
    }
}

/// Asks for the response.
fn challenge(
    turn: &mut Turn<'_>,
    client: &Record,
    key: &Key,
    group: Group,
    support: &[u8],
) -> Outcome<Box<Refusal>> {
    let party =
        Party::generate(Role::Kdc, group, key, turn.rng()).map_err(|error| failed(error.to_string()))?;
    let public = party.public_value();
    let factors = [SpakeSecondFactor { factor_type: SpakeFactorType::NONE, data: None }];
    let challenge = der(&PaSpake::Challenge(SpakeChallenge {
        group: SpakeGroup(group.number()),
        pubkey: Octets::new(public.as_bytes()),
        factors: SeqOf::new(&factors),
    }))?;
    let transcript = Transcript::new(support, &challenge);
    let state = State { group, private: Zeroizing::new(*party.secret_private_value()), transcript };
    let mut padata = Padata::default();
    padata.push(PaDataType::SPAKE, challenge);
    padata.push(PaDataType::ETYPE_INFO2, super::etype_info2(turn, client, &[key.enctype()])?);
    padata.push(PaDataType::FX_COOKIE, cookie::seal(turn, &client.principal, &state.write()));
    let refusal = refuse(ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, "SPAKE goes on");
    Ok(refusal.with_padata(padata))
}

/// Checks the response; what encrypts the reply comes out.
fn finish(key: &Key, state: &State, response: &SpakeResponse<'_>, body: &[u8]) -> Outcome<Proof> {
    let broken = |error: &dyn core::fmt::Display| failed(error.to_string());
    let party =
        Party::restore(Role::Kdc, state.group, key, &state.private).map_err(|error| broken(&error))?;
    let keys = party.agree(response.pubkey.as_bytes(), &state.transcript).map_err(|error| broken(&error))?;
    let factor_key = keys.key(1, body).map_err(|error| broken(&error))?;
    let plain = open_data(&factor_key, KeyUsage::SPAKE, &response.factor)
        .ok_or_else(|| failed("SPAKE factor does not decrypt: wrong password?".into()))?;
    let factor = SpakeSecondFactor::from_der(&plain).map_err(|error| broken(&error))?;
    if factor.factor_type != SpakeFactorType::NONE {
        return Err(failed(format!("second factor of type {}, which was not offered", factor.factor_type)));
    }
    let reply_key = keys.key(0, body).map_err(|error| broken(&error))?;
    Ok(Proof { padata: Padata::default(), reply_key: Some(reply_key) })
}

fn failed(text: String) -> Box<Refusal> {
    refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, text)
}

impl State {
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let group = self.group.number().to_be_bytes();
        Zeroizing::new([&group[..], &self.private[..], self.transcript.as_bytes()].concat())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (group, rest) = bytes.split_first_chunk()?;
        let (private, transcript) = rest.split_first_chunk::<32>()?;
        Some(Self {
            group: Group::from_number(i32::from_be_bytes(*group))?,
            private: Zeroizing::new(*private),
            transcript: Transcript::from_bytes(transcript.try_into().ok()?),
        })
    }
}
