//! Every combination of token count, preference, integrity and size ends well, and both sides agree on how.

use crate::pair::{acceptor, converse, initiator, step};
use crate::scripted::{Script, Scripted};
use gss_core::{Env, Handshake, SliceSink, Step, Timestamp, oid};
use gss_spnego::{Acceptor, Initiator, Offer};
use test_support::TestRng;

/// Initiator's and acceptor's mechanisms, and whether the list has to be protected.
pub(crate) fn arrangements(script: Script) -> [(Vec<Script>, Vec<Script>, bool); 5] {
    let (better, worse) = (Script::new(oid::IAKERB, 2), Script::ntlm());
    [
        (vec![script], vec![script], false),
        (vec![script, worse], vec![script, worse], false),
        (vec![script, worse], vec![better, script], true),
        (vec![better, script], vec![script], true),
        (vec![better, worse, script], vec![script, Script::new(oid::KRB5_USER_TO_USER, 1)], true),
    ]
}

#[test]
fn both_sides_finish_and_agree() {
    let mut conversations = 0;
    for tokens in 1..=5 {
        for (integrity, needs_mic) in [(true, false), (true, true), (false, false), (false, true)] {
            for padding in [0, 100, 250, 70_000] {
                let script = Script { integrity, needs_mic, padding, ..Script::krb5(tokens) };
                for (ours, theirs, listed) in arrangements(script) {
                    let talk = converse(initiator(&ours), acceptor(&theirs));
                    let expected = match (integrity, needs_mic || listed) {
                        (true, true) => "verified",
                        (true, false) => "not_required",
                        (false, _) => "no_integrity",
                    };
                    assert_eq!(talk.mic(), (expected, expected), "{script:?} {:?}", talk.trace());
                    assert_eq!(talk.mechanism(), oid::KRB5);
                    // At most a choice, and a MIC each way, beside the mechanism's own tokens.
                    assert!(talk.tokens.len() <= usize::from(tokens) + 4, "{:?}", talk.trace());
                    conversations += 1;
                }
            }
        }
    }
    assert_eq!(conversations, 400);
}

#[test]
fn arrays_and_fixed_buffers_do_without_a_heap() {
    let offer = |script: Script, start: fn(Script) -> Scripted| Offer::new(script.mechanism, start(script));
    let (krb5, ntlm) = (Script::krb5(2), Script::ntlm());
    let initiator = Initiator::new([offer(krb5, Script::initiator), offer(ntlm, Script::initiator)]);
    let acceptor = Acceptor::new([offer(ntlm, Script::acceptor)]);
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let (mut left, mut right) = (Step::Continue(initiator), Step::Continue(acceptor));
    let (mut ours, mut theirs) = ([0; 256], [0; 256]);
    let mut received = 0;
    loop {
        let mut sent = SliceSink::new(&mut ours);
        if let Step::Continue(state) = left {
            left = state.step(&mut theirs[..received], &mut sent, &mut env).unwrap();
        }
        let sent = sent.into_written();
        let mut reply = SliceSink::new(&mut theirs);
        if let Step::Continue(state) = right {
            right = state.step(sent, &mut reply, &mut env).unwrap();
        }
        received = reply.into_written().len();
        if let (Step::Done(left), Step::Done(right)) = (&left, &right) {
            assert!(left.mic().is_verified() && right.mic().is_verified());
            return;
        }
    }
}

#[test]
fn a_full_buffer_is_an_error_at_every_size() {
    let scripts = [Script::ntlm(), Script::krb5(2)];
    let (_, init) = step(initiator(&scripts[1..]), b"");
    let (_, reply) = step(acceptor(&scripts), &init);
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let mut rejects = 0;
    for room in 0..=reply.len() {
        let mut buffer = vec![0; room];
        let mut output = SliceSink::new(&mut buffer);
        let outcome = acceptor(&scripts).step(&mut init.clone(), &mut output, &mut env);
        let written = output.into_written();
        if room == reply.len() {
            assert!(outcome.is_ok());
            assert_eq!(written, reply);
        } else {
            assert!(gss_core::Diagnose::code(&outcome.unwrap_err()) == "output_too_small");
            // A refusal if there is room for one, or nothing; never half a token.
            assert!(written.is_empty() || crate::pair::show(written) == "resp reject");
            rejects += usize::from(!written.is_empty());
        }
    }
    assert!(rejects > 0);
}
