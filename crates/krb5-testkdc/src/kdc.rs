//! The KDC itself.

use core::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use krb5_asn1::{DecodeError, DecodeErrorKind, ErrorCode, MessageType, Principal};
use krb5_crypto::{EncType, Key};
use rand_core::CryptoRng;

use crate::database::{Database, Record};
use crate::fault::{DeliveryFault, Fault, FaultPlan, Occasion, Plans};
use crate::history::{self, History};
use crate::refusal::{Parties, Refusal, refuse};
use crate::turn::{Repeats, Replays, Tools, Turn};
use crate::{Account, Clock, ConfigError, Port, Realm, as_exchange, fast, kpasswd, random, tgs};

/// A KDC of one realm or more, in this process. It can be asked from many threads.
pub struct Kdc {
    state: Mutex<State>,
    clock: Clock,
    address: IpAddr,
}

/// All that a lock guards.
pub(crate) struct State {
    pub(crate) db: Database,
    pub(crate) tools: Tools,
}

/// The longest request that is looked at, in bytes.
const MAX_REQUEST: usize = 1 << 18;

/// A KDC to be.
///
/// ```
/// use gss_core::Timestamp;
/// use krb5_testkdc::{Clock, Kdc, Realm};
///
/// let kdc = Kdc::builder()
///     .realm(Realm::new("A.TEST").user("alice", "secret"))
///     .realm(Realm::new("B.TEST").service("HTTP/www.b.test"))
///     .trust("A.TEST", "B.TEST")
///     .clock(Clock::manual(Timestamp::from_seconds(1_700_000_000)))
///     .seed(7)
///     .build()?;
/// # assert!(kdc.keytab(&["HTTP/www.b.test@B.TEST"])?.entries.len() > 1);
/// # Ok::<(), krb5_testkdc::ConfigError>(())
/// ```
#[must_use]
pub struct KdcBuilder {
    realms: Vec<Realm>,
    trusts: Vec<(String, Account)>,
    clock: Clock,
    rng: Option<Box<dyn CryptoRng + Send>>,
    address: IpAddr,
}

impl KdcBuilder {
    /// With this realm.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realms.push(realm);
        self
    }

    /// The clients of the first realm can reach the services of the second one.
    pub fn trust(mut self, from: &str, to: &str) -> Self {
        self.trusts.push((from.to_owned(), Account::service(trust_name(from, to))));
        self
    }

    /// As [`trust`](Self::trust), with a key made from a password, as the KDC of the other realm makes it too. One of
    /// the realms is served elsewhere.
    pub fn trust_with_password(mut self, from: &str, to: &str, password: &str) -> Self {
        let name = trust_name(from, to);
        let served = if self.realms.iter().any(|realm| realm.name == from) { from } else { to };
        self.trusts.push((served.to_owned(), Account::user(name, password)));
        self
    }

    /// With this clock instead of the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// With this address in the replies of the password service, which clients compare with the one that they asked;
    /// 127.0.0.1 otherwise.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// With keys and all else that is random made from this number, so that they are the same every time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.rng = Some(random::seeded(seed));
        self
    }

    /// With this source of randomness instead of the operating system's.
    pub fn rng(mut self, rng: impl CryptoRng + Send + 'static) -> Self {
        self.rng = Some(Box::new(rng));
        self
    }

    /// The KDC.
    ///
    /// # Errors
    /// A name that is not one or is there twice, an enctype that this build does not have, a trust between realms none
    /// of which is here.
    pub fn build(self) -> Result<Kdc, ConfigError> {
        let mut rng = self.rng.unwrap_or_else(random::system);
        let mut db = Database::default();
        for realm in self.realms {
            db.add_realm(realm, &mut *rng)?;
        }
        for (realm, account) in self.trusts {
            db.add(&realm, account, &mut *rng)?;
        }
        let enctype = EncType::AES256_CTS_HMAC_SHA1_96;
        let cookie_key = Key::generate(enctype, &mut *rng).map_err(|_| ConfigError::TooLong)?;
        let tools = Tools {
            rng,
            faults: Plans::default(),
            replays: Replays::default(),
            repeats: Repeats::default(),
            history: History::default(),
            cookie_key,
        };
        Ok(Kdc { state: Mutex::new(State { db, tools }), clock: self.clock, address: self.address })
    }
}

fn trust_name(from: &str, to: &str) -> String {
    Principal::new_tgs(to, from).to_string()
}

impl Kdc {
    /// A KDC of this realm, with the machine's clock.
    ///
    /// # Errors
    /// As [`KdcBuilder::build`].
    pub fn new(realm: Realm) -> Result<Self, ConfigError> {
        Self::builder().realm(realm).build()
    }

    /// A KDC with more realms, another clock, or keys from a seed.
    pub fn builder() -> KdcBuilder {
        KdcBuilder {
            realms: Vec::new(),
            trusts: Vec::new(),
            clock: Clock::system(),
            rng: None,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// The reply to a request, both without any length in front. `None` is silence.
    ///
    /// Any bytes can be given. What is no request is answered with an error, or with silence if it is a reply or an
    /// error itself.
    #[must_use]
    pub fn answer(&self, port: Port, request: &[u8]) -> Option<Vec<u8>> {
        let mut reply = self.reply(port, request)?;
        match self.delivery_fault(port, request) {
            Some(DeliveryFault::Silent | DeliveryFault::Closed) => return None,
            Some(DeliveryFault::Cut) => reply.truncate(reply.len() / 2),
            Some(DeliveryFault::Garbage) => reply.fill(0xa5),
            Some(DeliveryFault::Late(_) | DeliveryFault::Prefix(_) | DeliveryFault::TooBig) | None => {}
        }
        Some(reply)
    }

    /// The reply, however it is to be delivered.
    pub(crate) fn reply(&self, port: Port, request: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let State { db, tools } = &mut *state;
        let mut turn =
            Turn { tools, now: self.clock.now(), occasion: Occasion::default(), parties: Parties::default() };
        let reply = dispatch(db, &mut turn, port, request, self.address);
        let answered = history::Answered::new(port, &turn, reply.as_deref());
        tools.history.note(answered);
        reply
    }

    /// What goes wrong on the way of the reply to this request.
    pub(crate) fn delivery_fault(&self, port: Port, request: &[u8]) -> Option<DeliveryFault> {
        let mut state = self.lock();
        let faults = &mut state.tools.faults;
        if faults.is_empty() {
            return None;
        }
        let occasion = occasion_of(port, request);
        faults.take(&occasion, |fault| if let Fault::Delivery(fault) = fault { Some(*fault) } else { None })
    }

    /// Lets something go wrong: a [`Fault`] the next time that it can, or as a [`FaultPlan`] says.
    pub fn inject(&self, plan: impl Into<FaultPlan>) {
        self.lock().tools.faults.add(plan.into());
    }

    /// Lets all go right again.
    pub fn clear_faults(&self) {
        self.lock().tools.faults.clear();
    }

    /// The requests that were answered since this was last asked, oldest first, up to 4096 of them.
    #[must_use]
    pub fn take_history(&self) -> Vec<history::Answered> {
        self.lock().tools.history.take()
    }

    /// The KDC's clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds an account to a realm that is served here.
    ///
    /// # Errors
    /// As [`KdcBuilder::build`].
    pub fn add(&self, realm: &str, account: Account) -> Result<(), ConfigError> {
        let mut state = self.lock();
        let State { db, tools } = &mut *state;
        db.add(realm, account, &mut *tools.rng)
    }

    /// Takes an account away.
    ///
    /// # Errors
    /// [`ConfigError::UnknownAccount`]; so in the methods below, and [`ConfigError::Name`].
    pub fn remove(&self, principal: &str) -> Result<(), ConfigError> {
        let principal = parse(principal)?;
        let removed = self.lock().db.remove(&principal);
        removed.map(drop).ok_or(ConfigError::UnknownAccount { principal })
    }

    /// Changes an account. Changes to name, aliases and what keys are made from have no effect.
    ///
    /// ```
    /// # use krb5_testkdc::{Kdc, Realm};
    /// # let kdc = Kdc::new(Realm::new("EXAMPLE.COM").user("alice", "secret"))?;
    /// kdc.edit("alice@EXAMPLE.COM", |alice| alice.locked = true)?;
    /// # Ok::<(), krb5_testkdc::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub fn edit(&self, principal: &str, change: impl FnOnce(&mut Account)) -> Result<(), ConfigError> {
        self.with_record(principal, |record, _| change(&mut record.account))
    }

    /// Gives an account a new password.
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub fn set_password(&self, principal: &str, password: &str) -> Result<(), ConfigError> {
        self.with_record(principal, |record, _| record.set_password(password))
    }

    /// Gives an account keys of the next version: random ones, or from the same password. Tickets made with the old
    /// ones can still be opened.
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub fn rotate_keys(&self, principal: &str) -> Result<(), ConfigError> {
        self.with_record(principal, |record, rng| record.rotate(rng))
    }

    fn with_record(
        &self,
        principal: &str,
        change: impl FnOnce(&mut Record, &mut dyn CryptoRng),
    ) -> Result<(), ConfigError> {
        let principal = parse(principal)?;
        let mut state = self.lock();
        let State { db, tools } = &mut *state;
        let Some(record) = db.find_mut(&principal) else {
            return Err(ConfigError::UnknownAccount { principal });
        };
        change(record, &mut *tools.rng);
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere is to fail there, and not here too.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for Kdc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let state = self.lock();
        let realms: Vec<_> = state.db.realms().map(|realm| &realm.name).collect();
        f.debug_struct("Kdc").field("realms", &realms).field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for KdcBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KdcBuilder").field("realms", &self.realms).finish_non_exhaustive()
    }
}

/// The principal of this text, which has its realm.
pub(crate) fn parse(text: &str) -> Result<Principal, ConfigError> {
    text.parse().map_err(|error| ConfigError::Name { name: text.into(), error })
}

fn dispatch(
    db: &mut Database,
    turn: &mut Turn<'_>,
    port: Port,
    request: &[u8],
    address: IpAddr,
) -> Option<Vec<u8>> {
    if request.len() > MAX_REQUEST {
        let text = format!("request of {} bytes", request.len());
        return fast::refusal(turn, *refuse(ErrorCode::KRB_ERR_FIELD_TOOLONG, text), None);
    }
    match (port, request.first()?) {
        (Port::Kdc, 0x6a) => as_exchange::answer(db, turn, request),
        (Port::Kdc, 0x6c) => tgs::answer(db, turn, request),
        // Errors and replies are not answered, lest two servers keep each other busy.
        (Port::Kdc, 0x6b | 0x6d | 0x7e) => None,
        (Port::Kdc, _) => {
            let refusal = refuse(ErrorCode::KRB_AP_ERR_MSG_TYPE, "neither AS-REQ nor TGS-REQ");
            fast::refusal(turn, *refusal, None)
        }
        (Port::Kpasswd, _) => kpasswd::answer(db, turn, request, address),
    }
}

/// What a request that does not decode is refused with.
pub(crate) fn undecodable(error: DecodeError) -> Box<Refusal> {
    let code = match error.kind() {
        DecodeErrorKind::Version { .. } => ErrorCode::KDC_ERR_BAD_PVNO,
        DecodeErrorKind::MessageType { .. } => ErrorCode::KRB_AP_ERR_MSG_TYPE,
        _ => ErrorCode::KRB_ERR_GENERIC,
    };
    refuse(code, error.to_string())
}

/// Type and client of a request, as far as they can be read.
fn occasion_of(port: Port, request: &[u8]) -> Occasion {
    use krb5_asn1::{AsReq, Decode};
    let request_type = match (port, request.first()) {
        (Port::Kpasswd, _) => Some(MessageType::AP_REQ),
        (Port::Kdc, Some(0x6a)) => Some(MessageType::AS_REQ),
        (Port::Kdc, Some(0x6c)) => Some(MessageType::TGS_REQ),
        (Port::Kdc, _) => None,
    };
    let client = AsReq::from_der(request)
        .ok()
        .and_then(|request| Some(Principal::from(request.req_body.cname?.in_realm(request.req_body.realm))));
    Occasion { request: request_type, client }
}
