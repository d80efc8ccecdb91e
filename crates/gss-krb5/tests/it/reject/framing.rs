//! Rules about the bytes around the AP-REQ.

use super::{refused, relayed};
use crate::forge::{Forge, Reply, checksum, framed, framed_for};
use crate::world::{AES256, accept, config, now_plus, step, waiting};
use gss_core::framing::FrameError;
use gss_core::{ContextFlags, MajorStatus, SecurityContext, Step, oid};
use gss_krb5::token::{TokenError, TokenId};
use gss_krb5::{Acceptor, AcceptorError, Allow, ServiceKeys};
use krb5_asn1::ErrorCode;
use krb5_crypto::ChecksumType;

const GENERIC: Option<ErrorCode> = Some(ErrorCode::KRB_ERR_GENERIC);

#[test]
fn bare_requests_have_to_be_of_dce_style_or_allowed() {
    let message = Forge::new(AES256).message();
    let verdict = ("wrong_framing", MajorStatus::DEFECTIVE_TOKEN, GENERIC);
    let error = refused(&config(AES256), &message, verdict);
    assert_eq!(error, AcceptorError::Framing { dce_style: false });

    let mut forge = Forge::new(AES256).asking(ContextFlags::MUTUAL, b"");
    forge.seed = 9;
    let config = config(AES256).allow(Allow::BARE_AP_REQ);
    let (result, reply) = step(Acceptor::new(&config), &forge.message(), now_plus(0));
    assert!(matches!(result, Ok(Step::Done(_))));
    assert_eq!(Reply::open(&forge.maker.session_key, &reply).time, now_plus(0), "the answer is bare as well");
    // A KRB-ERROR too goes back in the framing of the request.
    let (result, reply) = step(Acceptor::new(&config), &forge.message(), now_plus(0));
    assert_eq!(result.unwrap_err().krb_error(), Some(ErrorCode::KRB_AP_ERR_REPEAT));
    assert_eq!((reply[0], relayed(&reply)), (0x7e, ErrorCode::KRB_AP_ERR_REPEAT));
}

#[test]
fn framed_requests_must_not_be_of_dce_style() {
    let forge = Forge::new(AES256).asking(ContextFlags::DCE_STYLE | ContextFlags::MUTUAL, b"");
    let verdict = ("wrong_framing", MajorStatus::DEFECTIVE_TOKEN, GENERIC);
    for config in [config(AES256), config(AES256).allow(Allow::BARE_AP_REQ)] {
        let error = refused(&config, &forge.token(), verdict);
        assert_eq!(error, AcceptorError::Framing { dce_style: true });
    }
}

#[test]
fn the_answer_names_the_mechanism_that_the_request_named() {
    for mechanism in [oid::KRB5, oid::KRB5_MICROSOFT, oid::KRB5_OLD] {
        let forge = Forge::new(AES256).asking(ContextFlags::MUTUAL, b"");
        let token = framed_for(&mechanism, [1, 0], &forge.message());
        let config = config(AES256);
        let (result, reply) = step(Acceptor::new(&config), &token, now_plus(0));
        assert!(result.is_ok());
        let framed = gss_core::framing::Framed::parse(&reply).unwrap();
        assert_eq!((framed.mechanism, &framed.inner[..2]), (mechanism, &[2, 0][..]));
    }
}

#[test]
fn bytes_that_are_no_context_token() {
    let message = Forge::new(AES256).message();
    let verdict = ("malformed_token", MajorStatus::DEFECTIVE_TOKEN, None);
    let fails = |token: &[u8]| match refused(&config(AES256), token, verdict) {
        AcceptorError::Token(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(fails(b""), TokenError::Empty);
    assert_eq!(fails(b"NTLMSSP\0"), TokenError::Unrecognised { first: b'N' });
    let other = framed_for(&oid::NTLMSSP, [1, 0], &message);
    assert_eq!(fails(&other), TokenError::Mechanism { found: oid::NTLMSSP });
    let iakerb = framed_for(&oid::IAKERB, [1, 0], &message);
    assert_eq!(fails(&iakerb), TokenError::Mechanism { found: oid::IAKERB });
    let mut long = Forge::new(AES256).token();
    long.push(0);
    assert!(matches!(fails(&long), TokenError::Frame(FrameError::Der(_))));
    let mut short = Forge::new(AES256).token();
    short.pop();
    assert!(matches!(fails(&short), TokenError::Frame(FrameError::Der(_))));
}

#[test]
fn other_messages_than_an_ap_req() {
    let verdict = ("unexpected_token", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_MSG_TYPE));
    let message = Forge::new(AES256).message();
    for id in [TokenId::AP_REP, TokenId::KRB_ERROR, TokenId::IAKERB_PROXY, TokenId([4, 0]), TokenId([0, 1])] {
        let error = refused(&config(AES256), &framed(id.0, &message), verdict);
        assert_eq!(error, AcceptorError::UnexpectedToken { found: id });
    }
    // The acceptor's own answers, returned to it.
    let forge = Forge::new(AES256).asking(ContextFlags::MUTUAL, b"");
    let config = config(AES256);
    let (_, own) = step(Acceptor::new(&config), &forge.token(), now_plus(0));
    refused(&config, &own, verdict);
    let (_, own) = step(Acceptor::new(&config), &forge.token(), now_plus(0));
    refused(&config, &own, verdict);
}

#[test]
fn a_krb_error_names_our_service_and_our_time() {
    use krb5_asn1::{Decode, KrbError};
    let mut forge = Forge::new(AES256);
    forge.maker.service = "HTTP/what-they-said@EXAMPLE.COM".parse().unwrap();
    forge.checksum = None;
    let config = config(AES256);
    let (result, reply) = step(Acceptor::new(&config), &forge.token(), now_plus(7));
    result.unwrap_err();
    let (id, message) = crate::forge::unframed(&reply);
    let error = KrbError::from_der(message).unwrap();
    assert_eq!(id, [3, 0]);
    assert_eq!((error.stime.unix_seconds(), error.susec.get()), (now_plus(7).seconds(), 0));
    assert_eq!(error.error_code, ErrorCode::KRB_AP_ERR_INAPP_CKSUM);
    assert_eq!(error.realm.as_bytes(), b"EXAMPLE.COM");
    assert!(error.sname.is(&["HTTP", "www.example.com"]) && error.cname.is_none() && error.e_text.is_none());

    // Without a key there is no name; the error is told nevertheless.
    let empty = gss_krb5::AcceptorConfig::new(
        ServiceKeys::new(),
        gss_krb5::replay::MemoryReplayCache::with_capacity(1),
    );
    let (_, reply) = step(Acceptor::new(&empty), &forge.token(), now_plus(0));
    assert_eq!(relayed(&reply), ErrorCode::KRB_AP_ERR_NOKEY);
}

#[test]
fn dce_style_works_out_mutual_authentication_by_itself() {
    let mut forge = Forge::new(AES256);
    forge.checksum = Some((ChecksumType::GSS, checksum(ContextFlags::DCE_STYLE, b"")));
    let config = config(AES256);
    let (third, reply) = waiting_acceptor(&config, &forge.message());
    let ours = Reply::open(&forge.maker.session_key, &reply);
    let answer = Reply { time: now_plus(0), subkey: None, sequence: ours.sequence };
    match step(third, &answer.message(&forge.maker.session_key), now_plus(0)).0 {
        Ok(Step::Done(context)) => assert!(context.facts().flags.contains(ContextFlags::MUTUAL)),
        other => panic!("{other:?}"),
    }
}

/// An acceptor that wants the third token, and its answer.
fn waiting_acceptor<'c>(
    config: &'c gss_krb5::AcceptorConfig,
    message: &[u8],
) -> (Acceptor<&'c gss_krb5::AcceptorConfig>, Vec<u8>) {
    match step(Acceptor::new(config), message, now_plus(0)) {
        (Ok(Step::Continue(next)), reply) => (next, reply),
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn an_initiator_of_dce_style_is_not_framed() {
    let initiator = crate::world::initiator(AES256).flags(ContextFlags::DCE_STYLE);
    let (_, token) = waiting(initiator, now_plus(0));
    assert_eq!(token[0], 0x6e);
    // Taken for a request without DCE style, it is still one of DCE style.
    let config = config(AES256).allow(Allow::BARE_AP_REQ);
    assert!(matches!(step(Acceptor::new(&config), &token, now_plus(0)).0, Ok(Step::Continue(_))));
    accept(&config, &Forge::new(AES256).message()).unwrap();
}
