use crate::context::Context;
use crate::error::Error;
use crate::krb5::{Credentials, CredentialsError, EncType, ServiceTicket};
use crate::mechanism::{Mechanism, Ticket};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gss_core::{ChannelBindings, ContextFlags, Env, Handshake, Step, Target, TokenSink, oid};
use gss_spnego::Offer;

/// The side that begins.
///
/// Made ready, it is a [`Handshake`]: its first step takes an empty token, every later one the acceptor's. What it
/// asks for is set before the first step; after it, the methods that set something do nothing.
///
/// By default it speaks SPNEGO and asks for mutual authentication, replay and sequence detection, confidentiality and
/// integrity.
pub struct Initiator(State);

enum State {
    Fresh { krb5: gss_krb5::Initiator<Ticket>, raw: bool },
    Spnego(Box<Spnego>),
    Raw(Mechanism),
}

impl Initiator {
    /// A Kerberos initiator for a service.
    ///
    /// # Errors
    /// [`CredentialsError`] when there is no usable ticket for the service.
    pub fn krb5(credentials: &Credentials, target: &Target<'_>) -> Result<Self, CredentialsError> {
        Ok(Self::with_ticket(credentials.ticket_for(target)?))
    }

    /// A Kerberos initiator that presents this ticket.
    #[must_use]
    pub fn with_ticket(ticket: Arc<ServiceTicket>) -> Self {
        Self(State::Fresh { krb5: gss_krb5::Initiator::new(ticket), raw: false })
    }

    /// Sends the mechanism's tokens as they are, without SPNEGO.
    #[must_use]
    pub fn raw(mut self) -> Self {
        if let State::Fresh { raw, .. } = &mut self.0 {
            *raw = true;
        }
        self
    }

    /// Asks for these flags and no others. [`ContextFlags::DELEGATION`] among them does nothing:
    /// [`delegate`](Self::delegate) does that.
    #[must_use]
    pub fn flags(self, flags: ContextFlags) -> Self {
        self.configure(|krb5| krb5.flags(flags))
    }

    /// Ties the context to a channel.
    #[must_use]
    pub fn channel_bindings(self, bindings: &ChannelBindings<'_>) -> Self {
        self.configure(|krb5| krb5.channel_bindings(bindings))
    }

    /// Hands the acceptor a ticket-granting ticket, such as
    /// [`Credentials::ticket_granting_ticket`] gives: it can act as the client then, everywhere.
    #[must_use]
    pub fn delegate(self, ticket_granting_ticket: Arc<ServiceTicket>) -> Self {
        self.configure(|krb5| krb5.delegate(ticket_granting_ticket))
    }

    /// The same if the KDC trusts the service with it: if the service ticket says OK-AS-DELEGATE
    /// (`GSS_C_DELEG_POLICY_FLAG`, RFC 5896). Otherwise nothing is delegated.
    #[must_use]
    pub fn delegate_if_trusted(self, ticket_granting_ticket: Arc<ServiceTicket>) -> Self {
        self.configure(|krb5| krb5.delegate_if_trusted(ticket_granting_ticket))
    }

    /// Offers these enctypes for the acceptor's subkey, best first (RFC 4537).
    #[must_use]
    pub fn offer_enctypes(self, enctypes: &[EncType]) -> Self {
        self.configure(|krb5| krb5.offer_enctypes(enctypes))
    }

    /// Accepts tickets and subkeys of weak enctypes (RC4-HMAC), which are refused otherwise.
    #[must_use]
    pub fn allow_weak_enctypes(self) -> Self {
        self.configure(gss_krb5::Initiator::allow_weak_enctypes)
    }

    fn configure(
        self,
        change: impl FnOnce(gss_krb5::Initiator<Ticket>) -> gss_krb5::Initiator<Ticket>,
    ) -> Self {
        match self.0 {
            State::Fresh { krb5, raw } => Self(State::Fresh { krb5: change(krb5), raw }),
            started => Self(started),
        }
    }
}

impl Handshake for Initiator {
    type Established = Context;
    type Error = Error;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        match self.0 {
            State::Fresh { krb5, raw: true } => {
                Self::raw_step(Mechanism::Krb5Initiator(krb5), input, output, env)
            }
            State::Fresh { krb5, raw: false } => {
                let offer = Offer::new(oid::KRB5, Mechanism::Krb5Initiator(krb5));
                Self::spnego_step(gss_spnego::Initiator::new(Vec::from([offer])), input, output, env)
            }
            State::Spnego(spnego) => Self::spnego_step(*spnego, input, output, env),
            State::Raw(mechanism) => Self::raw_step(mechanism, input, output, env),
        }
    }
}

type Spnego = gss_spnego::Initiator<Vec<Offer<Mechanism>>>;

impl Initiator {
    fn raw_step(
        mechanism: Mechanism,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let step = mechanism.step(input, output, env)?;
        Ok(step.map_continue(|next| Self(State::Raw(next))).map_done(Context::raw))
    }

    fn spnego_step(
        spnego: Spnego,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let step = spnego.step(input, output, env)?;
        Ok(step.map_continue(|next| Self(State::Spnego(Box::new(next)))).map_done(Context::negotiated))
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Fresh { .. } => "Initiator::Fresh",
            State::Spnego(_) => "Initiator::Spnego",
            State::Raw(_) => "Initiator::Raw",
        })
    }
}
