//! MIT's initiators through our IAKERB acceptor, which stands between them and the realm's KDC.
//!
//! `gssctl` offers no IAKERB, so the acceptor is linked in.

pub mod initiator;

extern crate alloc;

use core::net::Ipv4Addr;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;

use anyhow::{Result, anyhow, bail, ensure};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::{Env, Timestamp};
use gss_krb5::iakerb::{IakerbAcceptor, IakerbError, IakerbStep, KdcFailure, Relay};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{Accepted, Acceptor, AcceptorConfig, Context, ServiceKeys};
use krb5_crypto::{EncType, Key};
use krb5_files::Keytab;

use crate::conversation::Side;
use crate::endpoint::{Endpoint, Failure, Initiator, State, Step};
use crate::python;
use crate::realm::{REALM, Realm, RealmOptions};

/// More legs than a login has.
const MAX_LEGS: usize = 12;

/// What logins start from.
#[derive(Debug)]
pub struct Login {
    /// The realm of user and service.
    pub realm: Realm,
    /// Where the initiator believes its KDC to be: nobody answers, and nobody should come.
    blocked: TcpListener,
    /// Whether our side reaches the KDC.
    pub reachable: bool,
}

/// How a login went.
#[derive(Debug)]
pub struct Ended {
    /// MIT's side.
    pub mit: Endpoint,
    /// Its last step.
    pub initiator: Step,
    /// How our side ended; `None` when it still waits.
    pub acceptor: Option<Result<Context<Accepted>, IakerbError>>,
    /// How many requests were brought to the KDC.
    pub relayed: usize,
    /// All tokens in the order sent.
    pub tokens: Vec<(Side, Vec<u8>)>,
}

impl Login {
    /// A realm of its own.
    ///
    /// # Errors
    /// A package is missing, or one of MIT's programs fails.
    pub fn new() -> Result<Self> {
        let blocked = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        blocked.set_nonblocking(true)?;
        Ok(Self { realm: Realm::start(&RealmOptions::default())?, blocked, reachable: true })
    }

    /// Carries tokens to the end; `tamper` may change the KDC's replies on their way from us to the initiator. A side
    /// that fails is a result.
    ///
    /// # Errors
    /// MIT's side died, sent a token too many, or went to the KDC itself.
    pub fn run(&self, request: &Initiator, mut tamper: impl FnMut(&mut Vec<u8>)) -> Result<Ended> {
        let config = self.realm.config_with_kdc_at(self.blocked.local_addr()?.port())?;
        let mut mit = python::start_with(&self.realm, &config)?;
        mit.initiate(request)?;
        let initiator = mit.step(b"")?;
        let mut ended = Ended { mit, initiator, acceptor: None, relayed: 0, tokens: Vec::new() };
        let mut ours = Some(IakerbAcceptor::new(Acceptor::new(self.policy()?), REALM));
        for _ in 0..MAX_LEGS {
            let Some(mut token) = ended.initiator.token()? else { break };
            let Some(acceptor) = ours.take() else { bail!("a token for an acceptor that is through") };
            ended.tokens.push((Side::Initiator, token.clone()));
            let mut output = Vec::new();
            match acceptor.step(&mut token, &mut output, &mut Env::new(Timestamp::now(), &mut rng())) {
                Ok(IakerbStep::Continue(next)) => ours = Some(next),
                Ok(IakerbStep::Relay(relay)) => {
                    ended.relayed += 1;
                    ours = Some(self.relay(relay, &mut output, &mut tamper)?);
                }
                Ok(IakerbStep::Kerberos(_)) => bail!("DCE style was not asked for"),
                Ok(IakerbStep::Done(context)) => ended.acceptor = Some(Ok(context)),
                Err(error) => ended.acceptor = Some(Err(error)),
            }
            if output.is_empty() {
                break;
            }
            ended.initiator = ended.mit.step(&output)?;
            ended.tokens.push((Side::Acceptor, output));
        }
        match self.blocked.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(ended),
            other => bail!("the initiator went to the KDC itself: {other:?}"),
        }
    }

    fn relay(
        &self,
        relay: Relay<Policy>,
        output: &mut Vec<u8>,
        tamper: &mut impl FnMut(&mut Vec<u8>),
    ) -> Result<IakerbAcceptor<Policy>> {
        ensure!(relay.realm() == REALM, "for realm {}", relay.realm());
        if !self.reachable {
            return Ok(relay.fail(
                KdcFailure::NoResponse,
                output,
                &Env::new(Timestamp::now(), &mut rng()),
            )?);
        }
        let reply = self.realm.ask_kdc(relay.request())?;
        let next = relay.answer(&reply, output)?;
        // The reply is the end of the token.
        let mut changed = output.split_off(output.len() - reply.len());
        ensure!(changed == reply, "the token does not end with the reply");
        tamper(&mut changed);
        output.extend(changed);
        Ok(next)
    }

    fn policy(&self) -> Result<Policy> {
        let keytab = fs::read(self.realm.keytab())?;
        let keytab = Keytab::parse(&keytab).map_err(|error| anyhow!("{error}"))?;
        let mut keys = ServiceKeys::new();
        for entry in keytab.entries {
            let key = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue())
                .map_err(|error| anyhow!("{error}"))?;
            keys.add(entry.principal, entry.kvno, key);
        }
        Ok(Policy::new(AcceptorConfig::new(keys, MemoryReplayCache::with_capacity(64))))
    }
}

/// What [`AcceptorConfig`] is shared by.
type Policy = alloc::sync::Arc<AcceptorConfig>;

impl Ended {
    /// The context of our side.
    ///
    /// # Errors
    /// It has none.
    pub fn accepted(&mut self) -> Result<Context<Accepted>> {
        match self.acceptor.take() {
            Some(Ok(context)) => Ok(context),
            Some(Err(error)) => bail!("refused: {error}"),
            None => bail!("our side still waits, and MIT's is {:?}", self.initiator),
        }
    }

    /// The last step of MIT's side, which is established.
    ///
    /// # Errors
    /// It is not.
    pub fn initiated(&self) -> Result<&Step> {
        ensure!(self.initiator.state == State::Established, "{:?}", self.initiator);
        Ok(&self.initiator)
    }

    /// Why MIT's side failed.
    ///
    /// # Errors
    /// It has not.
    pub fn initiator_failure(&self) -> Result<&Failure> {
        match (self.initiator.state, &self.initiator.error) {
            (State::Failed, Some(failure)) => Ok(failure),
            _ => bail!("MIT's side has not failed: {:?}, ours: {:?}", self.initiator, self.acceptor),
        }
    }
}

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
