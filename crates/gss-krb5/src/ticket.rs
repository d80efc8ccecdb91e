//! What an initiator holds: a service ticket, its session key and its facts.

use core::fmt::Display;
use gss_core::Timestamp;
#[cfg(feature = "alloc")]
use krb5_asn1::Principal;
use krb5_asn1::{KerberosTime, Microseconds, PrincipalRef, TicketFlags};
use krb5_crypto::Key;

/// A service ticket with its session key, borrowed from wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct ServiceTicketRef<'a> {
    /// Who the ticket was issued to.
    pub client: PrincipalRef<'a>,
    /// The service that can decrypt the ticket.
    pub server: PrincipalRef<'a>,
    /// The key shared with that service.
    pub session_key: &'a Key,
    /// DER of the `Ticket`, byte for byte as the KDC issued it.
    pub ticket: &'a [u8],
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// The ticket's times.
    pub times: TicketTimes,
}

/// The times of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TicketTimes {
    /// When the client authenticated.
    pub auth: Timestamp,
    /// From when on the ticket holds.
    pub start: Timestamp,
    /// Until when it holds.
    pub end: Timestamp,
    /// Until when it can be renewed; `None` when it cannot.
    pub renew_till: Option<Timestamp>,
}

/// A service ticket with its session key, by itself. The key is wiped on drop.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct ServiceTicket {
    /// Who the ticket was issued to.
    pub client: Principal,
    /// The service that can decrypt the ticket.
    pub server: Principal,
    /// The key shared with that service.
    pub session_key: Key,
    /// DER of the `Ticket`, byte for byte as the KDC issued it.
    pub ticket: alloc::vec::Vec<u8>,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// The ticket's times.
    pub times: TicketTimes,
}

/// Anything that holds a service ticket: [`ServiceTicketRef`] without a heap, [`ServiceTicket`] with one, and
/// references and shared pointers to them.
pub trait HeldTicket {
    /// The ticket.
    fn held(&self) -> ServiceTicketRef<'_>;

    /// The client's name, to print.
    fn client_name(&self) -> &(dyn Display + Send + Sync);

    /// The service's name, to print.
    fn server_name(&self) -> &(dyn Display + Send + Sync);
}

impl HeldTicket for ServiceTicketRef<'_> {
    fn held(&self) -> ServiceTicketRef<'_> {
        *self
    }

    fn client_name(&self) -> &(dyn Display + Send + Sync) {
        &self.client
    }

    fn server_name(&self) -> &(dyn Display + Send + Sync) {
        &self.server
    }
}

#[cfg(feature = "alloc")]
impl HeldTicket for ServiceTicket {
    fn held(&self) -> ServiceTicketRef<'_> {
        ServiceTicketRef {
            client: self.client.as_borrowed(),
            server: self.server.as_borrowed(),
            session_key: &self.session_key,
            ticket: &self.ticket,
            flags: self.flags,
            times: self.times,
        }
    }

    fn client_name(&self) -> &(dyn Display + Send + Sync) {
        &self.client
    }

    fn server_name(&self) -> &(dyn Display + Send + Sync) {
        &self.server
    }
}

macro_rules! forward {
    ($pointer:ty) => {
        fn held(&self) -> ServiceTicketRef<'_> {
            <$pointer>::held(self)
        }

        fn client_name(&self) -> &(dyn Display + Send + Sync) {
            <$pointer>::client_name(self)
        }

        fn server_name(&self) -> &(dyn Display + Send + Sync) {
            <$pointer>::server_name(self)
        }
    };
}

impl<T: HeldTicket + ?Sized> HeldTicket for &T {
    forward!(T);
}

#[cfg(feature = "alloc")]
impl<T: HeldTicket + ?Sized> HeldTicket for alloc::sync::Arc<T> {
    forward!(T);
}

/// The time of a Kerberos message.
pub(crate) fn timestamp(seconds: KerberosTime, micros: Microseconds) -> Timestamp {
    Timestamp::new(seconds.unix_seconds(), micros.get())
        .unwrap_or(Timestamp::from_seconds(seconds.unix_seconds()))
}

/// A time as Kerberos messages carry it; `None` outside the years 0 to 9999.
pub(crate) fn kerberos_time(time: Timestamp) -> Option<(KerberosTime, Microseconds)> {
    Some((KerberosTime::from_unix(time.seconds())?, Microseconds::new(time.micros())?))
}
