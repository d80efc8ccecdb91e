//! The TGS exchange inside FAST.

use super::kdc::{AES256, Asked, Reply, drive, krb_error, principal, tgt, tunnelled};
use gss_core::Diagnose;
use krb5_asn1::{Encode, ErrorCode, KrbFastResponse, MethodData, Octets, PaData, PaDataType, SeqOf, UInt32};
use krb5_client::{FastError, Policy, TgsError, TgsExchange, TgsOptions, TgsOutcome};
use test_support::ticket::{NOW, key};

fn fast(kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    let server = principal("HTTP/www.a@A");
    let options = TgsOptions { fast: true, ..TgsOptions::default() };
    drive(|env| TgsExchange::service(&Policy::default(), &tgt(), &server, options, env), kdc)
}

fn changed(change: impl Fn(&mut Reply<'_>)) -> TgsError {
    fast(|asked| {
        let mut reply = asked.reply();
        change(&mut reply);
        reply.encode()
    })
    .unwrap_err()
}

#[test]
fn the_ticket_comes_through_the_tunnel() {
    for strengthen in [None, Some(5)] {
        let outcome = fast(|asked| {
            assert!(asked.armor_key.is_some());
            let mut reply = asked.reply();
            reply.strengthen = strengthen.map(|seed| key(AES256, seed));
            reply.encode()
        });
        assert_eq!(outcome.unwrap().credential.server, principal("HTTP/www.a@A"));
    }
}

#[test]
fn a_reply_outside_of_the_tunnel_is_refused() {
    let error = fast(|mut asked| {
        asked.armor_key = None;
        asked.reply().encode()
    });
    assert_eq!(error.unwrap_err(), TgsError::Fast(FastError::Stripped));
}

#[test]
fn what_the_tunnel_says_is_checked() {
    assert_eq!(changed(|reply| reply.ticket_swapped = true), TgsError::Fast(FastError::TicketChecksum));
    assert_eq!(changed(|reply| reply.tunnel_nonce ^= 1).code(), "fast_nonce");
    assert_eq!(changed(|reply| reply.client = principal("mallory@A")).code(), "reply_client");
    let other_armor = fast(|mut asked| {
        asked.armor_key = Some(key(AES256, 3));
        asked.reply().encode()
    });
    assert_eq!(other_armor.unwrap_err(), TgsError::Fast(FastError::Integrity));
}

/// An error whose true code is inside of the tunnel.
fn refuse(asked: &Asked, outer: ErrorCode, inner: Option<ErrorCode>) -> Vec<u8> {
    let inner = inner.map(|code| krb_error(&asked.server, code, NOW, None));
    let padata: Vec<_> = inner
        .iter()
        .map(|error| PaData { padata_type: PaDataType::FX_ERROR, padata_value: Octets::new(error) })
        .collect();
    let response = KrbFastResponse {
        padata: SeqOf::new(&padata),
        strengthen_key: None,
        finished: None,
        nonce: UInt32(asked.nonce),
    };
    let armored = tunnelled(asked.armor_key.as_ref().unwrap(), &response);
    let e_data = [PaData { padata_type: PaDataType::FX_FAST, padata_value: Octets::new(&armored) }];
    let e_data = MethodData::new(&e_data).to_der().unwrap();
    krb_error(&asked.server, outer, NOW, Some(&e_data))
}

#[test]
fn the_error_inside_of_the_tunnel_counts() {
    let error = fast(|asked| {
        refuse(&asked, ErrorCode::KRB_ERR_GENERIC, Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN))
    });
    assert_eq!(error.unwrap_err().code(), "service_unknown");
    let error = fast(|asked| refuse(&asked, ErrorCode::KRB_ERR_GENERIC, None));
    assert_eq!(error.unwrap_err(), TgsError::Fast(FastError::ErrorMissing));
}

#[test]
fn a_kdc_that_does_not_get_to_the_tunnel_may_say_why() {
    let error = fast(|asked| asked.refuse(ErrorCode::KRB_AP_ERR_TKT_EXPIRED));
    assert_eq!(error.unwrap_err().code(), "ticket_expired");
}
