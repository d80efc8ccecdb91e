//! The third token of DCE style: the initiator shows that it opened the AP-REP.

use crate::forge::{Forge, Reply, ap_rep, framed};
use crate::world::{AES128, AES256, CLIENT, ENCTYPES, config, now_plus, step};
use gss_core::{ContextFlags, Diagnose, MajorStatus, SecurityContext, Step};
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Allow};
use krb5_asn1::ErrorCode;
use krb5_crypto::{EncType, Key};
use test_support::ticket::key;

/// An acceptor that waits for the third token.
struct Waiting {
    acceptor: Acceptor<alloc::sync::Arc<AcceptorConfig>>,
    session_key: Key,
    /// Its AP-REP, as sent and opened.
    message: Vec<u8>,
    reply: Reply,
}

impl Waiting {
    fn new(enctype: EncType) -> Self {
        let forge = Forge::new(enctype).asking(ContextFlags::DCE_STYLE | ContextFlags::MUTUAL, b"");
        let acceptor = crate::world::acceptor(config(enctype).allow(Allow::WEAK_ENCTYPES));
        let session_key = forge.maker.session_key.duplicate();
        match step(acceptor, &forge.message(), now_plus(0)) {
            (Ok(Step::Continue(acceptor)), message) => {
                let reply = Reply::open(&session_key, &message);
                Self { acceptor, session_key, message, reply }
            }
            (other, _) => panic!("{other:?}"),
        }
    }

    /// What a proper initiator sends.
    fn answer(&self) -> Reply {
        Reply { time: now_plus(1), subkey: None, sequence: self.reply.sequence }
    }
}

#[track_caller]
fn refused(waiting: Waiting, token: &[u8], verdict: (&str, MajorStatus, Option<ErrorCode>)) -> AcceptorError {
    match step(waiting.acceptor, token, now_plus(0)) {
        (Err(error), reply) => {
            assert_eq!((error.code(), error.major(), error.krb_error()), verdict, "{error}");
            assert!(reply.is_empty(), "there is no fourth leg");
            error
        }
        (Ok(_), _) => panic!("accepted, expected {verdict:?}"),
    }
}

#[test]
fn a_proper_answer_is_accepted() {
    for &enctype in ENCTYPES {
        let waiting = Waiting::new(enctype);
        let answer = waiting.answer().message(&waiting.session_key);
        match step(waiting.acceptor, &answer, now_plus(0)) {
            (Ok(Step::Done(context)), reply) => {
                assert!(reply.is_empty());
                assert_eq!(context.facts().peer.unwrap().to_string(), CLIENT);
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn another_sequence_number_or_none() {
    let verdict = ("third_leg_sequence", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_BADORDER));
    let sequence = Waiting::new(AES256).reply.sequence.unwrap();
    for found in [Some(sequence.wrapping_add(1)), Some(0), None] {
        let waiting = Waiting::new(AES256);
        let answer = Reply { sequence: found, ..waiting.answer() }.message(&waiting.session_key);
        let error = refused(waiting, &answer, verdict);
        assert_eq!(error, AcceptorError::ThirdLegSequence { expected: sequence, found });
    }
}

#[test]
fn a_subkey() {
    let verdict =
        ("third_leg_subkey", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_BADDIRECTION));
    let waiting = Waiting::new(AES256);
    let answer = Reply { subkey: Some((AES256, vec![1; 32])), ..waiting.answer() };
    let answer = answer.message(&waiting.session_key);
    assert_eq!(refused(waiting, &answer, verdict), AcceptorError::ThirdLegSubkey);
}

#[test]
fn our_own_answer_reflected() {
    let verdict =
        ("third_leg_reflected", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_BADDIRECTION));
    // That of RC4 has no subkey.
    for &enctype in ENCTYPES {
        let waiting = Waiting::new(enctype);
        let own = waiting.message.clone();
        assert_eq!(refused(waiting, &own, verdict), AcceptorError::ThirdLegReflected, "{enctype}");
    }
}

#[test]
fn another_key_or_enctype() {
    let verdict = ("third_leg_integrity", MajorStatus::BAD_MIC, Some(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY));
    for other in [key(AES256, 1234), key(AES128, 78)] {
        let waiting = Waiting::new(AES256);
        let answer = waiting.answer().message(&other);
        assert_eq!(refused(waiting, &answer, verdict), AcceptorError::ThirdLegIntegrity);
    }
    let waiting = Waiting::new(AES256);
    refused(waiting, &ap_rep(AES256, b""), verdict);
}

#[test]
fn anything_but_a_bare_ap_rep() {
    let verdict = ("malformed_message", MajorStatus::DEFECTIVE_TOKEN, None);
    let waiting = Waiting::new(AES256);
    let message = waiting.answer().message(&waiting.session_key);
    let framed_answer = framed([2, 0], &message);
    let trailing = [&message[..], b"\0"].concat();
    let request = Forge::new(AES256).message();
    for token in [&framed_answer[..], &trailing, &request, b"", b"\x6f\x00"] {
        refused(Waiting::new(AES256), token, verdict);
    }
}

#[test]
fn every_flipped_bit_and_every_truncation() {
    let waiting = Waiting::new(AES256);
    let message = waiting.answer().message(&waiting.session_key);
    // The harness is repeatable: every acceptor made here has the same keys and sequence number.
    assert_eq!(Waiting::new(AES256).message, waiting.message);
    for bit in 0..message.len() * 8 {
        let mut flipped = message.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        step(Waiting::new(AES256).acceptor, &flipped, now_plus(0)).0.expect_err("a flipped bit");
    }
    for len in 0..message.len() {
        step(Waiting::new(AES256).acceptor, &message[..len], now_plus(0)).0.expect_err("a truncated token");
    }
}
