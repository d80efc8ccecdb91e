//! Tokens of our own transcripts, taken once more.

use super::{config, initiator};
use crate::{Acceptor, AcceptorConfig, Diagnose, Env, Error, Framing, Handshake, Step, Timestamp};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gss_core::framing::frame_from;
use gss_core::oid;
use test_support::TestRng;
use test_support::ticket::{NOW, TicketMaker};

fn env<R>(run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    run(&mut Env::new(Timestamp::from_seconds(NOW), &mut TestRng::insecure(1)))
}

/// Takes the tokens one after the other, the first ones as repetitions.
fn accept(config: &Arc<AcceptorConfig>, repeats: usize, tokens: &[Vec<u8>]) -> Result<(), Error> {
    let mut acceptor = Acceptor::new(Arc::clone(config)).repeating_accepted_tokens(repeats);
    for token in tokens {
        acceptor = match env(|env| acceptor.step(&mut token.clone(), &mut Vec::new(), env))? {
            Step::Continue(next) => next,
            Step::Done(_) => return Ok(()),
        };
    }
    panic!("wants another token");
}

/// DER of a short value.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = Vec::from([tag, 0x82]);
    element.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
    if content.len() < 128 {
        element = Vec::from([tag, u8::try_from(content.len()).unwrap()]);
    }
    element.extend_from_slice(content);
    element
}

#[test]
fn only_the_steps_that_are_named_repeat() {
    let maker = TicketMaker::example();
    for framing in [Framing::Spnego, Framing::Raw] {
        let mut token = Vec::new();
        let side = if framing == Framing::Raw { initiator(&maker).raw() } else { initiator(&maker) };
        let _ = env(|env| side.step(&mut [], &mut token, env)).unwrap();
        let config = Arc::new(config(&maker).framing(framing));
        let tokens = [token];
        accept(&config, 0, &tokens).unwrap();
        for _ in 0..2 {
            assert_eq!(accept(&config, 0, &tokens).unwrap_err().code(), "replayed");
            accept(&config, 1, &tokens).unwrap();
        }
    }
}

#[test]
fn the_step_behind_them_asks_the_cache() {
    let maker = TicketMaker::example();
    // SPNEGO without an optimistic token, so that the mechanism begins in the second leg.
    let mut first = der(0x30, &der(0xa0, &der(0x30, &der(0x06, oid::KRB5.as_bytes()))));
    first = der(0xa0, &first);
    frame_from(&mut first, 0, &oid::SPNEGO).unwrap();
    let mut inner = Vec::new();
    let _ = env(|env| initiator(&maker).raw().step(&mut [], &mut inner, env)).unwrap();
    let second = der(0xa1, &der(0x30, &der(0xa2, &der(0x04, &inner))));
    let tokens = [first, second];
    let config = Arc::new(config(&maker));
    accept(&config, 0, &tokens).unwrap();
    for (repeats, code) in [(0, Some("replayed")), (1, Some("replayed")), (2, None), (1, Some("replayed"))] {
        let outcome = accept(&config, repeats, &tokens);
        assert_eq!(outcome.as_ref().err().map(Diagnose::code), code, "{repeats}");
    }
    // The repetition stops there even where it is the first time.
    let config = Arc::new(super::config(&maker));
    accept(&config, 1, &tokens).unwrap();
    assert_eq!(accept(&config, 1, &tokens).unwrap_err().code(), "replayed");
}
