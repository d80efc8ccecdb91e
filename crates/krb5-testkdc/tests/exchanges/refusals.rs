//! Every error that the KDC can give, reached.

use gss_core::Timestamp;
use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{Encode, KdcOptions, NameType, PaDataType, PaSpake, SeqOf, SpakeSupport};
use krb5_crypto::EncType;
use krb5_testkdc::{Account, Port, Realm};

use crate::client::*;

fn code(asked: Result<Granted, Refused>) -> Code {
    asked.expect_err("a refusal").code
}

#[test]
fn of_first_tickets() {
    let past = Some(Timestamp::from_seconds(NOW - 1));
    let kdc = kdc(|realm| {
        let user = without_preauth;
        realm
            .account(user("bob"))
            .account(Account { locked: true, ..user("locked") })
            .account(Account { expires: past, ..user("expired") })
            .account(Account { password_expires: past, ..user("stale") })
            .account(Account { must_change_password: true, ..user("fresh") })
            .account(Account { moved_to: Some("B.TEST".into()), ..user("moved") })
            .account(Account { enctypes: Some(vec![]), ..user("keyless") })
            .account(Account { locked: true, ..Account::service("locked/host") })
            .account(Account { expires: past, ..Account::service("expired/host") })
            .account(Account { user_to_user_only: true, ..Account::service("direct/host") })
            .host("b.test", "B.TEST")
    });
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("bob@A.TEST"), "secret", AES256);
    let initial = Ask::initial;
    let bob = || initial("bob@A.TEST");
    let server = |name: &str| Ask { server: Some(principal(name)), ..bob() };
    let enterprise = principal("bea\\@b.test@A.TEST").with_name_type(NameType::ENTERPRISE);
    let at_b = Ask { client: Some(enterprise), ..bob() };
    let cases = [
        (initial("locked@A.TEST"), Code::KDC_ERR_CLIENT_REVOKED),
        (initial("expired@A.TEST"), Code::KDC_ERR_NAME_EXP),
        (initial("stale@A.TEST"), Code::KDC_ERR_KEY_EXPIRED),
        (initial("fresh@A.TEST"), Code::KDC_ERR_KEY_EXPIRED),
        (initial("nobody@A.TEST"), Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (initial("bob@C.TEST"), Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (Ask { client: None, ..bob() }, Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (initial("moved@A.TEST"), Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (initial("moved@A.TEST").options(KdcOptions::CANONICALIZE), Code::KDC_ERR_WRONG_REALM),
        (at_b, Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (initial("keyless@A.TEST"), Code::KDC_ERR_ETYPE_NOSUPP),
        (server("nobody/here@A.TEST"), Code::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (Ask { server: None, ..bob() }, Code::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (server("locked/host@A.TEST"), Code::KDC_ERR_SERVICE_REVOKED),
        (server("expired/host@A.TEST"), Code::KDC_ERR_SERVICE_EXP),
        (server("direct/host@A.TEST"), Code::KDC_ERR_MUST_USE_USER2USER),
        (server("keyless@A.TEST"), Code::KDC_ERR_ETYPE_NOSUPP),
        (Ask { etypes: vec![EncType(99)], ..bob() }, Code::KDC_ERR_ETYPE_NOSUPP),
        (bob().options(KdcOptions::RENEW), Code::KDC_ERR_BADOPTION),
        (bob().options(KdcOptions::REQUEST_ANONYMOUS), Code::KDC_ERR_BADOPTION),
        (Ask { till: NOW - 10, ..bob() }, Code::KDC_ERR_NEVER_VALID),
        (Ask { from: Some(NOW + HOUR), ..bob() }, Code::KDC_ERR_CANNOT_POSTDATE),
        (bob().with(PaDataType::FX_COOKIE, b"not ours".as_slice()), Code::KDC_ERR_PREAUTH_EXPIRED),
    ];
    for (i, (ask, expected)) in cases.into_iter().enumerate() {
        let refused = client.initial(&ask, &key).expect_err("a refusal");
        assert_eq!(refused.code, expected, "case {i}: {}", refused.text);
    }
    let moved = initial("moved@A.TEST").options(KdcOptions::CANONICALIZE);
    assert_eq!(client.initial(&moved, &key).unwrap_err().crealm.as_deref(), Some("B.TEST"));
}

#[test]
fn of_stale_passwords_but_for_changing_them() {
    let kdc = kdc(|realm| realm.account(Account { must_change_password: true, ..without_preauth("fresh") }));
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("fresh@A.TEST"), "secret", AES256);
    let server = Some(principal("kadmin/changepw@A.TEST"));
    client.initial(&Ask { server, ..Ask::initial("fresh@A.TEST") }, &key).unwrap();
}

#[test]
fn of_wrong_proofs() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let right = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let wrong = key_of(&principal("alice@A.TEST"), "guess", AES256);
    let mut ask = |key, ahead| {
        let timestamp = client.timestamp(key, ahead);
        client.initial(&Ask::initial("alice@A.TEST").with(PaDataType::ENC_TIMESTAMP, timestamp), &right)
    };
    let refused = ask(&wrong, 0).unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_FAILED);
    assert!(refused.types().contains(&PaDataType::ETYPE_INFO2), "the client is told how to do better");
    for (ahead, expected) in [(300, None), (-300, None), (301, Some(37)), (-301, Some(37))] {
        assert_eq!(ask(&right, ahead).err().map(|refused| refused.code.0), expected, "{ahead}");
    }
    let ask = Ask::initial("alice@A.TEST");
    let garbled = ask.with(PaDataType::ENC_TIMESTAMP, b"garbled".as_slice());
    assert_eq!(code(client.initial(&garbled, &right)), Code::KDC_ERR_PREAUTH_FAILED);
}

#[test]
fn of_cookies_that_are_old_or_anothers() {
    let kdc = kdc(|realm| realm.user("bob", "pw"));
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let cookie =
        client.initial(&Ask::initial("alice@A.TEST"), &key).unwrap_err().value(PaDataType::FX_COOKIE);
    let ask = |name: &str| Ask::initial(name).with(PaDataType::FX_COOKIE, cookie.clone());
    assert_eq!(code(client.initial(&ask("alice@A.TEST"), &key)), Code::KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(code(client.initial(&ask("bob@A.TEST"), &key)), Code::KDC_ERR_PREAUTH_EXPIRED);
    kdc.clock().advance(core::time::Duration::from_secs(601));
    assert_eq!(code(client.initial(&ask("alice@A.TEST"), &key)), Code::KDC_ERR_PREAUTH_EXPIRED);
}

#[test]
fn of_spake_where_the_realm_has_none() {
    let kdc = kdc(|realm| Realm { spake: false, ..realm });
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let support = PaSpake::Support(SpakeSupport { groups: SeqOf::EMPTY }).to_der().unwrap();
    let refused =
        client.initial(&Ask::initial("alice@A.TEST").with(PaDataType::SPAKE, support), &key).unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    assert!(!refused.types().contains(&PaDataType::SPAKE));
}

#[test]
fn of_messages_without_form() {
    let kdc = kdc(nobody_else);
    let client = Client::new(&kdc);
    let good = client.as_req(&Ask::initial("alice@A.TEST"));
    let refused =
        |message: &[u8]| Refused::read(&kdc.answer(Port::Kdc, message)?).map(|refused| refused.code);
    // AS-REQ | SEQUENCE | [1] pvno: tag, length, tag, length, value; then [2] msg-type.
    let at = good.windows(5).position(|window| window == [0xa1, 3, 2, 1, 5]).unwrap();
    let changed = |at: usize, value: u8| {
        let mut message = good.clone();
        message[at] = value;
        message
    };
    assert_eq!(refused(&changed(at + 4, 4)), Some(Code::KDC_ERR_BAD_PVNO));
    assert_eq!(refused(&changed(at + 9, 12)), Some(Code::KRB_AP_ERR_MSG_TYPE));
    assert_eq!(refused(&good[..good.len() - 1]), Some(Code::KRB_ERR_GENERIC));
    assert_eq!(refused(b"GET / HTTP/1.1"), Some(Code::KRB_AP_ERR_MSG_TYPE));
    assert_eq!(refused(&vec![0x6a; (1 << 18) + 1]), Some(Code::KRB_ERR_FIELD_TOOLONG));
    // Nobody answers an answer.
    let error = kdc.answer(Port::Kdc, b"?").unwrap();
    assert_eq!(kdc.answer(Port::Kdc, &error), None);
    assert_eq!(kdc.answer(Port::Kdc, &[]), None);
}

#[test]
fn of_further_tickets() {
    let kdc = kdc(|realm| {
        realm
            .account(Account { locked: true, ..Account::service("locked/host") })
            .account(Account { user_to_user_only: true, ..Account::service("direct/host") })
            .account(Account {
                session_enctypes: Some(vec![EncType::RC4_HMAC]),
                ..Account::service("old/host")
            })
            .account(Account {
                enctypes: Some(vec![]),
                session_enctypes: Some(vec![AES256]),
                ..Account::service("keyless/host")
            })
    });
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let www = || Ask::service("HTTP/www.a.test@A.TEST");
    let service = Ask::service;
    let cases = [
        (service("nobody/here@A.TEST"), Code::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (service("krbtgt/NOWHERE@A.TEST"), Code::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (Ask { server: None, ..www() }, Code::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (Ask { realm: "B.TEST".into(), ..www() }, Code::KDC_ERR_WRONG_REALM),
        (service("locked/host@A.TEST"), Code::KDC_ERR_SERVICE_REVOKED),
        (service("direct/host@A.TEST"), Code::KDC_ERR_MUST_USE_USER2USER),
        (service("old/host@A.TEST"), Code::KDC_ERR_ETYPE_NOSUPP),
        (service("keyless/host@A.TEST"), Code::KDC_ERR_NULL_KEY),
        (www().options(KdcOptions::ENC_TKT_IN_SKEY), Code::KDC_ERR_BADOPTION),
        (www().options(KdcOptions::CNAME_IN_ADDL_TKT), Code::KDC_ERR_BADOPTION),
        (www().options(KdcOptions::PROXY), Code::KDC_ERR_BADOPTION),
        (www().options(KdcOptions::RENEW), Code::KDC_ERR_SERVER_NOMATCH),
        (service(TGS).options(KdcOptions::RENEW), Code::KDC_ERR_BADOPTION),
        (service(TGS).options(KdcOptions::VALIDATE), Code::KDC_ERR_BADOPTION),
        (Ask { till: NOW - 10, ..www() }, Code::KDC_ERR_NEVER_VALID),
        (Ask { from: Some(NOW + HOUR), ..www() }, Code::KDC_ERR_CANNOT_POSTDATE),
        (www().with(PaDataType::FX_FAST, b"garbled".as_slice()), Code::KDC_ERR_PREAUTH_FAILED),
    ];
    for (i, (ask, expected)) in cases.into_iter().enumerate() {
        let refused = client.tgs(&tgt, &ask).expect_err("a refusal");
        assert_eq!(refused.code, expected, "case {i}: {}", refused.text);
    }
}

#[test]
fn of_further_tickets_to_those_who_cannot_prove_themselves() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let www = || Ask::service("HTTP/www.a.test@A.TEST");
    let service = client.tgs(&tgt, &www()).unwrap();
    let mut with =
        |tgt: &Granted, proof: Proof| client.tgs_with(tgt, &www(), &proof).err().map(|refused| refused.code);
    let none = || Proof { covers_body: false, ..Proof::default() };
    assert_eq!(with(&tgt, Proof::default()), None);
    assert_eq!(with(&tgt, Proof { subkey: false, ..Proof::default() }), None);
    assert_eq!(with(&tgt, none()), Some(Code::KRB_AP_ERR_INAPP_CKSUM));
    let unkeyed = Proof { checksum: Some((7, vec![0; 16])), ..none() };
    assert_eq!(with(&tgt, unkeyed), Some(Code::KRB_AP_ERR_INAPP_CKSUM));
    let wrong = Proof { checksum: Some((16, vec![0; 12])), ..none() };
    assert_eq!(with(&tgt, wrong), Some(Code::KRB_AP_ERR_MODIFIED));
    let mallory = Proof { client: Some(principal("mallory@A.TEST")), ..Proof::default() };
    assert_eq!(with(&tgt, mallory), Some(Code::KRB_AP_ERR_BADMATCH));
    let elsewhere = Proof { client: Some(principal("alice@B.TEST")), ..Proof::default() };
    assert_eq!(with(&tgt, elsewhere), Some(Code::KRB_AP_ERR_BADMATCH));
    assert_eq!(with(&tgt, Proof { ahead: 301, ..Proof::default() }), Some(Code::KRB_AP_ERR_SKEW));
    assert_eq!(with(&tgt, Proof { ahead: -301, ..Proof::default() }), Some(Code::KRB_AP_ERR_SKEW));
    let other = Proof { key: Some(service.key.duplicate()), ..Proof::default() };
    assert_eq!(with(&tgt, other), Some(Code::KRB_AP_ERR_BAD_INTEGRITY));
    assert_eq!(with(&tgt, Proof { armor_only: true, ..Proof::default() }), Some(Code::KDC_ERR_POLICY));
    assert_eq!(with(&service, Proof::default()), Some(Code::KRB_AP_ERR_NOT_US));
}

#[test]
fn of_tickets_that_are_not_good() {
    use krb5_asn1::{Decode, EncryptedData, Octets, Ticket, UInt32};
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let good = Ticket::from_der(&tgt.ticket).unwrap();
    let part = good.enc_part;
    let with = |ticket: Ticket<'_>| tgt.with_ticket(ticket.to_der().unwrap());
    let sealed = |enc_part| with(Ticket { enc_part, ..good });
    let nowhere = principal("krbtgt/NOWHERE@A.TEST");
    let kvno = sealed(EncryptedData { kvno: Some(UInt32(9)), ..part });
    let enctype = sealed(EncryptedData { etype: 99, ..part });
    let garbled = sealed(EncryptedData { cipher: Octets::new(&[7; 200]), ..part });
    let name = with(Ticket { sname: nowhere.name(), ..good });
    let www = Ask::service("HTTP/www.a.test@A.TEST");
    for (tgt, expected) in [
        (kvno, Code::KRB_AP_ERR_BADKEYVER),
        (enctype, Code::KRB_AP_ERR_NOKEY),
        (garbled, Code::KRB_AP_ERR_BAD_INTEGRITY),
        (name, Code::KRB_AP_ERR_NOT_US),
    ] {
        assert_eq!(code(client.tgs(&tgt, &www)), expected);
    }
    kdc.clock().advance(core::time::Duration::from_secs(10 * 3600 + 301));
    assert_eq!(code(client.tgs(&tgt, &www)), Code::KRB_AP_ERR_TKT_EXPIRED);
}

#[test]
fn of_requests_that_come_again() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let www = Ask::service("HTTP/www.a.test@A.TEST");
    let (request, _) = client.tgs_req(&tgt, &www, &Proof::default());
    let first = kdc.answer(Port::Kdc, &request).unwrap();
    // The same datagram once more, since the reply was lost: the same reply.
    assert_eq!(kdc.answer(Port::Kdc, &request), Some(first));
    // The same authenticator in another request.
    use krb5_asn1::{Decode, PaData, TgsReq};
    let decoded = TgsReq::from_der(&request).unwrap();
    let mut padata: Vec<PaData<'_>> = decoded.padata.unwrap().iter().collect();
    padata.push(PaData { padata_type: PaDataType::PAC_REQUEST, padata_value: krb5_asn1::Octets::new(b"x") });
    let again = TgsReq { padata: Some(SeqOf::new(&padata)), ..decoded }.to_der().unwrap();
    let refused = Refused::read(&kdc.answer(Port::Kdc, &again).unwrap()).unwrap();
    assert_eq!(refused.code, Code::KRB_AP_ERR_REPEAT);
    // Without an AP-REQ at all.
    let bare = TgsReq { padata: None, ..decoded }.to_der().unwrap();
    let refused = Refused::read(&kdc.answer(Port::Kdc, &bare).unwrap()).unwrap();
    assert_eq!(refused.code, Code::KDC_ERR_PADATA_TYPE_NOSUPP);
}
