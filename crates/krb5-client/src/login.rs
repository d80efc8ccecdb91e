//! From a password or key to a service ticket: an AS exchange and then a TGS exchange, as one.

use alloc::boxed::Box;
use core::fmt;

use gss_core::{Blame, Diagnose, Env, MajorStatus};
use krb5_asn1::Principal;

use crate::{
    AsError, AsExchange, AsOptions, AsOutcome, Exchange, Policy, Progress, Request, Secret, TgsError,
    TgsExchange, TgsOptions, TgsOutcome,
};

/// A login for a service: a ticket-granting ticket first, and with that the service's ticket.
///
/// Whoever carries the messages sees one exchange: a driver with sockets, or a service that passes them on to its KDC
/// (IAKERB).
#[derive(Debug)]
pub struct Login(Stage);

#[derive(Debug)]
enum Stage {
    Initial { exchange: AsExchange, next: Box<Next> },
    Service { exchange: Box<TgsExchange>, initial: Box<AsOutcome> },
}

/// What the second exchange needs.
#[derive(Debug)]
struct Next {
    policy: Policy,
    service: Principal,
    options: TgsOptions,
}

/// What came of a login.
#[derive(Debug)]
pub struct LoginOutcome {
    /// The AS exchange: the ticket-granting ticket.
    pub initial: AsOutcome,
    /// The TGS exchange: the service's ticket.
    pub service: TgsOutcome,
}

impl Login {
    /// A login that gets a ticket for `service`, whose realm may be empty (then the KDCs say where it is). What the AS
    /// exchange finds out about the KDC's clock is used in the TGS exchange if the policy allows that.
    ///
    /// # Errors
    /// Those of [`AsExchange::new`].
    pub fn new(
        policy: &Policy,
        initial: AsOptions,
        secret: Secret,
        service: Principal,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, LoginError> {
        let exchange = AsExchange::new(policy, initial, secret, env)?;
        let next = Box::new(Next { policy: policy.clone(), service, options });
        Ok(Self(Stage::Initial { exchange, next }))
    }
}

impl Next {
    fn start(mut self, initial: AsOutcome, env: &mut Env<'_>) -> Result<Login, TgsError> {
        if self.policy.follow_kdc_clock {
            self.options.kdc_offset = initial.kdc_offset;
        }
        let exchange =
            TgsExchange::service(&self.policy, &initial.credential, &self.service, self.options, env)?;
        Ok(Login(Stage::Service { exchange: Box::new(exchange), initial: Box::new(initial) }))
    }
}

impl Exchange for Login {
    type Outcome = LoginOutcome;
    type Error = LoginError;

    fn request(&self) -> &Request {
        match &self.0 {
            Stage::Initial { exchange, .. } => exchange.request(),
            Stage::Service { exchange, .. } => exchange.request(),
        }
    }

    fn receive(self, reply: &[u8], env: &mut Env<'_>) -> Result<Progress<Self>, LoginError> {
        Ok(match self.0 {
            Stage::Initial { exchange, next } => match exchange.receive(reply, env)? {
                Progress::Ask(exchange) => Progress::Ask(Self(Stage::Initial { exchange, next })),
                Progress::Done(initial) => Progress::Ask(next.start(initial, env)?),
            },
            Stage::Service { exchange, initial } => match exchange.receive(reply, env)? {
                Progress::Ask(exchange) => {
                    Progress::Ask(Self(Stage::Service { exchange: Box::new(exchange), initial }))
                }
                Progress::Done(service) => Progress::Done(LoginOutcome { initial: *initial, service }),
            },
        })
    }
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// There is no ticket-granting ticket.
    As(AsError),
    /// There is one, and no ticket for the service.
    Tgs(TgsError),
}

impl LoginError {
    fn inner(&self) -> &dyn Diagnose {
        match self {
            Self::As(error) => error,
            Self::Tgs(error) => error,
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

impl core::error::Error for LoginError {}

impl Diagnose for LoginError {
    fn blame(&self) -> Blame {
        self.inner().blame()
    }

    fn code(&self) -> &'static str {
        self.inner().code()
    }

    fn major(&self) -> MajorStatus {
        self.inner().major()
    }

    fn minor(&self) -> Option<i32> {
        self.inner().minor()
    }
}

impl From<AsError> for LoginError {
    fn from(error: AsError) -> Self {
        Self::As(error)
    }
}

impl From<TgsError> for LoginError {
    fn from(error: TgsError) -> Self {
        Self::Tgs(error)
    }
}
