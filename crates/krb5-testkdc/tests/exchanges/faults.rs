//! What goes wrong on demand.

use core::time::Duration;

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{AsRep, Checksum, Decode, EtypeInfo2, MessageType, PaDataType, Ticket};
use krb5_crypto::KeyUsage;
use krb5_testkdc::{DeliveryFault, Fault, FaultPlan, Kdc, Port, Realm};

use crate::client::*;

const WWW: &str = "HTTP/www.a.test@A.TEST";

fn faulty(fault: Fault) -> Kdc {
    let kdc = kdc(nobody_else);
    kdc.inject(fault);
    kdc
}

fn initial() -> Ask {
    Ask::initial("alice@A.TEST").with(PaDataType::REQ_ENC_PA_REP, [])
}

/// Logs in with the fault, and once more without.
fn both(fault: Fault) -> [Granted; 2] {
    let kdc = faulty(fault);
    let mut client = Client::new(&kdc);
    [(); 2].map(|()| client.log_in_as(initial(), "secret").unwrap())
}

#[test]
fn names_and_numbers_in_replies() {
    let good = ("alice@A.TEST".to_owned(), TGS.to_owned(), 77, 18);
    let facts = |granted: &Granted| {
        (granted.client.to_string(), granted.server.to_string(), granted.nonce, granted.enctype)
    };
    for (fault, expected) in [
        (Fault::WrongNonce, (good.0.clone(), good.1.clone(), 76, 18)),
        (Fault::WrongClient, ("mallory@A.TEST".into(), good.1.clone(), 77, 18)),
        (Fault::WrongClientRealm, ("alice@ANOTHER.REALM".into(), good.1.clone(), 77, 18)),
        (Fault::WrongServer, (good.0.clone(), "another/service@A.TEST".into(), 77, 18)),
        (Fault::WrongServerRealm, (good.0.clone(), "krbtgt/A.TEST@ANOTHER.REALM".into(), 77, 18)),
        (Fault::WrongEnctype(23), (good.0.clone(), good.1.clone(), 77, 23)),
    ] {
        let [wrong, right] = both(fault.clone());
        assert_eq!(facts(&wrong), expected, "{fault:?}");
        assert_eq!(facts(&right), good, "{fault:?}");
    }
}

#[test]
fn session_keys_and_times() {
    let [wrong, right] = both(Fault::SessionEnctype(20));
    assert_eq!((wrong.key.enctype().0, right.key.enctype().0), (20, 18));
    let [wrong, right] = both(Fault::ExpiredTicket);
    assert!(wrong.end < wrong.start && right.end > right.start);
}

#[test]
fn names_in_the_clear() {
    let [wrong, right] = both(Fault::ForgedNames);
    let named = |granted: &Granted| Ticket::from_der(&granted.ticket).unwrap().sname.to_string();
    assert_eq!((named(&wrong).as_str(), named(&right).as_str()), ("forged/service", "krbtgt/A.TEST"));
}

#[test]
fn the_checksum_over_the_request() {
    let kdc = faulty(Fault::WrongRequestChecksum);
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    for expected in [false, true] {
        let timestamp = client.timestamp(&key, 0);
        let ask = initial().with(PaDataType::ENC_TIMESTAMP, timestamp);
        let granted = client.initial(&ask, &key).unwrap();
        let proof = find(&granted.sealed_padata, PaDataType::REQ_ENC_PA_REP);
        let tag = Checksum::from_der(&proof).unwrap().checksum.as_bytes().to_vec();
        let checksum = key.checksum(KeyUsage::AS_REQUEST_CHECKSUM);
        assert_eq!(checksum.verify(&[&client.as_req(&ask)], &tag).is_ok(), expected);
    }
}

#[test]
fn ciphertext() {
    let kdc = faulty(Fault::Corrupt);
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    for expected in [false, true] {
        let timestamp = client.timestamp(&key, 0);
        let request = client.as_req(&initial().with(PaDataType::ENC_TIMESTAMP, timestamp));
        let reply = kdc.answer(Port::Kdc, &request).unwrap();
        let mut cipher = AsRep::from_der(&reply).unwrap().enc_part.cipher.as_bytes().to_vec();
        assert_eq!(key.cipher(KeyUsage::AS_REP).decrypt_in_place(&mut cipher).is_ok(), expected);
    }
}

#[test]
fn rounds_of_pbkdf2() {
    let kdc = faulty(Fault::Iterations(0));
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let mut params = || {
        let info = client.initial(&initial(), &key).unwrap_err().value(PaDataType::ETYPE_INFO2);
        let params = EtypeInfo2::from_der(&info).unwrap().first().unwrap().s2kparams;
        params.map(|params| params.as_bytes().to_vec())
    };
    assert_eq!(params(), Some(vec![0; 4]));
    assert_eq!(params(), None);
}

#[test]
fn the_clock_and_any_error() {
    let kdc = faulty(Fault::ClockSkew(1000));
    let mut client = Client::new(&kdc);
    let refused = client.log_in_as(initial(), "secret").unwrap_err();
    assert_eq!((refused.code, refused.stime), (Code::KRB_AP_ERR_SKEW, NOW + 1000));
    let tgt = client.log_in();
    kdc.inject(FaultPlan::new(Fault::ClockSkew(-1000)).on(MessageType::TGS_REQ));
    client.log_in();
    assert_eq!(client.tgs(&tgt, &Ask::service(WWW)).unwrap_err().code, Code::KRB_AP_ERR_SKEW);
    client.tgs(&tgt, &Ask::service(WWW)).unwrap();
    kdc.inject(
        FaultPlan::new(Fault::Refuse(Code::KDC_ERR_POLICY)).for_client(principal("bob@A.TEST")).always(),
    );
    client.log_in();
    kdc.inject(FaultPlan::new(Fault::Refuse(Code::KDC_ERR_TGT_REVOKED)).always());
    for _ in 0..3 {
        assert_eq!(client.log_in_as(initial(), "secret").unwrap_err().code, Code::KDC_ERR_TGT_REVOKED);
        assert_eq!(client.tgs(&tgt, &Ask::service(WWW)).unwrap_err().code, Code::KDC_ERR_TGT_REVOKED);
    }
    kdc.clear_faults();
    client.log_in();
}

#[test]
fn referrals_in_a_circle() {
    let kdc = Kdc::builder()
        .realm(Realm::new("A.TEST").user("alice", "secret").service("HTTP/www.a.test"))
        .realm(Realm::new("B.TEST"))
        .trust("A.TEST", "B.TEST")
        .trust("B.TEST", "A.TEST")
        .clock(clock())
        .build()
        .unwrap();
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    kdc.inject(FaultPlan::new(Fault::ReferralLoop).always());
    let there = client.tgs(&tgt, &Ask::service(WWW)).unwrap();
    assert_eq!(there.server, principal("krbtgt/B.TEST@A.TEST"));
    let back = client.tgs(&there, &Ask::service("HTTP/www.a.test@B.TEST")).unwrap();
    assert_eq!(back.server, principal("krbtgt/A.TEST@B.TEST"));
}

#[test]
fn the_way_of_the_reply() {
    let kdc = kdc(nobody_else);
    let client = Client::new(&kdc);
    let request = client.as_req(&initial());
    let with = |fault| {
        kdc.inject(Fault::Delivery(fault));
        kdc.answer(Port::Kdc, &request)
    };
    assert_eq!(with(DeliveryFault::Silent), None);
    assert_eq!(with(DeliveryFault::Closed), None);
    let whole = with(DeliveryFault::Late(Duration::from_secs(9))).unwrap();
    assert_eq!(with(DeliveryFault::Cut).unwrap().len(), whole.len() / 2);
    let garbage = with(DeliveryFault::Garbage).unwrap();
    assert!(garbage.len() == whole.len() && Refused::read(&garbage).is_none());
    for harmless in [DeliveryFault::Prefix(9), DeliveryFault::TooBig] {
        assert!(Refused::read(&with(harmless).unwrap()).is_some());
    }
    assert!(kdc.answer(Port::Kdc, &request).is_some());
}
