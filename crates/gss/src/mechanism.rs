//! The mechanisms there are, behind one type. Kerberos today; the next one becomes another variant.

use crate::acceptor::SharedConfig;
use alloc::sync::Arc;
use gss_core::{
    Blame, Diagnose, Env, Facts, Handshake, MajorStatus, MessageError, Opener, PrfKey, Sealer,
    SecurityContext, Step, TokenSink,
};
use gss_krb5::message;
use gss_krb5::{Accepted, AcceptorError, InitiatorError, Presented, ServiceTicket};

/// A ticket that several contexts may share.
pub(crate) type Ticket = Arc<ServiceTicket>;

/// A handshake of one mechanism.
pub(crate) enum Mechanism {
    Krb5Initiator(gss_krb5::Initiator<Ticket>),
    Krb5Acceptor(gss_krb5::Acceptor<SharedConfig>),
}

impl Handshake for Mechanism {
    type Established = MechanismContext;
    type Error = MechanismError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, MechanismContext>, MechanismError> {
        match self {
            Self::Krb5Initiator(initiator) => {
                let step = initiator.step(input, output, env).map_err(MechanismError::Krb5Initiator)?;
                Ok(step.map_continue(Self::Krb5Initiator).map_done(MechanismContext::Krb5Initiator))
            }
            Self::Krb5Acceptor(acceptor) => {
                let step = acceptor.step(input, output, env).map_err(MechanismError::Krb5Acceptor)?;
                Ok(step.map_continue(Self::Krb5Acceptor).map_done(MechanismContext::Krb5Acceptor))
            }
        }
    }
}

/// An established context of one mechanism.
#[expect(
    clippy::large_enum_variant,
    reason = "all variants hold expanded keys, and none is worth an allocation"
)]
pub(crate) enum MechanismContext {
    Krb5Initiator(gss_krb5::Context<Presented<Ticket>>),
    Krb5Acceptor(gss_krb5::Context<Accepted>),
}

macro_rules! delegate {
    ($self:expr, $context:ident => $body:expr) => {
        match $self {
            MechanismContext::Krb5Initiator($context) => $body,
            MechanismContext::Krb5Acceptor($context) => $body,
        }
    };
}

impl SecurityContext for MechanismContext {
    type Sealer = message::Sealer;
    type Opener = message::Opener;

    fn facts(&self) -> Facts<'_> {
        delegate!(self, context => context.facts())
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        delegate!(self, context => context.sealer())
    }

    fn opener(&mut self) -> &mut dyn Opener {
        delegate!(self, context => context.opener())
    }

    fn split(self) -> (Self::Sealer, Self::Opener) {
        delegate!(self, context => context.split())
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        delegate!(self, context => context.secret_session_key())
    }

    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        delegate!(self, context => context.prf(key, input, output))
    }

    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        delegate!(self, context => context.mech_list_mic(mech_types, output))
    }

    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        delegate!(self, context => context.verify_mech_list_mic(mech_types, mic))
    }

    fn needs_mech_list_mic(&self) -> bool {
        delegate!(self, context => context.needs_mech_list_mic())
    }
}

/// Why a handshake of one mechanism failed.
#[derive(Debug)]
pub(crate) enum MechanismError {
    Krb5Initiator(InitiatorError),
    Krb5Acceptor(AcceptorError),
}

impl MechanismError {
    fn get(&self) -> &dyn Diagnose {
        match self {
            Self::Krb5Initiator(error) => error,
            Self::Krb5Acceptor(error) => error,
        }
    }
}

impl core::fmt::Display for MechanismError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self.get(), f)
    }
}

impl core::error::Error for MechanismError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Krb5Initiator(error) => error.source(),
            Self::Krb5Acceptor(error) => error.source(),
        }
    }
}

impl Diagnose for MechanismError {
    fn blame(&self) -> Blame {
        self.get().blame()
    }

    fn code(&self) -> &'static str {
        self.get().code()
    }

    fn major(&self) -> MajorStatus {
        self.get().major()
    }

    fn minor(&self) -> Option<i32> {
        self.get().minor()
    }
}
