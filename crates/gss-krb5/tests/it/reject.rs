//! Every rule broken once: what the acceptor and the initiator say, and what reaches the other side.

mod authenticator;
mod delegation;
mod framing;
mod initiator;
mod output;
mod third_leg;
mod ticket;

use crate::world::{AES256, held, maker, now_plus, step, waiting};
use core::ops::Deref;
use gss_core::{Diagnose, MajorStatus, Timestamp};
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Initiator, InitiatorError};
use krb5_asn1::ErrorCode;

/// What a refusal says to programs: `code()`, `major()` and the code of the KRB-ERROR, if one is sent.
type Verdict = (&'static str, MajorStatus, Option<ErrorCode>);

/// Hands `token` to a new acceptor and sees it refused for this reason; the initiator must learn the same.
#[track_caller]
fn refused(config: &AcceptorConfig, token: &[u8], verdict: Verdict) -> AcceptorError {
    refused_by(Acceptor::new(config), token, verdict)
}

#[track_caller]
fn refused_by<P>(acceptor: Acceptor<P>, token: &[u8], verdict: Verdict) -> AcceptorError
where
    P: Deref<Target = AcceptorConfig>,
{
    let (error, reply) = match step(acceptor, token, now_plus(0)) {
        (Err(error), reply) => (error, reply),
        (Ok(step), _) => panic!("accepted, expected {verdict:?}: {step:?}"),
    };
    assert_eq!((error.code(), error.major(), error.krb_error()), verdict, "{error}");
    assert_eq!(error.minor(), verdict.2.map(|code| code.0));
    let text = error.to_string();
    assert!(!text.is_empty() && !text.ends_with('.'), "{text:?}");
    match verdict.2 {
        None => assert!(reply.is_empty(), "nothing can be said to the initiator"),
        Some(code) => assert_eq!(relayed(&reply), code, "what the initiator learns"),
    }
    error
}

/// What an initiator reads in an acceptor's KRB-ERROR token.
#[track_caller]
fn relayed(reply: &[u8]) -> ErrorCode {
    let (initiator, _) = waiting(Initiator::new(held(&maker(AES256))), now_plus(0));
    match step(initiator, reply, now_plus(0)).0 {
        Err(InitiatorError::Refused(refusal)) => {
            assert_eq!((refusal.server_time, refusal.ahead), (now_plus(0), 0));
            refusal.code
        }
        other => panic!("not taken for a refusal: {other:?}"),
    }
}

/// The waiting initiator gets `token`, and gives up for this reason. It must never answer.
#[track_caller]
fn given_up<C: gss_krb5::HeldTicket>(
    initiator: Initiator<C>,
    token: &[u8],
    now: Timestamp,
    verdict: (&str, MajorStatus, Option<ErrorCode>),
) -> InitiatorError {
    let error = match step(initiator, token, now) {
        (Err(error), reply) => {
            assert!(reply.is_empty(), "an initiator that gives up says nothing");
            error
        }
        (Ok(_), _) => panic!("went on, expected {verdict:?}"),
    };
    let minor = verdict.2.map(|code| code.0);
    assert_eq!((error.code(), error.major(), error.minor()), (verdict.0, verdict.1, minor), "{error}");
    let text = error.to_string();
    assert!(!text.is_empty() && !text.ends_with('.'), "{text:?}");
    error
}
