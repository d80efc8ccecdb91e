use super::error::WireError;
use super::flags::NegotiateFlags;
use core::fmt;
use gss_core::reader::Reader;

/// The sender's operating system: `VERSION` of MS-NLMP section 2.2.2.10. For people who look for faults; nothing is
/// decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Number of the build.
    pub build: u16,
    /// Revision of NTLM; [`Self::REVISION`] everywhere today.
    pub revision: u8,
}

const LEN: usize = 8;

impl Version {
    /// The one revision of NTLM that is defined (`NTLMSSP_REVISION_W2K3`).
    pub const REVISION: u8 = 0x0f;

    /// The version in these bytes. The three reserved ones are not looked at, as the specification demands.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        let [major, minor, low, high, _, _, _, revision] = bytes;
        Self { major, minor, build: u16::from_le_bytes([low, high]), revision }
    }

    /// The bytes of this version, with zeros for the reserved ones.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        let [low, high] = self.build.to_le_bytes();
        [self.major, self.minor, low, high, 0, 0, 0, self.revision]
    }

    /// The version `at` this place of `message`, if its flag is set and the header reaches behind it.
    pub(super) fn read(
        message: &[u8],
        at: usize,
        header_len: usize,
        flags: NegotiateFlags,
    ) -> Result<Option<Self>, WireError> {
        if !flags.contains(NegotiateFlags::VERSION) || at.saturating_add(LEN) > header_len {
            return Ok(None);
        }
        let mut reader = Reader::new(message);
        reader.take(at)?;
        Ok(Some(Self::from_bytes(reader.take_array()?)))
    }

    /// What stands in a header for `version`.
    pub(super) fn bytes_or_zeros(version: Option<Self>) -> [u8; LEN] {
        version.map_or([0; LEN], Self::to_bytes)
    }

    /// `flags`, made to say whether there is a `version`.
    pub(super) fn flag(version: Option<Self>, flags: NegotiateFlags) -> NegotiateFlags {
        flags.without(NegotiateFlags::VERSION).with_if(NegotiateFlags::VERSION, version.is_some())
    }
}

/// `10.0.22625 (NTLM revision 15)`
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{} (NTLM revision {})", self.major, self.minor, self.build, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn bytes_and_back() {
        let bytes = [10, 0, 0x61, 0x58, 0, 0, 0, 15];
        let version = Version::from_bytes(bytes);
        assert_eq!(version.to_string(), "10.0.22625 (NTLM revision 15)");
        assert_eq!(version.to_bytes(), bytes);
        assert_eq!(Version::from_bytes([10, 0, 0x61, 0x58, 1, 2, 3, 15]), version);
    }
}
