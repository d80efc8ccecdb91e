use alloc::string::ToString;

use gss_core::Diagnose;

use krb5_asn1::{
    Encode, EncryptionKeyBuf, EtypeInfo2Entry, EtypeInfoEntry, KerberosString, Octets, PaData, SeqOf,
};
use krb5_crypto::StringToKeyError;
use krb5_files::KeytabEntry;

use super::*;

const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;

fn alice() -> Principal {
    Principal::new("alice", "EXAMPLE.COM")
}

fn info2(entries: &[EtypeInfo2Entry<'_>]) -> Vec<u8> {
    SeqOf::new(entries).to_der().unwrap()
}

fn offered(
    elements: &[(PaDataType, &[u8])],
    usable: &[EncType],
) -> Result<Option<KeyParameters>, SecretError> {
    let elements: Vec<_> = elements
        .iter()
        .map(|(padata_type, value)| PaData { padata_type: *padata_type, padata_value: Octets::new(value) })
        .collect();
    let der = SeqOf::new(&elements).to_der().unwrap();
    KeyParameters::offered(&MethodData::from_der(&der).unwrap(), usable, alice().as_borrowed())
}

#[test]
fn our_order_decides_among_what_the_kdc_offers() {
    let der = info2(&[
        EtypeInfo2Entry { etype: 17, salt: Some(KerberosString::from("one")), s2kparams: None },
        EtypeInfo2Entry { etype: 18, salt: None, s2kparams: Some(Octets::new(&[0, 0, 0x10, 0])) },
    ]);
    let padata = [(PaDataType::ETYPE_INFO2, der.as_slice())];
    let chosen = offered(&padata, &[AES256, AES128]).unwrap().unwrap();
    assert_eq!(chosen.salt, b"EXAMPLE.COMalice");
    assert_eq!((chosen.enctype, chosen.s2kparams.as_deref()), (AES256, Some(&[0, 0, 0x10, 0][..])));
    let chosen = offered(&padata, &[AES128]).unwrap().unwrap();
    assert_eq!((chosen.salt.as_slice(), chosen.s2kparams), (&b"one"[..], None));
}

#[test]
fn older_forms_count_only_without_etype_info2() {
    let old = SeqOf::new(&[EtypeInfoEntry { etype: 18, salt: Some(Octets::new(b"old")) }]).to_der().unwrap();
    let new = info2(&[EtypeInfo2Entry { etype: 18, salt: Some("new".into()), s2kparams: None }]);
    let (old, new) = ((PaDataType::ETYPE_INFO, old.as_slice()), (PaDataType::ETYPE_INFO2, new.as_slice()));
    let salt = (PaDataType::PW_SALT, &b"plain"[..]);
    assert_eq!(offered(&[salt, old, new], &[AES256]).unwrap().unwrap().salt, b"new");
    assert_eq!(offered(&[salt, old], &[AES256]).unwrap().unwrap().salt, b"old");
    assert_eq!(offered(&[salt], &[AES256]).unwrap().unwrap().salt, b"plain");
    assert_eq!(offered(&[], &[AES256]), Ok(None));
    // A spoiled ETYPE-INFO2 does not lead to the older form.
    let spoiled = offered(&[(PaDataType::ETYPE_INFO2, b"junk"), old], &[AES256]);
    assert!(matches!(spoiled, Err(SecretError::Parameters(_))));
}

#[test]
fn no_common_enctype_names_both_sides() {
    let der = info2(&[EtypeInfo2Entry { etype: 23, salt: None, s2kparams: None }]);
    let error = offered(&[(PaDataType::ETYPE_INFO2, &der)], &[AES256]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("rc4-hmac") && text.contains("aes256-cts-hmac-sha1-96"), "{text}");
    assert_eq!(error.code(), "no_common_enctype");
}

#[test]
fn too_many_iterations_are_refused_before_any_work() {
    let parameters = KeyParameters {
        s2kparams: Some([0xff; 4].into()),
        ..KeyParameters::default_of(AES256, alice().as_borrowed())
    };
    let error = Secret::password("secret").key(&parameters, 1_000_000).unwrap_err();
    let expected = StringToKeyError::TooManyIterations { requested: 0xffff_ffff, limit: 1_000_000 };
    assert_eq!(error, SecretError::StringToKey(expected));
    assert_eq!(error.code(), "too_many_iterations");
}

#[test]
fn a_keytab_gives_its_newest_keys() {
    let key = |enctype: i32, fill: u8| EncryptionKeyBuf::new(enctype, [fill; 32].to_vec());
    let short = EncryptionKeyBuf::new(17, [9; 16].to_vec());
    let keytab = Keytab::from_entries([
        KeytabEntry::new(alice(), 1, key(18, 1)),
        KeytabEntry::new(alice(), 3, key(18, 3)),
        KeytabEntry::new(alice(), 2, key(18, 2)),
        KeytabEntry::new(alice(), 2, short),
        KeytabEntry::new(Principal::new("bob", "EXAMPLE.COM"), 9, key(18, 9)),
        KeytabEntry::new(Principal::new("old", "EXAMPLE.COM"), 1, EncryptionKeyBuf::new(3, [0; 8].to_vec())),
    ]);
    let secret = Secret::from_keytab(&keytab, &alice()).unwrap();
    assert_eq!(secret.enctypes(&[AES128, AES256]).unwrap(), [AES128, AES256]);
    let parameters = KeyParameters::default_of(AES256, alice().as_borrowed());
    assert_eq!(secret.key(&parameters, 0).unwrap().secret_bytes(), [3; 32]);
    assert_eq!(secret.enctypes(&[EncType(20)]).unwrap_err().code(), "no_key_of_enctype");

    let stranger = Secret::from_keytab(&keytab, &Principal::new("eve", "EXAMPLE.COM")).unwrap_err();
    assert!(
        stranger.to_string().contains("eve@EXAMPLE.COM, it has keys of: alice@EXAMPLE.COM"),
        "{stranger}"
    );
    let old = Secret::from_keytab(&keytab, &Principal::new("old", "EXAMPLE.COM")).unwrap_err();
    assert_eq!(old.code(), "unusable_keys");
}

#[test]
fn debug_hides_the_secret() {
    assert_eq!(alloc::format!("{:?}", Secret::password("hunter2")), "Secret(password)");
}
