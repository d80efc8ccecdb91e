//! An established Kerberos context, of either role.

use crate::message::{self, Opener, Parameters, Sealer};
use core::fmt::{self, Display};
use gss_core::{
    BindingOutcome, ContextFlags, Facts, MessageError, Oid, PrfKey, Role, SecurityContext, Timestamp,
};
use krb5_crypto::{Key, KeyError};

/// An established context. `P` holds what one role knows beyond the other:
/// [`Presented`](crate::Presented) for initiators, [`Accepted`](crate::Accepted) for acceptors.
pub struct Context<P> {
    parties: P,
    role: Role,
    mechanism: Oid,
    flags: ContextFlags,
    binding: BindingOutcome,
    expires: Timestamp,
    keys: ContextKeys,
    sealer: Sealer,
    opener: Opener,
}

/// Names of both sides.
pub trait Parties {
    /// The peer's authenticated name, if it proved one.
    fn peer(&self) -> Option<&(dyn Display + Send + Sync)>;

    /// Our own name.
    fn local(&self) -> &(dyn Display + Send + Sync);
}

/// Sequence numbers start below 2^30, so that none of the peers that read them as signed goes wrong soon.
pub(crate) const FIRST_SEQUENCE_MASK: u32 = 0x3fff_ffff;

/// What the AP exchange agreed on.
pub(crate) struct Agreed {
    pub(crate) role: Role,
    pub(crate) mechanism: Oid,
    pub(crate) flags: ContextFlags,
    pub(crate) binding: BindingOutcome,
    pub(crate) expires: Timestamp,
    pub(crate) keys: ContextKeys,
    pub(crate) send_sequence: u64,
    pub(crate) receive_sequence: u64,
}

/// The keys of a context by origin; RFC 4121 section 2 says which one protects messages.
pub(crate) struct ContextKeys {
    /// The initiator's subkey, or the ticket's session key when it sent none.
    pub(crate) initiator: Key,
    /// The acceptor's subkey, when it asserted one.
    pub(crate) acceptor: Option<Key>,
}

impl ContextKeys {
    fn message_key(&self) -> &Key {
        self.acceptor.as_ref().unwrap_or(&self.initiator)
    }
}

impl<P: Parties> Context<P> {
    pub(crate) fn new(parties: P, agreed: Agreed) -> Result<Self, KeyError> {
        let (sealer, opener) = message::halves(&Parameters {
            role: agreed.role,
            key: agreed.keys.message_key(),
            acceptor_subkey: agreed.keys.acceptor.is_some(),
            send_sequence: agreed.send_sequence,
            receive_sequence: agreed.receive_sequence,
            flags: agreed.flags,
        })?;
        Ok(Self {
            parties,
            role: agreed.role,
            mechanism: agreed.mechanism,
            flags: agreed.flags,
            binding: agreed.binding,
            expires: agreed.expires,
            keys: agreed.keys,
            sealer,
            opener,
        })
    }

    /// What this role knows beyond the facts both share.
    pub fn parties(&self) -> &P {
        &self.parties
    }

    /// The same with ownership, dropping keys and message protection.
    pub fn into_parties(self) -> P {
        self.parties
    }

    /// The key that protects messages: the acceptor's subkey, or the initiator's, or the session key.
    /// Whoever holds it can read and forge all messages of the context.
    pub fn secret_message_key(&self) -> &Key {
        self.keys.message_key()
    }
}

impl<P: Parties> SecurityContext for Context<P> {
    type Sealer = Sealer;
    type Opener = Opener;

    fn facts(&self) -> Facts<'_> {
        Facts {
            role: self.role,
            mechanism: self.mechanism,
            peer: self.parties.peer(),
            local: Some(self.parties.local()),
            flags: self.flags,
            expires: Some(self.expires),
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

    fn secret_session_key(&self) -> Option<&[u8]> {
        Some(self.keys.message_key().secret_bytes())
    }

    /// RFC 4401 with the keys of RFC 7802.
    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError> {
        let key = match key {
            PrfKey::Full => self.keys.message_key(),
            PrfKey::Partial => &self.keys.initiator,
        };
        message::prf(key, input, output);
        Ok(())
    }
}

impl<P: Parties> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts().fmt(f)
    }
}
