//! The rows of RFC 4178 section 5 and appendix C, one conversation each, token by token.

use crate::pair::{acceptor, complete, converse, fail, go_on, initiator, step};
use crate::peer;
use crate::scripted::Script;
use gss_core::{
    Blame, Diagnose, Handshake, MajorStatus, MessageError, PrfKey, Role, Sealer, SecurityContext,
    SequenceStatus, oid,
};
use gss_spnego::{Acceptor, Initiator, Offer, RequestMic};

const KRB5: &str = "init [krb5] token";

#[test]
fn preferred_by_both_needs_no_mic() {
    for (tokens, expected) in [
        (1, &[KRB5, "resp accept-completed krb5"][..]),
        (2, &[KRB5, "resp accept-completed krb5 token"]),
        (
            3,
            &[
                KRB5,
                "resp accept-incomplete krb5 token",
                "resp accept-incomplete token",
                "resp accept-completed",
            ],
        ),
        (
            4,
            &[
                KRB5,
                "resp accept-incomplete krb5 token",
                "resp accept-incomplete token",
                "resp accept-completed token",
            ],
        ),
        (
            5,
            &[
                KRB5,
                "resp accept-incomplete krb5 token",
                "resp accept-incomplete token",
                "resp accept-incomplete token",
                "resp accept-incomplete token",
                "resp accept-completed",
            ],
        ),
    ] {
        let talk = converse(initiator(&[Script::krb5(tokens)]), acceptor(&[Script::krb5(tokens)]));
        assert_eq!(talk.trace(), expected);
        assert_eq!(talk.mic(), ("not_required", "not_required"));
    }
}

#[test]
fn not_the_acceptors_first_choice_asks_for_mics() {
    for (tokens, expected) in [
        (1, &[KRB5, "resp request-mic krb5 mic", "resp accept-completed mic"][..]),
        (2, &[KRB5, "resp request-mic krb5 token mic", "resp accept-completed mic"]),
        (
            3,
            &[
                KRB5,
                "resp request-mic krb5 token",
                "resp accept-incomplete token mic",
                "resp accept-completed mic",
            ],
        ),
        (
            4,
            &[
                KRB5,
                "resp request-mic krb5 token",
                "resp accept-incomplete token",
                "resp accept-incomplete token mic",
                "resp accept-completed mic",
            ],
        ),
        (
            5,
            &[
                KRB5,
                "resp request-mic krb5 token",
                "resp accept-incomplete token",
                "resp accept-incomplete token",
                "resp accept-incomplete token mic",
                "resp accept-completed mic",
            ],
        ),
    ] {
        let ours = [Script::ntlm(), Script::krb5(tokens)];
        let talk = converse(initiator(&ours[1..]), acceptor(&ours));
        assert_eq!(talk.trace(), expected);
        assert_eq!(talk.mic(), ("verified", "verified"));
        // MIT krb5 looks at the initiator's order alone.
        let lenient = acceptor(&ours).with_request_mic(RequestMic::UnlessPreferredByInitiator);
        assert_eq!(converse(initiator(&ours[1..]), lenient).mic(), ("not_required", "not_required"));
    }
}

#[test]
fn reselection_asks_for_mics_and_starts_over() {
    let start = ["init [krb5 iakerb] token", "resp request-mic iakerb"];
    for (tokens, expected) in [
        (1, &["resp accept-incomplete token mic", "resp accept-completed mic"][..]),
        (
            2,
            &[
                "resp accept-incomplete token",
                "resp accept-incomplete token mic",
                "resp accept-completed mic",
            ],
        ),
        (
            3,
            &[
                "resp accept-incomplete token",
                "resp accept-incomplete token",
                "resp accept-incomplete token mic",
                "resp accept-completed mic",
            ],
        ),
    ] {
        // The first mechanism may be done with its first token, or not.
        for optimistic in [1, 2] {
            let other = Script::new(oid::IAKERB, tokens);
            let talk = converse(initiator(&[Script::krb5(optimistic), other]), acceptor(&[other]));
            assert_eq!(talk.trace(), [&start, expected].concat());
            assert_eq!(talk.mic(), ("verified", "verified"));
            assert_eq!(talk.mechanism(), oid::IAKERB);
        }
    }
}

#[test]
fn ntlm_with_its_own_mic_demands_mics_even_as_first_choice() {
    let script = Script::ntlm().needing_mic();
    let talk = converse(initiator(&[script]), acceptor(&[script]));
    assert_eq!(
        talk.trace(),
        [
            "init [ntlm] token",
            "resp accept-incomplete ntlm token",
            "resp accept-incomplete token mic",
            "resp accept-completed mic"
        ]
    );
    assert_eq!(talk.mic(), ("verified", "verified"));
}

#[test]
fn a_context_without_integrity_never_makes_a_mic() {
    for (tokens, expected) in [
        (2, &[KRB5, "resp accept-completed krb5 token"][..]),
        (3, &[KRB5, "resp request-mic krb5 token", "resp accept-incomplete token", "resp accept-completed"]),
    ] {
        let script = Script::krb5(tokens).without_integrity().needing_mic();
        let talk = converse(initiator(&[script]), acceptor(&[Script::ntlm(), script]));
        assert_eq!(talk.trace(), expected);
        assert_eq!(talk.mic(), ("no_integrity", "no_integrity"));
    }
}

#[test]
fn the_initiator_sends_a_mic_after_the_mic_it_did_not_expect() {
    // First choice of both as far as we know, and the acceptor sends a MIC nevertheless.
    let script = Script::krb5(2);
    let (state, init) = go_on(initiator(&[script]), b"");
    assert_eq!(init, peer::init(&[peer::types(&[oid::KRB5]), peer::token(&script.token(1))]));
    let list = peer::list(&[oid::KRB5]);
    let mic = crate::scripted::mic(script, Role::Acceptor, &list);
    let reply = peer::resp(&[
        peer::state(0),
        peer::supported(&oid::KRB5),
        peer::token(&script.token(2)),
        peer::mic(&mic),
    ]);
    let (context, answer) = complete(state, &reply);
    assert!(context.mic().is_verified());
    let ours = crate::scripted::mic(script, Role::Initiator, &list);
    assert_eq!(answer, peer::resp(&[peer::state(0), peer::mic(&ours)]));
}

#[test]
fn a_mic_with_the_first_token_is_answered() {
    let script = Script::krb5(1);
    let mic = crate::scripted::mic(script, Role::Initiator, &peer::list(&[oid::KRB5]));
    let init = peer::init(&[peer::types(&[oid::KRB5]), peer::token(&script.token(1)), peer::mic(&mic)]);
    let (context, answer) = complete(acceptor(&[script]), &init);
    assert!(context.mic().is_verified());
    assert_eq!(crate::pair::show(&answer), "resp accept-completed krb5 mic");
}

#[test]
fn without_an_optimistic_token_the_mechanism_starts_with_the_next() {
    let script = Script::krb5(2);
    for init in
        [peer::init(&[peer::types(&[oid::KRB5])]), peer::init(&[peer::types(&[oid::KRB5]), peer::token(b"")])]
    {
        let (state, reply) = go_on(acceptor(&[script]), &init);
        assert_eq!(reply, peer::resp(&[peer::state(1), peer::supported(&oid::KRB5)]));
        let (_, reply) = complete(state, &peer::resp(&[peer::token(&script.token(1))]));
        assert_eq!(reply, peer::resp(&[peer::state(0), peer::token(&script.token(2))]));
    }
}

#[test]
fn the_microsoft_name_of_kerberos_is_listed_and_echoed() {
    let script = Script::krb5(2);
    let initiator = Initiator::new(vec![Offer::new(oid::KRB5, script.initiator()).with_microsoft_oid()]);
    let talk = converse(initiator, acceptor(&[script]));
    assert_eq!(
        talk.trace(),
        ["init [krb5 (Microsoft OID) krb5] token", "resp accept-completed krb5 (Microsoft OID) token"]
    );
    assert_eq!(talk.mechanism(), oid::KRB5);
}

#[test]
fn any_mechanism_may_have_an_alias() {
    let script = Script::ntlm();
    let offer = |handshake| vec![Offer::new(oid::NTLMSSP, handshake).with_alias(oid::KRB5_USER_TO_USER)];
    let talk = converse(Initiator::new(offer(script.initiator())), Acceptor::new(offer(script.acceptor())));
    assert_eq!(
        talk.trace()[..2],
        ["init [krb5 user-to-user ntlm] token", "resp accept-incomplete krb5 user-to-user token"]
    );
    assert_eq!(talk.mic(), ("not_required", "not_required"));
    // To one that knows the first name only for something else, the second is another choice.
    let talk = converse(Initiator::new(offer(script.initiator())), acceptor(&[script]));
    assert_eq!(talk.trace()[1], "resp request-mic ntlm");
    assert_eq!(talk.errors(), ("token_missing", "rejected"));
}

#[test]
fn negoex_and_names_of_any_length_are_unknown_mechanisms() {
    let script = Script::ntlm();
    let uuid = [0x69, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]; // does not fit 32-bit arcs
    let long = [&[0x2b][..], &[0x81; 60], &[1]].concat();
    let names = [oid::NEGOEX.as_bytes(), &uuid, &long, oid::NTLMSSP.as_bytes()];
    let list = peer::der(0x30, &names.map(|name| peer::der(6, name)).concat());
    let init = peer::init(&[peer::der(0xa0, &list), peer::token(b"NEGOEXTS")]);
    let (state, reply) = go_on(acceptor(&[script]), &init);
    assert_eq!(reply, peer::resp(&[peer::state(3), peer::supported(&oid::NTLMSSP)]));
    let (_, reply) = go_on(state, &peer::resp(&[peer::state(1), peer::token(&script.token(1))]));
    assert_eq!(reply, peer::resp(&[peer::state(1), peer::token(&script.token(2))]));
}

#[test]
fn a_mechanism_that_cannot_start_is_left_out() {
    let scripts = [Script::krb5(2).failing(Role::Initiator, 1, true), Script::ntlm()];
    let talk = converse(initiator(&scripts), acceptor(&[Script::ntlm()]));
    assert_eq!(talk.trace()[0], "init [ntlm] token");
    assert_eq!(talk.mic(), ("not_required", "not_required"));
    // It is out for good: the acceptor cannot choose it.
    let (state, _) = go_on(initiator(&scripts), b"");
    let reply = peer::resp(&[peer::state(3), peer::supported(&oid::KRB5)]);
    assert_eq!(fail(state, &reply), ("mechanism_not_offered", "resp reject".into()));
}

#[test]
fn when_no_mechanism_starts_the_first_error_counts_and_nothing_is_sent() {
    let scripts = [Script::krb5(2), Script::ntlm()].map(|script| script.failing(Role::Initiator, 1, true));
    let (outcome, output) = step(initiator(&scripts), b"");
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.code(), error.major(), error.minor()),
        ("scripted_failure", MajorStatus::NO_CRED, Some(42))
    );
    assert!(output.is_empty());
    let (outcome, output) = step(initiator(&[]), b"");
    let error = outcome.unwrap_err();
    assert_eq!((error.code(), error.blame(), output.len()), ("no_offers", Blame::Caller, 0));
}

#[test]
fn a_mistake_of_the_caller_is_not_papered_over() {
    let mut broken = Script::krb5(2).failing(Role::Initiator, 1, true);
    broken.failure.as_mut().unwrap().blame = Blame::Caller;
    assert_eq!(fail(initiator(&[broken, Script::ntlm()]), b""), ("scripted_failure", "nothing".into()));
}

#[test]
fn there_is_no_fallback_once_something_was_sent() {
    let scripts = [Script::krb5(2).failing(Role::Initiator, 2, false), Script::ntlm()];
    let talk = converse(initiator(&scripts), acceptor(&[Script::krb5(2), Script::ntlm()]));
    assert_eq!(talk.errors(), ("scripted_failure", "-"));
    assert_eq!(talk.trace().last().unwrap(), "resp reject");
    // Nor does the acceptor's choice lead to a third mechanism.
    let scripts =
        [Script::krb5(2), Script::new(oid::IAKERB, 2).failing(Role::Initiator, 1, false), Script::ntlm()];
    let talk = converse(initiator(&scripts), acceptor(&[Script::new(oid::IAKERB, 2), Script::ntlm()]));
    assert_eq!(talk.errors(), ("scripted_failure", "rejected"));
}

#[test]
fn the_acceptors_refusal_carries_the_mechanisms_reason() {
    let failing = Script::krb5(2).failing(Role::Acceptor, 1, true);
    let talk = converse(initiator(&[Script::krb5(2)]), acceptor(&[failing]));
    assert_eq!(talk.trace(), [KRB5, "resp reject token"]);
    assert_eq!(talk.errors(), ("told_no", "scripted_failure"));
    let error = talk.initiator.unwrap().unwrap_err();
    assert_eq!((error.blame(), error.minor()), (Blame::PeerRefused, Some(42)));
    assert_eq!(error.to_string(), "peer ended the negotiation: told_no");
}

#[test]
fn a_refusal_without_reason_counts_by_when_it_comes() {
    let talk = converse(
        initiator(&[Script::krb5(2)]),
        acceptor(&[Script::krb5(2).failing(Role::Acceptor, 1, false)]),
    );
    assert_eq!(talk.trace(), [KRB5, "resp reject"]);
    let error = talk.initiator.unwrap().unwrap_err();
    assert_eq!((error.code(), error.major()), ("rejected", MajorStatus::BAD_MECH));

    let talk = converse(
        initiator(&[Script::krb5(5)]),
        acceptor(&[Script::krb5(5).failing(Role::Acceptor, 2, false)]),
    );
    let error = talk.initiator.unwrap().unwrap_err();
    assert_eq!((error.code(), error.major()), ("rejected", MajorStatus::FAILURE));
}

#[test]
fn a_refusal_with_a_token_that_pleases_is_a_contradiction() {
    let script = Script::krb5(2);
    let (state, _) = go_on(initiator(&[script]), b"");
    let reply = peer::resp(&[peer::state(2), peer::token(&script.token(2))]);
    assert_eq!(fail(state, &reply), ("rejected_after_success", "nothing".into()));
}

#[test]
fn the_initiators_refusal_reaches_the_acceptor() {
    let failing = Script::krb5(5).failing(Role::Initiator, 2, true);
    let talk = converse(initiator(&[failing]), acceptor(&[Script::krb5(5)]));
    assert_eq!(talk.trace().last().unwrap(), "resp reject token");
    assert_eq!(talk.errors(), ("scripted_failure", "told_no"));
}

#[test]
fn no_common_mechanism_is_a_refusal() {
    let talk = converse(initiator(&[Script::krb5(2)]), acceptor(&[Script::ntlm()]));
    assert_eq!(talk.trace(), [KRB5, "resp reject"]);
    assert_eq!(talk.errors(), ("rejected", "no_common_mechanism"));
    assert_eq!(talk.acceptor.unwrap().unwrap_err().major(), MajorStatus::BAD_MECH);
}

#[test]
fn a_mechanism_that_goes_silent_ends_the_negotiation() {
    let (script, silent) = (Script::krb5(3), Script { silent: true, ..Script::krb5(3) });
    let talk = converse(initiator(&[silent]), acceptor(&[script]));
    assert_eq!(talk.errors(), ("silent_mechanism", "rejected"));
    let talk = converse(initiator(&[script]), acceptor(&[silent]));
    assert_eq!(talk.errors(), ("rejected", "silent_mechanism"));
}

#[test]
fn reselection_asks_for_mics_whatever_the_policy() {
    let scripts = [Script::krb5(2), Script::new(oid::IAKERB, 2)];
    let lenient = acceptor(&scripts[1..]).with_request_mic(RequestMic::UnlessPreferredByInitiator);
    let talk = converse(initiator(&scripts), lenient);
    assert_eq!(talk.trace()[1], "resp request-mic iakerb");
    assert_eq!(talk.mic(), ("verified", "verified"));
}

#[test]
fn the_established_context_is_the_mechanisms() {
    let script = Script::krb5(2).needing_mic();
    let talk = converse(initiator(&[script]), acceptor(&[script]));
    let (Some(Ok(mut left)), Some(Ok(mut right))) = (talk.initiator, talk.acceptor) else {
        panic!("both are done")
    };
    assert!(left.needs_mech_list_mic());
    assert_eq!((left.facts().role, right.facts().role), (Role::Initiator, Role::Acceptor));
    assert_eq!(left.facts().mechanism, left.context().facts().mechanism);
    let (mut mic, mut of_list) = (Vec::new(), Vec::new());
    left.sealer().get_mic(b"message", &mut mic).unwrap();
    assert_eq!(right.opener().verify_mic(b"message", &mic), Ok(SequenceStatus::Ok));
    left.mech_list_mic(b"message", &mut of_list).unwrap();
    assert_eq!(right.verify_mech_list_mic(b"message", &of_list), Ok(()));
    assert_eq!(right.verify_mech_list_mic(b"another", &of_list), Err(MessageError::BadMic));
    assert_eq!(left.secret_session_key(), None);
    assert_eq!(left.prf(PrfKey::Full, b"", &mut [0; 8]), Err(MessageError::Unavailable));
    assert!(format!("{left:?}").contains("mic: MicOutcome(Verified)"));
    let (mut sealer, _) = left.split();
    let mut again = Vec::new();
    sealer.get_mic(b"message", &mut again).unwrap();
    assert_eq!(again, mic);
    assert_eq!(right.into_context().facts().role, Role::Acceptor);
}

/// The list kept for the MIC is most of a state; callers without a heap put states on their stack.
#[test]
fn states_are_small() {
    type Offers = [Offer<crate::scripted::Scripted>; 2];
    assert!(size_of::<Initiator<Offers>>() <= 2048, "{}", size_of::<Initiator<Offers>>());
    assert!(size_of::<Acceptor<Offers>>() <= 2048, "{}", size_of::<Acceptor<Offers>>());
}

#[test]
fn states_print_without_content() {
    let offers = || [Offer::new(oid::KRB5, Script::krb5(2).initiator())];
    let initiator = Initiator::new(offers());
    assert_eq!(format!("{initiator:?}"), "Initiator([Offer { mechanism: 1.2.840.113554.1.2.2, .. }])");
    let (initiator, _) = go_on(initiator, b"");
    assert_eq!(format!("{initiator:?}"), "Initiator(\"offered\")");
    assert!(format!("{:?}", Acceptor::new(offers())).starts_with("Acceptor([Offer"));
}

/// The trait is all that callers know; boxes of mixed mechanisms work as well.
#[test]
fn mechanisms_of_different_types_are_boxed() {
    use gss_core::dynamic::BoxHandshake;
    let script = Script::krb5(2);
    let boxed: BoxHandshake<'static> = Box::new(script.initiator());
    let initiator = Initiator::new(vec![Offer::new(oid::KRB5, boxed)]);
    let boxed: BoxHandshake<'static> = Box::new(initiator); // and SPNEGO is a handshake itself
    let (outcome, token) = step(boxed, b"");
    let Ok(gss_core::Step::Continue(next)) = outcome else { panic!("first of two steps") };
    let (_, reply) = complete(acceptor(&[script]), &token);
    let (outcome, _) = step(next, &reply);
    assert!(matches!(outcome, Ok(gss_core::Step::Done(_))));
    fn is_handshake<H: Handshake>() {}
    is_handshake::<Acceptor<Vec<Offer<BoxHandshake<'static>>>>>();
}
