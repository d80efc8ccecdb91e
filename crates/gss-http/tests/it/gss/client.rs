//! The client: what it believes, and when it gives up.

use super::script::{Toy, ToyContext, ToyError};
use super::world::{ORIGIN, START, Service, USER, at, begin, challenge, channel, code, get, respond};
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_core::{Blame, Diagnose, Timestamp};
use gss_http::gss::{
    Binding, Challenge, Client, ClientError, ClientPolicy, Exchange, Outcome, RequestParts, Response,
    SessionError, SessionOutcome,
};
use gss_http::legs::client::FinalToken;
use gss_http::{HeaderValue, Scheme, Side};

const ID: &str = "ctx=AAAAAAAAAAAAAAAAAAAAAA";

fn start(messages: u8, policy: ClientPolicy) -> Exchange<Toy> {
    let client = Client::new(Toy::initiator(messages, USER, None), None, ORIGIN, policy);
    at(START, |env| client.begin(env)).unwrap().1
}

fn receive(
    exchange: Exchange<Toy>,
    status: u16,
    challenges: &[&str],
    info: &[&str],
) -> Result<Outcome<Toy>, ClientError<ToyError>> {
    at(START, |env| exchange.receive(Response { status, challenges, info }, env))
}

/// A token of the acceptor, as a parameter.
fn data(number: u8) -> String {
    let bytes = [&[number, USER][..], &[0; 24]].concat();
    let value = HeaderValue::token(Scheme::Negotiate, &bytes).into_string();
    format!("data=\"{}\"", value.strip_prefix("Negotiate ").unwrap())
}

fn word(outcome: &Result<Outcome<Toy>, ClientError<ToyError>>) -> &str {
    match outcome {
        Ok(Outcome::SendAgain { .. }) => "again",
        Ok(Outcome::Done(_)) => "done",
        Ok(Outcome::Unproven) => "unproven",
        Ok(Outcome::Restart(_)) => "restart",
        Ok(Outcome::Wait(_)) => "wait",
        Err(error) => error.code(),
    }
}

#[test]
fn responses_to_a_first_token() {
    let (two, three, nine) = (data(2), data(3), data(9));
    let next = format!("GSS {ID}, state=continue, {two}");
    let last = format!("{ID}, state=complete, {two}");
    let complete = format!("GSS {last}");
    let lax = FinalToken::AllowMissing;
    let strict = FinalToken::Require;
    for (messages, status, challenges, info, final_token, expected) in [
        // Refusals and further legs.
        (4, 401, vec![next.clone()], vec![], strict, "again"),
        (4, 401, vec!["Negotiate".into(), next.clone(), next.clone()], vec![], strict, "again"),
        (4, 401, vec![next.clone(), complete.clone()], vec![], strict, "ambiguous_challenge"),
        (4, 401, vec![], vec![], strict, "gss_denied"),
        (4, 401, vec!["GSS".into()], vec![], strict, "gss_denied"),
        (4, 401, vec!["GSS state=error".into()], vec![], strict, "gss_denied"),
        (4, 401, vec![format!("GSS state=error, {nine}")], vec![], strict, "toy_token"),
        (4, 401, vec![format!("GSS state=error, {two}")], vec![], strict, "gss_denied"),
        (4, 401, vec![complete.clone()], vec![], strict, "gss_denied"),
        (4, 401, vec!["GSS stale=true".into()], vec![], strict, "gss_denied"),
        (4, 401, vec![format!("GSS state=continue, {two}")], vec![], strict, "gss_missing_context"),
        (4, 401, vec![format!("GSS {ID}, state=continue")], vec![], strict, "gss_missing_token"),
        (4, 401, vec![format!("GSS {ID}, state=continue, {nine}")], vec![], strict, "toy_token"),
        (2, 401, vec![next.clone()], vec![], strict, "gss_denied"),
        (1, 401, vec![next.clone()], vec![], strict, "gss_token_after_completion"),
        (4, 401, vec!["GSS AAAA".into()], vec![], strict, "gss_token68"),
        (4, 401, vec!["GSS state=maybe".into()], vec![], strict, "gss_param_unknown_word"),
        (4, 401, vec!["GSS state=\"x".into()], vec![], strict, "unclosed_quote"),
        // Answers.
        (2, 200, vec![], vec![last.clone()], strict, "done"),
        (2, 403, vec![], vec![format!("{ID}"), format!("state=complete, {two}, new=1")], strict, "done"),
        (2, 200, vec![complete.clone()], vec![], strict, "done"),
        (2, 200, vec![complete.clone()], vec![last.clone()], strict, "done"),
        (2, 200, vec![complete.clone()], vec![format!("{ID}, {nine}")], strict, "ambiguous_challenge"),
        (2, 200, vec![], vec![], strict, "gss_missing_final_token"),
        (2, 200, vec![], vec!["state=complete".into()], strict, "gss_missing_final_token"),
        (2, 200, vec![next.clone()], vec![], strict, "gss_missing_final_token"),
        (2, 200, vec![], vec![], lax, "unproven"),
        (2, 200, vec![], vec![format!("state=complete, {three}")], lax, "toy_token"),
        (2, 200, vec![], vec![format!("state=continue, {two}")], strict, "gss_incomplete"),
        (4, 200, vec![], vec![last.clone()], strict, "gss_incomplete"),
        (3, 200, vec![], vec![last.clone()], strict, "gss_unsent_token"),
        (2, 200, vec![], vec!["data=\"!!!!\"".into()], lax, "base64_character"),
        (2, 200, vec![], vec!["AAAA".into()], strict, "gss_token68"),
        (2, 200, vec![], vec!["a=1, a=2".into()], strict, "duplicate_param"),
        (1, 200, vec![], vec![], strict, "done"),
        (1, 200, vec!["GSS \"".into()], vec!["a=".into()], strict, "done"),
        (1, 200, vec![], vec![last.clone()], strict, "gss_token_after_completion"),
        // Nothing for us.
        (2, 100, vec![], vec![], strict, "wait"),
        (2, 407, vec!["GSS".into()], vec![], strict, "wait"),
    ] {
        let exchange = start(messages, ClientPolicy { final_token, ..ClientPolicy::default() });
        let challenges: Vec<&str> = challenges.iter().map(String::as_str).collect();
        let info: Vec<&str> = info.iter().map(String::as_str).collect();
        let outcome = receive(exchange, status, &challenges, &info);
        assert_eq!(word(&outcome), expected, "{messages} {status} {challenges:?} {info:?}");
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty() && !error.major().name().is_empty());
            assert_ne!(error.blame(), Blame::Environment);
        }
    }
}

#[test]
fn what_the_policy_limits() {
    let next = |number| format!("GSS {ID}, state=continue, {}", data(number));
    let exchange = start(9, ClientPolicy { max_legs: 2, ..ClientPolicy::default() });
    let Ok(Outcome::SendAgain { exchange, .. }) = receive(exchange, 401, &[&next(2)], &[]) else { panic!() };
    assert_eq!(word(&receive(exchange, 401, &[&next(4)], &[])), "gss_too_many_legs");
    let exchange = start(9, ClientPolicy { max_token: 25, ..ClientPolicy::default() });
    assert_eq!(word(&receive(exchange, 401, &[&next(2)], &[])), "token_too_long");
    let exchange = start(9, ClientPolicy { side: Side::Proxy, ..ClientPolicy::default() });
    let outcome = receive(exchange, 407, &[&next(2)], &[]);
    let Ok(Outcome::SendAgain { field, .. }) = outcome else { panic!() };
    assert_eq!(field.name, "Proxy-Authorization");
    let exchange = start(2, ClientPolicy { side: Side::Proxy, ..ClientPolicy::default() });
    assert_eq!(word(&receive(exchange, 401, &["GSS"], &[&data(2)])), "done", "the origin's");
}

#[test]
fn initiators_that_have_nothing_to_say() {
    let silent = || Toy { silent: true, ..Toy::initiator(4, USER, None) };
    let client = Client::new(silent(), None, ORIGIN, ClientPolicy::default());
    assert_eq!(at(START, |env| client.begin(env)).unwrap_err().code(), "gss_nothing_to_send");
}

#[test]
fn a_forgotten_login_begins_again_once() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let offered = challenge(&server, &channel);
    let (field, exchange) = begin(&offered, 4, &channel, |toy| toy);
    let answer = service.ask(&server, 4, &[field.value.as_str()], get(&channel));
    let Outcome::SendAgain { field, exchange } = respond(exchange, &answer).unwrap() else { panic!() };
    // Another server, with another store.
    let elsewhere = Service::default();
    let other = elsewhere.server();
    let answer = elsewhere.ask(&other, 4, &[field.value.as_str()], get(&channel));
    let Outcome::Restart(restart) = respond(exchange, &answer).unwrap() else { panic!() };
    let bindings = restart.binding().map(Binding::channel_bindings);
    let initiator = Toy::initiator(4, USER, bindings);
    let (field, exchange) = at(START, |env| restart.with(initiator, env)).unwrap();
    assert!(!field.value.as_str().contains("ctx="));
    let answer = elsewhere.ask(&other, 4, &[field.value.as_str()], get(&channel));
    let Outcome::SendAgain { field, exchange } = respond(exchange, &answer).unwrap() else { panic!() };
    let answer = service.ask(&server, 4, &[field.value.as_str()], get(&channel));
    assert_eq!(code(&answer), "gss_unknown_context");
    assert_eq!(respond(exchange, &answer).unwrap_err().code(), "gss_denied");
}

#[test]
fn the_strongest_binding_that_both_have_is_chosen() {
    let both = channel(1);
    let end_point = TlsChannel::none().with_end_point([0xee; 32]);
    let (strong, weak) = (Some(TlsBinding::Exporter), Some(TlsBinding::ServerEndPoint));
    for (line, on_both, on_end_point) in [
        ("GSS cb=\"tls-server-end-point tls-exporter\"", strong, weak),
        ("GSS cb=\"tls-unique  tls-exporter\"", strong, None),
        ("Basic realm=x, GSS realm=x, CB=tls-server-end-point", weak, weak),
        ("GSS cb=\"TLS-EXPORTER\"", None, None),
        ("GSS cb=\"\"", None, None),
        ("GSS", None, None),
    ] {
        let challenge = Challenge::find([line]).unwrap().unwrap();
        for (channel, expected) in [(&both, on_both), (&end_point, on_end_point), (&TlsChannel::none(), None)]
        {
            let chosen = challenge.choose(channel);
            assert_eq!(chosen.as_ref().map(Binding::kind), expected, "{line}");
            assert!(chosen.is_none_or(|binding| binding.is_on(channel)));
        }
    }
    assert!(Challenge::find(["Negotiate", "Basic realm=GSS"]).unwrap().is_none());
    assert_eq!(Challenge::find(["Basic realm=\"x"]).unwrap_err().code(), "unclosed_quote");
}

#[test]
fn sessions_sign_for_their_server_and_channel_only() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let change = |toy| Toy { expires: Some(START + 100), ..toy };
    let login = service.log_in_with(&[&server], 4, &channel, change);
    assert!(format!("{login:?}").contains("can_go_on: true"));
    let mut session = login.into_session().unwrap();
    let whole = get(&channel);
    let other = super::world::channel(2);
    let now = Timestamp::from_seconds(START);
    assert!(session.is_good(&whole, now) && format!("{session:?}").contains("ContextId("));
    for (parts, seconds, rule, needs_login) in [
        (RequestParts { origin: "https://other.example.com:443", ..whole }, 0, "gss_other_origin", true),
        (RequestParts { channel: &other, ..whole }, 0, "gss_other_channel", true),
        (whole, 100, "gss_session_expired", true),
        (RequestParts { target: "\0", ..whole }, 0, "gss_nul_in_request", false),
    ] {
        let now = Timestamp::from_seconds(START + seconds);
        let error = session.authorize(&parts, now).unwrap_err();
        assert_eq!((error.code(), error.needs_login()), (rule, needs_login));
        assert!(!error.to_string().is_empty() && !error.major().name().is_empty());
        assert_eq!(session.is_good(&parts, now), !needs_login);
        assert_ne!(error.blame(), Blame::Peer);
    }
    // None of these used a nonce.
    let field = session.authorize(&whole, Timestamp::from_seconds(START + 99)).unwrap();
    assert!(field.value.as_str().contains("nonce=1, "));
    let error = SessionError::NoMoreNonces;
    assert!(error.needs_login() && error.to_string().contains("log in again"));
}

#[test]
fn responses_to_signed_requests() {
    let service = Service::default();
    let session = service.log_in(&[&service.server()], 2, &channel(1)).into_session().unwrap();
    for (status, line, expected) in [
        (200, "GSS stale=true", "answered"),
        (403, "", "answered"),
        (401, "GSS stale=true", "log in"),
        (401, "GSS stale=\"TRUE\", cb=tls-exporter", "log in"),
        (401, "GSS stale=false", "denied"),
        (401, "GSS", "denied"),
        (401, "Basic realm=x", "denied"),
        (407, "GSS stale=true", "wait"),
        (103, "", "wait"),
        (401, "GSS data=\"!\"", "error"),
    ] {
        let response = Response { status, challenges: &[line][..], info: &[][..] };
        let found = match session.receive(response) {
            Ok(SessionOutcome::Answered) => "answered",
            Ok(SessionOutcome::Denied) => "denied",
            Ok(SessionOutcome::LogInAgain(challenge)) => {
                assert!(challenge.is_stale());
                "log in"
            }
            Ok(SessionOutcome::Wait) => "wait",
            Err(_) => "error",
        };
        assert_eq!(found, expected, "{status} {line}");
    }
}

#[test]
fn no_session_without_a_binding_or_a_name() {
    let service = Service::default();
    let server = service.server();
    let none = TlsChannel::none();
    assert!(service.log_in(&[&server], 2, &none).into_session().is_none());
    let channel = channel(1);
    let change = |toy| Toy { flags: gss_core::ContextFlags::NONE, ..toy };
    let login = service.log_in_with(&[&server], 2, &channel, change);
    let ToyContext { toy, .. } = &login.context;
    assert_eq!(toy.user, USER);
    assert!(!login.can_go_on() && login.into_session().is_none());
}
