//! Pre-authentication: the client shows that it knows its key.

use krb5_asn1::{
    Decode, EncryptedData, ErrorCode, EtypeInfo2Entry, KdcReqBody, KerberosString, Octets, PaDataType,
    PaEncTsEnc, SeqOf,
};
use krb5_crypto::{EncType, Key, KeyUsage};

use crate::Realm;
use crate::ap_req::check_skew;
use crate::as_exchange::Request;
use crate::cookie;
use crate::database::Record;
use crate::fast::{Armor, find};
use crate::fault::Fault;
use crate::keys::KeySet;
use crate::refusal::{Outcome, Padata, der, kerberos_time, micros, refuse, timestamp};
use crate::sealed::{encrypted, open_data, seal};
use crate::turn::Turn;

#[cfg(feature = "spake")]
mod spake;

/// What pre-authentication came to.
pub(crate) struct Proven {
    /// Whether the client did pre-authenticate.
    pub(crate) done: bool,
    pub(crate) reply_key: Key,
    /// Version of the reply key, if it is the client's long-term key.
    pub(crate) kvno: Option<u32>,
    /// What goes into the reply.
    pub(crate) padata: Padata,
}

/// A client's proof.
#[derive(Default)]
struct Proof {
    /// What answers it.
    padata: Padata,
    /// What encrypts the reply in place of the client's long-term key.
    reply_key: Option<Key>,
}

/// Checks what pre-authentication data there is; asks for some if there has to be.
pub(crate) fn check(
    turn: &mut Turn<'_>,
    realm: &Realm,
    client: &Record,
    request: &Request<'_>,
) -> Outcome<Proven> {
    let Some(newest) = client.newest() else {
        return Err(refuse(ErrorCode::KDC_ERR_NULL_KEY, format!("{} has no key", client.principal)));
    };
    let offered = request.body.etype.iter().map(EncType);
    let enctype = offered.into_iter().find(|enctype| newest.enctypes().any(|has| has == *enctype));
    let Some(key) = enctype.and_then(|enctype| newest.get(enctype)) else {
        let text = format!("none of the client's enctypes is that of a key of {}", client.principal);
        return Err(refuse(ErrorCode::KDC_ERR_ETYPE_NOSUPP, text));
    };
    let proof = match prove(turn, realm, client, key, request) {
        Err(refusal) if refusal.code == ErrorCode::KDC_ERR_PREAUTH_FAILED => {
            let methods = methods(turn, realm, client, request)?;
            return Err(refusal.with_padata(methods));
        }
        proof => proof?,
    };
    if proof.is_none() && client.account.requires_preauth {
        let methods = methods(turn, realm, client, request)?;
        let refusal = refuse(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, "pre-authentication is needed");
        return Err(refusal.with_padata(methods));
    }
    let done = proof.is_some();
    let Proof { mut padata, reply_key } = proof.unwrap_or_default();
    padata.push(PaDataType::ETYPE_INFO2, etype_info2(turn, client, &[key.enctype()])?);
    let kvno = reply_key.is_none().then_some(newest.kvno);
    Ok(Proven { done, reply_key: reply_key.unwrap_or_else(|| key.duplicate()), kvno, padata })
}

/// The proof that the request holds. `None`: it holds none.
fn prove(
    turn: &mut Turn<'_>,
    realm: &Realm,
    client: &Record,
    key: &Key,
    request: &Request<'_>,
) -> Outcome<Option<Proof>> {
    let cookie = find(&request.padata, PaDataType::FX_COOKIE);
    let state = cookie.map(|cookie| cookie::open(turn, &client.principal, cookie)).transpose()?;
    #[cfg(feature = "spake")]
    if let Some(value) = find(&request.padata, PaDataType::SPAKE)
        && realm.spake
    {
        let state = state.as_ref().map(|state| state.as_slice());
        return spake::step(turn, client, key, value, state, request.body.as_der()).map(Some);
    }
    #[cfg(not(feature = "spake"))]
    let _ = (state, key);
    if let Some(armor) = request.armor
        && let Some(value) = find(&request.padata, PaDataType::ENCRYPTED_CHALLENGE)
    {
        let padata = encrypted_challenge(turn, realm, client, armor, value)?;
        return Ok(Some(Proof { padata, reply_key: None }));
    }
    if let Some(value) = find(&request.padata, PaDataType::ENC_TIMESTAMP)
        && realm.encrypted_timestamp
    {
        let keys = client.newest().into_iter().flat_map(KeySet::iter);
        encrypted_time(turn, realm, keys, KeyUsage::PA_ENC_TIMESTAMP, value)?;
        return Ok(Some(Proof::default()));
    }
    Ok(None)
}

/// PA-ENC-TIMESTAMP (RFC 4120 section 5.2.7.2), or the client's half of the encrypted challenge. Gives the key that
/// fits.
fn encrypted_time<K: core::borrow::Borrow<Key>>(
    turn: &Turn<'_>,
    realm: &Realm,
    keys: impl IntoIterator<Item = K>,
    usage: KeyUsage,
    value: &[u8],
) -> Outcome<()> {
    let failed = |text: String| refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, text);
    let data = EncryptedData::from_der(value).map_err(|error| failed(error.to_string()))?;
    let plain = keys
        .into_iter()
        .find_map(|key| open_data(key.borrow(), usage, &data))
        .ok_or_else(|| failed("encrypted time does not decrypt: wrong password?".into()))?;
    let time = PaEncTsEnc::from_der(&plain).map_err(|error| failed(error.to_string()))?;
    check_skew(turn.now, timestamp(time.patimestamp), realm.skew.into())
}

/// PA-ENCRYPTED-CHALLENGE: the client's time, and the KDC's in answer (RFC 6113 section 5.4.6).
fn encrypted_challenge(
    turn: &mut Turn<'_>,
    realm: &Realm,
    client: &Record,
    armor: &Armor,
    value: &[u8],
) -> Outcome<Padata> {
    let mix = |key: &Key, pepper: &[u8]| armor.key.cf2(key, pepper, b"challengelongterm").ok();
    let keys: Vec<_> = client.newest().into_iter().flat_map(KeySet::iter).collect();
    // Which long-term key the client took shows by trying: the challenge is of the armor's enctype.
    let mut last = None;
    for key in keys {
        let Some(challenge) = mix(key, b"clientchallengearmor") else { continue };
        match encrypted_time(turn, realm, [&challenge], KeyUsage::ENCRYPTED_CHALLENGE_CLIENT, value) {
            Ok(()) => return kdc_challenge(turn, mix(key, b"kdcchallengearmor").as_ref()),
            Err(refusal) if refusal.code == ErrorCode::KRB_AP_ERR_SKEW => return Err(refusal),
            Err(refusal) => last = Some(refusal),
        }
    }
    Err(last
        .unwrap_or_else(|| refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, "no key to test the challenge with")))
}

fn kdc_challenge(turn: &mut Turn<'_>, key: Option<&Key>) -> Outcome<Padata> {
    let mut padata = Padata::default();
    let wrong = if turn.goes_wrong(&Fault::WrongKdcChallenge) {
        key.and_then(|key| Key::generate(key.enctype(), turn.rng()).ok())
    } else {
        None
    };
    if let Some(key) = wrong.as_ref().or(key) {
        let time = PaEncTsEnc { patimestamp: kerberos_time(turn.now), pausec: Some(micros(turn.now)) };
        let cipher = seal(key, KeyUsage::ENCRYPTED_CHALLENGE_KDC, &der(&time)?, turn.rng());
        padata.push(PaDataType::ENCRYPTED_CHALLENGE, der(&encrypted(key, None, &cipher))?);
    }
    Ok(padata)
}

/// What the KDC offers: the METHOD-DATA of its errors.
fn methods(turn: &mut Turn<'_>, realm: &Realm, client: &Record, request: &Request<'_>) -> Outcome<Padata> {
    let mut methods = Padata::default();
    if realm.fast {
        methods.push(PaDataType::FX_FAST, Vec::new());
    }
    methods.push(PaDataType::ETYPE_INFO2, etype_info2(turn, client, &common(&request.body, client))?);
    if cfg!(feature = "spake") && realm.spake {
        methods.push(PaDataType::SPAKE, Vec::new());
    }
    match request.armor {
        Some(_) => methods.push(PaDataType::ENCRYPTED_CHALLENGE, Vec::new()),
        None if realm.encrypted_timestamp => methods.push(PaDataType::ENC_TIMESTAMP, Vec::new()),
        None => {}
    }
    methods.push(PaDataType::FX_COOKIE, cookie::seal(turn, &client.principal, &[]));
    Ok(methods)
}

/// The enctypes of the client's keys, in the order of the request.
fn common(body: &KdcReqBody<'_>, client: &Record) -> Vec<EncType> {
    let Some(newest) = client.newest() else { return Vec::new() };
    let mut common = Vec::new();
    for enctype in body.etype.iter().map(EncType) {
        if newest.enctypes().any(|has| has == enctype) && !common.contains(&enctype) {
            common.push(enctype);
        }
    }
    common
}

fn etype_info2(turn: &mut Turn<'_>, client: &Record, enctypes: &[EncType]) -> Outcome<Vec<u8>> {
    let forced =
        |fault: &Fault| if let Fault::Iterations(count) = fault { Some(count.to_be_bytes()) } else { None };
    let forced = turn.fault(forced);
    let Some(newest) = client.newest() else { return der(&SeqOf::<EtypeInfo2Entry<'_>>::EMPTY) };
    let hints: Vec<_> = enctypes.iter().map(|enctype| (*enctype, newest.hints(*enctype))).collect();
    let entries: Vec<_> = hints
        .iter()
        .map(|(enctype, (salt, params))| EtypeInfo2Entry {
            etype: enctype.0,
            salt: salt.map(KerberosString::new),
            s2kparams: forced.as_ref().or(params.as_ref()).map(|params| Octets::new(params)),
        })
        .collect();
    der(&SeqOf::new(&entries))
}
