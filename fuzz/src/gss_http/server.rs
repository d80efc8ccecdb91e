//! The server.

use super::lines;
use super::scripted::{Scripted, ScriptedError};
use crate::input::{Input, check_error, rng};
use ::gss_core::{Env, SecurityContext, Timestamp, oid};
use ::gss_http::{
    Answer, Authenticated, Continuation, FailureReply, HeaderField, Persist, Reply, Request, Scheme, Schemes,
    ServerConnection, ServerPolicy, Side, Version,
};

/// Most requests on one connection.
const MAX_REQUESTS: usize = 12;

/// Any requests on a connection. Nobody is let in but by the mechanism's last token or as the one who was let in before
/// on a connection that is not shared, and a reply that asks for credentials is a challenge.
pub fn requests(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    // The byte is read again as the first step of the clock: inputs are no longer for having more to choose.
    let more = { input }.byte();
    let messages = 1 + choices % 5;
    let policy = ServerPolicy {
        side: if choices & 8 == 0 { Side::Origin } else { Side::Proxy },
        continuation: if choices & 16 == 0 { Continuation::OnConnection } else { Continuation::Never },
        failure: if choices & 32 == 0 { FailureReply::Bare } else { FailureReply::ErrorToken },
        max_legs: 1 + usize::from(choices >> 6),
        schemes: match more & 3 {
            0 => Schemes::default(),
            1 => Schemes::only(Scheme::Ntlm),
            _ => Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm),
        },
        persist: if more & 4 == 0 { Persist::Ntlm } else { Persist::All },
        allow_via: more & 8 != 0,
        ..ServerPolicy::default()
    };
    let script = Scripted::acceptor(messages);
    let script = match more >> 4 & 3 {
        0 | 1 => script,
        2 => script.ntlm_inside(),
        _ => script.raw_ntlm(),
    };
    let mut connection = ServerConnection::new(policy);
    let mut clock = Timestamp::from_seconds(0);
    // Whose the connection is, and whether nothing can be bound to it.
    let (mut owner, mut unbound) = (None, policy.continuation == Continuation::Never);
    for _ in 0..MAX_REQUESTS {
        if input.is_empty() {
            return;
        }
        clock = clock.saturating_add_seconds(i64::from(input.byte().cast_signed()));
        // The number of lines leaves some bits free.
        let marks = { input }.byte();
        let lines = lines(&mut input);
        let version = if marks & 0x40 == 0 { Version::Http1 } else { Version::Http2 };
        let via = marks & 0x80 != 0;
        unbound |= version != Version::Http1 || (via && !policy.allow_via);
        if unbound || !lines.is_empty() {
            owner = None;
        }
        let waited = connection.is_partial();
        let mut made = 0;
        let acceptor = |scheme| {
            made += 1;
            assert!(policy.schemes.contains(scheme));
            if choices == 0xff { Err(ScriptedError) } else { Ok(script) }
        };
        let mut rng = rng();
        let request = Request { credentials: &lines, version, via };
        let answer = connection.receive(request, acceptor, &mut Env::new(clock, &mut rng));
        let _ = format!("{answer:?}");
        assert!(made <= 1);
        let continues = matches!(answer, Answer::Continue(_));
        match answer {
            Answer::Challenge(reply) => {
                check_reply(&reply, policy, unbound);
                assert!(made == 0 && owner.is_none());
            }
            Answer::Continue(reply) => {
                assert_eq!(reply.status, policy.side.challenge_status());
                assert!(matches!(&reply.fields[..], [field] if field.value.as_str().contains(' ')));
                assert!(!unbound);
            }
            Answer::Accepted { context, fields } if lines.is_empty() => {
                assert!(matches!(context, Authenticated::Connection(_)) && fields.is_empty());
                assert_eq!(owner, Some(context.0.user));
            }
            Answer::Accepted { context, fields } => {
                assert!(waited || made == 1);
                assert!(messages <= 2 || waited, "the last of several tokens came first");
                let tokens =
                    fields.iter().filter(|field| field.name == policy.side.challenge_field()).count();
                assert_eq!(
                    tokens,
                    usize::from(messages.is_multiple_of(2)),
                    "a token if and only if there is one"
                );
                assert!(context.facts().peer.is_some());
                let ntlm = context.facts().mechanism == oid::NTLMSSP;
                assert!(!(unbound && ntlm));
                let bound = matches!(context, Authenticated::Connection(_));
                let every_login = ntlm || policy.persist == Persist::All;
                assert!(if bound { !unbound } else { unbound || !every_login });
                owner = bound.then_some(context.0.user);
            }
            Answer::Reject { reply, error } => {
                check_error(&error);
                if reply.status == policy.side.challenge_status() {
                    check_reply(&reply, policy, unbound);
                } else {
                    assert!(reply.fields.is_empty() && (400..600).contains(&reply.status));
                }
            }
        }
        let _ = format!("{connection:?}");
        assert_eq!(connection.is_partial(), continues);
        assert_eq!(connection.is_authenticated(), owner.is_some());
    }
}

/// One challenge for each scheme of the policy, without NTLM where nothing can be bound to the connection.
fn check_reply(reply: &Reply, policy: ServerPolicy, unbound: bool) {
    assert_eq!(reply.status, policy.side.challenge_status());
    let named = |field: &HeaderField, scheme: Scheme| {
        field.name == policy.side.challenge_field() && field.value.as_str().starts_with(scheme.name())
    };
    let offered: Vec<_> =
        policy.schemes.iter().filter(|scheme| !unbound || *scheme != Scheme::Ntlm).collect();
    assert_eq!(reply.fields.len(), offered.len());
    assert!(!offered.is_empty());
    assert!(reply.fields.iter().zip(offered).all(|(field, scheme)| named(field, scheme)));
}
