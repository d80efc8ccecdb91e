//! What is asked next, and what each ticket on the way is for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use gss_core::{Env, Timestamp};
use krb5_asn1::{PacOptions, Principal};
use krb5_crypto::EncType;

use super::answer::Answer;
use super::goal::{Goal, Proxying, carried_options};
use super::request::Wanted;
use super::walk::{Seen, Walk};
use super::{Stage, TgsError, TgsExchange, TgsOptions, TgsOutcome, kerberos, text};
use crate::{Credential, Policy, Progress, Request, Service};

/// All of an exchange but where it stands.
pub(super) struct Run {
    pub(super) policy: Policy,
    pub(super) options: TgsOptions,
    pub(super) goal: Goal,
    /// The ticket that requests show.
    pub(super) tgt: Credential,
    /// Ticket-granting tickets that were issued on the way.
    pub(super) met: Vec<Credential>,
    /// Seconds to add to our clock for the KDC's.
    pub(super) kdc_offset: i64,
    /// Whether the request that is out is a second try, with the KDC's clock.
    pub(super) skew_retried: bool,
}

impl Run {
    /// The realm of the KDC that the ticket in hand is shown to.
    pub(super) fn realm(&self) -> Result<String, TgsError> {
        text(self.tgt.tgs_realm().unwrap_or(self.tgt.server.realm()))
    }

    /// Asking that KDC for the ticket itself.
    pub(super) fn asking(&self) -> Result<Stage, TgsError> {
        Ok(Stage::Ask(Seen::new(&self.realm()?, self.policy.max_referrals)))
    }

    /// Makes the request that comes next.
    pub(super) fn send(self, stage: Stage, env: &mut Env<'_>) -> Result<TgsExchange, TgsError> {
        let now = env.now.saturating_add_seconds(self.kdc_offset);
        let here = self.realm()?;
        let mut wanted = self.wanted(&here, now)?;
        match &stage {
            Stage::Reach(walk) => wanted.server = Principal::new_tgs(walk.wanted(), &here),
            Stage::Ask(_) => self.goal.complete(&mut wanted, &self.tgt, &here, &self.options)?,
        }
        let mut sent = wanted.make(&self.tgt, &mut Env::new(now, env.rng))?;
        let message = core::mem::take(&mut sent.message);
        let request = Request { realm: here, service: Service::Kdc, message };
        Ok(TgsExchange { run: self, stage, sent, request })
    }

    /// What all requests have in common; the server is still to be set.
    fn wanted(&self, here: &str, now: Timestamp) -> Result<Wanted, TgsError> {
        let enctypes = self.options.enctypes.as_ref().unwrap_or(&self.policy.enctypes);
        let enctypes: Vec<EncType> =
            enctypes.iter().copied().filter(|enctype| enctype.is_supported()).collect();
        if enctypes.is_empty() {
            return Err(TgsError::NoEncType);
        }
        let after = |seconds: u32| kerberos(now.saturating_add_seconds(seconds.into()));
        let end = kerberos(self.tgt.times.end)?;
        Ok(Wanted {
            server: Principal::new_tgs(here, here),
            options: carried_options(self.tgt.flags, &self.options),
            till: self.options.lifetime.map(after).transpose()?.map_or(end, |till| till.min(end)),
            renew_till: self.options.renew_lifetime.map(after).transpose()?,
            enctypes,
            addresses: Vec::new(),
            authorization_data: None,
            second_ticket: None,
            user: None,
            pac_options: PacOptions::NONE,
            fast: self.options.fast,
        })
    }

    /// Goes on with this ticket-granting ticket, which was asked for to get nearer (`reaching`) or came as a referral;
    /// returns its realm.
    pub(super) fn take_tgt(&mut self, tgt: Credential, reaching: bool) -> Result<String, TgsError> {
        let keep = match &self.goal {
            // In the name of another, or on behalf of one: of no use to anybody else.
            Goal::ForUser { phase: Proxying::ProxyTgt { .. }, .. } => false,
            Goal::OnBehalfOf { .. } => reaching,
            Goal::Service { .. } | Goal::Single(_) | Goal::ForUser { .. } => true,
        };
        if keep {
            self.met.push(tgt.clone());
        }
        self.tgt = tgt;
        self.realm()
    }

    /// The ticket in hand is for the realm that was to be reached.
    pub(super) fn reached(&mut self) -> Result<Stage, TgsError> {
        if let Goal::ForUser { phase, .. } = &mut self.goal
            && let Proxying::ProxyTgt { own_tgt } = phase
        {
            let proxy_tgt = core::mem::replace(&mut self.tgt, (**own_tgt).clone());
            *phase = Proxying::Last { proxy_ticket: proxy_tgt.ticket };
        }
        self.asking()
    }

    /// The KDC referred to another realm.
    pub(super) fn referred(&mut self, answer: Answer, seen: Seen) -> Result<Stage, TgsError> {
        // What was to be put into the ticket is in the one that refers.
        self.options.authorization_data.clear();
        if let Goal::ForUser { phase: phase @ Proxying::First, .. } = &mut self.goal {
            answer.check_resource_based()?;
            *phase = Proxying::OwnTgt { proxy_tgt: Box::new(answer.credential) };
            return self.asking();
        }
        if let Goal::OnBehalfOf { canonical, .. } = &mut self.goal
            && let Some(user) = answer.user
        {
            *canonical = Some(user.principal);
        }
        self.take_tgt(answer.credential, false)?;
        Ok(Stage::Ask(seen))
    }

    /// The KDC gave what was asked for: the end, but for one step of S4U2proxy.
    pub(super) fn complete(
        mut self,
        answer: Answer,
        env: &mut Env<'_>,
    ) -> Result<Progress<TgsExchange>, TgsError> {
        if let Goal::Single(single) = &self.goal
            && let Some(flag) = single.flag().filter(|flag| !answer.credential.flags.contains(*flag))
        {
            return Err(TgsError::ReplyLacksFlag { flag });
        }
        if let Goal::ForUser { phase, .. } = &mut self.goal {
            match core::mem::replace(phase, Proxying::First) {
                // The ticket in the own name is of no use. The ticket-granting ticket that it was got with is.
                Proxying::OwnTgt { proxy_tgt } => {
                    let target = self.realm()?;
                    let own_tgt = Box::new(core::mem::replace(&mut self.tgt, *proxy_tgt));
                    let here = self.realm()?;
                    if let Goal::ForUser { phase, .. } = &mut self.goal {
                        *phase = Proxying::ProxyTgt { own_tgt };
                    }
                    let stage = if here == target {
                        self.reached()?
                    } else {
                        let limit = self.policy.max_referrals;
                        Stage::Reach(Walk::new(&self.options.path, &here, &target, limit))
                    };
                    return self.send(stage, env).map(Progress::Ask);
                }
                Proxying::Last { .. } => answer.check_resource_based()?,
                Proxying::First | Proxying::ProxyTgt { .. } => {}
            }
        }
        let Self { met: cross_realm, kdc_offset, .. } = self;
        Ok(Progress::Done(TgsOutcome { credential: answer.credential, cross_realm, kdc_offset }))
    }
}
