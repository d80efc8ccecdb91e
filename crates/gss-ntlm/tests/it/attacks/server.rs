//! Hostile servers: what a challenge can hold, and what the client makes of it.

use crate::forge::{Pairs, point, utf16};
use crate::world::{NOW, Scene, answer, client, config, logon};
use gss_core::{ContextFlags, Diagnose, Env, Handshake, SliceSink, Step, Timestamp, TokenSink};
use gss_ntlm::wire::{
    AuthenticateMessage, AvError, AvErrorKind, AvFlags, AvId, ChallengeMessage, Charset, NtlmV2Response,
    WireError, WriteError, put_av_pair,
};
use gss_ntlm::{Initiator, InitiatorError, Logon};
use test_support::TestRng;

/// A challenge with any attributes, which need not be well formed.
fn challenge(pairs: &[(AvId, &[u8])]) -> Vec<u8> {
    let config = config();
    let scene = Scene::new(&config);
    let mut list = Vec::new();
    for (id, value) in pairs {
        put_av_pair(&mut list, *id, value).unwrap();
    }
    list.extend([0; 4]);
    raw(&scene.challenge, &list)
}

/// The challenge with this list.
fn raw(challenge: &[u8], list: &[u8]) -> Vec<u8> {
    let message = ChallengeMessage { target_info: None, ..ChallengeMessage::parse(challenge).unwrap() };
    let mut changed = Vec::new();
    message.write(&mut changed).unwrap();
    changed[22] |= 0x80; // TARGET_INFO
    let offset = changed.len();
    point(&mut changed, 40, list.len(), offset);
    changed.extend(list);
    changed
}

const NAMES: [(AvId, &[u8]); 2] = [(AvId::NB_DOMAIN_NAME, b"D\0"), (AvId::NB_COMPUTER_NAME, b"C\0")];

fn with(more: &[(AvId, &[u8])]) -> Vec<u8> {
    challenge(&[&NAMES, more].concat())
}

/// The attributes of the client's answer.
fn answered(challenge: &[u8]) -> Pairs {
    let (_, answer) = answer(client(), challenge).unwrap();
    let message = AuthenticateMessage::parse(&answer, Charset::Unicode).unwrap();
    let response = NtlmV2Response::parse(message.nt_response, message.nt_response_offset()).unwrap();
    response.av_pairs.iter().map(|pair| (pair.id, pair.value.to_vec())).collect()
}

#[test]
fn names_are_missing() {
    for pairs in [&[][..], &NAMES[..1], &NAMES[1..]] {
        assert_eq!(answer(client(), &challenge(pairs)).unwrap_err(), InitiatorError::ServerNamesMissing);
    }
}

#[test]
fn attributes_twice() {
    for (id, value) in [
        (AvId::FLAGS, &[0, 0, 0, 0][..]),
        (AvId::TIMESTAMP, &[0; 8]),
        (AvId::TARGET_NAME, b"a\0"),
        (AvId::CHANNEL_BINDINGS, &[0; 16]),
        (AvId::NB_COMPUTER_NAME, b"a\0"),
    ] {
        let error = answer(client(), &with(&[(id, value), (id, value)])).unwrap_err();
        let InitiatorError::Wire(WireError::TargetInfo(AvError { kind, .. })) = error else {
            panic!("{error}")
        };
        assert_eq!(kind, AvErrorKind::Duplicate { id });
    }
}

/// The client says once, and itself, what is the client's to say.
#[test]
fn the_client_speaks_for_itself() {
    let ours = |id: AvId, pairs: &Pairs| {
        let found: Vec<_> =
            pairs.iter().filter(|(known, _)| *known == id).map(|(_, value)| value.clone()).collect();
        assert!(found.len() <= 1, "{id} twice");
        found.into_iter().next()
    };
    for (sent, said) in [
        (None, AvFlags::MIC_PRESENT),
        (Some(AvFlags::NONE), AvFlags::MIC_PRESENT),
        (Some(AvFlags::MIC_PRESENT), AvFlags::MIC_PRESENT),
        (Some(AvFlags::CONSTRAINED), AvFlags::MIC_PRESENT | AvFlags::CONSTRAINED),
        (Some(AvFlags::UNTRUSTED_SPN), AvFlags::MIC_PRESENT),
        (Some(AvFlags::from_bits(u32::MAX)), AvFlags::from_bits(u32::MAX) - AvFlags::UNTRUSTED_SPN),
    ] {
        let bytes = sent.unwrap_or_default().bits().to_le_bytes();
        let flags = sent.map(|_| (AvId::FLAGS, &bytes[..]));
        let theirs = [
            (AvId::TARGET_NAME, &b"t\0"[..]),
            (AvId::CHANNEL_BINDINGS, &[7; 16]),
            (AvId::TIMESTAMP, &[1; 8]),
            (AvId(77), b"unknown"),
        ];
        let more: Vec<_> = flags.into_iter().chain(theirs).collect();
        let pairs = answered(&with(&more));
        assert_eq!(ours(AvId::FLAGS, &pairs), Some(said.bits().to_le_bytes().to_vec()));
        assert_eq!(ours(AvId::TARGET_NAME, &pairs), Some(utf16("HTTP/server.example.com")));
        assert_eq!(ours(AvId::CHANNEL_BINDINGS, &pairs), None);
        assert_eq!(ours(AvId::TIMESTAMP, &pairs), Some(vec![1; 8]));
        assert_eq!(ours(AvId(77), &pairs), Some(b"unknown".to_vec()));
    }
}

#[test]
fn a_list_of_64_kib() {
    // Our answer repeats it, and has a length of its own to say in 16 bits: proof and head of the blob, what we add,
    // and four bytes behind the end.
    let added = 4 + 4 + 4 + utf16("HTTP/server.example.com").len();
    let names = 2 * (4 + 2);
    let longest = usize::from(u16::MAX) - 16 - 28 - added - 4 - 4 - names - 4;
    let value = vec![0x41; longest];
    let (_, fits) = answer(client(), &with(&[(AvId(99), &value)])).unwrap();
    let message = AuthenticateMessage::parse(&fits, Charset::Unicode).unwrap();
    assert_eq!(message.nt_response.len(), usize::from(u16::MAX));

    let value = vec![0x41; longest + 1];
    let error = answer(client(), &with(&[(AvId(99), &value)])).unwrap_err();
    let len = usize::from(u16::MAX) + 1;
    assert_eq!(error, InitiatorError::Write(WriteError::FieldTooLong { at: 20, len }));

    // The largest there can be.
    let value = vec![0x41; usize::from(u16::MAX) - names - 4 - 4];
    let error = answer(client(), &with(&[(AvId(99), &value)])).unwrap_err();
    assert!(matches!(error, InitiatorError::Write(WriteError::FieldTooLong { at: 20, .. })), "{error}");
}

#[test]
fn a_list_of_64_kib_of_small_attributes() {
    let pairs = vec![(AvId(99), &b""[..]); 16_000];
    let error = answer(client(), &challenge(&pairs)).unwrap_err();
    let InitiatorError::Wire(WireError::TargetInfo(AvError { kind, .. })) = error else { panic!("{error}") };
    assert_eq!(kind, AvErrorKind::TooMany);
}

#[test]
fn lists_that_are_none() {
    let config = config();
    let scene = Scene::new(&config);
    for (list, code) in [
        (&b"\x01"[..], "ntlm_attributes_without_end"),
        (b"\x01\0\x02\0a\0", "ntlm_attributes_without_end"),
        (b"\x01\0\xff\xff", "ntlm_attribute_outside_list"),
        (b"\x01\0\x03\0a\0b\0\0\0\0", "ntlm_odd_utf16_length"),
        (b"\x01\0\x02\0\0\0\0\0\0\0", "ntlm_nul_in_name"),
        (b"\x01\0\x02\0\x00\xd8\0\0\0\0", "ntlm_unpaired_surrogate"),
        (b"\x06\0\x02\0\0\0\0\0\0\0", "ntlm_attribute_length"),
        (b"\x07\0\x04\0\0\0\0\0\0\0\0\0", "ntlm_attribute_length"),
        (b"\0\0\x01\0a", "ntlm_attribute_length"),
        (b"\x08\0\x01\0a\0\0\0\0", "ntlm_single_host_length"),
    ] {
        let error = answer(client(), &raw(&scene.challenge, list)).unwrap_err();
        assert_eq!(error.code(), code, "{list:x?}");
    }
}

/// Without the server's time the client takes its own, and the LM response is an answer.
#[test]
fn a_server_that_tells_no_time() {
    let (_, message) = answer(client(), &with(&[])).unwrap();
    let message = AuthenticateMessage::parse(&message, Charset::Unicode).unwrap();
    assert_ne!(message.lm_response, [0; 24]);
    let (_, message) = answer(client(), &with(&[(AvId::TIMESTAMP, &[1; 8])])).unwrap();
    let message = AuthenticateMessage::parse(&message, Charset::Unicode).unwrap();
    assert_eq!(message.lm_response, [0; 24]);
}

/// An output that is too small holds nothing afterwards that could be sent.
#[test]
fn no_half_answer_is_sent() {
    let challenge = with(&[(AvId::TIMESTAMP, &[1; 8])]);
    let (_, whole) = answer(client(), &challenge).unwrap();
    let (_, nobody) = answer(Initiator::new(Logon::anonymous()), &challenge).unwrap();
    for (len, anonymous) in [(whole.len(), false), (nobody.len(), true)] {
        for room in 0..=len {
            let logon = if anonymous { Logon::anonymous() } else { logon() };
            let mut rng = TestRng::insecure(4);
            let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
            let first = Initiator::new(logon).step(&mut [], &mut Vec::new(), &mut env);
            let Ok(Step::Continue(waiting)) = first else { panic!() };
            let mut buffer = vec![0; room + 4];
            let mut sink = SliceSink::new(&mut buffer);
            sink.put(b"kept").unwrap();
            let result = waiting.step(&mut challenge.clone(), &mut sink, &mut env);
            assert_eq!(result.is_ok(), room == len, "{room}");
            if let Err(error) = result {
                assert!(matches!(error, InitiatorError::Write(WriteError::Output(_))), "{error}");
                assert_eq!(sink.into_written(), b"kept");
            }
        }
    }
}

#[test]
fn a_challenge_without_attributes() {
    let config = config();
    let scene = Scene::new(&config);
    let message = ChallengeMessage::parse(&scene.challenge).unwrap();
    let mut bare = Vec::new();
    ChallengeMessage { target_info: None, ..message }.write(&mut bare).unwrap();
    assert_eq!(answer(client(), &bare).unwrap_err(), InitiatorError::ServerNamesMissing);
    // Who wants nothing protected may log on to such servers: with NTLMv2 still.
    let (_, message) = answer(client().flags(ContextFlags::NONE), &bare).unwrap();
    let message = AuthenticateMessage::parse(&message, Charset::Unicode).unwrap();
    assert!(message.nt_response.len() > 24 && message.mic.is_some());
}
