use crate::context::Context;
use crate::error::Error;
use crate::krb5::{Credentials, CredentialsError, EncType, ServiceTicket};
#[cfg(feature = "ntlm")]
use crate::mechanism::Logon;
use crate::mechanism::{Mechanism, Ticket};
use crate::running::Running;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::BindingDigest;
use gss_core::{ChannelBindings, ContextFlags, Env, Handshake, Oid, Step, Target, TokenSink, oid};
use gss_spnego::Offer;

/// The side that begins.
///
/// Made ready, it is a [`Handshake`]: its first step takes an empty token, every later one the acceptor's. What it
/// asks for is set before the first step; after it, the methods that set something do nothing.
///
/// By default it speaks SPNEGO and asks for mutual authentication, replay and sequence detection, confidentiality and
/// integrity.
pub struct Initiator(State);

#[cfg_attr(
    feature = "ntlm",
    expect(
        clippy::large_enum_variant,
        reason = "every initiator begins with the large one, and it is not worth an allocation"
    )
)]
enum State {
    Fresh(Fresh),
    Begun(Running<Spnego>),
}

type Spnego = gss_spnego::Initiator<Vec<Offer<Mechanism>>>;

/// The mechanisms to be offered, in the order of their fields.
struct Fresh {
    krb5: Option<gss_krb5::Initiator<Ticket>>,
    #[cfg(feature = "ntlm")]
    ntlm: Option<gss_ntlm::Initiator<Logon>>,
    /// What is asked of each of them.
    flags: Option<ContextFlags>,
    bindings: Option<BindingDigest>,
    raw: bool,
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
        Self(State::Fresh(Fresh { krb5: Some(gss_krb5::Initiator::new(ticket)), ..Fresh::none() }))
    }

    /// An initiator of NTLM alone. The logon's target should be the service.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn ntlm(logon: Arc<gss_ntlm::Logon>) -> Self {
        Self(State::Fresh(Fresh::none())).or_ntlm(logon)
    }

    /// Offers NTLM behind the mechanism listed before, for servers that cannot do that: the server chooses, so that
    /// whoever is in between can choose NTLM too. The MICs over the list show that, but after the logon was sent: a
    /// password can be guessed from it, or the logon relayed to a server that takes NTLM without SPNEGO. Nor does
    /// NTLM give what was asked for of mutual authentication; the context's flags say so.
    ///
    /// An [anonymous](gss_ntlm::Logon::anonymous) logon has no key, so that there are no MICs: whoever is in between can
    /// turn any other mechanism into it, unnoticed except by the context's flags.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn or_ntlm(mut self, logon: Arc<gss_ntlm::Logon>) -> Self {
        if let State::Fresh(fresh) = &mut self.0 {
            fresh.ntlm = Some(gss_ntlm::Initiator::new(logon));
        }
        self
    }

    /// Sends the mechanism's tokens as they are, without SPNEGO: those of the first mechanism listed.
    #[must_use]
    pub fn raw(self) -> Self {
        self.configure(|fresh| fresh.raw = true)
    }

    /// Asks for these flags and no others. [`ContextFlags::DELEGATION`] among them does nothing:
    /// [`delegate`](Self::delegate) does that.
    #[must_use]
    pub fn flags(self, flags: ContextFlags) -> Self {
        self.configure(|fresh| fresh.flags = Some(flags))
    }

    /// Ties the context to a channel.
    #[must_use]
    pub fn channel_bindings(self, bindings: &ChannelBindings<'_>) -> Self {
        self.configure(|fresh| fresh.bindings = Some(BindingDigest::of(bindings)))
    }

    /// Hands the acceptor a ticket-granting ticket, such as
    /// [`Credentials::ticket_granting_ticket`] gives: it can act as the client then, everywhere.
    #[must_use]
    pub fn delegate(self, ticket_granting_ticket: Arc<ServiceTicket>) -> Self {
        self.configure_krb5(|krb5| krb5.delegate(ticket_granting_ticket))
    }

    /// The same if the KDC trusts the service with it: if the service ticket says OK-AS-DELEGATE
    /// (`GSS_C_DELEG_POLICY_FLAG`, RFC 5896). Otherwise nothing is delegated.
    #[must_use]
    pub fn delegate_if_trusted(self, ticket_granting_ticket: Arc<ServiceTicket>) -> Self {
        self.configure_krb5(|krb5| krb5.delegate_if_trusted(ticket_granting_ticket))
    }

    /// Offers these enctypes for the acceptor's subkey, best first (RFC 4537).
    #[must_use]
    pub fn offer_enctypes(self, enctypes: &[EncType]) -> Self {
        self.configure_krb5(|krb5| krb5.offer_enctypes(enctypes))
    }

    /// Accepts tickets and subkeys of weak enctypes (RC4-HMAC), which are refused otherwise.
    #[must_use]
    pub fn allow_weak_enctypes(self) -> Self {
        self.configure_krb5(gss_krb5::Initiator::allow_weak_enctypes)
    }

    fn configure_krb5(
        self,
        change: impl FnOnce(gss_krb5::Initiator<Ticket>) -> gss_krb5::Initiator<Ticket>,
    ) -> Self {
        self.configure(|fresh| fresh.krb5 = fresh.krb5.take().map(change))
    }

    fn configure(mut self, change: impl FnOnce(&mut Fresh)) -> Self {
        if let State::Fresh(fresh) = &mut self.0 {
            change(fresh);
        }
        self
    }
}

impl Fresh {
    const fn none() -> Self {
        Self {
            krb5: None,
            #[cfg(feature = "ntlm")]
            ntlm: None,
            flags: None,
            bindings: None,
            raw: false,
        }
    }

    /// The mechanisms, best first.
    fn mechanisms(self) -> impl Iterator<Item = (Oid, Mechanism)> {
        let Self { flags, bindings, .. } = self;
        let krb5 = self.krb5.map(|krb5| {
            let krb5 = with(krb5, flags, gss_krb5::Initiator::flags);
            (oid::KRB5, Mechanism::Krb5Initiator(with(krb5, bindings, gss_krb5::Initiator::binding_digest)))
        });
        #[cfg(feature = "ntlm")]
        let ntlm = self.ntlm.map(|ntlm| {
            let ntlm = with(ntlm, flags, gss_ntlm::Initiator::flags);
            let ntlm = with(ntlm, bindings, gss_ntlm::Initiator::binding_digest);
            // SPNEGO's own MIC needs it (RFC 4178 section 5).
            let ntlm = if self.raw { ntlm } else { ntlm.also(ContextFlags::INTEGRITY) };
            (oid::NTLMSSP, Mechanism::NtlmInitiator(ntlm))
        });
        #[cfg(not(feature = "ntlm"))]
        let ntlm = None;
        krb5.into_iter().chain(ntlm)
    }
}

/// Sets what was asked for, and leaves the mechanism's own choice otherwise.
fn with<I, V>(initiator: I, asked: Option<V>, set: impl FnOnce(I, V) -> I) -> I {
    match asked {
        Some(value) => set(initiator, value),
        None => initiator,
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
        let step = match self.0 {
            State::Fresh(fresh) if fresh.raw => {
                let (_, mechanism) = fresh.mechanisms().next().ok_or(gss_spnego::Error::NoOffers)?;
                Running::raw(mechanism, input, output, env)
            }
            State::Fresh(fresh) => {
                let offers = fresh.mechanisms().map(|(name, mechanism)| Offer::new(name, mechanism));
                Running::negotiate(gss_spnego::Initiator::new(offers.collect()), input, output, env)
            }
            State::Begun(running) => running.step(input, output, env),
        };
        Ok(step?.map_continue(|next| Self(State::Begun(next))))
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Fresh(_) => f.write_str("Initiator::Fresh"),
            State::Begun(running) => write!(f, "Initiator::{}", running.name()),
        }
    }
}
