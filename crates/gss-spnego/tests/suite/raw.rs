//! Tokens of a mechanism without SPNEGO around them.

use crate::pair::{acceptor, complete, fail, go_on};
use crate::peer;
use crate::scripted::{ERROR_TOKEN, Script};
use gss_core::{Role, oid};
use gss_spnego::RawTokens;

#[test]
fn raw_tokens_get_raw_replies() {
    for script in [Script::krb5(2), Script::new(oid::IAKERB, 2), Script::new(oid::NTLMSSP, 2)] {
        let state = acceptor(&[Script::krb5(1), script]).with_raw_tokens(RawTokens::Accept);
        if script.mechanism == oid::KRB5 {
            continue; // shadowed by the first offer
        }
        let (context, reply) = complete(state, &script.token(1));
        assert_eq!(reply, script.token(2));
        assert_eq!(context.mic().name(), "not_negotiated");
    }
    let script = Script::krb5(5);
    let (state, reply) = go_on(acceptor(&[script]).with_raw_tokens(RawTokens::Accept), &script.token(1));
    assert_eq!(reply, script.token(2));
    let (state, reply) = go_on(state, &script.token(3));
    assert_eq!(reply, script.token(4));
    let (_, reply) = complete(state, &script.token(5));
    assert!(reply.is_empty());
}

#[test]
fn raw_tokens_are_refused_unless_allowed() {
    for script in [Script::krb5(2), Script::ntlm()] {
        assert_eq!(fail(acceptor(&[script]), &script.token(1)), ("raw_token_refused", "resp reject".into()));
    }
}

#[test]
fn a_bare_ap_req_has_to_be_named() {
    let ap_req = peer::der(0x6e, b"ticket and authenticator");
    let with = |policy| acceptor(&[Script::krb5(2)]).with_raw_tokens(policy);
    assert_eq!(fail(with(RawTokens::Refuse), &ap_req).0, "raw_token_refused");
    assert_eq!(fail(with(RawTokens::Accept), &ap_req).0, "raw_token_refused");
    // The scripted mechanism sees it, and does not know it.
    assert_eq!(fail(with(RawTokens::AcceptBareApReq), &ap_req), ("wrong_token", "nothing".into()));
}

#[test]
fn either_name_of_kerberos_finds_the_mechanism() {
    let mut token = b"AP-REQ".to_vec();
    gss_core::framing::frame_from(&mut token, 0, &oid::KRB5_MICROSOFT).unwrap();
    let state = acceptor(&[Script::krb5(2)]).with_raw_tokens(RawTokens::Accept);
    assert_eq!(fail(state, &token), ("wrong_token", "nothing".into()));
}

#[test]
fn an_unknown_mechanism_is_refused_by_name() {
    let mut token = b"inner".to_vec();
    gss_core::framing::frame_from(&mut token, 0, &oid::KRB5_USER_TO_USER).unwrap();
    for (token, script) in [
        (token, Script::krb5(2)),
        (Script::ntlm().token(1), Script::krb5(2)),
        (Script::krb5(2).token(1), Script::ntlm()),
    ] {
        let state = acceptor(&[script]).with_raw_tokens(RawTokens::Accept);
        assert_eq!(fail(state, &token), ("raw_mechanism_unknown", "resp reject".into()));
    }
}

#[test]
fn a_raw_error_token_stays_raw() {
    let script = Script::krb5(2).failing(Role::Acceptor, 1, true);
    let (outcome, output) =
        crate::pair::step(acceptor(&[script]).with_raw_tokens(RawTokens::Accept), &script.token(1));
    assert!(outcome.is_err());
    assert_eq!(output, ERROR_TOKEN);
}

#[test]
fn a_broken_frame_is_no_raw_token() {
    for token in [&[0x60][..], &[0x60, 0x80, 0, 0], &[0x60, 3, 6, 1, 0x80], &[0x60, 2, 4, 0]] {
        let state = acceptor(&[Script::krb5(2)]).with_raw_tokens(RawTokens::AcceptBareApReq);
        assert_eq!(fail(state, token).0, "malformed_frame");
    }
}

#[test]
fn negotiation_works_as_ever_where_raw_tokens_are_allowed() {
    let scripts = [Script::krb5(2)];
    let talk = crate::pair::converse(
        crate::pair::initiator(&scripts),
        acceptor(&scripts).with_raw_tokens(RawTokens::AcceptBareApReq),
    );
    assert_eq!(talk.mic(), ("not_required", "not_required"));
}
