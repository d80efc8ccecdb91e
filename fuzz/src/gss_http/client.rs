//! The client.

use super::lines;
use super::scripted::Scripted;
use crate::input::{Input, check_error, rng};
use ::gss_core::{Env, Timestamp};
use ::gss_http::{
    Client, ClientPolicy, Exchange, FinalToken, FirstOutcome, HeaderField, Outcome, Response, Route, Scheme,
    ServerProof, Side, Version,
};

/// Most responses to one client.
const MAX_RESPONSES: usize = 12;

/// Any responses. A response is taken for the server's only when the server proved itself, where that was asked
/// for; and a refusal never is.
pub fn responses(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    let messages = 1 + choices % 5;
    let policy = ClientPolicy {
        side: if choices & 8 == 0 { Side::Origin } else { Side::Proxy },
        route: if choices & 16 == 0 { Route::Direct } else { Route::ForwardProxy },
        final_token: if choices & 32 == 0 { FinalToken::Require } else { FinalToken::AllowMissing },
        max_legs: 1 + usize::from(choices >> 6),
        ..ClientPolicy::default()
    };
    let more = input.byte();
    let policy = ClientPolicy {
        scheme: if more & 4 == 0 { Scheme::Negotiate } else { Scheme::Ntlm },
        version: if more & 8 == 0 { Version::Http1 } else { Version::Http2 },
        ..policy
    };
    let initiator = || {
        let initiator = Scripted::initiator(messages, 5);
        if more & 16 == 0 { initiator } else { initiator.raw_ntlm() }
    };
    let mut client = Client::new(initiator(), policy);
    if more & 1 != 0 {
        client = client.on_authenticated_connection();
    }
    let mut rng = rng();
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let started = if more & 2 == 0 {
        first(client, &mut input, policy, &mut env)
    } else {
        match client.preempt(&mut env) {
            Ok(started) => Some(started),
            Err(error) => return check_error(&error),
        }
    };
    let Some((field, mut exchange)) = started else { return };
    check_field(&field, policy);
    for _ in 0..MAX_RESPONSES {
        if input.is_empty() {
            return;
        }
        let status = status(&mut input);
        let lines = lines(&mut input);
        let refused = status == policy.side.challenge_status();
        exchange = match exchange.receive(Response::new(status, &lines), &mut env) {
            Ok(Outcome::SendAgain { field, exchange }) => {
                assert!(refused && policy.version == Version::Http1);
                check_field(&field, policy);
                exchange
            }
            Ok(Outcome::Done { server, .. }) => {
                assert!(!refused, "a refusal was taken for an answer");
                let proves = messages > 1 && more & 16 == 0;
                assert_eq!(server == ServerProof::Proven, proves, "NTLM does not prove the server");
                return;
            }
            Ok(Outcome::Unproven) => {
                assert!(!refused && messages > 1);
                return assert_eq!(policy.final_token, FinalToken::AllowMissing);
            }
            Ok(Outcome::Restart(restart)) => {
                assert!(refused && more & 1 != 0);
                match restart.with(initiator(), &mut env) {
                    Ok((field, exchange)) => {
                        check_field(&field, policy);
                        exchange
                    }
                    Err(error) => return check_error(&error),
                }
            }
            Ok(Outcome::Wait(exchange)) => {
                assert!(!refused);
                exchange
            }
            Err(error) => return check_error(&error),
        };
    }
}

fn first(
    client: Client<Scripted>,
    input: &mut Input<'_>,
    policy: ClientPolicy,
    env: &mut Env<'_>,
) -> Option<(HeaderField, Exchange<Scripted>)> {
    let (status, lines) = (status(input), lines(input));
    let promise = super::lines(input);
    match client.receive(Response::new(status, &lines).with_proxy_support(&promise), env) {
        Ok(FirstOutcome::SendAgain { field, exchange }) => {
            assert_eq!(status, policy.side.challenge_status());
            Some((field, exchange))
        }
        Ok(FirstOutcome::NotAsked(_)) => {
            assert_ne!(status, policy.side.challenge_status());
            None
        }
        Err(error) => {
            check_error(&error);
            None
        }
    }
}

fn check_field(field: &HeaderField, policy: ClientPolicy) {
    assert_eq!(field.name, policy.side.credentials_field());
    assert!(field.value.as_str().starts_with(policy.scheme.name()));
}

/// The statuses that matter, and any other.
fn status(input: &mut Input<'_>) -> u16 {
    match input.byte() % 8 {
        0 => 401,
        1 => 407,
        2 => 200,
        3 => 100,
        4 => 403,
        _ => input.u16(),
    }
}
