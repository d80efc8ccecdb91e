//! Answers and the error object.

use super::text;
use gss::ntlm::Accepted;
use gss::{BindingOutcome, Context, Diagnose, Facts, Role, SecurityContext, oid};
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

    /// The same failure, with more to say of how it came about.
    pub(super) fn after(mut self, cause: &Self) -> Self {
        self.message = format!("{}; {}", self.message, cause.message);
        self
    }

    /// As `error` says of itself, in these words.
    pub(super) fn worded(error: &dyn Diagnose, message: String) -> Self {
        Self { major: error.major().name(), code: error.code().into(), krb_error: error.minor(), message }
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
        Self::worded(&error, error.to_string())
    }
}

pub(super) fn ok() -> Value {
    json!({ "ok": true })
}

pub(super) fn to_be_continued(token: &[u8]) -> Value {
    json!({ "state": "continue", "token": token_value(token) })
}

/// The facade's context.
pub(super) fn established(context: &Context, token: &[u8]) -> Value {
    let facts = context.facts();
    let mut fields = common(&facts, token);
    // An initiator that asked for no proof still knows whom its ticket is for.
    if let (None, Some(ticket)) = (facts.peer, context.krb5_presented()) {
        fields.insert("peer".into(), ticket.server.to_string().into());
    }
    if let Some(negotiation) = context.negotiation() {
        fields.insert("mech_list_mic".into(), negotiation.name().into());
    }
    if let Some(ticket) = context.delegated().first() {
        fields.insert("delegated".into(), ticket.client.to_string().into());
    }
    if let Some(accepted) = context.ntlm_accepted() {
        fields.extend(logged_on(accepted));
    }
    fields.into()
}

/// A context of an NTLM acceptor.
pub(super) fn accepted_by_ntlm(context: &gss_ntlm::Context<Accepted>) -> Value {
    let mut fields = common(&context.facts(), &[]);
    fields.extend(logged_on(context.parties()));
    fields.into()
}

/// What all contexts can say.
pub(super) fn common(facts: &Facts<'_>, token: &[u8]) -> Map<String, Value> {
    let mechanism = facts.mechanism;
    let name = oid::mechanism_name(&mechanism).map_or_else(|| mechanism.to_string(), str::to_owned);
    let role = match facts.role {
        Role::Initiator => "initiator",
        Role::Acceptor => "acceptor",
    };
    let fields: [(&str, Value); 7] = [
        ("state", "established".into()),
        ("token", token_value(token)),
        ("mech", name.into()),
        ("peer", facts.peer.map(ToString::to_string).into()),
        ("flags", facts.flags.names().collect::<Vec<_>>().into()),
        ("channel_bound", (facts.binding == BindingOutcome::Bound).into()),
        ("role", role.into()),
    ];
    let expires = facts.expires.map(|time| ("expires", time.to_string().into()));
    fields.into_iter().chain(expires).map(|(name, value)| (name.into(), value)).collect()
}

/// What an NTLM acceptor knows of a logon.
fn logged_on(accepted: &Accepted) -> [(String, Value); 3] {
    [
        ("mic".into(), accepted.has_mic().into()),
        ("target".into(), accepted.target().into()),
        ("workstation".into(), accepted.workstation().into()),
    ]
}

/// A token, or null when there is none.
fn token_value(token: &[u8]) -> Value {
    if token.is_empty() { Value::Null } else { text::base64(token).into() }
}
