//! Logins that hold for a connection: whose it is, and until when.

use crate::scripted::Scripted;
use crate::support::{
    Connection, START, USER, ask, at, direct, expect, message, ntlm_message, persistent, user, value,
};
use gss_http::persistence::{Persistence, parse_persistent_auth};
use gss_http::{
    Answer, Client, ClientPolicy, Exchange, Outcome, Persist, Response, Scheme, Schemes, ServerPolicy, Side,
};

fn policy() -> ServerPolicy {
    ServerPolicy { schemes: Schemes::default().then(Scheme::Ntlm), ..ServerPolicy::default() }
}

fn ntlm(number: u8, user: u8) -> String {
    ntlm_message(Scheme::Ntlm, number, user)
}

fn acceptor() -> Scripted {
    Scripted::acceptor(3).raw_ntlm()
}

fn silent(connection: &mut Connection) -> Option<(u8, bool)> {
    user(&ask(connection, acceptor(), direct(&[])))
}

/// A connection on which a user logged in with NTLM.
fn logged_in(policy: ServerPolicy, who: u8) -> Connection {
    let mut connection = Connection::new(policy);
    assert!(matches!(ask(&mut connection, acceptor(), direct(&[&ntlm(1, who)])), Answer::Continue(_)));
    let answer = ask(&mut connection, acceptor(), direct(&[&ntlm(3, who)]));
    assert_eq!((user(&answer), persistent(&answer)), (Some((who, true)), Some("true")));
    connection
}

#[test]
fn every_way_to_ntlm_leads_to_an_authenticated_connection_and_others_do_not() {
    let raw = acceptor();
    let inside = Scripted::acceptor(3).ntlm_inside();
    let kerberos = Scripted::acceptor(3);
    for (persist, acceptor, scheme, bound) in [
        (Persist::Ntlm, raw, Scheme::Ntlm, true),
        (Persist::Ntlm, raw, Scheme::Negotiate, true),
        (Persist::Ntlm, inside, Scheme::Negotiate, true),
        (Persist::Ntlm, kerberos, Scheme::Negotiate, false),
        (Persist::All, raw, Scheme::Ntlm, true),
        (Persist::All, inside, Scheme::Negotiate, true),
        (Persist::All, kerberos, Scheme::Negotiate, true),
    ] {
        let mut connection = Connection::new(ServerPolicy { persist, ..policy() });
        let line = |number| {
            let token = acceptor.form.token(number, USER);
            gss_http::HeaderValue::token(scheme, &token).into_string()
        };
        assert!(matches!(ask(&mut connection, acceptor, direct(&[&line(1)])), Answer::Continue(_)));
        let answer = ask(&mut connection, acceptor, direct(&[&line(3)]));
        assert_eq!(user(&answer), Some((USER, bound)));
        assert_eq!(persistent(&answer), Some(if bound { "true" } else { "false" }));
        for _ in 0..3 {
            let answer = ask(&mut connection, acceptor, direct(&[]));
            assert_eq!(user(&answer), bound.then_some((USER, true)), "{persist:?} {acceptor:?}");
            // Persistent-Auth belongs to the end of a login, and a login has ended before.
            assert_eq!(persistent(&answer), None);
        }
    }
}

#[test]
fn two_users_on_two_connections_never_mix() {
    let mut connections = [Connection::new(policy()), Connection::new(policy())];
    for (connection, who) in connections.iter_mut().zip(1..) {
        assert!(matches!(ask(connection, acceptor(), direct(&[&ntlm(1, who)])), Answer::Continue(_)));
    }
    for (connection, who) in connections.iter_mut().zip(1..) {
        assert_eq!(user(&ask(connection, acceptor(), direct(&[&ntlm(3, who)]))), Some((who, true)));
    }
    for _ in 0..3 {
        assert_eq!(connections.each_mut().map(silent), [Some((1, true)), Some((2, true))]);
    }
    // One of them fails, and the other does not notice.
    let answer = ask(&mut connections[0], acceptor(), direct(&["NTLM AAAA"]));
    expect(&answer, 401, "Negotiate | NTLM", "http_not_ntlm");
    assert_eq!(connections.each_mut().map(silent), [None, Some((2, true))]);
    // One connection closes, the next begins with nobody.
    connections[1] = Connection::new(policy());
    assert_eq!(connections.each_mut().map(silent), [None, None]);
}

#[test]
fn the_last_message_is_good_for_its_own_connection_only_and_once() {
    // On a connection where nothing began.
    let mut fresh = Connection::new(policy());
    let answer = ask(&mut fresh, acceptor(), direct(&[&ntlm(3, USER)]));
    expect(&answer, 401, "Negotiate | NTLM", "http_nothing_to_continue");

    // The connection closed in the middle, and the client goes on over the next.
    {
        let mut closed = Connection::new(policy());
        assert!(matches!(ask(&mut closed, acceptor(), direct(&[&ntlm(1, USER)])), Answer::Continue(_)));
    }
    let answer = ask(&mut fresh, acceptor(), direct(&[&ntlm(3, USER)]));
    expect(&answer, 401, "Negotiate | NTLM", "http_nothing_to_continue");

    // Where somebody else's handshake is half made, the mechanism has the last word: that challenge was another one.
    let mut other = Connection::new(policy());
    assert!(matches!(ask(&mut other, acceptor(), direct(&[&ntlm(1, 9)])), Answer::Continue(_)));
    let answer = ask(&mut other, acceptor(), direct(&[&ntlm(3, USER)]));
    expect(&answer, 401, "Negotiate | NTLM", "scripted");

    // Replayed on its own connection: no login, and the one before is over.
    let mut connection = logged_in(policy(), USER);
    let answer = ask(&mut connection, acceptor(), direct(&[&ntlm(3, USER)]));
    expect(&answer, 401, "Negotiate | NTLM", "http_nothing_to_continue");
    for mut connection in [fresh, other, connection] {
        assert_eq!(silent(&mut connection), None);
        assert!(!connection.is_authenticated());
    }
}

#[test]
fn new_credentials_forget_the_old_user_first() {
    let two_lines = [ntlm(1, 9), ntlm(1, 9)];
    for (lines, rule) in [
        (&[&ntlm(1, 9)[..]][..], "continue"),
        (&[&ntlm(1, USER)], "continue"),
        (&[&ntlm(3, 9)], "http_nothing_to_continue"),
        (&["NTLM"], "http_missing_token"),
        (&["NTLM A"], "base64_length"),
        (&["Negotiate AAAA"], "scripted"),
        (&["Basic eDp5"], "challenge"),
        (&["Bearer x, y"], "not_a_list"),
        (&[""], "empty_field"),
        (&two_lines.each_ref().map(String::as_str)[..], "repeated_field"),
    ] {
        let mut connection = logged_in(policy(), USER);
        let answer = ask(&mut connection, acceptor(), direct(lines));
        assert_eq!(crate::support::summary(&answer).2, rule, "{lines:?}");
        assert!(!connection.is_authenticated(), "{lines:?}");
        assert_eq!(silent(&mut connection), None, "{lines:?}");
    }
    // A second login on the same connection, to its end: the connection is the new user's.
    let mut connection = logged_in(policy(), USER);
    assert!(matches!(ask(&mut connection, acceptor(), direct(&[&ntlm(1, 9)])), Answer::Continue(_)));
    assert_eq!(user(&ask(&mut connection, acceptor(), direct(&[&ntlm(3, 9)]))), Some((9, true)));
    assert_eq!(silent(&mut connection), Some((9, true)));
    // One by Kerberos holds for its request, and leaves nobody.
    let answer = ask(&mut connection, Scripted::acceptor(2), direct(&[&value(&Scripted::token(1, 7))]));
    assert_eq!((user(&answer), persistent(&answer)), (Some((7, false)), Some("false")));
    assert_eq!(silent(&mut connection), None);
}

#[test]
fn an_acceptor_that_cannot_be_made_leaves_nobody() {
    let mut connection = logged_in(policy(), USER);
    let none = |_| Err(crate::scripted::ScriptedError);
    let answer = at(START, |env| connection.receive(direct([&ntlm(1, USER)]), none, env));
    expect(&answer, 500, "", "scripted");
    assert_eq!(silent(&mut connection), None);
}

#[test]
fn a_context_that_expires_ends_the_login() {
    for (now, lives) in [(START, true), (START + 9, true), (START + 10, false), (START + 11, false)] {
        let mut connection = Connection::new(ServerPolicy { persist: Persist::All, ..policy() });
        let kerberos = Scripted { expires: Some(START + 10), ..Scripted::acceptor(1) };
        assert_eq!(user(&ask(&mut connection, kerberos, direct(&[&message(1)]))), Some((USER, true)));
        let answer = at(now, |env| connection.receive(direct([""; 0]), |_| Ok(kerberos), env));
        assert_eq!(user(&answer), lives.then_some((USER, true)), "{now}");
        // It does not come back when the clock does.
        assert_eq!(silent(&mut connection), lives.then_some((USER, true)), "{now}");
    }
}

#[test]
fn a_proxy_keeps_its_users_too_and_leaves_the_field_to_the_origin() {
    let mut connection = Connection::new(ServerPolicy { side: Side::Proxy, ..policy() });
    let answer = ask(&mut connection, acceptor(), direct(&[&ntlm(1, USER)]));
    expect(&answer, 407, &ntlm(2, USER), "continue");
    let answer = ask(&mut connection, acceptor(), direct(&[&ntlm(3, USER)]));
    assert_eq!((user(&answer), persistent(&answer)), (Some((USER, true)), None));
    assert_eq!(silent(&mut connection), Some((USER, true)));
}

/// Both sides: the client learns whether its next request needs a token, and the server agrees.
#[test]
fn clients_learn_whether_their_connection_persists() {
    let raw = Scripted::initiator(3, USER).raw_ntlm();
    let kerberos = Scripted::initiator(2, USER);
    for (persist, scheme, initiator, persistent) in [
        (Persist::Ntlm, Scheme::Ntlm, raw, true),
        (Persist::Ntlm, Scheme::Negotiate, kerberos.ntlm_inside(), true),
        (Persist::Ntlm, Scheme::Negotiate, kerberos, false),
        (Persist::All, Scheme::Negotiate, kerberos, true),
    ] {
        for hides_field in [false, true] {
            let mut connection = Connection::new(ServerPolicy { persist, ..policy() });
            let mut persistence = Persistence::new();
            assert!(!persistence.persistent(), "the first request has a token");
            let client = Client::new(initiator, ClientPolicy { scheme, ..ClientPolicy::default() });
            let (field, exchange) = at(START, |env| client.preempt(env)).unwrap();
            let (said, mechanism) = finish(&mut connection, initiator, field.value.into_string(), exchange);
            persistence.succeeded(said.filter(|_| !hides_field), &mechanism);
            // Without the field, the mechanism decides (MS-N2HT section 2.2.2).
            let expected = if hides_field { mechanism == gss_core::oid::NTLMSSP } else { persistent };
            assert_eq!(persistence.persistent(), expected);
            let answer = ask(&mut connection, acceptor(), direct(&[]));
            assert_eq!(user(&answer), persistent.then_some((USER, true)));
            if user(&answer).is_none() {
                persistence.challenged();
            }
            // Any 401 ends it.
            assert!(!persistence.persistent() || persistent);
        }
    }
}

/// Plays an exchange to its end: what `Persistent-Auth` says, and the client's mechanism.
fn finish(
    connection: &mut Connection,
    initiator: Scripted,
    mut line: String,
    mut exchange: Exchange<Scripted>,
) -> (Option<bool>, gss_core::Oid) {
    let acceptor = Scripted { role: gss_core::Role::Acceptor, user: 0, ..initiator };
    loop {
        let answer = ask(connection, acceptor, direct(&[&line]));
        let (status, fields) = match &answer {
            Answer::Continue(reply) => (reply.status, &reply.fields),
            Answer::Accepted { fields, .. } => (200, fields),
            other => panic!("{other:?}"),
        };
        let lines = |name| fields.iter().filter(move |field| field.name == name).map(|field| &field.value);
        let response = Response::new(status, lines("WWW-Authenticate"));
        match at(START, |env| exchange.receive(response, env)).unwrap() {
            Outcome::SendAgain { field, exchange: next } => {
                (line, exchange) = (field.value.into_string(), next);
            }
            Outcome::Done { context, .. } => {
                let said = lines("Persistent-Auth").next().expect("it is said at the end of a login");
                return (parse_persistent_auth(said.as_bytes()), context.0.mechanism);
            }
            other => panic!("{other:?}"),
        }
    }
}
