//! What a client logs in with.

mod error;
mod kerberos;
#[cfg(feature = "ntlm")]
mod ntlm;

pub use error::LoginError;
pub use kerberos::KerberosLogin;
#[cfg(feature = "ntlm")]
pub use ntlm::{KerberosOrNtlmLogin, NtlmLogin};

use crate::Delegation;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use gss::{ChannelBindings, Initiator, Target, Timestamp};
use gss_http::Scheme;

/// What [`Login::initiator`] gives.
pub type InitiatorFuture<'a> = Pin<Box<dyn Future<Output = Result<Initiator, LoginError>> + Send + 'a>>;

/// What a user logs in with, at any number of servers.
pub trait Login: Send + Sync + fmt::Debug {
    /// Who the user is. It has to be the same as long as the login lives: connections are kept by it.
    fn identity(&self) -> &Identity;

    /// Whether there are tokens for this scheme.
    fn speaks(&self, scheme: Scheme) -> bool;

    /// Makes an initiator that has not made a step, tied to the bindings.
    ///
    /// # Errors
    /// There is nothing to log in with.
    fn initiator<'a>(&'a self, wanted: Wanted<'a>) -> InitiatorFuture<'a>;

    /// Hears that the service refused what the last initiator sent, for instance since it has new keys and cannot read its
    /// old tickets any more: the next initiator should not use what this one did. Does nothing by default.
    fn refused(&self, _target: &Target<'_>) {}

    /// The time that the mechanism goes by: that of the KDC, as far as it is known.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What an initiator is wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The service, for instance `HTTP@www.example.com`.
    pub target: Target<'a>,
    /// The scheme that carries the tokens. For [`Scheme::Ntlm`] they are those of NTLM as they are.
    pub scheme: Scheme,
    /// The channel to be tied to.
    pub bindings: Option<ChannelBindings<'a>>,
    /// Whether the server gets a ticket to act for the user with.
    pub delegation: Delegation,
    /// Whether the server has to prove who it is, so that NTLM is of no use.
    pub mutual: bool,
}

/// Who a user is. Two identities that were made separately differ, even with the same name: what one of them may do,
/// the other may not, when it comes from other tickets or another password. Clones are the same.
#[derive(Clone)]
pub struct Identity {
    name: Arc<str>,
    mechanism: Mechanism,
    serial: u64,
}

impl Identity {
    /// A new identity. The name is for people.
    #[must_use]
    pub fn new(name: &str, mechanism: Mechanism) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { name: Arc::from(name), mechanism, serial: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// The user's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the user logs in.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.serial == other.serial
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.serial.hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {})", self.name, self.mechanism, self.serial)
    }
}

/// How a user logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// With Kerberos.
    Kerberos,
    /// With NTLM, which proves nothing about the server.
    Ntlm,
    /// With Kerberos, and with NTLM where the server or the KDC cannot do that.
    KerberosOrNtlm,
}

impl Mechanism {
    /// Whether a server can prove itself.
    pub(crate) const fn proves_server(self) -> bool {
        !matches!(self, Self::Ntlm)
    }
}
