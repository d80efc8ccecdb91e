//! What the initiator refuses: its own ticket, and answers.

use super::given_up;
use crate::forge::{Reply, ap_rep, framed, framed_for, unframed};
use crate::world::{
    AES128, AES256, SERVICE, acceptor, config, held, initiator, maker, now_plus, step, waiting,
};
use alloc::sync::Arc;
use gss_core::{ContextFlags, MajorStatus, SecurityContext, Step, Timestamp, oid};
use gss_krb5::token::{TokenError, TokenId};
use gss_krb5::{Initiator, InitiatorError, ServiceTicket, TicketTimes};
use krb5_asn1::ErrorCode;
use krb5_crypto::{EncType, Key};
use test_support::ticket::key;

fn session_key() -> Key {
    maker(AES256).session_key
}

/// An initiator that waits for its answer; all of them sent the same AP-REQ.
fn asked() -> Initiator<Arc<ServiceTicket>> {
    waiting(initiator(AES256), now_plus(0)).0
}

fn good() -> Reply {
    Reply { time: now_plus(0), subkey: None, sequence: Some(7) }
}

#[test]
fn the_first_step_takes_no_input() {
    let verdict = ("unexpected_input", MajorStatus::FAILURE, None);
    let error = given_up(initiator(AES256), b"xyz", now_plus(0), verdict);
    assert_eq!(error, InitiatorError::UnexpectedInput { len: 3 });
}

#[test]
fn its_own_ticket() {
    let expired =
        ("ticket_expired", MajorStatus::CREDENTIALS_EXPIRED, Some(ErrorCode::KRB_AP_ERR_TKT_EXPIRED));
    let end = now_plus(9 * 3600);
    for now in [end, now_plus(9 * 3600 + 1)] {
        let error = given_up(initiator(AES256), b"", now, expired);
        assert_eq!(error, InitiatorError::TicketExpired { end, now });
    }
    waiting(initiator(AES256), now_plus(9 * 3600 - 1));

    let mut garbled = Arc::into_inner(held(&maker(AES256))).unwrap();
    garbled.ticket.push(0);
    let verdict = ("malformed_message", MajorStatus::DEFECTIVE_TOKEN, None);
    assert!(matches!(
        given_up(Initiator::new(garbled_ref(&garbled)), b"", now_plus(0), verdict),
        InitiatorError::Decode(_)
    ));

    // The year 10000 does not fit into a KerberosTime.
    let mut lasting = Arc::into_inner(held(&maker(AES256))).unwrap();
    lasting.times = TicketTimes { end: Timestamp::from_seconds(i64::MAX), ..lasting.times };
    let now = Timestamp::from_seconds(253_402_300_800);
    let verdict = ("clock_out_of_range", MajorStatus::FAILURE, None);
    assert_eq!(given_up(Initiator::new(&lasting), b"", now, verdict), InitiatorError::Clock { now });
}

fn garbled_ref(ticket: &ServiceTicket) -> &ServiceTicket {
    ticket
}

#[cfg(feature = "rc4")]
#[test]
fn weak_tickets_have_to_be_allowed() {
    let verdict = ("weak_enctype", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KDC_ERR_ETYPE_NOSUPP));
    let enctype = EncType::RC4_HMAC;
    let error = given_up(initiator(enctype), b"", now_plus(0), verdict);
    assert_eq!(error, InitiatorError::WeakEncType { enctype });
    waiting(initiator(enctype).allow_weak_enctypes(), now_plus(0));
}

#[test]
fn a_good_answer_is_taken() {
    for subkey in [None, Some((AES128, vec![3; 16]))] {
        let answer = Reply { subkey: subkey.clone(), ..good() };
        let Ok(Step::Done(context)) = step(asked(), &answer.token(&session_key()), now_plus(0)).0 else {
            panic!("a good answer is refused");
        };
        assert_eq!(context.facts().peer.unwrap().to_string(), SERVICE);
        if let Some((enctype, bytes)) = subkey {
            assert_eq!(context.secret_message_key().enctype(), enctype);
            assert_eq!(context.secret_session_key(), Some(&bytes[..]));
        }
    }
    // An answer without sequence number counts from 0 (RFC 4120 section 5.5.2 has it optional).
    let answer = Reply { sequence: None, ..good() };
    assert!(matches!(step(asked(), &answer.token(&session_key()), now_plus(0)).0, Ok(Step::Done(_))));
}

#[test]
fn answers_made_without_the_session_key() {
    let forged = ("reply_integrity", MajorStatus::BAD_MIC, Some(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY));
    let error = given_up(asked(), &good().token(&key(AES256, 4321)), now_plus(0), forged);
    assert_eq!(error, InitiatorError::ReplyIntegrity);
    given_up(asked(), &framed([2, 0], &ap_rep(AES256, b"")), now_plus(0), forged);
    let other = ("reply_enctype", MajorStatus::DEFECTIVE_TOKEN, None);
    let error = given_up(asked(), &good().token(&key(AES128, 78)), now_plus(0), other);
    assert_eq!(error, InitiatorError::ReplyEncType { expected: AES256, found: AES128 });
}

#[test]
fn answers_to_other_requests() {
    let verdict = ("reply_time_mismatch", MajorStatus::FAILURE, Some(ErrorCode::KRB_AP_ERR_MUT_FAIL));
    for time in [now_plus(1), now_plus(-1), Timestamp::new(now_plus(0).seconds(), 1).unwrap()] {
        let stale = Reply { time, ..good() }.token(&session_key());
        let error = given_up(asked(), &stale, now_plus(0), verdict);
        assert_eq!(error, InitiatorError::ReplyTime { sent: now_plus(0), found: time });
    }
    // The whole answer of another run with the same ticket.
    let (_, earlier_request) = waiting(initiator(AES256), now_plus(-5));
    let (_, earlier_answer) = step(acceptor(config(AES256)), &earlier_request, now_plus(-5));
    let error = given_up(asked(), &earlier_answer, now_plus(0), verdict);
    assert_eq!(error, InitiatorError::ReplyTime { sent: now_plus(0), found: now_plus(-5) });
}

#[test]
fn its_own_request_returned() {
    let (initiator, request) = waiting(initiator(AES256), now_plus(0));
    let verdict = ("unexpected_token", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_MSG_TYPE));
    let error = given_up(initiator, &request, now_plus(0), verdict);
    assert_eq!(error, InitiatorError::UnexpectedToken { found: TokenId::AP_REQ });
    let malformed = ("malformed_message", MajorStatus::DEFECTIVE_TOKEN, None);
    given_up(asked(), &framed([2, 0], unframed(&request).1), now_plus(0), malformed);
}

#[test]
fn no_answer_although_mutual_authentication_is_asked_for() {
    let verdict = ("malformed_token", MajorStatus::DEFECTIVE_TOKEN, None);
    let error = given_up(asked(), b"", now_plus(0), verdict);
    assert_eq!(error, InitiatorError::Token(TokenError::Empty));
    let other = framed_for(&oid::NTLMSSP, [2, 0], &good().message(&session_key()));
    let error = given_up(asked(), &other, now_plus(0), verdict);
    assert_eq!(error, InitiatorError::Token(TokenError::Mechanism { found: oid::NTLMSSP }));
    let trailing = [&good().token(&session_key())[..], b"\0"].concat();
    given_up(asked(), &trailing, now_plus(0), verdict);
}

#[test]
fn without_mutual_authentication_no_answer_is_needed() {
    let (result, token) = step(initiator(AES256).flags(ContextFlags::NONE), b"", now_plus(0));
    let Ok(Step::Done(context)) = result else { panic!("waits for an answer that will not come") };
    assert!(!token.is_empty());
    assert!(context.facts().peer.is_none(), "nobody proved to be the service");
}

#[test]
fn framing_of_the_answer() {
    let verdict = ("wrong_framing", MajorStatus::DEFECTIVE_TOKEN, None);
    let error = given_up(asked(), &good().message(&session_key()), now_plus(0), verdict);
    assert_eq!(error, InitiatorError::Framing { dce_style: false });
    let dce = || waiting(initiator(AES256).flags(ContextFlags::DCE_STYLE), now_plus(0)).0;
    let error = given_up(dce(), &good().token(&session_key()), now_plus(0), verdict);
    assert_eq!(error, InitiatorError::Framing { dce_style: true });
    let (result, third) = step(dce(), &good().message(&session_key()), now_plus(3));
    assert!(matches!(result, Ok(Step::Done(_))));
    let expected = Reply { time: now_plus(3), subkey: None, sequence: Some(7) };
    assert_eq!(Reply::open(&session_key(), &third), expected);
}

#[test]
fn subkeys_of_the_answer() {
    let weak = ("weak_enctype", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KDC_ERR_ETYPE_NOSUPP));
    let unusable = ("unusable_key", MajorStatus::DEFECTIVE_CREDENTIAL, None);
    let answer =
        |enctype, len| Reply { subkey: Some((enctype, vec![3; len])), ..good() }.token(&session_key());
    let error = given_up(asked(), &answer(EncType::RC4_HMAC, 16), now_plus(0), weak);
    assert_eq!(error, InitiatorError::WeakEncType { enctype: EncType::RC4_HMAC });
    for (enctype, len) in [(AES256, 16), (AES256, 0), (EncType(99), 16)] {
        assert!(matches!(
            given_up(asked(), &answer(enctype, len), now_plus(0), unusable),
            InitiatorError::Key(_)
        ));
    }
}

#[test]
fn garbled_answers() {
    let verdict = ("malformed_message", MajorStatus::DEFECTIVE_TOKEN, None);
    for token in [framed([2, 0], b""), framed([2, 0], b"\x6f\x00"), framed([3, 0], b"\x7e\x00")] {
        assert!(matches!(given_up(asked(), &token, now_plus(0), verdict), InitiatorError::Decode(_)));
    }
}

#[test]
fn a_refusal_for_skew_tells_both_clocks_apart() {
    // The acceptor is an hour behind.
    let (initiator, request) = waiting(initiator(AES256), now_plus(0));
    let (_, reply) = step(acceptor(config(AES256)), &request, now_plus(-3600 + 300));
    let verdict = ("refused", MajorStatus::FAILURE, Some(ErrorCode::KRB_AP_ERR_SKEW));
    match given_up(initiator, &reply, now_plus(0), verdict) {
        InitiatorError::Refused(refusal) => {
            assert_eq!((refusal.server_time, refusal.ahead), (now_plus(-3300), -3300));
            assert!(refusal.to_string().contains("3300 s behind"), "{refusal}");
        }
        other => panic!("{other}"),
    }
}
