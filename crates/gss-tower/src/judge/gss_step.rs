//! A step of the scheme `GSS`.

use super::{Judgeable, Stepped};
use crate::authenticated::{Authenticated, Manner};
use crate::builder::Shared;
use crate::gss_scheme::{GssServer, Signed, may_be_told};
use alloc::sync::Arc;
use gss::{Acceptor, Env};
use gss_core::bindings::TlsChannel;
use gss_http::gss::{Answer, Begin, Proof, Request};
use gss_http::{HeaderField, HeaderValue, Reply, Scheme};

impl Shared {
    /// A step of `GSS`.
    pub(super) fn gss_step(
        &self,
        gss: &GssServer,
        request: &Judgeable,
        signed: &Signed,
        channel: &TlsChannel,
        env: &mut Env<'_>,
    ) -> Stepped {
        let make = |begin: Begin| {
            let acceptor = Acceptor::new(Arc::clone(&self.config)).binding_check(begin.bindings);
            Ok(acceptor.repeating_accepted_tokens(begin.repeats))
        };
        let user = |context: &gss::Context| Authenticated::of_context(context, Manner::Login);
        let request = Request { credentials: &request.credentials, parts: signed.parts(channel) };
        match gss.server.receive(request, make, user, env) {
            Answer::Challenge(reply) => Stepped::Asked(self.beside(reply)),
            Answer::Continue(reply) => self.continued(reply),
            Answer::Accepted { user, proof, context, fields } => {
                let manner = match proof {
                    Proof::Login => Manner::Login,
                    Proof::Again(_) => Manner::Reauthentication,
                };
                let who = user.proven(manner, context);
                self.accepted(&who);
                Stepped::Accepted { who, fields }
            }
            Answer::Reject { reply, error } => {
                self.rejected(&error, reply.status);
                let asks = reply.status == self.policy.side.challenge_status();
                let reply = if asks { self.beside(reply) } else { reply };
                Stepped::Refused { reply, reason: may_be_told(&error), http11: false }
            }
        }
    }

    /// A challenge of `GSS` with that of `Negotiate`, which any connection can have.
    fn beside(&self, reply: Reply) -> Reply {
        let mut fields = reply.fields;
        if self.policy.schemes.contains(Scheme::Negotiate) {
            let name = self.policy.side.challenge_field();
            let field = HeaderField { name, value: HeaderValue::token(Scheme::Negotiate, &[]) };
            let preferred = self.gss.as_ref().is_some_and(|gss| gss.preferred);
            fields.insert(if preferred { fields.len() } else { 0 }, field);
        }
        Reply { fields, ..reply }
    }
}

impl Stepped {
    /// The same with the challenge of `GSS`, where it asks for credentials.
    pub(super) fn with_offer(self, gss: &GssServer, channel: &TlsChannel) -> Self {
        let add = |reply: Reply| {
            let (mut first, mut second) = (reply.fields, gss.offer(channel));
            if gss.preferred {
                core::mem::swap(&mut first, &mut second);
            }
            first.append(&mut second);
            Reply { fields: first, ..reply }
        };
        match self {
            Self::Asked(reply) => Self::Asked(add(reply)),
            Self::Refused { reply, reason, http11 } if !reply.fields.is_empty() => {
                Self::Refused { reply: add(reply), reason, http11 }
            }
            other => other,
        }
    }
}
