//! The shape of every exchange, and the loop that drives one.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, Env, MajorStatus, Timestamp};
use rand_core::CryptoRng;

/// One conversation with KDCs, in one of its states. The network is outside.
///
/// ```text
/// let mut exchange = AsExchange::new(...)?;
/// let outcome = loop {
///     let reply = /* send exchange.request(), await the answer */;
///     match exchange.receive(&reply, env)? {
///         Progress::Ask(next) => exchange = next,
///         Progress::Done(outcome) => break outcome,
///     }
/// };
/// ```
pub trait Exchange: Sized {
    /// What comes out at the end.
    type Outcome;
    /// What goes wrong on the way.
    type Error: Diagnose;

    /// What is to be sent now. It stays the same until an answer has been received, so that it can be sent again.
    fn request(&self) -> &Request;

    /// Takes the answer: a KDC's reply or its KRB-ERROR, without any length in front.
    ///
    /// # Errors
    /// The KDC refused, or its answer breaks a rule. The exchange is over.
    fn receive(self, reply: &[u8], env: &mut Env<'_>) -> Result<Progress<Self>, Self::Error>;
}

/// What an exchange came to with an answer.
#[derive(Debug)]
#[must_use]
pub enum Progress<X: Exchange> {
    /// Something else is to be asked.
    Ask(X),
    /// The exchange is over.
    Done(X::Outcome),
}

/// A message and whom it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The realm whose servers can answer.
    pub realm: String,
    /// Which of its servers.
    pub service: Service,
    /// The message, without any length in front.
    pub message: Vec<u8>,
}

/// A service of a realm's KDCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Tickets, from any KDC of the realm (port 88).
    Kdc,
    /// Tickets, from the KDC that learns of new passwords first.
    PrimaryKdc,
    /// Password changes (port 464).
    Kpasswd,
}

impl fmt::Debug for Request {
    /// Names the realm and the length; the message may hold what guesses at a password could be tested on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("realm", &self.realm)
            .field("service", &self.service)
            .field("len", &self.message.len())
            .finish()
    }
}

/// Brings a request to a server of a realm, and its answer back. A closure is one.
pub trait KdcTransport {
    /// Why no answer came.
    type Error;

    /// Sends the request and waits for the answer, however often and to however many servers that takes.
    ///
    /// # Errors
    /// No server answered.
    fn exchange(&mut self, request: &Request) -> Result<Vec<u8>, Self::Error>;
}

impl<E, F: FnMut(&Request) -> Result<Vec<u8>, E>> KdcTransport for F {
    type Error = E;

    fn exchange(&mut self, request: &Request) -> Result<Vec<u8>, E> {
        self(request)
    }
}

/// Drives an exchange to its end. `clock` is asked for the time whenever an answer has come.
///
/// # Errors
/// Those of the transport and those of the exchange.
pub fn run<X: Exchange, T: KdcTransport + ?Sized>(
    mut exchange: X,
    transport: &mut T,
    clock: &mut dyn FnMut() -> Timestamp,
    rng: &mut dyn CryptoRng,
) -> Result<X::Outcome, RunError<X::Error, T::Error>> {
    loop {
        let reply = transport.exchange(exchange.request()).map_err(RunError::Transport)?;
        match exchange.receive(&reply, &mut Env::new(clock(), rng)).map_err(RunError::Exchange)? {
            Progress::Ask(next) => exchange = next,
            Progress::Done(outcome) => return Ok(outcome),
        }
    }
}

/// Why [`run`] came to no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError<X, T> {
    /// The exchange failed.
    Exchange(X),
    /// The transport failed.
    Transport(T),
}

impl<X: fmt::Display, T: fmt::Display> fmt::Display for RunError<X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl<X: core::error::Error, T: core::error::Error> core::error::Error for RunError<X, T> {}

impl<X: Diagnose, T: Diagnose> Diagnose for RunError<X, T> {
    fn blame(&self) -> Blame {
        match self {
            Self::Exchange(error) => error.blame(),
            Self::Transport(error) => error.blame(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Exchange(error) => error.code(),
            Self::Transport(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Exchange(error) => error.major(),
            Self::Transport(error) => error.major(),
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Exchange(error) => error.minor(),
            Self::Transport(error) => error.minor(),
        }
    }
}
