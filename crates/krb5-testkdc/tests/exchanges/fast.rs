//! The tunnel.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{
    AsRep, Checksum, Decode, EncAsRepPart, Encode, EncryptedData, FastArmorType, FastOptions, KrbFastArmor,
    KrbFastArmoredReq, KrbFastReq, KrbFastResponse, MethodData, Octets, PaDataType, PaEncTsEnc,
    PaFxFastReply, PaFxFastRequest, Principal, Raw, SeqOf, TgsRep, TgsReq,
};
use krb5_crypto::{Key, KeyUsage};
use krb5_testkdc::{Fault, Kdc, Port, Realm};

use crate::client::*;

/// A request in armor, and the armor's key.
struct Armored {
    message: Vec<u8>,
    key: Key,
}

struct Tampering {
    options: FastOptions,
    checksum_over: Option<Vec<u8>>,
    armor_type: FastArmorType,
    without_armor: bool,
    subkey: bool,
}

impl Default for Tampering {
    fn default() -> Self {
        Self {
            options: FastOptions::NONE,
            checksum_over: None,
            armor_type: FastArmorType::AP_REQUEST,
            without_armor: false,
            subkey: true,
        }
    }
}

fn armor_key(subkey: &Key, session_key: &Key) -> Key {
    subkey.cf2(session_key, b"subkeyarmor", b"ticketarmor").unwrap()
}

/// PA-FX-FAST around a request.
fn fast_padata(
    client: &mut Client<'_>,
    key: &Key,
    armor: Option<KrbFastArmor<'_>>,
    covered: &[u8],
    inner: &Ask,
    options: FastOptions,
) -> Vec<u8> {
    let body = inner.body();
    let padata = elements(&inner.padata);
    let request =
        KrbFastReq { fast_options: options, padata: SeqOf::new(&padata), req_body: Raw::new(&body).unwrap() };
    let sealed = seal(key, KeyUsage::FAST_REQUEST, &request.to_der().unwrap(), &mut client.rng);
    let checksum = key.checksum(KeyUsage::FAST_REQUEST_CHECKSUM);
    let tag = checksum.compute_tag(&[covered]);
    let armored = KrbFastArmoredReq {
        armor,
        req_checksum: Checksum {
            cksumtype: checksum.checksum_type().0,
            checksum: Octets::new(tag.as_bytes()),
        },
        enc_fast_req: EncryptedData::from_der(&sealed).unwrap(),
    };
    PaFxFastRequest::ArmoredData(armored).to_der().unwrap()
}

fn as_req(client: &mut Client<'_>, armor: &Granted, inner: &Ask, tampering: &Tampering) -> Armored {
    let outer_body = inner.body();
    let proof = Proof { covers_body: false, subkey: tampering.subkey, ..Proof::default() };
    let (ap_req, subkey) = client.ap_req(armor, KeyUsage::AP_REQ_AUTHENTICATOR, &proof, &[]);
    let key = subkey.map_or_else(|| armor.key.duplicate(), |subkey| armor_key(&subkey, &armor.key));
    let wire = KrbFastArmor { armor_type: tampering.armor_type, armor_value: Octets::new(&ap_req) };
    let wire = (!tampering.without_armor).then_some(wire);
    let covered = tampering.checksum_over.as_deref().unwrap_or(&outer_body);
    let value = fast_padata(client, &key, wire, covered, inner, tampering.options);
    let outer = Ask { padata: vec![(PaDataType::FX_FAST, value)], ..copy(inner) };
    Armored { message: client.as_req(&outer), key }
}

fn copy(ask: &Ask) -> Ask {
    Ask {
        client: ask.client.clone(),
        realm: ask.realm.clone(),
        server: ask.server.clone(),
        etypes: ask.etypes.clone(),
        authdata: ask.authdata.clone(),
        tickets: ask.tickets.clone(),
        padata: Vec::new(),
        ..*ask
    }
}

/// What the tunnel holds.
struct Response {
    padata: Vec<(PaDataType, Vec<u8>)>,
    strengthen_key: Option<Key>,
    finished: Option<(Principal, Vec<u8>)>,
    nonce: u32,
}

fn response(key: &Key, value: &[u8]) -> Response {
    let PaFxFastReply::ArmoredData(armored) = PaFxFastReply::from_der(value).unwrap();
    let plain = open(key, KeyUsage::FAST_REPLY, &armored.enc_fast_rep);
    let read = KrbFastResponse::from_der(&plain).unwrap();
    Response {
        padata: own(Some(read.padata)),
        strengthen_key: read
            .strengthen_key
            .map(|key| Key::new(krb5_crypto::EncType(key.keytype), key.keyvalue.as_bytes()).unwrap()),
        finished: read.finished.map(|finished| {
            let client = Principal::from(finished.cname.in_realm(finished.crealm));
            (client, finished.ticket_checksum.checksum.as_bytes().to_vec())
        }),
        nonce: read.nonce.0,
    }
}

/// The error within the tunnel, and its METHOD-DATA.
fn inner_refusal(refused: &Refused, key: &Key) -> (Refused, Response) {
    let data = MethodData::from_der(refused.e_data.as_deref().unwrap()).unwrap();
    let response = response(key, &find(&own(Some(data)), PaDataType::FX_FAST));
    assert!(response.strengthen_key.is_none() && response.finished.is_none());
    (Refused::read(&find(&response.padata, PaDataType::FX_ERROR)).unwrap(), response)
}

fn challenge(client: &mut Client<'_>, armor_key: &Key, long_term: &Key) -> Vec<u8> {
    let key = armor_key.cf2(long_term, b"clientchallengearmor", b"challengelongterm").unwrap();
    let at = PaEncTsEnc { patimestamp: time(client.now()), pausec: None };
    seal(&key, KeyUsage::ENCRYPTED_CHALLENGE_CLIENT, &at.to_der().unwrap(), &mut client.rng)
}

/// bob asks in alice's armor, with an encrypted challenge made from this password.
fn log_in(client: &mut Client<'_>, password: &str, tampering: &Tampering) -> (Vec<u8>, Armored) {
    let armor = client.log_in();
    let bob = principal("bob@A.TEST");
    // The challenge depends on the armor's key, and this on the AP-REQ: so both are made by hand.
    let proof = Proof { covers_body: false, ..Proof::default() };
    let (ap_req, subkey) = client.ap_req(&armor, KeyUsage::AP_REQ_AUTHENTICATOR, &proof, &[]);
    let key = armor_key(&subkey.unwrap(), &armor.key);
    let value = challenge(client, &key, &key_of(&bob, password, AES256));
    let inner = Ask::initial("bob@A.TEST").with(PaDataType::ENCRYPTED_CHALLENGE, value);
    let wire = KrbFastArmor { armor_type: FastArmorType::AP_REQUEST, armor_value: Octets::new(&ap_req) };
    let covered = inner.body();
    let value = fast_padata(client, &key, Some(wire), &covered, &inner, tampering.options);
    let outer = Ask { padata: vec![(PaDataType::FX_FAST, value)], ..copy(&inner) };
    let message = client.as_req(&outer);
    (client.kdc.answer(Port::Kdc, &message).unwrap(), Armored { message, key })
}

fn with_bob(change: impl FnOnce(Realm) -> Realm) -> Kdc {
    kdc(|realm| change(realm.user("bob", "hidden")))
}

#[test]
fn an_encrypted_challenge_is_answered_with_one() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let (reply, armored) = log_in(&mut client, "hidden", &Tampering::default());
    let reply = AsRep::from_der(&reply).unwrap();
    let long_term = key_of(&principal("bob@A.TEST"), "hidden", AES256);
    let inner = response(&armored.key, &find(&own(reply.padata), PaDataType::FX_FAST));
    assert_eq!(inner.nonce, 77);

    let (named, tag) = inner.finished.unwrap();
    assert_eq!(named, principal("bob@A.TEST"));
    let checksum = armored.key.checksum(KeyUsage::FAST_FINISHED);
    assert!(checksum.verify(&[reply.ticket.as_der()], &tag).is_ok());

    let key = armored.key.cf2(&long_term, b"kdcchallengearmor", b"challengelongterm").unwrap();
    let data = find(&inner.padata, PaDataType::ENCRYPTED_CHALLENGE);
    let plain = open(&key, KeyUsage::ENCRYPTED_CHALLENGE_KDC, &EncryptedData::from_der(&data).unwrap());
    assert_eq!(PaEncTsEnc::from_der(&plain).unwrap().patimestamp, time(NOW));

    let reply_key = inner.strengthen_key.unwrap().cf2(&long_term, b"strengthenkey", b"replykey").unwrap();
    let plain = open(&reply_key, KeyUsage::AS_REP, &reply.enc_part);
    let granted = granted(&reply, &EncAsRepPart::from_der(&plain).unwrap().0);
    client.tgs(&granted, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
}

#[test]
fn errors_come_in_armor_with_what_the_client_needs_next() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let (reply, armored) = log_in(&mut client, "guess", &Tampering::default());
    let (inner, response) = inner_refusal(&Refused::read(&reply).unwrap(), &armored.key);
    assert_eq!((inner.code, response.nonce), (Code::KDC_ERR_PREAUTH_FAILED, 77));

    let armor = client.log_in();
    let armored = as_req(&mut client, &armor, &Ask::initial("bob@A.TEST"), &Tampering::default());
    let refused = Refused::read(&kdc.answer(Port::Kdc, &armored.message).unwrap()).unwrap();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    let (inner, response) = inner_refusal(&refused, &armored.key);
    assert_eq!(inner.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    for expected in [PaDataType::ETYPE_INFO2, PaDataType::ENCRYPTED_CHALLENGE, PaDataType::FX_COOKIE] {
        find(&response.padata, expected);
    }
    assert!(!response.padata.iter().any(|(padata_type, _)| *padata_type == PaDataType::ENC_TIMESTAMP));
}

#[test]
fn names_can_be_hidden() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let hidden = Tampering { options: FastOptions::HIDE_CLIENT_NAMES, ..Tampering::default() };
    let (reply, armored) = log_in(&mut client, "hidden", &hidden);
    let reply = AsRep::from_der(&reply).unwrap();
    assert!(reply.cname.is(&["WELLKNOWN", "ANONYMOUS"]) && reply.crealm.as_bytes() == b"WELLKNOWN:ANONYMOUS");
    let inner = response(&armored.key, &find(&own(reply.padata), PaDataType::FX_FAST));
    assert_eq!(inner.finished.unwrap().0, principal("bob@A.TEST"));
}

#[test]
fn armor_that_does_not_hold_is_refused() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let service = client.tgs(&tgt, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
    let good = Tampering::default;
    let unknown = FastOptions(0x1000_0000);
    let harmless = FastOptions(0x0000_4000);
    let cases = [
        (&tgt, good(), Code::KDC_ERR_PREAUTH_REQUIRED),
        (&tgt, Tampering { options: harmless, ..good() }, Code::KDC_ERR_PREAUTH_REQUIRED),
        (&tgt, Tampering { options: unknown, ..good() }, Code::KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS),
        (&tgt, Tampering { checksum_over: Some(vec![1]), ..good() }, Code::KRB_AP_ERR_MODIFIED),
        (&tgt, Tampering { armor_type: FastArmorType(2), ..good() }, Code::KDC_ERR_PREAUTH_FAILED),
        (&tgt, Tampering { without_armor: true, ..good() }, Code::KDC_ERR_PREAUTH_FAILED),
        (&tgt, Tampering { subkey: false, ..good() }, Code::KDC_ERR_PREAUTH_FAILED),
        (&service, good(), Code::KRB_AP_ERR_NOT_US),
    ];
    for (i, (armor, tampering, expected)) in cases.into_iter().enumerate() {
        let armored = as_req(&mut client, armor, &Ask::initial("bob@A.TEST"), &tampering);
        let refused = Refused::read(&kdc.answer(Port::Kdc, &armored.message).unwrap()).unwrap();
        assert_eq!(refused.code, expected, "case {i}: {}", refused.text);
    }
}

#[test]
fn the_same_armor_serves_a_whole_exchange() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let armored = as_req(&mut client, &tgt, &Ask::initial("bob@A.TEST"), &Tampering::default());
    for _ in 0..2 {
        let refused = Refused::read(&kdc.answer(Port::Kdc, &armored.message).unwrap()).unwrap();
        assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    }
}

#[test]
fn a_realm_without_fast_looks_past_it() {
    let kdc = with_bob(|realm| Realm { fast: false, ..realm });
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let armored = as_req(&mut client, &tgt, &Ask::initial("bob@A.TEST"), &Tampering::default());
    let refused = Refused::read(&kdc.answer(Port::Kdc, &armored.message).unwrap()).unwrap();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    assert!(!refused.types().contains(&PaDataType::FX_FAST));
    // The outer request counts then, which asks for something else.
    let (reply, _, subkey) = tgs(&mut client, &tgt, &Ask::service("HTTP/www.a.test@A.TEST"));
    assert_eq!(read_tgs(&reply, Ok(&subkey)).unwrap().server, principal(TGS));
}

/// A TGS-REQ whose armor is its own AP-REQ; the outer request asks for something else.
fn tgs(client: &mut Client<'_>, tgt: &Granted, inner: &Ask) -> (Vec<u8>, Key, Key) {
    let outer = Ask { nonce: 5, ..Ask::service(TGS) };
    let body = outer.body();
    let (ap_req, subkey) = client.ap_req(tgt, KeyUsage::TGS_REQ_AUTHENTICATOR, &Proof::default(), &body);
    let subkey = subkey.unwrap();
    let key = armor_key(&subkey, &tgt.key);
    let value = fast_padata(client, &key, None, &ap_req, inner, FastOptions::NONE);
    let all = vec![(PaDataType::TGS_REQ, ap_req), (PaDataType::FX_FAST, value)];
    let padata = elements(&all);
    let request = TgsReq { padata: Some(SeqOf::new(&padata)), req_body: Raw::new(&body).unwrap() };
    (client.kdc.answer(Port::Kdc, &request.to_der().unwrap()).unwrap(), key, subkey)
}

#[test]
fn further_tickets_come_through_the_tunnel() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let (reply, key, subkey) = tgs(&mut client, &tgt, &Ask::service("HTTP/www.a.test@A.TEST"));
    let reply = TgsRep::from_der(&reply).unwrap();
    let inner = response(&key, &find(&own(reply.padata), PaDataType::FX_FAST));
    let reply_key = inner.strengthen_key.unwrap().cf2(&subkey, b"strengthenkey", b"replykey").unwrap();
    let granted = granted_tgs(&reply, &open(&reply_key, KeyUsage::TGS_REP_SUBKEY, &reply.enc_part));
    assert_eq!((granted.server, granted.nonce), (principal("HTTP/www.a.test@A.TEST"), 77));

    let (reply, key, _) = tgs(&mut client, &tgt, &Ask::service("nobody/here@A.TEST"));
    let (inner, _) = inner_refusal(&Refused::read(&reply).unwrap(), &key);
    assert_eq!(inner.code, Code::KDC_ERR_S_PRINCIPAL_UNKNOWN);
}

#[test]
fn it_can_be_stripped_and_forged_for_tests_of_clients() {
    let kdc = with_bob(nobody_else);
    let mut client = Client::new(&kdc);
    kdc.inject(Fault::StripFast);
    let (reply, _) = log_in(&mut client, "hidden", &Tampering::default());
    // The login of the armor came first, and had no tunnel to be stripped of.
    let types: Vec<_> = own(AsRep::from_der(&reply).unwrap().padata).iter().map(|(seen, _)| *seen).collect();
    assert!(!types.contains(&PaDataType::FX_FAST) && types.contains(&PaDataType::ETYPE_INFO2));

    kdc.inject(Fault::WrongFinished);
    let (reply, armored) = log_in(&mut client, "hidden", &Tampering::default());
    let reply = AsRep::from_der(&reply).unwrap();
    let inner = response(&armored.key, &find(&own(reply.padata), PaDataType::FX_FAST));
    let checksum = armored.key.checksum(KeyUsage::FAST_FINISHED);
    assert!(checksum.verify(&[reply.ticket.as_der()], &inner.finished.unwrap().1).is_err());

    kdc.inject(Fault::WrongKdcChallenge);
    let (reply, armored) = log_in(&mut client, "hidden", &Tampering::default());
    let reply = AsRep::from_der(&reply).unwrap();
    let inner = response(&armored.key, &find(&own(reply.padata), PaDataType::FX_FAST));
    let long_term = key_of(&principal("bob@A.TEST"), "hidden", AES256);
    let key = armored.key.cf2(&long_term, b"kdcchallengearmor", b"challengelongterm").unwrap();
    let data = find(&inner.padata, PaDataType::ENCRYPTED_CHALLENGE);
    let mut cipher = EncryptedData::from_der(&data).unwrap().cipher.as_bytes().to_vec();
    assert!(key.cipher(KeyUsage::ENCRYPTED_CHALLENGE_KDC).decrypt_in_place(&mut cipher).is_err());
}
