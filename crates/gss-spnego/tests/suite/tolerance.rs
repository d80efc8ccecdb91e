//! What peers are known to do wrong, and is accepted: one test for each constant in `leniency`.

use crate::pair::{acceptor, complete, converse, fail, go_on, initiator, show, tampered};
use crate::peer;
use crate::scripted::Script;
use gss_core::oid;
use gss_spnego::leniency;

#[test]
fn every_leniency_has_its_test() {
    let source = include_str!("tolerance.rs");
    for leniency in leniency::ALL {
        let name = leniency.test.strip_prefix("tolerance::").unwrap();
        assert!(source.contains(&format!("#[test]\nfn {name}()")), "{leniency:?}");
    }
}

#[test]
fn sun_frames_every_token() {
    let scripts = [Script::ntlm(), Script::krb5(5)];
    let talk = tampered(initiator(&scripts[1..]), acceptor(&scripts), |turn, token| {
        if turn > 0 {
            *token = peer::framed(token);
        }
    });
    assert_eq!(talk.mic(), ("verified", "verified"));
    // The frame has to be SPNEGO's.
    let (state, _) = go_on(initiator(&[Script::krb5(1)]), b"");
    let mut reply = peer::resp(&[peer::state(0)]);
    gss_core::framing::frame_from(&mut reply, 0, &oid::KRB5).unwrap();
    assert_eq!(fail(state, &reply).0, "framed_for_other_mechanism");
}

#[test]
fn first_token_without_frame() {
    let talk = tampered(initiator(&[Script::krb5(2)]), acceptor(&[Script::krb5(2)]), |turn, token| {
        if turn == 0 {
            assert_eq!(token[0], 0x60);
            let at = gss_core::framing::Framed::parse(token).unwrap().inner_offset;
            token.drain(..at);
            assert_eq!(token[0], 0xa0);
        }
    });
    assert_eq!(talk.mic(), ("not_required", "not_required"));
}

#[test]
fn java_names_no_mechanism_and_no_state() {
    let script = Script::krb5(2);
    let (state, _) = go_on(initiator(&[script, Script::ntlm()]), b"");
    let (context, answer) = complete(state, &peer::resp(&[peer::token(&script.token(2))]));
    assert_eq!((context.mic().name(), answer.len()), ("not_required", 0));
}

#[test]
fn windows_2003_reselects_ntlm_with_accept_incomplete() {
    let (krb5, ntlm) = (Script::krb5(2), Script::ntlm());
    let (state, _) = go_on(initiator(&[krb5, ntlm]), b"");
    let (state, answer) = go_on(state, &peer::resp(&[peer::state(1), peer::supported(&oid::NTLMSSP)]));
    assert_eq!(answer, peer::resp(&[peer::state(1), peer::token(&ntlm.token(1))]));
    let (state, answer) = go_on(state, &peer::resp(&[peer::state(1), peer::token(&ntlm.token(2))]));
    assert_eq!(answer, peer::resp(&[peer::state(1), peer::token(&ntlm.token(3))]));
    let (context, answer) = complete(state, &peer::resp(&[peer::state(0)]));
    assert_eq!((context.mic().name(), answer.len()), ("not_required", 0));
}

#[test]
fn old_iis_sends_an_empty_token() {
    let (state, _) = go_on(initiator(&[Script::krb5(1)]), b"");
    let reply = peer::resp(&[peer::state(0), peer::supported(&oid::KRB5), peer::token(b"")]);
    let (context, answer) = complete(state, &reply);
    assert_eq!((context.mic().name(), answer.len()), ("not_required", 0));
    // While the mechanism waits for a token, an empty one is none.
    let (state, _) = go_on(initiator(&[Script::krb5(2)]), b"");
    assert_eq!(fail(state, &reply).0, "token_missing");
}

#[test]
fn supported_mech_may_be_repeated_but_not_changed() {
    let script = Script::krb5(4);
    let second = |name| {
        let (state, _) = go_on(initiator(&[script, Script::ntlm()]), b"");
        let reply = [peer::state(1), peer::supported(&oid::KRB5), peer::token(&script.token(2))];
        let (state, _) = go_on(state, &peer::resp(&reply));
        (state, peer::resp(&[peer::state(0), peer::supported(name), peer::token(&script.token(4))]))
    };
    for name in [&oid::KRB5, &oid::KRB5_MICROSOFT] {
        let (state, reply) = second(name);
        complete(state, &reply);
    }
    let (state, reply) = second(&oid::NTLMSSP);
    assert_eq!(fail(state, &reply), ("mechanism_changed", "resp reject".into()));
}

#[test]
fn samba_answers_with_the_other_kerberos_oid() {
    let script = Script::krb5(2);
    for name in [&oid::KRB5_MICROSOFT, &oid::KRB5_OLD] {
        let (state, _) = go_on(initiator(&[script]), b"");
        let reply = peer::resp(&[peer::state(0), peer::supported(name), peer::token(&script.token(2))]);
        complete(state, &reply);
    }
    // And an initiator may list any of them.
    let talk = converse(initiator(&[Script::new(oid::KRB5_MICROSOFT, 2)]), acceptor(&[Script::krb5(2)]));
    assert_eq!(show(&talk.tokens[1]), "resp reject", "the scripts differ, but the mechanism was found");
    assert_eq!(talk.errors().1, "wrong_token");
}

#[test]
fn last_reply_may_say_incomplete() {
    let script = Script::krb5(2);
    let (state, _) = go_on(initiator(&[script]), b"");
    let reply = peer::resp(&[peer::state(1), peer::supported(&oid::KRB5), peer::token(&script.token(2))]);
    let (context, answer) = complete(state, &reply);
    assert_eq!((context.mic().name(), answer.len()), ("not_required", 0));
}
