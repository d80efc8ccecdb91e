use super::error::AcceptorError;
use crate::secret::NtHash;
use crate::users::{UserHash, Users};
use crate::wire::{AvId, NegotiateFlags, Text, WriteError, put_av_text, put_utf16};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::BitOr;
use gss_core::bindings::BindingCheck;
use gss_core::{BindingPolicy, Target, Timestamp};

/// What all contexts of an acceptor share: names, users and policy. Make one and keep it.
pub struct AcceptorConfig {
    names: Arc<ServerNames>,
    /// The names as every challenge has them. An error is told to who asks for a challenge.
    written: Result<WrittenNames, WriteError>,
    users: Box<dyn Users + Send + Sync>,
    /// Stands in for unknown users, so that they take as long as known ones.
    nobody: Arc<UserHash>,
    allow: Allow,
    bindings: BindingCheck,
    target_policy: BindingPolicy,
    targets: Vec<String>,
    challenge_lifetime: u32,
    max_time_difference: Option<u32>,
    datagram: bool,
}

impl AcceptorConfig {
    /// Two minutes: time for a client to answer, and not for a person to type a password.
    pub const DEFAULT_CHALLENGE_LIFETIME: u32 = 120;

    /// A configuration with these names and users, and safe defaults for all else.
    pub fn new(names: ServerNames, users: impl Users + Send + Sync + 'static) -> Self {
        Self {
            written: WrittenNames::of(&names),
            names: Arc::new(names),
            users: Box::new(users),
            nobody: Arc::new(UserHash::new(NtHash::from_bytes([0; 16]), "", "")),
            allow: Allow::NOTHING,
            bindings: BindingCheck::default(),
            target_policy: BindingPolicy::default(),
            targets: Vec::new(),
            challenge_lifetime: Self::DEFAULT_CHALLENGE_LIFETIME,
            max_time_difference: None,
            datagram: false,
        }
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

    /// A name of this service (`MsvAvTargetName`), compared without regard to case; called again, another one. With any
    /// name given, clients that meant another service are refused: somebody relays them. Clients that say that nobody
    /// vouches for the name they send count as naming none; see [`target_policy`](Self::target_policy) for those.
    #[must_use]
    pub fn accept_target(mut self, target: &Target<'_>) -> Self {
        self.targets.push([target.service(), "/", target.host()].concat());
        self
    }

    /// What to do with the name of the service that clients send, as with channel bindings: not look at it, refuse
    /// other names (default), or refuse clients without one too.
    #[must_use]
    pub fn target_policy(self, policy: BindingPolicy) -> Self {
        Self { target_policy: policy, ..self }
    }

    /// How many seconds a challenge may be answered, [120](Self::DEFAULT_CHALLENGE_LIFETIME) by default.
    #[must_use]
    pub fn challenge_lifetime(self, seconds: u32) -> Self {
        Self { challenge_lifetime: seconds, ..self }
    }

    /// By how many seconds the time in the client's answer may differ from ours. Not looked at by default, as by
    /// Windows: the challenge is fresh already, and it carries our own time.
    #[must_use]
    pub fn max_time_difference(self, seconds: u32) -> Self {
        Self { max_time_difference: Some(seconds), ..self }
    }

    /// Speaks the connectionless variant (MS-NLMP 1.3.1.2): the first step takes nothing, and sends the challenge unasked.
    #[must_use]
    pub fn datagram(self) -> Self {
        Self { datagram: true, ..self }
    }

    pub(super) fn names(&self) -> &Arc<ServerNames> {
        &self.names
    }

    pub(super) fn written_names(&self) -> Result<&WrittenNames, WriteError> {
        self.written.as_ref().map_err(|error| *error)
    }

    pub(super) fn users(&self) -> &(dyn Users + Send + Sync) {
        &*self.users
    }

    pub(super) fn nobody(&self) -> &Arc<UserHash> {
        &self.nobody
    }

    pub(super) fn allows(&self, allow: Allow) -> bool {
        self.allow.0 & allow.0 == allow.0
    }

    pub(super) fn bindings(&self) -> &BindingCheck {
        &self.bindings
    }

    pub(super) fn is_datagram(&self) -> bool {
        self.datagram
    }

    /// Compares the service that the client meant.
    pub(super) fn check_target(&self, named: Option<Text<'_>>) -> Result<TargetChecked, AcceptorError> {
        let named = named.filter(|name| !name.is_empty());
        match (self.target_policy, named) {
            (BindingPolicy::Ignore, _) => {}
            (BindingPolicy::Require, _) if self.targets.is_empty() => {
                return Err(AcceptorError::TargetNotConfigured);
            }
            (BindingPolicy::Require, None) => return Err(AcceptorError::TargetMissing),
            (BindingPolicy::VerifyIfPresent, _) if self.targets.is_empty() => {}
            (BindingPolicy::VerifyIfPresent, None) => {}
            (_, Some(name)) if self.targets.iter().any(|target| name.eq_ignore_case(target)) => {}
            (_, Some(name)) => {
                return Err(AcceptorError::TargetMismatch { found: name.chars().collect() });
            }
        }
        Ok(TargetChecked(()))
    }

    /// Refuses answers to a challenge that has become too old. A clock that went back tells nothing about the age.
    pub(super) fn check_age(&self, sent: Option<Timestamp>, now: Timestamp) -> Result<(), AcceptorError> {
        let Some(sent) = sent else { return Ok(()) };
        let age = now.seconds_since(sent);
        if (0..=i64::from(self.challenge_lifetime)).contains(&age) {
            Ok(())
        } else {
            Err(AcceptorError::ChallengeExpired { age, limit: self.challenge_lifetime })
        }
    }

    /// Compares the client's clock, if it matters.
    pub(super) fn check_time(&self, client: Option<Timestamp>, now: Timestamp) -> Result<(), AcceptorError> {
        let Some(limit) = self.max_time_difference else { return Ok(()) };
        let difference = client.map(|client| client.seconds_since(now));
        match difference {
            Some(difference) if difference.unsigned_abs() <= u64::from(limit) => Ok(()),
            difference => Err(AcceptorError::ClockSkew { difference, limit }),
        }
    }
}

impl fmt::Debug for AcceptorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptorConfig")
            .field("names", &self.names)
            .field("targets", &self.targets)
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
}

/// Proof that the service the client meant was compared as the policy demands.
#[derive(Clone, Copy, Debug)]
pub(super) struct TargetChecked(());

/// The names of a server, which it tells every client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNames {
    computer: String,
    domain: Option<String>,
    dns: [(AvId, Option<String>); 3],
}

impl ServerNames {
    /// A server with this NetBIOS name, which knows users of its own: up to 15 characters by custom, in upper case.
    #[must_use]
    pub fn new(computer: &str) -> Self {
        let dns = [AvId::DNS_DOMAIN_NAME, AvId::DNS_COMPUTER_NAME, AvId::DNS_TREE_NAME].map(|id| (id, None));
        Self { computer: computer.into(), domain: None, dns }.dns_computer(&computer.to_lowercase())
    }

    /// The NetBIOS name of the domain whose users the server knows.
    #[must_use]
    pub fn domain(self, name: &str) -> Self {
        Self { domain: Some(name.into()), ..self }
    }

    /// The server's DNS name; by default the NetBIOS name in lower case, since some clients (impacket) do not work
    /// without any.
    #[must_use]
    pub fn dns_computer(self, name: &str) -> Self {
        self.with_dns(AvId::DNS_COMPUTER_NAME, name)
    }

    /// The DNS name of the domain.
    #[must_use]
    pub fn dns_domain(self, name: &str) -> Self {
        self.with_dns(AvId::DNS_DOMAIN_NAME, name)
    }

    /// The DNS name of the forest.
    #[must_use]
    pub fn dns_tree(self, name: &str) -> Self {
        self.with_dns(AvId::DNS_TREE_NAME, name)
    }

    fn with_dns(mut self, id: AvId, name: &str) -> Self {
        for (known, value) in &mut self.dns {
            if *known == id {
                *value = Some(name.into());
            }
        }
        self
    }

    /// The names in the order in which Windows sends them.
    fn pairs(&self) -> impl Iterator<Item = (AvId, &str)> {
        let domain = self.domain.as_deref().unwrap_or(&self.computer);
        let dns = self.dns.iter().filter_map(|(id, name)| Some((*id, name.as_deref()?)));
        [(AvId::NB_DOMAIN_NAME, domain), (AvId::NB_COMPUTER_NAME, &*self.computer)].into_iter().chain(dns)
    }
}

/// The NetBIOS name of the server.
impl fmt::Display for ServerNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.computer)
    }
}

/// The names of a server as they are sent.
pub(super) struct WrittenNames {
    /// Attributes, without time and end.
    pub(super) attributes: Vec<u8>,
    /// The target's name in UTF-16.
    pub(super) target: Vec<u8>,
    /// The same in OEM, if that can express it.
    pub(super) target_oem: Option<String>,
    /// Whether the target is a domain or a server.
    pub(super) target_type: NegotiateFlags,
}

impl WrittenNames {
    fn of(names: &ServerNames) -> Result<Self, WriteError> {
        let (mut attributes, mut target) = (Vec::new(), Vec::new());
        for (id, name) in names.pairs() {
            put_av_text(&mut attributes, id, name)?;
        }
        let (target_type, name) = match &names.domain {
            Some(domain) => (NegotiateFlags::TARGET_TYPE_DOMAIN, domain),
            None => (NegotiateFlags::TARGET_TYPE_SERVER, &names.computer),
        };
        put_utf16(&mut target, name)?;
        let target_oem = name.is_ascii().then(|| name.clone());
        Ok(Self { attributes, target, target_oem, target_type })
    }
}

/// Things that safe defaults refuse, to be let in by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow(u8);

impl Allow {
    /// Nothing beyond the defaults.
    pub const NOTHING: Self = Self(0);
    /// Clients that send no MIC: curl, and gss-ntlmssp outside SPNEGO. Nothing shows then whether somebody changed flags
    /// or names on the way.
    pub const WITHOUT_MIC: Self = Self(1);
    /// Clients that log on as nobody. Where channel bindings or a target are required, they stay out all the same.
    pub const ANONYMOUS: Self = Self(2);
    /// Keys of 56 bits to protect messages with.
    pub const KEYS_OF_56_BITS: Self = Self(4);
}

impl BitOr for Allow {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
