//! Renewing, validating, forwarding, and proxy tickets.

use super::kdc::{Asked, HOUR, at, credential, drive, principal};
use gss_core::Diagnose;
use krb5_asn1::{AddressType, KdcOptions, TicketFlags};
use krb5_client::{Credential, Policy, TgsError, TgsExchange, TgsOptions, TgsOutcome};
use krb5_files::Address;
use test_support::ticket::NOW;

const TGS: &str = "krbtgt/A@A";

fn address() -> Address {
    Address { addr_type: AddressType::IPV4, data: vec![10, 0, 0, 1] }
}

fn renew(ticket: &Credential, kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    drive(|env| TgsExchange::renew(&Policy::default(), ticket, TgsOptions::default(), env), kdc)
}

fn forward(
    tgt: &Credential,
    addresses: Vec<Address>,
    kdc: impl FnMut(Asked) -> Vec<u8>,
) -> Result<TgsOutcome, TgsError> {
    drive(|env| TgsExchange::forward(&Policy::default(), tgt, addresses, TgsOptions::default(), env), kdc)
}

fn unasked(_: Asked) -> Vec<u8> {
    panic!("nothing can be asked")
}

#[test]
fn a_renewed_ticket_ends_later() {
    let ticket = credential("alice@A", TGS, TicketFlags::RENEWABLE);
    let outcome = renew(&ticket, |asked| {
        assert_eq!(asked.server, principal(TGS));
        assert_eq!(asked.options, KdcOptions::RENEW | KdcOptions::RENEWABLE);
        let mut reply = asked.reply();
        reply.end = NOW + 10 * HOUR;
        reply.encode()
    });
    let renewed = outcome.unwrap().credential;
    assert_eq!(renewed.server, principal(TGS));
    assert_eq!(renewed.times.end, at(NOW + 10 * HOUR));
}

#[test]
fn a_service_ticket_is_renewed_by_the_kdc_of_its_realm() {
    let ticket = credential("alice@A", "HTTP/www.b@B", TicketFlags::RENEWABLE);
    let outcome = renew(&ticket, |asked| {
        assert_eq!(asked.realm, "B");
        asked.reply().encode()
    });
    assert_eq!(outcome.unwrap().credential.server, principal("HTTP/www.b@B"));
}

#[test]
fn renewing_has_its_limits() {
    let fixed = credential("alice@A", TGS, TicketFlags::NONE);
    assert_eq!(
        renew(&fixed, unasked).unwrap_err(),
        TgsError::TicketLacksFlag { flag: TicketFlags::RENEWABLE }
    );
    let mut old = credential("alice@A", TGS, TicketFlags::RENEWABLE);
    old.times.renew_till = Some(at(NOW));
    assert_eq!(renew(&old, unasked).unwrap_err().code(), "ticket_expired");
    let beyond = |asked: Asked| {
        let mut reply = asked.reply();
        reply.end = NOW + 100 * HOUR + 1;
        reply.encode()
    };
    let ticket = credential("alice@A", TGS, TicketFlags::RENEWABLE);
    assert_eq!(renew(&ticket, beyond).unwrap_err().code(), "reply_end_time");
    // Another ticket is no renewed one.
    let other = |asked: Asked| {
        let mut reply = asked.reply();
        reply.set_server(principal("krbtgt/B@A"));
        reply.encode()
    };
    assert_eq!(renew(&ticket, other).unwrap_err().code(), "reply_server");
}

#[test]
fn a_postdated_ticket_becomes_valid() {
    let validate = |flags, kdc: fn(Asked) -> Vec<u8>| {
        let ticket = credential("alice@A", TGS, flags);
        drive(|env| TgsExchange::validate(&Policy::default(), &ticket, TgsOptions::default(), env), kdc)
    };
    let outcome = validate(TicketFlags::INVALID, |asked| {
        assert!(asked.options.contains(KdcOptions::VALIDATE));
        let mut reply = asked.reply();
        reply.start = NOW - 5 * HOUR;
        reply.encode()
    });
    assert!(!outcome.unwrap().credential.flags.contains(TicketFlags::INVALID));
    let still_invalid = validate(TicketFlags::INVALID, |asked| {
        let mut reply = asked.reply();
        reply.flags = reply.flags | TicketFlags::INVALID;
        reply.encode()
    });
    assert_eq!(still_invalid.unwrap_err().code(), "reply_flags");
    assert_eq!(validate(TicketFlags::NONE, unasked).unwrap_err().code(), "ticket_lacks_flag");
}

#[test]
fn a_forwarded_ticket_has_the_new_addresses() {
    let tgt = credential("alice@A", TGS, TicketFlags::FORWARDABLE);
    let outcome = forward(&tgt, vec![address()], |asked| {
        assert!(asked.options.contains(KdcOptions::FORWARDED | KdcOptions::FORWARDABLE));
        assert_eq!(asked.addresses, [[10, 0, 0, 1]]);
        asked.reply().encode()
    });
    let forwarded = outcome.unwrap().credential;
    assert!(forwarded.flags.contains(TicketFlags::FORWARDED));
    assert_eq!(forwarded.addresses, [address()]);
}

#[test]
fn forwarding_has_its_limits() {
    let fixed = credential("alice@A", TGS, TicketFlags::NONE);
    let error = forward(&fixed, Vec::new(), unasked).unwrap_err();
    assert_eq!(error, TgsError::TicketLacksFlag { flag: TicketFlags::FORWARDABLE });
    let tgt = credential("alice@A", TGS, TicketFlags::FORWARDABLE);
    let error = forward(&tgt, Vec::new(), |asked| {
        let mut reply = asked.reply();
        reply.flags = reply.flags.without(TicketFlags::FORWARDED);
        reply.encode()
    });
    assert_eq!(error.unwrap_err(), TgsError::ReplyLacksFlag { flag: TicketFlags::FORWARDED });
}

#[test]
fn a_proxy_ticket_is_for_a_service_and_addresses() {
    let proxy = |flags, addresses, kdc: fn(Asked) -> Vec<u8>| {
        let tgt = credential("alice@A", TGS, flags);
        let server = principal("HTTP/www.a@A");
        let policy = Policy::default();
        drive(|env| TgsExchange::proxy(&policy, &tgt, &server, addresses, TgsOptions::default(), env), kdc)
    };
    let outcome = proxy(TicketFlags::PROXIABLE, vec![address()], |asked| {
        assert_eq!(asked.server, principal("HTTP/www.a@A"));
        assert!(asked.options.contains(KdcOptions::PROXY));
        asked.reply().encode()
    });
    let ticket = outcome.unwrap().credential;
    assert!(ticket.flags.contains(TicketFlags::PROXY) && ticket.addresses == [address()]);
    assert_eq!(proxy(TicketFlags::PROXIABLE, Vec::new(), unasked).unwrap_err(), TgsError::NoAddresses);
    let error = proxy(TicketFlags::NONE, vec![address()], unasked).unwrap_err();
    assert_eq!(error, TgsError::TicketLacksFlag { flag: TicketFlags::PROXIABLE });
    let plain = proxy(TicketFlags::PROXIABLE, vec![address()], |asked| {
        let mut reply = asked.reply();
        reply.flags = reply.flags.without(TicketFlags::PROXY);
        reply.encode()
    });
    assert_eq!(plain.unwrap_err(), TgsError::ReplyLacksFlag { flag: TicketFlags::PROXY });
}
