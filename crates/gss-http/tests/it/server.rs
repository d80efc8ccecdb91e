use crate::scripted::{Scripted, ScriptedError};
use crate::support::{
    Connection, START, USER, ask, at, direct, expect, message, persistent, summary, user, value,
};
use gss_core::{Blame, Diagnose, MajorStatus, Role, oid};
use gss_http::{
    Answer, Client, ClientPolicy, Continuation, FailureReply, FirstOutcome, Outcome, Response, Scheme,
    Schemes, ServerError, ServerPolicy, ServerProof, Side, accept_once,
};

const NEGOTIATE: &str = "Negotiate";

/// Gives a request to the connection, whose acceptors know handshakes of `messages` tokens.
fn request<'c>(connection: &'c mut Connection, messages: u8, lines: &[&str]) -> Answer<'c, Scripted> {
    ask(connection, Scripted::acceptor(messages), direct(lines))
}

fn request_at<'c>(
    now: i64,
    connection: &'c mut Connection,
    messages: u8,
    lines: &[&str],
) -> Answer<'c, Scripted> {
    at(now, |env| connection.receive(direct(lines), |_| Ok(Scripted::acceptor(messages)), env))
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
        for preemptive in [false, true] {
            for messages in 1..=5 {
                exchange(side, Scheme::Negotiate, Scripted::initiator(messages, USER), preemptive);
            }
            for messages in [3, 5] {
                let initiator = Scripted::initiator(messages, USER).ntlm_inside();
                exchange(side, Scheme::Negotiate, initiator, preemptive);
            }
            for scheme in [Scheme::Negotiate, Scheme::Ntlm] {
                exchange(side, scheme, Scripted::initiator(3, USER).raw_ntlm(), preemptive);
            }
        }
    }
}

/// Runs client against server, checking names and status codes on the way.
fn exchange(side: Side, scheme: Scheme, initiator: Scripted, preemptive: bool) {
    let what = format!("{side:?} {scheme} {initiator:?}");
    let schemes = Schemes::only(scheme);
    let mut connection = Connection::new(ServerPolicy { side, schemes, ..ServerPolicy::default() });
    let acceptor = Scripted { role: Role::Acceptor, user: 0, ..initiator };
    let client = Client::new(initiator, ClientPolicy { side, scheme, ..ClientPolicy::default() });
    let (mut field, mut pending) = if preemptive {
        at(START, |env| client.preempt(env)).unwrap()
    } else {
        let answer = ask(&mut connection, acceptor, direct(&[]));
        expect(&answer, side.challenge_status(), scheme.name(), "challenge");
        let response = Response::new(side.challenge_status(), [scheme.name()]);
        let first = at(START, |env| client.receive(response, env));
        let Ok(FirstOutcome::SendAgain { field, exchange }) = first else { panic!("{what}: {first:?}") };
        (field, exchange)
    };
    loop {
        assert_eq!(field.name, side.credentials_field());
        let answer = ask(&mut connection, acceptor, direct(&[field.value.as_str()]));
        let (status, fields, accepted) = match &answer {
            Answer::Continue(reply) => (reply.status, &reply.fields, false),
            Answer::Accepted { fields, .. } => (302, fields, true),
            other => panic!("{what}: {other:?}"),
        };
        let bound = initiator.mechanism == oid::NTLMSSP;
        assert_eq!(user(&answer), accepted.then_some((USER, bound)), "{what}");
        let said = (accepted && side == Side::Origin).then_some(if bound { "true" } else { "false" });
        assert_eq!(persistent(&answer), said, "{what}");
        let lines: Vec<_> = fields
            .iter()
            .filter(|field| field.name != "Persistent-Auth")
            .inspect(|field| assert_eq!(field.name, side.challenge_field()))
            .map(|field| field.value.clone())
            .collect();
        assert_eq!((connection.is_partial(), connection.is_authenticated()), (!accepted, accepted && bound));
        match at(START, |env| pending.receive(Response::new(status, &lines), env)).unwrap() {
            Outcome::SendAgain { field: next, exchange } => (field, pending) = (next, exchange),
            Outcome::Done { context, server } => {
                assert!(accepted);
                assert_eq!(context.0.user, USER);
                assert_eq!(server == ServerProof::Proven, initiator.messages > 1 && !bound, "{what}");
                return;
            }
            other => panic!("{what}: {other:?}"),
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
        (2, &["Negotiate TlRMTVNTUAADAAAA"], (401, NEGOTIATE.into(), "http_nothing_to_continue")),
        (2, &["Negotiate TlRMTVNTUAACAAAA"], (401, NEGOTIATE.into(), "http_wrong_ntlm_message")),
    ] {
        let mut connection = Connection::new(ServerPolicy::default());
        let answer = request(&mut connection, messages, lines);
        assert_eq!(summary(&answer), expected, "{lines:?}");
        // A handshake that waits is over after anything but its next token or a new first one.
        let mut connection = partial(5, ServerPolicy::default());
        let continued = matches!(request(&mut connection, messages, lines), Answer::Continue(_));
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
    let answer = at(START, |env| connection.receive(direct([&message(3)]), |_| panic!("it has begun"), env));
    expect(&answer, 200, "", "accepted");
    let answer = at(START, |env| connection.receive(direct([""; 0]), |_| panic!("there is no token"), env));
    expect(&answer, 401, NEGOTIATE, "challenge");
    let answer = at(START, |env| connection.receive(direct([&message(1)]), |_| Err(ScriptedError), env));
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
    assert_eq!(user(&answer), Some((2, false)));
    // The failure ended the first user's handshake; success ended the second's.
    for (connection, user) in connections.iter_mut().zip(1..=2) {
        expect(&request(connection, 3, &[&third(user)]), 401, NEGOTIATE, "http_nothing_to_continue");
    }
}

#[test]
fn nobody_stays_authenticated_by_kerberos() {
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
            accept_once(ServerPolicy::default(), direct([&line]), |_| Ok(Scripted::acceptor(messages)), env)
        })
    };
    expect(&once(1, &message(1)), 200, "", "accepted");
    expect(&once(2, &message(1)), 200, &message(2), "accepted");
    expect(&once(3, &message(1)), 401, NEGOTIATE, "http_second_leg_needed");
    expect(&once(3, &message(3)), 401, NEGOTIATE, "http_second_leg_needed");
    expect(&once(3, "Basic eDp5"), 401, NEGOTIATE, "challenge");
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
    let Answer::Continue(reply) = answer else { panic!("{answer:?}") };
    assert!(reply.fields.iter().map(|field| field.name).eq(["Proxy-Authenticate"]));
    expect(&request(&mut connection, 3, &["Negotiate AAAA"]), 407, NEGOTIATE, "scripted");
    expect(&request(&mut connection, 3, &["Negotiate A"]), 400, "", "base64_length");
}
