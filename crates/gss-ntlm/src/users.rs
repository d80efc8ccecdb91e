//! Where an acceptor finds its users.

mod file;
mod memory;

pub use file::{UserFileError, UserFileErrorKind};
pub use memory::MemoryUsers;

use crate::secret::{NtHash, NtlmV2Hash, SessionKey};
use crate::wire::Text;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// An account, as a client names it.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The user. May be `user@domain`, with an empty domain.
    pub user: Text<'a>,
    /// The domain, or the computer that knows the user. May be empty.
    pub domain: Text<'a>,
}

/// `DOMAIN\user`.
impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.domain.is_empty() { self.user.fmt(f) } else { write!(f, "{}\\{}", self.domain, self.user) }
    }
}

/// The users that an acceptor lets in.
///
/// An implementation answers for known and unknown users in the same time as far as it can. The acceptor does its own
/// part: it computes the same for both.
pub trait Users {
    /// Looks an account up. Names of users and domains are compared without regard to case.
    fn find(&self, account: &Account<'_>) -> Found;

    /// Asks whoever knows the user. Called after [`Found::Elsewhere`] only, and may take its time: an acceptor's
    /// step waits for it.
    ///
    /// # Errors
    /// [`PassThroughError`].
    fn pass_through(&self, logon: &PassThrough<'_>) -> Result<SessionKey, PassThroughError> {
        let _ = logon;
        Err(PassThroughError::Denied)
    }
}

impl<U: Users + ?Sized> Users for Arc<U> {
    fn find(&self, account: &Account<'_>) -> Found {
        (**self).find(account)
    }

    fn pass_through(&self, logon: &PassThrough<'_>) -> Result<SessionKey, PassThroughError> {
        (**self).pass_through(logon)
    }
}

/// What [`Users`] know of an account.
#[derive(Clone, Debug)]
pub enum Found {
    /// The hash of its password.
    NtHash(NtHash),
    /// The same, and what follows from it, computed before.
    Prepared(Arc<UserHash>),
    /// Nothing.
    Unknown,
    /// That somebody else knows it, for instance a domain controller: [`Users::pass_through`].
    Elsewhere,
}

/// The hash of a user's password, and what follows from it for one spelling of the account: most of the work of a logon
/// that is the same every time.
#[derive(Debug)]
pub struct UserHash {
    pub(crate) nt_hash: NtHash,
    pub(crate) v2_hash: NtlmV2Hash,
}

impl UserHash {
    /// Prepares a hash for this user, in whatever case, and this domain as it is spelled here. Clients that spell it
    /// in another way are let in as well, for a bit more work.
    #[must_use]
    pub fn new(nt_hash: NtHash, user: &str, domain: &str) -> Self {
        let v2_hash = nt_hash.v2(user.chars(), domain.chars());
        Self { nt_hash, v2_hash }
    }

    /// The hash of the password.
    #[must_use]
    pub fn nt_hash(&self) -> &NtHash {
        &self.nt_hash
    }
}

/// What somebody else needs to check a logon (MS-APDS 3.1.5, MS-NRPC `NETLOGON_NETWORK_INFO`).
#[derive(Clone, Copy, Debug)]
pub struct PassThrough<'a> {
    /// Who logs on.
    pub account: Account<'a>,
    /// The client's computer, as it names itself.
    pub workstation: Text<'a>,
    /// The challenge that the client answers.
    pub server_challenge: &'a [u8; 8],
    /// The `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// The `NtChallengeResponse`.
    pub nt_response: &'a [u8],
}

/// Why nobody else let a user in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassThroughError {
    /// The user is unknown or the password is wrong.
    Denied,
    /// Who was to be asked does not answer, or not in an order that is understood. The text is for the log.
    Unavailable(String),
}
