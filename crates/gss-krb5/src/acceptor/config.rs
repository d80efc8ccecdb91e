use super::error::AcceptorError;
use crate::authdata::PacPolicy;
use crate::keys::ServiceKeys;
use crate::replay::ReplayCache;
use crate::transited::{TransitedChecked, TransitedError, TransitedPolicy};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::BitOr;
use gss_core::bindings::BindingCheck;
use krb5_asn1::{EncTicketPart, KerberosString, Principal};
use krb5_crypto::EncType;

/// What all contexts of an acceptor share: keys, replay cache and policy. Make one and keep it.
pub struct AcceptorConfig {
    keys: ServiceKeys,
    replay: Box<dyn ReplayCache + Send + Sync>,
    services: Vec<Principal>,
    skew: u32,
    allow: Allow,
    bindings: BindingCheck,
    transited: Transited,
    pac: PacPolicy,
}

impl AcceptorConfig {
    /// Five minutes, as RFC 4120 section 8.1 suggests.
    pub const DEFAULT_SKEW: u32 = 300;

    /// A configuration with these keys and this replay cache, and safe defaults for all else.
    pub fn new(keys: ServiceKeys, replay: impl ReplayCache + Send + Sync + 'static) -> Self {
        Self {
            keys,
            replay: Box::new(replay),
            services: Vec::new(),
            skew: Self::DEFAULT_SKEW,
            allow: Allow::NOTHING,
            bindings: BindingCheck::default(),
            transited: Transited::Policy(TransitedPolicy::RequireKdcCheck),
            pac: PacPolicy::default(),
        }
    }

    /// Accepts tickets for this service only; called again, for either. By default any key will do.
    #[must_use]
    pub fn accept_only(mut self, service: Principal) -> Self {
        self.services.push(service);
        self
    }

    /// By how many seconds clocks may differ, 300 by default. Acceptors that share a replay cache must agree on it,
    /// since the cache keeps an authenticator as long as the one that took it would.
    #[must_use]
    pub fn skew(mut self, seconds: u32) -> Self {
        self.skew = seconds;
        self
    }

    /// Lets in what safe defaults refuse.
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = self.allow | allow;
        self
    }

    /// The channel bindings of all connections; [`Acceptor::channel_bindings`](super::Acceptor::channel_bindings)
    /// gives those of one.
    #[must_use]
    pub fn channel_bindings(self, check: BindingCheck) -> Self {
        Self { bindings: check, ..self }
    }

    /// What to do with tickets that came through other realms.
    #[must_use]
    pub fn transited(mut self, policy: TransitedPolicy<'_>) -> Self {
        self.transited = match policy {
            TransitedPolicy::RequireKdcCheck => Transited::Policy(TransitedPolicy::RequireKdcCheck),
            TransitedPolicy::TrustUncheckedPath => Transited::Policy(TransitedPolicy::TrustUncheckedPath),
            TransitedPolicy::AllowedRealms(realms) => {
                Transited::AllowedRealms(realms.iter().copied().map(Box::from).collect())
            }
        };
        self
    }

    /// What to do with the PAC of tickets.
    #[must_use]
    pub fn pac(mut self, policy: PacPolicy) -> Self {
        self.pac = policy;
        self
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &ServiceKeys {
        &self.keys
    }

    pub(super) fn replay(&self) -> &(dyn ReplayCache + Send + Sync) {
        &*self.replay
    }

    pub(super) fn serves(&self, service: &Principal) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }

    pub(super) fn services(&self) -> &[Principal] {
        &self.services
    }

    pub(super) fn allows(&self, allow: Allow) -> bool {
        self.allow.0 & allow.0 == allow.0
    }

    /// Refuses weak enctypes unless they are allowed.
    pub(super) fn permit(&self, enctype: EncType) -> Result<(), AcceptorError> {
        if enctype.is_weak() && !self.allows(Allow::WEAK_ENCTYPES) {
            return Err(AcceptorError::WeakEncType { enctype });
        }
        Ok(())
    }

    pub(super) fn skew_seconds(&self) -> i64 {
        i64::from(self.skew)
    }

    pub(super) fn bindings(&self) -> &BindingCheck {
        &self.bindings
    }

    pub(super) fn check_transited(
        &self,
        ticket: &EncTicketPart<'_>,
        service_realm: KerberosString<'_>,
    ) -> Result<TransitedChecked, TransitedError> {
        let check = |policy: TransitedPolicy<'_>| {
            policy.check(ticket.flags, ticket.transited, ticket.crealm, service_realm)
        };
        match &self.transited {
            Transited::Policy(policy) => check(*policy),
            Transited::AllowedRealms(realms) => check(TransitedPolicy::AllowedRealms(
                &realms.iter().map(|realm| &**realm).collect::<Vec<_>>(),
            )),
        }
    }

    pub(super) fn pac_policy(&self) -> PacPolicy {
        self.pac
    }
}

impl fmt::Debug for AcceptorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptorConfig")
            .field("keys", &self.keys)
            .field("services", &self.services)
            .field("skew", &self.skew)
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
}

/// A [`TransitedPolicy`] that owns its realms.
enum Transited {
    Policy(TransitedPolicy<'static>),
    AllowedRealms(Vec<Box<str>>),
}

/// Things that safe defaults refuse, to be let in by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow(u8);

impl Allow {
    /// Nothing beyond the defaults.
    pub const NOTHING: Self = Self(0);
    /// Tickets, session keys and subkeys of weak enctypes (RC4-HMAC).
    pub const WEAK_ENCTYPES: Self = Self(1);
    /// AP-REQs whose authenticator has no GSS-API checksum, as SMB clients send: such an initiator asks for no
    /// flags and names no channel.
    pub const MISSING_CHECKSUM: Self = Self(2);
    /// AP-REQs without framing though not of DCE style, as some SMB clients send.
    pub const BARE_AP_REQ: Self = Self(4);
    /// Anonymous tickets (RFC 8062), which anybody may get where the KDC issues them:
    /// [`Accepted::is_anonymous`](super::Accepted::is_anonymous) tells them from others.
    pub const ANONYMOUS: Self = Self(8);
}

impl BitOr for Allow {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
