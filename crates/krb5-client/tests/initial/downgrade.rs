//! Attempts to lead the client to a weaker way.

use gss_core::Diagnose;
use krb5_asn1::PaDataType;
use krb5_client::{AsError, AsOptions, Policy, Secret};

use crate::kdc::*;

fn without_requirement(kdc: &mut Kdc) -> AsOptions {
    AsOptions { armor: Some(kdc.armor()), require_fast: false, ..options() }
}

#[test]
fn a_kdc_without_fast_is_put_up_with_if_the_caller_allows_it() {
    let mut kdc = Kdc::new();
    let options = without_requirement(&mut kdc);
    let outcome = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap();
    assert!(!outcome.fast_used && !outcome.fast_available);
    assert_eq!(outcome.pa_type, Some(PaDataType::ENC_TIMESTAMP));
}

#[test]
fn a_kdc_that_only_seemed_to_lack_fast_shows_in_the_end() {
    let mut kdc = Kdc::twisted(|parts| parts.says_fast = true);
    let options = without_requirement(&mut kdc);
    let error = login_with(&mut kdc, options, Secret::password(PASSWORD)).unwrap_err();
    assert_eq!(error, AsError::FastDowngrade);
}

#[test]
fn a_kdc_that_offers_fast_and_answers_without_is_refused() {
    // It offers FAST in an error that should have come through it.
    let mut kdc = Kdc::new();
    let options = without_requirement(&mut kdc);
    let mut offers = kdc.offers();
    offers.push((PaDataType::FX_FAST, Vec::new()));
    let error = converse(&Policy::default(), options, Secret::password(PASSWORD), |_| {
        kdc.krb_error(krb5_asn1::ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &encode(&offers))
    })
    .unwrap_err();
    assert_eq!(error.code(), "fast_stripped");
    kdc.seen.clear();
}

#[test]
fn without_armor_the_kdcs_fast_is_reported() {
    let mut kdc = Kdc { fast: true, ..Kdc::new() };
    let outcome = login(&mut kdc).unwrap();
    assert!(outcome.fast_available && !outcome.fast_used);
}
