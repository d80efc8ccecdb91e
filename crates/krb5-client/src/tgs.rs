//! TGS exchange: further tickets on the strength of a ticket-granting ticket (RFC 4120 section 3.3).

mod answer;
mod error;
mod goal;
mod options;
mod request;
mod run;
mod s4u;
mod walk;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Env, Timestamp};
use krb5_asn1::{ErrorCode, KerberosString, KerberosTime, Principal};
use krb5_files::Address;

use crate::ap_req::{ApReqError, kerberos_time};
use crate::{Credential, Exchange, Policy, Progress, Refusal, Request};
use answer::{Answer, Expected, Outcome};
use goal::{Goal, Proxying, Single};
use request::Sent;
use run::Run;
use walk::{Seen, Stand, Walk};

pub use error::TgsError;
pub use options::{Evidence, TgsOptions};
pub use s4u::{S4uError, S4uUser};
pub use walk::RealmPath;

/// A TGS exchange, which may lead through several realms.
///
/// Every answer is checked as [`ReplyError`](crate::ReplyError) says: nonce, client, service, realm, times, flags and
/// keys. Referrals are followed by the realm that the ticket in the reply is for (RFC 6806 section 8), none twice, and
/// no more than [`Policy::max_referrals`].
pub struct TgsExchange {
    run: Run,
    stage: Stage,
    sent: Sent,
    request: Request,
}

/// What came of a TGS exchange.
#[derive(Debug)]
pub struct TgsOutcome {
    /// The ticket asked for.
    pub credential: Credential,
    /// Ticket-granting tickets of other realms that were issued on the way, in that order. They can be kept, and shown
    /// the next time.
    pub cross_realm: Vec<Credential>,
    /// Seconds to add to our clock for the KDC's, as far as that is known.
    pub kdc_offset: i64,
}

/// Where an exchange stands.
#[derive(Debug)]
enum Stage {
    /// On the way to the realm whose KDC issues the ticket.
    Reach(Walk),
    /// Asking for the ticket.
    Ask(Seen),
}

impl TgsExchange {
    /// A ticket for a service. The realm of `server` may be empty: then the KDCs say by referrals where it is.
    ///
    /// # Errors
    /// The ticket shown is of no use, or the request cannot be made.
    pub fn service(
        policy: &Policy,
        tgt: &Credential,
        server: &Principal,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        Self::start(policy, tgt, Goal::Service { server: server.clone(), peer: None }, options, env)
    }

    /// A ticket for a user who has no long-term key at hand, encrypted in the session key of that user's ticket-granting
    /// ticket (RFC 4120 section 3.7). `peer_tgt` is its DER, which the peer has sent.
    ///
    /// # Errors
    /// As [`service`](Self::service), and if `peer_tgt` is no ticket.
    pub fn user_to_user(
        policy: &Policy,
        tgt: &Credential,
        server: &Principal,
        peer_tgt: &[u8],
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        let goal = Goal::Service { server: server.clone(), peer: Some(peer_tgt.to_vec()) };
        Self::start(policy, tgt, goal, options, env)
    }

    /// The same ticket with a later end, from one that is renewable.
    ///
    /// # Errors
    /// As [`service`](Self::service), and if the ticket is not renewable any more.
    pub fn renew(
        policy: &Policy,
        ticket: &Credential,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        Self::start(policy, ticket, Goal::Single(Single::Renew), options, env)
    }

    /// The same ticket made valid, from a postdated one whose time has come.
    ///
    /// # Errors
    /// As [`service`](Self::service), and if the ticket is valid.
    pub fn validate(
        policy: &Policy,
        ticket: &Credential,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        Self::start(policy, ticket, Goal::Single(Single::Validate), options, env)
    }

    /// A ticket-granting ticket for use elsewhere: for delegation. It is bound to these addresses, or to none if there
    /// are none.
    ///
    /// # Errors
    /// As [`service`](Self::service), and if the ticket is not forwardable.
    pub fn forward(
        policy: &Policy,
        tgt: &Credential,
        addresses: Vec<Address>,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        Self::start(policy, tgt, Goal::Single(Single::Forward(addresses)), options, env)
    }

    /// A service ticket for use elsewhere, bound to these addresses. The service has to be in the realm of the TGT; that
    /// of `server` does not count.
    ///
    /// # Errors
    /// As [`service`](Self::service), if the ticket is not proxiable, and if there are no addresses.
    pub fn proxy(
        policy: &Policy,
        tgt: &Credential,
        server: &Principal,
        addresses: Vec<Address>,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        let goal = Goal::Single(Single::Proxy { server: server.clone(), addresses });
        Self::start(policy, tgt, goal, options, env)
    }

    /// A ticket to the client itself on behalf of a user: S4U2self (MS-SFU section 3.1.5.1). `server` is a name of the
    /// client, normally that in `tgt`; its realm is taken from there. The user may be of another realm.
    ///
    /// KDCs that know PA-FOR-USER alone (Heimdal, Samba) need feature `rc4`, for its checksum is HMAC-MD5. Where the
    /// KDC does not put the user's name under a checksum, the clear part of the reply names the user, and the service
    /// has to look into the ticket with its own key to be sure.
    ///
    /// # Errors
    /// As [`service`](Self::service).
    pub fn s4u_self(
        policy: &Policy,
        tgt: &Credential,
        server: &Principal,
        user: S4uUser,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        let server = server.name().in_realm(tgt.client.realm()).into();
        let goal = Goal::OnBehalfOf { server, user, canonical: None };
        Self::start(policy, tgt, goal, options, env)
    }

    /// A ticket for `server` in the name of a user who has shown the ticket in `evidence` to the client: S4U2proxy
    /// (MS-SFU section 3.1.5.2), the traditional form and the resource-based one, which may lead to other realms.
    /// The realm of `server` does not count: the client's own KDC is asked, and refers to others.
    ///
    /// # Errors
    /// As [`service`](Self::service), and if the evidence is no ticket.
    pub fn s4u_proxy(
        policy: &Policy,
        tgt: &Credential,
        evidence: &Evidence<'_>,
        server: &Principal,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        let goal = Goal::ForUser {
            server: server.clone(),
            evidence: evidence.ticket.to_vec(),
            user: evidence.client.clone(),
            phase: Proxying::First,
        };
        Self::start(policy, tgt, goal, options, env)
    }

    fn start(
        policy: &Policy,
        tgt: &Credential,
        goal: Goal,
        options: TgsOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, TgsError> {
        let kdc_offset = options.kdc_offset;
        goal.check_shown(tgt, env.now.saturating_add_seconds(kdc_offset))?;
        let (policy, tgt, met) = (policy.clone(), tgt.clone(), Vec::new());
        let run = Run { policy, options, goal, tgt, met, kdc_offset, skew_retried: false };
        let here = run.realm()?;
        let stage = match run.goal.realm().map(text).transpose()? {
            Some(realm) if realm != here => {
                Stage::Reach(Walk::new(&run.options.path, &here, &realm, run.policy.max_referrals))
            }
            _ => run.asking()?,
        };
        run.send(stage, env)
    }

    /// The KDC refused: perhaps something else can be asked for.
    fn refused(self, refusal: Box<Refusal>, env: &mut Env<'_>) -> Result<Self, TgsError> {
        let Self { mut run, mut stage, .. } = self;
        if refusal.is_skew() && run.policy.follow_kdc_clock && !run.skew_retried {
            // Nobody vouches for that time. What it is used for is a request that only the KDC can read anything out of.
            run.kdc_offset = refusal.ahead;
            run.skew_retried = true;
            return run.send(stage, env);
        }
        let nearer = match &mut stage {
            Stage::Reach(walk) => walk.refused(),
            Stage::Ask(_) => false,
        };
        match stage {
            stage if nearer => run.send(stage, env),
            Stage::Reach(walk) if refusal.code == ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                Err(TgsError::NoPath { realm: walk.end().into(), refusal })
            }
            _ => Err(TgsError::Refused(refusal)),
        }
    }

    /// The KDC gave a ticket: the one asked for, or one that leads nearer to it.
    fn answered(self, answer: Answer, env: &mut Env<'_>) -> Result<Progress<Self>, TgsError> {
        let Self { mut run, stage, sent, .. } = self;
        run.skew_retried = false;
        match stage {
            Stage::Reach(mut walk) => {
                let stand = walk.arrived(&run.take_tgt(answer.credential, true)?)?;
                let stage = match stand {
                    Stand::Underway => Stage::Reach(walk),
                    Stand::There => run.reached()?,
                };
                run.send(stage, env).map(Progress::Ask)
            }
            Stage::Ask(mut seen) => {
                run.goal.check_user(&answer, &run.tgt)?;
                if answer.credential.server.name() == sent.wanted.server.name() {
                    return run.complete(answer, env);
                }
                let realm = answer.credential.tgs_realm().map(text).transpose()?.unwrap_or_default();
                seen.refer(&realm)?;
                let stage = run.referred(answer, seen)?;
                run.send(stage, env).map(Progress::Ask)
            }
        }
    }
}

impl Exchange for TgsExchange {
    type Outcome = TgsOutcome;
    type Error = TgsError;

    fn request(&self) -> &Request {
        &self.request
    }

    fn receive(self, reply: &[u8], env: &mut Env<'_>) -> Result<Progress<Self>, TgsError> {
        let run = &self.run;
        let expected = match &self.stage {
            Stage::Reach(_) => Expected::tgt(&run.tgt),
            Stage::Ask(_) => run.goal.expected(&run.tgt, &run.options),
        };
        match self.sent.check(reply, &run.tgt, &expected, &run.policy, env.now)? {
            Outcome::Refused(refusal) => self.refused(refusal, env).map(Progress::Ask),
            Outcome::Ticket(answer) => self.answered(*answer, env),
        }
    }
}

impl fmt::Debug for TgsExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TgsExchange")
            .field("stage", &self.stage)
            .field("server", &self.sent.wanted.server)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// The name of a realm as text.
fn text(realm: KerberosString<'_>) -> Result<String, TgsError> {
    realm.as_str().map(String::from).ok_or(TgsError::RealmName)
}

/// A time as messages hold it.
fn kerberos(time: Timestamp) -> Result<KerberosTime, TgsError> {
    kerberos_time(time).map(|(seconds, _)| seconds).ok_or(TgsError::ApReq(ApReqError::Clock { now: time }))
}
