//! Kerberos credentials: tickets from a credential cache, keys from a keytab.

mod error;
pub mod iakerb;

pub use error::{CredentialsError, HeldService};

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gss_core::Target;
use krb5_files::{Ccache, Keytab, WriteError};
use zeroize::Zeroizing;

pub use gss_krb5::authdata::{PacPolicy, PacVerified};
pub use gss_krb5::replay;
pub use gss_krb5::transited::TransitedPolicy;
pub use gss_krb5::{
    Accepted, AcceptorConfig, Allow, HeldTicket, Presented, ServiceKeys, ServiceTicket, ServiceTicketRef,
    TicketTimes,
};
pub use krb5_asn1::{EncryptionKeyBuf, ParsePrincipalError, Principal, TicketFlags};
pub use krb5_client::Credential;
pub use krb5_crypto::{EncType, Key};
/// What a client's domain says of it: groups, SIDs, names. See [`Context::pac`](crate::Context::pac).
pub use krb5_pac as pac;

/// A client's tickets.
#[derive(Clone, Debug)]
pub struct Credentials {
    client: Principal,
    tickets: Vec<Arc<ServiceTicket>>,
    unusable: Vec<HeldService>,
}

impl Credentials {
    /// Reads the bytes of a FILE credential cache, versions 1 to 4. Tickets whose session key this build has no
    /// enctype for are passed over, and named when they are sought.
    ///
    /// # Errors
    /// [`CredentialsError::Ccache`].
    pub fn from_ccache(bytes: &[u8]) -> Result<Self, CredentialsError> {
        let ccache = Ccache::parse(bytes).map_err(CredentialsError::Ccache)?;
        Ok(Self::from(&ccache))
    }

    /// The tickets given, all of them `client`'s.
    #[must_use]
    pub fn from_tickets(client: Principal, tickets: impl IntoIterator<Item = ServiceTicket>) -> Self {
        Self { client, tickets: tickets.into_iter().map(Arc::new).collect(), unusable: Vec::new() }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Principal {
        &self.client
    }

    /// All tickets that can be used.
    #[must_use]
    pub fn tickets(&self) -> &[Arc<ServiceTicket>] {
        &self.tickets
    }

    /// The ticket for a service, of whatever realm; of several, the one that holds longest.
    ///
    /// # Errors
    /// [`CredentialsError::NoTicket`], which lists what there is; [`CredentialsError::UnsupportedTicket`].
    pub fn ticket_for(&self, target: &Target<'_>) -> Result<Arc<ServiceTicket>, CredentialsError> {
        let wanted = [target.service(), target.host()];
        let fitting = self.tickets.iter().filter(|ticket| ticket.server.name().is(&wanted));
        if let Some(ticket) = fitting.max_by_key(|ticket| ticket.times.end) {
            return Ok(Arc::clone(ticket));
        }
        if let Some(service) = self.unusable.iter().find(|service| service.server.name().is(&wanted)) {
            return Err(CredentialsError::UnsupportedTicket(service.clone()));
        }
        Err(CredentialsError::NoTicket {
            wanted: alloc::format!("{}/{}", target.service(), target.host()),
            client: self.client.clone(),
            present: self.tickets.iter().map(|ticket| ticket.server.clone()).collect(),
        })
    }

    /// The ticket-granting ticket of the client's realm, to delegate.
    ///
    /// # Errors
    /// [`CredentialsError::NoTicket`].
    pub fn ticket_granting_ticket(&self) -> Result<Arc<ServiceTicket>, CredentialsError> {
        let realm = self.client.realm();
        let granting = |ticket: &&Arc<ServiceTicket>| {
            let mut components = ticket.server.components();
            components.next().is_some_and(|name| name.as_bytes() == b"krbtgt")
                && components.next().is_some_and(|name| name == realm)
                && components.next().is_none()
                && ticket.server.realm() == realm
        };
        let found = self.tickets.iter().filter(granting).max_by_key(|ticket| ticket.times.end);
        found.map(Arc::clone).ok_or_else(|| CredentialsError::NoTicket {
            wanted: alloc::format!("krbtgt/{realm}@{realm}"),
            client: self.client.clone(),
            present: self.tickets.iter().map(|ticket| ticket.server.clone()).collect(),
        })
    }
}

/// Configuration entries, removed tickets, user-to-user tickets and tickets of other clients are left out.
impl From<&Ccache> for Credentials {
    fn from(ccache: &Ccache) -> Self {
        let client = ccache.default_principal.clone();
        let (mut tickets, mut unusable) = (Vec::new(), Vec::new());
        for entry in ccache.credentials().filter(|entry| entry.client == client && !entry.is_skey()) {
            match Credential::try_from(entry) {
                Ok(credential) => tickets.push(Arc::new(service_ticket(credential))),
                Err(reason) => unusable.push(HeldService { server: entry.server.clone(), reason }),
            }
        }
        Self { client, tickets, unusable }
    }
}

/// What the KDC client fetched, as what an initiator presents.
#[must_use]
pub fn service_ticket(credential: Credential) -> ServiceTicket {
    let krb5_client::Times { auth, start, end, renew_till } = credential.times;
    ServiceTicket {
        client: credential.client,
        server: credential.server,
        session_key: credential.session_key,
        ticket: credential.ticket,
        flags: credential.flags,
        times: TicketTimes { auth, start, end, renew_till },
    }
}

/// What an initiator delegated, as what the KDC client takes and credential caches hold.
#[must_use]
pub fn credential(ticket: &ServiceTicket) -> Credential {
    let TicketTimes { auth, start, end, renew_till } = ticket.times;
    Credential {
        client: ticket.client.clone(),
        server: ticket.server.clone(),
        session_key: ticket.session_key.duplicate(),
        flags: ticket.flags,
        times: krb5_client::Times { auth, start, end, renew_till },
        addresses: Vec::new(),
        ticket: ticket.ticket.clone(),
        second_ticket: None,
    }
}

/// Writes tickets, delegated ones for instance, as a FILE credential cache of `client`.
///
/// # Errors
/// [`WriteError`] when a value does not fit its field.
pub fn to_ccache<'t>(
    client: &Principal,
    tickets: impl IntoIterator<Item = &'t ServiceTicket>,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let mut ccache = Ccache::new(client.clone());
    ccache.entries.extend(tickets.into_iter().map(|ticket| credential(ticket).to_file()));
    ccache.to_bytes()
}

/// The keys in the bytes of a keytab file. Keys of enctypes that this build does not have are passed over.
///
/// # Errors
/// [`CredentialsError::Keytab`]; [`CredentialsError::NoKeys`] when none is left.
pub fn service_keys(bytes: &[u8]) -> Result<ServiceKeys, CredentialsError> {
    let keytab = Keytab::parse(bytes).map_err(CredentialsError::Keytab)?;
    let mut keys = ServiceKeys::new();
    for entry in &keytab.entries {
        if let Ok(key) = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()) {
            keys.add(entry.principal.clone(), entry.kvno, key);
        }
    }
    if keys.is_empty() {
        let passed_over =
            keytab.entries.iter().map(|entry| EncType(entry.key.keytype()).to_string()).collect();
        return Err(CredentialsError::NoKeys { passed_over });
    }
    Ok(keys)
}
