//! The server: what to answer, and whom to let in.
//!
//! One [`Server`] serves all connections and threads. What it has to remember between two requests is in its
//! [`ContextStore`], so that any server with the same store, policy and keys goes on where another one stopped; the
//! contexts that it keeps ready besides are a cache, and no request is let in on them without the store.

mod again;
mod answer;
mod error;
mod login;
mod policy;
mod ready;

pub use self::answer::{Answer, Begin, Proof, Request};
pub use self::error::ServerError;
pub use self::policy::{DEFAULT_CONTEXT_LIFETIME, DEFAULT_READY_CONTEXTS, ServerPolicy};

use self::again::Claim;
use self::ready::Ready;
use super::message::{ClientMessage, ServerMessage, State, UnknownBinding};
use super::rebuild::Astray;
use super::transcript::{Scope, Transcript};
use super::{Binding, ContextId, ContextStore, NAME, RequestParts};
use crate::challenge::{Authorization, Credentials};
use crate::field::{HeaderField, HeaderValue};
use crate::legs::server::{FailureReply, MAX_ERROR_TOKEN, Reply};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::{BindingCheck, TlsBinding, TlsChannel};
use gss_core::{AcceptableBindings, ChannelBindings, Env, Handshake, SecurityContext, Timestamp};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
                let claim = Claim { context, nonce, mic: &mic, named, parts: &request.parts, now: env.now };
                Ok(self.again(&claim, acceptor, user)?)
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
