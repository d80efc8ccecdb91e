//! The server of `Negotiate`: what to answer, and whom to let in.
//!
//! A [`ServerConnection`] belongs to one connection and holds at most one half-made handshake. It has to be dropped
//! with the connection: nothing leads from the first leg on one connection to the second on another. An identity is
//! given out once, for the request whose token completed the handshake; what that means for later requests is for
//! the program to decide.
//!
//! **One leg only.** Kerberos with a ticket completes in one leg, so that a server without connection state works for it:
//! [`accept_once`], or [`Continuation::Never`]. Such a server refuses NTLM, a SPNEGO reselection, and SPNEGO with
//! `request-mic`. It is also the right mode for HTTP/2 and HTTP/3, where requests of several users may share a
//! connection; there a server that needs more legs answers `HTTP_1_1_REQUIRED` (RFC 9113 section 7).
//!
//! Responses to requests with credentials are not for shared caches (RFC 9111 section 3.5); `Cache-Control: no-store`
//! is prudent on those that carry a token.

mod error;

pub use self::error::ServerError;

use super::{DEFAULT_MAX_LEGS, DEFAULT_MAX_TOKEN, TokenPlace, decode_token};
use crate::challenge::{Authorization, Credentials};
use crate::field::{HeaderField, NEGOTIATE, Side};
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Env, Handshake, Step, Timestamp};
use zeroize::Zeroizing;

/// How long a client may take between its first and its last token, in seconds, unless the caller says otherwise.
pub const DEFAULT_PARTIAL_LIFETIME: u32 = 60;

/// How long an error token may be to be sent, in bytes. A KRB-ERROR is much shorter.
pub const MAX_ERROR_TOKEN: usize = 4096;

/// What a server insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// As what the server authenticates. Default: [`Side::Origin`].
    pub side: Side,
    /// Whether handshakes of several legs are taken. Default: [`Continuation::OnConnection`].
    pub continuation: Continuation,
    /// What a refused client gets to see. Default: [`FailureReply::Bare`].
    pub failure: FailureReply,
    /// How many tokens a client may send for one handshake. Default: [`DEFAULT_MAX_LEGS`].
    pub max_legs: usize,
    /// How many bytes a client's token may have. Default: [`DEFAULT_MAX_TOKEN`]. Beyond 96 KiB
    /// [`MAX_FIELD_BYTES`](crate::challenge::MAX_FIELD_BYTES) is the limit.
    pub max_token: usize,
    /// How many seconds a half-made handshake is kept. Default: [`DEFAULT_PARTIAL_LIFETIME`].
    pub partial_lifetime: u32,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        Self {
            side: Side::default(),
            continuation: Continuation::default(),
            failure: FailureReply::default(),
            max_legs: DEFAULT_MAX_LEGS,
            max_token: DEFAULT_MAX_TOKEN,
            partial_lifetime: DEFAULT_PARTIAL_LIFETIME,
        }
    }
}

/// Whether handshakes of several legs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Continuation {
    /// Yes: the connection carries one request after the other, all of one client.
    #[default]
    OnConnection,
    /// No: one leg or [`ServerError::SecondLegNeeded`].
    Never,
}

/// What a refused client gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FailureReply {
    /// The challenge without a token. Every client takes that as a refusal.
    #[default]
    Bare,
    /// The mechanism's error token (KRB-ERROR, SPNEGO reject), if there is one of at most [`MAX_ERROR_TOKEN`] bytes.
    /// It helps a client to say why; some take it for the next leg.
    ErrorToken,
}

/// What a server answers. The errors are those of the mechanism.
#[must_use]
pub enum Answer<H: Handshake> {
    /// The request has no credentials for us. Ask for them, along with other schemes, each on its own field line.
    Challenge(Reply),
    /// The handshake goes on. Send the reply, keep the connection open, and give the next request on it to the same
    /// [`ServerConnection`].
    Continue(Reply),
    /// The client is who the context says.
    Accepted {
        /// The context.
        context: H::Established,
        /// To be added to the response of the request, whatever status it has. A client that asked for mutual
        /// authentication trusts the response only with it. An authenticated client that may not have what it
        /// asks for gets 403 with this field, not 401.
        field: Option<HeaderField>,
    },
    /// The client is refused.
    Reject {
        /// The response.
        reply: Reply,
        /// Why: for the log, not for the client.
        error: ServerError<H::Error>,
    },
}

impl<H: Handshake> fmt::Debug for Answer<H>
where
    H::Established: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(reply) => f.debug_tuple("Challenge").field(reply).finish(),
            Self::Continue(reply) => f.debug_tuple("Continue").field(reply).finish(),
            Self::Accepted { context, field } => {
                f.debug_struct("Accepted").field("context", context).field("field", field).finish()
            }
            Self::Reject { reply, error } => {
                f.debug_struct("Reject").field("reply", reply).field("error", error).finish()
            }
        }
    }
}

/// A response that is not the application's.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code: 401 or 407; 400, 431 or 500 for some errors.
    pub status: u16,
    /// The challenge; always there with 401 and 407 (RFC 9110 sections 15.5.2 and 15.5.8).
    pub field: Option<HeaderField>,
}

impl Reply {
    fn challenge(side: Side, token: &[u8]) -> Self {
        Self { status: side.challenge_status(), field: Some(HeaderField::challenge(side, token)) }
    }
}

/// Authenticates a request by itself; see "one leg only" in the [module's text](self). The arguments are those of
/// [`ServerConnection::receive`].
pub fn accept_once<'a, H, V, L>(
    policy: ServerPolicy,
    credentials: L,
    acceptor: impl FnOnce() -> Result<H, H::Error>,
    env: &mut Env<'_>,
) -> Answer<H>
where
    H: Handshake,
    V: AsRef<[u8]> + ?Sized + 'a,
    L: IntoIterator<Item = &'a V>,
{
    let policy = ServerPolicy { continuation: Continuation::Never, ..policy };
    ServerConnection::new(policy).receive(credentials, acceptor, env)
}

/// The authentication state of one connection.
pub struct ServerConnection<H> {
    policy: ServerPolicy,
    partial: Option<Partial<H>>,
}

/// A handshake that waits for the client's next token.
struct Partial<H> {
    handshake: H,
    begun: Timestamp,
    legs: usize, // tokens taken
}

impl<H> fmt::Debug for ServerConnection<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerConnection {{ legs: {} }}", self.partial.as_ref().map_or(0, |partial| partial.legs))
    }
}

impl<H: Handshake> ServerConnection<H> {
    /// A connection on which nothing happened yet.
    #[must_use]
    pub fn new(policy: ServerPolicy) -> Self {
        Self { policy, partial: None }
    }

    /// Whether a half-made handshake waits for the client's next token.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Takes a request. `credentials` are all lines of [`Side::credentials_field`]; `acceptor` makes a new acceptor and
    /// is called when a handshake begins, at most once.
    ///
    /// A first token begins anew, even while another handshake is half made. Whatever else comes ends that
    /// handshake: a request without credentials, with those of another scheme, or with an error in them.
    pub fn receive<'a, V, L>(
        &mut self,
        credentials: L,
        acceptor: impl FnOnce() -> Result<H, H::Error>,
        env: &mut Env<'_>,
    ) -> Answer<H>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        // Taken out at once: it is put back only when it goes on.
        let partial = self.partial.take();
        let text = match Authorization::from_lines(credentials) {
            Ok(Some(found)) if found.is(NEGOTIATE) => match found.credentials {
                Credentials::Token68(text) => text,
                Credentials::None => return self.reject(ServerError::MissingToken, &[]),
                Credentials::Params(_) => return self.reject(ServerError::UnexpectedParams, &[]),
            },
            Ok(_) => return Answer::Challenge(Reply::challenge(self.policy.side, &[])),
            Err(error) => return self.reject(ServerError::Field(error), &[]),
        };
        // Decrypted where it lies, so it is wiped.
        let mut input = Zeroizing::new(Vec::new());
        if let Err(error) = decode_token(text, self.policy.max_token, &mut *input) {
            return self.reject(ServerError::Token(error), &[]);
        }
        match self.next_or_new(partial, &input, acceptor, env.now) {
            Ok(partial) => self.step(partial, &mut input, env),
            Err(error) => self.reject(error, &[]),
        }
    }

    /// The handshake that the token belongs to.
    fn next_or_new(
        &self,
        partial: Option<Partial<H>>,
        token: &[u8],
        acceptor: impl FnOnce() -> Result<H, H::Error>,
        now: Timestamp,
    ) -> Result<Partial<H>, ServerError<H::Error>> {
        let place = TokenPlace::of(token);
        match partial {
            Some(partial) if place != TokenPlace::First => {
                let age = now.seconds_since(partial.begun);
                // A clock that went back tells nothing about the age: that counts as expired too.
                if !(0..=i64::from(self.policy.partial_lifetime)).contains(&age) {
                    return Err(ServerError::Expired { age, limit: self.policy.partial_lifetime });
                }
                Ok(partial)
            }
            None if place == TokenPlace::Later => Err(ServerError::NothingToContinue),
            _ => {
                let handshake = acceptor().map_err(ServerError::NoAcceptor)?;
                Ok(Partial { handshake, begun: now, legs: 0 })
            }
        }
    }

    fn step(&mut self, partial: Partial<H>, input: &mut [u8], env: &mut Env<'_>) -> Answer<H> {
        let Partial { handshake, begun, legs } = partial;
        if legs >= self.policy.max_legs {
            return self.reject(ServerError::TooManyLegs { limit: self.policy.max_legs }, &[]);
        }
        let mut output = Vec::new();
        match handshake.step(input, &mut output, env) {
            Ok(Step::Done(context)) => {
                let field = (!output.is_empty()).then(|| HeaderField::challenge(self.policy.side, &output));
                Answer::Accepted { context, field }
            }
            Ok(Step::Continue(_)) if self.policy.continuation == Continuation::Never => {
                self.reject(ServerError::SecondLegNeeded, &[])
            }
            Ok(Step::Continue(_)) if output.is_empty() => self.reject(ServerError::NothingToSend, &[]),
            Ok(Step::Continue(next)) => {
                self.partial = Some(Partial { handshake: next, begun, legs: legs.saturating_add(1) });
                Answer::Continue(Reply::challenge(self.policy.side, &output))
            }
            Err(error) => self.reject(ServerError::Handshake(error), &output),
        }
    }

    fn reject(&self, error: ServerError<H::Error>, error_token: &[u8]) -> Answer<H> {
        let side = self.policy.side;
        let status = error.status(side);
        if status != side.challenge_status() {
            return Answer::Reject { reply: Reply { status, field: None }, error };
        }
        let shown = match self.policy.failure {
            FailureReply::ErrorToken if error_token.len() <= MAX_ERROR_TOKEN => error_token,
            FailureReply::ErrorToken | FailureReply::Bare => &[],
        };
        Answer::Reject { reply: Reply::challenge(side, shown), error }
    }
}
