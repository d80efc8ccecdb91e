//! The exchange of MICs over the list of mechanisms (RFC 4178 section 5).

use crate::error::Error;
use crate::mech_list::MechList;
use crate::wire;
use gss_core::{ContextFlags, MessageError, SecurityContext, TokenSink};

/// How the list of mechanisms was protected. Only the checks of this crate make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicOutcome(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Verified,
    NotRequired,
    NoIntegrity,
    NotNegotiated,
}

impl MicOutcome {
    /// Both sides sent a MIC, and the peer's verifies: the list arrived as it was sent.
    #[must_use]
    pub fn is_verified(self) -> bool {
        self.0 == Kind::Verified
    }

    /// One word in snake case: `verified`, `not_required` (the mechanism is the first choice of both sides),
    /// `no_integrity` (the context cannot make MICs), `not_negotiated` (a raw token of the mechanism, no SPNEGO).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Verified => "verified",
            Kind::NotRequired => "not_required",
            Kind::NoIntegrity => "no_integrity",
            Kind::NotNegotiated => "not_negotiated",
        }
    }

    /// For a context established by raw tokens, without a list to protect.
    pub(crate) fn not_negotiated() -> Self {
        Self(Kind::NotNegotiated)
    }
}

/// Where one side stands in the exchange.
#[derive(Default)]
pub(crate) struct MicExchange {
    required: bool,
    integrity: bool,
    sent: bool,
    received: bool,
}

impl MicExchange {
    /// The negotiation calls for MICs: the mechanism is not the first choice of both sides.
    pub(crate) fn require(&mut self) {
        self.required = true;
    }

    /// Takes note of what the finished mechanism can and wants.
    pub(crate) fn settle(&mut self, context: &impl SecurityContext) {
        self.integrity = context.facts().flags.contains(ContextFlags::INTEGRITY);
        self.required |= context.needs_mech_list_mic();
    }

    /// Whether MICs are called for, as far as the context will be able to make them.
    pub(crate) fn is_asked(&self) -> bool {
        self.required
    }

    /// Whether MICs have to be exchanged. Never so in a context that cannot make them.
    pub(crate) fn is_required(&self) -> bool {
        self.required && self.integrity
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.sent
    }

    pub(crate) fn is_received(&self) -> bool {
        self.received
    }

    /// Checks the peer's MIC.
    pub(crate) fn receive<E>(
        &mut self,
        context: &mut impl SecurityContext,
        list: &MechList,
        mic: &[u8],
    ) -> Result<(), Error<E>> {
        if !self.integrity {
            return Err(Error::MicWithoutIntegrity);
        }
        if self.received {
            return Err(Error::SecondMic);
        }
        context.verify_mech_list_mic(list.as_der(), mic).map_err(Error::MicInvalid)?;
        self.received = true;
        Ok(())
    }

    /// Appends the field with our MIC.
    pub(crate) fn send<E>(
        &mut self,
        context: &mut impl SecurityContext,
        list: &MechList,
        output: &mut dyn TokenSink,
    ) -> Result<(), Error<E>> {
        let start = output.len();
        context.mech_list_mic(list.as_der(), output).map_err(|error| match error {
            MessageError::BufferTooSmall(full) => Error::Output(full),
            error => Error::Message(error),
        })?;
        wire::wrap_mic(output, start, 3)?;
        self.sent = true;
        Ok(())
    }

    /// The end of the exchange: either both MICs went over the wire and ours verified, or none was needed.
    pub(crate) fn conclude<E>(&self) -> Result<MicOutcome, Error<E>> {
        match (self.received, self.sent) {
            (true, true) => Ok(MicOutcome(Kind::Verified)),
            _ if self.is_required() || self.received || self.sent => Err(Error::MicMissing),
            _ if self.integrity => Ok(MicOutcome(Kind::NotRequired)),
            _ => Ok(MicOutcome(Kind::NoIntegrity)),
        }
    }
}
