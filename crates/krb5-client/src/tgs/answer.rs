//! What a KDC answers to a TGS-REQ, checked (RFC 4120 section 3.3.4).

use alloc::boxed::Box;

use gss_core::Timestamp;
use krb5_asn1::{
    Decode, KdcOptions, MethodData, PaDataType, PaPacOptions, PacOptions, PrincipalName, PrincipalRef,
    TicketFlags,
};
use krb5_crypto::KeyUsage;

use super::request::Sent;
use super::s4u::UserConfirmed;
use super::{S4uError, TgsError};
use crate::reply::{self, ClientRule, Reply, ReplyKind, ServerRule, find};
use crate::sealed;
use crate::{Credential, Policy, Refusal, ReplyError};

/// Flags that a ticket must not have, whatever was asked for.
const NEVER: TicketFlags = TicketFlags::INVALID;

/// Which ticket is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) server_rule: ServerRule,
    /// Whom the ticket itself names; a referral always names the client of the TGT. `None`: looked at afterwards.
    pub(super) client: Option<PrincipalRef<'a>>,
    /// Whether the ticket may begin long before now: it was postdated.
    pub(super) any_start: bool,
}

impl<'a> Expected<'a> {
    /// A ticket-granting ticket, of the realm asked for or of another.
    pub(super) fn tgt(shown: &'a Credential) -> Self {
        let client = Some(shown.client.as_borrowed());
        Self { server_rule: ServerRule::Referral, client, any_start: false }
    }
}

/// A ticket that passed every check.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) credential: Credential,
    /// The user's name under a checksum, in answer to a request on behalf of a user.
    pub(super) user: Option<UserConfirmed>,
    /// Options that the KDC says it knows.
    pub(super) pac_options: PacOptions,
}

impl Answer {
    /// Whether the KDC knows resource-based constrained delegation. Without that, what it gave is not what it seems to be
    /// (MS-SFU section 3.1.5.2.3).
    pub(super) fn check_resource_based(&self) -> Result<(), S4uError> {
        let known = self.pac_options.contains(PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION);
        if known { Ok(()) } else { Err(S4uError::ResourceBasedUnsupported) }
    }
}

/// A KDC's answer.
#[derive(Debug)]
pub(super) enum Outcome {
    Ticket(Box<Answer>),
    Refused(Box<Refusal>),
}

impl Sent {
    /// Checks the answer to this request, which showed `tgt`. `now` is the time by our clock.
    pub(super) fn check(
        &self,
        message: &[u8],
        tgt: &Credential,
        expected: &Expected<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Outcome, TgsError> {
        match reply::Answer::decode(ReplyKind::Tgs, message)? {
            reply::Answer::Reply(reply) => {
                let answer = self.check_reply(reply, tgt, expected, policy)?;
                Ok(Outcome::Ticket(Box::new(answer)))
            }
            reply::Answer::Refused(error) => {
                let outer =
                    MethodData::from_der(error.e_data.map(|data| data.as_bytes()).unwrap_or_default());
                let tunnelled = match (&self.armor, outer) {
                    // An error from before the KDC looked into the tunnel comes without one.
                    (Some(armor), Ok(padata)) if find(&padata, PaDataType::FX_FAST).is_some() => {
                        Some(armor.open(&padata, self.nonce)?)
                    }
                    _ => None,
                };
                let error = match &tunnelled {
                    Some(tunnelled) => tunnelled.error()?,
                    None => error,
                };
                Ok(Outcome::Refused(Box::new(Refusal::new(&error, now).about(&self.wanted.server))))
            }
        }
    }

    fn check_reply(
        &self,
        reply: Reply<'_>,
        tgt: &Credential,
        expected: &Expected<'_>,
        policy: &Policy,
    ) -> Result<Answer, TgsError> {
        let tunnelled = match &self.armor {
            Some(armor) => Some(armor.open(&reply.padata, self.nonce)?),
            None => None,
        };
        let mut reply = reply;
        let mut reply_key = self.subkey.duplicate();
        if let Some((armor, tunnelled)) = self.armor.as_ref().zip(tunnelled.as_ref()) {
            reply_key = tunnelled.strengthen(&reply_key)?;
            reply.client = armor.finished(tunnelled, reply.ticket.as_der())?;
            reply.padata = tunnelled.padata()?;
        }

        let wanted = &self.wanted;
        let client =
            if is_tgs(reply.ticket.sname) { Some(tgt.client.as_borrowed()) } else { expected.client };
        let anonymous = TicketFlags(TicketFlags::ANONYMOUS.0 & !tgt.flags.0);
        let at = Timestamp::from_seconds(self.at.unix_seconds());
        let checked = reply.open(
            &[(&reply_key, KeyUsage::TGS_REP_SUBKEY)],
            &reply::Asked {
                client: client.unwrap_or(reply.client),
                client_rule: ClientRule::Exact,
                server: wanted.server.as_borrowed(),
                server_rule: expected.server_rule,
                nonce: self.nonce,
                enctypes: &wanted.enctypes,
                addresses: if wanted.addresses.is_empty() { &tgt.addresses } else { &wanted.addresses },
                unasked_flags: NEVER | anonymous,
                start: None,
                till: Some(wanted.till),
                renew_till: wanted.renew_till,
                clock: Some((at, policy.skew)).filter(|_| !expected.any_start),
            },
        );
        let checked = checked.map_err(|error| match error {
            ReplyError::Integrity if self.is_in_session_key(&reply, tgt) => TgsError::ReplyInSessionKey,
            error => TgsError::Reply(error),
        })?;
        let (mut credential, facts) = checked.into_parts();
        let encrypted = facts.padata()?;
        let user = match &self.s4u {
            Some(s4u) => s4u.check(&reply.padata, &encrypted, &self.subkey)?,
            None => None,
        };
        let pac_options = find(&encrypted, PaDataType::PAC_OPTIONS)
            .map(PaPacOptions::from_der)
            .transpose()
            .map_err(|error| TgsError::Reply(ReplyError::EncPart(error)))?
            .map_or(PacOptions::NONE, |options| options.flags);

        // Another realm's word on whom to trust counts only where the realms in between say so of that realm.
        if !is_local(tgt) && !tgt.flags.contains(TicketFlags::OK_AS_DELEGATE) {
            credential.flags = credential.flags.without(TicketFlags::OK_AS_DELEGATE);
        }
        if wanted.options.contains(KdcOptions::ENC_TKT_IN_SKEY) {
            credential.second_ticket.clone_from(&wanted.second_ticket);
        }
        Ok(Answer { credential, user, pac_options })
    }
}

impl Sent {
    /// Whether the reply decrypts in the way of old KDCs, with the session key although there is a subkey.
    fn is_in_session_key(&self, reply: &Reply<'_>, tgt: &Credential) -> bool {
        sealed::open(&tgt.session_key, KeyUsage::TGS_REP_SESSION_KEY, &reply.enc_part).is_ok()
    }
}

fn is_tgs(name: PrincipalName<'_>) -> bool {
    name.components().len() == 2
        && name.components().next().is_some_and(|first| first.as_bytes() == b"krbtgt")
}

/// Whether the ticket is for the KDC of the client's own realm.
fn is_local(tgt: &Credential) -> bool {
    let realm = tgt.client.realm();
    tgt.server.realm() == realm && tgt.tgs_realm() == Some(realm)
}
