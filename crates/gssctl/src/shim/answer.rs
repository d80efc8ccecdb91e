//! Answers and the error object.

use super::text;
use gss::{BindingOutcome, Context, Diagnose, Role, SecurityContext, oid};
use serde_json::{Map, Value, json};

/// A failure, as callers see it.
#[derive(Debug)]
pub(super) struct Failure {
    major: &'static str,
    code: String,
    krb_error: Option<i32>,
    message: String,
}

impl Failure {
    pub(super) fn new(major: &'static str, code: &str, message: impl Into<String>) -> Self {
        Self { major, code: code.into(), krb_error: None, message: message.into() }
    }

    /// The request makes no sense.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new("GSS_S_FAILURE", "bad_request", message)
    }

    /// The request needs something that is not there (yet).
    pub(super) fn unavailable(what: &str) -> Self {
        Self::new("GSS_S_UNAVAILABLE", "unavailable", format!("{what} is not available in this version"))
    }

    pub(super) fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("major".into(), self.major.into());
        error.insert("code".into(), self.code.as_str().into());
        if let Some(code) = self.krb_error {
            error.insert("krb_error".into(), code.into());
        }
        error.insert("message".into(), self.message.as_str().into());
        error.into()
    }

    /// As the answer to everything but `step`.
    pub(super) fn into_answer(self) -> Value {
        json!({ "error": self.to_json() })
    }

    /// As the answer to `step`.
    pub(super) fn into_step(self, token: &[u8]) -> Value {
        json!({ "state": "failed", "token": token_value(token), "error": self.to_json() })
    }
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            major: error.major().name(),
            code: error.code().into(),
            krb_error: error.minor(),
            message: error.to_string(),
        }
    }
}

pub(super) fn ok() -> Value {
    json!({ "ok": true })
}

pub(super) fn to_be_continued(token: &[u8]) -> Value {
    json!({ "state": "continue", "token": token_value(token) })
}

pub(super) fn established(context: &Context, token: &[u8]) -> Value {
    let facts = context.facts();
    let mechanism = facts.mechanism;
    // An initiator that asked for no proof still knows whom its ticket is for.
    let presented = context.krb5_presented().map(|ticket| ticket.server.to_string());
    let peer = facts.peer.map(ToString::to_string).or(presented);
    let mut answer = json!({
        "state": "established",
        "token": token_value(token),
        "mech": oid::mechanism_name(&mechanism).map_or_else(|| mechanism.to_string(), str::to_owned),
        "peer": peer,
        "flags": facts.flags.names().collect::<Vec<_>>(),
        "channel_bound": facts.binding == BindingOutcome::Bound,
        "role": match facts.role { Role::Initiator => "initiator", Role::Acceptor => "acceptor" },
    });
    if let Value::Object(fields) = &mut answer {
        if let Some(negotiation) = context.negotiation() {
            fields.insert("mech_list_mic".into(), negotiation.name().into());
        }
        if let Some(expires) = facts.expires {
            fields.insert("expires".into(), expires.to_string().into());
        }
        if let Some(ticket) = context.delegated().first() {
            fields.insert("delegated".into(), ticket.client.to_string().into());
        }
    }
    answer
}

/// A token, or null when there is none.
fn token_value(token: &[u8]) -> Value {
    if token.is_empty() { Value::Null } else { text::base64(token).into() }
}
