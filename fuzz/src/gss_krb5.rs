//! Oracles for `gss-krb5`.

pub mod acceptor;
pub mod authdata;
pub mod iakerb;
pub mod initiator;
pub mod message;
pub mod replay;
pub mod token;
pub mod transited;

use ::gss_core::Timestamp;
use ::gss_krb5::{ServiceTicket, TicketTimes};
use ::krb5_crypto::EncType;
use test_support::ticket::{NOW, TicketMaker, key};

/// The client of all tickets made here.
pub const CLIENT: &str = "alice@INTEROP.TEST";
/// The service of all tickets made here, and of the recordings under `vectors/flows`.
pub const SERVICE: &str = "HTTP/localhost@INTEROP.TEST";

/// Tickets for [`SERVICE`]; its key and the session key are of these enctypes and can be computed by everybody.
pub fn maker(enctype: EncType, session: EncType) -> TicketMaker {
    TicketMaker {
        session_key: key(session, SESSION_SEED),
        ..TicketMaker::new(CLIENT, SERVICE, key(enctype, SERVICE_SEED))
    }
}

/// What an initiator holds after the KDC gave it that ticket.
pub fn held(maker: &TicketMaker) -> ServiceTicket {
    ServiceTicket {
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
    }
}

/// When everything happens, unless an input says otherwise.
pub const NOW_TIME: Timestamp = Timestamp::from_seconds(NOW);

/// Of the service's key, for [`key`].
pub const SERVICE_SEED: u64 = 77;
/// Of the session key, for [`key`].
pub const SESSION_SEED: u64 = 78;
