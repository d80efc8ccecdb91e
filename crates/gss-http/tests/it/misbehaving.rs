//! Mechanisms that break the contract of a handshake or its measure, mechanisms behind pointers, and arbitrary input.

use crate::scripted::{Scripted, ScriptedContext, ScriptedError};
use gss_core::dynamic::{BoxError, BoxHandshake};
use gss_core::{Blame, Diagnose, Env, Handshake, Step, Timestamp, TokenSink};
use gss_http::challenge::{FieldError, FieldErrorKind};
use gss_http::negotiate::TokenError;
use gss_http::negotiate::server::MAX_ERROR_TOKEN;
use gss_http::{
    Answer, Client, ClientError, ClientPolicy, FailureReply, HeaderValue, NEGOTIATE, Outcome, Response,
    ServerConnection, ServerError, ServerPolicy, Side,
};
use proptest::prelude::*;
use test_support::TestRng;

/// Does one thing at each step: says `speaks` bytes, and goes on or fails.
#[derive(Debug)]
struct Fixed {
    /// Bytes of output at this step and at the following ones.
    speaks: [usize; 2],
    fails: bool,
}

impl Handshake for Fixed {
    type Established = ScriptedContext;
    type Error = ScriptedError;

    fn step(
        self,
        _: &mut [u8],
        output: &mut dyn TokenSink,
        _: &mut Env<'_>,
    ) -> Result<Step<Self, ScriptedContext>, ScriptedError> {
        let [now, later] = self.speaks;
        output.grow(now).map_err(|_| ScriptedError)?;
        if self.fails { Err(ScriptedError) } else { Ok(Step::Continue(Self { speaks: [later; 2], ..self })) }
    }
}

fn with_env<R>(run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = TestRng::insecure(1);
    run(&mut Env::new(Timestamp::from_seconds(0), &mut rng))
}

#[test]
fn a_mechanism_that_says_nothing_stops_the_exchange() {
    let silent = |speaks| Client::new(Fixed { speaks, fails: false }, ClientPolicy::default());
    let error = with_env(|env| silent([0, 0]).preempt(env)).unwrap_err();
    assert_eq!((error.code(), error.blame()), ("http_nothing_to_send", Blame::Caller));
    let (_, exchange) = with_env(|env| silent([1, 0]).preempt(env)).unwrap();
    let error = with_env(|env| exchange.receive(Response::new(401, ["Negotiate AAAA"]), env)).unwrap_err();
    assert!(matches!(error, ClientError::NothingToSend));

    let mut connection = ServerConnection::new(ServerPolicy::default());
    let acceptor = || Ok(Fixed { speaks: [0, 0], fails: false });
    let answer = with_env(|env| connection.receive(["Negotiate AAAA"], acceptor, env));
    let Answer::Reject { reply, error: ServerError::NothingToSend } = answer else { panic!("{answer:?}") };
    assert_eq!(reply.status, 401);
    assert!(!connection.is_partial());
}

#[test]
fn long_error_tokens_are_left_out() {
    for (length, sent) in [(MAX_ERROR_TOKEN, true), (MAX_ERROR_TOKEN + 1, false)] {
        let policy = ServerPolicy { failure: FailureReply::ErrorToken, ..ServerPolicy::default() };
        let mut connection = ServerConnection::new(policy);
        let acceptor = || Ok(Fixed { speaks: [length; 2], fails: true });
        let answer = with_env(|env| connection.receive(["Negotiate AAAA"], acceptor, env));
        let Answer::Reject { reply, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(reply.field.unwrap().value.as_str() != NEGOTIATE, sent, "{length}");
    }
}

#[test]
fn mechanisms_chosen_at_run_time_work_too() {
    let mut connection = ServerConnection::<BoxHandshake<'_>>::new(ServerPolicy::default());
    let initiator: BoxHandshake<'_> = Box::new(Scripted::initiator(3, 7));
    let (mut field, mut exchange) =
        with_env(|env| Client::new(initiator, ClientPolicy::default()).preempt(env)).unwrap();
    loop {
        let acceptor = || Ok(Box::new(Scripted::acceptor(3)) as BoxHandshake<'_>);
        let answer = with_env(|env| connection.receive([&field.value], acceptor, env));
        let (status, challenge) = match answer {
            Answer::Continue(reply) => (reply.status, reply.field),
            Answer::Accepted { field, .. } => (200, field),
            other => panic!("{other:?}"),
        };
        let lines = challenge.as_ref().map(|field| &field.value);
        match with_env(|env| exchange.receive(Response::new(status, lines), env)).unwrap() {
            Outcome::SendAgain { field: next, exchange: after } => (field, exchange) = (next, after),
            Outcome::Done { .. } => return,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_error_has_its_status_and_its_own_code() {
    let field = |kind| ServerError::Field(FieldError { line: 0, offset: 0, kind });
    let mechanism = || BoxError::new(ScriptedError);
    let table = [
        (ServerError::Expired { age: 61, limit: 60 }, [401, 407]),
        (field(FieldErrorKind::NotAList), [400, 400]),
        (field(FieldErrorKind::FieldTooLong { found: 1 }), [431, 431]),
        (ServerError::Handshake(mechanism()), [401, 407]),
        (ServerError::MissingToken, [401, 407]),
        (ServerError::NothingToContinue, [401, 407]),
        (ServerError::NothingToSend, [401, 407]),
        (ServerError::SecondLegNeeded, [401, 407]),
        (ServerError::Token(TokenError::TooLong { found: 2, limit: 1 }), [431, 431]),
        (ServerError::Token(TokenError::Base64(gss_http::base64::Base64Error::TrailingBits)), [400, 400]),
        (ServerError::TooManyLegs { limit: 1 }, [401, 407]),
        (ServerError::UnexpectedParams, [400, 400]),
    ];
    let mut codes = Vec::new();
    for (error, [origin, proxy]) in &table {
        assert_eq!((error.status(Side::Origin), error.status(Side::Proxy)), (*origin, *proxy), "{error}");
        assert!(!codes.contains(&error.code()), "{error}");
        codes.push(error.code());
    }
    assert_eq!(ServerError::NoAcceptor(mechanism()).status(Side::Proxy), 500);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "(Negotiate|negotiate|NTLM|Basic realm=\"x)[ ,=a-zA-Z0-9+/\"]{0,20}".prop_map(String::into_bytes),
        (1u8..6, 0u8..2).prop_map(|(number, user)| {
            HeaderValue::negotiate(&Scripted::token(number, user)).into_string().into_bytes()
        }),
    ]
}

proptest! {
    #[test]
    fn a_server_answers_whatever_comes(
        messages in 1u8..6,
        requests in proptest::collection::vec(proptest::collection::vec(line(), 0..3), 0..8),
    ) {
        let mut connection = ServerConnection::new(ServerPolicy::default());
        for lines in requests {
            let was_partial = connection.is_partial();
            let answer = with_env(|env| connection.receive(&lines, || Ok(Scripted::acceptor(messages)), env));
            prop_assert_eq!(connection.is_partial(), matches!(answer, Answer::Continue(_)));
            match answer {
                Answer::Challenge(reply) | Answer::Continue(reply) => {
                    prop_assert_eq!(reply.status, 401);
                    prop_assert!(reply.field.is_some());
                }
                // Nobody gets in without the last token of the script, and that not out of nowhere.
                Answer::Accepted { context, .. } => {
                    prop_assert!(was_partial || messages <= 2);
                    prop_assert_eq!(lines.len(), 1);
                    let last = if messages % 2 == 1 { messages } else { messages - 1 };
                    let token = HeaderValue::negotiate(&Scripted::token(last, context.0.user));
                    prop_assert!(lines[0].ends_with(&token.as_bytes()[NEGOTIATE.len()..]));
                }
                Answer::Reject { reply, error } => {
                    prop_assert_eq!(reply.status, error.status(Side::Origin));
                    prop_assert_eq!(reply.field.is_some(), reply.status == 401);
                }
            }
        }
    }

    #[test]
    fn a_client_takes_whatever_comes(
        messages in 1u8..6,
        responses in proptest::collection::vec(
            (prop_oneof![Just(401u16), Just(200), Just(407), any::<u16>()], proptest::collection::vec(line(), 0..3)),
            0..8,
        ),
    ) {
        let client = Client::new(Scripted::initiator(messages, 1), ClientPolicy::default());
        let (_, mut exchange) = with_env(|env| client.preempt(env)).unwrap();
        for (status, lines) in &responses {
            match with_env(|env| exchange.receive(Response::new(*status, lines), env)) {
                Ok(Outcome::SendAgain { exchange: next, .. }) => {
                    prop_assert_eq!(*status, 401);
                    exchange = next;
                }
                Ok(Outcome::Wait(same)) => exchange = same,
                Ok(Outcome::Done { .. }) => {
                    prop_assert_ne!(*status, 401);
                    break;
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => {
                    prop_assert!(!error.to_string().is_empty());
                    break;
                }
            }
        }
    }
}
