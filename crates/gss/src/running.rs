use crate::context::Context;
use crate::error::Error;
use crate::mechanism::{Mechanism, MechanismContext, MechanismError};
use alloc::boxed::Box;
use gss_core::{Env, Handshake, Step, TokenSink};
use gss_spnego::Established;

/// A handshake that has begun, of either role: `S` is the negotiation around it.
pub(crate) enum Running<S> {
    // Boxed only while they wait, which an exchange of one leg never does.
    Spnego(Box<S>),
    Raw(Box<Mechanism>),
}

type Outcome<S> = Result<Step<Running<S>, Context>, Error>;

impl<S> Running<S>
where
    S: Handshake<Established = Established<MechanismContext>, Error = gss_spnego::Error<MechanismError>>,
{
    pub(crate) fn step(self, input: &mut [u8], output: &mut dyn TokenSink, env: &mut Env<'_>) -> Outcome<S> {
        match self {
            Self::Spnego(spnego) => Self::negotiate(*spnego, input, output, env),
            Self::Raw(mechanism) => Self::raw(*mechanism, input, output, env),
        }
    }

    /// A step of the mechanism alone.
    pub(crate) fn raw(
        mechanism: Mechanism,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Outcome<S> {
        let step = mechanism.step(input, output, env)?;
        Ok(step.map_continue(|next| Self::Raw(Box::new(next))).map_done(Context::raw))
    }

    /// A step of the mechanism inside SPNEGO.
    pub(crate) fn negotiate(
        spnego: S,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Outcome<S> {
        let step = spnego.step(input, output, env)?;
        Ok(step.map_continue(|next| Self::Spnego(Box::new(next))).map_done(Context::negotiated))
    }
}

impl<S> Running<S> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Spnego(_) => "Spnego",
            Self::Raw(_) => "Raw",
        }
    }
}
