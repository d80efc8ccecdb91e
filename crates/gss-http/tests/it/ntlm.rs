//! The scheme `NTLM`: what each side takes, and what it does not.

use crate::scripted::{Form, Scripted};
use crate::support::{
    Connection, START, USER, ask, at, direct, expect, message, ntlm_message, summary, user, value,
};
use gss_core::{Blame, Diagnose};
use gss_http::{
    Answer, Client, ClientPolicy, Exchange, FailureReply, FinalToken, FirstOutcome, HeaderValue, Outcome,
    Response, Route, Scheme, Schemes, ServerPolicy, Side,
};

const BOTH: &str = "Negotiate | NTLM";

fn both() -> ServerPolicy {
    ServerPolicy { schemes: Schemes::default().then(Scheme::Ntlm), ..ServerPolicy::default() }
}

fn ntlm(number: u8) -> String {
    ntlm_message(Scheme::Ntlm, number, USER)
}

fn acceptor() -> Scripted {
    Scripted::acceptor(3).raw_ntlm()
}

/// After the client's first message.
fn partial(scheme: Scheme) -> Connection {
    let mut connection = Connection::new(both());
    let answer = ask(&mut connection, acceptor(), direct(&[&ntlm_message(scheme, 1, USER)]));
    expect(&answer, 401, &ntlm_message(scheme, 2, USER), "continue");
    connection
}

#[test]
fn schemes_are_offered_as_listed() {
    let listed = [
        (Schemes::default(), "Negotiate"),
        (Schemes::only(Scheme::Ntlm), "NTLM"),
        (Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm), "Negotiate | NTLM"),
        (Schemes::only(Scheme::Ntlm).then(Scheme::Negotiate), "NTLM | Negotiate"),
    ];
    for (schemes, offered) in listed {
        let mut connection = Connection::new(ServerPolicy { schemes, ..ServerPolicy::default() });
        expect(&ask(&mut connection, acceptor(), direct(&[])), 401, offered, "challenge");
        // A scheme that is not listed is as good as none, whatever comes with it.
        for (scheme, line) in [(Scheme::Ntlm, ntlm(1)), (Scheme::Negotiate, message(1))] {
            if !schemes.contains(scheme) {
                let mut connection = Connection::new(ServerPolicy { schemes, ..ServerPolicy::default() });
                let unused = |_| panic!("{scheme} is not listed");
                let answer = at(START, |env| connection.receive(direct([&line]), unused, env));
                expect(&answer, 401, offered, "challenge");
            }
        }
    }
}

#[test]
fn acceptors_are_made_for_the_clients_scheme() {
    for (scheme, line) in [(Scheme::Ntlm, ntlm(1)), (Scheme::Negotiate, message(1))] {
        let mut connection = Connection::new(both());
        let mut asked = None;
        let acceptor = |scheme| {
            asked = Some(scheme);
            Ok(if scheme == Scheme::Ntlm { acceptor() } else { Scripted::acceptor(3) })
        };
        let answer = at(START, |env| connection.receive(direct([&line]), acceptor, env));
        assert_eq!(summary(&answer).2, "continue");
        assert_eq!(asked, Some(scheme));
    }
}

/// Client's message and state of the connection decide together.
#[test]
fn truth_table_of_ntlm_requests() {
    let spnego = HeaderValue::token(Scheme::Ntlm, &Scripted::token(1, USER)).into_string();
    let later_spnego = HeaderValue::token(Scheme::Ntlm, &Scripted::token(3, USER)).into_string();
    let short = HeaderValue::token(Scheme::Ntlm, b"NTLMSSP\0\x03").into_string();
    let raw = |number| ntlm_message(Scheme::Negotiate, number, USER);
    let (refused, again) = ((401, BOTH.to_owned()), |line: String| (401, line));
    for (line, on_new, on_partial) in [
        (ntlm(1), (again(ntlm(2)), "continue"), (again(ntlm(2)), "continue")),
        (ntlm(3), (refused.clone(), "http_nothing_to_continue"), ((200, String::new()), "accepted")),
        (ntlm(2), (refused.clone(), "http_wrong_ntlm_message"), (refused.clone(), "http_wrong_ntlm_message")),
        (ntlm(0), (refused.clone(), "http_wrong_ntlm_message"), (refused.clone(), "http_wrong_ntlm_message")),
        (ntlm(4), (refused.clone(), "http_wrong_ntlm_message"), (refused.clone(), "http_wrong_ntlm_message")),
        (short, (refused.clone(), "http_wrong_ntlm_message"), (refused.clone(), "http_wrong_ntlm_message")),
        (spnego, (refused.clone(), "http_not_ntlm"), (refused.clone(), "http_not_ntlm")),
        (later_spnego, (refused.clone(), "http_not_ntlm"), (refused.clone(), "http_not_ntlm")),
        ("NTLM AAAA".into(), (refused.clone(), "http_not_ntlm"), (refused.clone(), "http_not_ntlm")),
        ("NTLM".into(), (refused.clone(), "http_missing_token"), (refused.clone(), "http_missing_token")),
        ("NTLM A".into(), ((400, String::new()), "base64_length"), ((400, String::new()), "base64_length")),
        (
            "NTLM a=b".into(),
            ((400, String::new()), "http_unexpected_params"),
            ((400, String::new()), "http_unexpected_params"),
        ),
        ("Basic eDp5".into(), (refused.clone(), "challenge"), (refused.clone(), "challenge")),
        // The same messages under the other scheme belong to another handshake.
        (raw(1), (again(raw(2)), "continue"), (again(raw(2)), "continue")),
        (
            raw(3),
            (refused.clone(), "http_nothing_to_continue"),
            (refused.clone(), "http_nothing_to_continue"),
        ),
        (raw(2), (refused.clone(), "http_wrong_ntlm_message"), (refused.clone(), "http_wrong_ntlm_message")),
    ] {
        for (mut connection, ((status, fields), rule)) in
            [(Connection::new(both()), on_new), (partial(Scheme::Ntlm), on_partial)]
        {
            let answer = ask(&mut connection, acceptor(), direct(&[&line]));
            expect(&answer, status, &fields, rule);
            assert_eq!(connection.is_partial(), rule == "continue", "{line}");
            assert_eq!(connection.is_authenticated(), rule == "accepted", "{line}");
        }
    }
    // And the other way round: a handshake of Negotiate is not continued under NTLM.
    let mut connection = partial(Scheme::Negotiate);
    expect(&ask(&mut connection, acceptor(), direct(&[&ntlm(3)])), 401, BOTH, "http_nothing_to_continue");
    let mut connection = partial(Scheme::Negotiate);
    expect(&ask(&mut connection, acceptor(), direct(&[&raw(3)])), 200, "", "accepted");
}

#[test]
fn other_mechanisms_are_of_no_use_to_ntlm() {
    // Says what it has been given first, then a token of SPNEGO.
    #[derive(Debug)]
    struct Confused(Vec<u8>);
    impl gss_core::Handshake for Confused {
        type Established = crate::scripted::ScriptedContext;
        type Error = crate::scripted::ScriptedError;

        fn step(
            self,
            _: &mut [u8],
            output: &mut dyn gss_core::TokenSink,
            _: &mut gss_core::Env<'_>,
        ) -> Result<gss_core::Step<Self, Self::Established>, Self::Error> {
            output.put(&self.0).unwrap();
            Ok(gss_core::Step::Continue(Self(Scripted::token(2, USER))))
        }
    }
    let acceptor = |_| Ok(Confused(Scripted::token(2, USER)));
    let mut connection = gss_http::ServerConnection::new(both());
    let answer = at(START, |env| connection.receive(direct([ntlm(1)].iter()), acceptor, env));
    let Answer::Reject { reply, error } = answer else { panic!("{answer:?}") };
    assert_eq!((reply.status, reply.fields.len()), (500, 0));
    assert_eq!((error.code(), error.blame()), ("http_wrong_mechanism", Blame::Caller));
    assert!(!connection.is_partial());

    let policy = ClientPolicy { scheme: Scheme::Ntlm, ..ClientPolicy::default() };
    let confused = |number| Client::new(Confused(Form::Ntlm.token(number, USER)), policy);
    let first = at(START, |env| confused(3).preempt(env)).unwrap_err();
    let (_, exchange) = at(START, |env| confused(1).preempt(env)).unwrap();
    let lines = [ntlm(2)];
    let second = at(START, |env| exchange.receive(Response::new(401, &lines), env)).unwrap_err();
    for error in [first, second] {
        assert_eq!((error.code(), error.blame()), ("http_wrong_mechanism", Blame::Caller));
    }
}

#[test]
fn error_tokens_go_with_negotiate_only() {
    let policy = ServerPolicy { failure: FailureReply::ErrorToken, ..both() };
    let mut connection = Connection::new(policy);
    expect(
        &ask(&mut connection, Scripted::acceptor(3), direct(&["Negotiate AAAA"])),
        401,
        &format!("{} | NTLM", value(b"\x7eerror")),
        "scripted",
    );
    // The script wants a token of SPNEGO, and gets NTLM's first message.
    let answer = ask(&mut connection, Scripted::acceptor(3), direct(&[&ntlm(1)]));
    expect(&answer, 401, BOTH, "scripted");
}

fn client(policy: ClientPolicy) -> Client<Scripted> {
    Client::new(Scripted::initiator(3, USER).raw_ntlm(), policy)
}

fn policy() -> ClientPolicy {
    ClientPolicy { scheme: Scheme::Ntlm, ..ClientPolicy::default() }
}

/// After the client's first or last message.
fn sent(number: u8, policy: ClientPolicy) -> Exchange<Scripted> {
    let (field, exchange) = at(START, |env| client(policy).preempt(env)).unwrap();
    assert_eq!(field.value.as_str(), ntlm(1));
    if number == 1 {
        return exchange;
    }
    let lines = [ntlm(2)];
    let response = Response::new(policy.side.challenge_status(), &lines);
    let outcome = at(START, |env| exchange.receive(response, env)).unwrap();
    let Outcome::SendAgain { field, exchange } = outcome else { panic!("{outcome:?}") };
    assert_eq!((field.name, field.value.as_str()), (policy.side.credentials_field(), &ntlm(3)[..]));
    exchange
}

fn respond(exchange: Exchange<Scripted>, status: u16, lines: &[&str]) -> String {
    match at(START, |env| exchange.receive(Response::new(status, lines), env)) {
        Ok(Outcome::SendAgain { field, .. }) => format!("again {}", field.value.as_str()),
        Ok(Outcome::Done { .. }) => "done".into(),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.code().into(),
    }
}

#[test]
fn first_response_truth_table() {
    for (side, status, lines, expected) in [
        (Side::Origin, 401, &["NTLM"][..], "again"),
        (Side::Origin, 401, &["Negotiate", "ntlm, Basic realm=x"], "again"),
        (Side::Proxy, 407, &["Negotiate", "NTLM"], "again"),
        (Side::Proxy, 401, &["NTLM"], "not asked"),
        (Side::Origin, 407, &["NTLM"], "not asked"),
        (Side::Origin, 200, &["NTLM"], "not asked"),
        // MS-NTHT: the first challenge has no data.
        (Side::Origin, 401, &[&ntlm(2)], "http_unsolicited_token"),
        (Side::Origin, 401, &["NTLM", &ntlm(2)], "ambiguous_challenge"),
        (Side::Origin, 401, &["Negotiate"], "http_not_offered"),
        (Side::Origin, 401, &[], "http_not_offered"),
    ] {
        let policy = ClientPolicy { side, ..policy() };
        let found = match at(START, |env| client(policy).receive(Response::new(status, lines), env)) {
            Ok(FirstOutcome::SendAgain { field, .. }) => {
                assert_eq!((field.name, field.value.as_str()), (side.credentials_field(), &ntlm(1)[..]));
                "again"
            }
            Ok(FirstOutcome::NotAsked(_)) => "not asked",
            Err(error) => error.code(),
        };
        assert_eq!(found, expected, "{side:?} {status} {lines:?}");
    }
    // A client of Negotiate answers no offer of NTLM, and says what it missed.
    let client = Client::new(Scripted::initiator(3, USER), ClientPolicy::default());
    let error = at(START, |env| client.receive(Response::new(401, ["NTLM"]), env)).unwrap_err();
    assert_eq!(error.to_string(), "server asks for credentials but does not offer Negotiate");
}

/// Status, kind of token and state of the handshake decide together.
#[test]
fn truth_table_of_responses_to_ntlm_messages() {
    let spnego = HeaderValue::token(Scheme::Ntlm, &Scripted::token(2, USER)).into_string();
    let other = HeaderValue::token(Scheme::Ntlm, &Form::Ntlm.token(2, 9)).into_string();
    for (sent_type, line, on_401, on_answer) in [
        (1, None, "http_denied", "http_missing_final_token"),
        (1, Some("NTLM"), "http_denied", "http_missing_final_token"),
        (1, Some("Negotiate"), "http_denied", "http_missing_final_token"),
        (1, Some(&ntlm(2)), &format!("again {}", ntlm(3)), "http_unsent_token"),
        (1, Some(&ntlm(1)), "http_wrong_ntlm_message", "http_wrong_ntlm_message"),
        (1, Some(&ntlm(3)), "http_wrong_ntlm_message", "http_wrong_ntlm_message"),
        (1, Some(&spnego), "http_not_ntlm", "http_not_ntlm"),
        (1, Some(&other), "scripted", "scripted"),
        (1, Some("NTLM A"), "base64_length", "base64_length"),
        (3, None, "http_denied", "done"),
        (3, Some("NTLM"), "http_denied", "done"),
        (3, Some("Negotiate"), "http_denied", "done"),
        (3, Some(&ntlm(2)), "http_token_after_completion", "http_token_after_completion"),
    ] {
        let lines = Vec::from_iter(line);
        for side in [Side::Origin, Side::Proxy] {
            let policy = ClientPolicy { side, ..policy() };
            let refusal = side.challenge_status();
            assert_eq!(respond(sent(sent_type, policy), refusal, &lines), on_401, "{sent_type} {line:?}");
            for status in [200, 302, 403, 404, 500] {
                let found = respond(sent(sent_type, policy), status, &lines);
                assert_eq!(found, on_answer, "{sent_type} {status} {line:?}");
            }
        }
    }
    let allowed = ClientPolicy { final_token: FinalToken::AllowMissing, ..policy() };
    assert_eq!(respond(sent(1, allowed), 200, &[]), "Unproven");
}

#[test]
fn a_forgotten_connection_is_begun_again_once() {
    let (_, exchange) = at(START, |env| client(policy()).on_authenticated_connection().preempt(env)).unwrap();
    let outcome = at(START, |env| exchange.receive(Response::new(401, ["NTLM"]), env)).unwrap();
    let Outcome::Restart(restart) = outcome else { panic!("{outcome:?}") };
    let initiator = Scripted::initiator(3, USER).raw_ntlm();
    let (field, exchange) = at(START, |env| restart.with(initiator, env)).unwrap();
    assert_eq!(field.value.as_str(), ntlm(1));
    assert_eq!(respond(exchange, 401, &["NTLM"]), "http_denied");
}

#[test]
fn forwarding_proxies_need_to_promise() {
    let policy = ClientPolicy { route: Route::ForwardProxy, ..policy() };
    for (promise, expected) in
        [(&[][..], Err("http_proxy_not_session_based")), (&["Session-Based-Authentication"], Ok(()))]
    {
        let response = Response::new(401, ["NTLM"]).with_proxy_support(promise);
        let found = at(START, |env| client(policy).receive(response, env));
        assert_eq!(found.map(|_| ()).map_err(|error| error.code()), expected);
    }
    let error = at(START, |env| client(policy).preempt(env)).unwrap_err();
    assert_eq!(error.code(), "http_proxy_not_session_based");
    // What authenticates to the proxy itself needs no promise.
    assert!(at(START, |env| client(ClientPolicy { side: Side::Proxy, ..policy }).preempt(env)).is_ok());
}

#[test]
fn a_client_with_several_schemes_takes_the_best_that_is_listed_and_offered() {
    let mut connection = Connection::new(ServerPolicy {
        schemes: Schemes::only(Scheme::Ntlm).then(Scheme::Negotiate),
        ..ServerPolicy::default()
    });
    let Answer::Challenge(reply) = ask(&mut connection, acceptor(), direct(&[])) else { panic!() };
    let lines: Vec<_> = reply.fields.iter().map(|field| field.value.as_bytes()).collect();
    let scheme = Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm).preferred(lines.iter()).unwrap();
    assert_eq!(scheme, Some(Scheme::Negotiate));
    assert_eq!(Schemes::default().preferred(["NTLM"]).unwrap(), None, "NTLM is off unless listed");
    let answer = ask(&mut connection, Scripted::acceptor(1), direct(&[&message(1)]));
    assert_eq!(user(&answer), Some((USER, false)));
}
