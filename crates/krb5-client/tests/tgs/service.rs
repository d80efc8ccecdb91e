//! Service tickets within a realm.

use super::kdc::{AES256, Asked, HOUR, at, credential, drive, open, principal, tgt};
use gss_core::Diagnose;
use krb5_asn1::{AuthDataType, AuthorizationData, Decode, ErrorCode, KdcOptions, KdcReqBody, TicketFlags};
use krb5_client::{Policy, TgsError, TgsExchange, TgsOptions, TgsOutcome};
use krb5_crypto::{EncType, KeyUsage};
use krb5_files::AuthData;
use test_support::ticket::NOW;

fn service(options: TgsOptions, kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    let server = principal("HTTP/www.a@A");
    drive(|env| TgsExchange::service(&Policy::default(), &tgt(), &server, options, env), kdc)
}

#[test]
fn the_ticket_asked_for_comes_out() {
    let outcome = service(TgsOptions::default(), |asked| {
        assert_eq!(asked.realm, "A");
        assert!(asked.options.contains(KdcOptions::CANONICALIZE | KdcOptions::FORWARDABLE));
        assert_eq!(asked.till, NOW + 9 * HOUR);
        assert!(asked.nonce <= 0x7fff_ffff);
        asked.reply().encode()
    })
    .unwrap();
    let ticket = outcome.credential;
    assert_eq!(ticket.client, principal("alice@A"));
    assert_eq!(ticket.server, principal("HTTP/www.a@A"));
    assert_eq!(ticket.session_key.enctype(), AES256);
    assert_eq!((ticket.times.start, ticket.times.end), (at(NOW), at(NOW + 9 * HOUR)));
    assert!(outcome.cross_realm.is_empty() && ticket.second_ticket.is_none());
}

#[test]
fn an_empty_realm_stands_for_that_of_the_ticket() {
    let server = principal("HTTP/www.a@");
    let outcome = drive(
        |env| TgsExchange::service(&Policy::default(), &tgt(), &server, TgsOptions::default(), env),
        |asked| {
            assert_eq!(asked.server, principal("HTTP/www.a@A"));
            asked.reply().encode()
        },
    );
    assert_eq!(outcome.unwrap().credential.server, principal("HTTP/www.a@A"));
}

#[test]
fn lifetime_enctypes_and_flags_are_asked_for() {
    let options = TgsOptions {
        lifetime: Some(600),
        renew_lifetime: Some(7200),
        enctypes: Some(vec![EncType::AES128_CTS_HMAC_SHA1_96, AES256]),
        forwardable: false,
        canonicalize: false,
        ..TgsOptions::default()
    };
    let outcome = service(options, |asked| {
        assert_eq!(asked.till, NOW + 600);
        assert_eq!(asked.enctypes, [EncType::AES128_CTS_HMAC_SHA1_96, AES256]);
        assert_eq!(asked.options, KdcOptions::RENEWABLE);
        let body = KdcReqBody::from_der(&asked.body).unwrap();
        assert_eq!(body.rtime.unwrap().unix_seconds(), NOW + 7200);
        let mut reply = asked.reply();
        reply.renew_till = Some(NOW + 7200);
        reply.encode()
    });
    assert_eq!(outcome.unwrap().credential.times.end, at(NOW + 600));
}

#[test]
fn authorization_data_travels_in_the_subkey() {
    let data = AuthData { ad_type: AuthDataType(999), data: b"restriction".to_vec() };
    let options = TgsOptions { authorization_data: vec![data], ..TgsOptions::default() };
    service(options, |asked| {
        let body = KdcReqBody::from_der(&asked.body).unwrap();
        let sealed = body.enc_authorization_data.unwrap();
        let plain = open(&asked.subkey, KeyUsage::TGS_REQ_AUTHORIZATION_DATA_SUBKEY, &sealed);
        let element = AuthorizationData::from_der(&plain).unwrap().first().unwrap();
        assert_eq!(
            (element.ad_type, element.ad_data.as_bytes()),
            (AuthDataType(999), b"restriction".as_slice())
        );
        asked.reply().encode()
    })
    .unwrap();
}

#[test]
fn user_to_user_shows_the_peers_ticket_and_keeps_it() {
    let peer = credential("bob@A", "krbtgt/A@A", TicketFlags::NONE).ticket;
    let server = principal("bob@A");
    let outcome = drive(
        |env| {
            TgsExchange::user_to_user(&Policy::default(), &tgt(), &server, &peer, TgsOptions::default(), env)
        },
        |asked| {
            assert!(asked.options.contains(KdcOptions::ENC_TKT_IN_SKEY));
            assert_eq!(asked.second_ticket.as_deref(), Some(peer.as_slice()));
            asked.reply().encode()
        },
    );
    assert_eq!(outcome.unwrap().credential.second_ticket, Some(peer));
}

#[test]
fn a_peers_ticket_that_is_none_is_the_callers_mistake() {
    let server = principal("bob@A");
    let outcome = drive(
        |env| {
            TgsExchange::user_to_user(
                &Policy::default(),
                &tgt(),
                &server,
                b"junk",
                TgsOptions::default(),
                env,
            )
        },
        |_| panic!("nothing can be asked"),
    );
    assert_eq!(outcome.unwrap_err().code(), "malformed_second_ticket");
}

#[test]
fn the_kdcs_clock_is_followed_once() {
    let mut times = Vec::new();
    let outcome = service(TgsOptions::default(), |asked| {
        times.push(asked.ctime);
        if times.len() == 1 {
            return asked.refuse_at(ErrorCode::KRB_AP_ERR_SKEW, NOW + 1000);
        }
        let mut reply = asked.reply();
        reply.start = NOW + 1000;
        reply.encode()
    })
    .unwrap();
    assert_eq!(times, [NOW, NOW + 1000]);
    assert_eq!(outcome.kdc_offset, 1000);

    let refused =
        service(TgsOptions::default(), |asked| asked.refuse_at(ErrorCode::KRB_AP_ERR_SKEW, NOW + 1000));
    assert_eq!(refused.unwrap_err().code(), "clock_skew");
}

#[test]
fn the_kdcs_clock_is_not_followed_where_the_policy_forbids_it() {
    let policy = Policy { follow_kdc_clock: false, ..Policy::default() };
    let server = principal("HTTP/www.a@A");
    let mut asked_times = 0;
    let outcome = drive(
        |env| TgsExchange::service(&policy, &tgt(), &server, TgsOptions::default(), env),
        |asked| {
            asked_times += 1;
            asked.refuse_at(ErrorCode::KRB_AP_ERR_SKEW, NOW + 1000)
        },
    );
    assert_eq!((outcome.unwrap_err().code(), asked_times), ("clock_skew", 1));
}

#[test]
fn a_refusal_is_kept_whole() {
    let error = service(TgsOptions::default(), |asked| asked.refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN));
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.minor()), ("service_unknown", Some(7)));
    let TgsError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.server, principal("HTTP/www.a@A"));
}

#[test]
fn delegation_is_trusted_to_the_own_realm_only() {
    let ok = TicketFlags::OK_AS_DELEGATE;
    let kdc = |asked: Asked| {
        let mut reply = asked.reply();
        reply.flags = reply.flags | ok;
        reply.encode()
    };
    assert!(service(TgsOptions::default(), kdc).unwrap().credential.flags.contains(ok));

    let server = principal("HTTP/www.b@B");
    for (flags, trusted) in [(TicketFlags::NONE, false), (ok, true)] {
        let foreign = credential("alice@A", "krbtgt/B@A", flags);
        let outcome = drive(
            |env| TgsExchange::service(&Policy::default(), &foreign, &server, TgsOptions::default(), env),
            kdc,
        );
        assert_eq!(outcome.unwrap().credential.flags.contains(ok), trusted);
    }
}

#[test]
fn only_good_tickets_are_shown() {
    let server = principal("HTTP/www.a@A");
    let start = |tgt: krb5_client::Credential| {
        drive(
            |env| TgsExchange::service(&Policy::default(), &tgt, &server, TgsOptions::default(), env),
            |_| panic!("nothing can be asked"),
        )
        .unwrap_err()
        .code()
    };
    assert_eq!(start(credential("alice@A", "HTTP/www.a@A", TicketFlags::NONE)), "not_a_tgt");
    let mut expired = tgt();
    expired.times.end = at(NOW);
    assert_eq!(start(expired), "ticket_expired");
    let mut broken = tgt();
    broken.ticket.pop();
    assert_eq!(start(broken), "malformed_ticket");
}

#[test]
fn some_enctype_of_this_build_has_to_be_allowed() {
    let options = TgsOptions { enctypes: Some(vec![EncType::DES_CBC_CRC]), ..TgsOptions::default() };
    let outcome = service(options, |_| panic!("nothing can be asked"));
    assert_eq!(outcome.unwrap_err(), TgsError::NoEncType);
}

#[test]
fn what_no_message_can_hold_is_the_callers_mistake() {
    let start = |tgt: &krb5_client::Credential, options: TgsOptions| {
        let mut rng = test_support::TestRng::insecure(1);
        let env = &mut gss_core::Env::new(at(NOW), &mut rng);
        let server = principal("HTTP/www.a@");
        TgsExchange::service(&Policy::default(), tgt, &server, options, env).unwrap_err()
    };
    let mut nameless = tgt();
    let tgs: [&[u8]; 2] = [b"krbtgt", b"\xff"];
    nameless.server = krb5_asn1::Principal::from_components(krb5_asn1::NameType::SRV_INST, tgs, "A").unwrap();
    assert_eq!(start(&nameless, TgsOptions::default()), TgsError::RealmName);
    let early = TgsOptions { kdc_offset: -1_000_000_000_000, ..TgsOptions::default() };
    assert_eq!(start(&tgt(), early).code(), "clock_out_of_range");
}
