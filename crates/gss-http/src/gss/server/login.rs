//! Logins: the tokens of a handshake, one leg after the other.

use super::{Begin, Live, Proof, Refusal, Server, ServerError, Verdict, make};
use crate::field::{HeaderField, HeaderValue};
use crate::gss::binding::can_be_used_again;
use crate::gss::message::{ServerMessage, State};
use crate::gss::rebuild::{self, Recorder};
use crate::gss::transcript::{Leg, MAX_TRANSCRIPT_LEGS, Transcript};
use crate::gss::{Binding, Bindings, ContextId, ContextStore, RequestParts};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use gss_core::bindings::TlsBinding;
use gss_core::{BindingOutcome, BindingPolicy, Env, Handshake, SecurityContext, Step, Timestamp};
use std::sync::Mutex;
use zeroize::Zeroizing;

/// A half-made context that the client's token belongs to.
pub(super) struct Partial<H> {
    handshake: H,
    transcript: Transcript,
}

impl<H: Handshake, S: ContextStore, U> Server<H, S, U> {
    pub(super) fn begin(
        &self,
        named: Option<TlsBinding>,
        parts: &RequestParts<'_>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
    ) -> Result<Partial<H>, ServerError<H::Error>> {
        let (policy, offered) = match (named, self.policy.binding) {
            (Some(named), _) if !parts.channel.has(named) => {
                return Err(ServerError::BindingNotThere { named });
            }
            // A client is held to what it names.
            (Some(named), _) => (BindingPolicy::Require, Bindings::NONE.with(named)),
            (None, BindingPolicy::Require) => return Err(ServerError::BindingRequired),
            (None, BindingPolicy::Ignore) => (BindingPolicy::Ignore, Bindings::NONE),
            (None, BindingPolicy::VerifyIfPresent) => (BindingPolicy::VerifyIfPresent, self.policy.bindings),
        };
        let bindings = offered.iter().flat_map(|kind| Binding::of(parts.channel, kind)).collect();
        let transcript = Transcript { scope: self.scope(parts), named, policy, bindings, legs: Vec::new() };
        let handshake = make(&transcript, acceptor)?;
        Ok(Partial { handshake, transcript })
    }

    /// Takes a half-made context out of the store. Whatever becomes of it: it is there no more.
    pub(super) fn resume(
        &self,
        id: &ContextId,
        named: Option<TlsBinding>,
        parts: &RequestParts<'_>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        now: Timestamp,
    ) -> Result<Partial<H>, ServerError<H::Error>> {
        let kept = self.store.resume(id, now)?.ok_or(ServerError::UnknownContext)?;
        let transcript = Transcript::from_bytes(&kept).map_err(ServerError::Unreadable)?;
        let age = transcript.begun().map(|begun| now.seconds_since(begun));
        // A clock that went back tells nothing about the age: that counts as expired too.
        if !age.is_some_and(|age| (0..=i64::from(self.policy.partial_lifetime)).contains(&age)) {
            return Err(ServerError::UnknownContext);
        }
        self.check_place(&transcript.scope, transcript.named, &transcript.bindings, named, parts)?;
        let limit = self.policy.max_legs.min(MAX_TRANSCRIPT_LEGS);
        if transcript.legs.len() >= limit {
            return Err(ServerError::TooManyLegs { limit });
        }
        let handshake = rebuild::resume(make(&transcript, acceptor)?, &transcript)?;
        Ok(Partial { handshake, transcript })
    }

    pub(super) fn step(
        &self,
        partial: Partial<H>,
        token: Zeroizing<Vec<u8>>,
        user: impl FnOnce(&H::Established) -> U,
        env: &mut Env<'_>,
    ) -> Result<Verdict<U>, Refusal<H::Error>> {
        let Partial { handshake, mut transcript } = partial;
        // Decrypted where it lies, so it is wiped; the transcript has it as it came.
        let mut input = token.clone();
        let mut output = Vec::new();
        let mut recorder = Recorder::new(env.rng);
        let step = handshake.step(&mut input, &mut output, &mut Env::new(env.now, &mut recorder));
        let random = recorder.into_drawn();
        transcript.legs.push(Leg { now: env.now, token, random });
        let token = (!output.is_empty()).then_some(output);
        match step {
            Err(error) => Err(Refusal { error: ServerError::Handshake(error), error_token: token }),
            Ok(Step::Continue(_)) => {
                if token.is_none() {
                    return Err(ServerError::NothingToSend.into());
                }
                let kept = transcript.to_bytes().map_err(ServerError::TooLong)?;
                let id = ContextId::random(env.rng);
                let begun = transcript.begun().unwrap_or(env.now);
                let expires = begun.saturating_add_seconds(self.policy.partial_lifetime.into());
                self.store.park(&id, &kept, expires, env.now).map_err(ServerError::Store)?;
                let message = ServerMessage {
                    context: Some(id),
                    state: Some(State::Continue),
                    token,
                    ..ServerMessage::default()
                };
                Ok(Verdict::Continue(self.reply(&message)))
            }
            Ok(Step::Done(context)) => Ok(self.accept(context, transcript, token, user, env)?),
        }
    }

    fn accept(
        &self,
        context: H::Established,
        transcript: Transcript,
        token: Option<Vec<u8>>,
        user: impl FnOnce(&H::Established) -> U,
        env: &mut Env<'_>,
    ) -> Result<Verdict<U>, ServerError<H::Error>> {
        let expires = self.lifetime_of(&context, env.now);
        let mut again = None;
        if let Some(named) = transcript.named {
            if context.facts().binding != BindingOutcome::Bound {
                return Err(ServerError::NotBound { named });
            }
            if self.policy.again && can_be_used_again(&context) && expires > env.now {
                // One that is too long to be kept is good for this request only.
                if let Ok(kept) = transcript.to_bytes() {
                    let id = ContextId::random(env.rng);
                    self.store.establish(&id, &kept, expires, env.now)?;
                    again = Some((id, named));
                }
            }
        }
        let user = Arc::new(user(&context));
        let id = again.map(|(id, named)| {
            let (_, opener) = context.split();
            let Transcript { scope, bindings, .. } = transcript;
            let (opener, user) = (Mutex::new(opener), Arc::clone(&user));
            let live = Live { scope, named, bindings, expires, opener, user };
            self.ready().insert(id, Arc::new(live));
            id
        });
        let fields = self.last_fields(id, token);
        Ok(Verdict::Accepted { user, proof: Proof::Login, context: id, fields })
    }

    /// Until when a context can be used that got its last token then.
    pub(super) fn lifetime_of(&self, context: &H::Established, last: Timestamp) -> Timestamp {
        let end = last.saturating_add_seconds(self.policy.context_lifetime.into());
        context.facts().expires.map_or(end, |expires| expires.min(end))
    }

    fn last_fields(&self, context: Option<ContextId>, token: Option<Vec<u8>>) -> Vec<HeaderField> {
        let side = self.policy.side;
        let state = Some(State::Complete);
        let message = ServerMessage { context, state, token, ..ServerMessage::default() };
        let mut fields =
            vec![HeaderField { name: side.info_field(), value: HeaderValue::new(message.to_info()) }];
        if self.policy.final_challenge {
            let value = HeaderValue::new(message.to_challenge());
            fields.push(HeaderField { name: side.challenge_field(), value });
        }
        fields
    }
}
