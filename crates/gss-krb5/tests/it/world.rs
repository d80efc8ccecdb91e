//! A realm with a service, and tickets for it.

use alloc::sync::Arc;
use gss_core::{Env, Handshake, Step, Timestamp};
use gss_krb5::replay::{MemoryReplayCache, ReplayCache};
use gss_krb5::{
    Accepted, Acceptor, AcceptorConfig, AcceptorError, Context, Initiator, ServiceKeys, ServiceTicket,
    TicketTimes,
};
use krb5_asn1::Principal;
use krb5_crypto::{EncType, Key};
use test_support::TestRng;
use test_support::ticket::{NOW, TicketMaker, key};

pub(crate) const CLIENT: &str = "alice@EXAMPLE.COM";
pub(crate) const SERVICE: &str = "HTTP/www.example.com@EXAMPLE.COM";
pub(crate) const KVNO: u32 = 2;

pub(crate) const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;

/// All enctypes of this build.
pub(crate) const ENCTYPES: &[EncType] = &[
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA256_128,
    EncType::AES256_CTS_HMAC_SHA384_192,
    #[cfg(feature = "rc4")]
    EncType::RC4_HMAC,
    #[cfg(feature = "camellia")]
    EncType::CAMELLIA128_CTS_CMAC,
    #[cfg(feature = "camellia")]
    EncType::CAMELLIA256_CTS_CMAC,
];

/// The service's key of an enctype.
pub(crate) fn service_key(enctype: EncType) -> Key {
    key(enctype, 77)
}

/// A ticket maker for the service, whose key and session key have this enctype.
pub(crate) fn maker(enctype: EncType) -> TicketMaker {
    TicketMaker { session_key: key(enctype, 78), ..TicketMaker::new(CLIENT, SERVICE, service_key(enctype)) }
}

/// What the initiator holds after the KDC gave it that ticket.
pub(crate) fn held(maker: &TicketMaker) -> Arc<ServiceTicket> {
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

/// The service's keys: one, of this enctype.
pub(crate) fn keys(enctype: EncType) -> ServiceKeys {
    let mut keys = ServiceKeys::new();
    keys.add(principal(SERVICE), KVNO, service_key(enctype));
    keys
}

/// An acceptor's configuration with the service's key of this enctype.
pub(crate) fn config(enctype: EncType) -> AcceptorConfig {
    config_with(enctype, MemoryReplayCache::with_capacity(64))
}

/// The same with a replay cache of the test's choice.
pub(crate) fn config_with(
    enctype: EncType,
    replay: impl ReplayCache + Send + Sync + 'static,
) -> AcceptorConfig {
    AcceptorConfig::new(keys(enctype), replay)
}

pub(crate) fn acceptor(config: AcceptorConfig) -> Acceptor<Arc<AcceptorConfig>> {
    Acceptor::new(Arc::new(config))
}

pub(crate) fn initiator(enctype: EncType) -> Initiator<Arc<ServiceTicket>> {
    Initiator::new(held(&maker(enctype)))
}

pub(crate) fn principal(name: &str) -> Principal {
    name.parse().unwrap()
}

/// A time relative to that of the tickets.
pub(crate) fn now_plus(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

/// One step of either side: how it came out, and what was appended to the output.
pub(crate) type Outcome<H> =
    (Result<Step<H, <H as Handshake>::Established>, <H as Handshake>::Error>, Vec<u8>);

/// Hands a token to either side.
pub(crate) fn step<H: Handshake>(side: H, token: &[u8], now: Timestamp) -> Outcome<H> {
    let mut output = Vec::new();
    let mut input = token.to_vec();
    let result = side.step(&mut input, &mut output, &mut Env::new(now, &mut TestRng::insecure(1)));
    (result, output)
}

/// Hands a first token to a new acceptor, which should be through after it.
pub(crate) fn accept(config: &AcceptorConfig, token: &[u8]) -> Result<Context<Accepted>, AcceptorError> {
    match step(Acceptor::new(config), token, now_plus(0)).0? {
        Step::Done(context) => Ok(context),
        Step::Continue(next) => panic!("wants another token: {next:?}"),
    }
}

/// An initiator that waits for the acceptor's answer, and its token.
pub(crate) fn waiting<H: Handshake>(initiator: H, now: Timestamp) -> (H, Vec<u8>) {
    match step(initiator, b"", now) {
        (Ok(Step::Continue(next)), token) => (next, token),
        (Ok(Step::Done(_)), _) => panic!("established without an answer"),
        (Err(error), _) => panic!("{error}"),
    }
}

/// An initiator that waits, as [`waiting`] makes it from [`initiator`].
pub(crate) type Asked = Initiator<Arc<ServiceTicket>>;
