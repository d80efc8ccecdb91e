//! Both sides with a scripted mechanism: against any tokens, and against each other with one token changed.

use super::scripted::{Context, Script, Scripted};
use crate::input::{Input, check_error, rng};
use ::gss_core::{ContextFlags, Env, Handshake, Role, SecurityContext, Step, Timestamp, oid};
use ::gss_spnego::wire::{NegState, NegotiationToken};
use ::gss_spnego::{Acceptor, Established, Initiator, Offer, RawTokens, RequestMic};

type Offers = Vec<Offer<Scripted>>;

/// More tokens than any negotiation here has.
const MAX_TOKENS: usize = 16;

/// Any tokens for an acceptor.
pub fn acceptor(input: &[u8]) {
    let mut input = Input::new(input);
    let raw = *input.pick(&[RawTokens::Refuse, RawTokens::Accept, RawTokens::AcceptBareApReq]);
    let acceptor = make_acceptor(&mut input, raw);
    answer_all(acceptor, &mut input, raw != RawTokens::Refuse);
}

/// Any tokens for an initiator.
pub fn initiator(input: &[u8]) {
    let mut input = Input::new(input);
    let initiator = make_initiator(&mut input);
    answer_all(initiator, &mut input, false);
}

/// Gives a side one token after the other.
fn answer_all<S>(mut state: S, input: &mut Input<'_>, raw: bool)
where
    S: Handshake<Established = Established<Context>>,
{
    for number in 0.. {
        assert!(number < MAX_TOKENS, "the negotiation has no end");
        let token = input.chunk();
        let (outcome, output) = step(state, token);
        match outcome {
            Ok(Step::Continue(next)) => state = next,
            Ok(Step::Done(context)) => {
                check_established(&context, raw);
                return check_output(&output, raw);
            }
            Err(error) => {
                check_error(&error);
                if !raw && !output.is_empty() {
                    let token = NegotiationToken::parse(&output).expect("a token");
                    assert!(
                        matches!(token, NegotiationToken::Resp(resp) if resp.state == Some(NegState::REJECT))
                    );
                }
                return;
            }
        }
        check_output(&output, raw);
        if input.is_empty() {
            return;
        }
    }
}

/// What both sides agree on is the same, whatever happens to one of the tokens; and where both verified the MIC, both
/// saw the same list.
pub fn pair(input: &[u8]) {
    let mut input = Input::new(input);
    let initiator = make_initiator(&mut input);
    let acceptor = make_acceptor(&mut input, RawTokens::Refuse);
    let (changed, replacement) = (usize::from(input.byte()), input.chunk());
    let edits = input.rest();
    let run = run(initiator, acceptor, |number, token| {
        if number == changed {
            edit(token, replacement, edits);
        }
    });
    let (Some(ours), Some(theirs)) = (run.initiator, run.acceptor) else { return };
    assert!(oid::same_mechanism(&ours.facts().mechanism, &theirs.facts().mechanism));
}

/// The tokens of a negotiation that nobody disturbs, for seeds.
pub fn converse(initiator: &mut Input<'_>, acceptor: &mut Input<'_>) -> Vec<Vec<u8>> {
    run(make_initiator(initiator), make_acceptor(acceptor, RawTokens::Refuse), |_, _| {}).tokens
}

struct Run {
    initiator: Option<Established<Context>>,
    acceptor: Option<Established<Context>>,
    tokens: Vec<Vec<u8>>,
}

fn run(
    initiator: Initiator<Offers>,
    acceptor: Acceptor<Offers>,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Run {
    let (mut initiator, mut acceptor) = (Some(initiator), Some(acceptor));
    let mut run = Run { initiator: None, acceptor: None, tokens: Vec::new() };
    let mut token = Vec::new();
    loop {
        let number = run.tokens.len();
        assert!(number < MAX_TOKENS, "the negotiation runs in circles");
        let sent = match number % 2 {
            0 => turn(&mut initiator, &token, &mut run.initiator),
            _ => turn(&mut acceptor, &token, &mut run.acceptor),
        };
        token = match sent {
            Some(sent) if !sent.is_empty() => sent,
            _ => return run,
        };
        tamper(number, &mut token);
        run.tokens.push(token.clone());
    }
}

/// One side's turn; what it sends, `None` when it is through.
fn turn<S>(
    side: &mut Option<S>,
    token: &[u8],
    established: &mut Option<Established<Context>>,
) -> Option<Vec<u8>>
where
    S: Handshake<Established = Established<Context>>,
{
    let (outcome, output) = step(side.take()?, token);
    match outcome {
        Ok(Step::Continue(next)) => *side = Some(next),
        Ok(Step::Done(context)) => {
            check_established(&context, false);
            *established = Some(context);
        }
        Err(error) => check_error(&error),
    }
    Some(output)
}

type Outcome<S> = Result<Step<S, <S as Handshake>::Established>, <S as Handshake>::Error>;

/// One step: how it came out, and what it sent.
fn step<S: Handshake>(state: S, token: &[u8]) -> (Outcome<S>, Vec<u8>) {
    let mut rng = rng();
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let mut output = b"kept".to_vec();
    let outcome = state.step(&mut token.to_vec(), &mut output, &mut env);
    assert_eq!(output[..4], *b"kept", "what the sink held stays");
    (outcome, output.split_off(4))
}

/// Replaces a token, or single bytes of it: pairs of place and value.
fn edit(token: &mut Vec<u8>, replacement: &[u8], edits: &[u8]) {
    if !replacement.is_empty() {
        *token = replacement.to_vec();
    }
    for edit in edits.chunks_exact(2) {
        let len = token.len();
        token[usize::from(edit[0]) % len] = edit[1];
    }
}

/// A context that needed a MIC has one.
fn check_established(context: &Established<Context>, raw: bool) {
    let flags = context.facts().flags;
    let needed = context.needs_mech_list_mic() && flags.contains(ContextFlags::INTEGRITY);
    let negotiated = context.mic().name() != "not_negotiated";
    assert!(negotiated || raw);
    assert!(!needed || !negotiated || context.mic().is_verified());
    assert!(!context.mic().is_verified() || flags.contains(ContextFlags::INTEGRITY));
}

fn check_output(output: &[u8], raw: bool) {
    assert!(raw || output.is_empty() || NegotiationToken::parse(output).is_ok());
}

fn make_initiator(input: &mut Input<'_>) -> Initiator<Offers> {
    Initiator::new(offers(input, Script::initiator))
}

fn make_acceptor(input: &mut Input<'_>, raw: RawTokens) -> Acceptor<Offers> {
    let mic = *input.pick(&[RequestMic::UnlessPreferredByBoth, RequestMic::UnlessPreferredByInitiator]);
    Acceptor::new(offers(input, Script::acceptor)).with_raw_tokens(raw).with_request_mic(mic)
}

/// Up to three mechanisms, two bytes each.
fn offers(input: &mut Input<'_>, start: fn(Script) -> Scripted) -> Offers {
    let count = input.byte() % 4;
    (0..count).map(|_| script(input)).map(|script| Offer::new(script.mechanism, start(script))).collect()
}

fn script(input: &mut Input<'_>) -> Script {
    let mechanism = *input.pick(&[oid::KRB5, oid::NTLMSSP, oid::KRB5_MICROSOFT, oid::IAKERB]);
    let choices = input.byte();
    let mut script = Script::new(mechanism, 1 + choices % 4);
    if choices & 4 != 0 {
        script = script.without_integrity();
    }
    if choices & 8 != 0 {
        script = script.needing_mic();
    }
    if choices & 16 != 0 {
        let role = if choices & 32 == 0 { Role::Initiator } else { Role::Acceptor };
        script = script.failing(role, 1 + (choices >> 7), choices & 64 != 0);
    }
    script
}
