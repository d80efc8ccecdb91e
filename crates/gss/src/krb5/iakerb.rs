//! IAKERB: a client that reaches no KDC logs in through the service, which passes its messages on.
//!
//! [`Login`] is where the client's ticket comes from; [`IakerbInitiator`] carries its messages and ends in a context of
//! `gss-krb5`. On the other side [`IakerbAcceptor`] asks its caller to bring them to a KDC.
//!
//! ```
//! use gss::krb5::iakerb::{AsOptions, IakerbInitiator, Login, Secret};
//! use gss::{Env, Handshake, Step, Target};
//! # let rng = &mut test_support::TestRng::insecure(1);
//! # let mut env = Env::new(gss::Timestamp::from_seconds(test_support::ticket::NOW), rng);
//!
//! let alice = AsOptions::new("alice@EXAMPLE.COM".parse()?);
//! let login = Login::new(alice, Secret::password("secret"), &Target::new("HTTP", "www.example.com")?);
//! let initiator = IakerbInitiator::new(login);
//! let mut token = Vec::new();
//! let Step::Continue(next) = initiator.step(&mut [], &mut token, &mut env)? else { unreachable!() };
//! // Send `token`, and give the answer to `next`.
//! # let _ = next;
//! # assert!(token.len() > 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::service_ticket;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{Blame, Diagnose, Env, MajorStatus, Target};
use krb5_asn1::{KerberosString, NameType, ParsePrincipalError, Principal};
use krb5_client::{Exchange, Progress};

pub use gss_krb5::iakerb::{
    Draft, IakerbAcceptor, IakerbError, IakerbInitiator, IakerbInitiatorError, IakerbStep, KdcFailure, Relay,
    TicketSource, TicketStep,
};
/// What the two sides are made of, and end in.
pub use gss_krb5::{Acceptor, Context, Initiator};
pub use krb5_client::{AsOptions, LoginError, Policy, Secret, TgsOptions};

/// A login with a password or keys for one service, whose messages an [`IakerbInitiator`] carries.
///
/// The acceptor sees them all, and whoever poses as it does: requests for tickets and the KDC's replies, on which guesses
/// at a weak password can be tried. [`AsOptions::armor`] keeps that from them, as does SPAKE where the KDC has it.
pub struct Login(State);

enum State {
    Planned(Box<Plan>),
    Asking(Box<krb5_client::Login>),
    Over,
}

struct Plan {
    initial: AsOptions,
    secret: Secret,
    service: [String; 2],
    policy: Policy,
    options: TgsOptions,
}

impl Login {
    /// A login of `initial`'s client for the service at `target`.
    ///
    /// A client whose realm is empty is one of the acceptor's realm, which the acceptor is asked for first: it can name
    /// whichever it likes. Otherwise the KDCs of the client's realm say where the service is.
    #[must_use]
    pub fn new(initial: AsOptions, secret: Secret, target: &Target<'_>) -> Self {
        let service = [target.service().into(), target.host().into()];
        let (policy, options) = (Policy::default(), TgsOptions::default());
        Self(State::Planned(Box::new(Plan { initial, secret, service, policy, options })))
    }

    /// What is asked for and put up with. Does nothing once the login has begun.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        self.configure(|plan| plan.policy = policy)
    }

    /// What is asked for with the service's ticket. Does nothing once the login has begun.
    #[must_use]
    pub fn options(self, options: TgsOptions) -> Self {
        self.configure(|plan| plan.options = options)
    }

    fn configure(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        if let State::Planned(plan) = &mut self.0 {
            change(plan);
        }
        self
    }

    /// Waits for the answer to what the exchange asks.
    fn ask(&mut self, exchange: krb5_client::Login) -> TicketStep {
        let request = exchange.request();
        let step = TicketStep::Request { realm: request.realm.clone(), message: request.message.clone() };
        self.0 = State::Asking(Box::new(exchange));
        step
    }
}

impl Plan {
    fn has_realm(&self) -> bool {
        !self.initial.client.realm().as_bytes().is_empty()
    }

    fn start(
        mut self,
        told: Option<&str>,
        env: &mut Env<'_>,
    ) -> Result<krb5_client::Login, IakerbLoginError> {
        let mut realm = "";
        if !self.has_realm() {
            realm = told.filter(|realm| !realm.is_empty()).ok_or(IakerbLoginError::NoRealm)?;
            let client = &self.initial.client;
            let components: Vec<_> = client.components().collect();
            let components = components.iter().map(KerberosString::as_bytes);
            self.initial.client = Principal::from_components(client.name_type(), components, realm)?;
        }
        let service = Principal::from_components(NameType::SRV_HST, &self.service, realm)?;
        let Self { policy, initial, secret, options, .. } = self;
        Ok(krb5_client::Login::new(&policy, initial, secret, service, options, env)?)
    }
}

impl TicketSource for Login {
    type Error = IakerbLoginError;

    fn advance(
        &mut self,
        realm: Option<&str>,
        reply: Option<&[u8]>,
        env: &mut Env<'_>,
    ) -> Result<TicketStep, IakerbLoginError> {
        match core::mem::replace(&mut self.0, State::Over) {
            State::Planned(plan) if realm.is_none() && !plan.has_realm() => {
                self.0 = State::Planned(plan);
                Ok(TicketStep::AskRealm)
            }
            State::Planned(plan) => {
                let exchange = plan.start(realm, env)?;
                Ok(self.ask(exchange))
            }
            State::Asking(exchange) => {
                let reply = reply.ok_or(IakerbLoginError::NoReply)?;
                match exchange.receive(reply, env)? {
                    Progress::Ask(next) => Ok(self.ask(next)),
                    Progress::Done(outcome) => {
                        Ok(TicketStep::Ticket(service_ticket(outcome.service.credential)))
                    }
                }
            }
            State::Over => Err(IakerbLoginError::Over),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Planned(plan) => write!(f, "Login(of {})", plan.initial.client),
            State::Asking(exchange) => exchange.fmt(f),
            State::Over => f.write_str("Login(over)"),
        }
    }
}

/// Why a login through an acceptor failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IakerbLoginError {
    /// The KDC refused, or its answer breaks a rule. The acceptor's word that it reaches no KDC is a refusal, too, with
    /// code 85 or 86.
    Login(LoginError),
    /// A name does not fit into a message.
    Name(ParsePrincipalError),
    /// The client has no realm, and the acceptor named none.
    NoRealm,
    /// The acceptor's token has no answer of the KDC.
    NoReply,
    /// The login has come to its end, one way or the other.
    Over,
}

impl fmt::Display for IakerbLoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(error) => error.fmt(f),
            Self::Name(error) => write!(f, "names of client and service: {error}"),
            Self::NoRealm => {
                f.write_str("the acceptor names no realm, and the client has none; write NAME@REALM")
            }
            Self::NoReply => f.write_str("the acceptor's token holds no answer of the KDC"),
            Self::Over => f.write_str("the login is over; begin another one"),
        }
    }
}

impl core::error::Error for IakerbLoginError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Login(error) => error.source(),
            Self::Name(error) => Some(error),
            Self::NoRealm | Self::NoReply | Self::Over => None,
        }
    }
}

impl Diagnose for IakerbLoginError {
    fn blame(&self) -> Blame {
        match self {
            Self::Login(error) => error.blame(),
            Self::NoRealm | Self::NoReply => Blame::Peer,
            Self::Name(_) | Self::Over => Blame::Caller,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Login(error) => error.code(),
            Self::Name(_) => "iakerb_name",
            Self::NoRealm => "iakerb_no_realm",
            Self::NoReply => "iakerb_no_reply",
            Self::Over => "iakerb_login_over",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Login(error) => error.major(),
            Self::Name(_) => MajorStatus::BAD_NAME,
            Self::NoReply => MajorStatus::DEFECTIVE_TOKEN,
            Self::NoRealm | Self::Over => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Login(error) => error.minor(),
            _ => None,
        }
    }
}

impl From<LoginError> for IakerbLoginError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

impl From<ParsePrincipalError> for IakerbLoginError {
    fn from(error: ParsePrincipalError) -> Self {
        Self::Name(error)
    }
}
