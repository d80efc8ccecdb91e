//! Requests to a [`ServerConnection`] with scripted acceptors, and its answers in few words.

use crate::scripted::Scripted;
use gss_core::{Diagnose, Env, Timestamp};
use gss_http::{
    Answer, Authenticated, HeaderField, HeaderValue, Reply, Request, Scheme, ServerConnection, Version,
};
use test_support::TestRng;

pub(crate) const USER: u8 = 5;
pub(crate) const START: i64 = 1_000;

pub(crate) type Connection = ServerConnection<Scripted>;

pub(crate) fn at<R>(seconds: i64, run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = TestRng::insecure(1);
    run(&mut Env::new(Timestamp::from_seconds(seconds), &mut rng))
}

/// A request over a connection of its client's own.
pub(crate) fn direct<L>(credentials: L) -> Request<L> {
    Request { credentials, version: Version::Http1, via: false }
}

pub(crate) fn over<L>(version: Version, credentials: L) -> Request<L> {
    Request { version, ..direct(credentials) }
}

pub(crate) fn via<L>(credentials: L) -> Request<L> {
    Request { via: true, ..direct(credentials) }
}

pub(crate) fn value(token: &[u8]) -> String {
    HeaderValue::token(Scheme::Negotiate, token).into_string()
}

/// A token of the framed script as a field value, by number.
pub(crate) fn message(number: u8) -> String {
    value(&Scripted::token(number, USER))
}

/// The message of NTLM of this type, as a field value.
pub(crate) fn ntlm_message(scheme: Scheme, number: u8, user: u8) -> String {
    HeaderValue::token(scheme, &crate::scripted::Form::Ntlm.token(number, user)).into_string()
}

/// Gives a request to the connection, with this acceptor if one is needed.
pub(crate) fn ask<'c>(
    connection: &'c mut Connection,
    acceptor: Scripted,
    request: Request<&[&str]>,
) -> Answer<'c, Scripted> {
    at(START, |env| connection.receive(request, |_| Ok(acceptor), env))
}

/// The status, the values of the challenges with a bar between them, and the rule broken.
pub(crate) fn summary<'a>(answer: &'a Answer<'_, Scripted>) -> (u16, String, &'a str) {
    let reply = |reply: &Reply| (reply.status, challenges(&reply.fields));
    let ((status, fields), rule) = match answer {
        Answer::Challenge(challenge) => (reply(challenge), "challenge"),
        Answer::Continue(next) => (reply(next), "continue"),
        Answer::Accepted { fields, .. } => ((200, challenges(fields)), "accepted"),
        Answer::Reject { reply: rejected, error } => (reply(rejected), error.code()),
    };
    (status, fields, rule)
}

fn challenges(fields: &[HeaderField]) -> String {
    let challenges = fields.iter().filter(|field| field.name.ends_with("-Authenticate"));
    challenges.map(|field| field.value.as_str()).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
pub(crate) fn expect(answer: &Answer<'_, Scripted>, status: u16, fields: &str, rule: &str) {
    assert_eq!(summary(answer), (status, fields.to_owned(), rule));
}

/// Whom the answer lets in, and whether as the connection's user; `None` when it lets nobody in.
pub(crate) fn user(answer: &Answer<'_, Scripted>) -> Option<(u8, bool)> {
    let Answer::Accepted { context, .. } = answer else { return None };
    Some((context.0.user, matches!(context, Authenticated::Connection(_))))
}

/// What the answer says in `Persistent-Auth`.
pub(crate) fn persistent<'a>(answer: &'a Answer<'_, Scripted>) -> Option<&'a str> {
    let Answer::Accepted { fields, .. } = answer else { return None };
    fields.iter().find(|field| field.name == "Persistent-Auth").map(|field| field.value.as_str())
}
