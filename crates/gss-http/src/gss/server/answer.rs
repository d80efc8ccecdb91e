use super::ServerError;
use crate::gss::{ContextId, RequestParts};
use crate::legs::server::Reply;
use crate::{HeaderField, gss::Nonce};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::BindingCheck;

/// What the server looks at in a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, L> {
    /// All lines of [`Side::credentials_field`](crate::Side::credentials_field).
    pub credentials: L,
    /// What a MIC covers, and where the request goes.
    pub parts: RequestParts<'a>,
}

/// What an acceptor is made for.
#[derive(Debug)]
pub struct Begin {
    /// The channel bindings to take, in place of those of the acceptor's configuration. They are checked once more when
    /// the context is there: an acceptor that ignores them lets nobody in who named one.
    pub bindings: BindingCheck,
    /// How many of the acceptor's first steps take tokens that it (or another one of this service) has taken before:
    /// what the [store](crate::gss::ContextStore) has of the context is stepped through again. For these, and for no
    /// later one, the acceptor must not ask its replay cache: `gss::Acceptor::repeating_accepted_tokens`. 0 for a
    /// new login.
    pub repeats: usize,
}

/// What a server answers. `U` is what the caller made of the user, `E` the mechanism's error.
#[must_use]
pub enum Answer<U, E> {
    /// The request has no credentials for us. Ask for them, along with other schemes, each on its own field line.
    Challenge(Reply),
    /// The login goes on: send the reply.
    Continue(Reply),
    /// The request is this user's.
    Accepted {
        /// What the caller made of the user when the context was established, or rebuilt from the store.
        user: Arc<U>,
        /// How the client proved it.
        proof: Proof,
        /// The context, if it can be used again: for [`Server::forget`](super::Server::forget).
        context: Option<ContextId>,
        /// To be added to the response of the request, whatever status it has. A client that asked for mutual
        /// authentication trusts the response only with them.
        fields: Vec<HeaderField>,
    },
    /// The client is refused.
    Reject {
        /// The response.
        reply: Reply,
        /// Why: for the log, not for the client.
        error: ServerError<E>,
    },
}

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// By a login, whose last token came with this request.
    Login,
    /// By a MIC over this request with the key of its login.
    Again(Nonce),
}

impl<U, E: fmt::Debug> fmt::Debug for Answer<U, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(reply) => f.debug_tuple("Challenge").field(reply).finish(),
            Self::Continue(reply) => f.debug_tuple("Continue").field(reply).finish(),
            Self::Accepted { proof, context, fields, .. } => f
                .debug_struct("Accepted")
                .field("proof", proof)
                .field("context", context)
                .field("fields", fields)
                .finish_non_exhaustive(),
            Self::Reject { reply, error } => {
                f.debug_struct("Reject").field("reply", reply).field("error", error).finish()
            }
        }
    }
}
