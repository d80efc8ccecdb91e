//! Somebody in between changes tokens. Where the list is protected, no change to it or to the MICs goes through.

use crate::matrix::arrangements;
use crate::pair::{acceptor, complete, edit_resp, fail, field, go_on, initiator, show, tampered};
use crate::peer;
use crate::scripted::{self, Script};
use gss_core::{Diagnose, Role, oid};
use gss_spnego::RequestMic;
use gss_spnego::wire::{NegTokenInit, NegotiationToken};

/// Every conversation that protects the list.
fn protected() -> impl Iterator<Item = (Vec<Script>, Vec<Script>)> {
    (1..=5)
        .flat_map(|tokens| arrangements(Script::krb5(tokens).needing_mic()))
        .map(|(ours, theirs, _)| (ours, theirs))
}

#[test]
fn a_mic_taken_out_is_missed() {
    let mut cases = 0;
    for (ours, theirs) in protected() {
        for victim in [Role::Initiator, Role::Acceptor] {
            let mut taken = false;
            let talk = tampered(initiator(&ours), acceptor(&theirs), |turn, token| {
                let to_acceptor = turn % 2 == 0;
                if turn > 0 && to_acceptor == (victim == Role::Acceptor) {
                    edit_resp(token, |resp| taken |= resp.mech_list_mic.take().is_some());
                }
            });
            assert!(taken, "{:?}", talk.trace());
            let (left, right) = talk.errors();
            let noticed = if victim == Role::Initiator { left } else { right };
            // Of the initiator's last message nothing is left but its state, or its token.
            assert_eq!(noticed, "mech_list_mic_missing", "{:?}", talk.trace());
            cases += 1;
        }
    }
    assert_eq!(cases, 50);
}

#[test]
fn every_bit_of_a_mic_counts() {
    for (ours, theirs) in protected() {
        for victim in [Role::Initiator, Role::Acceptor] {
            for bit in 0..64 {
                let talk = tampered(initiator(&ours), acceptor(&theirs), |turn, token| {
                    let to_acceptor = turn % 2 == 0;
                    if turn > 0 && to_acceptor == (victim == Role::Acceptor) {
                        edit_resp(&mut *token, |resp| {
                            let mic = resp.mech_list_mic.map(|mic| mic.bytes.to_vec());
                            if let Some(mut mic) = mic {
                                mic[bit / 8] ^= 1 << (bit % 8);
                                resp.mech_list_mic = field(mic.leak());
                            }
                        });
                    }
                });
                let (left, right) = talk.errors();
                let noticed = if victim == Role::Initiator { left } else { right };
                assert_eq!(noticed, "mech_list_mic_invalid", "{:?}", talk.trace());
                assert_eq!(talk.trace().last().unwrap(), "resp reject");
            }
        }
    }
}

/// MIT krb5 1.21 looked for the MIC under another tag than its own, and so overlooked it.
#[test]
fn a_mic_under_another_tag_is_missing() {
    let (ours, theirs) = ([Script::krb5(2)], [Script::ntlm(), Script::krb5(2)]);
    for tag in [0xa4, 0xa5, 0xbe, 0x83] {
        let talk = tampered(initiator(&ours), acceptor(&theirs), |turn, token| {
            if turn == 1 {
                let at = token.len() - 12; // a3 0a 04 08, then the MIC
                assert_eq!(token[at..at + 4], [0xa3, 10, 4, 8]);
                token[at] = tag;
            }
        });
        assert_eq!(talk.errors(), ("mech_list_mic_missing", "rejected"), "{tag:02x}");
    }
}

#[test]
fn a_mic_of_another_inner_type_is_malformed() {
    let (ours, theirs) = ([Script::krb5(2)], [Script::ntlm(), Script::krb5(2)]);
    for tag in [0x05, 0x03, 0x24, 0x30] {
        let talk = tampered(initiator(&ours), acceptor(&theirs), |turn, token| {
            if turn == 1 {
                let at = token.len() - 10;
                token[at] = tag;
            }
        });
        assert_eq!(talk.errors().0, "malformed_token", "{tag:02x}");
    }
}

#[test]
fn a_mic_of_our_own_is_not_the_peers() {
    let script = Script::krb5(2);
    let (state, _) = go_on(initiator(&[script]), b"");
    let ours = scripted::mic(script, Role::Initiator, &peer::list(&[oid::KRB5]));
    let reply = peer::resp(&[
        peer::state(3),
        peer::supported(&oid::KRB5),
        peer::token(&script.token(2)),
        peer::mic(&ours),
    ]);
    assert_eq!(fail(state, &reply), ("mech_list_mic_invalid", "resp reject".into()));
}

/// Rewrites the first token's list, leaving out the optimistic token, as one who wants another mechanism would.
fn relist(token: &mut Vec<u8>, mechanisms: &[gss_core::Oid]) {
    assert!(show(token).starts_with("init"));
    *token = peer::init(&[peer::types(mechanisms)]);
}

#[test]
fn a_shorter_or_reordered_list_is_noticed() {
    let scripts = [Script::krb5(2), Script::ntlm()];
    for list in [&[oid::NTLMSSP][..], &[oid::NTLMSSP, oid::KRB5]] {
        let talk = tampered(initiator(&scripts), acceptor(&scripts), |turn, token| {
            if turn == 0 {
                relist(token, list);
            }
        });
        assert_eq!(talk.trace()[1], "resp request-mic ntlm");
        assert_eq!(talk.errors(), ("rejected", "mech_list_mic_invalid"), "{:?}", talk.trace());
    }
}

#[test]
fn a_downgrade_without_request_mic_is_noticed_by_ntlms_own_rule() {
    let scripts = [Script::krb5(2), Script::ntlm().needing_mic()];
    let lenient = acceptor(&scripts).with_request_mic(RequestMic::UnlessPreferredByInitiator);
    let talk = tampered(initiator(&scripts), lenient, |turn, token| {
        if turn == 0 {
            relist(token, &[oid::NTLMSSP]);
        }
    });
    assert_eq!(talk.trace()[1], "resp accept-incomplete ntlm");
    assert_eq!(talk.errors(), ("rejected", "mech_list_mic_invalid"), "{:?}", talk.trace());
}

#[test]
fn taking_back_the_request_for_mics_does_not_help() {
    for tokens in 1..=5 {
        let script = Script::krb5(tokens);
        let talk = tampered(initiator(&[script]), acceptor(&[Script::ntlm(), script]), |turn, token| {
            if turn == 1 {
                edit_resp(token, |resp| {
                    resp.state = Some(gss_spnego::wire::NegState::ACCEPT_INCOMPLETE);
                    resp.mech_list_mic = None;
                });
            }
        });
        match (tokens, talk.acceptor) {
            // The initiator is done and content, and the acceptor goes on waiting.
            (1 | 2, None) => {}
            (3 | 5, Some(Err(error))) => assert_eq!(error.code(), "mech_list_mic_missing"),
            // The mechanism's last token brings the acceptor's MIC, and all is as it should be.
            (4, Some(Ok(context))) => assert!(context.mic().is_verified()),
            (_, other) => panic!("{tokens} tokens: {other:?}"),
        }
    }
}

#[test]
fn a_second_mic_is_refused() {
    let script = Script::krb5(3);
    let (state, _) = go_on(initiator(&[script]), b"");
    let mic = peer::mic(&scripted::mic(script, Role::Acceptor, &peer::list(&[oid::KRB5])));
    let reply = [peer::state(3), peer::supported(&oid::KRB5), peer::token(&script.token(2)), mic.clone()];
    let (state, answer) = go_on(state, &peer::resp(&reply));
    assert_eq!(show(&answer), "resp accept-incomplete token mic");
    let again = peer::resp(&[peer::state(0), mic]);
    assert_eq!(fail(state, &again), ("second_mech_list_mic", "resp reject".into()));
}

#[test]
fn a_mic_before_the_mechanism_is_done_is_refused() {
    let script = Script::krb5(4);
    let mic = peer::mic(b"whatever");
    let (state, init) = go_on(initiator(&[script]), b"");
    let reply = peer::resp(&[
        peer::state(1),
        peer::supported(&oid::KRB5),
        peer::token(&script.token(2)),
        mic.clone(),
    ]);
    assert_eq!(fail(state, &reply), ("mech_list_mic_too_early", "resp reject".into()));

    let script = Script::krb5(5);
    let (state, _) =
        go_on(acceptor(&[script]), &peer::init(&[peer::types(&[oid::KRB5]), peer::token(&script.token(1))]));
    let next = peer::resp(&[peer::token(&script.token(3)), mic.clone()]);
    assert_eq!(fail(state, &next), ("mech_list_mic_too_early", "resp reject".into()));

    // With the choice of another mechanism, which has not even started.
    let (state, _) = go_on(initiator(&[script, Script::ntlm()]), b"");
    let reply = peer::resp(&[peer::state(3), peer::supported(&oid::NTLMSSP), mic]);
    assert_eq!(fail(state, &reply), ("mech_list_mic_too_early", "resp reject".into()));
    assert!(!init.is_empty());
}

#[test]
fn a_mic_in_a_context_without_integrity_is_refused() {
    let script = Script::krb5(2).without_integrity();
    let (state, _) = go_on(initiator(&[script]), b"");
    let reply = peer::resp(&[
        peer::state(0),
        peer::supported(&oid::KRB5),
        peer::token(&script.token(2)),
        peer::mic(b"whatever"),
    ]);
    assert_eq!(fail(state, &reply), ("mech_list_mic_without_integrity", "resp reject".into()));
}

#[test]
fn after_our_mic_nothing_but_the_peers_will_do() {
    let scripts = [Script::ntlm(), Script::krb5(2)];
    let init = peer::init(&[peer::types(&[oid::KRB5]), peer::token(&scripts[1].token(1))]);
    for (message, code) in [
        (peer::resp(&[]), "mech_list_mic_missing"),
        (peer::resp(&[peer::state(0)]), "mech_list_mic_missing"),
        (peer::resp(&[peer::token(b"more")]), "token_after_end"),
        (peer::resp(&[peer::token(b"")]), "token_after_end"),
        (peer::resp(&[peer::mic(b"")]), "mech_list_mic_invalid"),
        (peer::resp(&[peer::state(2)]), "rejected"),
        (Vec::new(), "unexpected_token"),
    ] {
        let (state, reply) = go_on(acceptor(&scripts), &init);
        assert_eq!(show(&reply), "resp request-mic krb5 token mic");
        assert_eq!(fail(state, &message).0, code);
    }
}

#[test]
fn the_acceptors_choice_is_checked() {
    let scripts = [Script::krb5(2), Script::ntlm()];
    let long = peer::tagged(1, 6, &[&[0x2b][..], &[0x81; 60], &[1]].concat());
    let name = peer::supported;
    for (reply, code) in [
        (vec![peer::state(1), name(&oid::IAKERB)], "mechanism_not_offered"),
        (vec![peer::state(3), name(&oid::SPNEGO)], "mechanism_not_offered"),
        (vec![peer::state(3), long], "mechanism_not_offered"),
        (vec![peer::state(3), name(&oid::NTLMSSP), peer::token(b"x")], "reselection_with_token"),
        (vec![peer::state(3), name(&oid::NTLMSSP), peer::token(b"")], "reselection_with_token"),
        (vec![peer::state(0), name(&oid::NTLMSSP)], "reselection_without_request_mic"),
        (vec![name(&oid::NTLMSSP)], "reselection_without_request_mic"),
        (vec![peer::state(4), name(&oid::KRB5)], "unknown_state"),
        (vec![peer::state(1), name(&oid::KRB5)], "token_missing"),
        (vec![peer::state(1), name(&oid::KRB5), peer::token(b"")], "token_missing"),
        (vec![peer::state(1), name(&oid::KRB5), peer::token(b"nonsense")], "wrong_token"),
        (vec![], "token_missing"),
    ] {
        let (state, _) = go_on(initiator(&scripts), b"");
        assert_eq!(fail(state, &peer::resp(&reply)), (code, "resp reject".into()));
    }
    // Only NTLM may be chosen without request-mic.
    let (state, _) = go_on(initiator(&[Script::ntlm(), Script::krb5(2)]), b"");
    let reply = peer::resp(&[peer::state(1), name(&oid::KRB5)]);
    assert_eq!(fail(state, &reply).0, "reselection_without_request_mic");
}

#[test]
fn a_mechanism_that_is_done_takes_no_token_and_one_that_is_not_needs_one() {
    let (state, _) = go_on(initiator(&[Script::krb5(1)]), b"");
    let reply = peer::resp(&[peer::state(0), peer::supported(&oid::KRB5), peer::token(b"x")]);
    assert_eq!(fail(state, &reply), ("token_after_end", "resp reject".into()));

    let script = Script::krb5(3);
    let first = || go_on(initiator(&[script]), b"").0;
    let reply =
        |state| peer::resp(&[peer::state(state), peer::supported(&oid::KRB5), peer::token(&script.token(2))]);
    assert_eq!(fail(first(), &reply(0)), ("completed_too_early", "resp reject".into()));
    let (state, _) = go_on(first(), &reply(1));
    assert_eq!(fail(state, &peer::resp(&[peer::state(3)])), ("late_request_mic", "resp reject".into()));
    let (state, _) = go_on(first(), &reply(1));
    complete(state, &peer::resp(&[peer::state(0)]));

    let script = Script::krb5(4);
    let (state, _) = go_on(initiator(&[script]), b"");
    let reply = peer::resp(&[peer::state(0), peer::supported(&oid::KRB5), peer::token(&script.token(2))]);
    assert_eq!(fail(state, &reply), ("completed_too_early", "resp reject".into()));
}

#[test]
fn the_initiators_first_token_is_checked() {
    let krb5 = peer::types(&[oid::KRB5]);
    let many = |count| peer::der(0xa0, &peer::der(0x30, &[6, 1, 0x2a].repeat(count)));
    for (token, code) in [
        (peer::init(&[]), "mech_types_missing"),
        (peer::init(&[peer::token(b"x")]), "mech_types_missing"),
        (peer::init(&[peer::der(0xa0, &[0x30, 0])]), "empty_mech_list"),
        (peer::init(&[peer::types(&[oid::NTLMSSP])]), "no_common_mechanism"),
        (peer::init(&[many(32)]), "no_common_mechanism"),
        (peer::init(&[many(33)]), "too_many_mechanisms"),
        (peer::init(&[many(400)]), "mech_list_too_long"),
        (peer::init(&[krb5.clone(), peer::token(b"nonsense")]), "wrong_token"),
        (peer::init(&[krb5.clone(), peer::mic(b"early")]), "token_missing"),
        (peer::resp(&[peer::state(1), peer::token(b"x")]), "unexpected_token"),
        (peer::framed(&peer::resp(&[peer::state(1)])), "unexpected_token"),
        (vec![0], "unexpected_token"),
        (b"NEGOEXTS".to_vec(), "unexpected_token"),
    ] {
        assert_eq!(fail(acceptor(&[Script::krb5(2)]), &token), (code, "resp reject".into()), "{token:02x?}");
    }
}

#[test]
fn a_hundred_thousand_mechanisms_are_refused_at_once() {
    let content = [6, 1, 0x2a].repeat(100_000);
    let long = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x83], &length[1..], content].concat()
    };
    let list = long(0xa0, &long(0x30, &content));
    let token = long(0xa0, &long(0x30, &list));
    assert_eq!(fail(acceptor(&[Script::krb5(2)]), &token), ("mech_list_too_long", "resp reject".into()));
}

#[test]
fn the_initiators_later_tokens_are_checked() {
    let script = Script::krb5(3);
    let init = peer::init(&[peer::types(&[oid::KRB5]), peer::token(&script.token(1))]);
    for (message, code) in [
        (Vec::new(), "unexpected_token"),
        (init.clone(), "unexpected_token"),
        (peer::resp(&[]), "token_missing"),
        (peer::resp(&[peer::state(1)]), "token_missing"),
        (peer::resp(&[peer::token(b"")]), "token_missing"),
        (peer::resp(&[peer::mic(b"x")]), "token_missing"),
        (
            peer::resp(&[peer::supported(&oid::KRB5), peer::token(&script.token(3))]),
            "supported_mech_from_initiator",
        ),
        (peer::resp(&[peer::state(77), peer::token(&script.token(3))]), "unknown_state"),
        (peer::resp(&[peer::token(&script.token(1))]), "wrong_token"),
    ] {
        let (state, _) = go_on(acceptor(&[script]), &init);
        assert_eq!(fail(state, &message), (code, "resp reject".into()));
    }
}

#[test]
fn an_empty_reply_is_an_error_for_the_initiator() {
    let (state, _) = go_on(initiator(&[Script::krb5(2)]), b"");
    assert_eq!(fail(state, b""), ("unexpected_token", "resp reject".into()));
    let (state, init) = go_on(initiator(&[Script::krb5(2)]), b"");
    assert_eq!(fail(state, &init), ("unexpected_token", "resp reject".into())); // reflected
}

/// Whatever one byte of whatever token is changed to: no panic, and never two contexts that disagree on the list.
#[test]
fn any_single_byte_may_change() {
    for tokens in [1, 2, 3] {
        for (ours, theirs, _) in arrangements(Script::krb5(tokens).needing_mic()) {
            let lengths = crate::pair::converse(initiator(&ours), acceptor(&theirs)).tokens;
            for (victim, len) in lengths.iter().map(Vec::len).enumerate() {
                for (at, mask) in (0..len).flat_map(|at| [1, 2, 0x20, 0x80, 0xff].map(|mask| (at, mask))) {
                    let mut received = Vec::new();
                    let talk = tampered(initiator(&ours), acceptor(&theirs), |turn, token| {
                        if turn == victim {
                            token[at] ^= mask;
                        }
                        if turn == 0 {
                            received.clone_from(token);
                        }
                    });
                    if let (Some(Ok(left)), Some(Ok(right))) = (&talk.initiator, &talk.acceptor) {
                        assert!(left.mic().is_verified() && right.mic().is_verified());
                        assert_eq!(
                            list_of(&received),
                            list_of(&talk.tokens[0]),
                            "byte {at} of token {victim}"
                        );
                    }
                }
            }
        }
    }
}

fn list_of(token: &[u8]) -> Vec<u8> {
    let Ok(NegotiationToken::Init(NegTokenInit { mech_types: Some(list), .. })) =
        NegotiationToken::parse(token)
    else {
        panic!("no list in {token:02x?}")
    };
    list.as_der().to_vec()
}
