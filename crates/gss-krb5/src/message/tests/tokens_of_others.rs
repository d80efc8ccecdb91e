//! Tokens from specifications and other implementations.

use super::*;
use crate::message::prf;
use gss_core::{MessageError, SequenceStatus};
use test_support::ScriptedRng;
use test_support::vectors::{Record, load};

fn protection(record: &Record) -> Protection {
    match &*record.text("protection") {
        "integrity" => Protection::Integrity,
        "confidentiality" => Protection::Confidentiality,
        other => panic!("{}: protection {other}", record.name()),
    }
}

/// The sender's sealer and the receiver's opener.
fn stations(record: &Record, key: &Key) -> (Sealer, Opener) {
    let (sender, receiver) = match &*record.text("sender") {
        "initiator" => (Role::Initiator, Role::Acceptor),
        "acceptor" => (Role::Acceptor, Role::Initiator),
        other => panic!("{}: sender {other}", record.name()),
    };
    let number = record.get("sequence").map_or(0, |_| u64::try_from(record.int("sequence")).unwrap());
    let parameters = Parameters {
        role: sender,
        key,
        acceptor_subkey: false,
        send_sequence: number,
        receive_sequence: number,
        flags: DETECT,
    };
    let opposite = Parameters { role: receiver, ..parameters };
    (halves(&parameters).unwrap().0, halves(&opposite).unwrap().1)
}

fn check_wrap(record: &Record, key: &Key) {
    let (mut sealer, mut opener) = stations(record, key);
    let (token, message) = (record.hex("token"), record.hex("message"));
    assert_eq!(
        unwrap_copy(&mut opener, &token),
        Ok((message.clone(), protection(record), SequenceStatus::Ok)),
        "{}",
        record.name()
    );
    if record.get("emitted") != Some("no") {
        let mut rng = ScriptedRng::insecure(record.opt_hex("confounder").unwrap_or_default());
        let mut made = Vec::new();
        sealer.wrap(protection(record), &message, &mut made, &mut rng).unwrap();
        rng.assert_used_up();
        assert_eq!(made, token, "{}", record.name());
    }
}

fn check_mic(record: &Record, key: &Key) {
    let (mut sealer, mut opener) = stations(record, key);
    let (token, message) = (record.hex("token"), record.hex("message"));
    assert_eq!(opener.verify_mic(&message, &token), Ok(SequenceStatus::Ok), "{}", record.name());
    assert_eq!(mic(&mut sealer, &message), token, "{}", record.name());
}

#[test]
fn cfx() {
    let file = load("tokens/cfx.txt");
    let key = |record: &Record| {
        Key::new(EncType(record.int("enctype").try_into().unwrap()), &record.hex("key")).unwrap()
    };
    file.records_of("wrap").for_each(|record| check_wrap(record, &key(record)));
    file.records_of("mic").for_each(|record| check_mic(record, &key(record)));
}

#[cfg(feature = "rc4")]
#[test]
fn rc4() {
    let file = load("tokens/rc4.txt");
    let key = |record: &Record| Key::new(EncType::RC4_HMAC, &record.hex("key")).unwrap();
    file.records_of("wrap").for_each(|record| check_wrap(record, &key(record)));
    file.records_of("mic").for_each(|record| check_mic(record, &key(record)));
    for record in file.records_of("bad-padding") {
        let (_, mut opener) = stations(record, &key(record));
        let mut token = record.hex("token");
        let length = token.len();
        assert_eq!(opener.unwrap(&mut token).unwrap_err(), MessageError::InvalidPadding);
        // The decrypted message is wiped; behind it is the padding.
        assert!(token[length - 8..length - 1].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn pseudo_random_bytes() {
    let mut checked = 0;
    for record in load("tokens/prf.txt").records_of("prf") {
        let enctype = EncType(record.int("enctype").try_into().unwrap());
        if enctype.is_supported() {
            let key = Key::new(enctype, &record.hex("key")).unwrap();
            let expected = record.hex("output");
            let mut output = std::vec![0; expected.len()];
            prf(&key, &record.hex("input"), &mut output);
            assert_eq!(output, expected, "{}", record.name());
            checked += 1;
        }
    }
    assert!(checked >= 8, "the AES enctypes are always there");
}

#[test]
fn rc4_keys_without_the_feature_are_refused() {
    // krb5-crypto may have been built with RC4 for another crate.
    if let Ok(key) = Key::new(EncType::RC4_HMAC, &[1; 16]) {
        let parameters = Parameters {
            role: Role::Initiator,
            key: &key,
            acceptor_subkey: false,
            send_sequence: 0,
            receive_sequence: 0,
            flags: DETECT,
        };
        assert_eq!(halves(&parameters).is_ok(), cfg!(feature = "rc4"));
    }
}

/// MIT's tests of what once crashed it: tokens of RFC 1964 for a context of RFC 4121.
#[test]
fn old_tokens_are_refused_by_new_contexts() {
    let file = load("tokens/rc4.txt");
    for enctype in cfx_enctypes() {
        let mut opener = ends(enctype, DETECT).acceptor.1;
        for record in file.records() {
            let mut token = record.hex("token");
            let found = u16::from_be_bytes([token[0], token[1]]);
            assert_eq!(
                opener.verify_mic(b"message", &token),
                Err(MessageError::UnexpectedTokenId { expected: 0x0404, found })
            );
            assert_eq!(
                opener.unwrap(&mut token).unwrap_err(),
                MessageError::UnexpectedTokenId { expected: 0x0504, found }
            );
        }
    }
}
