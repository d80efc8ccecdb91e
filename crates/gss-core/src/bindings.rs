//! Channel bindings: what a context is tied to, their digest, and how an acceptor compares them.

mod check;
mod digest;
#[cfg(feature = "alloc")]
mod tls;

pub use self::check::{
    BindingCheck, BindingChecked, BindingFailure, MAX_ACCEPTABLE_BINDINGS, TooManyBindings,
};
pub use self::digest::BindingDigest;
#[cfg(feature = "alloc")]
pub use self::tls::{TlsBinding, TlsChannel};

/// The channel a context is tied to (`gss_channel_bindings_struct` of RFC 2744 section 3.11).
///
/// For TLS use one of the named constructors: address types 0 and no addresses, as every known peer does.
/// The application data is the concatenation of a prefix and data, so that `tls-exporter:` and 32 bytes need no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelBindings<'a> {
    /// Address family of the initiator (`GSS_C_AF_*`); 0 for none.
    pub initiator_address_type: u32,
    /// Address of the initiator.
    pub initiator_address: &'a [u8],
    /// Address family of the acceptor (`GSS_C_AF_*`); 0 for none.
    pub acceptor_address_type: u32,
    /// Address of the acceptor.
    pub acceptor_address: &'a [u8],
    /// First part of the application data, for instance `tls-server-end-point:`.
    pub application_prefix: &'a [u8],
    /// Rest of the application data.
    pub application_data: &'a [u8],
}

impl<'a> ChannelBindings<'a> {
    /// Bindings of this application data and no addresses.
    #[must_use]
    pub const fn new(application_data: &'a [u8]) -> Self {
        Self::with_prefix(b"", application_data)
    }

    /// Bindings whose application data is `prefix` followed by `data`, and no addresses.
    #[must_use]
    pub const fn with_prefix(prefix: &'a [u8], data: &'a [u8]) -> Self {
        Self {
            initiator_address_type: 0,
            initiator_address: b"",
            acceptor_address_type: 0,
            acceptor_address: b"",
            application_prefix: prefix,
            application_data: data,
        }
    }

    /// The certificate's hash, made with the hash function of its signature, SHA-256 in place of MD5 and SHA-1
    /// (RFC 5929 section 4).
    #[must_use]
    pub const fn tls_server_end_point(certificate_hash: &'a [u8]) -> Self {
        Self::with_prefix(b"tls-server-end-point:", certificate_hash)
    }

    /// 32 bytes from the exporter of TLS 1.3, label `EXPORTER-Channel-Binding`, context of length zero (RFC 9266).
    #[must_use]
    pub const fn tls_exporter(exported: &'a [u8; 32]) -> Self {
        Self::with_prefix(b"tls-exporter:", exported)
    }

    /// The first Finished message of the last handshake (RFC 5929 section 3); not defined for TLS 1.3.
    #[must_use]
    pub const fn tls_unique(finished: &'a [u8]) -> Self {
        Self::with_prefix(b"tls-unique:", finished)
    }

    /// Feeds `hash` with the bytes whose MD5 is the `Bnd` field of Kerberos (RFC 4121 section 4.1.1.2) and the
    /// `MsvAvChannelBindings` of NTLM: types, lengths (32 bits, least significant byte first) and values in order.
    ///
    /// Lengths of 2^32 bytes and more are given as 2^32-1.
    pub fn feed(&self, hash: &mut dyn FnMut(&[u8])) {
        hash(&self.initiator_address_type.to_le_bytes());
        feed_counted(hash, self.initiator_address, b"");
        hash(&self.acceptor_address_type.to_le_bytes());
        feed_counted(hash, self.acceptor_address, b"");
        feed_counted(hash, self.application_prefix, self.application_data);
    }
}

fn feed_counted(hash: &mut dyn FnMut(&[u8]), first: &[u8], second: &[u8]) {
    let length = first.len().saturating_add(second.len());
    hash(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    hash(first);
    hash(second);
}

/// What an acceptor does with the channel bindings that initiators send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BindingPolicy {
    /// Bindings are not looked at.
    Ignore,
    /// An initiator without bindings is let in; one with other bindings is refused. What MIT, Heimdal and Windows do
    /// by default.
    #[default]
    VerifyIfPresent,
    /// An initiator without bindings is refused too.
    Require,
}

/// The bindings an acceptor lets in, and its policy.
///
/// Several bindings are acceptable behind a TLS terminator with several certificates, or where peers may choose
/// between `tls-exporter` and `tls-server-end-point`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptableBindings<'a> {
    /// What to do.
    pub policy: BindingPolicy,
    /// Any of these is a match. With none of them, [`BindingPolicy::VerifyIfPresent`] checks nothing, and
    /// [`BindingPolicy::Require`] refuses everyone.
    pub any_of: &'a [ChannelBindings<'a>],
}

/// How the channel binding of a context came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingOutcome {
    /// Both sides named the same channel. As initiator: the bindings were sent, protected by the mechanism.
    Bound,
    /// The initiator named no channel.
    Absent,
    /// The acceptor had nothing to compare with, or was told not to look.
    NotChecked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn layout_is_that_of_rfc_4121() {
        let hash: [u8; 32] = core::array::from_fn(|index| index as u8);
        let mut fed = Vec::new();
        ChannelBindings::tls_server_end_point(&hash).feed(&mut |bytes| fed.extend_from_slice(bytes));
        let mut expected = Vec::from([0_u8; 16]);
        expected.extend_from_slice(&[0x35, 0, 0, 0]);
        expected.extend_from_slice(b"tls-server-end-point:");
        expected.extend_from_slice(&hash);
        assert_eq!(fed, expected);
    }

    #[test]
    fn where_the_prefix_ends_does_not_matter() {
        let feed = |bindings: ChannelBindings<'_>| {
            let mut fed = Vec::new();
            bindings.feed(&mut |bytes| fed.extend_from_slice(bytes));
            fed
        };
        assert_eq!(feed(ChannelBindings::new(b"ab:cd")), feed(ChannelBindings::with_prefix(b"ab:", b"cd")));
        let addressed = ChannelBindings { initiator_address_type: 2, ..ChannelBindings::new(b"ab:cd") };
        assert_ne!(feed(addressed), feed(ChannelBindings::new(b"ab:cd")));
    }
}
