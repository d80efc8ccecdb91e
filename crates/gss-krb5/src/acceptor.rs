//! The side that answers: AP-REQ in, AP-REP out (RFC 4120 section 3.2.3, RFC 4121 section 4.1).

mod config;
mod delegation;
mod error;
mod reply;
mod request;

pub use config::{AcceptorConfig, Allow};
pub use delegation::DelegationError;
pub use error::AcceptorError;

use crate::authdata::PacVerified;
use crate::authdata::pac::PacProof;
use crate::context::{Agreed, Context, ContextKeys, FIRST_SEQUENCE_MASK, Parties};
use crate::iakerb::Transcript;
use crate::replay::NotReplayed;
use crate::ticket::{ServiceTicket, TicketTimes};
use crate::token::{ContextToken, Framing, TokenId, range_in};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Display};
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, Ordering};
use gss_core::bindings::BindingCheck;
use gss_core::{ContextFlags, Env, Handshake, Oid, Role, Step, TokenSink, oid};
use krb5_asn1::{
    AddressType, ApOptions, ApRep, ApReq, AuthorizationData, Decode, EncApRepPart, Principal, TicketFlags,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use reply::CipherHead;
use request::Request;

/// The acceptor's side of a context. `P` points to the configuration all contexts share: a reference or an `Arc`.
pub struct Acceptor<P>(State<P>);

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every acceptor only ever starts; a box would cost more"
)]
enum State<P> {
    Start { config: P, connection: Connection },
    AwaitThirdLeg(Box<ThirdLeg>),
}

/// DCE style: the AP-REP was sent, and the initiator has to show that it opened it.
struct ThirdLeg {
    context: Context<Accepted>,
    session_key: Key,
    sequence: u32,
    /// How the ciphertext of our own AP-REP begins.
    own: CipherHead,
}

impl<P: Deref<Target = AcceptorConfig>> Acceptor<P> {
    /// An acceptor with this configuration.
    #[must_use]
    pub fn new(config: P) -> Self {
        Self(State::Start { config, connection: Connection::default() })
    }

    /// The channel bindings of this connection, in place of those of the configuration.
    #[must_use]
    pub fn channel_bindings(self, check: BindingCheck) -> Self {
        self.configure(|connection| connection.bindings = Some(check))
    }

    /// The initiator's address: a ticket that is bound to addresses is then taken from these only (RFC 4120
    /// section 3.2.3). For IPv4 and IPv6 the bytes are those of the address, most significant first.
    #[must_use]
    pub fn peer_address(self, kind: AddressType, address: &[u8]) -> Self {
        self.configure(|connection| connection.peer = Some((kind, Vec::from(address))))
    }

    /// While `repeating` is true, the replay cache is not asked: **a replayed token is accepted then**.
    ///
    /// Only for tokens that this service took before, and kept the transcript of where nobody else can write: to come
    /// to the same context once more, with the same time and randomness in [`Env`]. Whoever drives the handshake
    /// sets it to false before the first token that is new.
    #[must_use]
    pub fn repeating_accepted_tokens(self, repeating: Arc<AtomicBool>) -> Self {
        self.configure(|connection| connection.repeating = Some(repeating))
    }

    /// The same after messages to the KDC were carried for the initiator.
    pub(crate) fn after_iakerb(self, transcript: Transcript) -> Self {
        self.configure(|connection| connection.iakerb = Some(transcript))
    }

    fn configure(mut self, change: impl FnOnce(&mut Connection)) -> Self {
        if let State::Start { connection, .. } = &mut self.0 {
            change(connection);
        }
        self
    }
}

/// What an acceptor knows of the connection that the request comes over.
#[derive(Default)]
struct Connection {
    bindings: Option<BindingCheck>,
    peer: Option<(AddressType, Vec<u8>)>,
    /// What was carried to the KDC before, when the mechanism is IAKERB.
    iakerb: Option<Transcript>,
    /// Whether the token was taken before, and comes out of our own transcript.
    repeating: Option<Arc<AtomicBool>>,
}

impl Connection {
    /// Proof that the replay cache need not be asked.
    fn repeated(&self) -> Option<NotReplayed> {
        let repeating = self.repeating.as_ref()?.load(Ordering::Acquire);
        repeating.then(NotReplayed::assertion)
    }

    fn mechanism(&self) -> Oid {
        if self.iakerb.is_some() { oid::IAKERB } else { oid::KRB5 }
    }
}

impl<P: Deref<Target = AcceptorConfig>> Handshake for Acceptor<P> {
    type Established = Context<Accepted>;
    type Error = AcceptorError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        match self.0 {
            State::Start { config, connection } => start(&config, &connection, input, output, env),
            State::AwaitThirdLeg(third_leg) => third_leg.verify(input).map(Step::Done),
        }
    }
}

fn start<P>(
    config: &AcceptorConfig,
    connection: &Connection,
    input: &mut [u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Step<Acceptor<P>, Context<Accepted>>, AcceptorError> {
    let token = ContextToken::parse_as(input, &connection.mechanism())?;
    let framing = token.framing;
    let message = input.get_mut(token.message).unwrap_or_default();
    let result = match token.id {
        TokenId::AP_REQ => Request::accept(message, framing, config, connection, env)
            .and_then(|request| answer(request, framing, connection.mechanism(), output, env)),
        found => Err(AcceptorError::UnexpectedToken { found }),
    };
    result.inspect_err(|error| {
        if token.id != TokenId::AP_REQ || waits_for_answer(message) {
            reply::put_krb_error(error, framing, config, output, env);
        }
    })
}

/// Whether the initiator waits for an AP-REP, or a KRB-ERROR in its place; so it does for all one can know when its
/// request is of another version. What it says is not authenticated, and decides nothing else. Only ciphertexts may
/// have changed in `message`.
fn waits_for_answer(message: &[u8]) -> bool {
    ApReq::from_der(message).map_or(true, |request| request.ap_options.contains(ApOptions::MUTUAL_REQUIRED))
}

/// All checks are passed: chooses the keys, answers, and establishes the context.
fn answer<P>(
    request: Request,
    framing: Framing,
    mechanism: Oid,
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Step<Acceptor<P>, Context<Accepted>>, AcceptorError> {
    let flags = request.flags;
    let mutual = flags.contains(ContextFlags::MUTUAL);
    let (acceptor_key, sequence, own) = if mutual {
        let subkey =
            reply::choose_subkey(&request).map(|enctype| Key::generate(enctype, env.rng)).transpose()?;
        let sequence = env.rng.next_u32() & FIRST_SEQUENCE_MASK;
        let own = reply::put_ap_rep(&request, subkey.as_ref(), sequence, framing, output, env)?;
        (subkey, sequence, own)
    } else {
        // Without an AP-REP both directions count from the initiator's number.
        (None, request.sequence, CipherHead::default())
    };
    let session_key = request.session_key;
    let agreed = Agreed {
        role: Role::Acceptor,
        mechanism,
        flags,
        binding: request.checks.bindings(),
        expires: request.accepted.times.end,
        keys: ContextKeys { initiator: request.initiator_key, acceptor: acceptor_key },
        send_sequence: u64::from(sequence),
        receive_sequence: u64::from(request.sequence),
    };
    let context = Context::new(request.accepted, agreed)?;
    if flags.contains(ContextFlags::DCE_STYLE) {
        let third_leg = Box::new(ThirdLeg { context, session_key, sequence, own });
        return Ok(Step::Continue(Acceptor(State::AwaitThirdLeg(third_leg))));
    }
    Ok(Step::Done(context))
}

impl ThirdLeg {
    /// The initiator's AP-REP returns our sequence number and asserts no subkey (MS-KILE 3.4.5.1). That keeps our own
    /// AP-REP out where it has a subkey; with RC4 it has none, so that the reflection is looked for as such.
    fn verify(self, input: &mut [u8]) -> Result<Context<Accepted>, AcceptorError> {
        let reply = ApRep::from_der(input)?;
        let cipher = range_in(input, reply.enc_part.cipher.as_bytes()).unwrap_or_default();
        if EncType(reply.enc_part.etype) != self.session_key.enctype() {
            return Err(AcceptorError::ThirdLegIntegrity);
        }
        if input.get(cipher.clone()).is_some_and(|cipher| cipher.starts_with(&self.own)) {
            return Err(AcceptorError::ThirdLegReflected);
        }
        let part = self
            .session_key
            .cipher(KeyUsage::AP_REP)
            .decrypt_in_place(input.get_mut(cipher).unwrap_or_default())
            .map_err(|_| AcceptorError::ThirdLegIntegrity)?;
        let part = EncApRepPart::from_der(part)?;
        if part.subkey.is_some() {
            return Err(AcceptorError::ThirdLegSubkey);
        }
        match part.seq_number.map(u32::from) {
            Some(found) if found == self.sequence => Ok(self.context),
            found => Err(AcceptorError::ThirdLegSequence { expected: self.sequence, found }),
        }
    }
}

/// What an acceptor knows of its context: who came, with which ticket.
#[derive(Debug)]
pub struct Accepted {
    client: Principal,
    service: Principal,
    ticket_flags: TicketFlags,
    ticket_enctype: EncType,
    times: TicketTimes,
    authorization_data: Vec<u8>,
    /// Proof that there is a PAC in the authorization data, and that it verified.
    pac: Option<PacProof>,
    unverified_target_name: bool,
    delegated: Vec<ServiceTicket>,
}

impl Accepted {
    /// The authenticated client: name and realm, both from the ticket.
    #[must_use]
    pub fn client(&self) -> &Principal {
        &self.client
    }

    /// Whether the ticket is anonymous (RFC 8062), which has to be allowed with [`Allow::ANONYMOUS`]: the client is nobody
    /// in particular then, whatever its name.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        request::is_anonymous(self.ticket_flags, self.client.name())
    }

    /// The service whose key decrypted the ticket.
    #[must_use]
    pub fn service(&self) -> &Principal {
        &self.service
    }

    /// The ticket's flags.
    #[must_use]
    pub fn ticket_flags(&self) -> TicketFlags {
        self.ticket_flags
    }

    /// The enctype of the service's key.
    #[must_use]
    pub fn ticket_enctype(&self) -> EncType {
        self.ticket_enctype
    }

    /// The ticket's times.
    #[must_use]
    pub fn times(&self) -> TicketTimes {
        self.times
    }

    /// DER of the ticket's authorization data; empty when it has none.
    #[must_use]
    pub fn authorization_data(&self) -> &[u8] {
        &self.authorization_data
    }

    /// Whether the ticket has a PAC whose server signature and client name were verified.
    #[must_use]
    pub fn has_verified_pac(&self) -> bool {
        self.pac.is_some()
    }

    /// The ticket's PAC: what the client's domain says of it. `None` unless there is one and it was verified, as
    /// [`PacPolicy`](crate::authdata::PacPolicy) asks for by default. KDCs other than domain controllers may put in
    /// one that names the client and says nothing else.
    ///
    /// Grant access by SIDs: names can be given to another account.
    ///
    /// ```
    /// use gss_krb5::Accepted;
    /// use krb5_pac::{PacError, Sid};
    ///
    /// /// Whether the client is in a group, or is what the SID stands for.
    /// fn is_one_of(accepted: &Accepted, group: Sid) -> Result<bool, PacError> {
    ///     let Some(pac) = accepted.pac() else { return Ok(false) };
    ///     Ok(pac.logon_info()?.is_some_and(|logon| logon.sids().any(|identity| identity.sid() == group)))
    /// }
    /// ```
    #[must_use]
    pub fn pac(&self) -> Option<PacVerified<'_>> {
        self.pac?.find_in(AuthorizationData::from_der(&self.authorization_data).ok()?)
    }

    /// Whether the client says that it did not verify the service's name, as when it came from an insecure look-up
    /// (KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME, MS-KILE 3.2.5.8).
    #[must_use]
    pub fn has_unverified_target_name(&self) -> bool {
        self.unverified_target_name
    }

    /// The tickets that the client delegated, with their session keys.
    #[must_use]
    pub fn delegated(&self) -> &[ServiceTicket] {
        &self.delegated
    }

    /// The same with ownership.
    #[must_use]
    pub fn into_delegated(self) -> Vec<ServiceTicket> {
        self.delegated
    }
}

impl Parties for Accepted {
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)> {
        Some(&self.client)
    }

    fn local(&self) -> &(dyn Display + Send + Sync) {
        &self.service
    }
}

impl<P> fmt::Debug for Acceptor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Start { .. } => "Acceptor::Start",
            State::AwaitThirdLeg(_) => "Acceptor::AwaitThirdLeg",
        })
    }
}
