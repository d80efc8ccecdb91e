//! Everything that a KDC refuses, each as its own error.

use gss_core::{Blame, Diagnose, Env, Timestamp};
use krb5_asn1::{Encode, ErrorCode, MethodData, Octets, PaData, PaDataType, Principal};
use krb5_client::{AsError, AsExchange, AsOptions, Policy, Secret};
use krb5_crypto::EncType;
use test_support::TestRng;

use crate::kdc::*;

fn refused_with(code: ErrorCode) -> AsError {
    login(&mut Kdc { refuse: Some(code), ..Kdc::new() }).unwrap_err()
}

#[test]
fn each_reason_has_its_word_and_says_what_to_try() {
    for (code, word, hint) in [
        (ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, "client_unknown", "check the user name"),
        (ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, "service_unknown", "krbtgt/EXAMPLE.COM@EXAMPLE.COM"),
        (ErrorCode::KDC_ERR_KEY_EXPIRED, "password_expired", "kadmin/changepw"),
        (ErrorCode::KDC_ERR_CLIENT_REVOKED, "client_revoked", "locked"),
        (ErrorCode::KDC_ERR_TGT_REVOKED, "tgt_revoked", "without a PAC"),
        (ErrorCode::KDC_ERR_ETYPE_NOSUPP, "enctype_unsupported", "allow another one"),
        (ErrorCode::KDC_ERR_POLICY, "policy", "administrator"),
        (ErrorCode::KDC_ERR_MUST_USE_USER2USER, "user_to_user_required", "user-to-user"),
        (ErrorCode::KDC_ERR_SVC_UNAVAILABLE, "kdc_unavailable", "another KDC"),
    ] {
        let error = refused_with(code);
        assert_eq!(error.code(), word);
        assert!(error.to_string().contains(hint), "{error}");
        assert_eq!((error.blame(), error.minor()), (Blame::PeerRefused, Some(code.0)));
        assert_eq!(error.refusal().unwrap().code, code);
    }
}

#[test]
fn a_wrong_password_is_told_from_a_refusal_without_one() {
    let mut kdc = Kdc::new();
    let error = login_with(&mut kdc, options(), Secret::password("wrong")).unwrap_err();
    assert!(matches!(error, AsError::WrongPassword(_)), "{error}");
    assert_eq!(error.code(), "wrong_password");
    // Nothing was sent that could be wrong.
    assert!(matches!(refused_with(ErrorCode::KDC_ERR_PREAUTH_FAILED), AsError::Refused(_)));
    // A KDC that wants no proof cannot tell; then the reply does not open.
    let error = login_with(&mut Kdc::wanting(&[]), options(), Secret::password("wrong")).unwrap_err();
    assert_eq!(error.code(), "reply_integrity");
    assert!(error.to_string().contains("password or key is wrong"), "{error}");
}

#[test]
fn an_unknown_client_is_named() {
    let error = login_with(&mut Kdc::new(), AsOptions::new(name("eve")), Secret::password("x")).unwrap_err();
    assert_eq!(error.code(), "client_unknown");
}

/// As MIT's KDC answers, which leaves out all that needs a key.
#[test]
fn a_kdc_without_a_key_of_the_client_offers_no_mechanism() {
    let offers = [
        PaData { padata_type: PaDataType::FX_FAST, padata_value: Octets::new(b"") },
        PaData { padata_type: PaDataType::FX_COOKIE, padata_value: Octets::new(b"MIT") },
    ];
    let offers = MethodData::new(&offers).to_der().unwrap();
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
        Kdc::new().krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &offers)
    });
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.minor()), ("no_common_enctype", Some(14)));
    assert!(error.to_string().contains("no key of the client of aes256-cts-hmac-sha1-96"), "{error}");
}

#[test]
fn mechanisms_that_are_not_allowed_are_not_used() {
    let mut kdc = Kdc::new();
    let strict = AsOptions { preauth: vec![PaDataType::SPAKE], ..options() };
    let error = login_with(&mut kdc, strict, Secret::password(PASSWORD)).unwrap_err();
    let AsError::PreauthUnsupported { offered } = &error else { panic!("{error}") };
    assert!(offered.contains(&PaDataType::ENC_TIMESTAMP));
    assert_eq!(kdc.seen.len(), 1);
    // Without armor the encrypted challenge is of no use.
    let error = login(&mut Kdc::wanting(&[PaDataType::ENCRYPTED_CHALLENGE])).unwrap_err();
    assert_eq!(error.code(), "preauth_unsupported");
}

#[test]
fn impossible_wishes_are_refused_before_anything_is_sent() {
    let mut rng = TestRng::insecure(1);
    let mut start = |policy: &Policy, now| {
        let mut env = Env::new(Timestamp::from_seconds(now), &mut rng);
        AsExchange::new(policy, options(), Secret::password("x"), &mut env).unwrap_err()
    };
    let none = Policy { enctypes: vec![EncType::DES_CBC_MD5], ..Policy::default() };
    assert_eq!(start(&none, NOW).code(), "no_key_of_enctype");
    assert_eq!(start(&Policy::default(), i64::MIN).code(), "clock_out_of_range");
    let realm = Principal::from_components(krb5_asn1::NameType::PRINCIPAL, [b"a"], [0xff]).unwrap();
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let error = AsExchange::new(&Policy::default(), AsOptions::new(realm), Secret::password("x"), &mut env);
    assert_eq!(error.unwrap_err(), AsError::RealmNotUtf8);
}
