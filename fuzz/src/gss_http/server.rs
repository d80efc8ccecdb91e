//! The server of `Negotiate`.

use super::lines;
use super::scripted::{Scripted, ScriptedError};
use crate::input::{Input, check_error, rng};
use ::gss_core::{Env, SecurityContext, Timestamp};
use ::gss_http::{
    Answer, Continuation, FailureReply, HeaderField, NEGOTIATE, Reply, ServerConnection, ServerPolicy, Side,
};

/// Most requests on one connection.
const MAX_REQUESTS: usize = 12;

/// Any requests on a connection. Nobody is let in but by the mechanism's last token, and a reply that asks for
/// credentials is a challenge.
pub fn requests(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    let messages = 1 + choices % 5;
    let policy = ServerPolicy {
        side: if choices & 8 == 0 { Side::Origin } else { Side::Proxy },
        continuation: if choices & 16 == 0 { Continuation::OnConnection } else { Continuation::Never },
        failure: if choices & 32 == 0 { FailureReply::Bare } else { FailureReply::ErrorToken },
        max_legs: 1 + usize::from(choices >> 6),
        ..ServerPolicy::default()
    };
    let mut connection = ServerConnection::new(policy);
    let mut clock = Timestamp::from_seconds(0);
    for _ in 0..MAX_REQUESTS {
        if input.is_empty() {
            return;
        }
        clock = clock.saturating_add_seconds(i64::from(input.byte().cast_signed()));
        let lines = lines(&mut input);
        let waited = connection.is_partial();
        let mut made = 0;
        let acceptor = || {
            made += 1;
            if choices == 0xff { Err(ScriptedError) } else { Ok(Scripted::acceptor(messages)) }
        };
        let mut rng = rng();
        let answer = connection.receive(&lines, acceptor, &mut Env::new(clock, &mut rng));
        let _ = format!("{answer:?} {connection:?}");
        assert!(made <= 1);
        assert_eq!(connection.is_partial(), matches!(answer, Answer::Continue(_)));
        match answer {
            Answer::Challenge(reply) => {
                check_reply(&reply, policy.side);
                assert_eq!(made, 0);
            }
            Answer::Continue(reply) => {
                check_reply(&reply, policy.side);
                assert!(token(&reply.field).len() > NEGOTIATE.len());
                assert_eq!(policy.continuation, Continuation::OnConnection);
            }
            Answer::Accepted { context, field } => {
                assert!(waited || made == 1);
                assert!(messages <= 2 || waited, "the last of several tokens came first");
                assert_eq!(
                    field.is_some(),
                    messages.is_multiple_of(2),
                    "a token if and only if there is one"
                );
                assert!(context.facts().peer.is_some());
            }
            Answer::Reject { reply, error } => {
                check_error(&error);
                if reply.status == policy.side.challenge_status() {
                    check_reply(&reply, policy.side);
                } else {
                    assert!(reply.field.is_none() && (400..600).contains(&reply.status));
                }
            }
        }
    }
}

fn check_reply(reply: &Reply, side: Side) {
    assert_eq!(reply.status, side.challenge_status());
    let field = reply.field.as_ref().expect("a challenge has a field");
    assert_eq!(field.name, side.challenge_field());
    assert!(field.value.as_str().starts_with(NEGOTIATE));
}

fn token(field: &Option<HeaderField>) -> &str {
    field.as_ref().map_or("", |field| field.value.as_str())
}
