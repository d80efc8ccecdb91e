//! Requests after the login: each proves by a MIC that it is of the client that logged in.

use super::{Begin, Live, Proof, Server, ServerError, Verdict, lock, make};
use crate::gss::binding::can_be_used_again;
use crate::gss::rebuild;
use crate::gss::transcript::Transcript;
use crate::gss::{Binding, ContextId, ContextStore, Nonce, NonceError, NonceFresh, RequestParts};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gss_core::bindings::TlsBinding;
use gss_core::{Handshake, MessageError, Opener, SecurityContext, Timestamp};
use std::sync::Mutex;

/// What a request says that has no token, and what it has to be true for.
pub(super) struct Claim<'r> {
    pub(super) context: ContextId,
    pub(super) nonce: Nonce,
    pub(super) mic: &'r [u8],
    pub(super) named: Option<TlsBinding>,
    pub(super) parts: &'r RequestParts<'r>,
    pub(super) now: Timestamp,
}

impl<H: Handshake, S: ContextStore, U> Server<H, S, U> {
    pub(super) fn again(
        &self,
        claim: &Claim<'_>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        user: impl FnOnce(&H::Established) -> U,
    ) -> Result<Verdict<U>, ServerError<H::Error>> {
        let ready = self.ready().get(&claim.context);
        let live = match ready {
            Some(live) => {
                self.check_place(&live.scope, Some(live.named), &live.bindings, claim.named, claim.parts)?;
                self.check_time(claim, live.expires)?;
                let _: NonceFresh = self.prove(claim, &live.bindings, &mut *lock(&live.opener))?;
                live
            }
            None => self.rebuild(claim, acceptor, user)?,
        };
        let (user, proof) = (Arc::clone(&live.user), Proof::Again(claim.nonce));
        Ok(Verdict::Accepted { user, proof, context: Some(claim.context), fields: Vec::new() })
    }

    /// A context that is not ready here, made from its transcript and proven.
    fn rebuild(
        &self,
        claim: &Claim<'_>,
        acceptor: impl FnOnce(Begin) -> Result<H, H::Error>,
        user: impl FnOnce(&H::Established) -> U,
    ) -> Result<Arc<Live<H, U>>, ServerError<H::Error>> {
        let kept = self.store.load(&claim.context, claim.now)?.ok_or(ServerError::UnknownContext)?;
        let transcript = Transcript::from_bytes(&kept).map_err(ServerError::Unreadable)?;
        self.check_place(
            &transcript.scope,
            transcript.named,
            &transcript.bindings,
            claim.named,
            claim.parts,
        )?;
        let mut context = rebuild::establish(make(&transcript, acceptor)?, &transcript)?;
        let (Some(named), Some(last)) = (transcript.named, transcript.legs.last()) else {
            return Err(ServerError::Diverged);
        };
        if !can_be_used_again(&context) {
            return Err(ServerError::Diverged);
        }
        let expires = self.lifetime_of(&context, last.now);
        self.check_time(claim, expires)?;
        let _: NonceFresh = self.prove(claim, &transcript.bindings, context.opener())?;
        let user = Arc::new(user(&context));
        let (_, opener) = context.split();
        let Transcript { scope, bindings, .. } = transcript;
        let opener = Mutex::new(opener);
        let live = Arc::new(Live { scope, named, bindings, expires, opener, user });
        self.ready().insert(claim.context, Arc::clone(&live));
        Ok(live)
    }

    fn check_time(&self, claim: &Claim<'_>, expires: Timestamp) -> Result<(), ServerError<H::Error>> {
        if expires > claim.now {
            return Ok(());
        }
        self.ready().remove(&claim.context);
        Err(ServerError::UnknownContext)
    }

    /// The MIC first: who cannot make one must not use up nonces.
    fn prove(
        &self,
        claim: &Claim<'_>,
        bindings: &[Binding],
        opener: &mut dyn Opener,
    ) -> Result<NonceFresh, ServerError<H::Error>> {
        verify(bindings, opener, claim)?;
        self.store.use_nonce(&claim.context, claim.nonce, claim.now).map_err(|error| match error {
            NonceError::UnknownContext => {
                self.ready().remove(&claim.context);
                ServerError::UnknownContext
            }
            NonceError::Replayed => ServerError::Replayed,
            NonceError::Unavailable(error) => ServerError::Store(error),
        })
    }
}

/// Checks a MIC over the request. With several certificates it may be bound to any of them.
fn verify<E>(bindings: &[Binding], opener: &mut dyn Opener, claim: &Claim<'_>) -> Result<(), ServerError<E>> {
    let mut failed = MessageError::BadMic;
    for binding in bindings {
        // The place in the sequence is not looked at: the nonce is checked in its place.
        match opener.verify_mic(&claim.parts.signed_message(claim.nonce, binding)?, claim.mic) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(ServerError::Mic(failed))
}
