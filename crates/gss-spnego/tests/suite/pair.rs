//! Two sides that talk, with somebody in between who may change what they say.

use crate::scripted::{Context, Error as MechanismError, Script, Scripted};
use gss_core::{Diagnose, Env, Handshake, Oid, SecurityContext, Step, Timestamp, oid};
use gss_spnego::wire::{Field, MechTypeList, NegTokenResp, NegotiationToken};
use gss_spnego::{Acceptor, Error, Established, Initiator, Offer};
use test_support::TestRng;
use test_support::pair::{End, Pair};

pub(crate) type SpnegoError = Error<MechanismError>;
pub(crate) type Outcome = Result<Established<Context>, SpnegoError>;
pub(crate) type TestInitiator = Initiator<Vec<Offer<Scripted>>>;
pub(crate) type TestAcceptor = Acceptor<Vec<Offer<Scripted>>>;

pub(crate) fn initiator(scripts: &[Script]) -> TestInitiator {
    Initiator::new(scripts.iter().map(|script| Offer::new(script.mechanism, script.initiator())).collect())
}

pub(crate) fn acceptor(scripts: &[Script]) -> TestAcceptor {
    Acceptor::new(scripts.iter().map(|script| Offer::new(script.mechanism, script.acceptor())).collect())
}

type StepOf<S> = Result<Step<S, <S as Handshake>::Established>, <S as Handshake>::Error>;

/// One step of either side: what comes next, and what it sent.
pub(crate) fn step<S: Handshake>(state: S, token: &[u8]) -> (StepOf<S>, Vec<u8>) {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let mut output = Vec::from(*b"before");
    let outcome = state.step(&mut token.to_vec(), &mut output, &mut env);
    assert_eq!(output[..6], *b"before", "what the sink held stays");
    (outcome, output.split_off(6))
}

/// A step that must lead to another one.
#[track_caller]
pub(crate) fn go_on<S: Handshake<Error = SpnegoError>>(state: S, token: &[u8]) -> (S, Vec<u8>) {
    match step(state, token) {
        (Ok(Step::Continue(next)), output) => (next, output),
        (Ok(Step::Done(_)), output) => panic!("done, with {}", show(&output)),
        (Err(error), _) => panic!("{error}"),
    }
}

/// A step that must be the last.
#[track_caller]
pub(crate) fn complete<S: Handshake<Error = SpnegoError>>(
    state: S,
    token: &[u8],
) -> (S::Established, Vec<u8>) {
    match step(state, token) {
        (Ok(Step::Done(context)), output) => (context, output),
        (Ok(Step::Continue(_)), output) => panic!("not done, with {}", show(&output)),
        (Err(error), _) => panic!("{error}"),
    }
}

/// A step that must fail: the code of its error, and what it sent.
#[track_caller]
pub(crate) fn fail<S: Handshake<Error = SpnegoError>>(state: S, token: &[u8]) -> (&'static str, String) {
    match step(state, token) {
        (Ok(_), output) => panic!("accepted, with {}", show(&output)),
        (Err(error), output) => (error.code(), show(&output)),
    }
}

/// How a conversation went.
pub(crate) struct Conversation {
    /// `None` when the side still waits for a token.
    pub(crate) initiator: Option<Outcome>,
    pub(crate) acceptor: Option<Outcome>,
    /// All that was sent, before tampering.
    pub(crate) tokens: Vec<Vec<u8>>,
}

impl Conversation {
    pub(crate) fn trace(&self) -> Vec<String> {
        self.tokens.iter().map(|token| show(token)).collect()
    }

    /// What both sides say about the MIC, when both are done.
    #[track_caller]
    pub(crate) fn mic(&self) -> (&'static str, &'static str) {
        let name = |outcome: &Option<Outcome>| match outcome {
            Some(Ok(context)) => context.mic().name(),
            Some(Err(error)) => panic!("{error}; {:?}", self.trace()),
            None => panic!("one side still waits; {:?}", self.trace()),
        };
        (name(&self.initiator), name(&self.acceptor))
    }

    #[track_caller]
    pub(crate) fn mechanism(&self) -> Oid {
        let Some(Ok(context)) = &self.initiator else { panic!("{:?}", self.trace()) };
        let Some(Ok(other)) = &self.acceptor else { panic!("{:?}", self.trace()) };
        assert_eq!(context.facts().mechanism, other.facts().mechanism);
        context.facts().mechanism
    }

    /// The codes of the errors, `-` for none.
    pub(crate) fn errors(&self) -> (&'static str, &'static str) {
        let code = |outcome: &Option<Outcome>| match outcome {
            Some(Err(error)) => error.code(),
            _ => "-",
        };
        (code(&self.initiator), code(&self.acceptor))
    }
}

pub(crate) fn converse(initiator: TestInitiator, acceptor: TestAcceptor) -> Conversation {
    tampered(initiator, acceptor, |_, _| {})
}

/// Lets both talk; `tamper` sees each token with its number, from 0 on.
pub(crate) fn tampered(
    initiator: TestInitiator,
    acceptor: TestAcceptor,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Conversation {
    let mut tokens = Vec::new();
    let mut pair = Pair::at(0).tampering(|leg| {
        tokens.push(leg.token.clone());
        tamper(leg.index, leg.token);
    });
    let run = pair.run(initiator, acceptor);
    drop(pair);
    Conversation { initiator: outcome(run.initiator), acceptor: outcome(run.acceptor), tokens }
}

fn outcome<H: Handshake<Established = Established<Context>, Error = SpnegoError>>(
    end: End<H>,
) -> Option<Outcome> {
    match end {
        End::Done(context) => Some(Ok(context)),
        End::Failed(error) => Some(Err(error)),
        End::Waiting(_) => None,
    }
}

/// A token in words: `init [krb5 ntlm] token`, `resp request-mic krb5 token mic`.
pub(crate) fn show(token: &[u8]) -> String {
    let name = |oid: Option<Oid>| oid.as_ref().and_then(oid::mechanism_name).unwrap_or("?");
    let mut words = Vec::new();
    let (token_field, mic) = match NegotiationToken::parse(token) {
        _ if token.is_empty() => return "nothing".into(),
        Err(_) => return "raw".into(),
        Ok(NegotiationToken::Init(init)) => {
            words.push("init".to_owned());
            let names: Vec<_> =
                init.mech_types.iter().flat_map(MechTypeList::iter).map(|it| name(it.oid())).collect();
            words.push(format!("[{}]", names.join(" ")));
            words.extend(init.hints.map(|_| "hints".into()));
            (init.mech_token, init.mech_list_mic)
        }
        Ok(NegotiationToken::Resp(resp)) => {
            words.push("resp".into());
            words.extend(resp.state.map(|state| state.to_string()));
            words.extend(resp.supported_mech.map(|it| name(it.oid()).to_owned()));
            (resp.response_token, resp.mech_list_mic)
        }
    };
    words.extend(token_field.map(|_| "token".into()));
    words.extend(mic.map(|_| "mic".into()));
    words.join(" ")
}

/// Takes a `NegTokenResp` apart, changes it, and puts it together again.
pub(crate) fn edit_resp(token: &mut Vec<u8>, edit: impl FnOnce(&mut NegTokenResp<'_>)) {
    let mut edited = Vec::new();
    let NegotiationToken::Resp(mut resp) = NegotiationToken::parse(token).unwrap() else {
        panic!("{} is no NegTokenResp", show(token))
    };
    edit(&mut resp);
    resp.write(&mut edited).unwrap();
    *token = edited;
}

pub(crate) fn field(bytes: &[u8]) -> Option<Field<'_>> {
    Some(Field::new(bytes))
}
