//! Answers around plaintexts, by somebody who knows the keys.

use crate::input::Input;
use ::krb5_asn1::{
    ApReq, AsRep, AsReq, Authenticator, Decode, DecodeError, EncAsRepPart, EncKdcRepPart, EncTgsRepPart,
    Encode, EncryptedData, EncryptionKey, ErrorCode, KdcReqBody, KerberosString, KerberosTime, KrbError,
    KrbFastArmoredRep, KrbFastResponse, MethodData, Microseconds, Octets, PaData, PaDataType, PaFxFastReply,
    PaFxFastRequest, Principal, PrincipalRef, Raw, SeqOf, TgsRep, TgsReq, Ticket, UInt32,
};
use ::krb5_client::Request;
use ::krb5_crypto::{EncType, Key, KeyUsage};
use test_support::ticket::{NOW, seal};

/// What an answer is; the low bits of its first byte.
pub const RAW: u8 = 0;
/// See [`RAW`]: a KRB-ERROR.
pub const ERROR: u8 = 1;
/// See [`RAW`]: a reply with a ticket.
pub const REPLY: u8 = 2;
/// See [`RAW`]: what the KDC answers, with changes.
pub const TAMPERED: u8 = 3;
/// The nonce stays what the input says. Otherwise it becomes that of the request, which no fuzzer would guess.
pub const OWN_NONCE: u8 = 4;
/// The clear part names another client, whose name follows.
pub const OTHER_NAME: u8 = 8;
/// What counts is in the tunnel of FAST: the plaintext of its response follows.
pub const IN_TUNNEL: u8 = 16;

/// A request of either exchange, as a KDC sees it.
pub(crate) struct Seen<'r> {
    padata: MethodData<'r>,
    body: KdcReqBody<'r>,
    is_tgs: bool,
}

impl<'r> Seen<'r> {
    /// # Panics
    /// When it is none: a client has to write proper DER.
    pub(crate) fn new(request: &'r Request) -> Self {
        let read = |padata: Option<MethodData<'r>>, body: &'r [u8], is_tgs| {
            let body = KdcReqBody::from_der(body).expect("a body");
            Self { padata: padata.unwrap_or_default(), body, is_tgs }
        };
        match AsReq::from_der(&request.message) {
            Ok(request) => read(request.padata, request.req_body.as_der(), false),
            Err(_) => {
                let request = TgsReq::from_der(&request.message).expect("an AS-REQ or a TGS-REQ");
                read(request.padata, request.req_body.as_der(), true)
            }
        }
    }

    fn find(&self, wanted: PaDataType) -> Option<&'r [u8]> {
        self.padata.iter().find(|data| data.padata_type == wanted).map(|data| data.padata_value.as_bytes())
    }

    /// The subkey of the AP-REQ that shows the ticket of one of these session keys, and that session key.
    pub(crate) fn subkey(&self, session_keys: &[Key]) -> Option<(Key, Key)> {
        if let Some(ap_req) = self.find(PaDataType::TGS_REQ) {
            return subkey(ap_req, session_keys, KeyUsage::TGS_REQ_AUTHENTICATOR);
        }
        let PaFxFastRequest::ArmoredData(armored) =
            PaFxFastRequest::from_der(self.find(PaDataType::FX_FAST)?).expect("a request in its armor");
        subkey(armored.armor?.armor_value.as_bytes(), session_keys, KeyUsage::AP_REQ_AUTHENTICATOR)
    }

    /// The armor key, if there is armor.
    fn armor_key(&self, session_keys: &[Key]) -> Option<Key> {
        self.find(PaDataType::FX_FAST)?;
        let (subkey, session_key) = self.subkey(session_keys)?;
        Some(subkey.cf2(&session_key, b"subkeyarmor", b"ticketarmor").expect("a key is short"))
    }
}

/// The subkey in an AP-REQ that was made with one of these session keys.
pub(crate) fn subkey(ap_req: &[u8], session_keys: &[Key], usage: KeyUsage) -> Option<(Key, Key)> {
    let ap_req = ApReq::from_der(ap_req).expect("an AP-REQ");
    session_keys.iter().find_map(|session_key| {
        let mut cipher = ap_req.authenticator.cipher.as_bytes().to_vec();
        let plaintext = session_key.cipher(usage).decrypt_in_place(&mut cipher).ok()?;
        let found = Authenticator::from_der(plaintext).ok()?.subkey?;
        Some((to_key(found)?, session_key.duplicate()))
    })
}

pub(crate) fn to_key(key: EncryptionKey<'_>) -> Option<Key> {
    Key::new(EncType(key.keytype), key.keyvalue.as_bytes()).ok()
}

pub(crate) fn sealed(key: &Key, usage: KeyUsage, plaintext: &[u8]) -> Vec<u8> {
    seal(&key.cipher(usage), plaintext, 3)
}

/// An answer of the input's making to the request `seen`. `reply_keys` are those that the client may expect a reply
/// to be encrypted in, of which the input chooses. Session keys that are handed out are added to `session_keys`.
pub(crate) fn answer(
    kind: u8,
    seen: &Seen<'_>,
    client: PrincipalRef<'_>,
    reply_keys: &[Key],
    session_keys: &mut Vec<Key>,
    input: &mut Input<'_>,
) -> Vec<u8> {
    let nonce = (kind & OWN_NONCE == 0).then_some(seen.body.nonce);
    match kind % 4 {
        ERROR => error(kind, seen, nonce, session_keys, input),
        REPLY if !reply_keys.is_empty() => reply(kind, seen, nonce, client, reply_keys, session_keys, input),
        _ => input.chunk().to_vec(),
    }
}

fn error(
    kind: u8,
    seen: &Seen<'_>,
    nonce: Option<UInt32>,
    session_keys: &[Key],
    input: &mut Input<'_>,
) -> Vec<u8> {
    let code = ErrorCode(input.byte().into());
    let time = NOW + i64::from(input.u16().cast_signed());
    let (realm, data) = (input.chunk(), input.chunk());
    let tunnel = tunnel(kind, seen, nonce, session_keys, input);
    let data = tunnel.as_deref().map_or_else(|| data.to_vec(), in_padata);
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(time).expect("a time of our century"),
        susec: Microseconds::new(0).expect("none"),
        error_code: code,
        crealm: Some(KerberosString::new(realm)).filter(|realm| !realm.as_bytes().is_empty()),
        cname: None,
        realm: seen.body.realm,
        sname: seen.body.sname.expect("a service is always asked for"),
        e_text: None,
        e_data: Some(Octets::new(&data)).filter(|data| !data.as_bytes().is_empty()),
    };
    error.to_der().expect("an error encodes")
}

fn reply(
    kind: u8,
    seen: &Seen<'_>,
    nonce: Option<UInt32>,
    client: PrincipalRef<'_>,
    reply_keys: &[Key],
    session_keys: &mut Vec<Key>,
    input: &mut Input<'_>,
) -> Vec<u8> {
    let reply_key = input.pick(reply_keys);
    let (padata, plaintext) = (input.chunk(), input.chunk());
    let name = if kind & OTHER_NAME == 0 { &[][..] } else { input.chunk() };
    let tunnel = tunnel(kind, seen, nonce, session_keys, input);

    let part = decode(seen.is_tgs, plaintext).ok();
    let plaintext = match (part, nonce) {
        (Some(part), Some(nonce)) => encode(seen.is_tgs, EncKdcRepPart { nonce, ..part }),
        _ => plaintext.to_vec(),
    };
    session_keys.extend(part.and_then(|part| to_key(part.key)));
    // The ticket is for whom the encrypted part says, and else for whom it was asked for.
    let server = match part {
        Some(part) => part.sname.in_realm(part.srealm),
        None => seen.body.sname.expect("a service is always asked for").in_realm(seen.body.realm),
    };
    let nothing = EncryptedData { etype: 18, kvno: None, cipher: Octets::new(&[]) };
    let ticket = Ticket { realm: server.realm, sname: server.name, enc_part: nothing };
    let ticket = ticket.to_der().expect("a ticket encodes");
    let other = core::str::from_utf8(name).ok().and_then(|name| Principal::parse(name, Some("")).ok());
    let client = other.as_ref().map_or(client, Principal::as_borrowed);

    let usage = if seen.is_tgs { KeyUsage::TGS_REP_SUBKEY } else { KeyUsage::AS_REP };
    let cipher = sealed(reply_key, usage, &plaintext);
    let enc_part = EncryptedData { etype: reply_key.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
    let padata = tunnel.as_deref().map_or_else(|| padata.to_vec(), in_padata);
    let padata = MethodData::from_der(&padata).ok();
    let (crealm, cname) = (client.realm, client.name);
    let ticket = Raw::new(&ticket).expect("a ticket");
    let reply = if seen.is_tgs {
        TgsRep { padata, crealm, cname, ticket, enc_part }.to_der()
    } else {
        AsRep { padata, crealm, cname, ticket, enc_part }.to_der()
    };
    reply.expect("a reply encodes")
}

/// PA-FX-FAST around the plaintext of a response, if it is asked for and there is armor.
fn tunnel(
    kind: u8,
    seen: &Seen<'_>,
    nonce: Option<UInt32>,
    session_keys: &[Key],
    input: &mut Input<'_>,
) -> Option<Vec<u8>> {
    if kind & IN_TUNNEL == 0 {
        return None;
    }
    let (plaintext, key) = (input.chunk(), seen.armor_key(session_keys)?);
    let plaintext = match (KrbFastResponse::from_der(plaintext), nonce) {
        (Ok(response), Some(nonce)) => KrbFastResponse { nonce, ..response }.to_der().expect("as before"),
        _ => plaintext.to_vec(),
    };
    let cipher = sealed(&key, KeyUsage::FAST_REPLY, &plaintext);
    let enc_fast_rep = EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
    let armored = PaFxFastReply::ArmoredData(KrbFastArmoredRep { enc_fast_rep });
    Some(armored.to_der().expect("armor encodes"))
}

fn in_padata(tunnel: &[u8]) -> Vec<u8> {
    let data = [PaData { padata_type: PaDataType::FX_FAST, padata_value: Octets::new(tunnel) }];
    MethodData::to_der(&SeqOf::new(&data)).expect("a short list encodes")
}

fn decode(is_tgs: bool, plaintext: &[u8]) -> Result<EncKdcRepPart<'_>, DecodeError> {
    if is_tgs {
        EncTgsRepPart::from_der(plaintext).map(|part| part.0)
    } else {
        EncAsRepPart::from_der(plaintext).map(|part| part.0)
    }
}

fn encode(is_tgs: bool, part: EncKdcRepPart<'_>) -> Vec<u8> {
    let der = if is_tgs { EncTgsRepPart(part).to_der() } else { EncAsRepPart(part).to_der() };
    der.expect("what was decoded encodes")
}
