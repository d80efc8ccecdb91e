//! First tickets.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{Checksum, Decode, Encode, EtypeInfo2, KdcOptions, PaDataType, PaPacRequest, TicketFlags};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_testkdc::{Account, Realm};

use crate::client::*;

#[test]
fn the_kdc_says_what_it_needs_and_then_grants() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let ask = || Ask::initial("alice@A.TEST").with(PaDataType::REQ_ENC_PA_REP, []);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);

    let refused = client.initial(&ask(), &key).unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(refused.stime, NOW);
    let offered =
        [PaDataType::FX_FAST, PaDataType::ETYPE_INFO2, PaDataType::ENC_TIMESTAMP, PaDataType::FX_COOKIE];
    assert!(offered.iter().all(|method| refused.types().contains(method)), "{:?}", refused.types());
    let info = refused.value(PaDataType::ETYPE_INFO2);
    let entries: Vec<_> = EtypeInfo2::from_der(&info).unwrap().iter().collect();
    assert_eq!(entries.iter().map(|entry| entry.etype).collect::<Vec<_>>(), [AES256.0, AES128.0]);
    assert!(entries.iter().all(|entry| entry.salt.is_some_and(|salt| salt.as_bytes() == b"A.TESTalice")));

    let timestamp = client.timestamp(&key, 0);
    let ask = ask().with(PaDataType::ENC_TIMESTAMP, timestamp);
    let granted = client.initial(&ask, &key).unwrap();
    assert_eq!((granted.nonce, granted.enctype), (77, AES256.0));
    assert_eq!((granted.client, &granted.server), (principal("alice@A.TEST"), &principal(TGS)));
    assert_eq!((granted.auth, granted.start, granted.end), (NOW, NOW, NOW + 10 * HOUR));
    let flags = TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT | TicketFlags::ENC_PA_REP;
    assert_eq!(granted.flags, flags);

    // RFC 6806 section 11: the checksum over the request, and word of FAST.
    let proof = find(&granted.sealed_padata, PaDataType::REQ_ENC_PA_REP);
    let proof = Checksum::from_der(&proof).unwrap();
    let checksum = key.checksum(KeyUsage::AS_REQUEST_CHECKSUM);
    assert!(checksum.verify(&[&client.as_req(&ask)], proof.checksum.as_bytes()).is_ok());
    assert_eq!(find(&granted.sealed_padata, PaDataType::FX_FAST), b"");

    // What the KDC told the client is what it put into the ticket.
    let tgs_key = keytab_key(&kdc, TGS, &granted.ticket);
    inside(&tgs_key, &granted.ticket, |part| {
        assert_eq!(part.key.keyvalue.as_bytes(), granted.key.secret_bytes());
        assert_eq!(part.flags, flags);
        assert_eq!(principal("alice@A.TEST"), part.cname.in_realm(part.crealm));
    });
}

#[test]
fn every_enctype_that_the_client_offers_first_is_taken() {
    let mut enctypes = Realm::new("A.TEST").enctypes;
    enctypes.extend(
        [EncType::RC4_HMAC, EncType::CAMELLIA128_CTS_CMAC, EncType::CAMELLIA256_CTS_CMAC]
            .into_iter()
            .filter(|enctype| enctype.is_supported()),
    );
    let all = enctypes.clone();
    let kdc = kdc(move |realm| Realm { enctypes: all, ..realm }.user("bob", "pw"));
    let mut client = Client::new(&kdc);
    for enctype in enctypes {
        let ask = Ask { etypes: vec![enctype], ..Ask::initial("bob@A.TEST") };
        let granted = client.log_in_as(ask, "pw").unwrap();
        assert_eq!((granted.key.enctype(), granted.enctype), (enctype, enctype.0));
    }
}

#[test]
fn salts_and_rounds_are_told_and_used() {
    let kdc = kdc(|realm| {
        let bob = Account::user("bob", "pw");
        realm.account(Account { salt: Some(b"pepper".to_vec()), iterations: Some(17), ..bob })
    });
    let mut client = Client::new(&kdc);
    let key = Key::from_password(AES256, b"pw", b"pepper", Some(&17u32.to_be_bytes())).unwrap();
    let refused = client.initial(&Ask::initial("bob@A.TEST"), &key).unwrap_err();
    let info = refused.value(PaDataType::ETYPE_INFO2);
    let entry = EtypeInfo2::from_der(&info).unwrap().first().unwrap();
    assert_eq!(entry.salt.unwrap().as_bytes(), b"pepper");
    assert_eq!(entry.s2kparams.unwrap().as_bytes(), [0, 0, 0, 17]);
    let timestamp = client.timestamp(&key, 0);
    client.initial(&Ask::initial("bob@A.TEST").with(PaDataType::ENC_TIMESTAMP, timestamp), &key).unwrap();
}

#[test]
fn lives_are_limited_by_realm_and_account() {
    let kdc = kdc(|realm| {
        let short =
            Account { max_life: Some(600), max_renewable_life: Some(1200), ..without_preauth("short") };
        Realm { max_life: 7200, max_renewable_life: 86400, ..realm }
            .account(short)
            .account(without_preauth("long"))
    });
    let mut client = Client::new(&kdc);
    let mut lives = |name: &str, till: i64, options, rtime| {
        let ask = Ask { till, rtime, ..Ask::initial(name).options(options) };
        let key = key_of(&principal(name), "secret", AES256);
        let granted = client.initial(&ask, &key).unwrap();
        assert_eq!(granted.flags.contains(TicketFlags::RENEWABLE), granted.renew_till.is_some());
        (granted.end - NOW, granted.renew_till.map(|till| till - NOW))
    };
    let (none, renewable, or_else) = (KdcOptions::NONE, KdcOptions::RENEWABLE, KdcOptions::RENEWABLE_OK);
    assert_eq!(lives("long@A.TEST", 0, none, None), (7200, None));
    assert_eq!(lives("long@A.TEST", NOW + 100, none, None), (100, None));
    assert_eq!(lives("long@A.TEST", NOW + 9000, or_else, None), (7200, Some(9000)));
    assert_eq!(lives("long@A.TEST", NOW + 100, or_else, None), (100, None));
    assert_eq!(lives("long@A.TEST", NOW + 100, renewable, Some(NOW + 5000)), (100, Some(5000)));
    assert_eq!(lives("long@A.TEST", 0, renewable, Some(0)), (7200, Some(86400)));
    assert_eq!(lives("long@A.TEST", 0, renewable, Some(NOW + 7200)), (7200, None));
    assert_eq!(lives("short@A.TEST", 0, renewable, Some(0)), (600, Some(1200)));
}

#[test]
fn flags_are_asked_for_and_can_be_denied() {
    let wanted = TicketFlags::FORWARDABLE | TicketFlags::PROXIABLE;
    let kdc = kdc(|realm| {
        realm
            .account(without_preauth("free"))
            .account(Account { denied_flags: TicketFlags::PROXIABLE, ..without_preauth("bound") })
            .account(Account { sensitive: true, ..without_preauth("sensitive") })
            .account(Account { ok_as_delegate: true, ..Account::service("trusted/host") })
    });
    let mut client = Client::new(&kdc);
    for (name, options, expected) in [
        ("free@A.TEST", KdcOptions::NONE, TicketFlags::NONE),
        ("free@A.TEST", KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE, wanted),
        ("bound@A.TEST", KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE, TicketFlags::FORWARDABLE),
        ("sensitive@A.TEST", KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE, TicketFlags::NONE),
    ] {
        let key = key_of(&principal(name), "secret", AES256);
        let granted = client.initial(&Ask::initial(name).options(options), &key).unwrap();
        assert_eq!(granted.flags, expected | TicketFlags::INITIAL, "{name}");
    }
    let ask = Ask { server: Some(principal("trusted/host@A.TEST")), ..Ask::initial("free@A.TEST") };
    let key = key_of(&principal("free@A.TEST"), "secret", AES256);
    assert!(client.initial(&ask, &key).unwrap().flags.contains(TicketFlags::OK_AS_DELEGATE));
}

#[test]
fn names_are_kept_unless_the_client_canonicalizes() {
    let kdc = kdc(|realm| {
        let bob =
            Account { aliases: vec!["bobby".into(), "b\\@other.test".into()], ..without_preauth("bob") };
        realm.account(bob)
    });
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("bob@A.TEST"), "secret", AES256);
    let enterprise = |name: &str| {
        let name = principal(name).with_name_type(krb5_asn1::NameType::ENTERPRISE);
        Ask { client: Some(name), ..Ask::initial("bob@A.TEST") }
    };
    for (ask, plain) in [
        (Ask::initial("bobby@A.TEST"), "bobby@A.TEST"),
        (enterprise("b\\@other.test@A.TEST"), "b\\@other.test@A.TEST"),
        (enterprise("bob\\@a.test@A.TEST"), "bob\\@a.test@A.TEST"),
    ] {
        assert_eq!(client.initial(&ask, &key).unwrap().client, principal(plain));
        let canonical = client.initial(&ask.options(KdcOptions::CANONICALIZE), &key).unwrap();
        assert_eq!(canonical.client, principal("bob@A.TEST"));
    }
}

#[test]
fn a_pac_can_be_declined() {
    let kdc = kdc(|realm| realm.account(without_preauth("bob")));
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("bob@A.TEST"), "secret", AES256);
    for (include_pac, expected) in [(true, true), (false, false)] {
        let wish = PaPacRequest { include_pac }.to_der().unwrap();
        let granted =
            client.initial(&Ask::initial("bob@A.TEST").with(PaDataType::PAC_REQUEST, wish), &key).unwrap();
        let tgs_key = keytab_key(&kdc, TGS, &granted.ticket);
        inside(&tgs_key, &granted.ticket, |part| {
            assert_eq!(part.authorization_data.is_some(), expected);
        });
    }
}

#[test]
fn old_keys_open_old_tickets_and_new_ones_seal() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let old = client.log_in();
    kdc.rotate_keys(TGS).unwrap();
    kdc.rotate_keys("HTTP/www.a.test@A.TEST").unwrap();
    kdc.rotate_keys("alice@A.TEST").unwrap();
    let service = client.tgs(&old, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
    let kvno = |ticket: &[u8]| krb5_asn1::Ticket::from_der(ticket).unwrap().enc_part.kvno.unwrap().0;
    assert_eq!((kvno(&old.ticket), kvno(&service.ticket)), (1, 2));
    let new = client.log_in();
    assert_eq!(kvno(&new.ticket), 2);
    client.tgs(&new, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
}

#[test]
fn the_same_seed_and_clock_give_the_same_bytes() {
    let run = || {
        let kdc = kdc(|realm| realm.account(without_preauth("bob")));
        kdc.answer(krb5_testkdc::Port::Kdc, &Client::new(&kdc).as_req(&Ask::initial("bob@A.TEST")))
    };
    assert!(run().is_some());
    assert_eq!(run(), run());
}

#[test]
fn requests_are_remembered() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    client.tgs(&tgt, &Ask::service("nobody/here@A.TEST")).unwrap_err();
    let history = kdc.take_history();
    let lines: Vec<_> = history
        .iter()
        .map(|answered| {
            let text = |name: &Option<krb5_asn1::Principal>| name.as_ref().unwrap().to_string();
            (text(&answered.client), text(&answered.server), answered.error)
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("alice@A.TEST".to_owned(), TGS.to_owned(), None),
            (
                "alice@A.TEST".to_owned(),
                "nobody/here@A.TEST".to_owned(),
                Some(Code::KDC_ERR_S_PRINCIPAL_UNKNOWN)
            ),
        ]
    );
    assert!(kdc.take_history().is_empty());
}
