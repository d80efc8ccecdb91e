use super::*;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;
use proptest::prelude::*;
use test_support::vectors::{Record, VectorFile, load};

fn vectors() -> VectorFile {
    load("ntlm/key-derivation.txt")
}

fn array<const N: usize>(record: &Record, key: &str) -> [u8; N] {
    record.hex(key).try_into().unwrap()
}

fn utf8(record: &Record, key: &str) -> String {
    String::from_utf8(record.hex(key)).unwrap()
}

#[test]
fn passwords_are_hashed() {
    for record in vectors().records_of("nt-hash") {
        let hash = NtHash::of_password(&utf8(record, "password"));
        assert_eq!(*hash.secret_bytes(), array(record, "nt-hash"), "{}", record.name());
    }
}

#[test]
fn hashes_are_bound_to_account_names() {
    for record in vectors().records_of("ntlm-v2-hash") {
        let (user, domain) = (utf8(record, "user"), utf8(record, "domain"));
        let hash = NtHash::of_password(&utf8(record, "password")).v2(user.chars(), domain.chars());
        assert_eq!(*hash.secret_bytes(), array(record, "hash"), "{}", record.name());
    }
}

#[test]
fn only_the_user_is_put_in_upper_case() {
    let hash = NtHash::from_bytes([7; 16]);
    let of = |user: &str, domain: &str| *hash.v2(user.chars(), domain.chars()).secret_bytes();
    assert_eq!(of("user", "Domain"), of("USER", "Domain"));
    assert_ne!(of("user", "Domain"), of("user", "DOMAIN"));
    // The hash does not tell where the user ends.
    assert_eq!(of("USERX", ""), of("USER", "X"));
}

#[test]
fn challenges_are_answered_and_answers_checked() {
    for record in vectors().records_of("response") {
        let name = record.name();
        let hash = NtlmV2Hash::from_bytes(array(record, "hash"));
        let (server, client) = (array(record, "server-challenge"), array(record, "client-challenge"));
        let (blob, proof) = (record.hex("blob"), array(record, "proof"));
        assert_eq!(hash.proof(&server, &blob), proof, "{name}");
        assert!(bool::from(hash.verify_proof(&server, &blob, &proof)), "{name}");
        assert_eq!(hash.lm_v2(&server, &client).as_slice(), record.hex("lm-v2"), "{name}");
        assert_eq!(
            *hash.session_base_key(&proof).secret_bytes(),
            array(record, "session-base-key"),
            "{name}"
        );
        let (answer, key) = hash.respond(&server, &blob);
        assert_eq!((answer, *key.secret_bytes()), (proof, array(record, "session-base-key")), "{name}");
    }
}

#[test]
fn answers_with_any_bit_changed_are_wrong() {
    let file = vectors();
    let record = file.records_of("response").next().unwrap();
    let hash = NtlmV2Hash::from_bytes(array(record, "hash"));
    let mut server: [u8; 8] = array(record, "server-challenge");
    let (mut blob, mut proof) = (record.hex("blob"), array(record, "proof"));
    let wrong =
        |server: &[u8; 8], blob: &[u8], proof: &[u8; 16]| !bool::from(hash.verify_proof(server, blob, proof));
    for bit in 0..server.len() * 8 {
        server[bit / 8] ^= 1 << (bit % 8);
        assert!(wrong(&server, &blob, &proof), "bit {bit} of the challenge");
        server[bit / 8] ^= 1 << (bit % 8);
    }
    for bit in 0..blob.len() * 8 {
        blob[bit / 8] ^= 1 << (bit % 8);
        assert!(wrong(&server, &blob, &proof), "bit {bit} of the blob");
        blob[bit / 8] ^= 1 << (bit % 8);
    }
    for bit in 0..proof.len() * 8 {
        proof[bit / 8] ^= 1 << (bit % 8);
        assert!(wrong(&server, &blob, &proof), "bit {bit} of the proof");
        proof[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(!wrong(&server, &blob, &proof));
    assert!(wrong(&server, &blob[..blob.len() - 4], &proof), "cut short");
}

#[test]
fn keys_are_exchanged_both_ways() {
    for record in vectors().records_of("key-exchange") {
        let key = SessionKey::from_bytes(array(record, "key"));
        let mut bytes: [u8; 16] = array(record, "exported");
        key.exchange(&mut bytes);
        assert_eq!(bytes, array(record, "encrypted"), "{}", record.name());
        key.exchange(&mut bytes);
        assert_eq!(bytes, array(record, "exported"), "{}", record.name());
    }
}

#[test]
fn the_mic_covers_three_messages() {
    let messages: Vec<Vec<u8>> = ["NEGOTIATE", "CHALLENGE", "AUTHENTICATE"]
        .into_iter()
        .map(|kind| {
            let file = load("ntlm/messages-derived.txt");
            let message = file.records_of(&kind.to_lowercase()).next().unwrap().hex("message");
            let mic = crate::wire::AuthenticateMessage::MIC_OFFSET;
            let mut message = message;
            if kind == "AUTHENTICATE" {
                message[mic..mic + 16].fill(0);
            }
            message
        })
        .collect();
    let file = vectors();
    for record in file.records_of("mic") {
        let key = SessionKey::from_bytes(array(record, "key"));
        let mut mic: [u8; 16] = array(record, "mic");
        let parts: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        assert_eq!(key.mic(&parts), mic, "{}", record.name());
        assert!(key.verify_mic(&parts, &mic));
        assert!(!key.verify_mic(&parts[..2], &mic), "a message is missing");
        for bit in 0..128 {
            mic[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify_mic(&parts, &mic), "bit {bit}");
            mic[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn nothing_secret_is_printed() {
    let nt_hash = NtHash::from_bytes([0xab; 16]);
    let v2 = nt_hash.v2("user".chars(), iter::empty());
    let key = SessionKey::from_bytes([0xab; 16]);
    assert_eq!(format!("{nt_hash:?} {v2:?} {key:?}"), "NtHash { .. } NtlmV2Hash { .. } SessionKey { .. }");
}

#[test]
fn secrets_can_be_wiped() {
    let mut nt_hash = NtHash::of_password("Password");
    let mut key = nt_hash.v2("User".chars(), "Domain".chars()).session_base_key(&[0; 16]);
    assert!([nt_hash.0, key.0].iter().all(|secret| *secret != [0; 16]));
    nt_hash.zeroize();
    key.zeroize();
    assert_eq!([nt_hash.0, key.0], [[0; 16]; 2]);
}

proptest! {
    /// The hash of the text put together first, which takes a heap.
    #[test]
    fn names_are_hashed_as_one_text(bytes: [u8; 16], user: String, domain: String) {
        let text: String = user.chars().map(upper_char).chain(domain.chars()).collect();
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hash = NtHash::from_bytes(bytes).v2(user.chars(), domain.chars());
        prop_assert_eq!(*hash.secret_bytes(), HmacMd5::new(&bytes).of(&[&utf16]));
    }

    #[test]
    fn a_mic_does_not_depend_on_where_messages_are_cut(key: [u8; 16], message: Vec<u8>, at: usize, more: usize) {
        let key = SessionKey::from_bytes(key);
        let (head, rest) = message.split_at(at % (message.len() + 1));
        let (middle, tail) = rest.split_at(more % (rest.len() + 1));
        prop_assert_eq!(key.mic(&[head, middle, &[], tail]), key.mic(&[&message]));
    }
}
