//! The server: what to answer, and whom to let in.
//!
//! One [`Server`] serves all connections and threads. What it has to remember between two requests is in its
//! [`ContextStore`], so that any server with the same store, policy and keys goes on where another one stopped; the
//! contexts that it keeps ready besides are a cache, and no request is let in on them without the store.

mod answer;
mod error;
mod policy;
mod ready;

pub use self::answer::{Answer, Begin, Proof, Request};
pub use self::error::ServerError;
pub use self::policy::{DEFAULT_CONTEXT_LIFETIME, DEFAULT_READY_CONTEXTS, ServerPolicy};

use self::ready::Ready;
use super::binding::can_be_used_again;
use super::message::{ClientMessage, ServerMessage, State, UnknownBinding};
use super::rebuild::{self, Astray, Recorder};
use super::transcript::{Leg, MAX_TRANSCRIPT_LEGS, Scope, Transcript};
use super::{Binding, Bindings, ContextId, ContextStore, NAME, Nonce, NonceError, NonceFresh, RequestParts};
use crate::challenge::{Authorization, Credentials};
use crate::field::{HeaderField, HeaderValue};
use crate::legs::server::{FailureReply, MAX_ERROR_TOKEN, Reply};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::{BindingCheck, TlsBinding, TlsChannel};
use gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, ChannelBindings, Env, Handshake, Opener,
    SecurityContext, Step, Timestamp,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A server of the scheme. `H` is the acceptor, `S` the [`ContextStore`], and `U` what the caller wants to know of a
/// user: it is made from an established context once, and shared by all requests of that context.
pub struct Server<H: Handshake, S, U> {
    policy: ServerPolicy,
    store: S,
    ready: Mutex<Ready<Live<H, U>>>,
}

/// An established context that can be used again.
struct Live<H: Handshake, U> {
    scope: Scope,
    named: TlsBinding,
    bindings: Vec<Binding>,
    expires: Timestamp,
    opener: Mutex<<H::Established as SecurityContext>::Opener>,
    user: Arc<U>,
}

/// A half-made context that the client's token belongs to.
struct Partial<H> {
    handshake: H,
    transcript: Transcript,
}

/// What a request comes to.
enum Verdict<U> {
    /// It has no credentials for us.
    NoCredentials,
    Continue(Reply),
    Accepted {
        user: Arc<U>,
        proof: Proof,
        context: Option<ContextId>,
        fields: Vec<HeaderField>,
    },
}

/// Why a request is refused, and what may be shown of it.
struct Refusal<E> {
    error: ServerError<E>,
    error_token: Option<Vec<u8>>,
}

impl<E, F: Into<ServerError<E>>> From<F> for Refusal<E> {
    fn from(error: F) -> Self {
        Self { error: error.into(), error_token: None }
    }
}

impl<E> From<Astray<E>> for ServerError<E> {
    fn from(astray: Astray<E>) -> Self {
        match astray {
            Astray::Refused(error) => Self::RefusedAgain(error),
            Astray::Diverged => Self::Diverged,
        }
    }
}

impl<H: Handshake, S, U> fmt::Debug for Server<H, S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("policy", &self.policy)
            .field("ready", &self.ready().len())
            .finish_non_exhaustive()
    }
}

impl<H: Handshake, S: ContextStore, U> Server<H, S, U> {
    /// A server with this store.
    #[must_use]
    pub fn new(policy: ServerPolicy, store: S) -> Self {
        let ready = Mutex::new(Ready::new(policy.ready_contexts));
        Self { policy, store, ready }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The challenge by itself, for responses that ask for credentials of several schemes.
    #[must_use]
    pub fn challenge(&self, channel: &TlsChannel) -> Reply {
        self.asking(channel, ServerMessage::default())
    }

    /// Takes a request.
    ///
    /// `acceptor` makes a new acceptor as [`Begin`] says, and is called at most once: when a login begins or goes on, and
    /// when a context is rebuilt from the store. `user` is called at most once too, for a context that is established, or
    /// was rebuilt and has just been proven; it is not asked whether the user may do anything.
    ///
    /// The order of checks is: context, origin and binding, MIC, nonce. The place of a MIC in the context's sequence
    /// counts for nothing, since requests overtake each other; the nonce takes its place.
    pub fn receive<'a, V, L>(
        &self,
        request: Request<'_, L>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        user: impl FnOnce(&H::Established) -> U,
        env: &mut Env<'_>,
    ) -> Answer<U, H::Error>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        let channel = request.parts.channel;
        match self.judge(request, acceptor, user, env) {
            Ok(Verdict::NoCredentials) => Answer::Challenge(self.challenge(channel)),
            Ok(Verdict::Continue(reply)) => Answer::Continue(reply),
            Ok(Verdict::Accepted { user, proof, context, fields }) => {
                Answer::Accepted { user, proof, context, fields }
            }
            Err(refusal) => self.reject(channel, refusal),
        }
    }

    /// Forgets a context that can be used again: its user logs out.
    ///
    /// # Errors
    /// [`StoreUnavailable`](super::StoreUnavailable): it can be used still.
    pub fn forget(&self, context: &ContextId) -> Result<(), super::StoreUnavailable> {
        self.ready().remove(context);
        self.store.remove(context)
    }

    fn judge<'a, V, L>(
        &self,
        request: Request<'_, L>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        user: impl FnOnce(&H::Established) -> U,
        env: &mut Env<'_>,
    ) -> Result<Verdict<U>, Refusal<H::Error>>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        let found = Authorization::from_lines(request.credentials).map_err(ServerError::Field)?;
        let Some(found) = found.filter(|found| found.is(NAME)) else { return Ok(Verdict::NoCredentials) };
        let Credentials::Params(params) = found.credentials else { return Err(ServerError::NoParams.into()) };
        let message = ClientMessage::parse(params, self.policy.max_token).map_err(ServerError::Param)?;
        request.parts.check().map_err(ServerError::Nul)?;
        match message {
            ClientMessage::Login { context, token, binding } => {
                let named = self.named(binding)?;
                let partial = match context {
                    None => self.begin(named, &request.parts, acceptor)?,
                    Some(id) => self.resume(&id, named, &request.parts, acceptor, env.now)?,
                };
                self.step(partial, token, user, env)
            }
            ClientMessage::Again { context, nonce, mic, binding } => {
                let named = self.named(binding)?;
                Ok(self.again(&context, nonce, &mic, named, &request.parts, acceptor, user, env.now)?)
            }
        }
    }

    /// The kind of binding that the client names, if it is one of ours.
    fn named(
        &self,
        binding: Option<Result<TlsBinding, UnknownBinding>>,
    ) -> Result<Option<TlsBinding>, ServerError<H::Error>> {
        match binding {
            None => Ok(None),
            Some(Ok(kind)) if self.policy.bindings.contains(kind) => Ok(Some(kind)),
            Some(kind) => Err(ServerError::BindingNotOffered { named: kind.ok() }),
        }
    }

    fn begin(
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
    fn resume(
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

    /// Refuses a context where it did not begin.
    fn check_place(
        &self,
        scope: &Scope,
        began: Option<TlsBinding>,
        bindings: &[Binding],
        named: Option<TlsBinding>,
        parts: &RequestParts<'_>,
    ) -> Result<(), ServerError<H::Error>> {
        if *scope != self.scope(parts) {
            return Err(ServerError::OtherScope);
        }
        if named.is_some() && named != began {
            return Err(ServerError::OtherBinding { began, named });
        }
        if bindings.iter().all(|binding| binding.is_on(parts.channel)) {
            Ok(())
        } else {
            Err(ServerError::OtherChannel)
        }
    }

    fn scope(&self, parts: &RequestParts<'_>) -> Scope {
        let Self { policy: ServerPolicy { side, realm, .. }, .. } = self;
        Scope { side: *side, origin: String::from(parts.origin), realm: realm.clone() }
    }

    fn step(
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
    fn lifetime_of(&self, context: &H::Established, last: Timestamp) -> Timestamp {
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

    #[expect(clippy::too_many_arguments, reason = "what the client says, and what is needed to check it")]
    fn again(
        &self,
        id: &ContextId,
        nonce: Nonce,
        mic: &[u8],
        named: Option<TlsBinding>,
        parts: &RequestParts<'_>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        user: impl FnOnce(&H::Established) -> U,
        now: Timestamp,
    ) -> Result<Verdict<U>, ServerError<H::Error>> {
        let ready = self.ready().get(id);
        let live = match ready {
            Some(live) => {
                self.check_place(&live.scope, Some(live.named), &live.bindings, named, parts)?;
                if live.expires <= now {
                    self.ready().remove(id);
                    return Err(ServerError::UnknownContext);
                }
                verify(&live.bindings, &mut *lock(&live.opener), nonce, mic, parts)?;
                let _: NonceFresh = self.use_nonce(id, nonce, now)?;
                live
            }
            None => {
                let kept = self.store.load(id, now)?.ok_or(ServerError::UnknownContext)?;
                let transcript = Transcript::from_bytes(&kept).map_err(ServerError::Unreadable)?;
                self.check_place(&transcript.scope, transcript.named, &transcript.bindings, named, parts)?;
                let mut context = rebuild::establish(make(&transcript, acceptor)?, &transcript)?;
                let (Some(named), Some(last)) = (transcript.named, transcript.legs.last()) else {
                    return Err(ServerError::Diverged);
                };
                if !can_be_used_again(&context) {
                    return Err(ServerError::Diverged);
                }
                let expires = self.lifetime_of(&context, last.now);
                if expires <= now {
                    return Err(ServerError::UnknownContext);
                }
                verify(&transcript.bindings, context.opener(), nonce, mic, parts)?;
                let _: NonceFresh = self.use_nonce(id, nonce, now)?;
                let user = Arc::new(user(&context));
                let (_, opener) = context.split();
                let Transcript { scope, bindings, .. } = transcript;
                let opener = Mutex::new(opener);
                let live = Arc::new(Live { scope, named, bindings, expires, opener, user });
                self.ready().insert(*id, Arc::clone(&live));
                live
            }
        };
        let (user, proof) = (Arc::clone(&live.user), Proof::Again(nonce));
        Ok(Verdict::Accepted { user, proof, context: Some(*id), fields: Vec::new() })
    }

    fn use_nonce(
        &self,
        id: &ContextId,
        nonce: Nonce,
        now: Timestamp,
    ) -> Result<NonceFresh, ServerError<H::Error>> {
        self.store.use_nonce(id, nonce, now).map_err(|error| match error {
            NonceError::UnknownContext => {
                self.ready().remove(id);
                ServerError::UnknownContext
            }
            NonceError::Replayed => ServerError::Replayed,
            NonceError::Unavailable(error) => ServerError::Store(error),
        })
    }

    fn reject(&self, channel: &TlsChannel, refusal: Refusal<H::Error>) -> Answer<U, H::Error> {
        let Refusal { error, error_token } = refusal;
        let side = self.policy.side;
        let status = error.status(side);
        if status != side.challenge_status() {
            return Answer::Reject { reply: Reply { status, fields: Vec::new() }, error };
        }
        let shown = self.policy.failure == FailureReply::ErrorToken;
        let message = ServerMessage {
            state: error.ends_login().then_some(State::Error),
            token: error_token.filter(|token| shown && token.len() <= MAX_ERROR_TOKEN),
            stale: error.is_stale(),
            ..ServerMessage::default()
        };
        Answer::Reject { reply: self.asking(channel, message), error }
    }

    /// A challenge that says what can be used on this channel, and this.
    fn asking(&self, channel: &TlsChannel, message: ServerMessage) -> Reply {
        let bindings = self.policy.bindings.on(channel);
        self.reply(&ServerMessage { realm: self.policy.realm.clone(), bindings, ..message })
    }

    fn reply(&self, message: &ServerMessage) -> Reply {
        let side = self.policy.side;
        let value = HeaderValue::new(message.to_challenge());
        let field = HeaderField { name: side.challenge_field(), value };
        Reply { status: side.challenge_status(), fields: vec![field] }
    }
}

impl<H: Handshake, S, U> Server<H, S, U> {
    fn ready(&self) -> MutexGuard<'_, Ready<Live<H, U>>> {
        lock(&self.ready)
    }
}

/// A thread that panics while it holds a lock leaves nothing half done: what is written under locks is a cache, and the
/// state of an opener whose sequence is not looked at.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new acceptor for what the transcript has.
fn make<H: Handshake>(
    transcript: &Transcript,
    acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
) -> Result<H, ServerError<H::Error>> {
    let any_of: Vec<ChannelBindings<'_>> =
        transcript.bindings.iter().map(Binding::channel_bindings).collect();
    let acceptable = AcceptableBindings { policy: transcript.policy, any_of: &any_of };
    let bindings = BindingCheck::new(&acceptable).map_err(ServerError::TooManyBindings)?;
    acceptor(Begin { bindings, repeats: transcript.legs.len() }).map_err(ServerError::NoAcceptor)
}

/// Checks a MIC over the request. With several certificates it may be bound to any of them.
fn verify<E>(
    bindings: &[Binding],
    opener: &mut dyn Opener,
    nonce: Nonce,
    mic: &[u8],
    parts: &RequestParts<'_>,
) -> Result<(), ServerError<E>> {
    let mut failed = gss_core::MessageError::BadMic;
    for binding in bindings {
        // The place in the sequence is not looked at: the nonce is checked in its place.
        match opener.verify_mic(&parts.signed_message(nonce, binding)?, mic) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(ServerError::Mic(failed))
}
