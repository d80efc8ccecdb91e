//! An established NTLM context, of either role.

use crate::message::{self, Opener, Parameters, Sealer};
use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use core::fmt::{self, Display};
use gss_core::{
    BindingOutcome, ContextFlags, Facts, MessageError, PrfKey, Role, SecurityContext, TokenSink, oid,
};

/// An established context. `P` holds what one role knows beyond the other:
/// [`LoggedOn`](crate::LoggedOn) for initiators, [`Accepted`](crate::Accepted) for acceptors.
///
/// NTLM authenticates the initiator only: an initiator's context has no peer's name.
pub struct Context<P> {
    parties: P,
    role: Role,
    flags: ContextFlags,
    binding: BindingOutcome,
    mic: bool, // whether the AUTHENTICATE message had a MIC
    key: SessionKey,
    sealer: Sealer,
    opener: Opener,
}

/// Names of both sides.
pub trait Parties {
    /// The peer's authenticated name, if it proved one.
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)>;

    /// Our own name.
    fn local(&self) -> Option<&(dyn Display + Send + Sync)>;
}

/// What the three messages agreed on.
pub(crate) struct Agreed {
    pub(crate) role: Role,
    pub(crate) flags: NegotiateFlags,
    pub(crate) anonymous: bool,
    pub(crate) binding: BindingOutcome,
    pub(crate) mic: bool,
    pub(crate) key: SessionKey,
}

impl<P: Parties> Context<P> {
    pub(crate) fn new(parties: P, agreed: Agreed) -> Result<Self, message::WeakKey> {
        let Agreed { role, flags, anonymous, binding, mic, key } = agreed;
        let (sealer, opener) = message::halves(&Parameters { role, key: &key, flags })?;
        let flags = context_flags(flags, anonymous, binding);
        Ok(Self { parties, role, flags, binding, mic, key, sealer, opener })
    }

    /// What this role knows beyond the facts both share.
    pub fn parties(&self) -> &P {
        &self.parties
    }

    /// The same with ownership, dropping keys and message protection.
    pub fn into_parties(self) -> P {
        self.parties
    }
}

fn context_flags(flags: NegotiateFlags, anonymous: bool, binding: BindingOutcome) -> ContextFlags {
    let integrity = ContextFlags::INTEGRITY | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
    let granted = [
        // Sealed messages are signed as well.
        (flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL), integrity),
        (flags.contains(NegotiateFlags::SEAL), ContextFlags::CONFIDENTIALITY),
        (flags.contains(NegotiateFlags::IDENTIFY), ContextFlags::IDENTIFY),
        (anonymous, ContextFlags::ANONYMOUS),
        (binding == BindingOutcome::Bound, ContextFlags::CHANNEL_BOUND),
    ];
    granted.into_iter().filter(|(granted, _)| *granted).fold(ContextFlags::NONE, |all, (_, flag)| all | flag)
}

impl<P: Parties> SecurityContext for Context<P> {
    type Sealer = Sealer;
    type Opener = Opener;

    fn facts(&self) -> Facts<'_> {
        Facts {
            role: self.role,
            mechanism: oid::NTLMSSP,
            peer: self.parties.peer(),
            local: self.parties.local(),
            flags: self.flags,
            expires: None,
            binding: self.binding,
        }
    }

    fn sealer(&mut self) -> &mut dyn gss_core::Sealer {
        &mut self.sealer
    }

    fn opener(&mut self) -> &mut dyn gss_core::Opener {
        &mut self.opener
    }

    fn split(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }

    /// The `ExportedSessionKey` (MS-NLMP 3.1.5.1.2). An anonymous context has none: its key is known to all.
    fn secret_session_key(&self) -> Option<&[u8]> {
        (!self.flags.contains(ContextFlags::ANONYMOUS)).then(|| self.key.secret_bytes().as_slice())
    }

    /// NTLM has no such function.
    fn prf(&self, _key: PrfKey, _input: &[u8], _output: &mut [u8]) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }

    /// The key stream is put back after it (MS-SPNG 3.3.5.1); the sequence number stays used, as with all known peers.
    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        let made = gss_core::Sealer::get_mic(&mut self.sealer, mech_types, output);
        self.sealer.rewind();
        made
    }

    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        gss_core::Opener::verify_mic(&mut self.opener, mech_types, mic)?.in_order()?;
        self.opener.rewind();
        Ok(())
    }

    /// Windows insists on it whenever the AUTHENTICATE message has a MIC (MS-SPNG 3.3.5.1).
    fn needs_mech_list_mic(&self) -> bool {
        self.mic
    }
}

impl<P: Parties> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts().fmt(f)
    }
}
