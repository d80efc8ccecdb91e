//! Connections that others may share: HTTP/2, HTTP/3, and proxies that say so.

use crate::scripted::Scripted;
use crate::support::{
    Connection, START, USER, ask, at, direct, expect, message, ntlm_message, over, persistent, summary, user,
    value, via,
};
use gss_core::{Blame, Diagnose};
use gss_http::{
    Answer, Client, ClientError, ClientPolicy, Continuation, FirstOutcome, Need, Outcome, Persist, Request,
    Response, Scheme, Schemes, ServerError, ServerPolicy, Side, Unbound, Version, accept_once,
};

fn policy() -> ServerPolicy {
    ServerPolicy { schemes: Schemes::default().then(Scheme::Ntlm), ..ServerPolicy::default() }
}

fn ntlm(number: u8) -> String {
    ntlm_message(Scheme::Ntlm, number, USER)
}

fn raw(number: u8) -> String {
    ntlm_message(Scheme::Negotiate, number, USER)
}

/// Every kind of shared request, with the rule that stands against binding to its connection.
fn shared<'a>(lines: &'a [&'a str]) -> [(Request<&'a [&'a str]>, Unbound, &'static str); 3] {
    [
        (over(Version::Http2, lines), Unbound::Http2, "http_needs_http11"),
        (over(Version::Http3, lines), Unbound::Http3, "http_needs_http11"),
        (via(lines), Unbound::Via, "http_behind_proxy"),
    ]
}

#[test]
fn ntlm_is_not_offered() {
    for (request, ..) in shared(&[]) {
        for side in [Side::Origin, Side::Proxy] {
            let mut connection = Connection::new(ServerPolicy { side, ..policy() });
            let answer = ask(&mut connection, Scripted::acceptor(2), request);
            expect(&answer, side.challenge_status(), "Negotiate", "challenge");
            // Nor with a refusal.
            let bad = Request { credentials: &["Negotiate AAAA"][..], ..request };
            let answer = ask(&mut connection, Scripted::acceptor(2), bad);
            expect(&answer, side.challenge_status(), "Negotiate", "scripted");
        }
    }
    let mut connection = Connection::new(ServerPolicy { continuation: Continuation::Never, ..policy() });
    expect(&ask(&mut connection, Scripted::acceptor(2), direct(&[])), 401, "Negotiate", "challenge");
}

#[test]
fn a_server_that_has_ntlm_only_says_no() {
    let schemes = Schemes::only(Scheme::Ntlm);
    for lines in [&[][..], &["Basic eDp5"], &[&ntlm(1)[..]]] {
        for (request, _, rule) in shared(lines) {
            let mut connection = Connection::new(ServerPolicy { schemes, ..policy() });
            // A 401 without a challenge is none.
            let answer = ask(&mut connection, Scripted::acceptor(3).raw_ntlm(), request);
            expect(&answer, 403, "", rule);
        }
    }
}

#[test]
fn ntlm_and_second_legs_are_refused_with_the_reason() {
    let kerberos = Scripted::acceptor(3);
    let inside = Scripted::acceptor(1).ntlm_inside();
    let raw_ntlm = Scripted::acceptor(3).raw_ntlm();
    for (acceptor, line, need) in [
        (raw_ntlm, ntlm(1), Need::Ntlm),
        (raw_ntlm, ntlm(3), Need::Ntlm),
        (raw_ntlm, raw(1), Need::Ntlm),
        (raw_ntlm, raw(3), Need::Ntlm),
        (kerberos, message(1), Need::SecondLeg),
        (kerberos, message(3), Need::SecondLeg),
        // SPNEGO came to NTLM, which shows only in the context.
        (inside, message(1), Need::Ntlm),
    ] {
        let lines = [line.as_str()];
        for (request, why, rule) in shared(&lines) {
            let mut connection = Connection::new(policy());
            let answer = ask(&mut connection, acceptor, request);
            expect(&answer, 401, "Negotiate", rule);
            let Answer::Reject { error, .. } = answer else { panic!("{answer:?}") };
            assert!(matches!(error, ServerError::Unbound { need: n, why: w } if n == need && w == why));
            assert_eq!(error.needs_http11(), request.version != Version::Http1);
            assert_eq!(error.blame(), Blame::Environment);
            let text = error.to_string();
            assert_eq!(text.contains("HTTP/1.1 is required"), error.needs_http11(), "{text}");
            assert_eq!(text.contains("(Via)"), request.via, "{text}");
            assert!(!connection.is_partial() && !connection.is_authenticated());
        }
    }
}

#[test]
fn no_acceptor_is_made_for_raw_ntlm() {
    for line in [ntlm(1), raw(1)] {
        let mut connection = Connection::new(policy());
        let request = over(Version::Http2, [&line]);
        let answer = at(START, |env| connection.receive(request, |_| panic!("nothing to accept"), env));
        assert_eq!(summary(&answer).2, "http_needs_http11");
    }
}

#[test]
fn kerberos_in_one_leg_works_as_ever() {
    for persist in [Persist::Ntlm, Persist::All] {
        for (messages, reply) in [(1, String::new()), (2, message(2))] {
            let line = message(1);
            let lines = [line.as_str()];
            for (request, ..) in shared(&lines) {
                let mut connection = Connection::new(ServerPolicy { persist, ..policy() });
                for who in [USER, 6] {
                    // Several users in turn, as the streams of one connection may be.
                    let line = value(&Scripted::token(1, who));
                    let lines = [line.as_str()];
                    let request = Request { credentials: &lines[..], ..request };
                    let answer = ask(&mut connection, Scripted::acceptor(messages), request);
                    assert_eq!((user(&answer), persistent(&answer)), (Some((who, false)), Some("false")));
                    if who == USER {
                        expect(&answer, 200, &reply, "accepted");
                    }
                    let silent = Request { credentials: &[][..], ..request };
                    let answer = ask(&mut connection, Scripted::acceptor(messages), silent);
                    expect(&answer, 401, "Negotiate", "challenge");
                }
            }
        }
    }
}

/// A connection that was its client's own so far.
fn logged_in(policy: ServerPolicy) -> Connection {
    let mut connection = Connection::new(policy);
    let acceptor = Scripted::acceptor(3).raw_ntlm();
    assert!(matches!(ask(&mut connection, acceptor, direct(&[&ntlm(1)])), Answer::Continue(_)));
    assert_eq!(user(&ask(&mut connection, acceptor, direct(&[&ntlm(3)]))), Some((USER, true)));
    connection
}

#[test]
fn one_shared_request_ends_an_authenticated_connection_for_good() {
    let acceptor = Scripted::acceptor(3).raw_ntlm();
    let basic = ["Basic eDp5"];
    for lines in [&[][..], &basic] {
        for (request, _, rule) in shared(lines) {
            let mut connection = logged_in(policy());
            expect(&ask(&mut connection, acceptor, request), 401, "Negotiate", "challenge");
            // The same without the marks of sharing: the proxy is still there.
            expect(&ask(&mut connection, acceptor, direct(&[])), 401, "Negotiate", "challenge");
            expect(&ask(&mut connection, acceptor, direct(&[&ntlm(1)])), 401, "Negotiate", rule);
            assert!(!connection.is_authenticated() && !connection.is_partial());
        }
    }
}

#[test]
fn one_shared_request_ends_a_half_made_handshake() {
    for (request, _, rule) in shared(&[]) {
        let mut connection = Connection::new(policy());
        let acceptor = Scripted::acceptor(3);
        assert!(matches!(ask(&mut connection, acceptor, direct(&[&message(1)])), Answer::Continue(_)));
        let (line, shared) = (message(3), request);
        let answer = ask(&mut connection, acceptor, Request { credentials: &[&line], ..shared });
        expect(&answer, 401, "Negotiate", rule);
        let answer = ask(&mut connection, acceptor, direct(&[&line]));
        expect(&answer, 401, "Negotiate", rule);
    }
}

#[test]
fn proxies_that_keep_clients_apart_can_be_allowed() {
    let policy = ServerPolicy { allow_via: true, ..policy() };
    let acceptor = Scripted::acceptor(3).raw_ntlm();
    let mut connection = Connection::new(policy);
    expect(&ask(&mut connection, acceptor, via(&[])), 401, "Negotiate | NTLM", "challenge");
    expect(&ask(&mut connection, acceptor, via(&[&ntlm(1)])), 401, &ntlm(2), "continue");
    assert_eq!(user(&ask(&mut connection, acceptor, via(&[&ntlm(3)]))), Some((USER, true)));
    assert_eq!(user(&ask(&mut connection, acceptor, via(&[]))), Some((USER, true)));
    // That says nothing about HTTP/2.
    let request = Request { via: true, ..over(Version::Http2, &[][..]) };
    expect(&ask(&mut connection, acceptor, request), 401, "Negotiate", "challenge");
    expect(&ask(&mut connection, acceptor, via(&[])), 401, "Negotiate", "challenge");
}

#[test]
fn without_connection_state_there_is_no_ntlm() {
    let once = |acceptor: Scripted, line: &str, policy| {
        let answer = at(START, |env| accept_once(policy, direct([line.as_bytes()]), |_| Ok(acceptor), env));
        (summary(&answer).2.to_owned(), user(&answer))
    };
    let raw_ntlm = Scripted::acceptor(3).raw_ntlm();
    let inside = Scripted::acceptor(1).ntlm_inside();
    for (acceptor, line) in [(raw_ntlm, ntlm(1)), (raw_ntlm, raw(3)), (inside, message(1))] {
        let refused = ("http_second_leg_needed".to_owned(), None);
        assert_eq!(once(acceptor, &line, policy()), refused, "{line}");
    }
    let all = ServerPolicy { persist: Persist::All, ..policy() };
    let accepted = ("accepted".to_owned(), Some((USER, false)));
    assert_eq!(once(Scripted::acceptor(1), &message(1), all), accepted);
}

#[test]
fn clients_do_not_begin_ntlm_on_shared_connections() {
    for version in [Version::Http2, Version::Http3] {
        for scheme in [Scheme::Negotiate, Scheme::Ntlm] {
            let policy = ClientPolicy { scheme, version, ..ClientPolicy::default() };
            let client = || Client::new(Scripted::initiator(3, USER).raw_ntlm(), policy);
            let unasked = at(START, |env| client().preempt(env)).unwrap_err();
            let asked = Response::new(401, [scheme.name()]);
            let asked = at(START, |env| client().receive(asked, env)).unwrap_err();
            for error in [unasked, asked] {
                assert!(matches!(error, ClientError::SharedConnection { version: v } if v == version));
                assert!(error.needs_http11());
                assert_eq!((error.code(), error.blame()), ("http_needs_http11", Blame::Environment));
                assert!(error.to_string().contains(&version.to_string()), "{error}");
            }
        }
    }
}

#[test]
fn clients_finish_in_one_leg_on_shared_connections_or_not_at_all() {
    for version in [Version::Http2, Version::Http3] {
        let policy = ClientPolicy { version, ..ClientPolicy::default() };
        for messages in 1..=3 {
            let client = Client::new(Scripted::initiator(messages, USER), policy);
            let first = at(START, |env| client.receive(Response::new(401, ["Negotiate"]), env)).unwrap();
            let FirstOutcome::SendAgain { exchange, .. } = first else { panic!("{first:?}") };
            let (status, lines) = match messages {
                1 => (200, None),
                2 => (200, Some(message(2))),
                _ => (401, Some(message(2))),
            };
            let outcome = at(START, |env| exchange.receive(Response::new(status, &lines), env));
            if messages == 3 {
                let error = outcome.unwrap_err();
                assert!(error.needs_http11(), "{error}");
            } else {
                assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
            }
        }
    }
}
