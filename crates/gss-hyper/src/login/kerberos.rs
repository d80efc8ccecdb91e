use super::{Identity, InitiatorFuture, Login, LoginError, Mechanism, Wanted};
use crate::{Delegation, random};
use alloc::sync::Arc;
use core::fmt;
use getrandom::SysRng;
use gss::krb5::{ServiceTicket, service_ticket};
use gss::{Env, Initiator, Target, Timestamp};
use gss_http::Scheme;
use krb5_asn1::{NameType, Principal, TicketFlags};
use krb5_client::{Credential, Policy, TgsExchange, TgsOptions};
use krb5_net::credentials::{Credentials, CredentialsError};
use krb5_net::{AsyncKdcTransport, drive};
use rand_core::UnwrapErr;
use std::sync::OnceLock;
use tokio::sync::Mutex;

/// Seconds before its end at which a ticket to be delegated is got anew: it should be of use for a while.
const FORWARDED_MARGIN: i64 = 600;

/// A login with the tickets of one client.
pub struct KerberosLogin {
    identity: Identity,
    credentials: Credentials,
    /// Whose tickets they are, as the first one said.
    client: OnceLock<Principal>,
    realms: Option<Realms>,
    forwarding: Option<Forwarding>,
    weak: bool,
}

type Realms = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How to get tickets to delegate.
struct Forwarding {
    transport: Box<dyn AsyncKdcTransport>,
    policy: Policy,
    kept: Mutex<Option<Arc<ServiceTicket>>>,
}

impl KerberosLogin {
    /// A login with these credentials. The name is for people.
    #[must_use]
    pub fn new(name: &str, credentials: Credentials) -> Self {
        Self {
            identity: Identity::new(name, Mechanism::Kerberos),
            credentials,
            client: OnceLock::new(),
            realms: None,
            forwarding: None,
            weak: false,
        }
    }

    /// The same login with a function that knows the realms of hosts (`[domain_realm]` of krb5.conf). Where it does not,
    /// KDCs say by referrals where a service is.
    #[must_use]
    pub fn realms(self, realm_of_host: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { realms: Some(Box::new(realm_of_host)), ..self }
    }

    /// The same login with a way to the KDC, for tickets that servers get to act for the user with. It needs a
    /// ticket-granting ticket that is forwardable. Which servers get one, the client's
    /// [list](crate::ClientBuilder::delegate) says.
    #[must_use]
    pub fn forwarding(self, transport: impl AsyncKdcTransport + 'static, policy: Policy) -> Self {
        let forwarding = Forwarding { transport: Box::new(transport), policy, kept: Mutex::default() };
        Self { forwarding: Some(forwarding), ..self }
    }

    /// The same login, tickets of weak enctypes (RC4-HMAC) allowed.
    #[must_use]
    pub fn allow_weak_enctypes(self) -> Self {
        Self { weak: true, ..self }
    }

    /// The same login under this identity.
    #[cfg(feature = "ntlm")]
    pub(super) fn identified(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// An initiator of Kerberos alone.
    pub(super) async fn krb5(&self, wanted: &Wanted<'_>) -> Result<Initiator, LoginError> {
        if wanted.scheme == Scheme::Ntlm {
            return Err(LoginError::Scheme { scheme: wanted.scheme, mechanism: Mechanism::Kerberos });
        }
        let server = self.server(&wanted.target)?;
        let credential = self
            .credentials
            .ticket(&server)
            .await
            .map_err(|source| LoginError::Ticket { service: server.to_string(), source })?;
        self.check_client(&credential.client)?;
        let trusted = credential.flags.contains(TicketFlags::OK_AS_DELEGATE);
        let mut initiator = Initiator::with_ticket(Arc::new(service_ticket(duplicate(&credential))));
        let delegate = match wanted.delegation {
            Delegation::Never => false,
            Delegation::IfTrusted => trusted,
            Delegation::Always => true,
        };
        if delegate {
            initiator = initiator.delegate(self.forwarded(&server).await?);
        }
        if self.weak {
            initiator = initiator.allow_weak_enctypes();
        }
        if let Some(bindings) = &wanted.bindings {
            initiator = initiator.channel_bindings(bindings);
        }
        Ok(initiator)
    }

    /// Whoever fills the cache may become somebody else meanwhile.
    fn check_client(&self, found: &Principal) -> Result<(), LoginError> {
        let expected = self.client.get_or_init(|| found.clone());
        if expected == found {
            return Ok(());
        }
        Err(LoginError::OtherClient { expected: expected.clone(), found: found.clone() })
    }

    fn server(&self, target: &Target<'_>) -> Result<Principal, LoginError> {
        let realm = self.realms.as_ref().and_then(|realms| realms(target.host())).unwrap_or_default();
        Principal::from_components(NameType::SRV_HST, [target.service(), target.host()], &realm)
            .map_err(|_| LoginError::Host { host: target.host().to_owned() })
    }

    /// A ticket-granting ticket for a server to use.
    async fn forwarded(&self, server: &Principal) -> Result<Arc<ServiceTicket>, LoginError> {
        let forwarding = self.forwarding.as_ref().ok_or(LoginError::NoForwarding)?;
        // Whoever comes meanwhile waits for the same ticket.
        let mut kept = forwarding.kept.lock().await;
        let lasts =
            |ticket: &&Arc<ServiceTicket>| ticket.times.end.seconds_since(self.now()) > FORWARDED_MARGIN;
        if let Some(ticket) = kept.as_ref().filter(lasts) {
            return Ok(Arc::clone(ticket));
        }
        let failed = |source| LoginError::Delegation { service: server.to_string(), source };
        let tgt = self.credentials.tgt().await.map_err(failed)?;
        self.check_client(&tgt.client)?;
        let options = TgsOptions { kdc_offset: self.credentials.kdc_offset(), ..TgsOptions::default() };
        let exchange = random::with_env(Timestamp::now(), |env: &mut Env<'_>| {
            TgsExchange::forward(&forwarding.policy, &tgt, Vec::new(), options, env)
        })
        .map_err(|error| failed(CredentialsError::from(error)))?;
        let outcome = drive(exchange, &*forwarding.transport, &mut Timestamp::now, &mut UnwrapErr(SysRng))
            .await
            .map_err(|error| failed(CredentialsError::from(error)))?;
        self.check_client(&outcome.credential.client)?;
        let ticket = Arc::new(service_ticket(outcome.credential));
        *kept = Some(Arc::clone(&ticket));
        Ok(ticket)
    }
}

/// The ticket once more: the credentials keep theirs.
fn duplicate(credential: &Credential) -> Credential {
    Credential {
        client: credential.client.clone(),
        server: credential.server.clone(),
        session_key: credential.session_key.duplicate(),
        flags: credential.flags,
        times: credential.times,
        addresses: credential.addresses.clone(),
        ticket: credential.ticket.clone(),
        second_ticket: credential.second_ticket.clone(),
    }
}

impl Login for KerberosLogin {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn speaks(&self, scheme: Scheme) -> bool {
        scheme == Scheme::Negotiate
    }

    fn initiator<'a>(&'a self, wanted: Wanted<'a>) -> InitiatorFuture<'a> {
        Box::pin(async move { self.krb5(&wanted).await })
    }

    fn refused(&self, target: &Target<'_>) {
        if let Ok(server) = self.server(target) {
            self.credentials.forget(&server);
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add_seconds(self.credentials.kdc_offset())
    }
}

impl fmt::Debug for KerberosLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KerberosLogin").field("identity", &self.identity).finish_non_exhaustive()
    }
}
