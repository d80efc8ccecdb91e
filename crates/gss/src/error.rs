use crate::mechanism::MechanismError;
use alloc::boxed::Box;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};
use gss_krb5::{AcceptorError, InitiatorError};

/// Why a handshake failed.
///
/// Its text says what was seen and what was expected; [`Diagnose`] has the same for programs.
#[derive(Debug)]
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Spnego(gss_spnego::Error<MechanismError>),
    Mechanism(MechanismError),
}

impl Error {
    /// The error of the Kerberos initiator, if that is what it is.
    #[must_use]
    pub fn krb5_initiator(&self) -> Option<&InitiatorError> {
        match self.mechanism()? {
            MechanismError::Krb5Initiator(error) => Some(error),
            _ => None,
        }
    }

    /// The error of the Kerberos acceptor, if that is what it is.
    #[must_use]
    pub fn krb5_acceptor(&self) -> Option<&AcceptorError> {
        match self.mechanism()? {
            MechanismError::Krb5Acceptor(error) => Some(error),
            _ => None,
        }
    }

    /// The error of the NTLM initiator, if that is what it is.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn ntlm_initiator(&self) -> Option<&crate::ntlm::InitiatorError> {
        match self.mechanism()? {
            MechanismError::NtlmInitiator(error) => Some(error),
            _ => None,
        }
    }

    /// The error of the NTLM acceptor, if that is what it is.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn ntlm_acceptor(&self) -> Option<&crate::ntlm::AcceptorError> {
        match self.mechanism()? {
            MechanismError::NtlmAcceptor(error) => Some(error),
            _ => None,
        }
    }

    fn mechanism(&self) -> Option<&MechanismError> {
        match &*self.0 {
            Kind::Mechanism(error) | Kind::Spnego(gss_spnego::Error::Mechanism(error)) => Some(error),
            Kind::Spnego(_) => None,
        }
    }

    fn get(&self) -> &dyn Diagnose {
        match &*self.0 {
            Kind::Spnego(error) => error,
            Kind::Mechanism(error) => error,
        }
    }
}

impl From<gss_spnego::Error<MechanismError>> for Error {
    fn from(error: gss_spnego::Error<MechanismError>) -> Self {
        Self(Box::new(Kind::Spnego(error)))
    }
}

impl From<MechanismError> for Error {
    fn from(error: MechanismError) -> Self {
        Self(Box::new(Kind::Mechanism(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.get(), f)
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &*self.0 {
            Kind::Spnego(error) => error.source(),
            Kind::Mechanism(error) => error.source(),
        }
    }
}

impl Diagnose for Error {
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
