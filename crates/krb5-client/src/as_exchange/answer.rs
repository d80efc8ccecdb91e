//! Answers.

use alloc::boxed::Box;

use gss_core::Env;
use krb5_asn1::{ErrorCode, KrbError, MethodData, Owned, PaDataType, Principal, TicketFlags};
use krb5_crypto::{EncType, KeyUsage};

use super::request::kerberos_time;
use super::{AsError, AsOutcome, Conversation};
use crate::fast::FastError;
use crate::reply::{Answer, Asked, ClientRule, Reply, ReplyKind, ServerRule, find, types};
use crate::secret::KeyParameters;
use crate::{Refusal, SecretError};

/// Flags that no answer to an AS-REQ of ours has. Postdated tickets are asked for at times.
const UNASKED: TicketFlags =
    TicketFlags(TicketFlags::FORWARDED.0 | TicketFlags::PROXY.0 | TicketFlags::ANONYMOUS.0);
const POSTDATED: TicketFlags = TicketFlags(TicketFlags::POSTDATED.0 | TicketFlags::INVALID.0);

/// What a KDC offers along with mechanisms that need a key of the client.
const CARRIERS: [PaDataType; 2] = [PaDataType::FX_FAST, PaDataType::FX_COOKIE];

impl Conversation {
    /// Takes an answer: `None` if something else is to be asked.
    pub(super) fn receive(
        &mut self,
        message: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Option<AsOutcome>, AsError> {
        match Answer::decode(ReplyKind::As, message)? {
            Answer::Reply(reply) => self.take_reply(reply, env).map(Some),
            Answer::Refused(error) => self.take_error(&error, env).map(|()| None),
        }
    }

    fn take_reply(&mut self, reply: Reply<'_>, env: &mut Env<'_>) -> Result<AsOutcome, AsError> {
        let tunnelled = match &self.armor {
            None => None,
            Some(armor) => Some(match armor.open(&reply.padata, self.sent.nonce) {
                Err(FastError::Stripped) => return Err(AsError::FastStripped { refusal: None }),
                opened => opened?,
            }),
        };
        // What the tunnel says takes the place of what everybody sees.
        let mut reply: Reply<'_> = reply;
        if let (Some(armor), Some(tunnelled)) = (&self.armor, &tunnelled) {
            reply.client = armor.finished(tunnelled, reply.ticket.as_der())?;
            reply.padata = tunnelled.padata()?;
        }

        let enctype = reply.enctype(&self.enctypes)?;
        match self.learn_parameters(&reply.padata, &[enctype]) {
            // What is said of other keys matters as little as if nothing was said.
            Err(AsError::Secret(SecretError::NoCommonEncType { .. })) => {}
            learned => learned?,
        }
        let mut key = self.reply_key(&reply.padata, env)?;
        if let Some(tunnelled) = &tunnelled {
            key = tunnelled.strengthen(&key)?;
        }
        let checked = {
            let asked = self.asked(env)?;
            reply.open(&[(&key, KeyUsage::AS_REP)], &asked)?
        };
        let fast_available = checked.fast_available(&key, &self.sent.request.message)?.unwrap_or(false);
        if fast_available && self.options.armor.is_some() && self.armor.is_none() {
            return Err(AsError::FastDowngrade);
        }
        let (credential, facts) = checked.into_parts();
        // A postdated ticket begins later; it was made when the client authenticated.
        let kdc_offset = credential.times.auth.seconds().saturating_sub(env.now.seconds());
        Ok(AsOutcome {
            pa_type: self.active.as_ref().map(|active| active.mechanism.pa_type()),
            fast_available: fast_available || tunnelled.is_some(),
            fast_used: tunnelled.is_some(),
            kdc_offset,
            key_expiration: facts.key_expiration,
            credential,
        })
    }

    fn asked<'a>(&'a self, env: &Env<'_>) -> Result<Asked<'a>, AsError> {
        let times = self.sent.times;
        let (client_rule, server_rule) = match (self.options.names_may_change(), &self.options.server) {
            (true, None) => (ClientRule::Canonical, ServerRule::AnyTgs),
            (true, Some(_)) => (ClientRule::Canonical, ServerRule::Exact),
            (false, _) => (ClientRule::Exact, ServerRule::Exact),
        };
        Ok(Asked {
            client: self.client.as_borrowed(),
            client_rule,
            server: self.server.as_borrowed(),
            server_rule,
            nonce: self.sent.nonce,
            enctypes: &self.policy.enctypes,
            addresses: &self.options.addresses,
            unasked_flags: match times.from {
                Some(_) => UNASKED,
                None => UNASKED | POSTDATED,
            },
            start: times.from.map(kerberos_time).transpose()?,
            till: Some(kerberos_time(times.till)?),
            renew_till: times.renew_till.map(kerberos_time).transpose()?,
            clock: (!self.policy.follow_kdc_clock && times.from.is_none())
                .then_some((self.kdc_now(env), self.policy.skew)),
        })
    }

    fn take_error(&mut self, error: &KrbError<'_>, env: &mut Env<'_>) -> Result<(), AsError> {
        let (refusal, offers) = self.unwrap_error(error, env)?;
        // Each error brings the whole state of the KDC (RFC 6113 section 5.2).
        self.cookie = find(&offers.view()?, PaDataType::FX_COOKIE).map(<[u8]>::to_vec);
        if self.policy.follow_kdc_clock {
            self.offset = refusal.ahead;
        }
        let unasked = self.active.as_ref().is_some_and(|active| active.unasked);
        match refusal.code {
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED if self.active.is_none() || unasked => {
                self.begin_preauth(&offers, env)
            }
            // What was sent unasked was made without knowing what the KDC wants.
            ErrorCode::KDC_ERR_PREAUTH_FAILED if unasked && !offers.view()?.is_empty() => {
                self.begin_preauth(&offers, env)
            }
            ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED if self.active.is_some() => self.ask(&offers, env),
            ErrorCode::KRB_AP_ERR_SKEW | ErrorCode::KDC_ERR_NEVER_VALID
                if self.policy.follow_kdc_clock && !self.clock_corrected =>
            {
                self.clock_corrected = true;
                self.begin_anew(env)
            }
            ErrorCode::KDC_ERR_PREAUTH_EXPIRED if !self.begun_anew => {
                self.begun_anew = true;
                self.begin_anew(env)
            }
            ErrorCode::KDC_ERR_WRONG_REALM if self.options.names_may_change() => {
                self.follow_referral(refusal, env)
            }
            ErrorCode::KDC_ERR_KEY_EXPIRED => Err(AsError::PasswordExpired(Box::new(refusal))),
            ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY
                if self.active.is_some() =>
            {
                Err(AsError::WrongPassword(Box::new(refusal)))
            }
            _ => Err(AsError::Refused(Box::new(refusal))),
        }
    }

    /// The error that counts, and the KDC's offers with it.
    fn unwrap_error(
        &mut self,
        error: &KrbError<'_>,
        env: &Env<'_>,
    ) -> Result<(Refusal, Owned<MethodData<'static>>), AsError> {
        let outer = Refusal::new(error, env.now);
        let offers = outer.method_data();
        let Some(armor) = &self.armor else {
            let offers = Owned::encode(&offers)?;
            return Ok((outer, offers));
        };
        match armor.open(&offers, self.sent.nonce) {
            Ok(tunnelled) => {
                let offers = Owned::encode(&tunnelled.padata()?)?;
                Ok((Refusal::new(&tunnelled.error()?, env.now), offers))
            }
            Err(FastError::Stripped) if self.may_leave_fast(&outer, &offers) => {
                let offers = Owned::encode(&offers)?;
                self.armor = None;
                self.deactivate();
                Ok((outer, offers))
            }
            Err(FastError::Stripped) => Err(AsError::FastStripped { refusal: Some(Box::new(outer)) }),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the exchange may go on outside of FAST: the caller allows it, and the KDC asks for pre-authentication and
    /// does not offer FAST.
    fn may_leave_fast(&self, refusal: &Refusal, offers: &MethodData<'_>) -> bool {
        !self.options.require_fast
            && refusal.code == ErrorCode::KDC_ERR_PREAUTH_REQUIRED
            && find(offers, PaDataType::FX_FAST).is_none()
    }

    fn begin_preauth(
        &mut self,
        offers: &Owned<MethodData<'static>>,
        env: &mut Env<'_>,
    ) -> Result<(), AsError> {
        let list = offers.view()?;
        self.deactivate();
        let enctypes = self.enctypes.clone();
        self.learn_parameters(&list, &enctypes)?;
        self.activate(|mechanism| find(&list, mechanism.pa_type()).is_some());
        if self.active.is_none() {
            let offered = types(&list);
            return Err(match offered.iter().any(|offer| !CARRIERS.contains(offer)) {
                true => AsError::PreauthUnsupported { offered },
                // What MIT's KDC says when it has no key of the client in the enctypes asked for.
                false => {
                    SecretError::NoCommonEncType { offered: Box::default(), usable: enctypes.into() }.into()
                }
            });
        }
        self.ask(offers, env)
    }

    /// Remembers what the KDC says about the client's key, for one of these enctypes.
    fn learn_parameters(&mut self, padata: &MethodData<'_>, enctypes: &[EncType]) -> Result<(), AsError> {
        if let Some(parameters) = KeyParameters::offered(padata, enctypes, self.client.as_borrowed())? {
            // Heimdal's KDC repeats the salt alone with the ticket: the parameters that it named before still hold.
            let repeated = find(padata, PaDataType::ETYPE_INFO2).is_none()
                && parameters.enctype == self.parameters.enctype
                && parameters.salt == self.parameters.salt;
            if !repeated {
                self.parameters = parameters;
            }
        } else if !enctypes.contains(&self.parameters.enctype)
            && let Some(enctype) = enctypes.first()
        {
            self.parameters = KeyParameters::default_of(*enctype, self.client.as_borrowed());
        }
        Ok(())
    }

    fn begin_anew(&mut self, env: &mut Env<'_>) -> Result<(), AsError> {
        self.deactivate();
        self.begin(env)
    }

    /// RFC 6806 section 7: the client is known in another realm.
    fn follow_referral(&mut self, refusal: Refusal, env: &mut Env<'_>) -> Result<(), AsError> {
        let Some(realm) = refusal.client_realm.clone().filter(|realm| !realm.is_empty()) else {
            return Err(AsError::Refused(Box::new(refusal)));
        };
        if self.realms.iter().any(|seen| seen == realm.as_bytes()) {
            return Err(AsError::ReferralLoop { realm });
        }
        let limit = self.policy.max_referrals;
        if self.realms.len() > usize::from(limit) {
            return Err(AsError::TooManyReferrals { limit, realm });
        }
        self.realms.push(realm.as_bytes().to_vec());
        let target = krb5_asn1::KerberosString::from(realm.as_str());
        let client: Principal = self.client.name().in_realm(target).into();
        self.server = self.options.server_in(target);
        self.parameters = KeyParameters::default_of(self.parameters.enctype, client.as_borrowed());
        self.client = client;
        self.clock_corrected = false;
        self.begun_anew = false;
        self.deactivate();
        self.put_on_armor(env)?;
        self.begin(env)
    }
}
