//! Tickets: a login with a keytab, from nothing to an established context, with the KDC in this process.
//!
//! AS and TGS exchange with our KDC, then the AP exchange with our acceptor. Nothing goes over a socket, so that all
//! the time is CPU time of ours.

mod cases;

pub(crate) use cases::{PARTIES, Row, STEPS, run};

use crate::measure::{Cost, Run};
use crate::ours::{self, FLAGS, in_batches, step};
use crate::world::{HOST, REALM, SERVICE};
use alloc::sync::Arc;
use anyhow::{Context as _, Result, bail, ensure};
use core::hint::black_box;
use core::ops::AddAssign;
use gss::krb5::{service_keys, service_ticket};
use gss_core::{Env, Step, Timestamp};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{AcceptorConfig, Allow, Context, Initiator, Presented, ServiceTicket};
use krb5_asn1::{PaDataType, Principal};
use krb5_client::{
    AsExchange, AsOptions, AsOutcome, Exchange, Policy, Progress, Request, Secret, TgsExchange, TgsOptions,
    TgsOutcome,
};
use krb5_crypto::EncType;
use krb5_files::Keytab;
use krb5_testkdc::{Account, Kdc, Port, Realm};
use rand_core::UnwrapErr;
use std::io;

const CLIENT: &str = "HTTP/client.example.com@EXAMPLE.COM";

/// How the client shows that it has its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preauth {
    /// With an encrypted timestamp in the first request: two messages.
    AtOnce,
    /// With an encrypted timestamp, when the KDC asks for something: four messages.
    Timestamp,
    /// With SPAKE, which begins when the KDC asks: six messages.
    Spake,
}

/// A realm in this process: its KDC, a client with a keytab and an acceptor. All keys are of one enctype.
struct Site {
    kdc: Kdc,
    client: Principal,
    service: Principal,
    keytab: Keytab,
    acceptor: AcceptorConfig,
    policy: Policy,
    preauth: Preauth,
}

/// What a login costs, step by step.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    as_client: Cost,
    as_kdc: Cost,
    tgs_client: Cost,
    tgs_kdc: Cost,
    initiator: Cost,
    acceptor: Cost,
}

impl Shares {
    /// Client, KDC and acceptor.
    fn parties(&self) -> [Cost; 3] {
        let mut client = self.as_client;
        client += self.tgs_client;
        client += self.initiator;
        let mut kdc = self.as_kdc;
        kdc += self.tgs_kdc;
        [client, kdc, self.acceptor]
    }

    fn steps(&self) -> [Cost; 6] {
        let Self { as_client, as_kdc, tgs_client, tgs_kdc, initiator, acceptor } = *self;
        [as_client, as_kdc, tgs_client, tgs_kdc, initiator, acceptor]
    }
}

impl AddAssign for Shares {
    fn add_assign(&mut self, more: Self) {
        self.as_client += more.as_client;
        self.as_kdc += more.as_kdc;
        self.tgs_client += more.tgs_client;
        self.tgs_kdc += more.tgs_kdc;
        self.initiator += more.initiator;
        self.acceptor += more.acceptor;
    }
}

type Established = Context<Presented<Arc<ServiceTicket>>>;

impl Site {
    fn new(enctype: EncType, preauth: Preauth) -> Result<Self> {
        let mut realm = Realm::new(REALM);
        realm.enctypes = vec![enctype];
        let realm = realm.account(Account::service(CLIENT)).account(Account::service(SERVICE));
        let kdc = Kdc::new(realm)?;
        let keys = service_keys(&kdc.keytab(&[SERVICE])?.to_bytes()?)?;
        Ok(Self {
            client: CLIENT.parse().context("the client's name")?,
            service: Principal::new_service("HTTP", HOST, REALM),
            keytab: kdc.keytab(&[CLIENT])?,
            acceptor: AcceptorConfig::new(keys, MemoryReplayCache::new()).allow(Allow::WEAK_ENCTYPES),
            policy: Policy { enctypes: vec![enctype], ..Policy::default() },
            preauth,
            kdc,
        })
    }

    fn as_exchange(&self) -> Result<AsExchange> {
        let secret = Secret::from_keytab(&self.keytab, &self.client)?;
        let mut options = AsOptions::new(self.client.clone());
        options.preauth_at_once = self.preauth == Preauth::AtOnce;
        options.preauth = vec![self.preauth.mechanism()];
        Ok(AsExchange::new(&self.policy, options, secret, &mut env(&mut rng()))?)
    }

    fn tgs_exchange(&self, initial: &AsOutcome) -> Result<TgsExchange> {
        let options = TgsOptions { kdc_offset: initial.kdc_offset, ..TgsOptions::default() };
        let tgt = &initial.credential;
        Ok(TgsExchange::service(&self.policy, tgt, &self.service, options, &mut env(&mut rng()))?)
    }

    fn initiator(&self, outcome: TgsOutcome) -> Initiator<Arc<ServiceTicket>> {
        let ticket = Arc::new(service_ticket(outcome.credential));
        Initiator::new(ticket).flags(FLAGS).offer_enctypes(&self.policy.enctypes).allow_weak_enctypes()
    }

    fn answer(&self, request: &Request) -> Result<Vec<u8>, io::Error> {
        let reply = self.kdc.answer(Port::Kdc, &request.message);
        reply.ok_or_else(|| io::Error::other("our KDC is silent"))
    }

    fn exchange<X: Exchange<Error: core::error::Error + Send + Sync + 'static>>(
        &self,
        exchange: X,
    ) -> Result<X::Outcome> {
        let (mut transport, mut rng) = (|request: &Request| self.answer(request), rng());
        Ok(krb5_client::run(exchange, &mut transport, &mut Timestamp::now, &mut rng)?)
    }

    /// One login, with everything dropped at its end. Returns the AS exchange's outcome.
    fn login(&self) -> Result<AsOutcome> {
        let initial = self.exchange(self.as_exchange()?)?;
        let outcome = self.exchange(self.tgs_exchange(&initial)?)?;
        let (mut token, mut answer) = (Vec::new(), Vec::new());
        let waiting = first_leg(self.initiator(outcome), &mut token)?;
        let accepted = ours::accept_one::<ours::Krb5>(&self.acceptor, &mut token, &mut answer);
        accepted.and_then(|()| last_leg(waiting, &mut answer)).map(|context| drop(black_box(context)))?;
        Ok(initial)
    }

    /// Logs in one after the other: everybody's work together.
    fn logins(&self) -> Run<'_> {
        Box::new(move |count| Cost::of(|| (0..count).try_for_each(|_| self.login().map(drop))))
    }

    /// Takes many logins through each step together, so that the steps can be told apart.
    fn steps(&self, count: u64) -> Result<Shares> {
        let mut shares = Shares::default();
        in_batches(count, |size| {
            shares += self.batch(usize::try_from(size)?)?;
            Ok(Cost::default())
        })?;
        Ok(shares)
    }

    fn batch(&self, size: usize) -> Result<Shares> {
        let mut shares = Shares::default();
        let Shares { as_client, as_kdc, tgs_client, tgs_kdc, initiator, acceptor } = &mut shares;
        let begin = || self.as_exchange();
        let initial = self.together((0..size).map(|_| begin()), size, as_client, as_kdc)?;
        let begin = |initial| self.tgs_exchange(initial);
        let tickets = self.together(initial.iter().map(begin), size, tgs_client, tgs_kdc)?;

        let mut tokens: Vec<_> = tickets.iter().map(|_| Vec::new()).collect();
        let mut answers = tokens.clone();
        let (mut waiting, mut established) = (Vec::with_capacity(size), Vec::with_capacity(size));
        *initiator += Cost::of(|| {
            for (outcome, token) in tickets.into_iter().zip(&mut tokens) {
                waiting.push(first_leg(self.initiator(outcome), token)?);
            }
            Ok(())
        })?;
        *acceptor += Cost::of(|| {
            for (token, answer) in tokens.iter_mut().zip(&mut answers) {
                ours::accept_one::<ours::Krb5>(&self.acceptor, token, answer)?;
            }
            Ok(())
        })?;
        *initiator += Cost::of(|| {
            for (state, answer) in waiting.into_iter().zip(&mut answers) {
                established.push(last_leg(state, answer)?);
            }
            drop(established);
            drop(initial);
            Ok(())
        })?;
        Ok(shares)
    }

    /// Drives exchanges side by side: all requests, all answers, and again until all are through.
    fn together<X: Exchange<Error: core::error::Error + Send + Sync + 'static>>(
        &self,
        begin: impl Iterator<Item = Result<X>>,
        size: usize,
        client: &mut Cost,
        kdc: &mut Cost,
    ) -> Result<Vec<X::Outcome>> {
        let mut asking = Vec::with_capacity(size);
        let mut outcomes = Vec::with_capacity(size);
        *client += Cost::of(|| {
            for exchange in begin {
                asking.push(exchange?);
            }
            Ok(())
        })?;
        while !asking.is_empty() {
            let (mut replies, mut next) = (Vec::with_capacity(size), Vec::with_capacity(size));
            *kdc += Cost::of(|| {
                for exchange in &asking {
                    replies.push(self.answer(exchange.request())?);
                }
                Ok(())
            })?;
            *client += Cost::of(|| {
                for (exchange, reply) in asking.into_iter().zip(replies) {
                    match exchange.receive(&reply, &mut env(&mut rng()))? {
                        Progress::Ask(exchange) => next.push(exchange),
                        Progress::Done(outcome) => outcomes.push(outcome),
                    }
                }
                Ok(())
            })?;
            asking = next;
        }
        Ok(outcomes)
    }

    /// Whether a login is what the case says it is.
    fn check(&self) -> Result<()> {
        let _ = self.kdc.take_history();
        let AsOutcome { credential, pa_type, .. } = self.login()?;
        let requests = self.kdc.take_history().len();
        ensure!(pa_type == Some(self.preauth.mechanism()), "pre-authentication was {pa_type:?}");
        ensure!(requests == self.preauth.requests() + 1, "a login took {requests} requests");
        let enctype = credential.session_key.enctype();
        ensure!(self.policy.enctypes == [enctype], "the session key is of {enctype}");
        Ok(())
    }
}

impl Preauth {
    fn mechanism(self) -> PaDataType {
        match self {
            Self::AtOnce | Self::Timestamp => PaDataType::ENC_TIMESTAMP,
            Self::Spake => PaDataType::SPAKE,
        }
    }

    /// Requests of the AS exchange.
    fn requests(self) -> usize {
        match self {
            Self::AtOnce => 1,
            Self::Timestamp => 2,
            Self::Spake => 3,
        }
    }
}

fn rng() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

fn env(rng: &mut UnwrapErr<getrandom::SysRng>) -> Env<'_> {
    Env::new(Timestamp::now(), rng)
}

fn first_leg(
    initiator: Initiator<Arc<ServiceTicket>>,
    token: &mut Vec<u8>,
) -> Result<Initiator<Arc<ServiceTicket>>> {
    match step(initiator, &mut [], token)? {
        Step::Continue(next) => Ok(next),
        Step::Done(_) => bail!("our initiator wants no answer"),
    }
}

fn last_leg(state: Initiator<Arc<ServiceTicket>>, answer: &mut [u8]) -> Result<Established> {
    ours::complete(state, answer)
}

/// What callgrind watches.
pub(crate) fn run_scenario(name: &str, count: u64) -> Result<()> {
    let (name, enctype) = match name.strip_suffix(", aes256-sha384") {
        Some(name) => (name, EncType::AES256_CTS_HMAC_SHA384_192),
        None => (name, EncType::AES256_CTS_HMAC_SHA1_96),
    };
    let preauth = match name {
        "timestamp at once" => Preauth::AtOnce,
        "timestamp when asked" => Preauth::Timestamp,
        "SPAKE when asked" => Preauth::Spake,
        _ => bail!("no scenario tickets, {name:?}"),
    };
    Site::new(enctype, preauth)?.logins()(count).map(drop)
}
