//! The side that begins: AP-REQ out, AP-REP in (RFC 4120 section 3.2, RFC 4121 section 4.1, RFC 4537).

mod error;
mod request;

pub use error::{InitiatorError, Refusal};

use crate::context::{Agreed, Context, ContextKeys, Parties};
use crate::tail::Tail;
use crate::ticket::{HeldTicket, ServiceTicketRef, timestamp};
use crate::token::{ContextToken, Framing, TokenId, range_in};
use core::fmt::{self, Display};
use gss_core::bindings::BindingDigest;
use gss_core::{
    BindingOutcome, ChannelBindings, ContextFlags, Env, Handshake, Oid, Role, Step, Timestamp, TokenSink, oid,
};
use krb5_asn1::{
    ApRep, Decode, EncApRepPart, EncryptedData, KerberosTime, KrbError, Microseconds, Octets, TicketFlags,
    UInt32,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use request::Sent;

/// Most enctypes that an initiator offers.
pub const MAX_OFFERED_ENCTYPES: usize = 8;

/// The initiator's side of a context.
///
/// Made from a service ticket `C` ([`ServiceTicket`](crate::ServiceTicket), or
/// [`ServiceTicketRef`] where there is no heap). The first step's input is empty.
pub struct Initiator<C>(State<C>);

enum State<C> {
    Start(Start<C>),
    AwaitReply(AwaitReply<C>),
}

struct Start<C> {
    ticket: C,
    delegated: Option<C>,
    flags: ContextFlags,
    bindings: BindingDigest,
    enctypes: [Option<EncType>; MAX_OFFERED_ENCTYPES],
    bindings_announced: bool,
    weak_enctypes: bool,
    /// What went through the acceptor to the KDC before, when the mechanism is IAKERB.
    #[cfg(feature = "alloc")]
    iakerb: Option<(crate::iakerb::Transcript, crate::iakerb::Draft)>,
}

struct AwaitReply<C> {
    ticket: C,
    mechanism: Oid,
    flags: ContextFlags,
    binding: BindingOutcome,
    weak_enctypes: bool,
    sent: Sent,
}

impl<C: HeldTicket> Initiator<C> {
    /// An initiator that presents this ticket.
    ///
    /// Asks for mutual authentication, replay and sequence detection, confidentiality and integrity;
    /// [`flags`](Self::flags) changes that.
    #[must_use]
    pub fn new(ticket: C) -> Self {
        let enctypes = [
            EncType::AES256_CTS_HMAC_SHA1_96,
            EncType::AES128_CTS_HMAC_SHA1_96,
            EncType::AES256_CTS_HMAC_SHA384_192,
            EncType::AES128_CTS_HMAC_SHA256_128,
        ];
        let start = Start {
            ticket,
            delegated: None,
            flags: DEFAULT_FLAGS,
            bindings: BindingDigest::NONE,
            enctypes: [None; MAX_OFFERED_ENCTYPES],
            bindings_announced: false,
            weak_enctypes: false,
            #[cfg(feature = "alloc")]
            iakerb: None,
        };
        Self(State::Start(start)).offer_enctypes(&enctypes)
    }

    /// Asks for these flags and no others. [`ContextFlags::DCE_STYLE`] implies mutual authentication, and
    /// integrity is always there; delegation follows from [`delegate`](Self::delegate) alone.
    #[must_use]
    pub fn flags(self, flags: ContextFlags) -> Self {
        self.configure(|start| {
            start.flags = (flags & SUPPORTED_FLAGS) | ContextFlags::INTEGRITY;
            if flags.contains(ContextFlags::DCE_STYLE) {
                start.flags |= ContextFlags::MUTUAL;
            }
        })
    }

    /// Ties the context to a channel, and tells the acceptor that it did (MS-KILE 3.2.5.8).
    #[must_use]
    pub fn channel_bindings(self, bindings: &ChannelBindings<'_>) -> Self {
        self.binding_digest(BindingDigest::of(bindings))
    }

    /// The same for bindings whose digest was computed earlier.
    #[must_use]
    pub fn binding_digest(self, digest: BindingDigest) -> Self {
        self.configure(|start| {
            start.bindings = digest;
            start.bindings_announced = true;
        })
    }

    /// Hands the acceptor this ticket-granting ticket, to act for the client with.
    #[must_use]
    pub fn delegate(self, ticket_granting_ticket: C) -> Self {
        self.configure(|start| start.delegated = Some(ticket_granting_ticket))
    }

    /// The same if the KDC trusts the service with it: if the service ticket says OK-AS-DELEGATE
    /// (`GSS_C_DELEG_POLICY_FLAG`, RFC 5896). Otherwise nothing is delegated.
    #[must_use]
    pub fn delegate_if_trusted(self, ticket_granting_ticket: C) -> Self {
        self.configure(|start| {
            let trusted = start.ticket.held().flags.contains(TicketFlags::OK_AS_DELEGATE);
            start.delegated = trusted.then_some(ticket_granting_ticket);
        })
    }

    /// Offers these enctypes for the acceptor's subkey, best first (RFC 4537); the first
    /// [`MAX_OFFERED_ENCTYPES`] of them count. None at all leaves the choice at the session key's enctype.
    #[must_use]
    pub fn offer_enctypes(self, enctypes: &[EncType]) -> Self {
        self.configure(|start| {
            start.enctypes = [None; MAX_OFFERED_ENCTYPES];
            for (slot, enctype) in start.enctypes.iter_mut().zip(enctypes) {
                *slot = Some(*enctype);
            }
        })
    }

    /// Accepts tickets and subkeys of weak enctypes (RC4-HMAC). They are refused otherwise.
    #[must_use]
    pub fn allow_weak_enctypes(self) -> Self {
        self.configure(|start| start.weak_enctypes = true)
    }

    /// The same after messages to the KDC went through the acceptor.
    #[cfg(feature = "alloc")]
    pub(crate) fn after_iakerb(
        self,
        transcript: crate::iakerb::Transcript,
        draft: crate::iakerb::Draft,
    ) -> Self {
        self.configure(|start| start.iakerb = Some((transcript, draft)))
    }

    fn configure(mut self, change: impl FnOnce(&mut Start<C>)) -> Self {
        if let State::Start(start) = &mut self.0 {
            change(start);
        }
        self
    }
}

/// What [`Initiator::new`] asks for.
const DEFAULT_FLAGS: ContextFlags = ContextFlags::MUTUAL
    .with(ContextFlags::REPLAY)
    .with(ContextFlags::SEQUENCE)
    .with(ContextFlags::CONFIDENTIALITY)
    .with(ContextFlags::INTEGRITY);

/// What may be asked for on the wire. Delegation is added when there is a ticket to delegate.
const SUPPORTED_FLAGS: ContextFlags = DEFAULT_FLAGS
    .with(ContextFlags::DCE_STYLE)
    .with(ContextFlags::IDENTIFY)
    .with(ContextFlags::EXTENDED_ERROR);

impl<C: HeldTicket> Handshake for Initiator<C> {
    type Established = Context<Presented<C>>;
    type Error = InitiatorError;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Self::Established>, Self::Error> {
        match self.0 {
            State::Start(_) if !input.is_empty() => Err(InitiatorError::UnexpectedInput { len: input.len() }),
            State::Start(start) => start.step(output, env),
            State::AwaitReply(state) => state.step(input, output, env).map(Step::Done),
        }
    }
}

impl<C> Start<C> {
    #[cfg(feature = "alloc")]
    fn mechanism(&self) -> Oid {
        if self.iakerb.is_some() { oid::IAKERB } else { oid::KRB5 }
    }

    #[cfg(not(feature = "alloc"))]
    fn mechanism(&self) -> Oid {
        oid::KRB5
    }
}

impl<C: HeldTicket> Start<C> {
    fn step(
        self,
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Initiator<C>, Context<Presented<C>>>, InitiatorError> {
        let sent = self.request(output, env)?;
        let binding = match self.bindings {
            BindingDigest::NONE => BindingOutcome::Absent,
            _ => BindingOutcome::Bound,
        };
        let mut flags = self.flags;
        if self.delegated.is_some() {
            flags |= ContextFlags::DELEGATION;
        }
        let mechanism = self.mechanism();
        let next = AwaitReply {
            ticket: self.ticket,
            mechanism,
            flags,
            binding,
            weak_enctypes: self.weak_enctypes,
            sent,
        };
        if flags.contains(ContextFlags::MUTUAL) {
            return Ok(Step::Continue(Initiator(State::AwaitReply(next))));
        }
        // Without an answer the acceptor counts from the initiator's number in both directions.
        let receive_sequence = next.sent.sequence;
        next.establish(None, receive_sequence).map(Step::Done)
    }
}

impl<C: HeldTicket> AwaitReply<C> {
    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Context<Presented<C>>, InitiatorError> {
        let dce_style = self.flags.contains(ContextFlags::DCE_STYLE);
        let token = ContextToken::parse_as(input, &self.mechanism)?;
        let message = input.get_mut(token.message.clone()).unwrap_or_default();
        match token.id {
            TokenId::KRB_ERROR => return Err(refusal(message, env.now)),
            TokenId::AP_REP if dce_style != matches!(token.framing, Framing::Bare) => {
                return Err(InitiatorError::Framing { dce_style });
            }
            TokenId::AP_REP => {}
            found => return Err(InitiatorError::UnexpectedToken { found }),
        }
        let reply = self.open(message)?;
        if dce_style {
            self.third_leg(reply.sequence, output, env)?;
        }
        self.establish(reply.subkey, u64::from(reply.sequence))
    }

    /// Decrypts the AP-REP and compares it with what was sent.
    fn open(&self, message: &mut [u8]) -> Result<Reply, InitiatorError> {
        let reply = ApRep::from_der(message)?;
        let session_key = self.ticket.held().session_key;
        if EncType(reply.enc_part.etype) != session_key.enctype() {
            return Err(InitiatorError::ReplyEncType {
                expected: session_key.enctype(),
                found: EncType(reply.enc_part.etype),
            });
        }
        let cipher = range_in(message, reply.enc_part.cipher.as_bytes()).unwrap_or_default();
        let part = session_key
            .cipher(KeyUsage::AP_REP)
            .decrypt_in_place(message.get_mut(cipher).unwrap_or_default())
            .map_err(|_| InitiatorError::ReplyIntegrity)?;
        let part = EncApRepPart::from_der(part)?;
        // RFC 4120 section 3.2.5: only the service that opened our authenticator knows these.
        if (part.ctime, part.cusec) != (self.sent.ctime, self.sent.cusec) {
            return Err(InitiatorError::ReplyTime {
                sent: timestamp(self.sent.ctime, self.sent.cusec),
                found: timestamp(part.ctime, part.cusec),
            });
        }
        let subkey = match part.subkey {
            None => None,
            Some(subkey) => {
                let enctype = EncType(subkey.keytype);
                if enctype.is_weak() && !self.weak_enctypes {
                    return Err(InitiatorError::WeakEncType { enctype });
                }
                Some(Key::new(enctype, subkey.keyvalue.as_bytes())?)
            }
        };
        Ok(Reply { subkey, sequence: part.seq_number.map_or(0, u32::from) })
    }

    /// DCE style: shows the acceptor that we opened its AP-REP, by returning its sequence number and no subkey.
    fn third_leg(
        &self,
        sequence: u32,
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<(), InitiatorError> {
        let session_key = self.ticket.held().session_key;
        let mut tail = Tail::new(output, 256);
        tail.append_der(&EncApRepPart {
            ctime: KerberosTime::from_unix(env.now.seconds())
                .ok_or(InitiatorError::Clock { now: env.now })?,
            cusec: Microseconds::new(env.now.micros()).ok_or(InitiatorError::Clock { now: env.now })?,
            subkey: None,
            seq_number: Some(UInt32(sequence)),
        })?;
        tail.encrypt(&session_key.cipher(KeyUsage::AP_REP), env.rng)?;
        let etype = session_key.enctype().0;
        tail.enclose(|cipher, pass| {
            pass.der(&ApRep { enc_part: EncryptedData { etype, kvno: None, cipher: Octets::new(cipher) } })
        })?;
        tail.finish();
        Ok(())
    }

    fn establish(
        self,
        acceptor: Option<Key>,
        receive_sequence: u64,
    ) -> Result<Context<Presented<C>>, InitiatorError> {
        let agreed = Agreed {
            role: Role::Initiator,
            mechanism: self.mechanism,
            flags: self.flags,
            binding: self.binding,
            expires: self.ticket.held().times.end,
            keys: ContextKeys { initiator: self.sent.subkey, acceptor },
            send_sequence: self.sent.sequence,
            receive_sequence,
        };
        let mutual = self.flags.contains(ContextFlags::MUTUAL);
        Ok(Context::new(Presented { ticket: self.ticket, mutual }, agreed)?)
    }
}

/// What an AP-REP says.
struct Reply {
    subkey: Option<Key>,
    sequence: u32,
}

fn refusal(message: &[u8], now: Timestamp) -> InitiatorError {
    match KrbError::from_der(message) {
        Ok(error) => InitiatorError::Refused(Refusal::new(&error, now)),
        Err(error) => InitiatorError::Decode(error),
    }
}

/// What an initiator knows of its context: the ticket it presented.
#[derive(Debug)]
pub struct Presented<C> {
    ticket: C,
    mutual: bool,
}

impl<C: HeldTicket> Presented<C> {
    /// The ticket.
    pub fn ticket(&self) -> ServiceTicketRef<'_> {
        self.ticket.held()
    }
}

impl<C: HeldTicket> Parties for Presented<C> {
    /// The service, if it proved itself.
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)> {
        self.mutual.then(|| self.ticket.server_name())
    }

    fn local(&self) -> &(dyn Display + Send + Sync) {
        self.ticket.client_name()
    }
}

impl<C> fmt::Debug for Initiator<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Start(_) => "Initiator::Start",
            State::AwaitReply(_) => "Initiator::AwaitReply",
        })
    }
}
