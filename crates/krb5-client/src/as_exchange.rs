//! The AS exchange: a first ticket for a password or a key (RFC 4120 section 3.1).

mod answer;
mod error;
mod options;
mod request;

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Env, Timestamp};
use krb5_asn1::{MethodData, Owned, PaDataType, Principal};
use krb5_crypto::{EncType, Key};

use crate::fast::Armor;
use crate::preauth::{self, LongTermKey, PreauthContext, PreauthData, Rng};
use crate::secret::KeyParameters;
use crate::{Credential, Exchange, Policy, PreauthMechanism, Progress, Request, Secret};

pub use error::AsError;
pub use options::AsOptions;

/// An AS exchange, in one of its states.
///
/// The first request is without pre-authentication, unless [`AsOptions::preauth_at_once`] says otherwise: the KDC
/// answers with what it wants, and with the salt of the client's key. From there on the exchange answers the KDC,
/// follows it to another realm or corrects the clock, each within the limits of the [`Policy`].
pub struct AsExchange(Box<Conversation>);

/// What an AS exchange comes to.
#[derive(Debug)]
pub struct AsOutcome {
    /// The ticket. Its client may have another name than was asked for, if that was allowed by
    /// [`AsOptions::canonicalize`].
    pub credential: Credential,
    /// The pre-authentication that was used; `None` if the KDC did without.
    pub pa_type: Option<PaDataType>,
    /// Whether the KDC knows FAST. Told by the KDC, and protected by the client's key.
    pub fast_available: bool,
    /// Whether the exchange went through FAST.
    pub fast_used: bool,
    /// By how many seconds the KDC's clock is ahead of ours; negative when it is behind. Protected by the client's key.
    pub kdc_offset: i64,
    /// When the client's password or key expires.
    pub key_expiration: Option<Timestamp>,
}

/// Most requests to the KDCs of one realm. SPAKE with a corrected clock takes five.
const MAX_REQUESTS: u8 = 12;

struct Conversation {
    policy: Policy,
    options: AsOptions,
    secret: Secret,
    /// The client, in the realm that is asked.
    client: Principal,
    server: Principal,
    /// Enctypes to ask for.
    enctypes: Vec<EncType>,
    /// Mechanisms, best first. One at a time is `active`.
    mechanisms: Vec<Box<dyn PreauthMechanism>>,
    active: Option<Active>,
    /// What the KDC said last about salts, or the default.
    parameters: KeyParameters,
    derived: Option<(KeyParameters, Key)>,
    armor: Option<Armor>,
    /// State of the KDC, to be sent back (RFC 6113 section 5.2).
    cookie: Option<Vec<u8>>,
    /// What to add to our clock to get the KDC's, in seconds.
    offset: i64,
    clock_corrected: bool,
    begun_anew: bool,
    requests: u8,
    /// Realms that were asked, this one included.
    realms: Vec<Vec<u8>>,
    sent: Sent,
}

/// The mechanism in use.
struct Active {
    mechanism: Box<dyn PreauthMechanism>,
    /// It began before the KDC offered anything, so that the KDC's first answer is only its offer.
    unasked: bool,
}

/// The last request.
struct Sent {
    request: Request,
    nonce: u32,
    /// DER of the body that counts.
    body: Vec<u8>,
    times: Asking,
}

/// Times asked for.
#[derive(Clone, Copy, Debug)]
struct Asking {
    from: Option<Timestamp>,
    till: Timestamp,
    renew_till: Option<Timestamp>,
}

impl AsExchange {
    /// An exchange that gets `options.client` a ticket.
    ///
    /// # Errors
    /// What is asked for is impossible: the time does not fit into a message, there is no key of an allowed enctype, or
    /// the armor is of no use.
    pub fn new(
        policy: &Policy,
        options: AsOptions,
        secret: Secret,
        env: &mut Env<'_>,
    ) -> Result<Self, AsError> {
        Self::with_mechanisms(policy, options, secret, Vec::new(), env)
    }

    /// The same with further mechanisms of pre-authentication. [`AsOptions::preauth`] has to name them to be used.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_mechanisms(
        policy: &Policy,
        options: AsOptions,
        secret: Secret,
        mut mechanisms: Vec<Box<dyn PreauthMechanism>>,
        env: &mut Env<'_>,
    ) -> Result<Self, AsError> {
        let enctypes = secret.enctypes(&policy.enctypes)?;
        let first = enctypes.first().copied().unwrap_or(EncType(0));
        let client = options.client.clone();
        let server = options.server_in(client.realm());
        mechanisms.extend(preauth::built_in());
        let mut conversation = Conversation {
            policy: policy.clone(),
            secret,
            server,
            enctypes,
            mechanisms,
            active: None,
            parameters: KeyParameters::default_of(first, client.as_borrowed()),
            derived: None,
            armor: None,
            cookie: None,
            offset: options.kdc_offset,
            clock_corrected: false,
            begun_anew: false,
            requests: 0,
            realms: Vec::from([client.realm().as_bytes().to_vec()]),
            sent: Sent::nothing(),
            client,
            options,
        };
        conversation.put_on_armor(env)?;
        conversation.begin(env)?;
        Ok(Self(Box::new(conversation)))
    }
}

impl Exchange for AsExchange {
    type Outcome = AsOutcome;
    type Error = AsError;

    fn request(&self) -> &Request {
        &self.0.sent.request
    }

    fn receive(mut self, reply: &[u8], env: &mut Env<'_>) -> Result<Progress<Self>, AsError> {
        Ok(match self.0.receive(reply, env)? {
            None => Progress::Ask(self),
            Some(outcome) => Progress::Done(outcome),
        })
    }
}

impl fmt::Debug for AsExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsExchange")
            .field("client", &self.0.client)
            .field("server", &self.0.server)
            .field("requests", &self.0.requests)
            .finish_non_exhaustive()
    }
}

impl Conversation {
    /// Our idea of the KDC's clock.
    fn kdc_now(&self, env: &Env<'_>) -> Timestamp {
        env.now.saturating_add_seconds(self.offset)
    }

    fn put_on_armor(&mut self, env: &mut Env<'_>) -> Result<(), AsError> {
        let Some(credential) = &self.options.armor else { return Ok(()) };
        if credential.tgs_realm().is_some_and(|realm| realm != self.client.realm()) {
            return Err(AsError::ArmorRealm {
                armor: credential.server.clone(),
                asked: self.client.realm().to_string(),
            });
        }
        let mut kdc_env = Env::new(self.kdc_now(env), env.rng);
        self.armor = Some(Armor::of_credential(credential, &mut kdc_env)?);
        Ok(())
    }

    /// The first request to a realm.
    fn begin(&mut self, env: &mut Env<'_>) -> Result<(), AsError> {
        self.requests = 0;
        self.cookie = None;
        if self.options.preauth_at_once && self.secret.has_keys() {
            self.activate(|mechanism| mechanism.can_begin());
            if let Some(active) = &mut self.active {
                active.unasked = true;
            }
        }
        let offers = Owned::encode(&MethodData::EMPTY)?;
        self.ask(&offers, env)
    }

    /// Takes the first mechanism that is allowed, usable and fits.
    fn activate(&mut self, fits: impl Fn(&dyn PreauthMechanism) -> bool) {
        let armored = self.armor.is_some();
        let position = self.options.preauth.iter().find_map(|allowed| {
            self.mechanisms.iter().position(|mechanism| {
                mechanism.pa_type() == *allowed && mechanism.is_usable(armored) && fits(&**mechanism)
            })
        });
        self.active =
            position.map(|position| Active { mechanism: self.mechanisms.remove(position), unasked: false });
    }

    /// Lays down the mechanism in use.
    fn deactivate(&mut self) {
        if let Some(Active { mut mechanism, .. }) = self.active.take() {
            mechanism.restart();
            self.mechanisms.push(mechanism);
        }
    }

    /// Lets the mechanism in use answer the KDC.
    fn answer_offers(
        &mut self,
        offers: &MethodData<'_>,
        body: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<PreauthData>, AsError> {
        let now = self.kdc_now(env);
        let Some(active) = &mut self.active else { return Ok(Vec::new()) };
        let mut context = PreauthContext {
            client: &self.client,
            request_body: body,
            now,
            armor_key: self.armor.as_ref().map(Armor::key),
            rng: Rng(env.rng),
            long_term: LongTermKey {
                secret: &self.secret,
                parameters: &self.parameters,
                max_iterations: self.policy.max_iterations,
                derived: &mut self.derived,
            },
        };
        Ok(active.mechanism.answer(offers, &mut context)?)
    }

    /// The reply key, before FAST strengthens it.
    fn reply_key(&mut self, padata: &MethodData<'_>, env: &mut Env<'_>) -> Result<Key, AsError> {
        let now = self.kdc_now(env);
        let mut context = PreauthContext {
            client: &self.client,
            request_body: &self.sent.body,
            now,
            armor_key: self.armor.as_ref().map(Armor::key),
            rng: Rng(env.rng),
            long_term: LongTermKey {
                secret: &self.secret,
                parameters: &self.parameters,
                max_iterations: self.policy.max_iterations,
                derived: &mut self.derived,
            },
        };
        Ok(match &mut self.active {
            Some(active) => active.mechanism.reply_key(padata, &mut context)?,
            None => context.client_key()?,
        })
    }
}
