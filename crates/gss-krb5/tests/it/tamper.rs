//! Tokens cut, extended and changed bit by bit on their way.

use crate::forge::{Forge, rewrite};
use crate::world::{
    AES256, CLIENT, ENCTYPES, SERVICE, accept, acceptor, config_with, initiator, now_plus, principal, step,
    waiting,
};
use alloc::collections::BTreeMap;
use core::ops::Range;
use gss_core::{ContextFlags, Diagnose, SecurityContext, Step};
use gss_krb5::replay::danger::NoReplayCache;
use gss_krb5::{Acceptor, AcceptorConfig, Allow};
use krb5_asn1::{ApReq, Decode};
use krb5_crypto::EncType;
use test_support::ticket::NOW;

/// An acceptor that takes the same request again and again.
fn forgetful(enctype: EncType) -> AcceptorConfig {
    config_with(enctype, NoReplayCache).allow(Allow::WEAK_ENCTYPES)
}

fn request(enctype: EncType) -> Vec<u8> {
    Forge::new(enctype).asking(ContextFlags::MUTUAL | ContextFlags::INTEGRITY, b"").token()
}

fn flipped(token: &[u8], bit: usize) -> Vec<u8> {
    let mut token = token.to_vec();
    token[bit / 8] ^= 0x80 >> (bit % 8);
    token
}

fn range_of(part: &[u8], token: &[u8]) -> Range<usize> {
    let start = part.as_ptr() as usize - token.as_ptr() as usize;
    start..start + part.len()
}

/// What of an AP-REQ nothing authenticates, so that a change goes unnoticed, and why that is harmless.
fn unauthenticated(token: &[u8]) -> BTreeMap<&'static str, Range<usize>> {
    let request = ApReq::from_der(crate::forge::unframed(token).1).unwrap();
    let position = |pattern: &[u8]| token.windows(pattern.len()).position(|part| part == pattern).unwrap();
    let mut parts = BTreeMap::new();
    // One bit makes 1.2.840.113554.1.2.2 the identifier of the same mechanism that Windows 2000 used. The answer
    // has it too; SPNEGO protects its own list.
    parts.insert("mechanism", 4..13);
    // The mutual option only repeats a flag of the authenticator's checksum, which counts; the other options but
    // USE-SESSION-KEY have no meaning. The first of these bytes says how many bits of the last are unused.
    let options = position(b"\x03\x05\x00\x20\x00\x00\x00");
    parts.insert("ap-options", options + 2..options + 7);
    // Realm and name in clear select a key; the context's names are those of the key that decrypts.
    parts.insert("realm", range_of(request.ticket.realm.as_bytes(), token));
    let kind = u8::try_from(request.ticket.sname.name_type.0).unwrap();
    let name_type = position(&[0xa0, 3, 2, 1, kind, 0xa1]);
    parts.insert("name-type", name_type + 4..name_type + 5);
    let mut components = request.ticket.sname.components();
    parts.insert("service", range_of(components.next().unwrap().as_bytes(), token));
    parts.insert("host", range_of(components.next().unwrap().as_bytes(), token));
    parts
}

#[test]
fn every_flipped_bit_of_a_request() {
    let token = request(AES256);
    let config = forgetful(AES256);
    let parts = unauthenticated(&token);
    let mut unnoticed = BTreeMap::new();
    for bit in 0..token.len() * 8 {
        let Ok(context) = accept(&config, &flipped(&token, bit)) else { continue };
        let part = parts.iter().find(|(_, range)| range.contains(&(bit / 8)));
        let (name, _) = part.unwrap_or_else(|| panic!("bit {bit} was flipped and not noticed"));
        *unnoticed.entry(*name).or_insert(0) += 1;
        assert_eq!(context.parties().client(), &principal(CLIENT), "{name}");
        assert_eq!(context.parties().service(), &principal(SERVICE), "{name}");
        assert_eq!(context.facts().flags, ContextFlags::MUTUAL | ContextFlags::INTEGRITY, "{name}");
    }
    let names = |map: &BTreeMap<&'static str, _>| map.keys().copied().collect::<Vec<_>>();
    assert_eq!(names(&unnoticed), parts.keys().copied().collect::<Vec<_>>(), "the list above is exact");
    assert_eq!(unnoticed["mechanism"], 1);
    assert_eq!(
        unnoticed["ap-options"],
        5 * 8 - 1 - 5,
        "USE-SESSION-KEY and five impossible counts of unused bits"
    );
}

#[test]
fn sampled_bits_of_a_request_of_every_enctype() {
    for &enctype in ENCTYPES {
        let token = request(enctype);
        let config = forgetful(enctype);
        let request = ApReq::from_der(crate::forge::unframed(&token).1).unwrap();
        let ticket = range_of(request.ticket.enc_part.cipher.as_bytes(), &token);
        let authenticator = range_of(request.authenticator.cipher.as_bytes(), &token);
        for (cipher, code) in [(ticket, "ticket_integrity"), (authenticator, "authenticator_integrity")] {
            for bit in (cipher.start * 8..cipher.end * 8).step_by(7) {
                let error = accept(&config, &flipped(&token, bit)).expect_err("a flipped bit");
                assert_eq!(error.code(), code, "{enctype} bit {bit}: {error}");
            }
        }
    }
}

#[test]
fn requests_cut_or_extended() {
    for dce in [false, true] {
        let flags = if dce { ContextFlags::DCE_STYLE } else { ContextFlags::MUTUAL };
        let forge = Forge::new(AES256).asking(flags, b"");
        let token = if dce { forge.message() } else { forge.token() };
        let config = forgetful(AES256);
        for len in 0..token.len() {
            let (result, _) = step(Acceptor::new(&config), &token[..len], now_plus(0));
            assert!(result.is_err(), "cut to {len} bytes");
        }
        for extra in [&b"\0"[..], b"\x05\x00", &token] {
            let (result, _) = step(Acceptor::new(&config), &[&token[..], extra].concat(), now_plus(0));
            assert!(result.is_err(), "{} bytes more", extra.len());
        }
        assert!(step(Acceptor::new(&config), &token, now_plus(0)).0.is_ok());
    }
}

#[test]
fn ciphertexts_cut_extended_or_exchanged() {
    // The DER around stays right, so that the ciphers have to notice.
    for &enctype in ENCTYPES {
        let forge = Forge::new(enctype);
        let config = forgetful(enctype);
        let message = forge.message();
        let cipher_of =
            |message: &[u8]| ApReq::from_der(message).unwrap().ticket.enc_part.cipher.as_bytes().to_vec();
        let cipher = cipher_of(&message);
        let with = |cipher: &[u8]| {
            rewrite(&message, |_, ticket| ticket.enc_part.cipher = krb5_asn1::Octets::new(cipher))
        };
        let extended = [&cipher[..], b"\0"].concat();
        let mut variants: Vec<&[u8]> = (0..cipher.len()).step_by(5).map(|len| &cipher[..len]).collect();
        variants.extend([&extended[..], &cipher[1..]]);
        let authenticator = ApReq::from_der(&message).unwrap().authenticator.cipher.as_bytes();
        variants.push(authenticator);
        for variant in variants {
            let token = crate::forge::framed([1, 0], &with(variant));
            let error = accept(&config, &token).unwrap_err();
            assert_eq!(error.code(), "ticket_integrity", "{enctype} {}: {error}", variant.len());
        }
        accept(&config, &crate::forge::framed([1, 0], &with(&cipher))).unwrap();
    }
}

/// A request of our initiator and the answer of our acceptor to it.
fn exchange(enctype: EncType) -> (impl Fn() -> crate::world::Asked, Vec<u8>) {
    let ask = move || waiting(initiator(enctype).allow_weak_enctypes(), now_plus(0)).0;
    let (_, request) = waiting(initiator(enctype).allow_weak_enctypes(), now_plus(0));
    let (result, answer) = step(acceptor(forgetful(enctype)), &request, now_plus(0));
    assert!(matches!(result, Ok(Step::Done(_))));
    (ask, answer)
}

#[test]
fn every_flipped_bit_of_an_answer() {
    for &enctype in ENCTYPES {
        let (ask, answer) = exchange(enctype);
        let stride = if enctype == AES256 { 1 } else { 7 };
        let mut unnoticed = Vec::new();
        for bit in (0..answer.len() * 8).step_by(stride) {
            if step(ask(), &flipped(&answer, bit), now_plus(0)).0.is_ok() {
                unnoticed.push(bit);
            }
        }
        // Byte 7 and its bit 0x04: the identifier of the same mechanism that Windows 2000 used.
        let microsoft = (answer.iter().position(|byte| *byte == 0x2a).unwrap() + 3) * 8 + 5;
        let expected = if stride == 1 { vec![microsoft] } else { Vec::new() };
        unnoticed.retain(|bit| stride == 1 || *bit != microsoft);
        assert_eq!(unnoticed, expected, "{enctype}");
    }
}

#[test]
fn answers_cut_or_extended() {
    let (ask, answer) = exchange(AES256);
    for len in 0..answer.len() {
        assert!(step(ask(), &answer[..len], now_plus(0)).0.is_err(), "cut to {len} bytes");
    }
    for extra in [&b"\0"[..], b"\x05\x00", &answer] {
        assert!(step(ask(), &[&answer[..], extra].concat(), now_plus(0)).0.is_err());
    }
    assert!(step(ask(), &answer, now_plus(0)).0.is_ok());
}

#[test]
fn encryption_under_another_key_usage() {
    // The ticket's own plaintext as authenticator, and an AP-REP as authenticator: both under the session key.
    let forge = Forge::new(AES256);
    let reply = crate::forge::Reply { time: now_plus(0), subkey: None, sequence: None };
    let reply = reply.message(&forge.maker.session_key);
    let cipher = krb5_asn1::ApRep::from_der(&reply).unwrap().enc_part.cipher;
    let message = forge.message();
    let request = ApReq::from_der(&message).unwrap();
    let authenticator = krb5_asn1::EncryptedData { cipher, ..request.authenticator };
    let mixed = krb5_asn1::Encode::to_der(&ApReq { authenticator, ..request }).unwrap();
    let error = accept(&forgetful(AES256), &crate::forge::framed([1, 0], &mixed)).unwrap_err();
    assert_eq!(error.code(), "authenticator_integrity");
    assert_eq!(NOW, now_plus(0).seconds());
}
