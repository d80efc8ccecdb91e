//! Several realms.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{KdcOptions, NameType, TicketFlags};
use krb5_testkdc::{Kdc, Realm};

use crate::client::*;

/// A.TEST to B.TEST to C.TEST.
fn three(of_a: impl FnOnce(Realm) -> Realm, of_c: impl FnOnce(Realm) -> Realm) -> Kdc {
    Kdc::builder()
        .realm(of_a(Realm::new("A.TEST").user("alice", "secret").host(".named.test", "C.TEST")))
        .realm(Realm::new("B.TEST").service("HTTP/www.b.test"))
        .realm(of_c(Realm::new("C.TEST").service("HTTP/www.c.test").service("HTTP/www.named.test")))
        .trust("A.TEST", "B.TEST")
        .trust("B.TEST", "C.TEST")
        .clock(clock())
        .seed(3)
        .build()
        .unwrap()
}

#[test]
fn by_way_of_the_realms_between() {
    let kdc = three(nobody_else, nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    // The nearest realm on the way is given in place of the one asked for (RFC 4120 section 3.3.1).
    let first = client.tgs(&tgt, &Ask::service("krbtgt/C.TEST@A.TEST")).unwrap();
    assert_eq!(first.server, principal("krbtgt/B.TEST@A.TEST"));
    let second = client.tgs(&first, &Ask::service("krbtgt/C.TEST@B.TEST")).unwrap();
    assert_eq!(second.server, principal("krbtgt/C.TEST@B.TEST"));
    let service = client.tgs(&second, &Ask::service("HTTP/www.c.test@C.TEST")).unwrap();
    assert_eq!(service.client, principal("alice@A.TEST"));
    assert!(service.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED));
    let key = keytab_key(&kdc, "HTTP/www.c.test@C.TEST", &service.ticket);
    inside(&key, &service.ticket, |part| assert_eq!(part.transited.contents.as_bytes(), b"B.TEST"));
    let unchecked = Ask::service("HTTP/www.c.test@C.TEST").options(KdcOptions::DISABLE_TRANSITED_CHECK);
    let service = client.tgs(&second, &unchecked).unwrap();
    assert!(!service.flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED));
}

#[test]
fn services_elsewhere_are_referred_to() {
    let kdc = three(nobody_else, nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let hop = principal("krbtgt/B.TEST@A.TEST");
    // Known by configuration: whoever asks. Known by looking: who asked to be sent on.
    let named = Ask::service("HTTP/www.named.test@A.TEST");
    assert_eq!(client.tgs(&tgt, &named).unwrap().server, hop);
    let other = || Ask::service("HTTP/www.b.test@A.TEST");
    assert_eq!(client.tgs(&tgt, &other()).unwrap_err().code, Code::KDC_ERR_S_PRINCIPAL_UNKNOWN);
    assert_eq!(client.tgs(&tgt, &other().options(KdcOptions::CANONICALIZE)).unwrap().server, hop);
}

#[test]
fn paths_that_are_not_trusted_are_refused() {
    let kdc = three(nobody_else, |realm| Realm { distrusted: vec!["B.TEST".into()], ..realm });
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let first = client.tgs(&tgt, &Ask::service("krbtgt/B.TEST@A.TEST")).unwrap();
    let second = client.tgs(&first, &Ask::service("krbtgt/C.TEST@B.TEST")).unwrap();
    let refused = client.tgs(&second, &Ask::service("HTTP/www.c.test@C.TEST")).unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PATH_NOT_ACCEPTED);
}

#[test]
fn paths_in_a_circle_are_refused() {
    let kdc = Kdc::builder()
        .realm(Realm::new("A.TEST").user("alice", "secret"))
        .realm(Realm::new("B.TEST").service("HTTP/www.b.test"))
        .realm(Realm::new("C.TEST"))
        .trust("A.TEST", "B.TEST")
        .trust("B.TEST", "C.TEST")
        .trust("C.TEST", "B.TEST")
        .clock(clock())
        .build()
        .unwrap();
    let mut client = Client::new(&kdc);
    let mut ticket = client.log_in();
    for hop in ["krbtgt/B.TEST@A.TEST", "krbtgt/C.TEST@B.TEST", "krbtgt/B.TEST@C.TEST"] {
        ticket = client.tgs(&ticket, &Ask::service(hop)).unwrap();
    }
    let refused = client.tgs(&ticket, &Ask::service("HTTP/www.b.test@B.TEST")).unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PATH_NOT_ACCEPTED);
}

#[test]
fn another_realm_does_not_speak_for_ours() {
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
    let there = client.tgs(&tgt, &Ask::service("krbtgt/B.TEST@A.TEST")).unwrap();
    let back = client.tgs(&there, &Ask::service("krbtgt/A.TEST@B.TEST")).unwrap();
    let refused = client.tgs(&back, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap_err();
    assert_eq!(refused.code, Code::KRB_AP_ERR_ILL_CR_TKT);
    let elsewhere = client.tgs(&there, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap_err();
    assert_eq!(elsewhere.code, Code::KRB_AP_ERR_NOT_US);
}

#[test]
fn enterprise_names_lead_to_their_realm() {
    let kdc = three(nobody_else, nobody_else);
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    for (name, realm) in [("bea\\@b.test@A.TEST", "B.TEST"), ("cleo\\@www.named.test@A.TEST", "C.TEST")] {
        let name = principal(name).with_name_type(NameType::ENTERPRISE);
        let ask = Ask { client: Some(name), ..Ask::initial("alice@A.TEST") };
        let refused = client.initial(&ask.options(KdcOptions::CANONICALIZE), &key).unwrap_err();
        assert_eq!((refused.code, refused.crealm.as_deref()), (Code::KDC_ERR_WRONG_REALM, Some(realm)));
    }
}

#[test]
fn a_trust_with_a_password_has_the_key_that_others_make_of_it() {
    let build = |realm: &str| {
        let realm = Realm::new(realm).user("alice", "secret");
        Kdc::builder().realm(realm).trust_with_password("A.TEST", "B.TEST", "between us").build().unwrap()
    };
    let key = |kdc: &Kdc| {
        let keytab = kdc.keytab(&["krbtgt/B.TEST@A.TEST"]).unwrap();
        keytab.entries[0].key.keyvalue().to_vec()
    };
    let (a, b) = (build("A.TEST"), build("B.TEST"));
    assert_eq!(key(&a), key(&b));
    assert_eq!(key(&a), key_of(&principal("krbtgt/B.TEST@A.TEST"), "between us", AES256).secret_bytes());
}
