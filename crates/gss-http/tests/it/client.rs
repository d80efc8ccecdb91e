use crate::scripted::Scripted;
use gss_core::{Blame, Diagnose, Env, MajorStatus, Timestamp};
use gss_http::{
    Client, ClientPolicy, Exchange, FinalToken, FirstOutcome, HeaderField, HeaderValue, Outcome, Response,
    Route, ServerProof, Side,
};
use test_support::TestRng;

const USER: u8 = 5;

fn with_env<R>(run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = TestRng::insecure(1);
    run(&mut Env::new(Timestamp::from_seconds(1_000), &mut rng))
}

fn client(messages: u8, policy: ClientPolicy) -> Client<Scripted> {
    Client::new(Scripted::initiator(messages, USER), policy)
}

/// The server's message of this number, as its field value.
fn message(number: u8) -> String {
    value(&Scripted::token(number, USER))
}

fn value(token: &[u8]) -> String {
    HeaderValue::token(gss_http::Scheme::Negotiate, token).into_string()
}

fn sent(messages: u8, policy: ClientPolicy) -> Exchange<Scripted> {
    with_env(|env| client(messages, policy).preempt(env)).unwrap().1
}

/// What comes of a response, in one word or two.
fn word(outcome: Result<Outcome<Scripted>, impl Diagnose>) -> String {
    match outcome {
        Ok(Outcome::SendAgain { field, .. }) => format!("again {}", field.value.as_str()),
        Ok(Outcome::Done { server, .. }) => format!("done {server:?}"),
        Ok(Outcome::Unproven) => "unproven".into(),
        Ok(Outcome::Restart(_)) => "restart".into(),
        Ok(Outcome::Wait(_)) => "wait".into(),
        Err(error) => error.code().into(),
    }
}

fn respond(exchange: Exchange<Scripted>, status: u16, lines: &[&str]) -> String {
    word(with_env(|env| exchange.receive(Response::new(status, lines), env)))
}

#[test]
fn first_response_truth_table() {
    let bare = &["NTLM", "negotiate, Basic realm=x"][..];
    for (side, status, lines, expected) in [
        (Side::Origin, 401, bare, "again"),
        (Side::Proxy, 407, bare, "again"),
        (Side::Origin, 407, bare, "not asked"),
        (Side::Proxy, 401, bare, "not asked"),
        (Side::Origin, 200, bare, "not asked"),
        (Side::Origin, 200, &[], "not asked"),
        (Side::Origin, 404, &[], "not asked"),
        (Side::Origin, 401, &["Basic realm=x", "NTLM"], "http_not_offered"),
        (Side::Origin, 401, &[], "http_not_offered"),
        (Side::Origin, 401, &["Negotiate YIIB"], "http_unsolicited_token"),
        (Side::Origin, 401, &["Negotiate", "Negotiate YIIB"], "ambiguous_challenge"),
        (Side::Origin, 401, &["Basic realm=\"x, Negotiate"], "unclosed_quote"),
    ] {
        let policy = ClientPolicy { side, ..ClientPolicy::default() };
        let outcome = with_env(|env| client(2, policy).receive(Response::new(status, lines), env));
        let found = match outcome {
            Ok(FirstOutcome::SendAgain { field, .. }) => {
                assert_eq!(field.name, side.credentials_field());
                assert_eq!(field.value.as_str(), message(1));
                "again"
            }
            Ok(FirstOutcome::NotAsked(_)) => "not asked",
            Err(error) => error.code(),
        };
        assert_eq!(found, expected, "{side:?} {status} {lines:?}");
    }
}

/// Status, kind of token and state of the handshake decide together.
#[test]
fn truth_table_of_responses_to_a_token() {
    let final_token = message(2);
    let wrong = value(b"\xa1\x09\x09");
    // How many messages the handshake has: after our first token, 1: established; 2: one token is owed, the last;
    // 3: one token is owed, and one of ours follows; 4 and 5: more.
    let refusals = [401];
    let answers = [200, 204, 302, 304, 400, 403, 404, 500, 503];
    for (messages, line, on_401, on_answer) in [
        (1, None, "http_denied", "done None"),
        (1, Some("Negotiate"), "http_denied", "done None"),
        (1, Some("Basic realm=x"), "http_denied", "done None"),
        (1, Some(final_token.as_str()), "http_token_after_completion", "http_token_after_completion"),
        (1, Some("Basic realm=\"x"), "unclosed_quote", "done None"),
        (2, None, "http_denied", "http_missing_final_token"),
        (2, Some("Negotiate"), "http_denied", "http_missing_final_token"),
        (2, Some("Basic realm=x"), "http_denied", "http_missing_final_token"),
        (2, Some(&final_token), "http_denied", "done Proven"),
        (2, Some(&wrong), "scripted", "scripted"),
        (2, Some("Negotiate YII"), "base64_length", "base64_length"),
        (2, Some("Negotiate YI-_"), "base64_character", "base64_character"),
        (2, Some("Negotiate YIJ="), "base64_trailing_bits", "base64_trailing_bits"),
        (2, Some("Basic realm=\"x"), "unclosed_quote", "unclosed_quote"),
        (3, None, "http_denied", "http_missing_final_token"),
        (3, Some("Negotiate"), "http_denied", "http_missing_final_token"),
        (3, Some(&final_token), "again Negotiate oQMF", "http_unsent_token"),
        (4, Some(&final_token), "again Negotiate oQMF", "http_incomplete"),
        (5, Some(&final_token), "again Negotiate oQMF", "http_incomplete"),
    ] {
        let lines = Vec::from_iter(line);
        for (statuses, expected) in [(&refusals[..], on_401), (&answers[..], on_answer)] {
            for status in statuses {
                let found = respond(sent(messages, ClientPolicy::default()), *status, &lines);
                assert_eq!(found, expected, "{messages} messages, {status} {line:?}");
            }
        }
        // The same with a proxy: there 401 is an answer like any other.
        let policy = ClientPolicy { side: Side::Proxy, ..ClientPolicy::default() };
        for (status, expected) in [(407, on_401), (401, on_answer), (200, on_answer)] {
            let found = respond(sent(messages, policy), status, &lines);
            assert_eq!(found, expected, "{messages} messages, proxy, {status} {line:?}");
        }
        // Interim responses, and a proxy in front of the origin.
        for status in [100, 103, 407] {
            assert_eq!(respond(sent(messages, ClientPolicy::default()), status, &lines), "wait");
        }
    }
}

#[test]
fn a_missing_final_token_can_be_allowed_but_a_wrong_one_cannot() {
    let policy = ClientPolicy { final_token: FinalToken::AllowMissing, ..ClientPolicy::default() };
    assert_eq!(respond(sent(2, policy), 200, &[]), "unproven");
    assert_eq!(respond(sent(2, policy), 500, &["Negotiate"]), "unproven");
    assert_eq!(respond(sent(2, policy), 200, &[&message(2)]), "done Proven");
    assert_eq!(respond(sent(2, policy), 200, &[&value(b"\xa1\x03\x05")]), "scripted");
    assert_eq!(respond(sent(2, policy), 200, &["Basic realm=\"x"]), "unclosed_quote");
    assert_eq!(respond(sent(4, policy), 200, &[&message(2)]), "http_incomplete");
    assert_eq!(respond(sent(2, policy), 401, &[]), "http_denied");
}

#[test]
fn curl_and_others_in_their_own_ways() {
    // Schemes in one line, in any order and case, white space everywhere.
    let lines = ["Basic realm=\"Negotiate \\\"x\\\"\" ,\tNTLM ,, NEGOTIATE  oQIF , Digest nonce=a"];
    assert_eq!(respond(sent(2, ClientPolicy::default()), 200, &lines), "done Proven");
    // A scheme whose name begins like ours, and data of another scheme.
    assert_eq!(
        respond(sent(2, ClientPolicy::default()), 401, &["Negotiate2 oQIF", "NTLM oQIF"]),
        "http_denied"
    );
    // IIS keeps offering NTLM next to the final token.
    assert_eq!(respond(sent(2, ClientPolicy::default()), 200, &["Negotiate oQIF", "NTLM"]), "done Proven");
}

#[test]
fn a_refusal_ends_the_exchange_and_a_restart_happens_once() {
    let restartable = |messages| {
        let client = client(messages, ClientPolicy::default()).on_authenticated_connection();
        with_env(|env| client.preempt(env)).unwrap().1
    };
    assert_eq!(respond(restartable(2), 401, &["Basic realm=x"]), "http_denied", "not offered any more");
    assert_eq!(respond(restartable(2), 401, &[&message(2)]), "http_denied", "complete and refused");

    let outcome = with_env(|env| restartable(2).receive(Response::new(401, ["Negotiate"]), env)).unwrap();
    let Outcome::Restart(restart) = outcome else { panic!("{outcome:?}") };
    let (field, exchange) = with_env(|env| restart.with(Scripted::initiator(2, USER), env)).unwrap();
    assert_eq!(field.value.as_str(), message(1));
    assert_eq!(respond(exchange, 401, &["Negotiate"]), "http_denied", "no second restart");

    // Once a second token was sent, a bare challenge is a refusal.
    let outcome = with_env(|env| restartable(4).receive(Response::new(401, [&message(2)]), env)).unwrap();
    let Outcome::SendAgain { exchange, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(respond(exchange, 401, &["Negotiate"]), "http_denied");
}

#[test]
fn limits_of_legs_and_tokens_are_exact() {
    for (max_legs, expected) in [(3, "done"), (2, "http_too_many_legs")] {
        let policy = ClientPolicy { max_legs, ..ClientPolicy::default() };
        let mut exchange = sent(5, policy);
        let mut number = 2;
        let found = loop {
            let line = message(number);
            match with_env(|env| exchange.receive(Response::new(401, [&line]), env)) {
                Ok(Outcome::SendAgain { exchange: next, .. }) => exchange = next,
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error.code(),
            }
            number += 2;
            if number > 5 {
                assert_eq!(respond(exchange, 200, &[]), "done Proven");
                break "done";
            }
        };
        assert_eq!(found, expected, "{max_legs}");
    }
    for (max_token, expected) in [(3, "done Proven"), (2, "token_too_long")] {
        let policy = ClientPolicy { max_token, ..ClientPolicy::default() };
        assert_eq!(respond(sent(2, policy), 200, &[&message(2)]), expected);
    }
    let long = value(&vec![0; ClientPolicy::default().max_token + 1]);
    assert_eq!(respond(sent(2, ClientPolicy::default()), 200, &[&long]), "token_too_long");
}

#[test]
fn forwarding_proxies_need_to_promise() {
    let policy = ClientPolicy { route: Route::ForwardProxy, ..ClientPolicy::default() };
    let first = |policy, promise: &[&str]| {
        let response = Response::new(401, ["Negotiate"]).with_proxy_support(promise);
        with_env(|env| client(2, policy).receive(response, env)).map_err(|error| error.code()).map(|_| ())
    };
    let refused = Err("http_proxy_not_session_based");
    assert_eq!(first(policy, &[]), refused);
    assert_eq!(first(policy, &["Other"]), refused);
    assert_eq!(first(policy, &["x, session-based-authentication"]), Ok(()));
    assert_eq!(first(ClientPolicy::default(), &[]), Ok(()));
    let unasked = with_env(|env| client(2, policy).preempt(env));
    assert_eq!(unasked.unwrap_err().code(), "http_proxy_not_session_based");
    // To the proxy itself it does not matter.
    let to_proxy = ClientPolicy { side: Side::Proxy, ..policy };
    assert!(with_env(|env| client(2, to_proxy).preempt(env)).is_ok());
}

#[test]
fn errors_say_who_is_at_fault_and_keep_the_mechanisms_own() {
    let error =
        with_env(|env| sent(2, ClientPolicy::default()).receive(Response::new(401, ["Negotiate"]), env))
            .unwrap_err();
    assert_eq!(error.blame(), Blame::PeerRefused);
    assert_eq!(error.to_string(), "server refused the credentials after 1 tokens and asks for others");
    let error =
        with_env(|env| sent(2, ClientPolicy::default()).receive(Response::new(401, ["Negotiate AAAA"]), env))
            .unwrap_err();
    assert_eq!(
        (error.blame(), error.code(), error.major(), error.minor()),
        (Blame::Peer, "scripted", MajorStatus::DEFECTIVE_TOKEN, Some(7))
    );
}

#[test]
fn tokens_do_not_show() {
    let (field, exchange): (HeaderField, _) =
        with_env(|env| client(2, ClientPolicy::default()).preempt(env)).unwrap();
    assert_eq!(format!("{field:?}"), r#"HeaderField { name: "Authorization", value: Negotiate [4 bytes] }"#);
    assert_eq!(format!("{exchange:?}"), "Exchange { pending, legs: 1 }");
    let outcome =
        with_env(|env| sent(1, ClientPolicy::default()).receive(Response::new(200, None::<&str>), env));
    assert!(matches!(outcome, Ok(Outcome::Done { server: ServerProof::None, .. })));
}
