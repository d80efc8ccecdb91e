use core::fmt;
use gss_core::{Handshake, Oid, oid};

/// A mechanism that may be negotiated, with its handshake ready to start.
pub struct Offer<H> {
    mechanism: Oid,
    alias: Option<Oid>,
    handshake: Option<H>, // None once it was started
}

impl<H> Offer<H> {
    /// Offers `handshake` under the name `mechanism`.
    #[must_use]
    pub const fn new(mechanism: Oid, handshake: H) -> Self {
        Self { mechanism, alias: None, handshake: Some(handshake) }
    }

    /// Lists the mechanism under `alias` too, in front of its own name.
    #[must_use]
    pub fn with_alias(mut self, alias: Oid) -> Self {
        self.alias = Some(alias);
        self
    }

    /// Lists Kerberos under the name of Windows 2000 too, as Windows does (MS-SPNG 3.1.5.2).
    #[must_use]
    pub fn with_microsoft_oid(self) -> Self {
        self.with_alias(oid::KRB5_MICROSOFT)
    }

    /// The mechanism's own name.
    #[must_use]
    pub const fn mechanism(&self) -> Oid {
        self.mechanism
    }

    /// The names to be listed.
    pub(crate) fn names(&self) -> impl Iterator<Item = Oid> {
        self.alias.into_iter().chain([self.mechanism])
    }

    /// Whether `name` stands for this mechanism.
    pub(crate) fn is_named(&self, name: &Oid) -> bool {
        self.alias.as_ref() == Some(name) || oid::same_mechanism(&self.mechanism, name)
    }

    pub(crate) fn is_available(&self) -> bool {
        self.handshake.is_some()
    }

    /// The handshake, which can be started once.
    pub(crate) fn take(&mut self) -> Option<H> {
        self.handshake.take()
    }
}

impl<H> fmt::Debug for Offer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Offer");
        out.field("mechanism", &format_args!("{}", self.mechanism));
        if let Some(alias) = self.alias {
            out.field("alias", &format_args!("{alias}"));
        }
        out.finish_non_exhaustive()
    }
}

/// A list of offers, most preferred first: `[Offer<H>; N]`, or `Vec<Offer<H>>` with feature `alloc`.
pub trait Offers {
    /// The handshake that all offers have.
    type Mechanism: Handshake;

    /// The offers.
    fn as_slice(&self) -> &[Offer<Self::Mechanism>];

    /// The offers, to take handshakes out of them.
    fn as_mut_slice(&mut self) -> &mut [Offer<Self::Mechanism>];
}

impl<H: Handshake, const N: usize> Offers for [Offer<H>; N] {
    type Mechanism = H;

    fn as_slice(&self) -> &[Offer<H>] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [Offer<H>] {
        self
    }
}

#[cfg(feature = "alloc")]
impl<H: Handshake> Offers for alloc::vec::Vec<Offer<H>> {
    type Mechanism = H;

    fn as_slice(&self) -> &[Offer<H>] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [Offer<H>] {
        self
    }
}
