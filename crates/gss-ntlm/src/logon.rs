//! Who logs on, with what, and where.

#[cfg(feature = "alloc")]
use crate::secret::NtHash;
use crate::secret::NtlmV2Hash;
#[cfg(feature = "alloc")]
use alloc::string::String;
use core::fmt::{self, Display};

/// All an initiator needs to know about a logon, borrowed; [`Logon`] owns it.
#[derive(Clone, Copy, Debug)]
pub struct LogonRef<'a> {
    /// Who.
    pub identity: Identity<'a>,
    /// The name of the client's computer, to be shown in the server's logs. May be empty.
    pub workstation: &'a str,
    /// The service that the logon is meant for, as `HTTP/www.example.com` (`MsvAvTargetName`). A server that knows its
    /// own name refuses logons for another one, so that nobody can relay them.
    pub target: Option<&'a str>,
}

/// Who logs on.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// Nobody in particular. There is no key, so that messages cannot be protected.
    Anonymous,
    /// A user with a password.
    User {
        /// The name, alone or as `user@domain` with an empty domain.
        user: &'a str,
        /// The domain, or the computer that knows the user. May be empty. It goes into the proof in this spelling.
        domain: &'a str,
        /// The hash of the password and of these two names: [`NtHash::v2`](crate::NtHash::v2) makes it.
        v2_hash: &'a NtlmV2Hash,
    },
}

/// `DOMAIN\user`.
impl Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User { user, domain: "", .. } => f.write_str(user),
            Self::User { user, domain, .. } => write!(f, "{domain}\\{user}"),
        }
    }
}

impl Display for LogonRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.identity.fmt(f)
    }
}

/// Splits a name as people write it, `DOMAIN\user`, into domain and user. The domain of all other names is empty,
/// which is right for `user@domain` too: NTLM takes that for the name of the user.
#[must_use]
pub fn split_account(name: &str) -> (&str, &str) {
    name.split_once('\\').unwrap_or(("", name))
}

/// Whatever holds a logon: [`LogonRef`], [`Logon`], or a pointer to one of them.
pub trait HeldLogon {
    /// The logon.
    fn held(&self) -> LogonRef<'_>;

    /// The account's name, to print.
    fn name(&self) -> &(dyn Display + Send + Sync);
}

impl HeldLogon for LogonRef<'_> {
    fn held(&self) -> LogonRef<'_> {
        *self
    }

    fn name(&self) -> &(dyn Display + Send + Sync) {
        self
    }
}

macro_rules! forward {
    ($pointer:ty) => {
        fn held(&self) -> LogonRef<'_> {
            <$pointer>::held(self)
        }

        fn name(&self) -> &(dyn Display + Send + Sync) {
            <$pointer>::name(self)
        }
    };
}

impl<T: HeldLogon + ?Sized> HeldLogon for &T {
    forward!(T);
}

#[cfg(feature = "alloc")]
impl<T: HeldLogon + ?Sized> HeldLogon for alloc::sync::Arc<T> {
    forward!(T);
}

/// A logon that owns its parts. Of the password it keeps a hash that is good for this account only, and there as good
/// as the password to whoever gets at it; it is wiped from memory in the end.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct Logon {
    user: String,
    domain: String,
    v2_hash: Option<NtlmV2Hash>, // None for anonymous
    workstation: String,
    target: Option<String>,
}

#[cfg(feature = "alloc")]
impl Logon {
    /// A user with a password. The domain may be empty; it goes into the proof in this spelling.
    #[must_use]
    pub fn with_password(user: &str, domain: &str, password: &str) -> Self {
        Self::with_nt_hash(user, domain, NtHash::of_password(password))
    }

    /// A user with the hash of a password.
    #[must_use]
    pub fn with_nt_hash(user: &str, domain: &str, nt_hash: NtHash) -> Self {
        let v2_hash = Some(nt_hash.v2(user.chars(), domain.chars()));
        Self { user: user.into(), domain: domain.into(), v2_hash, ..Self::anonymous() }
    }

    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            user: String::new(),
            domain: String::new(),
            v2_hash: None,
            workstation: String::new(),
            target: None,
        }
    }

    /// The name of the client's computer, to be shown in the server's logs; empty by default.
    #[must_use]
    pub fn workstation(self, name: &str) -> Self {
        Self { workstation: name.into(), ..self }
    }

    /// The service that the logon is meant for.
    #[must_use]
    pub fn target(self, target: &gss_core::Target<'_>) -> Self {
        let name = [target.service(), "/", target.host()].concat();
        Self { target: Some(name), ..self }
    }
}

#[cfg(feature = "alloc")]
impl HeldLogon for Logon {
    fn held(&self) -> LogonRef<'_> {
        let identity = match &self.v2_hash {
            Some(v2_hash) => Identity::User { user: &self.user, domain: &self.domain, v2_hash },
            None => Identity::Anonymous,
        };
        LogonRef { identity, workstation: &self.workstation, target: self.target.as_deref() }
    }

    fn name(&self) -> &(dyn Display + Send + Sync) {
        self
    }
}

#[cfg(feature = "alloc")]
impl Display for Logon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held().fmt(f)
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_are_printed_as_people_write_them() {
        assert_eq!(Logon::with_password("alice", "EXAMPLE", "secret").to_string(), "EXAMPLE\\alice");
        assert_eq!(Logon::with_password("alice@example.com", "", "secret").to_string(), "alice@example.com");
        assert_eq!(Logon::anonymous().to_string(), "anonymous");
        assert_eq!(split_account("EXAMPLE\\alice"), ("EXAMPLE", "alice"));
        assert_eq!(split_account("alice@example.com"), ("", "alice@example.com"));
    }

    #[test]
    fn passwords_and_hashes_are_not_printed() {
        let logon = Logon::with_nt_hash("alice", "EXAMPLE", NtHash::from_bytes([0xab; 16]));
        let printed = format!("{logon:?} {:?}", logon.held()).to_lowercase();
        assert!(
            printed.contains("alice") && !printed.contains("ab, ab") && !printed.contains("abab"),
            "{printed}"
        );
        assert!(!printed.contains("171"), "{printed}");
    }

    use alloc::string::ToString;
}
