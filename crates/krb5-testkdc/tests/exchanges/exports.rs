//! What other programs are given.

use krb5_files::{Ccache, Keytab};
use krb5_testkdc::{Account, ConfigError, Kdc, Realm};

use crate::client::*;

#[test]
fn keytabs_hold_all_versions_and_enctypes() {
    let kdc = kdc(nobody_else);
    kdc.rotate_keys("HTTP/www.a.test@A.TEST").unwrap();
    let keytab = kdc.keytab(&["HTTP/www.a.test@A.TEST", "alice@A.TEST"]).unwrap();
    let read = Keytab::parse(&keytab.to_bytes().unwrap()).unwrap();
    let of = |name| {
        read.entries_for(&principal(name)).map(|entry| (entry.kvno, entry.key.keytype())).collect::<Vec<_>>()
    };
    assert_eq!(
        of("HTTP/www.a.test@A.TEST"),
        [(2, 18), (2, 17), (2, 20), (2, 19), (1, 18), (1, 17), (1, 20), (1, 19)]
    );
    assert_eq!(of("alice@A.TEST").len(), 4);
    let alice = read.find(&principal("alice@A.TEST"), 1, 17).unwrap();
    assert_eq!(alice.key.keyvalue(), key_of(&principal("alice@A.TEST"), "secret", AES128).secret_bytes());
    assert!(matches!(kdc.keytab(&["nobody@A.TEST"]), Err(ConfigError::UnknownAccount { .. })));
}

#[test]
fn tickets_without_an_exchange_are_good_for_one() {
    let kdc = kdc(nobody_else);
    let cache = kdc.ccache("alice@A.TEST", &[TGS, "HTTP/www.a.test@A.TEST"]).unwrap();
    let read = Ccache::parse(&cache.to_bytes().unwrap()).unwrap();
    let tgt = Granted::from(read.tgt().unwrap().clone());
    let mut client = Client::new(&kdc);
    client.tgs(&tgt, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
    client.tgs(&tgt, &Ask::service(TGS).options(krb5_asn1::KdcOptions::RENEW)).unwrap();
    let service = read.find(&principal("HTTP/www.a.test@A.TEST")).unwrap();
    let key = keytab_key(&kdc, "HTTP/www.a.test@A.TEST", &service.ticket);
    inside(&key, &service.ticket, |part| assert_eq!(part.key.keyvalue.as_bytes(), service.key.keyvalue()));
}

#[test]
fn descriptions_that_make_no_kdc() {
    let build = |realm: Realm| Kdc::new(realm).unwrap_err();
    let realm = || Realm::new("A.TEST");
    let key = krb5_asn1::EncryptionKeyBuf::new(18, vec![1; 7]);
    let secret = krb5_testkdc::AccountSecret::Keys(vec![key]);
    let unknown = krb5_crypto::EncType(99);
    let cases: [(ConfigError, &str); 8] = [
        (build(realm().user("alice\\", "x")), "backslash"),
        (build(realm().user("alice", "x").service("alice")), "alice@A.TEST is there twice"),
        (build(realm().account(Account { iterations: Some(0), ..Account::user("alice", "x") })), "rounds"),
        (
            build(realm().account(Account { salt: Some(vec![0; 2000]), ..Account::user("alice", "x") })),
            "salt",
        ),
        (
            build(realm().account(Account { enctypes: Some(vec![unknown]), ..Account::user("alice", "x") })),
            "enctype 99",
        ),
        (build(realm().account(Account { secret, ..Account::service("a") })), "aes256"),
        (Kdc::builder().realm(realm()).realm(realm()).build().unwrap_err(), "realm A.TEST is there twice"),
        (
            Kdc::builder().realm(realm()).trust("B.TEST", "A.TEST").build().unwrap_err(),
            "realm B.TEST is not served",
        ),
    ];
    for (error, text) in cases {
        assert!(error.to_string().contains(text), "{error}");
    }
    let kdc = Kdc::new(realm()).unwrap();
    assert!(kdc.remove("alice@A.TEST").is_err() && kdc.edit("alice@A.TEST", |_| ()).is_err());
    assert!(kdc.set_password("alice@A.TEST", "x").is_err() && kdc.rotate_keys("alice@A.TEST").is_err());
    kdc.add("A.TEST", Account::user("alice", "x")).unwrap();
    kdc.edit("alice@A.TEST", |alice| alice.locked = true).unwrap();
    kdc.remove("alice@A.TEST").unwrap();
}
