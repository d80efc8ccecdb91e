//! Further tickets.

use core::time::Duration;

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{AuthDataElement, AuthDataType, Encode, KdcOptions, Octets, SeqOf, TicketFlags};
use krb5_crypto::KeyUsage;
use krb5_testkdc::Account;

use crate::client::*;

const WWW: &str = "HTTP/www.a.test@A.TEST";

#[test]
fn a_service_ticket_says_what_its_reply_says() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    for subkey in [true, false] {
        let proof = Proof { subkey, ..Proof::default() };
        let granted = client.tgs_with(&tgt, &Ask::service(WWW), &proof).unwrap();
        assert_eq!((&granted.server, &granted.client), (&principal(WWW), &tgt.client));
        assert_eq!((granted.auth, granted.end), (tgt.auth, tgt.end));
        assert_eq!(granted.flags, TicketFlags::PRE_AUTHENT);
        let key = keytab_key(&kdc, WWW, &granted.ticket);
        inside(&key, &granted.ticket, |part| {
            assert_eq!(part.key.keyvalue.as_bytes(), granted.key.secret_bytes());
            assert_eq!(part.flags, granted.flags);
            assert_eq!(tgt.client, part.cname.in_realm(part.crealm));
            assert_eq!(part.transited.contents.as_bytes(), b"");
        });
    }
}

#[test]
fn session_keys_are_of_an_enctype_that_both_know() {
    let modern = krb5_crypto::EncType::AES128_CTS_HMAC_SHA256_128;
    let kdc = kdc(|realm| {
        realm.account(Account {
            session_enctypes: Some(vec![modern, AES128]),
            ..Account::service("some/host")
        })
    });
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    for (etypes, expected) in [(vec![AES256, AES128, modern], AES128), (vec![modern, AES128], modern)] {
        let ask = Ask { etypes, ..Ask::service("some/host@A.TEST") };
        assert_eq!(client.tgs(&tgt, &ask).unwrap().key.enctype(), expected);
    }
}

/// Heimdal's clients send plain MD5 under RC4 keys.
#[cfg(feature = "rc4")]
#[test]
fn under_rc4_the_checksum_may_be_without_a_key() {
    let rc4 = krb5_crypto::EncType::RC4_HMAC;
    let kdc = kdc(|realm| krb5_testkdc::Realm { enctypes: vec![rc4], ..realm });
    let mut client = Client::new(&kdc);
    let ask = || Ask { etypes: vec![rc4], ..Ask::service(WWW) };
    let tgt = client.log_in_as(Ask { etypes: vec![rc4], ..Ask::initial("alice@A.TEST") }, "secret").unwrap();
    let digest = krb5_crypto::rc4_hmac::md5(&[&ask().body()]).to_vec();
    let proof = |digest| Proof { covers_body: false, checksum: Some((7, digest)), ..Proof::default() };
    client.tgs_with(&tgt, &ask(), &proof(digest.clone())).unwrap();
    let other = Ask { nonce: 78, ..ask() };
    let refused = client.tgs_with(&tgt, &other, &proof(digest)).unwrap_err();
    assert_eq!(refused.code, Code::KRB_AP_ERR_MODIFIED);
}

#[test]
fn tickets_are_renewed_until_their_limit() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let ask = Ask { till: NOW + HOUR, rtime: Some(NOW + 2 * HOUR), ..Ask::initial("alice@A.TEST") };
    let tgt = client.log_in_as(ask.options(KdcOptions::RENEWABLE), "secret").unwrap();
    let renew = || Ask::service(TGS).options(KdcOptions::RENEW);
    kdc.clock().advance(Duration::from_secs(1800));
    let renewed = client.tgs(&tgt, &renew()).unwrap();
    assert_eq!((renewed.auth, renewed.start, renewed.end), (NOW, NOW + 1800, NOW + 1800 + HOUR));
    assert_eq!(renewed.renew_till, Some(NOW + 2 * HOUR));
    assert!(!renewed.key.ct_eq(&tgt.key) && !renewed.flags.contains(TicketFlags::INITIAL));
    kdc.clock().advance(Duration::from_secs(3500));
    let last = client.tgs(&renewed, &renew()).unwrap();
    assert_eq!(last.end, NOW + 2 * HOUR);
    client.tgs(&last, &Ask::service(WWW)).unwrap();
    kdc.clock().advance(Duration::from_secs(2 * 3600 - 5300 + 100));
    assert_eq!(client.tgs(&last, &renew()).unwrap_err().code, Code::KRB_AP_ERR_TKT_EXPIRED);
}

#[test]
fn what_has_ended_is_renewed_no_more() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let ask = Ask { till: NOW + HOUR, rtime: Some(0), ..Ask::initial("alice@A.TEST") };
    let tgt = client.log_in_as(ask.options(KdcOptions::RENEWABLE), "secret").unwrap();
    kdc.clock().advance(Duration::from_secs(3601));
    let renew = Ask::service(TGS).options(KdcOptions::RENEW);
    assert_eq!(client.tgs(&tgt, &renew).unwrap_err().code, Code::KRB_AP_ERR_TKT_EXPIRED);
}

#[test]
fn service_tickets_are_renewed_too_and_no_other_got_with_them() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let ask = Ask { till: NOW + HOUR, ..Ask::initial("alice@A.TEST") }.options(KdcOptions::RENEWABLE);
    let tgt = client.log_in_as(Ask { rtime: Some(0), ..ask }, "secret").unwrap();
    let ask = Ask { rtime: Some(0), ..Ask::service(WWW).options(KdcOptions::RENEWABLE) };
    let ticket = client.tgs(&tgt, &ask).unwrap();
    assert!(ticket.flags.contains(TicketFlags::RENEWABLE));
    kdc.clock().advance(Duration::from_secs(60));
    let renewed = client.tgs(&ticket, &Ask::service(WWW).options(KdcOptions::RENEW)).unwrap();
    assert_eq!((renewed.start, renewed.end), (NOW + 60, NOW + 60 + HOUR));
    let other = Ask::service(TGS).options(KdcOptions::RENEW);
    assert_eq!(client.tgs(&ticket, &other).unwrap_err().code, Code::KDC_ERR_SERVER_NOMATCH);
}

#[test]
fn postdated_tickets_are_validated_when_their_time_comes() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let ask = Ask { from: Some(NOW + HOUR), ..Ask::initial("alice@A.TEST") };
    let tgt =
        client.log_in_as(ask.options(KdcOptions::POSTDATED | KdcOptions::ALLOW_POSTDATE), "secret").unwrap();
    assert!(tgt.flags.contains(TicketFlags::INVALID | TicketFlags::POSTDATED | TicketFlags::MAY_POSTDATE));
    assert_eq!((tgt.start, tgt.end), (NOW + HOUR, NOW + 11 * HOUR));
    let validate = || Ask::service(TGS).options(KdcOptions::VALIDATE);
    assert_eq!(client.tgs(&tgt, &validate()).unwrap_err().code, Code::KRB_AP_ERR_TKT_NYV);
    kdc.clock().advance(Duration::from_secs(3600));
    assert_eq!(client.tgs(&tgt, &Ask::service(WWW)).unwrap_err().code, Code::KRB_AP_ERR_TKT_NYV);
    let valid = client.tgs(&tgt, &validate()).unwrap();
    assert!(!valid.flags.contains(TicketFlags::INVALID));
    client.tgs(&valid, &Ask::service(WWW)).unwrap();
    // From a ticket that may be postdated comes another one for later.
    let later = Ask { from: Some(NOW + 3 * HOUR), ..Ask::service(WWW) }.options(KdcOptions::POSTDATED);
    assert!(
        client.tgs(&valid, &later).unwrap().flags.contains(TicketFlags::INVALID | TicketFlags::POSTDATED)
    );
}

#[test]
fn forwarding_needs_a_forwardable_ticket_and_proxies_a_proxiable_one() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let cases = [
        (KdcOptions::FORWARDABLE, KdcOptions::FORWARDED, TGS, Ok(TicketFlags::FORWARDED)),
        (KdcOptions::FORWARDABLE, KdcOptions::FORWARDED, WWW, Ok(TicketFlags::FORWARDED)),
        (KdcOptions::PROXIABLE, KdcOptions::FORWARDED, TGS, Err(Code::KDC_ERR_BADOPTION)),
        (KdcOptions::PROXIABLE, KdcOptions::PROXY, WWW, Ok(TicketFlags::PROXY)),
        (KdcOptions::PROXIABLE, KdcOptions::PROXY, TGS, Err(Code::KDC_ERR_BADOPTION)),
        (KdcOptions::FORWARDABLE, KdcOptions::PROXY, WWW, Err(Code::KDC_ERR_BADOPTION)),
    ];
    for (has, asks, server, expected) in cases {
        let tgt = client.log_in_as(Ask::initial("alice@A.TEST").options(has), "secret").unwrap();
        let granted = client.tgs(&tgt, &Ask::service(server).options(asks | has));
        match expected {
            Ok(flag) => assert!(granted.unwrap().flags.contains(flag)),
            Err(code) => assert_eq!(granted.unwrap_err().code, code, "{has:?} {asks:?} {server}"),
        }
    }
}

#[test]
fn what_the_client_adds_is_in_the_ticket() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let element = AuthDataElement { ad_type: AuthDataType(4242), ad_data: Octets::new(b"mine") };
    let data = SeqOf::new(&[element]).to_der().unwrap();
    let usage = KeyUsage::TGS_REQ_AUTHORIZATION_DATA_SESSION_KEY;
    let authdata = Some(seal(&tgt.key, usage, &data, &mut client.rng));
    let ask = Ask { authdata, ..Ask::service(WWW) };
    let proof = Proof { subkey: false, ..Proof::default() };
    let granted = client.tgs_with(&tgt, &ask, &proof).unwrap();
    let key = keytab_key(&kdc, WWW, &granted.ticket);
    inside(&key, &granted.ticket, |part| {
        let elements: Vec<_> = part.authorization_data.unwrap().iter().collect();
        assert!(elements.contains(&element), "{elements:?}");
    });
    // With a subkey it has to be sealed with that one.
    assert_eq!(client.tgs(&tgt, &ask).unwrap_err().code, Code::KRB_AP_ERR_BAD_INTEGRITY);
}

#[test]
fn user_to_user_seals_with_the_session_key_of_the_other() {
    let kdc =
        kdc(|realm| realm.account(Account { user_to_user_only: true, ..Account::user("bob", "secret") }));
    let mut client = Client::new(&kdc);
    let (tgt, theirs) = (client.log_in(), client.log_in_as(Ask::initial("bob@A.TEST"), "secret").unwrap());
    let ask = |tickets: &[&Granted]| Ask {
        tickets: tickets.iter().map(|granted| granted.ticket.clone()).collect(),
        ..Ask::service("bob@A.TEST").options(KdcOptions::ENC_TKT_IN_SKEY)
    };
    let granted = client.tgs(&tgt, &ask(&[&theirs])).unwrap();
    assert_eq!(
        krb5_asn1::Decode::from_der(&granted.ticket)
            .map(|ticket: krb5_asn1::Ticket<'_>| ticket.enc_part.kvno),
        Ok(None)
    );
    inside(&theirs.key, &granted.ticket, |part| {
        assert_eq!(part.key.keyvalue.as_bytes(), granted.key.secret_bytes());
    });
    let service = client.tgs(&tgt, &Ask::service(WWW)).unwrap();
    for (second, expected) in [
        (ask(&[]), Code::KDC_ERR_BADOPTION),
        (ask(&[&tgt]), Code::KDC_ERR_SERVER_NOMATCH),
        (ask(&[&service]), Code::KDC_ERR_POLICY),
    ] {
        assert_eq!(client.tgs(&tgt, &second).unwrap_err().code, expected);
    }
    let short = Ask { till: NOW + 60, ..Ask::initial("bob@A.TEST") };
    let short = client.log_in_as(short, "secret").unwrap();
    kdc.clock().advance(Duration::from_secs(361));
    assert_eq!(client.tgs(&tgt, &ask(&[&short])).unwrap_err().code, Code::KRB_AP_ERR_TKT_EXPIRED);
}
