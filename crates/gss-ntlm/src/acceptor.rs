//! The side that answers: NEGOTIATE in, CHALLENGE out, AUTHENTICATE in (MS-NLMP 3.2.5).

mod accepted;
mod challenge;
mod config;
mod error;
mod request;

pub use accepted::Accepted;
pub use config::{AcceptorConfig, Allow, ServerNames};
pub use error::AcceptorError;

use crate::context::Context;
use core::fmt;
use core::ops::Deref;
use gss_core::bindings::BindingCheck;
use gss_core::{Env, Handshake, Step, Timestamp, TokenSink};
use request::Exchange;

/// The acceptor's side of a context. `P` points to the configuration all contexts share: a reference or an `Arc`.
///
/// Its challenge is good for one answer, on the connection it was sent on, for as long as the configuration says.
pub struct Acceptor<P> {
    config: P,
    bindings: Option<BindingCheck>,
    state: State,
}

enum State {
    Fresh,
    Challenged {
        exchange: Exchange,
        /// `None` for a challenge of an earlier life: whoever resumed it knows its age.
        sent: Option<Timestamp>,
    },
}

/// How many bytes a NEGOTIATE may have. It is kept until the answer comes, for the MIC.
pub const MAX_NEGOTIATE: usize = 4096;

impl<P: Deref<Target = AcceptorConfig>> Acceptor<P> {
    /// An acceptor with this configuration.
    #[must_use]
    pub fn new(config: P) -> Self {
        Self { config, bindings: None, state: State::Fresh }
    }

    /// An acceptor that has sent this challenge in answer to this NEGOTIATE (empty for datagrams): the next step takes
    /// AUTHENTICATE. For servers that keep the messages somewhere else meanwhile, and for recordings.
    ///
    /// Whoever calls this vouches that the challenge is ours, fresh, and was not answered before: otherwise anybody
    /// can log on with an old answer.
    ///
    /// # Errors
    /// [`AcceptorError::Wire`] when one of the messages is not well formed.
    pub fn resumed(config: P, negotiate: &[u8], challenge: &[u8]) -> Result<Self, AcceptorError> {
        let state = State::Challenged { exchange: Exchange::parse(negotiate, challenge)?, sent: None };
        Ok(Self { config, bindings: None, state })
    }

    /// The channel bindings of this connection, in place of those of the configuration.
    #[must_use]
    pub fn channel_bindings(self, check: BindingCheck) -> Self {
        Self { bindings: Some(check), ..self }
    }
}

impl<P: Deref<Target = AcceptorConfig>> Handshake for Acceptor<P> {
    type Established = Context<Accepted>;
    type Error = AcceptorError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        let Self { config, bindings, state } = self;
        match state {
            State::Fresh => {
                if input.len() > MAX_NEGOTIATE {
                    return Err(AcceptorError::NegotiateTooLong { length: input.len() });
                }
                let exchange = challenge::write(&config, input, output, env)?;
                let state = State::Challenged { exchange, sent: Some(env.now) };
                Ok(Step::Continue(Self { config, bindings, state }))
            }
            State::Challenged { exchange, sent } => {
                config.check_age(sent, env.now)?;
                let bindings = bindings.as_ref().unwrap_or(config.bindings());
                exchange.accept(&config, bindings, input, env.now).map(Step::Done)
            }
        }
    }
}

impl<P> fmt::Debug for Acceptor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Fresh => "Acceptor::Fresh",
            State::Challenged { .. } => "Acceptor::Challenged",
        })
    }
}
