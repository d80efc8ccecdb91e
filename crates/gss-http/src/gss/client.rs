//! The client: when to send a token, when to believe the server, and how to go on without a new login.
//!
//! A [`Challenge`] says which channel binding to use ([`Challenge::choose`]); the initiator is made with it and goes into a
//! [`Client`]; its [`Exchange`] takes the responses, over whatever connections they come; and the [`Login`] at the end
//! becomes a [`Session`], which signs further requests. Requests with a body should wait until the login is done, since
//! every leg sends the request again.

mod challenge;
mod error;
mod login;
mod session;

pub use self::challenge::{Challenge, ChallengeError};
pub use self::error::ClientError;
pub use self::login::Login;
pub use self::session::{Session, SessionError, SessionOutcome};

use self::challenge::{find, info};
use super::message::{ClientMessage, ServerMessage, State};
use super::{Binding, ContextId};
use crate::field::{HeaderField, HeaderValue, Side};
use crate::legs::client::FinalToken;
use crate::legs::{DEFAULT_MAX_LEGS, DEFAULT_MAX_TOKEN};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Env, Handshake, Step};
use zeroize::Zeroizing;

/// What a client insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPolicy {
    /// To whom the client authenticates. Default: [`Side::Origin`].
    pub side: Side,
    /// What to do when the server owes a token and sends none. Default: [`FinalToken::Require`].
    pub final_token: FinalToken,
    /// How many tokens the client sends at most. Default: [`DEFAULT_MAX_LEGS`].
    pub max_legs: usize,
    /// How many bytes a token of the server may have. Default: [`DEFAULT_MAX_TOKEN`].
    pub max_token: usize,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            side: Side::default(),
            final_token: FinalToken::default(),
            max_legs: DEFAULT_MAX_LEGS,
            max_token: DEFAULT_MAX_TOKEN,
        }
    }
}

/// What the client looks at in a response.
#[derive(Clone, Copy, Debug)]
pub struct Response<L> {
    /// The status code.
    pub status: u16,
    /// All lines of [`Side::challenge_field`].
    pub challenges: L,
    /// All lines of [`Side::info_field`].
    pub info: L,
}

/// What a response is to a client, by its status.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Interim, or a proxy's: nothing for us.
    Other,
    /// It asks for credentials.
    Asks,
    /// It answers the request.
    Answers,
}

impl Kind {
    fn of(status: u16, side: Side) -> Self {
        let from_proxy = side == Side::Origin && status == Side::Proxy.challenge_status();
        match status {
            100..200 => Self::Other,
            _ if from_proxy => Self::Other,
            _ if status == side.challenge_status() => Self::Asks,
            _ => Self::Answers,
        }
    }
}

/// A client that has not sent a token.
#[derive(Debug)]
pub struct Client<H> {
    handshake: H,
    setting: Setting,
    restarts: Restarts,
}

/// What stays the same in all legs.
#[derive(Clone, Debug)]
struct Setting {
    policy: ClientPolicy,
    origin: String,
    binding: Option<Binding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restarts {
    None,
    One,
}

impl<H: Handshake> Client<H> {
    /// A client that uses this initiator, which has not made a step, and was given `binding` if there is one
    /// ([`Challenge::choose`]). `origin` is that of [`RequestParts`](super::RequestParts).
    #[must_use]
    pub fn new(handshake: H, binding: Option<Binding>, origin: &str, policy: ClientPolicy) -> Self {
        let setting = Setting { policy, origin: String::from(origin), binding };
        Self { handshake, setting, restarts: Restarts::One }
    }

    /// Makes the first credentials: in answer to a challenge, or to send along unasked.
    ///
    /// # Errors
    /// [`ClientError::Handshake`], [`ClientError::NothingToSend`].
    pub fn begin(self, env: &mut Env<'_>) -> Result<(HeaderField, Exchange<H>), ClientError<H::Error>> {
        let Self { handshake, setting, restarts } = self;
        let mut token = Zeroizing::new(Vec::new());
        let step = handshake.step(&mut [], &mut *token, env).map_err(ClientError::Handshake)?;
        if token.is_empty() {
            return Err(ClientError::NothingToSend);
        }
        let progress = match step {
            Step::Continue(next) => Progress::Pending(next),
            Step::Done(context) => Progress::Established(context),
        };
        let field = setting.credentials(None, token);
        Ok((field, Exchange { progress, setting, legs: 1, restarts }))
    }
}

impl Setting {
    fn credentials(&self, context: Option<ContextId>, token: Zeroizing<Vec<u8>>) -> HeaderField {
        let binding = self.binding.as_ref().map(|binding| Ok(binding.kind()));
        let message = ClientMessage::Login { context, token, binding };
        let value = HeaderValue::new(message.to_text());
        HeaderField { name: self.policy.side.credentials_field(), value }
    }
}

/// A login that waits for the response to a request with a token. It belongs to no connection; where it is bound to one
/// by `tls-exporter`, its requests have to go there.
pub struct Exchange<H: Handshake> {
    progress: Progress<H>,
    setting: Setting,
    legs: usize, // tokens sent
    restarts: Restarts,
}

enum Progress<H: Handshake> {
    /// The server owes a token.
    Pending(H),
    /// Our side has all it needs; the server says whether that holds for it too.
    Established(H::Established),
}

impl<H: Handshake> fmt::Debug for Exchange<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = match self.progress {
            Progress::Pending(_) => "pending",
            Progress::Established(_) => "established",
        };
        write!(f, "Exchange {{ {progress}, legs: {} }}", self.legs)
    }
}

/// What a client does with a response to a request with a token.
#[derive(Debug)]
#[must_use]
pub enum Outcome<H: Handshake> {
    /// Send the request again, with this field.
    SendAgain {
        /// The credentials.
        field: HeaderField,
        /// Give the response to this.
        exchange: Exchange<H>,
    },
    /// The response is the answer to the request, and the context is established.
    Done(Login<H::Established>),
    /// The response is the answer to the request. The server owed a token and sent none, so that there is no context;
    /// only under [`FinalToken::AllowMissing`].
    Unproven,
    /// The server forgot the login half-way: begin again, once.
    Restart(Restart),
    /// The response says nothing about this login. Either it is interim (1xx) and the final one follows, or a proxy wants
    /// to be satisfied first (407 where the client authenticates to the origin), and the request with the same
    /// credentials is to be sent again after that.
    Wait(Exchange<H>),
}

impl<H: Handshake> Exchange<H> {
    /// Takes the response to the request that had our token.
    ///
    /// # Errors
    /// [`ClientError`]: the login is over. The response is a refusal, or it cannot be trusted.
    pub fn receive<'a, V, L>(
        self,
        response: Response<L>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        L: IntoIterator<Item = &'a V>,
    {
        let policy = self.setting.policy;
        match Kind::of(response.status, policy.side) {
            Kind::Other => Ok(Outcome::Wait(self)),
            Kind::Asks => self.refused_or_continued(find(response.challenges, policy.max_token)?, env),
            Kind::Answers => {
                let found = find(response.challenges, policy.max_token);
                let complete = found.map(|found| found.filter(|found| found.state == Some(State::Complete)));
                let message = info(response.info, policy.max_token).and_then(|info| merge(info, complete?));
                self.accepted(message, env)
            }
        }
    }

    /// 401 or 407: go on with the token, begin again, or give up.
    fn refused_or_continued(
        self,
        message: Option<ServerMessage>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>> {
        let Self { progress, setting, legs, restarts } = self;
        let denied = ClientError::Denied { legs, offered: message.is_some() };
        let message = message.unwrap_or_default();
        let handshake = match (progress, message.state) {
            (Progress::Pending(handshake), Some(State::Continue)) => handshake,
            (Progress::Established(_), Some(State::Continue)) => {
                return Err(ClientError::TokenAfterCompletion);
            }
            (Progress::Pending(handshake), Some(State::Error)) => {
                // The mechanism may have said why. Nobody vouches for that, so it decides nothing.
                let Some(token) = message.token else { return Err(denied) };
                return Err(step(handshake, token, env).err().unwrap_or(denied));
            }
            _ if message.stale && legs > 1 && restarts == Restarts::One => {
                return Ok(Outcome::Restart(Restart { setting }));
            }
            _ => return Err(denied),
        };
        let context = message.context.ok_or(ClientError::MissingContext)?;
        let token = message.token.ok_or(ClientError::MissingToken)?;
        if legs >= setting.policy.max_legs {
            return Err(ClientError::TooManyLegs { limit: setting.policy.max_legs });
        }
        let (step, token) = step(handshake, token, env)?;
        let progress = match step {
            Step::Continue(_) if token.is_empty() => return Err(ClientError::NothingToSend),
            Step::Continue(next) => Progress::Pending(next),
            // The server has nothing to wait for any more, and still it refuses.
            Step::Done(_) if token.is_empty() => return Err(denied),
            Step::Done(established) => Progress::Established(established),
        };
        let field = setting.credentials(Some(context), token);
        let exchange = Self { progress, setting, legs: legs.saturating_add(1), restarts };
        Ok(Outcome::SendAgain { field, exchange })
    }

    /// Any other status, errors of the application included: the server let us in.
    fn accepted(
        self,
        message: Result<ServerMessage, ChallengeError>,
        env: &mut Env<'_>,
    ) -> Result<Outcome<H>, ClientError<H::Error>> {
        let Self { progress, setting, .. } = self;
        let (handshake, message) = match progress {
            // Nothing is expected here, so that the fields may be as broken as they like.
            Progress::Established(context) => {
                let message = message.unwrap_or_default();
                if message.token.is_some() {
                    return Err(ClientError::TokenAfterCompletion);
                }
                return Ok(Outcome::Done(Login::new(context, message.context, setting)));
            }
            Progress::Pending(handshake) => (handshake, message?),
        };
        if matches!(message.state, Some(State::Continue | State::Error)) {
            return Err(ClientError::Incomplete);
        }
        let Some(token) = message.token else {
            return match setting.policy.final_token {
                FinalToken::Require => Err(ClientError::MissingFinalToken),
                FinalToken::AllowMissing => Ok(Outcome::Unproven),
            };
        };
        match step(handshake, token, env)? {
            (Step::Continue(_), _) => Err(ClientError::Incomplete),
            (Step::Done(context), token) if token.is_empty() => {
                Ok(Outcome::Done(Login::new(context, message.context, setting)))
            }
            (Step::Done(_), _) => Err(ClientError::UnsentToken),
        }
    }
}

/// What the server says in both places together, which must not differ.
fn merge(info: Option<ServerMessage>, found: Option<ServerMessage>) -> Result<ServerMessage, ChallengeError> {
    match (info, found) {
        (Some(info), Some(found)) if (&info.context, &info.token) != (&found.context, &found.token) => {
            Err(ChallengeError::Ambiguous)
        }
        (info, found) => Ok(info.or(found).unwrap_or_default()),
    }
}

/// Leave to begin again. There is no second one.
#[derive(Debug)]
#[must_use]
pub struct Restart {
    setting: Setting,
}

impl Restart {
    /// Begins again with a new initiator, which has to have the same binding; send the request again with the field.
    ///
    /// # Errors
    /// Those of [`Client::begin`].
    pub fn with<H: Handshake>(
        self,
        handshake: H,
        env: &mut Env<'_>,
    ) -> Result<(HeaderField, Exchange<H>), ClientError<H::Error>> {
        Client { handshake, setting: self.setting, restarts: Restarts::None }.begin(env)
    }

    /// The binding for the new initiator.
    #[must_use]
    pub fn binding(&self) -> Option<&Binding> {
        self.setting.binding.as_ref()
    }
}

type Stepped<H> = (Step<H, <H as Handshake>::Established>, Zeroizing<Vec<u8>>);

fn step<H: Handshake>(
    handshake: H,
    token: Vec<u8>,
    env: &mut Env<'_>,
) -> Result<Stepped<H>, ClientError<H::Error>> {
    // Decrypted where it lies, so it is wiped.
    let mut input = Zeroizing::new(token);
    let mut output = Zeroizing::new(Vec::new());
    let step = handshake.step(&mut input, &mut *output, env).map_err(ClientError::Handshake)?;
    Ok((step, output))
}
