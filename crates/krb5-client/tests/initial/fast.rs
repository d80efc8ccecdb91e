//! FAST: logins inside the tunnel, and what goes wrong with it.

use gss_core::{Diagnose, Env, Timestamp};
use krb5_asn1::{ErrorCode, PaDataType, Principal};
use krb5_client::{AsError, AsExchange, AsOptions, FastError, Policy, Secret};
use test_support::TestRng;

use crate::kdc::*;

const CHALLENGE: PaDataType = PaDataType::ENCRYPTED_CHALLENGE;

fn fast_kdc() -> Kdc {
    Kdc { fast: true, ..Kdc::wanting(&[CHALLENGE]) }
}

fn armored(kdc: &mut Kdc) -> AsOptions {
    AsOptions { armor: Some(kdc.armor()), ..options() }
}

/// How a login inside the tunnel ends.
fn attempt(mut kdc: Kdc) -> Result<(), AsError> {
    let options = armored(&mut kdc);
    login_with(&mut kdc, options, Secret::password(PASSWORD)).map(|_| ())
}

fn broken(twist: impl FnMut(&mut Parts) + 'static) -> AsError {
    attempt(Kdc { twist: Box::new(twist), ..fast_kdc() }).unwrap_err()
}

#[test]
fn a_password_gets_a_ticket_inside_the_tunnel() {
    let mut kdc = fast_kdc();
    let options = armored(&mut kdc);
    let outcome = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap();
    assert_eq!(outcome.pa_type, Some(CHALLENGE));
    assert!(outcome.fast_used && outcome.fast_available);
    assert!(kdc.seen.iter().all(|seen| seen.inside_fast && seen.outer_name == "alice"));
    assert_eq!(kdc.seen[1].cookie.as_deref(), Some(&b"cookie 1"[..]));
}

#[test]
fn the_reply_key_need_not_be_strengthened() {
    attempt(Kdc { twist: Box::new(|parts| parts.strengthen = false), ..fast_kdc() }).unwrap();
}

#[test]
fn the_clients_name_can_be_hidden() {
    let mut kdc = fast_kdc();
    let options = AsOptions { hide_client: true, ..armored(&mut kdc) };
    // The clear part of the reply does not name it either.
    kdc.twist = Box::new(|parts| {
        parts.client = Principal::from_components(
            krb5_asn1::NameType::WELLKNOWN,
            ["WELLKNOWN", "ANONYMOUS"],
            "WELLKNOWN:ANONYMOUS",
        )
        .unwrap();
    });
    let outcome = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap();
    assert_eq!(outcome.credential.client, name("alice"));
    assert!(kdc.seen.iter().all(|seen| seen.outer_name == "WELLKNOWN/ANONYMOUS"));
}

#[test]
fn keys_can_prove_themselves_at_once() {
    let mut kdc = fast_kdc();
    let options = AsOptions { preauth_at_once: true, ..armored(&mut kdc) };
    let secret = Secret::keys([kdc.key()]);
    login_with(&mut kdc, options, secret).unwrap();
    assert_eq!(kdc.seen.len(), 1);
}

#[test]
fn a_wrong_password_is_told_inside_the_tunnel() {
    let mut kdc = fast_kdc();
    let options = armored(&mut kdc);
    let error = login_with(&mut kdc, options, Secret::password("wrong")).unwrap_err();
    assert!(matches!(error, AsError::WrongPassword(_)), "{error}");
}

#[test]
fn a_wrong_clock_is_corrected_inside_the_tunnel() {
    let mut kdc = Kdc { now: NOW - 5000, ..fast_kdc() };
    let options = armored(&mut kdc);
    let outcome = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap();
    assert_eq!(outcome.kdc_offset, -5000);
}

#[test]
fn a_reply_outside_of_the_tunnel_is_refused() {
    assert_eq!(broken(|parts| parts.in_tunnel = false), AsError::FastStripped { refusal: None });
    // So is an error, whatever it says.
    let mut kdc = Kdc { fast: false, refuse: Some(ErrorCode::KDC_ERR_CLIENT_REVOKED), ..fast_kdc() };
    let options = armored(&mut kdc);
    let error = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap_err();
    let AsError::FastStripped { refusal: Some(refusal) } = &error else { panic!("{error}") };
    assert_eq!(refusal.code, ErrorCode::KDC_ERR_CLIENT_REVOKED);
    assert_eq!(error.code(), "fast_stripped");
    // And an offer to go on without.
    let error = attempt(Kdc { fast: false, ..Kdc::new() }).unwrap_err();
    assert_eq!(error.code(), "fast_stripped");
}

#[test]
fn each_rule_of_the_tunnel_has_its_error() {
    assert_eq!(broken(|parts| parts.finished = false), AsError::Fast(FastError::FinishedMissing));
    let error = broken(|parts| parts.checksum_over = Some(b"another ticket".to_vec()));
    assert_eq!(error, AsError::Fast(FastError::TicketChecksum));
    assert_eq!(broken(|parts| parts.fast_nonce ^= 1).code(), "fast_nonce");
    let error = broken(|parts| {
        parts.padata.retain(|(pa_type, _)| *pa_type != CHALLENGE);
        parts.padata.push((CHALLENGE, b"junk".to_vec()));
    });
    assert_eq!(error.code(), "malformed_preauth");
}

#[test]
fn what_is_in_the_tunnel_is_checked_in_errors_too() {
    let inside = |bend_inside| attempt(Kdc { bend_inside, ..fast_kdc() }).unwrap_err();
    assert_eq!(inside(|response| response.nonce.0 ^= 1).code(), "fast_nonce");
    let error = inside(|response| response.padata = krb5_asn1::SeqOf::EMPTY);
    assert_eq!(error, AsError::Fast(FastError::ErrorMissing));
    let error = inside(|response| {
        if let Some(key) = &mut response.strengthen_key {
            key.keytype = 3;
        }
    });
    assert_eq!(error.code(), "fast_strengthen_key");

    let outside = |bend_outside| attempt(Kdc { bend_outside, ..fast_kdc() }).unwrap_err();
    let error = outside(|value| *value.last_mut().unwrap() ^= 1);
    assert_eq!(error, AsError::Fast(FastError::Integrity));
    assert_eq!(outside(|value| value.truncate(9)).code(), "fast_malformed");
    // An empty one is an offer, no answer.
    assert_eq!(outside(Vec::clear).code(), "fast_stripped");
}

#[test]
fn armor_has_to_fit() {
    let mut kdc = fast_kdc();
    let start = |change: &dyn Fn(&mut krb5_client::Credential), kdc: &mut Kdc| {
        let mut armor = kdc.armor();
        change(&mut armor);
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let options = AsOptions { armor: Some(armor), ..options() };
        AsExchange::new(&Policy::default(), options, Secret::password("x"), &mut env).unwrap_err()
    };
    let error = start(&|armor| armor.times.end = Timestamp::from_seconds(NOW), &mut kdc);
    assert_eq!(error.code(), "fast_armor_expired");
    let error = start(&|armor| armor.server = Principal::new_tgs("OTHER", REALM), &mut kdc);
    assert_eq!(error.code(), "fast_armor_realm");
    let error = start(&|armor| armor.server = Principal::new_service("host", "x", REALM), &mut kdc);
    assert_eq!(error.code(), "fast_armor_not_tgt");
    let error = start(&|armor| armor.ticket.truncate(5), &mut kdc);
    assert_eq!(error.code(), "fast_armor");
}
