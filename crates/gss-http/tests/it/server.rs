use crate::scripted::{Scripted, ScriptedContext, ScriptedError};
use gss_core::{Blame, Diagnose, Env, MajorStatus, Timestamp};
use gss_http::{
    Answer, Client, ClientPolicy, Continuation, FailureReply, FirstOutcome, HeaderValue, NEGOTIATE, Outcome,
    Reply, Response, ServerConnection, ServerError, ServerPolicy, ServerProof, Side, accept_once,
};
use test_support::TestRng;

const USER: u8 = 5;
const START: i64 = 1_000;

type Connection = ServerConnection<Scripted>;

fn at<R>(seconds: i64, run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = TestRng::insecure(1);
    run(&mut Env::new(Timestamp::from_seconds(seconds), &mut rng))
}

fn value(token: &[u8]) -> String {
    HeaderValue::negotiate(token).into_string()
}

fn message(number: u8) -> String {
    value(&Scripted::token(number, USER))
}

/// Gives a request to the connection, whose acceptors know handshakes of `messages` tokens.
fn request(connection: &mut Connection, messages: u8, lines: &[&str]) -> Answer<Scripted> {
    request_at(START, connection, messages, lines)
}

fn request_at(now: i64, connection: &mut Connection, messages: u8, lines: &[&str]) -> Answer<Scripted> {
    at(now, |env| connection.receive(lines, || Ok(Scripted::acceptor(messages)), env))
}

/// The status, the value of the field, and the rule broken.
fn summary(answer: &Answer<Scripted>) -> (u16, String, &str) {
    let reply = |reply: &Reply| {
        (reply.status, reply.field.as_ref().map(|field| field.value.as_str().to_owned()).unwrap_or_default())
    };
    let ((status, field), rule) = match answer {
        Answer::Challenge(challenge) => (reply(challenge), "challenge"),
        Answer::Continue(next) => (reply(next), "continue"),
        Answer::Accepted { field, .. } => (
            (200, field.as_ref().map(|field| field.value.as_str().to_owned()).unwrap_or_default()),
            "accepted",
        ),
        Answer::Reject { reply: rejected, error } => (reply(rejected), error.code()),
    };
    (status, field, rule)
}

fn expect(answer: &Answer<Scripted>, status: u16, field: &str, rule: &str) {
    assert_eq!(summary(answer), (status, field.to_owned(), rule));
}

fn partial(messages: u8, policy: ServerPolicy) -> Connection {
    let mut connection = Connection::new(policy);
    let answer = request(&mut connection, messages, &[&message(1)]);
    expect(&answer, 401, &message(2), "continue");
    assert!(connection.is_partial());
    connection
}

#[test]
fn both_sides_agree_for_every_number_of_messages() {
    for side in [Side::Origin, Side::Proxy] {
        for messages in 1..=5 {
            for preemptive in [false, true] {
                exchange(side, messages, preemptive);
            }
        }
    }
}

/// Runs client against server, checking names and status codes on the way.
fn exchange(side: Side, messages: u8, preemptive: bool) {
    let mut connection = Connection::new(ServerPolicy { side, ..ServerPolicy::default() });
    let client =
        Client::new(Scripted::initiator(messages, USER), ClientPolicy { side, ..ClientPolicy::default() });
    let (mut field, mut pending) = if preemptive {
        at(START, |env| client.preempt(env)).unwrap()
    } else {
        let answer = request(&mut connection, messages, &[]);
        expect(&answer, side.challenge_status(), NEGOTIATE, "challenge");
        let first = at(START, |env| client.receive(Response::new(side.challenge_status(), [NEGOTIATE]), env));
        let Ok(FirstOutcome::SendAgain { field, exchange }) = first else { panic!("{first:?}") };
        (field, exchange)
    };
    loop {
        assert_eq!(field.name, side.credentials_field());
        let answer = request(&mut connection, messages, &[field.value.as_str()]);
        let (status, accepted) = match &answer {
            Answer::Continue(reply) => (reply.status, false),
            Answer::Accepted { context, .. } => {
                assert_eq!(context.0.user, USER);
                (302, true)
            }
            other => panic!("{messages}: {other:?}"),
        };
        assert_eq!(connection.is_partial(), !accepted);
        let challenge = match &answer {
            Answer::Continue(Reply { field, .. }) | Answer::Accepted { field, .. } => field.as_ref(),
            _ => None,
        };
        assert!(challenge.is_none_or(|field| field.name == side.challenge_field()));
        let lines = challenge.map(|field| &field.value);
        match at(START, |env| pending.receive(Response::new(status, lines), env)).unwrap() {
            Outcome::SendAgain { field: next, exchange } => (field, pending) = (next, exchange),
            Outcome::Done { context, server } => {
                assert!(accepted);
                assert_eq!(context.0.user, USER);
                assert_eq!(server == ServerProof::Proven, messages > 1);
                return;
            }
            other => panic!("{messages}: {other:?}"),
        }
    }
}

#[test]
fn truth_table_of_requests() {
    let first = message(1);
    let two_lines = [first.as_str(), first.as_str()];
    for (messages, lines, expected) in [
        (2, &[][..], (401, NEGOTIATE.into(), "challenge")),
        (2, &["Basic eDp5"], (401, NEGOTIATE.into(), "challenge")),
        (2, &["NTLM TlRMTVNTUAAB"], (401, NEGOTIATE.into(), "challenge")),
        (2, &["negotiate YAEF"], (200, message(2), "accepted")),
        (1, &[&first], (200, String::new(), "accepted")),
        (3, &[&first], (401, message(2), "continue")),
        (2, &["Negotiate"], (401, NEGOTIATE.into(), "http_missing_token")),
        (2, &["Negotiate a=b"], (400, String::new(), "http_unexpected_params")),
        (2, &["Negotiate YAE"], (400, String::new(), "base64_length")),
        (2, &["Negotiate Y~EF"], (400, String::new(), "base64_character")),
        (2, &["Negotiate YAF="], (400, String::new(), "base64_trailing_bits")),
        (2, &["Negotiate YAEF, Negotiate YAEF"], (400, String::new(), "not_a_list")),
        (2, &["Negotiate YAEF YAEF"], (400, String::new(), "unexpected_byte")),
        (2, &[""], (400, String::new(), "empty_field")),
        (2, &two_lines, (400, String::new(), "repeated_field")),
        (2, &["Negotiate AAAA"], (401, NEGOTIATE.into(), "scripted")),
        (2, &["Negotiate oQIF"], (401, NEGOTIATE.into(), "http_nothing_to_continue")),
        (2, &["Negotiate TlRMTVNTUAAD"], (401, NEGOTIATE.into(), "http_nothing_to_continue")),
    ] {
        let mut connection = Connection::new(ServerPolicy::default());
        let answer = request(&mut connection, messages, lines);
        assert_eq!(summary(&answer), expected, "{lines:?}");
        // A handshake that waits is over after anything but its next token or a new first one.
        let mut connection = partial(5, ServerPolicy::default());
        let answer = request(&mut connection, messages, lines);
        let continued = matches!(answer, Answer::Continue(_));
        assert_eq!(connection.is_partial(), continued, "{lines:?}");
        let late = request(&mut connection, 5, &[&message(3)]);
        let rule = if continued { "continue" } else { "http_nothing_to_continue" };
        if !continued || messages == 5 {
            assert_eq!(summary(&late).2, rule, "{lines:?}");
        }
    }
}

#[test]
fn a_first_token_begins_anew() {
    let mut connection = partial(5, ServerPolicy::default());
    let answer = request(&mut connection, 5, &[&value(&Scripted::token(1, 9))]);
    expect(&answer, 401, &value(&Scripted::token(2, 9)), "continue");
    let answer = request(&mut connection, 5, &[&message(3)]);
    expect(&answer, 401, NEGOTIATE, "scripted");
    // Half-made handshakes do not even have to be in time for that.
    let mut connection = partial(5, ServerPolicy::default());
    let answer = request_at(START + 1_000_000, &mut connection, 5, &[&message(1)]);
    expect(&answer, 401, &message(2), "continue");
}

#[test]
fn an_acceptor_is_made_only_when_a_handshake_begins() {
    let mut connection = partial(3, ServerPolicy::default());
    let answer =
        at(START, |env| connection.receive([&message(3)], || panic!("the handshake has begun"), env));
    expect(&answer, 200, "", "accepted");
    let answer = at(START, |env| connection.receive::<str, _>([], || panic!("there is no token"), env));
    expect(&answer, 401, NEGOTIATE, "challenge");
    let answer = at(START, |env| connection.receive([&message(1)], || Err(ScriptedError), env));
    expect(&answer, 500, "", "scripted");
    assert!(matches!(answer, Answer::Reject { error: ServerError::NoAcceptor(_), .. }));
}

#[test]
fn connections_do_not_share_handshakes() {
    let policy = ServerPolicy::default();
    let first = |user| value(&Scripted::token(1, user));
    let third = |user| value(&Scripted::token(3, user));
    let mut connections = [Connection::new(policy), Connection::new(policy), Connection::new(policy)];
    for (connection, user) in connections.iter_mut().zip(1..=2) {
        assert!(matches!(request(connection, 3, &[&first(user)]), Answer::Continue(_)));
    }
    // The second user's token on the first user's connection, and on one where nothing began.
    expect(&request(&mut connections[0], 3, &[&third(2)]), 401, NEGOTIATE, "scripted");
    expect(&request(&mut connections[2], 3, &[&third(2)]), 401, NEGOTIATE, "http_nothing_to_continue");
    let answer = request(&mut connections[1], 3, &[&third(2)]);
    let Answer::Accepted { context: ScriptedContext(Scripted { user: 2, .. }, _), .. } = answer else {
        panic!("{answer:?}")
    };
    // The failure ended the first user's handshake; success ended the second's.
    for (connection, user) in connections.iter_mut().zip(1..=2) {
        expect(&request(connection, 3, &[&third(user)]), 401, NEGOTIATE, "http_nothing_to_continue");
    }
}

#[test]
fn nobody_stays_authenticated() {
    let mut connection = Connection::new(ServerPolicy::default());
    expect(&request(&mut connection, 1, &[&message(1)]), 200, "", "accepted");
    expect(&request(&mut connection, 1, &[]), 401, NEGOTIATE, "challenge");
}

#[test]
fn limits_of_time_legs_and_size_are_exact() {
    let policy = ServerPolicy { partial_lifetime: 10, ..ServerPolicy::default() };
    for (now, rule) in [
        (0, "accepted"),
        (10, "accepted"),
        (11, "http_expired"),
        (-1, "http_expired"),
        (1 << 40, "http_expired"),
    ] {
        let mut connection = partial(3, policy);
        let answer = request_at(START + now, &mut connection, 3, &[&message(3)]);
        assert_eq!(summary(&answer).2, rule, "{now}");
        assert!(!connection.is_partial());
    }
    // The time counts from the first token, not from the last.
    let mut connection = partial(5, policy);
    assert!(matches!(request_at(START + 8, &mut connection, 5, &[&message(3)]), Answer::Continue(_)));
    expect(&request_at(START + 11, &mut connection, 5, &[&message(5)]), 401, NEGOTIATE, "http_expired");

    for (max_legs, rule) in [(2, "accepted"), (1, "http_too_many_legs")] {
        let mut connection = partial(3, ServerPolicy { max_legs, ..ServerPolicy::default() });
        assert_eq!(summary(&request(&mut connection, 3, &[&message(3)])).2, rule);
    }

    for (max_token, status, rule) in [(3, 200, "accepted"), (2, 431, "token_too_long")] {
        let mut connection = Connection::new(ServerPolicy { max_token, ..ServerPolicy::default() });
        expect(&request(&mut connection, 1, &[&message(1)]), status, "", rule);
    }
    let long = value(&vec![0; 100_000]);
    let mut connection = Connection::new(ServerPolicy { max_token: usize::MAX, ..ServerPolicy::default() });
    expect(&request(&mut connection, 1, &[&long]), 431, "", "field_too_long");
}

#[test]
fn one_leg_is_enough_without_connection_state_and_two_are_refused() {
    let once = |messages, line: &str| {
        let line = line.to_owned();
        at(START, |env| {
            accept_once(ServerPolicy::default(), [&line], || Ok(Scripted::acceptor(messages)), env)
        })
    };
    expect(&once(1, &message(1)), 200, "", "accepted");
    expect(&once(2, &message(1)), 200, &message(2), "accepted");
    expect(&once(3, &message(1)), 401, NEGOTIATE, "http_second_leg_needed");
    expect(&once(3, &message(3)), 401, NEGOTIATE, "http_nothing_to_continue");
    let policy = ServerPolicy { continuation: Continuation::Never, ..ServerPolicy::default() };
    let mut connection = Connection::new(policy);
    expect(&request(&mut connection, 3, &[&message(1)]), 401, NEGOTIATE, "http_second_leg_needed");
    assert!(!connection.is_partial());
}

#[test]
fn error_tokens_are_sent_only_on_request() {
    for (failure, field) in
        [(FailureReply::Bare, NEGOTIATE.to_owned()), (FailureReply::ErrorToken, value(b"\x7eerror"))]
    {
        let mut connection = Connection::new(ServerPolicy { failure, ..ServerPolicy::default() });
        let answer = request(&mut connection, 2, &["Negotiate AAAA"]);
        expect(&answer, 401, &field, "scripted");
        let Answer::Reject { error, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(
            (error.blame(), error.major(), error.minor()),
            (Blame::Peer, MajorStatus::DEFECTIVE_TOKEN, Some(7))
        );
        // Our own refusals have no token to show.
        expect(&request(&mut connection, 2, &["Negotiate"]), 401, NEGOTIATE, "http_missing_token");
    }
}

#[test]
fn a_proxy_answers_as_a_proxy() {
    let mut connection = Connection::new(ServerPolicy { side: Side::Proxy, ..ServerPolicy::default() });
    let answer = request(&mut connection, 3, &[&message(1)]);
    expect(&answer, 407, &message(2), "continue");
    let Answer::Continue(Reply { field: Some(field), .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(field.name, "Proxy-Authenticate");
    expect(&request(&mut connection, 3, &["Negotiate AAAA"]), 407, NEGOTIATE, "scripted");
    expect(&request(&mut connection, 3, &["Negotiate A"]), 400, "", "base64_length");
}
