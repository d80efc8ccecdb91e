//! The examples of MS-NLMP, what follows from them, and tokens of others.

use super::*;
use crate::message::half::{sealing_key, signing_key, strength};
use test_support::vectors::{Record, load};

fn flags(record: &Record) -> NegotiateFlags {
    NegotiateFlags::from_bits(u32::try_from(record.int("flags")).unwrap())
}

fn sender(record: &Record) -> Role {
    match record.text("sender").as_str() {
        "initiator" => Role::Initiator,
        "acceptor" => Role::Acceptor,
        other => panic!("{}: sender {other:?}", record.name()),
    }
}

fn session_key(record: &Record) -> SessionKey {
    SessionKey::from_bytes(record.hex("key").try_into().unwrap())
}

#[test]
fn message_keys() {
    for record in load("ntlm/key-derivation.txt").records_of("message-keys") {
        let (key, sender) = (session_key(record), sender(record));
        let strength = strength(flags(record)).unwrap();
        assert_eq!(signing_key(&key, sender).as_slice(), record.hex("signing"), "{}", record.name());
        assert_eq!(
            sealing_key(&key, strength, sender).as_slice(),
            record.hex("sealing"),
            "{}",
            record.name()
        );
    }
}

/// One direction of a recorded session.
struct Session {
    name: alloc::string::String,
    form: alloc::string::String,
    flags: NegotiateFlags,
    sealer: Sealer,
    opener: Opener,
    messages: Vec<(Vec<u8>, Vec<u8>)>,
}

fn sessions() -> Vec<Session> {
    let file = load("ntlm/session.txt");
    let sessions = file.records().iter().map(|record| {
        let (key, flags, sender) = (session_key(record), flags(record), sender(record));
        let receiver = match sender {
            Role::Initiator => Role::Acceptor,
            Role::Acceptor => Role::Initiator,
        };
        let half = |role| halves(&Parameters { role, key: &key, flags }).unwrap();
        let (messages, tokens) = (record.all("message"), record.all("token"));
        assert_eq!(messages.len(), tokens.len(), "{}", record.name());
        Session {
            name: record.name().into(),
            form: record.text("form"),
            flags,
            sealer: half(sender).0,
            opener: half(receiver).1,
            messages: messages.into_iter().zip(tokens).collect(),
        }
    });
    sessions.collect()
}

#[test]
fn tokens_are_made_as_recorded() {
    let mut others = 0;
    for Session { name, form, flags, mut sealer, messages, .. } in sessions() {
        // Sealed without SEAL: we open such tokens and do not make them.
        if form == "seal" && !flags.contains(SEAL) {
            others += 1;
            continue;
        }
        for (message, token) in messages {
            let made = if form == "mic" { mic(&mut sealer, &message) } else { wrap(&mut sealer, &message) };
            assert_eq!(made, token, "{name}");
        }
    }
    assert_eq!(others, 2);
}

#[test]
fn recorded_tokens_are_opened() {
    for Session { name, form, mut opener, messages, .. } in sessions() {
        for (message, token) in messages {
            let protection = match form.as_str() {
                "mic" => {
                    assert_eq!(opener.verify_mic(&message, &token), Ok(SequenceStatus::Ok), "{name}");
                    continue;
                }
                "clear" => Protection::Integrity,
                "seal" => Protection::Confidentiality,
                other => panic!("{name}: form {other:?}"),
            };
            let (opened, how, sequence) = unwrap_copy(&mut opener, &token).unwrap();
            assert_eq!((opened, sequence), (message.clone(), SequenceStatus::Ok), "{name}");
            // Nothing in an empty message is sealed; without SEAL it counts as clear then.
            assert!(how == protection || message.is_empty(), "{name}: {how:?}");
        }
    }
}
