//! Replies that break one rule each. Every one is refused by an error of its own.

use super::kdc::{AES256, Asked, Reply, credential, drive, principal, tgt};
use gss_core::{Blame, Diagnose};
use krb5_asn1::TicketFlags;
use krb5_client::{Policy, ReplyError, TgsError, TgsExchange, TgsOptions};
use krb5_crypto::{EncType, Key, KeyUsage};
use test_support::ticket::{NOW, key};

fn with(options: TgsOptions, change: impl Fn(&mut Reply<'_>)) -> TgsError {
    let server = principal("HTTP/www.a@A");
    let kdc = |asked: Asked| {
        let mut reply = asked.reply();
        change(&mut reply);
        reply.encode()
    };
    let outcome = drive(|env| TgsExchange::service(&Policy::default(), &tgt(), &server, options, env), kdc);
    let error = outcome.expect_err("the reply breaks a rule");
    assert!(!error.to_string().is_empty());
    error
}

fn rejected(change: impl Fn(&mut Reply<'_>)) -> TgsError {
    with(TgsOptions::default(), change)
}

#[test]
fn another_nonce() {
    let error = rejected(|reply| reply.nonce ^= 1);
    assert!(matches!(error, TgsError::Reply(ReplyError::Nonce { .. })), "{error}");
    assert_eq!(error.blame(), Blame::Peer);
}

#[test]
fn another_client() {
    assert_eq!(rejected(|reply| reply.client = principal("mallory@A")).code(), "reply_client");
    assert_eq!(rejected(|reply| reply.client = principal("alice@B")).code(), "reply_client_realm");
}

#[test]
fn another_service() {
    let other = |reply: &mut Reply<'_>| reply.set_server(principal("HTTP/evil.a@A"));
    assert_eq!(rejected(other).code(), "reply_server");
    let strict = TgsOptions { canonicalize: false, ..TgsOptions::default() };
    assert_eq!(with(strict.clone(), other).code(), "reply_server");
    // Without canonicalization there are no referrals either.
    assert_eq!(with(strict, |reply| reply.set_server(principal("krbtgt/B@A"))).code(), "reply_server");
}

#[test]
fn another_realm() {
    assert_eq!(rejected(|reply| reply.set_server(principal("HTTP/www.a@B"))).code(), "reply_server_realm");
    assert_eq!(rejected(|reply| reply.set_server(principal("krbtgt/C@B"))).code(), "reply_server_realm");
}

#[test]
fn another_service_in_the_clear_part_of_the_ticket() {
    let changed = |name: &'static str| rejected(move |reply| reply.ticket_server = principal(name)).code();
    assert_eq!(changed("HTTP/evil.a@A"), "ticket_server");
    assert_eq!(changed("HTTP/www.a@B"), "ticket_server");
    assert_eq!(changed("krbtgt/B@A"), "ticket_server");
}

#[test]
fn a_session_key_of_an_enctype_not_asked_for() {
    let rc4 = rejected(|reply| reply.session_enctype = EncType::RC4_HMAC);
    assert_eq!(rc4.code(), "session_enctype");
    let only = TgsOptions { enctypes: Some(vec![EncType::AES128_CTS_HMAC_SHA1_96]), ..TgsOptions::default() };
    assert_eq!(with(only, |_| {}).code(), "session_enctype");
    assert_eq!(
        rejected(|reply| reply.session_enctype = EncType::AES128_CTS_HMAC_SHA1_96).code(),
        "session_key"
    );
}

#[test]
fn a_reply_in_the_session_key() {
    let old = |reply: &mut Reply<'_>| {
        reply.key = reply.asked.session_key.duplicate();
        reply.usage = KeyUsage::TGS_REP_SESSION_KEY;
    };
    assert_eq!(rejected(old), TgsError::ReplyInSessionKey);
}

#[test]
fn keys_and_usages_mixed_up() {
    let mixed = |key: fn(&Asked) -> Key, usage| {
        rejected(move |reply| {
            reply.key = key(reply.asked);
            reply.usage = usage;
        })
    };
    let integrity = TgsError::Reply(ReplyError::Integrity);
    assert_eq!(mixed(|asked| asked.session_key.duplicate(), KeyUsage::TGS_REP_SUBKEY), integrity);
    assert_eq!(mixed(|asked| asked.subkey.duplicate(), KeyUsage::TGS_REP_SESSION_KEY), integrity);
    assert_eq!(mixed(|_| key(AES256, 999), KeyUsage::TGS_REP_SUBKEY), integrity);
    let other = mixed(|_| key(EncType::AES128_CTS_HMAC_SHA1_96, 1), KeyUsage::TGS_REP_SUBKEY);
    assert_eq!(other.code(), "reply_enctype");
}

#[test]
fn times_that_were_not_asked_for() {
    assert_eq!(rejected(|reply| reply.end += 1).code(), "reply_end_time");
    assert_eq!(rejected(|reply| reply.end = NOW).code(), "reply_never_valid");
    assert_eq!(rejected(|reply| reply.start = NOW - 301).code(), "clock_skew");
    assert_eq!(rejected(|reply| reply.start = NOW + 301).code(), "clock_skew");
    let renewable = TgsOptions { renew_lifetime: Some(10), ..TgsOptions::default() };
    assert_eq!(with(renewable, |reply| reply.renew_till = Some(NOW + 11)).code(), "reply_renew_time");
}

#[test]
fn flags_and_addresses_that_were_not_asked_for() {
    for flag in [TicketFlags::INVALID, TicketFlags::ANONYMOUS] {
        assert_eq!(rejected(|reply| reply.flags = reply.flags | flag).code(), "reply_flags");
    }
    assert_eq!(rejected(|reply| reply.addresses = vec![vec![10, 0, 0, 1]]).code(), "reply_address");
}

#[test]
fn tickets_to_anonymous_clients_stay_anonymous() {
    let tgt = credential("alice@A", "krbtgt/A@A", TicketFlags::ANONYMOUS);
    let server = principal("HTTP/www.a@A");
    let outcome = drive(
        |env| TgsExchange::service(&Policy::default(), &tgt, &server, TgsOptions::default(), env),
        |asked| asked.reply().encode(),
    );
    assert!(outcome.unwrap().credential.flags.contains(TicketFlags::ANONYMOUS));
}

#[test]
fn no_reply_at_all() {
    let server = principal("HTTP/www.a@A");
    let answer = |bytes: &'static [u8]| {
        let start = |env: &mut gss_core::Env<'_>| {
            TgsExchange::service(&Policy::default(), &tgt(), &server, TgsOptions::default(), env)
        };
        drive(start, |_| bytes.to_vec()).unwrap_err().code()
    };
    assert_eq!(answer(b""), "unexpected_message");
    assert_eq!(answer(b"\x6b\x00"), "unexpected_message");
    assert_eq!(answer(b"\x6d\x03\x30\x01"), "malformed_reply");
    assert_eq!(answer(b"\x7e\x00"), "malformed_reply");
}

#[test]
fn every_changed_byte_of_a_reply_is_noticed_or_changes_nothing() {
    let server = principal("HTTP/www.a@A");
    let start = |env: &mut gss_core::Env<'_>| {
        TgsExchange::service(&Policy::default(), &tgt(), &server, TgsOptions::default(), env)
    };
    let mut good = Vec::new();
    let expected = drive(start, |asked| {
        good = asked.reply().encode();
        good.clone()
    })
    .unwrap()
    .credential;
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 1;
        if let Ok(outcome) = drive(start, |_| changed.clone()) {
            // The ticket's cipher, kvno and enctype are for the service's eyes, name types are hints.
            let found = outcome.credential;
            assert_eq!(
                (&found.client, &found.server),
                (&expected.client, &expected.server),
                "byte {position}"
            );
            assert!(found.session_key.ct_eq(&expected.session_key), "byte {position}");
            assert_eq!((found.flags, found.times), (expected.flags, expected.times), "byte {position}");
        }
    }
}
