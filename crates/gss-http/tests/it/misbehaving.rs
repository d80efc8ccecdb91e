//! Mechanisms that break the contract of a handshake or its measure, mechanisms behind pointers, and arbitrary input.

use crate::scripted::{Form, Scripted, ScriptedContext, ScriptedError};
use crate::support::direct;
use gss_core::dynamic::{BoxError, BoxHandshake};
use gss_core::{Blame, Diagnose, Env, Handshake, Role, Step, Timestamp, TokenSink, oid};
use gss_http::challenge::{FieldError, FieldErrorKind};
use gss_http::legs::TokenError;
use gss_http::legs::server::MAX_ERROR_TOKEN;
use gss_http::{
    Answer, Authenticated, Client, ClientError, ClientPolicy, FailureReply, HeaderValue, Need, Outcome,
    Persist, Request, Response, Scheme, Schemes, ServerConnection, ServerError, ServerPolicy, Side, Unbound,
    Version,
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
    let acceptor = |_| Ok(Fixed { speaks: [0, 0], fails: false });
    let answer = with_env(|env| connection.receive(direct(["Negotiate AAAA"]), acceptor, env));
    let Answer::Reject { reply, error: ServerError::NothingToSend } = answer else { panic!("{answer:?}") };
    assert_eq!(reply.status, 401);
    assert!(!connection.is_partial());
}

#[test]
fn long_error_tokens_are_left_out() {
    for (length, sent) in [(MAX_ERROR_TOKEN, true), (MAX_ERROR_TOKEN + 1, false)] {
        let policy = ServerPolicy { failure: FailureReply::ErrorToken, ..ServerPolicy::default() };
        let mut connection = ServerConnection::new(policy);
        let acceptor = |_| Ok(Fixed { speaks: [length; 2], fails: true });
        let answer = with_env(|env| connection.receive(direct(["Negotiate AAAA"]), acceptor, env));
        let Answer::Reject { reply, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(reply.fields[0].value.as_str() != "Negotiate", sent, "{length}");
    }
}

#[test]
fn mechanisms_chosen_at_run_time_work_too() {
    let mut connection = ServerConnection::<BoxHandshake<'_>>::new(ServerPolicy::default());
    let initiator: BoxHandshake<'_> = Box::new(Scripted::initiator(3, 7));
    let (mut field, mut exchange) =
        with_env(|env| Client::new(initiator, ClientPolicy::default()).preempt(env)).unwrap();
    loop {
        let acceptor = |_| Ok(Box::new(Scripted::acceptor(3)) as BoxHandshake<'_>);
        let answer = with_env(|env| connection.receive(direct([&field.value]), acceptor, env));
        let (status, fields) = match answer {
            Answer::Continue(reply) => (reply.status, reply.fields),
            Answer::Accepted { fields, .. } => (200, fields),
            other => panic!("{other:?}"),
        };
        let lines = fields.iter().filter(|field| field.name == "WWW-Authenticate").map(|field| &field.value);
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
    let scheme = Scheme::Ntlm;
    let unbound = |why| ServerError::Unbound { need: Need::Ntlm, why };
    let table = [
        (ServerError::Expired { age: 61, limit: 60 }, [401, 407]),
        (field(FieldErrorKind::NotAList), [400, 400]),
        (field(FieldErrorKind::FieldTooLong { found: 1 }), [431, 431]),
        (ServerError::Handshake(mechanism()), [401, 407]),
        (ServerError::MissingToken { scheme }, [401, 407]),
        (ServerError::NothingToContinue, [401, 407]),
        (ServerError::NothingToSend, [401, 407]),
        (ServerError::Token(TokenError::TooLong { found: 2, limit: 1 }), [431, 431]),
        (ServerError::Token(TokenError::Base64(gss_http::base64::Base64Error::TrailingBits)), [400, 400]),
        (ServerError::Token(TokenError::NotNtlm), [401, 407]),
        (ServerError::Token(TokenError::WrongNtlmMessage { found: Some(2), expected: &[1, 3] }), [401, 407]),
        (ServerError::TooManyLegs { limit: 1 }, [401, 407]),
        (unbound(Unbound::Http2), [401, 407]),
        (unbound(Unbound::Never), [401, 407]),
        (unbound(Unbound::Via), [401, 407]),
        (ServerError::UnexpectedParams { scheme }, [400, 400]),
        (ServerError::WrongMechanism, [500, 500]),
    ];
    let mut codes = Vec::new();
    for (error, [origin, proxy]) in &table {
        assert_eq!((error.status(Side::Origin), error.status(Side::Proxy)), (*origin, *proxy), "{error}");
        assert!(!codes.contains(&error.code()), "{error}");
        codes.push(error.code());
        assert_eq!(error.needs_http11(), error.code() == "http_needs_http11");
    }
    assert_eq!(ServerError::NoAcceptor(mechanism()).status(Side::Proxy), 500);
    let busy = ServerError::Handshake(BoxError::new(gss_core::MessageError::Unavailable));
    assert_eq!((busy.status(Side::Origin), busy.status(Side::Proxy)), (503, 503));
    assert_eq!(unbound(Unbound::Http3).code(), "http_needs_http11", "the same rule as HTTP/2");
    assert!(unbound(Unbound::Http3).needs_http11());
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let token = (any::<bool>(), any::<bool>(), 1u8..6, 0u8..2).prop_map(|(ntlm, raw, number, user)| {
        let scheme = if ntlm { Scheme::Ntlm } else { Scheme::Negotiate };
        let form = if raw || ntlm { Form::Ntlm } else { Form::Spnego };
        HeaderValue::token(scheme, &form.token(number, user)).into_string().into_bytes()
    });
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "(Negotiate|negotiate|NTLM|Basic realm=\"x)[ ,=a-zA-Z0-9+/\"]{0,20}".prop_map(String::into_bytes),
        token.boxed(),
    ]
}

/// A script, and whether it is NTLM, in SPNEGO or by itself.
fn script() -> impl Strategy<Value = Scripted> {
    (1u8..6, 0u8..3).prop_map(|(messages, kind)| match kind {
        0 => Scripted::acceptor(messages),
        1 => Scripted::acceptor(messages).ntlm_inside(),
        _ => Scripted::acceptor(messages).raw_ntlm(),
    })
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![8 => Just(Version::Http1), 1 => Just(Version::Http2), 1 => Just(Version::Http3)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn a_server_answers_whatever_comes(
        acceptor in script(),
        (all, allow_via) in any::<(bool, bool)>(),
        requests in proptest::collection::vec(
            (proptest::collection::vec(line(), 0..2), version(), proptest::bool::weighted(0.1)),
            0..12,
        ),
    ) {
        let policy = ServerPolicy {
            schemes: Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm),
            persist: if all { Persist::All } else { Persist::Ntlm },
            allow_via,
            ..ServerPolicy::default()
        };
        let ntlm = acceptor.mechanism == oid::NTLMSSP;
        let mut connection = ServerConnection::new(policy);
        // Whose the connection is, and whether it is nobody's any more.
        let (mut owner, mut shared) = (None, false);
        for (lines, version, via) in requests {
            let was_partial = connection.is_partial();
            shared |= version != Version::Http1 || (via && !allow_via);
            if shared || !lines.is_empty() {
                owner = None;
            }
            let request = Request { credentials: &lines, version, via };
            let answer = with_env(|env| connection.receive(request, |_| Ok(acceptor), env));
            let continues = matches!(answer, Answer::Continue(_));
            match &answer {
                Answer::Challenge(reply) | Answer::Continue(reply) => {
                    prop_assert_eq!(owner, None, "the owner is asked who it is");
                    prop_assert_eq!(reply.status, 401);
                    prop_assert!(!reply.fields.is_empty());
                    prop_assert!(!(shared && continues));
                }
                Answer::Accepted { context, fields } if lines.is_empty() => {
                    prop_assert_eq!(Some(context.0.user), owner);
                    prop_assert!(matches!(context, Authenticated::Connection(_)));
                    prop_assert!(fields.is_empty());
                }
                // Nobody gets in without the last token of the script, and that not out of nowhere.
                Answer::Accepted { context, .. } => {
                    prop_assert!(was_partial || acceptor.messages <= 2);
                    let last = if acceptor.messages % 2 == 1 { acceptor.messages } else { acceptor.messages - 1 };
                    let token = HeaderValue::token(Scheme::Negotiate, &acceptor.form.token(last, context.0.user)).into_string();
                    prop_assert!(lines[0].ends_with(&token.as_bytes()["Negotiate".len()..]));
                    let bound = matches!(context, Authenticated::Connection(_));
                    prop_assert_eq!(bound, !shared && (ntlm || all));
                    prop_assert!(!(shared && ntlm));
                    owner = bound.then_some(context.0.user);
                }
                Answer::Reject { reply, error } => {
                    prop_assert_eq!(reply.status, error.status(Side::Origin));
                    prop_assert_eq!(!reply.fields.is_empty(), reply.status == 401);
                }
            }
            if let Answer::Challenge(reply) | Answer::Reject { reply, .. } = &answer {
                let offers_ntlm = reply.fields.iter().any(|field| field.value.as_str() == "NTLM");
                prop_assert_eq!(offers_ntlm, reply.status == 401 && !shared);
            }
            prop_assert_eq!(connection.is_partial(), continues);
            prop_assert_eq!(connection.is_authenticated(), owner.is_some());
        }
    }

    #[test]
    fn a_client_takes_whatever_comes(
        acceptor in script(),
        scheme in prop_oneof![Just(Scheme::Negotiate), Just(Scheme::Ntlm)],
        version in version(),
        responses in proptest::collection::vec(
            (prop_oneof![Just(401u16), Just(200), Just(407), any::<u16>()], proptest::collection::vec(line(), 0..3)),
            0..8,
        ),
    ) {
        let initiator = Scripted { user: 1, role: Role::Initiator, ..acceptor };
        let policy = ClientPolicy { scheme, version, ..ClientPolicy::default() };
        let begun = with_env(|env| Client::new(initiator, policy).preempt(env));
        let possible = initiator.form == Form::Ntlm || scheme == Scheme::Negotiate;
        prop_assert_eq!(begun.is_ok(), possible && (initiator.form == Form::Spnego || version == Version::Http1));
        let Ok((_, mut exchange)) = begun else { return Ok(()) };
        for (status, lines) in &responses {
            match with_env(|env| exchange.receive(Response::new(*status, lines), env)) {
                Ok(Outcome::SendAgain { field, exchange: next }) => {
                    prop_assert_eq!(*status, 401);
                    prop_assert_eq!(version, Version::Http1);
                    prop_assert!(field.value.as_str().starts_with(scheme.name()));
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
