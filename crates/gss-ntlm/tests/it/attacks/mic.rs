//! The MIC: removed, changed, not made, and all that it covers (CVE-2019-1040 and its kin).

use crate::forge::{Forge, KEY, Mic, point, pointed, set};
use crate::world::{
    NOW, Scene, answer, client, config, established, negotiate_bare_with_key, refused_forgery, run,
};
use gss_core::{ContextFlags, Diagnose, SecurityContext};
use gss_ntlm::wire::{AuthenticateMessage, AvFlags, AvId, ChallengeMessage, NegotiateFlags};
use gss_ntlm::{Acceptor, AcceptorConfig, AcceptorError, Allow, NtHash};
use test_support::pair::{End, Leg, Pair};

const MIC: core::ops::Range<usize> = AuthenticateMessage::MIC_OFFSET..AuthenticateMessage::MIC_OFFSET + 16;

/// Our own client's answer, and the server that waits for it.
fn answered(config: &AcceptorConfig) -> (Scene<'_>, Vec<u8>) {
    let scene = Scene::new(config);
    let (_, answer) = answer(client(), &scene.challenge).unwrap();
    (scene, answer)
}

/// The same message with its payload moved to where the MIC was.
fn without_field(message: &[u8]) -> Vec<u8> {
    let mut cut = message.to_vec();
    cut.drain(MIC);
    for at in [12, 20, 28, 36, 44, 52] {
        let (len, offset) = pointed(message, at);
        point(&mut cut, at, len, offset - MIC.len());
    }
    cut
}

#[test]
fn the_forgery_is_good_until_it_is_changed() {
    let config = config();
    let context = Scene::new(&config).forged(&Forge::new()).unwrap();
    assert_eq!(context.facts().peer.unwrap().to_string(), "EXAMPLE\\alice");
    assert_eq!(context.secret_session_key(), Some(&KEY[..]));
    assert!(context.parties().has_mic());
}

#[test]
fn zeroed_on_the_way() {
    let config = config();
    let (scene, mut answer) = answered(&config);
    answer[MIC].fill(0);
    assert_eq!(scene.refuses(&answer), AcceptorError::BadMic);
}

#[test]
fn removed_on_the_way() {
    for allow in [Allow::NOTHING, Allow::WITHOUT_MIC] {
        let config = config().allow(allow);
        let (scene, answer) = answered(&config);
        // The flag in the proof still says that there is one, and nobody can clear it.
        assert_eq!(scene.refuses(&without_field(&answer)), AcceptorError::MicFieldMissing);
    }
}

/// The trick of CVE-2019-1166: without the version's flag some servers did not look for the MIC.
#[test]
fn removed_along_with_the_version() {
    for allow in [Allow::NOTHING, Allow::WITHOUT_MIC] {
        let config = config().allow(allow);
        let (scene, answer) = answered(&config);
        let mut cut = without_field(&answer);
        cut[63] &= !0x02;
        assert_eq!(scene.refuses(&cut), AcceptorError::MicFieldMissing);
        let (scene, mut answer) = answered(&config);
        answer[63] &= !0x02;
        assert_eq!(scene.refuses(&answer), AcceptorError::BadMic);
    }
}

#[test]
fn every_bit_of_it_counts() {
    let config = config();
    for bit in 0..MIC.len() * 8 {
        let (scene, mut answer) = answered(&config);
        answer[MIC.start + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(scene.refuses(&answer), AcceptorError::BadMic, "bit {bit}");
    }
}

#[test]
fn the_field_is_missing_while_the_flag_promises_it() {
    for allow in [Allow::NOTHING, Allow::WITHOUT_MIC] {
        let error = refused_forgery(&Forge::new().mic(Mic::NoField), &config().allow(allow));
        assert_eq!(error, AcceptorError::MicFieldMissing);
    }
}

#[test]
fn an_insider_that_makes_none() {
    let error = refused_forgery(&Forge::new().without_mic(), &config());
    assert_eq!(error, AcceptorError::MicMissing);
    let config = config().allow(Allow::WITHOUT_MIC);
    let context = Scene::new(&config).forged(&Forge::new().without_mic()).unwrap();
    assert!(!context.parties().has_mic() && !context.needs_mech_list_mic());
}

#[test]
fn an_insider_that_never_sets_the_flag_has_none() {
    // The field is there and even right, but nothing in the proof says so.
    for mic in [Mic::Right, Mic::Bytes([0; 16]), Mic::Bytes([0xff; 16])] {
        for flags in [None, Some(AvFlags::NONE), Some(AvFlags::CONSTRAINED)] {
            let forge = Forge::new().mic(mic).pairs(|pairs| {
                pairs.retain(|(id, _)| *id != AvId::FLAGS);
                if let Some(flags) = flags {
                    set(pairs, AvId::FLAGS, &flags.bits().to_le_bytes());
                }
            });
            assert_eq!(refused_forgery(&forge, &config()), AcceptorError::MicMissing);
            // Where it may be missing it is not trusted either.
            let config = config().allow(Allow::WITHOUT_MIC);
            assert!(!Scene::new(&config).forged(&forge).unwrap().parties().has_mic());
        }
    }
}

#[test]
fn the_flag_taken_out_on_the_way_breaks_the_proof() {
    for allow in [Allow::NOTHING, Allow::WITHOUT_MIC] {
        let config = config().allow(allow);
        let (scene, mut answer) = answered(&config);
        let flag = [6, 0, 4, 0, 2, 0, 0, 0];
        let at = answer.windows(8).position(|bytes| bytes == flag).unwrap();
        answer[at + 4] = 0;
        assert_eq!(scene.refuses(&answer), AcceptorError::LogonFailed);

        // The whole attribute, and the field.
        let (scene, answer) = answered(&config);
        let mut cut = without_field(&answer);
        let at = cut.windows(8).position(|bytes| bytes == flag).unwrap();
        cut.drain(at..at + flag.len());
        let (nt_len, nt_offset) = pointed(&cut, 20);
        let (key_len, key_offset) = pointed(&cut, 52);
        point(&mut cut, 20, nt_len - flag.len(), nt_offset);
        point(&mut cut, 52, key_len, key_offset - flag.len());
        assert_eq!(scene.refuses(&cut), AcceptorError::LogonFailed);
    }
}

/// An LMv2 response proves the password as well, and nothing about attributes, MIC or bindings: it is no way in.
#[test]
fn an_lm_response_in_place_of_the_proof() {
    let lm_v2 = |scene: &Scene<'_>| {
        let sent = ChallengeMessage::parse(&scene.challenge).unwrap();
        let hash = NtHash::of_password("correct horse").v2("alice".chars(), "EXAMPLE".chars());
        hash.lm_v2(&sent.server_challenge, &[0x77; 8])
    };
    for allow in [Allow::NOTHING, Allow::WITHOUT_MIC] {
        let config = config().allow(allow);
        let scene = Scene::new(&config);
        let lm = lm_v2(&scene);
        let alone = Forge::new().parts(|parts| {
            parts.lm = lm.to_vec();
            parts.nt.clear();
        });
        let refused = scene.forged(&alone).unwrap_err();
        assert_eq!(refused.code(), "ntlm_lm_refused");

        // Beside an NT response that is wrong, with the MIC right.
        let scene = Scene::new(&config);
        let lm = lm_v2(&scene);
        let beside = Forge::new().parts(|parts| {
            parts.lm = lm.to_vec();
            parts.nt[0] ^= 1;
        });
        assert_eq!(scene.forged(&beside).unwrap_err(), AcceptorError::LogonFailed);
    }
}

/// Where each message has its flags.
const FLAGS_AT: [usize; 3] = [12, 20, 60];

/// What notices that a flag was changed; most are noticed by the MIC alone.
fn noticed_as(index: usize, flag: NegotiateFlags) -> &'static str {
    match (index, flag) {
        (_, NegotiateFlags::UNICODE) => "ntlm_no_charset",
        (0, NegotiateFlags::SIGN | NegotiateFlags::SEAL) => "ntlm_not_granted",
        (0 | 2, NegotiateFlags::EXTENDED_SESSION_SECURITY) => "ntlm_no_extended_session_security",
        (0 | 2, NegotiateFlags::KEY_128) => "ntlm_short_keys",
        (
            1,
            NegotiateFlags::SIGN
            | NegotiateFlags::SEAL
            | NegotiateFlags::EXTENDED_SESSION_SECURITY
            | NegotiateFlags::KEY_128,
        ) => "ntlm_not_granted",
        (1, NegotiateFlags::TARGET_INFO) => "ntlm_server_names_missing",
        (1, NegotiateFlags::DATAGRAM) => "ntlm_transport",
        _ => "ntlm_bad_mic",
    }
}

#[test]
fn every_flag_changed_in_each_message() {
    let config = config();
    for (index, at) in FLAGS_AT.into_iter().enumerate() {
        for bit in 0..32 {
            let change = |leg: Leg<'_>| {
                if leg.index == index {
                    leg.token[at + bit / 8] ^= 1 << (bit % 8);
                }
            };
            let run = Pair::at(NOW).tampering(change).run(client(), Acceptor::new(&config));
            let code = match (&run.initiator, &run.acceptor) {
                (End::Failed(error), _) => error.code(),
                (_, End::Failed(error)) => error.code(),
                _ => panic!("message {index}, bit {bit}: {run:?}"),
            };
            let flag = NegotiateFlags::from_bits(1 << bit);
            assert_eq!(code, noticed_as(index, flag), "message {index}, {flag}");
        }
    }
}

/// The same where clients without MIC are let in: ours makes one, and it counts.
#[test]
fn flags_are_protected_by_whoever_makes_a_mic() {
    let config = config().allow(Allow::WITHOUT_MIC);
    let strip = |leg: Leg<'_>| {
        if leg.index == 1 {
            leg.token[FLAGS_AT[1] + 3] &= !0x40; // KEY_EXCHANGE
        }
    };
    let run = Pair::at(NOW).tampering(strip).run(client(), Acceptor::new(&config));
    assert_eq!(run.acceptor_error(), AcceptorError::BadMic);
}

#[test]
fn flags_that_were_not_granted_are_not_had() {
    let config = config();
    let scene = Scene::at(&config, &negotiate_bare_with_key(), NOW, 1);
    let forge = Forge::new()
        .parts(|parts| parts.flags |= NegotiateFlags::SIGN | NegotiateFlags::SEAL | NegotiateFlags::IDENTIFY);
    let context = scene.forged(&forge).unwrap();
    assert_eq!(context.facts().flags, ContextFlags::NONE);
}

#[test]
fn each_byte_of_each_message_counts() {
    let config = config();
    established(client(), &config);
    let lens: Vec<_> = run(client(), &config).tokens.iter().map(|(_, token)| token.len()).collect();
    for (index, len) in lens.into_iter().enumerate() {
        for place in 0..len {
            let change = |leg: Leg<'_>| {
                if leg.index == index {
                    leg.token[place] ^= 0x20;
                }
            };
            let run = Pair::at(NOW).tampering(change).run(client(), Acceptor::new(&config));
            assert!(!matches!(run.acceptor, End::Done(_)), "message {index}, byte {place}");
        }
    }
}
