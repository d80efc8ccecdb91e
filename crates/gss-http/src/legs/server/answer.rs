use super::ServerError;
use crate::field::{HeaderField, Side};
use crate::legs::Version;
use crate::scheme::Scheme;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;
use gss_core::Handshake;

/// What the server looks at in a request. No part has a default: one that is forgotten may mix users.
#[derive(Clone, Copy, Debug)]
pub struct Request<L> {
    /// All lines of [`Side::credentials_field`].
    pub credentials: L,
    /// The version of HTTP by which the request came.
    pub version: Version,
    /// Whether the request has a `Via` line (RFC 9110 section 7.6.3): it came through a proxy, which may mix
    /// requests of several clients on one connection. A proxy that does so without adding `Via` cannot be told
    /// from a client; say `true` where all requests come through one.
    pub via: bool,
}

/// What a server answers. The errors are those of the mechanism.
#[must_use]
pub enum Answer<'c, H: Handshake> {
    /// The request has no credentials for us. Ask for them, along with other schemes, each on its own field line.
    Challenge(Reply),
    /// The handshake goes on. Send the reply, keep the connection open, and give the next request on it to the same
    /// [`ServerConnection`](super::ServerConnection).
    Continue(Reply),
    /// The client is who the context says.
    Accepted {
        /// The context.
        context: Authenticated<'c, H::Established>,
        /// To be added to the response of the request, whatever status it has: the last token, if there is one, and
        /// `Persistent-Auth` at the end of a login ([`Side::Origin`] only). A client that asked for mutual
        /// authentication trusts the response only with them. An authenticated client that may not have what it
        /// asks for gets 403 with these fields, not 401.
        fields: Vec<HeaderField>,
    },
    /// The client is refused.
    Reject {
        /// The response.
        reply: Reply,
        /// Why: for the log, not for the client. Where it [needs HTTP/1.1](ServerError::needs_http11), the better
        /// response is to reset the stream with `HTTP_1_1_REQUIRED` (RFC 9113 section 7) or `H3_VERSION_FALLBACK`
        /// (RFC 9114 section 8.1): the client tries again over HTTP/1.1 then.
        error: ServerError<H::Error>,
    },
}

impl<H: Handshake> fmt::Debug for Answer<'_, H>
where
    H::Established: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(reply) => f.debug_tuple("Challenge").field(reply).finish(),
            Self::Continue(reply) => f.debug_tuple("Continue").field(reply).finish(),
            Self::Accepted { context, fields } => {
                f.debug_struct("Accepted").field("context", context).field("fields", fields).finish()
            }
            Self::Reject { reply, error } => {
                f.debug_struct("Reject").field("reply", reply).field("error", error).finish()
            }
        }
    }
}

/// The context of an authenticated request, and what it is bound to.
///
/// What belongs to a connection does not outlive it:
///
/// ```compile_fail,E0505
/// use gss_core::{Env, Handshake};
/// use gss_http::{Answer, Request, Scheme, ServerConnection};
///
/// fn keep<'c, H: Handshake>(
///     mut connection: ServerConnection<H>,
///     request: Request<&'c [&'c str]>,
///     acceptor: fn(Scheme) -> Result<H, H::Error>,
///     env: &mut Env<'_>,
/// ) {
///     let answer = connection.receive(request, acceptor, env);
///     drop(connection);
///     drop(answer);
/// }
/// ```
#[derive(Debug)]
pub enum Authenticated<'c, C> {
    /// It is this request's; later requests bring credentials of their own.
    Request(C),
    /// It belongs to the connection, whose later requests without credentials are this client's. It cannot leave its
    /// [`ServerConnection`](super::ServerConnection), and ends with it.
    Connection(&'c C),
}

impl<C> Deref for Authenticated<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        match self {
            Self::Request(context) => context,
            Self::Connection(context) => context,
        }
    }
}

/// A response that is not the application's.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code: 401 or 407; 400, 403, 431 or 500 for some errors.
    pub status: u16,
    /// The challenges, each to be sent as its own line; never empty with 401 and 407 (RFC 9110 sections 15.5.2 and
    /// 15.5.8).
    pub fields: Vec<HeaderField>,
}

impl Reply {
    /// A challenge with the next token.
    pub(super) fn token(side: Side, scheme: Scheme, token: &[u8]) -> Self {
        Self { status: side.challenge_status(), fields: vec![HeaderField::challenge(side, scheme, token)] }
    }
}
