use super::ChannelBindings;
use alloc::vec::Vec;
use core::fmt;

/// Which of the bindings that TLS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsBinding {
    /// `tls-exporter` (RFC 9266): this one connection.
    Exporter,
    /// `tls-server-end-point` (RFC 5929 section 4): any connection to servers with this certificate.
    ServerEndPoint,
}

impl TlsBinding {
    /// Both, the stronger one first.
    pub const ALL: [Self; 2] = [Self::Exporter, Self::ServerEndPoint];

    /// The name that IANA has registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exporter => "tls-exporter",
            Self::ServerEndPoint => "tls-server-end-point",
        }
    }

    /// The binding of this name. Case matters (RFC 5056 section 7).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|binding| binding.name() == name)
    }
}

impl fmt::Display for TlsBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one side knows about a TLS connection that a context can be bound to. Without TLS it is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TlsChannel {
    exporter: Option<[u8; 32]>,
    end_points: Vec<Vec<u8>>,
}

impl TlsChannel {
    /// Nothing: no TLS, or nothing that can be bound to.
    #[must_use]
    pub const fn none() -> Self {
        Self { exporter: None, end_points: Vec::new() }
    }

    /// The same channel with what the exporter of TLS 1.3 gave for the label `EXPORTER-Channel-Binding` (RFC 9266).
    #[must_use]
    pub fn with_exporter(self, exported: [u8; 32]) -> Self {
        Self { exporter: Some(exported), ..self }
    }

    /// The same channel with the hash of a certificate of the server (RFC 5929 section 4). A server behind several TLS
    /// terminators has several.
    #[must_use]
    pub fn with_end_point(mut self, certificate_hash: impl Into<Vec<u8>>) -> Self {
        self.end_points.push(certificate_hash.into());
        self
    }

    /// Whether there is nothing to bind to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exporter.is_none() && self.end_points.is_empty()
    }

    /// Whether a binding of this kind can be made.
    #[must_use]
    pub fn has(&self, binding: TlsBinding) -> bool {
        self.of(binding).next().is_some()
    }

    /// All bindings of one kind.
    pub fn of(&self, binding: TlsBinding) -> impl Iterator<Item = ChannelBindings<'_>> {
        let (exporter, end_points) = match binding {
            TlsBinding::Exporter => (self.exporter.as_ref(), [].as_slice()),
            TlsBinding::ServerEndPoint => (None, self.end_points.as_slice()),
        };
        let exporter = exporter.into_iter().map(ChannelBindings::tls_exporter);
        exporter.chain(end_points.iter().map(|hash| ChannelBindings::tls_server_end_point(hash)))
    }

    /// All bindings, the stronger ones first.
    pub fn bindings(&self) -> impl Iterator<Item = ChannelBindings<'_>> {
        TlsBinding::ALL.into_iter().flat_map(|binding| self.of(binding))
    }
}

/// Which bindings there are, not their values: the exporter's is for the two ends alone.
impl fmt::Debug for TlsChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsChannel")
            .field("exporter", &self.exporter.is_some())
            .field("end_points", &self.end_points.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_channel_has_the_bindings_it_was_given() {
        let none = TlsChannel::none();
        assert!(none.is_empty() && none.bindings().next().is_none());
        let channel = none.with_end_point([1; 32]).with_exporter([2; 32]).with_end_point([3; 48]);
        assert!(!channel.is_empty() && TlsBinding::ALL.into_iter().all(|binding| channel.has(binding)));
        let expected = [
            ChannelBindings::tls_exporter(&[2; 32]),
            ChannelBindings::tls_server_end_point(&[1; 32]),
            ChannelBindings::tls_server_end_point(&[3; 48]),
        ];
        assert!(channel.bindings().eq(expected));
        assert!(channel.of(TlsBinding::ServerEndPoint).eq(expected.into_iter().skip(1)));
        assert_eq!(format!("{channel:?}"), "TlsChannel { exporter: true, end_points: 2 }");
    }

    #[test]
    fn names_are_those_of_the_prefixes() {
        let channel = TlsChannel::none().with_end_point([1]).with_exporter([2; 32]);
        for binding in TlsBinding::ALL {
            assert_eq!(TlsBinding::parse(binding.name()), Some(binding));
            let prefix = format!("{binding}:");
            assert!(channel.of(binding).all(|bindings| bindings.application_prefix == prefix.as_bytes()));
        }
        assert_eq!(TlsBinding::parse("TLS-exporter"), None);
        assert_eq!(TlsBinding::parse("tls-unique"), None);
    }
}
