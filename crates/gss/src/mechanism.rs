//! The mechanisms there are, behind one type: a variant for each mechanism and role.

use alloc::sync::Arc;
use gss_core::{
    Blame, CryptoRng, Diagnose, Env, Facts, Handshake, MajorStatus, MessageError, Opener, Overhead, PrfKey,
    Protection, Sealer, SecurityContext, SequenceStatus, Step, TokenSink, Unwrapped,
};
use gss_krb5::{Accepted, AcceptorError, InitiatorError, Presented, ServiceTicket};

/// A ticket that several contexts may share.
pub(crate) type Ticket = Arc<ServiceTicket>;

/// A logon that several contexts may share.
#[cfg(feature = "ntlm")]
pub(crate) type Logon = Arc<gss_ntlm::Logon>;

/// A handshake of one mechanism.
pub(crate) enum Mechanism {
    Krb5Initiator(gss_krb5::Initiator<Ticket>),
    Krb5Acceptor(gss_krb5::Acceptor<Arc<gss_krb5::AcceptorConfig>>),
    #[cfg(feature = "ntlm")]
    NtlmInitiator(gss_ntlm::Initiator<Logon>),
    #[cfg(feature = "ntlm")]
    NtlmAcceptor(gss_ntlm::Acceptor<Arc<gss_ntlm::AcceptorConfig>>),
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
            #[cfg(feature = "ntlm")]
            Self::NtlmInitiator(initiator) => {
                let step = initiator.step(input, output, env).map_err(MechanismError::NtlmInitiator)?;
                Ok(step.map_continue(Self::NtlmInitiator).map_done(MechanismContext::NtlmInitiator))
            }
            #[cfg(feature = "ntlm")]
            Self::NtlmAcceptor(acceptor) => {
                let step = acceptor.step(input, output, env).map_err(MechanismError::NtlmAcceptor)?;
                Ok(step.map_continue(Self::NtlmAcceptor).map_done(MechanismContext::NtlmAcceptor))
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
    #[cfg(feature = "ntlm")]
    NtlmInitiator(gss_ntlm::Context<gss_ntlm::LoggedOn<Logon>>),
    #[cfg(feature = "ntlm")]
    NtlmAcceptor(gss_ntlm::Context<gss_ntlm::Accepted>),
}

macro_rules! delegate {
    ($self:expr, $context:ident => $body:expr) => {
        match $self {
            MechanismContext::Krb5Initiator($context) => $body,
            MechanismContext::Krb5Acceptor($context) => $body,
            #[cfg(feature = "ntlm")]
            MechanismContext::NtlmInitiator($context) => $body,
            #[cfg(feature = "ntlm")]
            MechanismContext::NtlmAcceptor($context) => $body,
        }
    };
}

impl SecurityContext for MechanismContext {
    type Sealer = MechanismSealer;
    type Opener = MechanismOpener;

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
        delegate!(self, context => {
            let (sealer, opener) = context.split();
            (sealer.into(), opener.into())
        })
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

/// Half of a context of one mechanism.
macro_rules! half {
    ($name:ident, $trait:ident) => {
        #[derive(Debug)]
        #[cfg_attr(
            feature = "ntlm",
            expect(clippy::large_enum_variant, reason = "both hold expanded keys, and are moved once")
        )]
        pub(crate) enum $name {
            Krb5(gss_krb5::message::$trait),
            #[cfg(feature = "ntlm")]
            Ntlm(gss_ntlm::message::$trait),
        }

        impl $name {
            fn get_mut(&mut self) -> &mut dyn $trait {
                match self {
                    Self::Krb5(half) => half,
                    #[cfg(feature = "ntlm")]
                    Self::Ntlm(half) => half,
                }
            }
        }

        impl From<gss_krb5::message::$trait> for $name {
            fn from(half: gss_krb5::message::$trait) -> Self {
                Self::Krb5(half)
            }
        }

        #[cfg(feature = "ntlm")]
        impl From<gss_ntlm::message::$trait> for $name {
            fn from(half: gss_ntlm::message::$trait) -> Self {
                Self::Ntlm(half)
            }
        }
    };
}

half!(MechanismSealer, Sealer);
half!(MechanismOpener, Opener);

impl Sealer for MechanismSealer {
    fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        match self {
            Self::Krb5(half) => half.overhead(protection, length),
            #[cfg(feature = "ntlm")]
            Self::Ntlm(half) => half.overhead(protection, length),
        }
    }

    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        self.get_mut().wrap(protection, message, output, rng)
    }

    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        self.get_mut().wrap_in_place(protection, buffer, rng)
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        self.get_mut().get_mic(message, output)
    }
}

impl Opener for MechanismOpener {
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        self.get_mut().unwrap(token)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        self.get_mut().verify_mic(message, mic)
    }
}

/// Why a handshake of one mechanism failed.
#[derive(Debug)]
pub(crate) enum MechanismError {
    Krb5Initiator(InitiatorError),
    Krb5Acceptor(AcceptorError),
    #[cfg(feature = "ntlm")]
    NtlmInitiator(gss_ntlm::InitiatorError),
    #[cfg(feature = "ntlm")]
    NtlmAcceptor(gss_ntlm::AcceptorError),
}

impl MechanismError {
    fn get(&self) -> &(dyn Diagnose + 'static) {
        match self {
            Self::Krb5Initiator(error) => error,
            Self::Krb5Acceptor(error) => error,
            #[cfg(feature = "ntlm")]
            Self::NtlmInitiator(error) => error,
            #[cfg(feature = "ntlm")]
            Self::NtlmAcceptor(error) => error,
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
        self.get().source()
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
