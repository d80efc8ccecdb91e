use super::config::ServerNames;
use crate::context::Parties;
use crate::wire::{AuthenticateMessage, Version};
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::{self, Display};

/// Who logged on, and what the client says about itself. Prints as `DOMAIN\user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub(super) account: Option<AccountName>,
    pub(super) workstation: String,
    pub(super) version: Option<Version>,
    pub(super) target: Option<String>,
    pub(super) mic: bool,
    pub(super) server: Arc<ServerNames>,
}

/// The name of an account, as it went into the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccountName {
    pub(super) user: String,
    pub(super) domain: String,
}

impl Accepted {
    /// Somebody who proved nothing.
    pub(super) fn anonymous(message: &AuthenticateMessage<'_>, server: &Arc<ServerNames>) -> Self {
        Self {
            account: None,
            workstation: message.workstation.to_owned_string(),
            version: message.version,
            target: None,
            mic: false,
            server: Arc::clone(server),
        }
    }

    /// The user, as the client spells it: compare without regard to case, as [`Users`](crate::users::Users) do, which
    /// takes more than ASCII. `None` for an anonymous logon.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.user.as_str())
    }

    /// The domain, as the client spells it; empty if the client sent none, or neither proof nor MIC says that it sent this
    /// one. `None` for an anonymous logon.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.domain.as_str())
    }

    /// Whether nobody in particular logged on.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.account.is_none()
    }

    /// The client's computer, as it names itself, unproven; may be empty.
    #[must_use]
    pub fn workstation(&self) -> &str {
        &self.workstation
    }

    /// The version the client gives for itself, unproven.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The service the client wanted to log on to (`MsvAvTargetName`), proven with the password. `None` if it names
    /// none, or one that it does not vouch for.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Whether a MIC proved that nobody changed the messages on the way.
    #[must_use]
    pub fn has_mic(&self) -> bool {
        self.mic
    }
}

impl Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            None => f.write_str("anonymous"),
            Some(AccountName { user, domain }) if domain.is_empty() => f.write_str(user),
            Some(AccountName { user, domain }) => write!(f, "{domain}\\{user}"),
        }
    }
}

impl Parties for Accepted {
    /// An anonymous client has no name: nobody is to be taken for a user called anonymous.
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)> {
        self.account.as_ref().map(|_| self as &(dyn Display + Send + Sync))
    }

    fn local(&self) -> Option<&(dyn Display + Send + Sync)> {
        Some(&*self.server)
    }
}
