//! Logins that succeed, and what goes over the wire for them.

use gss_core::{Env, Timestamp};
use krb5_asn1::{AsReq, Decode, ErrorCode, KdcOptions, NameType, PaDataType, Principal, TicketFlags};
use krb5_client::{AsError, AsExchange, AsOptions, Exchange, Policy, ReplyError, Secret};
use krb5_crypto::Key;
use test_support::TestRng;

use crate::kdc::*;

#[test]
fn a_password_gets_a_ticket() {
    let mut kdc = Kdc::new();
    let outcome = login(&mut kdc).unwrap();
    assert_eq!(outcome.credential.client, name("alice"));
    assert_eq!(outcome.credential.server, Principal::new_tgs(REALM, REALM));
    assert_eq!(outcome.credential.session_key.secret_bytes(), [0x55; 32]);
    assert_eq!(outcome.pa_type, Some(PaDataType::ENC_TIMESTAMP));
    assert_eq!((outcome.kdc_offset, outcome.fast_available, outcome.fast_used), (0, false, false));
    assert_eq!(outcome.key_expiration, Some(Timestamp::from_seconds(NOW + 86_400)));
    // First without proof, then with it and with the KDC's cookie; never twice the same nonce.
    let [first, second] = kdc.seen.as_slice() else { panic!("{:?}", kdc.seen) };
    assert_eq!(first.padata, [PaDataType::REQ_ENC_PA_REP]);
    assert_eq!(second.padata, [PaDataType::FX_COOKIE, PaDataType::ENC_TIMESTAMP, PaDataType::REQ_ENC_PA_REP]);
    assert_eq!(second.cookie.as_deref(), Some(&b"cookie 1"[..]));
    assert_ne!(first.nonce, second.nonce);
}

#[test]
fn every_enctype_works_for_the_reply_key() {
    for enctype in Policy::default().enctypes {
        let mut kdc = Kdc { enctype, ..Kdc::new() };
        let outcome = login(&mut kdc).unwrap();
        assert_eq!(outcome.credential.session_key.enctype(), enctype);
    }
}

#[test]
fn a_kdc_that_wants_no_proof_needs_one_request() {
    let mut kdc = Kdc::wanting(&[]);
    let outcome = login(&mut kdc).unwrap();
    assert_eq!((outcome.pa_type, kdc.seen.len()), (None, 1));
}

#[test]
fn a_key_is_asked_for_in_its_own_enctype() {
    let mut kdc = Kdc { enctype: AES128, ..Kdc::new() };
    let secret = Secret::keys([kdc.key()]);
    login_with(&mut kdc, options(), secret).unwrap();
    assert_eq!(kdc.seen[0].etypes, [17]);
}

#[test]
fn keys_can_prove_themselves_at_once() {
    let mut kdc = Kdc::new();
    let at_once = AsOptions { preauth_at_once: true, ..options() };
    let secret = Secret::keys([kdc.key()]);
    let outcome = login_with(&mut kdc, at_once.clone(), secret).unwrap();
    assert_eq!((outcome.pa_type, kdc.seen.len()), (Some(PaDataType::ENC_TIMESTAMP), 1));
    // The salt of a password is not known before the KDC has told it.
    let mut kdc = Kdc::new();
    login_with(&mut kdc, at_once, Secret::password(PASSWORD)).unwrap();
    assert_eq!(kdc.seen.len(), 2);
}

#[test]
fn salt_and_parameters_are_those_of_the_kdc() {
    let mut kdc = Kdc { salt: "somewhat salty".into(), s2kparams: Some(vec![0, 0, 1, 1]), ..Kdc::new() };
    login(&mut kdc).unwrap();
}

#[test]
fn options_reach_the_request() {
    let options = AsOptions {
        lifetime: 600,
        renew_lifetime: Some(1200),
        forwardable: true,
        proxiable: true,
        canonicalize: true,
        request_pac: Some(false),
        server: Some(Principal::new_service("kadmin", "changepw", REALM)),
        ..options()
    };
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let exchange = AsExchange::new(&Policy::default(), options, Secret::password(""), &mut env).unwrap();
    let request = exchange.request();
    assert_eq!(request.realm, REALM);
    let request = AsReq::from_der(&request.message).unwrap();
    let body = request.req_body.value();
    assert_eq!(
        body.kdc_options,
        KdcOptions::FORWARDABLE | KdcOptions::PROXIABLE | KdcOptions::RENEWABLE | KdcOptions::CANONICALIZE
    );
    assert_eq!((body.till, body.rtime), (time(NOW + 600), Some(time(NOW + 1200))));
    assert!(body.sname.unwrap().is(&["kadmin", "changepw"]));
    assert_eq!(body.nonce.0 >> 31, 0);
    let padata = list(&request.padata.unwrap());
    assert_eq!(value(&padata, PaDataType::PAC_REQUEST), Some(&[0x30, 5, 0xa0, 3, 1, 1, 0][..]));
}

#[test]
fn a_wrong_clock_is_corrected_by_the_kdcs() {
    for ahead in [100_000_i64, -100_000] {
        let mut kdc = Kdc { now: NOW + ahead, ..Kdc::new() };
        let outcome = login(&mut kdc).unwrap();
        assert_eq!(outcome.kdc_offset, ahead);
        assert_eq!(kdc.seen.len(), 2);
    }
    // Sent at once it is refused for the time first.
    let mut kdc = Kdc { now: NOW + 4000, ..Kdc::new() };
    let at_once = AsOptions { preauth_at_once: true, ..options() };
    let secret = Secret::keys([kdc.key()]);
    login_with(&mut kdc, at_once, secret).unwrap();
    assert_eq!(kdc.seen.len(), 2);
}

#[test]
fn a_difference_that_is_known_already_is_used_from_the_start() {
    let mut kdc = Kdc { now: NOW + 4000, ..Kdc::new() };
    let known = AsOptions { preauth_at_once: true, kdc_offset: 4000, ..options() };
    let secret = Secret::keys([kdc.key()]);
    let policy = Policy { follow_kdc_clock: false, ..Policy::default() };
    let outcome = converse(&policy, known, secret, |request| kdc.answer(&request.message)).unwrap();
    assert_eq!((outcome.kdc_offset, kdc.seen.len()), (4000, 1));
}

#[test]
fn what_a_reply_says_of_other_keys_does_not_matter() {
    let mut kdc = Kdc::twisted(|parts| {
        let other = Kdc { enctype: AES128, ..Kdc::new() }.offers();
        parts.padata = other;
    });
    login(&mut kdc).unwrap();
}

#[test]
fn a_wrong_clock_stays_an_error_where_the_kdcs_is_not_followed() {
    let mut kdc = Kdc { now: NOW + 400, ..Kdc::new() };
    let policy = Policy { follow_kdc_clock: false, ..Policy::default() };
    let error =
        converse(&policy, options(), Secret::password(PASSWORD), |request| kdc.answer(&request.message))
            .unwrap_err();
    assert_eq!(error.refusal().unwrap().code, ErrorCode::KRB_AP_ERR_SKEW);
    assert!(error.to_string().contains("400 s ahead of ours"), "{error}");
    // The same where the KDC did not look at the clock.
    let mut kdc = Kdc { now: NOW - 400, ..Kdc::wanting(&[]) };
    let error =
        converse(&policy, options(), Secret::password(PASSWORD), |request| kdc.answer(&request.message))
            .unwrap_err();
    assert!(error.to_string().contains("400 s behind ours, at most 300 s"), "{error}");
}

#[test]
fn a_referral_leads_to_the_realm_of_an_enterprise_name() {
    let mut first = Kdc { refer_to: Some("SUB.EXAMPLE.COM".into()), ..Kdc::new() };
    let mut second = Kdc {
        realm: "SUB.EXAMPLE.COM".into(),
        salt: "SUB".into(),
        client: Principal::new("alice@corp.example", "SUB.EXAMPLE.COM"),
        // The KDC gives the client its own name.
        twist: Box::new(|parts| parts.client = Principal::new("alice", "SUB.EXAMPLE.COM")),
        ..Kdc::new()
    };
    let enterprise = Principal::new("alice@corp.example", REALM).with_name_type(NameType::ENTERPRISE);
    let outcome =
        converse(&Policy::default(), AsOptions::new(enterprise), Secret::password(PASSWORD), |request| {
            match request.realm.as_str() {
                REALM => first.answer(&request.message),
                "SUB.EXAMPLE.COM" => second.answer(&request.message),
                other => panic!("{other}"),
            }
        })
        .unwrap();
    assert_eq!(outcome.credential.client, Principal::new("alice", "SUB.EXAMPLE.COM"));
    assert_eq!(outcome.credential.server, Principal::new_tgs("SUB.EXAMPLE.COM", "SUB.EXAMPLE.COM"));
    assert_eq!((first.seen.len(), second.seen.len()), (1, 2));
}

#[test]
fn a_ticket_for_later_is_asked_for_and_taken() {
    let later = NOW + 1000;
    let mut kdc = Kdc::twisted(move |parts| {
        parts.start = Some(later);
        parts.flags = parts.flags | TicketFlags::POSTDATED | TicketFlags::INVALID;
    });
    let postdated = AsOptions { start: Some(Timestamp::from_seconds(later)), ..options() };
    let outcome = login_with(&mut kdc, postdated, Secret::password(PASSWORD)).unwrap();
    assert_eq!(outcome.credential.times.start, Timestamp::from_seconds(later));
}

#[test]
fn an_expired_state_of_the_kdc_begins_anew_once() {
    let mut kdc = Kdc::new();
    let mut turn = 0;
    let outcome = converse(&Policy::default(), options(), Secret::password(PASSWORD), |request| {
        turn += 1;
        if turn == 2 {
            return kdc.krb_error(ErrorCode::KDC_ERR_PREAUTH_EXPIRED, &[]);
        }
        kdc.answer(&request.message)
    });
    outcome.unwrap();
    assert_eq!(turn, 4);
    let always = Kdc::new();
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
        always.krb_error(ErrorCode::KDC_ERR_PREAUTH_EXPIRED, &[])
    });
    assert_eq!(error.unwrap_err().refusal().unwrap().code, ErrorCode::KDC_ERR_PREAUTH_EXPIRED);
}

#[test]
fn a_request_stays_the_same_until_it_is_answered() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let secret = Secret::keys([Key::new(AES256, &[1; 32]).unwrap()]);
    let exchange = AsExchange::new(&Policy::default(), options(), secret, &mut env).unwrap();
    assert_eq!(exchange.request().message, exchange.request().message);
}

/// As Heimdal's KDC answers.
#[test]
fn the_salt_alone_in_the_reply_leaves_the_parameters_as_they_were() {
    let salt = |salt: &str| vec![(PaDataType::PW_SALT, salt.as_bytes().to_vec())];
    login(&mut Kdc::twisted(move |parts| parts.padata = salt("EXAMPLE.COMalice"))).unwrap();
    let error = login(&mut Kdc::twisted(move |parts| parts.padata = salt("another"))).unwrap_err();
    assert!(matches!(error, AsError::Reply(ReplyError::Integrity)), "{error}");
}
