//! The server: what to answer, and whom to let in.
//!
//! A [`ServerConnection`] belongs to one connection and holds at most one half-made handshake. **It has to be dropped
//! with the connection**: nothing leads from the first leg on one connection to the second on another.
//!
//! **Per request or per connection.** Kerberos proves who sends one request: its context is given out with that request
//! and kept nowhere. NTLM proves who is at the other end of the connection: the context stays in the
//! [`ServerConnection`], which lends it out for each request without credentials until the connection ends
//! ([`Authenticated::Connection`]). Other mechanisms do so only under [`Persist::All`]. A request with credentials begins
//! anew, whatever becomes of it: the user before is forgotten first. So is one whose context has expired.
//!
//! **Shared connections.** HTTP/2 and HTTP/3 mix requests, and so may a proxy (a request with `Via`): neither a second leg
//! nor an authenticated connection can be told from somebody else's request there. On such connections only
//! handshakes of one leg are taken, which is what Kerberos with a ticket needs; NTLM is neither offered nor taken, not
//! even inside SPNEGO ([`ServerError::Unbound`]). A connection that had one such request counts as shared until its end.
//!
//! **One leg only.** A server without connection state works for Kerberos in the same way: [`accept_once`], or
//! [`Continuation::Never`]. It refuses NTLM, a SPNEGO reselection, and SPNEGO with `request-mic`.
//!
//! Responses to requests with credentials are not for shared caches (RFC 9111 section 3.5), and on an authenticated
//! connection that is every response; `Cache-Control: no-store` is prudent on those that carry a token.

mod answer;
mod error;
mod policy;

pub use self::answer::{Answer, Authenticated, Reply, Request};
pub use self::error::{Need, ServerError, Unbound};
pub use self::policy::{Continuation, DEFAULT_PARTIAL_LIFETIME, FailureReply, Persist, ServerPolicy};

use super::token::{check_ntlm, is_ntlm, ntlm};
use super::{TokenPlace, decode_token};
use crate::challenge::{Authorization, Credentials};
use crate::field::{HeaderField, Side};
use crate::legs::Version;
use crate::scheme::Scheme;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Env, Handshake, SecurityContext, Step, Timestamp, oid};
use zeroize::Zeroizing;

/// How long an error token may be to be sent, in bytes. A KRB-ERROR is much shorter.
pub const MAX_ERROR_TOKEN: usize = 4096;

/// The messages of NTLM that clients send.
const FROM_CLIENT: &[u32] = &[ntlm::NEGOTIATE, ntlm::AUTHENTICATE];

/// Authenticates a request by itself; see "one leg only" in the [module's text](self). The arguments are those of
/// [`ServerConnection::receive`].
pub fn accept_once<'c, 'a, H, V, L>(
    policy: ServerPolicy,
    request: Request<L>,
    acceptor: impl FnOnce(Scheme) -> Result<H, H::Error>,
    env: &mut Env<'_>,
) -> Answer<'c, H>
where
    H: Handshake,
    V: AsRef<[u8]> + ?Sized + 'a,
    L: IntoIterator<Item = &'a V>,
{
    let policy = ServerPolicy { continuation: Continuation::Never, ..policy };
    let mut connection = ServerConnection::new(policy);
    match connection.judge(request, acceptor, env) {
        // There is no connection to bind the login to: under this policy none comes out so.
        Ok(Verdict::Login { context, fields, .. }) => {
            Answer::Accepted { context: Authenticated::Request(context), fields }
        }
        Ok(Verdict::Continue(reply)) => Answer::Continue(reply),
        Ok(Verdict::NoCredentials | Verdict::Foreign) => connection.challenge(),
        Err(refusal) => connection.reject(refusal),
    }
}

/// The authentication state of one connection.
pub struct ServerConnection<H: Handshake> {
    policy: ServerPolicy,
    partial: Option<Partial<H>>,
    /// Whose requests those without credentials are. Lent out, never given away.
    user: Option<H::Established>,
    /// Why nothing can be bound to the connection any more.
    unbound: Option<Unbound>,
}

/// A handshake that waits for the client's next token.
struct Partial<H> {
    handshake: H,
    scheme: Scheme,
    begun: Timestamp,
    legs: usize, // tokens taken
}

/// What a request comes to.
enum Verdict<H: Handshake> {
    /// It has no credentials.
    NoCredentials,
    /// Its credentials are of a scheme that is not ours.
    Foreign,
    Continue(Reply),
    Login {
        context: H::Established,
        fields: Vec<HeaderField>,
        /// Whether the context is the connection's from now on.
        bound: bool,
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

impl<H: Handshake> fmt::Debug for ServerConnection<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConnection")
            .field("legs", &self.partial.as_ref().map_or(0, |partial| partial.legs))
            .field("authenticated", &self.user.is_some())
            .field("unbound", &self.unbound)
            .finish()
    }
}

impl<H: Handshake> ServerConnection<H> {
    /// A connection on which nothing happened yet.
    #[must_use]
    pub fn new(policy: ServerPolicy) -> Self {
        let unbound = (policy.continuation == Continuation::Never).then_some(Unbound::Never);
        Self { policy, partial: None, user: None, unbound }
    }

    /// Whether a half-made handshake waits for the client's next token.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Whether a login holds for the next request, if that has no credentials.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.user.is_some()
    }

    /// Takes a request. `acceptor` makes a new acceptor for the client's scheme and is called when a handshake begins, at
    /// most once; for [`Scheme::Ntlm`] it makes one that takes NTLM's messages as they are.
    ///
    /// A first token begins anew, even while another handshake is half made. Whatever else comes ends that
    /// handshake: a request without credentials, with those of another scheme, or with an error in them.
    pub fn receive<'a, V, L>(
        &mut self,
        request: Request<L>,
        acceptor: impl FnOnce(Scheme) -> Result<H, H::Error>,
        env: &mut Env<'_>,
    ) -> Answer<'_, H>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        match self.judge(request, acceptor, env) {
            Ok(Verdict::Login { context, fields, bound }) => {
                let context = if bound {
                    Authenticated::Connection(self.user.insert(context))
                } else {
                    Authenticated::Request(context)
                };
                Answer::Accepted { context, fields }
            }
            Ok(Verdict::NoCredentials) => match &self.user {
                Some(user) => {
                    Answer::Accepted { context: Authenticated::Connection(user), fields: Vec::new() }
                }
                None => self.challenge(),
            },
            Ok(Verdict::Continue(reply)) => Answer::Continue(reply),
            Ok(Verdict::Foreign) => self.challenge(),
            Err(refusal) => self.reject(refusal),
        }
    }

    /// Decides about a request. A user remains only if the request has no credentials and the connection is not shared.
    fn judge<'a, V, L>(
        &mut self,
        request: Request<L>,
        acceptor: impl FnOnce(Scheme) -> Result<H, H::Error>,
        env: &mut Env<'_>,
    ) -> Result<Verdict<H>, Refusal<H::Error>>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        // Both taken out at once, and put back only where it is said that they stay.
        let partial = self.partial.take();
        let user = self.user.take();
        self.unbound = self.unbound.or(self.sharing(request.version, request.via));
        let Some(found) = Authorization::from_lines(request.credentials).map_err(ServerError::Field)? else {
            let expired = |user: &H::Established| user.facts().expires.is_some_and(|end| end <= env.now);
            self.user = user.filter(|user| self.unbound.is_none() && !expired(user));
            return Ok(Verdict::NoCredentials);
        };
        let Some(scheme) = Scheme::parse(found.scheme).filter(|scheme| self.policy.schemes.contains(*scheme))
        else {
            return Ok(Verdict::Foreign);
        };
        let text = match found.credentials {
            Credentials::Token68(text) => text,
            Credentials::None => return Err(ServerError::MissingToken { scheme }.into()),
            Credentials::Params(_) => return Err(ServerError::UnexpectedParams { scheme }.into()),
        };
        // Decrypted where it lies, so it is wiped.
        let mut input = Zeroizing::new(Vec::new());
        decode_token(text, self.policy.max_token, &mut *input)?;
        check_ntlm(scheme, &input, FROM_CLIENT)?;
        let partial = self.next_or_new(partial, scheme, &input, acceptor, env.now)?;
        self.step(partial, &mut input, env)
    }

    /// Why the connection may carry requests of others, if it may.
    fn sharing(&self, version: Version, via: bool) -> Option<Unbound> {
        match version {
            Version::Http2 => Some(Unbound::Http2),
            Version::Http3 => Some(Unbound::Http3),
            Version::Http1 => (via && !self.policy.allow_via).then_some(Unbound::Via),
        }
    }

    /// Refuses what needs a connection of its own where there is none.
    fn demand(&self, need: Need) -> Result<(), ServerError<H::Error>> {
        self.unbound.map_or(Ok(()), |why| Err(ServerError::Unbound { need, why }))
    }

    /// The handshake that the token belongs to.
    fn next_or_new(
        &self,
        partial: Option<Partial<H>>,
        scheme: Scheme,
        token: &[u8],
        acceptor: impl FnOnce(Scheme) -> Result<H, H::Error>,
        now: Timestamp,
    ) -> Result<Partial<H>, ServerError<H::Error>> {
        if is_ntlm(token) {
            self.demand(Need::Ntlm)?;
        }
        let place = TokenPlace::of(token);
        if place == TokenPlace::Later {
            self.demand(Need::SecondLeg)?;
        }
        match partial {
            Some(partial)
                if place != TokenPlace::First && partial.scheme == scheme && self.unbound.is_none() =>
            {
                let age = now.seconds_since(partial.begun);
                // A clock that went back tells nothing about the age: that counts as expired too.
                if !(0..=i64::from(self.policy.partial_lifetime)).contains(&age) {
                    return Err(ServerError::Expired { age, limit: self.policy.partial_lifetime });
                }
                Ok(partial)
            }
            _ if place == TokenPlace::Later => Err(ServerError::NothingToContinue),
            _ => {
                let handshake = acceptor(scheme).map_err(ServerError::NoAcceptor)?;
                Ok(Partial { handshake, scheme, begun: now, legs: 0 })
            }
        }
    }

    fn step(
        &mut self,
        partial: Partial<H>,
        input: &mut [u8],
        env: &mut Env<'_>,
    ) -> Result<Verdict<H>, Refusal<H::Error>> {
        let Partial { handshake, scheme, begun, legs } = partial;
        if legs >= self.policy.max_legs {
            return Err(ServerError::TooManyLegs { limit: self.policy.max_legs }.into());
        }
        let mut output = Vec::new();
        let step = match handshake.step(input, &mut output, env) {
            Ok(step) => step,
            Err(error) => {
                let error_token = (scheme == Scheme::Negotiate).then_some(output);
                return Err(Refusal { error: ServerError::Handshake(error), error_token });
            }
        };
        if !output.is_empty() && check_ntlm(scheme, &output, &[ntlm::CHALLENGE]).is_err() {
            return Err(ServerError::WrongMechanism.into());
        }
        let side = self.policy.side;
        match step {
            Step::Done(context) => {
                let ntlm = scheme == Scheme::Ntlm || context.facts().mechanism == oid::NTLMSSP;
                if ntlm {
                    // SPNEGO comes to NTLM only here.
                    self.demand(Need::Ntlm)?;
                }
                let bound = self.unbound.is_none() && (ntlm || self.policy.persist == Persist::All);
                let mut fields = Vec::new();
                if !output.is_empty() {
                    fields.push(HeaderField::challenge(side, scheme, &output));
                }
                // A proxy forwards the origin's own field with this name.
                if side == Side::Origin {
                    fields.push(HeaderField::persistent_auth(bound));
                }
                Ok(Verdict::Login { context, fields, bound })
            }
            Step::Continue(next) => {
                self.demand(Need::SecondLeg)?;
                if output.is_empty() {
                    return Err(ServerError::NothingToSend.into());
                }
                self.partial = Some(Partial { handshake: next, scheme, begun, legs: legs.saturating_add(1) });
                Ok(Verdict::Continue(Reply::token(side, scheme, &output)))
            }
        }
    }

    /// Asks for credentials; says no where nothing can be asked for.
    fn challenge<'c>(&self) -> Answer<'c, H> {
        let fields = self.offers(&[]);
        match self.unbound {
            Some(why) if fields.is_empty() => {
                self.reject(Refusal::from(ServerError::Unbound { need: Need::Ntlm, why }))
            }
            _ => Answer::Challenge(Reply { status: self.policy.side.challenge_status(), fields }),
        }
    }

    /// One challenge for each scheme that can be used on this connection; `Negotiate` with this token.
    fn offers(&self, token: &[u8]) -> Vec<HeaderField> {
        let side = self.policy.side;
        self.policy
            .schemes
            .iter()
            .filter_map(|scheme| match scheme {
                Scheme::Negotiate => Some(HeaderField::challenge(side, scheme, token)),
                Scheme::Ntlm if self.unbound.is_some() => None,
                Scheme::Ntlm => Some(HeaderField::challenge(side, scheme, &[])),
            })
            .collect()
    }

    fn reject<'c>(&self, refusal: Refusal<H::Error>) -> Answer<'c, H> {
        let Refusal { error, error_token } = refusal;
        let side = self.policy.side;
        let status = error.status(side);
        if status != side.challenge_status() {
            return Answer::Reject { reply: Reply { status, fields: Vec::new() }, error };
        }
        let shown = match (self.policy.failure, &error_token) {
            (FailureReply::ErrorToken, Some(token)) if token.len() <= MAX_ERROR_TOKEN => token.as_slice(),
            _ => &[],
        };
        let fields = self.offers(shown);
        // Without a challenge 401 and 407 must not be sent (RFC 9110 section 15.5).
        let status = if fields.is_empty() { 403 } else { status };
        Answer::Reject { reply: Reply { status, fields }, error }
    }
}
