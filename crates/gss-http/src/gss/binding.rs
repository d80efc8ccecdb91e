use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_core::{BindingOutcome, ChannelBindings, ContextFlags, SecurityContext, oid};
use zeroize::Zeroizing;

/// One binding of a TLS channel, with its data: what a context was bound to.
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    kind: TlsBinding,
    data: Zeroizing<Vec<u8>>,
}

impl Binding {
    /// All bindings of one kind that a channel has.
    pub fn of(channel: &TlsChannel, kind: TlsBinding) -> impl Iterator<Item = Self> {
        channel.of(kind).map(move |bindings| Self::new(kind, bindings.application_data))
    }

    pub(super) fn new(kind: TlsBinding, data: &[u8]) -> Self {
        Self { kind, data: Zeroizing::new(Vec::from(data)) }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> TlsBinding {
        self.kind
    }

    /// What the name stands for on this channel: the exporter's bytes, or the certificate's hash.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The same for a mechanism.
    #[must_use]
    pub fn channel_bindings(&self) -> ChannelBindings<'_> {
        let prefix: &[u8] = match self.kind {
            TlsBinding::Exporter => b"tls-exporter:",
            TlsBinding::ServerEndPoint => b"tls-server-end-point:",
        };
        ChannelBindings::with_prefix(prefix, &self.data)
    }

    /// Whether a channel has it.
    #[must_use]
    pub fn is_on(&self, channel: &TlsChannel) -> bool {
        channel.of(self.kind).any(|bindings| bindings.application_data == &**self.data)
    }
}

/// The kind, not the data: the exporter's is for the two ends alone.
impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binding({})", self.kind)
    }
}

/// Whether a context can be used again: it is bound to its channel, signs messages, and each of its MICs can be verified
/// by itself. Those of NTLM are a stream, in which no request may overtake another.
pub(super) fn can_be_used_again(context: &impl SecurityContext) -> bool {
    let facts = context.facts();
    facts.binding == BindingOutcome::Bound
        && facts.flags.contains(ContextFlags::INTEGRITY)
        && !oid::same_mechanism(&facts.mechanism, &oid::NTLMSSP)
}

/// What stands in `cb`: kinds of bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bindings {
    exporter: bool,
    end_point: bool,
}

impl Bindings {
    /// None.
    pub const NONE: Self = Self { exporter: false, end_point: false };
    /// All that are known.
    pub const ALL: Self = Self { exporter: true, end_point: true };

    /// These and one more.
    #[must_use]
    pub const fn with(self, kind: TlsBinding) -> Self {
        match kind {
            TlsBinding::Exporter => Self { exporter: true, ..self },
            TlsBinding::ServerEndPoint => Self { end_point: true, ..self },
        }
    }

    /// Whether this kind is among them.
    #[must_use]
    pub const fn contains(self, kind: TlsBinding) -> bool {
        match kind {
            TlsBinding::Exporter => self.exporter,
            TlsBinding::ServerEndPoint => self.end_point,
        }
    }

    /// The kinds, the stronger one first.
    pub fn iter(self) -> impl Iterator<Item = TlsBinding> {
        TlsBinding::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    /// Those that a channel has.
    #[must_use]
    pub fn on(self, channel: &TlsChannel) -> Self {
        self.iter().filter(|kind| channel.has(*kind)).fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn bindings_are_those_of_the_channel() {
        let channel =
            TlsChannel::none().with_exporter([1; 32]).with_end_point([2; 32]).with_end_point([3; 48]);
        for kind in TlsBinding::ALL {
            let all: Vec<_> = Binding::of(&channel, kind).collect();
            assert!(all.iter().map(Binding::channel_bindings).eq(channel.of(kind)));
            assert!(all.iter().all(|binding| binding.is_on(&channel) && binding.kind() == kind));
            assert!(!all[0].is_on(&TlsChannel::none().with_exporter([9; 32]).with_end_point([9; 32])));
            assert_eq!(format!("{:?}", all[0]), format!("Binding({kind})"));
        }
    }

    #[test]
    fn sets_keep_what_a_channel_has() {
        let end_point = TlsChannel::none().with_end_point([2; 32]);
        assert_eq!(Bindings::ALL.on(&end_point), Bindings::NONE.with(TlsBinding::ServerEndPoint));
        assert_eq!(Bindings::NONE.with(TlsBinding::Exporter).on(&end_point), Bindings::NONE);
        assert!(Bindings::ALL.iter().eq(TlsBinding::ALL));
    }
}
