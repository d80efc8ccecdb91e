//! The client: when to send a token, and when to believe the server.
//!
//! Each state is a type, and moving on consumes it. [`Client`] has sent nothing; [`Exchange`] waits for a response.
//! An exchange lives on one connection: drop it when the connection closes. Requests with a body should wait until
//! the exchange is done, since every leg sends the request again (RFC 4559 section 6).

mod error;
mod policy;

pub use self::error::ClientError;
pub use self::policy::{ClientPolicy, FinalToken, Route};

use super::token::{check_ntlm, is_ntlm, ntlm};
use super::{Offer, OfferError, decode_token};
use crate::field::{HeaderField, Side};
use crate::persistence::supports_session_based;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{ContextFlags, Env, Handshake, SecurityContext, Step, oid};
use zeroize::Zeroizing;

/// What the client looks at in a response.
#[derive(Clone, Copy, Debug)]
pub struct Response<L> {
    /// The status code.
    pub status: u16,
    /// All lines of [`Side::challenge_field`].
    pub challenges: L,
    /// Whether `Proxy-Support` has `Session-Based-Authentication`; matters for [`Route::ForwardProxy`] only.
    pub session_based: bool,
}

impl<L> Response<L> {
    /// A response with this status and these lines of [`Side::challenge_field`].
    pub fn new(status: u16, challenges: L) -> Self {
        Self { status, challenges, session_based: false }
    }

    /// The same response with the lines of its `Proxy-Support` field.
    #[must_use]
    pub fn with_proxy_support<'a, V: AsRef<[u8]> + ?Sized + 'a>(
        self,
        lines: impl IntoIterator<Item = &'a V>,
    ) -> Self {
        Self { session_based: supports_session_based(lines), ..self }
    }
}

/// A client that has not sent a token.
#[derive(Debug)]
pub struct Client<H> {
    handshake: H,
    policy: ClientPolicy,
    restarts: Restarts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restarts {
    None,
    One,
}

/// What a client does with a response to a request without a token.
#[derive(Debug)]
#[must_use]
pub enum FirstOutcome<H: Handshake> {
    /// Send the request again on the same connection, with this field.
    SendAgain {
        /// The credentials.
        field: HeaderField,
        /// Give the response to this.
        exchange: Exchange<H>,
    },
    /// The response asks for nothing: it is the answer to the request, from a server that proved nothing.
    NotAsked(Client<H>),
}

impl<H: Handshake> Client<H> {
    /// A client that uses this initiator, which has not made a step. Its target is `HTTP@host`, without a port, and on
    /// TLS it is bound to the connection's channel.
    #[must_use]
    pub fn new(handshake: H, policy: ClientPolicy) -> Self {
        Self { handshake, policy, restarts: Restarts::None }
    }

    /// The same client on a connection on which an authentication succeeded before
    /// ([`Persistence::authenticated`](crate::persistence::Persistence::authenticated)). The server may have forgotten
    /// that, so that one refusal of the first token leads to [`Outcome::Restart`].
    #[must_use]
    pub fn on_authenticated_connection(self) -> Self {
        Self { restarts: Restarts::One, ..self }
    }

    /// Makes the credentials to send along unasked.
    ///
    /// # Errors
    /// [`ClientError::Handshake`], [`ClientError::NothingToSend`] and [`ClientError::WrongMechanism`];
    /// [`ClientError::ProxyNotSessionBased`] on [`Route::ForwardProxy`], and [`ClientError::SharedConnection`] for NTLM on
    /// HTTP/2 and HTTP/3.
    pub fn preempt(self, env: &mut Env<'_>) -> Result<(HeaderField, Exchange<H>), ClientError<H::Error>> {
        self.check_route(false)?;
        self.begin(env)
    }

    /// Takes the response to a request that was sent without a token.
    ///
    /// # Errors
    /// [`ClientError`]: the exchange is over.
    pub fn receive<'a, V, L>(
        self,
        response: Response<L>,
        env: &mut Env<'_>,
    ) -> Result<FirstOutcome<H>, ClientError<H::Error>>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        if response.status != self.policy.side.challenge_status() {
            return Ok(FirstOutcome::NotAsked(self));
        }
        match Offer::find(self.policy.scheme, response.challenges)? {
            Offer::Absent => Err(ClientError::NotOffered { scheme: self.policy.scheme }),
            // MS-N2HT section 2.2.1 and MS-NTHT: the first challenge never has a token.
            Offer::Token(_) => Err(ClientError::UnsolicitedToken),
            Offer::Bare => {
                self.check_route(response.session_based)?;
                let (field, exchange) = self.begin(env)?;
                Ok(FirstOutcome::SendAgain { field, exchange })
            }
        }
    }

    fn check_route(&self, session_based: bool) -> Result<(), ClientError<H::Error>> {
        let forwarded = self.policy.side == Side::Origin && self.policy.route == Route::ForwardProxy;
        if forwarded && !session_based { Err(ClientError::ProxyNotSessionBased) } else { Ok(()) }
    }

    fn begin(self, env: &mut Env<'_>) -> Result<(HeaderField, Exchange<H>), ClientError<H::Error>> {
        let Self { handshake, policy, restarts } = self;
        let mut token = Vec::new();
        let step = handshake.step(&mut [], &mut token, env).map_err(ClientError::Handshake)?;
        if token.is_empty() {
            return Err(ClientError::NothingToSend);
        }
        check_ntlm(policy.scheme, &token, &[ntlm::NEGOTIATE]).map_err(|_| ClientError::WrongMechanism)?;
        if is_ntlm(&token) {
            policy.check_version()?;
        }
        let state = match step {
            Step::Continue(next) => State::Pending(next),
            Step::Done(context) => State::Established(context),
        };
        let field = HeaderField::credentials(policy.side, policy.scheme, &token);
        Ok((field, Exchange { state, policy, legs: 1, restarts }))
    }
}

/// An exchange that waits for the response to a request with a token.
pub struct Exchange<H: Handshake> {
    state: State<H>,
    policy: ClientPolicy,
    legs: usize, // tokens sent
    restarts: Restarts,
}

enum State<H: Handshake> {
    /// The server owes a token.
    Pending(H),
    /// Our side has all it needs; the server says whether that holds for it too.
    Established(H::Established),
}

impl<H: Handshake> fmt::Debug for Exchange<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Pending(_) => "pending",
            State::Established(_) => "established",
        };
        write!(f, "Exchange {{ {state}, legs: {} }}", self.legs)
    }
}

/// What a client does with a response to a request with a token.
#[derive(Debug)]
#[must_use]
pub enum Outcome<H: Handshake> {
    /// Send the request again on the same connection, with this field.
    SendAgain {
        /// The credentials.
        field: HeaderField,
        /// Give the response to this.
        exchange: Exchange<H>,
    },
    /// The response is the answer to the request, and the context is established.
    Done {
        /// The context.
        context: H::Established,
        /// Whether the server proved who it is.
        server: ServerProof,
    },
    /// The response is the answer to the request. The server owed a token and sent none, so that there is no context;
    /// only under [`FinalToken::AllowMissing`].
    Unproven,
    /// The server forgot that this connection was authenticated: begin again, once.
    Restart(Restart),
    /// The response says nothing about this exchange. Either it is interim (1xx) and the final one follows, or a proxy
    /// wants to be satisfied first (407 where the client authenticates to the origin), and the request with the
    /// same credentials is to be sent again after that.
    Wait(Exchange<H>),
}

/// Whether the server proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerProof {
    /// Yes, by the context's mutual authentication.
    Proven,
    /// No: the mechanism does not do that (NTLM never does), or was not asked to.
    None,
}

impl ServerProof {
    pub(crate) fn of(context: &impl SecurityContext) -> Self {
        let facts = context.facts();
        // NTLM's server knows the user's secret or somebody who does; that does not say who it is (MS-NTHT).
        let mutual = facts.flags.contains(ContextFlags::MUTUAL) && facts.mechanism != oid::NTLMSSP;
        if mutual { Self::Proven } else { Self::None }
    }
}

impl<H: Handshake> Exchange<H> {
    /// Takes the response to the request that had our token.
    ///
    /// # Errors
    /// [`ClientError`]: the exchange is over. The response is a refusal, or it cannot be trusted.
    pub fn receive<'a, V, L>(
        self,
        response: Response<L>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        let interim = (100..200).contains(&response.status);
        let from_proxy = response.status == Side::Proxy.challenge_status();
        if interim || (self.policy.side == Side::Origin && from_proxy) {
            return Ok(Outcome::Wait(self));
        }
        let offer = Offer::find(self.policy.scheme, response.challenges);
        if response.status == self.policy.side.challenge_status() {
            self.refused_or_continued(offer?, env)
        } else {
            self.accepted(offer, env)
        }
    }

    /// 401 or 407: go on with the token, or give up.
    fn refused_or_continued(
        self,
        offer: Offer<'_>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>> {
        let scheme = self.policy.scheme;
        let denied = ClientError::Denied { legs: self.legs, scheme, offered: offer != Offer::Absent };
        let text = match offer {
            Offer::Token(text) => text,
            Offer::Bare if self.restarts == Restarts::One && self.legs == 1 => {
                return Ok(Outcome::Restart(Restart { policy: self.policy }));
            }
            Offer::Bare | Offer::Absent => return Err(denied),
        };
        let State::Pending(handshake) = self.state else { return Err(ClientError::TokenAfterCompletion) };
        if self.legs >= self.policy.max_legs {
            return Err(ClientError::TooManyLegs { limit: self.policy.max_legs });
        }
        self.policy.check_version()?;
        let (step, token) = step(handshake, text, &self.policy, env)?;
        let state = match step {
            Step::Continue(_) if token.is_empty() => return Err(ClientError::NothingToSend),
            Step::Continue(next) => State::Pending(next),
            // The server has nothing to wait for any more, and still it refuses.
            Step::Done(_) if token.is_empty() => return Err(denied),
            Step::Done(context) => State::Established(context),
        };
        let field = HeaderField::credentials(self.policy.side, self.policy.scheme, &token);
        let legs = self.legs.saturating_add(1);
        let exchange = Self { state, policy: self.policy, legs, restarts: Restarts::None };
        Ok(Outcome::SendAgain { field, exchange })
    }

    /// Any other status, errors of the application included: the server let us in (MS-N2HT corrects RFC 4559 here).
    fn accepted(
        self,
        offer: Result<Offer<'_>, OfferError>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>> {
        match (self.state, offer) {
            (State::Established(_), Ok(Offer::Token(_))) => Err(ClientError::TokenAfterCompletion),
            // Nothing is expected here, so that other challenges may be as broken as they like.
            (State::Established(context), _) => Ok(Outcome::done(context)),
            (State::Pending(_), Err(error)) => Err(error.into()),
            (State::Pending(_), Ok(Offer::Absent | Offer::Bare)) => match self.policy.final_token {
                FinalToken::Require => Err(ClientError::MissingFinalToken),
                FinalToken::AllowMissing => Ok(Outcome::Unproven),
            },
            (State::Pending(handshake), Ok(Offer::Token(text))) => {
                match step(handshake, text, &self.policy, env)? {
                    (Step::Continue(_), _) => Err(ClientError::Incomplete),
                    (Step::Done(context), token) if token.is_empty() => Ok(Outcome::done(context)),
                    (Step::Done(_), _) => Err(ClientError::UnsentToken),
                }
            }
        }
    }
}

impl<H: Handshake> Outcome<H> {
    fn done(context: H::Established) -> Self {
        let server = ServerProof::of(&context);
        Self::Done { context, server }
    }
}

/// Leave to begin again. There is no second one.
#[derive(Debug)]
#[must_use]
pub struct Restart {
    policy: ClientPolicy,
}

impl Restart {
    /// Begins again with a new initiator; send the request again with the field.
    ///
    /// # Errors
    /// Those of [`Client::preempt`].
    pub fn with<H: Handshake>(
        self,
        handshake: H,
        env: &mut Env<'_>,
    ) -> Result<(HeaderField, Exchange<H>), ClientError<H::Error>> {
        // The route was checked when the first token was sent.
        Client::new(handshake, self.policy).begin(env)
    }
}

type Stepped<H> = (Step<H, <H as Handshake>::Established>, Vec<u8>);

fn step<H: Handshake>(
    handshake: H,
    text: &str,
    policy: &ClientPolicy,
    env: &mut Env<'_>,
) -> Result<Stepped<H>, ClientError<H::Error>> {
    // Decrypted where it lies, so it is wiped.
    let mut input = Zeroizing::new(Vec::new());
    decode_token(text, policy.max_token, &mut *input)
        .and_then(|()| check_ntlm(policy.scheme, &input, &[ntlm::CHALLENGE]))
        .map_err(ClientError::Token)?;
    let mut output = Vec::new();
    let step = handshake.step(&mut input, &mut output, env).map_err(ClientError::Handshake)?;
    if !output.is_empty() {
        check_ntlm(policy.scheme, &output, &[ntlm::AUTHENTICATE]).map_err(|_| ClientError::WrongMechanism)?;
    }
    Ok((step, output))
}
