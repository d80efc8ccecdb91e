//! A realm with a service, and tickets for it.

use gss_core::Timestamp;
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{Acceptor, AcceptorConfig, Initiator, ServiceKeys, ServiceTicket, TicketTimes};
use krb5_asn1::Principal;
use krb5_crypto::{EncType, Key};
use std::sync::Arc;
use test_support::ticket::{TicketMaker, key};

pub const CLIENT: &str = "alice@EXAMPLE.COM";
pub const SERVICE: &str = "HTTP/www.example.com@EXAMPLE.COM";
pub const KVNO: u32 = 2;

/// The service's key of an enctype.
pub fn service_key(enctype: EncType) -> Key {
    key(enctype, 77)
}

/// A ticket maker for the service, whose key and session key have this enctype.
pub fn maker(enctype: EncType) -> TicketMaker {
    TicketMaker { session_key: key(enctype, 78), ..TicketMaker::new(CLIENT, SERVICE, service_key(enctype)) }
}

/// What the initiator holds after the KDC gave it that ticket.
pub fn held(maker: &TicketMaker) -> Arc<ServiceTicket> {
    Arc::new(ServiceTicket {
        client: maker.client.clone(),
        server: maker.service.clone(),
        session_key: maker.session_key.duplicate(),
        ticket: maker.ticket(),
        flags: maker.flags,
        times: TicketTimes {
            auth: Timestamp::from_seconds(maker.auth_time),
            start: Timestamp::from_seconds(maker.start_time.unwrap_or(maker.auth_time)),
            end: Timestamp::from_seconds(maker.end_time),
            renew_till: maker.renew_till.map(Timestamp::from_seconds),
        },
    })
}

/// An acceptor's configuration with the service's key of this enctype.
pub fn config(enctype: EncType) -> AcceptorConfig {
    let mut keys = ServiceKeys::new();
    keys.add(SERVICE.parse::<Principal>().unwrap(), KVNO, service_key(enctype));
    AcceptorConfig::new(keys, MemoryReplayCache::default())
}

pub fn acceptor(config: AcceptorConfig) -> Acceptor<Arc<AcceptorConfig>> {
    Acceptor::new(Arc::new(config))
}

pub fn initiator(enctype: EncType) -> Initiator<Arc<ServiceTicket>> {
    Initiator::new(held(&maker(enctype)))
}
