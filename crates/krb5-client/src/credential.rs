//! A ticket with its session key: what exchanges give and take.

use alloc::vec::Vec;

use gss_core::Timestamp;
use krb5_asn1::{EncryptionKeyBuf, Principal, TicketFlags};
use krb5_crypto::{EncType, Key, KeyError};
use krb5_files::Address;

/// A ticket with its session key and its facts. The key is wiped on drop.
#[derive(Debug)]
pub struct Credential {
    /// Who the ticket was issued to.
    pub client: Principal,
    /// Who can decrypt the ticket: `krbtgt/REALM@REALM` for a ticket-granting ticket.
    pub server: Principal,
    /// The key shared with that server.
    pub session_key: Key,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// The ticket's times.
    pub times: Times,
    /// Addresses that the ticket can be used from; none: from everywhere.
    pub addresses: Vec<Address>,
    /// DER of the `Ticket`, byte for byte as the KDC issued it.
    pub ticket: Vec<u8>,
    /// User-to-user: DER of the ticket in whose session key `ticket` is encrypted.
    pub second_ticket: Option<Vec<u8>>,
}

/// The times of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Times {
    /// When the client authenticated.
    pub auth: Timestamp,
    /// From when on the ticket holds.
    pub start: Timestamp,
    /// Until when it holds.
    pub end: Timestamp,
    /// Until when it can be renewed; `None` when it cannot.
    pub renew_till: Option<Timestamp>,
}

impl Credential {
    /// Whether the ticket is for the ticket-granting service of some realm.
    #[must_use]
    pub fn is_tgt(&self) -> bool {
        let mut components = self.server.components();
        components.len() == 2 && components.next().is_some_and(|first| first.as_bytes() == b"krbtgt")
    }

    /// The realm whose KDC takes this ticket-granting ticket; `None` for other tickets.
    #[must_use]
    pub fn tgs_realm(&self) -> Option<krb5_asn1::KerberosString<'_>> {
        self.is_tgt().then(|| self.server.components().nth(1)).flatten()
    }

    /// What a credential cache holds of this.
    #[must_use]
    pub fn to_file(&self) -> krb5_files::Credential {
        krb5_files::Credential {
            client: self.client.clone(),
            server: self.server.clone(),
            key: EncryptionKeyBuf::new(self.session_key.enctype().0, self.session_key.secret_bytes()),
            times: krb5_files::Times {
                authtime: seconds(self.times.auth),
                starttime: seconds(self.times.start),
                endtime: seconds(self.times.end),
                renew_till: self.times.renew_till.map_or(0, seconds),
            },
            skey_mark: u8::from(self.second_ticket.is_some()),
            flags: self.flags,
            addresses: self.addresses.clone(),
            authdata: Vec::new(),
            ticket: self.ticket.clone(),
            second_ticket: self.second_ticket.clone().unwrap_or_default(),
        }
    }
}

impl Clone for Credential {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            server: self.server.clone(),
            session_key: self.session_key.duplicate(),
            flags: self.flags,
            times: self.times,
            addresses: self.addresses.clone(),
            ticket: self.ticket.clone(),
            second_ticket: self.second_ticket.clone(),
        }
    }
}

impl TryFrom<&krb5_files::Credential> for Credential {
    type Error = KeyError;

    /// Takes what a credential cache holds.
    ///
    /// # Errors
    /// The session key is of an enctype that this build does not have.
    fn try_from(stored: &krb5_files::Credential) -> Result<Self, KeyError> {
        let time = |seconds: u32| Timestamp::from_seconds(seconds.into());
        let start = if stored.times.starttime == 0 { stored.times.authtime } else { stored.times.starttime };
        Ok(Self {
            client: stored.client.clone(),
            server: stored.server.clone(),
            session_key: Key::new(EncType(stored.key.keytype()), stored.key.keyvalue())?,
            flags: stored.flags,
            times: Times {
                auth: time(stored.times.authtime),
                start: time(start),
                end: time(stored.times.endtime),
                renew_till: Some(stored.times.renew_till).filter(|&till| till != 0).map(time),
            },
            addresses: stored.addresses.clone(),
            ticket: stored.ticket.clone(),
            second_ticket: stored.is_skey().then(|| stored.second_ticket.clone()),
        })
    }
}

/// Seconds since 1970 as caches hold them: 0 before that, the last second that fits after 2106.
fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.seconds().max(0)).unwrap_or(u32::MAX)
}
