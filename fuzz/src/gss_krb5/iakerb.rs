//! IAKERB, both sides.

use super::acceptor::Settings;
use super::{held, maker};
use crate::input::{Input, check_error, rng};
use crate::krb5_crypto::ENCTYPES;
use ::gss_core::{Blame, Diagnose, Env, Handshake, MajorStatus, Step};
use ::gss_krb5::Acceptor;
use ::gss_krb5::iakerb::{
    IakerbAcceptor, IakerbInitiator, IakerbStep, KdcFailure, MAX_HOPS, TicketSource, TicketStep,
};
use core::fmt;

/// One side or the other.
pub fn either(input: &[u8]) {
    match input {
        [0, rest @ ..] => acceptor(rest),
        [_, rest @ ..] => initiator(rest),
        [] => {}
    }
}

/// Tokens for the acceptor, with replies of the KDC between them. It ends after [`MAX_HOPS`] tokens at the latest.
fn acceptor(input: &[u8]) {
    let mut input = Input::new(input);
    let settings = Settings::take(&mut input);
    let enctype = *input.pick(ENCTYPES);
    let config = settings.config(maker(enctype, enctype).service_key);
    let mut rng = rng();
    let mut env = Env::new(settings.now(), &mut rng);
    let mut state = IakerbAcceptor::new(Acceptor::new(&config), "INTEROP.TEST");
    for hop in 0.. {
        assert!(hop <= MAX_HOPS, "the exchange has no end");
        let mut output = Vec::new();
        let next = match state.step(&mut input.chunk().to_vec(), &mut output, &mut env) {
            Ok(IakerbStep::Continue(next)) => Ok(next),
            Ok(IakerbStep::Relay(relay)) => {
                assert!(!relay.realm().is_empty() && !relay.request().is_empty());
                match input.byte() % 4 {
                    0 => relay.fail(KdcFailure::NotFound, &mut output, &env),
                    1 => relay.fail(KdcFailure::NoResponse, &mut output, &env),
                    _ => relay.answer(input.chunk(), &mut output),
                }
            }
            Ok(IakerbStep::Kerberos(next)) => {
                return match next.step(&mut input.chunk().to_vec(), &mut output, &mut env) {
                    Ok(Step::Continue(_)) => panic!("there is no fourth leg"),
                    Ok(Step::Done(_)) => {}
                    Err(error) => check_error(&error),
                };
            }
            Ok(IakerbStep::Done(mut context)) => {
                return super::acceptor::check_context(&settings, &mut context);
            }
            Err(error) => Err(error),
        };
        state = match next {
            Ok(next) => next,
            Err(error) => return check_error(&error),
        };
        assert!(!output.is_empty(), "the initiator waits for an answer");
    }
}

/// Replies of any kind for the initiator, whose source asks what the input says.
fn initiator(input: &[u8]) {
    let mut input = Input::new(input);
    let script = input.chunk();
    let mut rng = rng();
    let mut env = Env::new(super::NOW_TIME, &mut rng);
    let mut state = IakerbInitiator::new(Source { script: Input::new(script) });
    let mut token = Vec::new();
    for hop in 0.. {
        assert!(hop <= MAX_HOPS + 2, "the exchange has no end");
        let mut output = Vec::new();
        match state.step(&mut token, &mut output, &mut env) {
            Ok(Step::Continue(next)) => state = next,
            Ok(Step::Done(_)) => return,
            Err(error) => return check_error(&error),
        }
        assert!(!output.is_empty(), "the acceptor waits for a token");
        token = match input.byte() % 2 {
            // What goes out is what an acceptor would send, too.
            0 => output,
            _ => input.chunk().to_vec(),
        };
    }
}

/// Asks what its script says, and then has a ticket.
struct Source<'s> {
    script: Input<'s>,
}

impl TicketSource for Source<'_> {
    type Error = Refused;

    fn advance(
        &mut self,
        realm: Option<&str>,
        reply: Option<&[u8]>,
        _: &mut Env<'_>,
    ) -> Result<TicketStep, Refused> {
        assert!(reply.is_none_or(|reply| !reply.is_empty()));
        match self.script.byte() {
            1 => Ok(TicketStep::AskRealm),
            2 => {
                let realm = realm.unwrap_or("REALM").to_owned();
                Ok(TicketStep::Request { realm, message: self.script.chunk().to_vec() })
            }
            3 => Err(Refused),
            _ => Ok(TicketStep::Ticket(held(&maker(ENCTYPES[1], ENCTYPES[0])))),
        }
    }
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script ends here")
    }
}

impl core::error::Error for Refused {}

impl Diagnose for Refused {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        "refused"
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}
