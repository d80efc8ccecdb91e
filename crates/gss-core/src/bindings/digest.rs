//! Channel bindings as Kerberos and NTLM carry them: an MD5 in the authenticator's checksum (RFC 4121 section 4.1.1.2)
//! or among the client's attributes (MS-NLMP 2.2.2.1).

use super::ChannelBindings;
use md5::{Digest, Md5};

/// The MD5 of channel bindings, or zeros for none: the `Bnd` field of Kerberos, NTLM's `MsvAvChannelBindings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindingDigest(pub [u8; 16]);

impl BindingDigest {
    /// What an initiator without bindings sends.
    pub const NONE: Self = Self([0; 16]);

    /// The digest of these bindings.
    #[must_use]
    pub fn of(bindings: &ChannelBindings<'_>) -> Self {
        let mut hash = Md5::new();
        bindings.feed(&mut |bytes| hash.update(bytes));
        Self(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_specification() {
        let data: [u8; 32] = core::array::from_fn(|index| index as u8);
        let file = test_support::vectors::load("tokens/channel-bindings.txt");
        for record in file.records() {
            let prefix = record.text("prefix");
            let data = data.get(..record.int("length") as usize).unwrap();
            let digest = BindingDigest::of(&ChannelBindings::with_prefix(prefix.as_bytes(), data));
            assert_eq!(digest.0.as_slice(), record.hex("md5"), "{prefix}");
        }
    }
}
