use super::{Identity, InitiatorFuture, KerberosLogin, Login, LoginError, Mechanism, Wanted};
use alloc::sync::Arc;
use core::fmt;
use gss::ntlm::{Logon, NtHash};
use gss::{Initiator, Target, Timestamp};
use gss_http::Scheme;

/// A login with a password and NTLM, which is legacy: it proves nothing about the server, and gives whoever answers
/// something to guess the password from.
pub struct NtlmLogin {
    identity: Identity,
    logon: Logon,
}

impl NtlmLogin {
    /// A user with a password. The domain may be empty.
    #[must_use]
    pub fn with_password(user: &str, domain: &str, password: &str) -> Self {
        Self::with_nt_hash(user, domain, NtHash::of_password(password))
    }

    /// A user with the hash of a password.
    #[must_use]
    pub fn with_nt_hash(user: &str, domain: &str, nt_hash: NtHash) -> Self {
        let name = if domain.is_empty() { user.to_owned() } else { format!("{domain}\\{user}") };
        let identity = Identity::new(&name, Mechanism::Ntlm);
        Self { identity, logon: Logon::with_nt_hash(user, domain, nt_hash) }
    }

    fn logon(&self, wanted: &Wanted<'_>) -> Arc<Logon> {
        Arc::new(self.logon.clone().target(&wanted.target))
    }

    fn alone(&self, wanted: &Wanted<'_>) -> Result<Initiator, LoginError> {
        if wanted.mutual {
            return Err(LoginError::ProvesNothing);
        }
        let initiator = Initiator::ntlm(self.logon(wanted));
        Ok(match wanted.scheme {
            Scheme::Ntlm => bound(initiator.raw(), wanted),
            _ => bound(initiator, wanted),
        })
    }
}

fn bound(initiator: Initiator, wanted: &Wanted<'_>) -> Initiator {
    match &wanted.bindings {
        Some(bindings) => initiator.channel_bindings(bindings),
        None => initiator,
    }
}

impl Login for NtlmLogin {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn speaks(&self, scheme: Scheme) -> bool {
        matches!(scheme, Scheme::Negotiate | Scheme::Ntlm)
    }

    fn initiator<'a>(&'a self, wanted: Wanted<'a>) -> InitiatorFuture<'a> {
        Box::pin(async move { self.alone(&wanted) })
    }
}

impl fmt::Debug for NtlmLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NtlmLogin").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// A login with Kerberos, and with NTLM where the server does not speak Kerberos or there is no ticket for it.
///
/// Whoever is in between decides which of the two it is; see [`Initiator::or_ntlm`]. Where the server has to prove who it
/// is, NTLM is left out.
#[derive(Debug)]
pub struct KerberosOrNtlmLogin {
    kerberos: KerberosLogin,
    ntlm: NtlmLogin,
}

impl KerberosOrNtlmLogin {
    /// A login with both.
    #[must_use]
    pub fn new(kerberos: KerberosLogin, ntlm: NtlmLogin) -> Self {
        let name = format!("{} or {}", kerberos.identity().name(), ntlm.identity().name());
        let kerberos = kerberos.identified(Identity::new(&name, Mechanism::KerberosOrNtlm));
        Self { kerberos, ntlm }
    }
}

impl Login for KerberosOrNtlmLogin {
    fn identity(&self) -> &Identity {
        self.kerberos.identity()
    }

    fn speaks(&self, scheme: Scheme) -> bool {
        self.ntlm.speaks(scheme)
    }

    fn initiator<'a>(&'a self, wanted: Wanted<'a>) -> InitiatorFuture<'a> {
        Box::pin(async move {
            if wanted.scheme == Scheme::Ntlm {
                return self.ntlm.alone(&wanted);
            }
            match self.kerberos.krb5(&wanted).await {
                Ok(initiator) if wanted.mutual => Ok(initiator),
                Ok(initiator) => Ok(initiator.or_ntlm(self.ntlm.logon(&wanted))),
                Err(error) if wanted.mutual => Err(error),
                Err(LoginError::Ticket { .. }) => self.ntlm.alone(&wanted),
                Err(error) => Err(error),
            }
        })
    }

    fn refused(&self, target: &Target<'_>) {
        self.kerberos.refused(target);
    }

    fn now(&self) -> Timestamp {
        self.kerberos.now()
    }
}
