use crate::krb5::{Accepted, PacVerified, ServiceTicket, ServiceTicketRef};
use crate::mechanism::{MechanismContext, MechanismOpener, MechanismSealer};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use gss_core::{
    BindingOutcome, ContextFlags, CryptoRng, Facts, MessageError, Oid, Opener, Overhead, PrfKey, Protection,
    Sealer, SecurityContext, SequenceStatus, TokenSink, Unwrapped,
};
use gss_spnego::{Established, MicOutcome};

/// An established context: who the peer is, what was agreed, and protection for messages.
pub struct Context {
    mechanism: MechanismContext,
    negotiation: Option<MicOutcome>,
}

impl Context {
    pub(crate) fn raw(mechanism: MechanismContext) -> Self {
        Self { mechanism, negotiation: None }
    }

    pub(crate) fn negotiated(established: Established<MechanismContext>) -> Self {
        let negotiation = Some(established.mic());
        Self { mechanism: established.into_context(), negotiation }
    }

    /// The peer's authenticated name, as `name@REALM`, or `DOMAIN\user` for NTLM; `None` when it did not prove one: to
    /// an initiator that did not ask for mutual authentication, or used NTLM, which has none; or a client that logged
    /// on as nobody.
    ///
    /// Users of NTLM may be called `name@domain` too, and spell themselves as they like: whoever gives rights to names
    /// looks at the [`mechanism`](Self::mechanism) with it.
    #[must_use]
    pub fn peer_name(&self) -> Option<String> {
        self.facts().peer.map(ToString::to_string)
    }

    /// The mechanism that did the work.
    #[must_use]
    pub fn mechanism(&self) -> Oid {
        self.facts().mechanism
    }

    /// What the context offers.
    #[must_use]
    pub fn flags(&self) -> ContextFlags {
        self.facts().flags
    }

    /// As acceptor: whether both sides named the same channel. As initiator: whether we named one; that the acceptor
    /// compares it, nothing tells.
    #[must_use]
    pub fn is_channel_bound(&self) -> bool {
        self.facts().binding == BindingOutcome::Bound
    }

    /// How SPNEGO protected the choice of the mechanism; `None` without SPNEGO.
    #[must_use]
    pub fn negotiation(&self) -> Option<MicOutcome> {
        self.negotiation
    }

    /// As acceptor of Kerberos: client, service and ticket.
    #[must_use]
    pub fn krb5_accepted(&self) -> Option<&Accepted> {
        match &self.mechanism {
            MechanismContext::Krb5Acceptor(context) => Some(context.parties()),
            _ => None,
        }
    }

    /// As acceptor of Kerberos: the PAC of the client's ticket, in which its Windows domain says what accounts and
    /// groups it is. `None` where the ticket has none, and where
    /// [`PacPolicy`](crate::krb5::PacPolicy::IgnoreUnverified) leaves it alone: what comes out here was verified.
    ///
    /// Give rights to SIDs. Names are for people, and can be given to another account.
    ///
    /// ```
    /// # use gss::krb5::pac::{ClientInfo, FileTime, GroupMembership, List, LogonInfo, PacBuilder, SigningKeys};
    /// # use gss::{Acceptor, Env, Handshake, Initiator, Step, Timestamp};
    /// # use test_support::ticket::{NOW, TicketMaker};
    /// # let mut maker = TicketMaker::example();
    /// # let memberships = [GroupMembership::new(513), GroupMembership::new(1105)];
    /// # let logon = LogonInfo {
    /// #     effective_name: "alice".into(),
    /// #     logon_domain_name: "EXAMPLE".into(),
    /// #     logon_domain_id: Some("S-1-5-21-1-2-3".parse()?),
    /// #     user_id: 1104,
    /// #     primary_group_id: 513,
    /// #     groups: List::from(&memberships[..]),
    /// #     ..LogonInfo::default()
    /// # };
    /// # let client = ClientInfo { auth_time: FileTime::from_unix(maker.auth_time), name: "alice".into() };
    /// # let pac = PacBuilder::minimal(&client)?.logon_info(&logon)?;
    /// # let pac = pac.sign(&SigningKeys::new(&maker.service_key, &maker.service_key))?;
    /// # maker.authorization_data = vec![(krb5_asn1::AuthDataType::WIN2K_PAC, pac.to_vec())];
    /// # let mut rng = test_support::TestRng::insecure(1);
    /// # let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    /// # let credentials = gss::krb5::Credentials::from_ccache(&maker.ccache())?;
    /// # let target = gss::Target::new("HTTP", "www.example.com")?;
    /// # let mut token = Vec::new();
    /// # let _ = Initiator::krb5(&credentials, &target)?.step(&mut [], &mut token, &mut env)?;
    /// # let config = std::sync::Arc::new(gss::AcceptorConfig::from_keytab(&maker.keytab())?);
    /// # let Step::Done(context) = Acceptor::new(config).step(&mut token, &mut Vec::new(), &mut env)? else { panic!() };
    /// use gss::krb5::pac::Sid;
    ///
    /// let accounting: Sid = "S-1-5-21-1-2-3-1105".parse()?;
    /// let logon = match context.pac() {
    ///     Some(pac) => pac.logon_info()?,
    ///     None => None,
    /// };
    /// let logon = logon.ok_or("not a client of a Windows domain")?;
    /// assert!(logon.sids().any(|identity| identity.sid() == accounting));
    ///
    /// assert_eq!(logon.user_sid(), Some("S-1-5-21-1-2-3-1104".parse()?));
    /// assert_eq!(format!("{}\\{}", logon.logon_domain_name, logon.effective_name), "EXAMPLE\\alice");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pac(&self) -> Option<PacVerified<'_>> {
        self.krb5_accepted()?.pac()
    }

    /// As initiator of Kerberos: the ticket that was presented.
    #[must_use]
    pub fn krb5_presented(&self) -> Option<ServiceTicketRef<'_>> {
        match &self.mechanism {
            MechanismContext::Krb5Initiator(context) => Some(context.parties().ticket()),
            _ => None,
        }
    }

    /// As acceptor of NTLM: who logged on.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn ntlm_accepted(&self) -> Option<&crate::ntlm::Accepted> {
        match &self.mechanism {
            MechanismContext::NtlmAcceptor(context) => Some(context.parties()),
            _ => None,
        }
    }

    /// The tickets that the initiator delegated, with their session keys; empty when there are none.
    #[must_use]
    pub fn delegated(&self) -> &[ServiceTicket] {
        self.krb5_accepted().map_or(&[], Accepted::delegated)
    }

    /// A token with `message` encrypted and signed in it.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn wrap(&mut self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, MessageError> {
        self.wrap_with(Protection::Confidentiality, message, rng)
    }

    /// A token with `message` in it, encrypted or not, and signed.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn wrap_with(
        &mut self,
        protection: Protection,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, MessageError> {
        let mut token = Vec::new();
        self.sealer().wrap(protection, message, &mut token, rng)?;
        Ok(token)
    }

    /// The message in the peer's token.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Message, MessageError> {
        let mut buffer = Vec::from(token);
        let Unwrapped { message, protection, sequence } = self.opener().unwrap(&mut buffer)?;
        Ok(Message { data: Vec::from(&*message), protection, sequence })
    }

    /// A token that proves where `message` comes from.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, MessageError> {
        let mut token = Vec::new();
        self.sealer().get_mic(message, &mut token)?;
        Ok(token)
    }

    /// Checks the peer's MIC over `message`.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        self.opener().verify_mic(message, mic)
    }
}

/// A message that the peer protected.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The message.
    pub data: Vec<u8>,
    /// How it was protected.
    pub protection: Protection,
    /// Its place in the sequence; a replayed message is reported here, not refused.
    pub sequence: SequenceStatus,
}

impl Message {
    /// The message, if it is the next in sequence.
    ///
    /// # Errors
    /// [`MessageError::OutOfSequence`] otherwise.
    pub fn in_order(self) -> Result<Vec<u8>, MessageError> {
        self.sequence.in_order()?;
        Ok(self.data)
    }
}

impl SecurityContext for Context {
    type Sealer = ContextSealer;
    type Opener = ContextOpener;

    fn facts(&self) -> Facts<'_> {
        self.mechanism.facts()
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        self.mechanism.sealer()
    }

    fn opener(&mut self) -> &mut dyn Opener {
        self.mechanism.opener()
    }

    fn split(self) -> (ContextSealer, ContextOpener) {
        let (sealer, opener) = self.mechanism.split();
        (ContextSealer(sealer), ContextOpener(opener))
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        self.mechanism.secret_session_key()
    }

    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        self.mechanism.prf(key, input, output)
    }

    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        self.mechanism.mech_list_mic(mech_types, output)
    }

    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        self.mechanism.verify_mech_list_mic(mech_types, mic)
    }

    fn needs_mech_list_mic(&self) -> bool {
        self.mechanism.needs_mech_list_mic()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("facts", &self.facts())
            .field("negotiation", &self.negotiation)
            .finish_non_exhaustive()
    }
}

/// The half of a [`Context`] that protects messages to the peer.
#[derive(Debug)]
pub struct ContextSealer(MechanismSealer);

impl Sealer for ContextSealer {
    fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        self.0.overhead(protection, length)
    }

    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        self.0.wrap(protection, message, output, rng)
    }

    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        self.0.wrap_in_place(protection, buffer, rng)
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        self.0.get_mic(message, output)
    }
}

/// The half of a [`Context`] that takes messages from the peer.
#[derive(Debug)]
pub struct ContextOpener(MechanismOpener);

impl Opener for ContextOpener {
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        self.0.unwrap(token)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        self.0.verify_mic(message, mic)
    }
}
