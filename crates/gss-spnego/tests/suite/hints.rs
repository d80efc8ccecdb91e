//! Acceptors that speak first.

use crate::pair::{acceptor, complete, fail, go_on, initiator, show, step};
use crate::peer;
use crate::scripted::Script;
use gss_core::{Diagnose, oid};
use gss_spnego::wire::HINT_NAME;

#[test]
fn an_empty_token_asks_for_the_list() {
    let scripts = [Script::krb5(2), Script::ntlm()];
    let (state, hints) = go_on(acceptor(&scripts), b"");
    let name = peer::der(0xa3, &peer::der(0x30, &peer::tagged(0, 0x1b, HINT_NAME)));
    assert_eq!(hints, peer::init(&[peer::types(&[oid::KRB5, oid::NTLMSSP]), name]));
    // Given to an initiator they change nothing, and the negotiation goes on as if nothing had been said.
    let (left, init) = go_on(initiator(&scripts), &hints);
    assert_eq!(show(&init), "init [krb5 ntlm] token");
    let (_, reply) = complete(state, &init);
    complete(left, &reply);
}

#[test]
fn hints_are_given_once() {
    let (state, _) = go_on(acceptor(&[Script::krb5(2)]), b"");
    assert_eq!(fail(state, b""), ("unexpected_token", "resp reject".into()));
}

#[test]
fn hints_need_a_mechanism() {
    let (outcome, output) = step(acceptor(&[]), b"");
    assert_eq!(outcome.unwrap_err().code(), "no_offers");
    assert!(output.is_empty());
}

#[test]
fn an_initiator_takes_nothing_else_for_a_start() {
    for (token, code) in [
        (peer::resp(&[peer::state(1)]), "unexpected_token"),
        (b"hello".to_vec(), "unknown_token"),
        (peer::init(&[peer::der(0xa0, &[0x30, 0])]), "empty_mech_list"),
    ] {
        assert_eq!(fail(initiator(&[Script::krb5(2)]), &token), (code, "nothing".into()));
    }
}

#[test]
fn more_names_than_a_list_can_hold_are_the_callers_mistake() {
    let scripts: Vec<_> =
        (0..33).map(|arc| Script::new(gss_core::Oid::new(&format!("1.2.3.{arc}")).unwrap(), 2)).collect();
    assert_eq!(fail(initiator(&scripts), b"").0, "too_many_offers");
    assert_eq!(fail(acceptor(&scripts), b"").0, "too_many_offers");
    go_on(initiator(&scripts[..32]), b"");
    // A name is listed once, however often it is offered.
    let same = vec![Script::krb5(2); 40];
    assert_eq!(show(&go_on(initiator(&same), b"").1), "init [krb5] token");
}
