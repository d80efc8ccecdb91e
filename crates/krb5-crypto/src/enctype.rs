//! Encryption type numbers (RFC 3961 section 8 and the IANA registry).

use core::fmt;

use crate::checksum_type::ChecksumType;
use crate::profile::Profile;

/// An encryption type number as it stands in messages, keytabs and credential caches.
///
/// Any number can be held, also one that this build cannot use; see [`EncType::is_supported`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncType(pub i32);

impl EncType {
    /// `des-cbc-crc`, by name only (withdrawn by RFC 6649).
    pub const DES_CBC_CRC: Self = Self(1);
    /// `des-cbc-md4`, by name only (withdrawn by RFC 6649).
    pub const DES_CBC_MD4: Self = Self(2);
    /// `des-cbc-md5`, by name only (withdrawn by RFC 6649).
    pub const DES_CBC_MD5: Self = Self(3);
    /// `des3-cbc-sha1-kd`, by name only (deprecated by RFC 8429).
    pub const DES3_CBC_SHA1_KD: Self = Self(16);
    /// `aes128-cts-hmac-sha1-96` (RFC 3962).
    pub const AES128_CTS_HMAC_SHA1_96: Self = Self(17);
    /// `aes256-cts-hmac-sha1-96` (RFC 3962).
    pub const AES256_CTS_HMAC_SHA1_96: Self = Self(18);
    /// `aes128-cts-hmac-sha256-128` (RFC 8009).
    pub const AES128_CTS_HMAC_SHA256_128: Self = Self(19);
    /// `aes256-cts-hmac-sha384-192` (RFC 8009).
    pub const AES256_CTS_HMAC_SHA384_192: Self = Self(20);
    /// `rc4-hmac` (RFC 4757), weak; feature `rc4`.
    pub const RC4_HMAC: Self = Self(23);
    /// `rc4-hmac-exp`, by name only: its keys have 56 bits.
    pub const RC4_HMAC_EXP: Self = Self(24);
    /// `camellia128-cts-cmac` (RFC 6803); feature `camellia`.
    pub const CAMELLIA128_CTS_CMAC: Self = Self(25);
    /// `camellia256-cts-cmac` (RFC 6803); feature `camellia`.
    pub const CAMELLIA256_CTS_CMAC: Self = Self(26);

    /// The IANA name, or `None` for a number this crate has no name for.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(enctype, ..)| *enctype == self).map(|(_, name, _)| *name)
    }

    /// The enctype with this name, upper or lower case. Besides the IANA names, the short names that
    /// `krb5.conf` files use are known (`aes256-cts`, `aes128-sha2`, `arcfour-hmac`, ...).
    pub fn from_name(name: &str) -> Option<Self> {
        let is_name = |candidate: &str| candidate.eq_ignore_ascii_case(name);
        NAMES
            .iter()
            .find(|(_, canonical, aliases)| is_name(canonical) || aliases.iter().any(|alias| is_name(alias)))
            .map(|(enctype, ..)| *enctype)
    }

    /// Whether this build can make a [`Key`](crate::Key) of this enctype.
    pub fn is_supported(self) -> bool {
        Profile::of(self).is_some()
    }

    /// Whether the enctype is known to be weak and has to be allowed by name: DES (RFC 6649), triple DES and
    /// RC4 (RFC 8429). An unknown number is not called weak.
    pub fn is_weak(self) -> bool {
        matches!(self.0, 1..=7 | 16 | 23 | 24)
    }

    /// Length of a protocol key in bytes, whether or not this build supports the enctype; `None` for enctypes
    /// known only by name or not at all.
    pub fn key_len(self) -> Option<usize> {
        match self {
            Self::AES128_CTS_HMAC_SHA1_96
            | Self::AES128_CTS_HMAC_SHA256_128
            | Self::RC4_HMAC
            | Self::CAMELLIA128_CTS_CMAC => Some(16),
            Self::AES256_CTS_HMAC_SHA1_96 | Self::AES256_CTS_HMAC_SHA384_192 | Self::CAMELLIA256_CTS_CMAC => {
                Some(32)
            }
            _ => None,
        }
    }

    /// Length in bytes of the seed that random-to-key takes (RFC 3961 section 3). For every enctype here it
    /// is the key length, because random-to-key is the identity.
    pub fn seed_len(self) -> Option<usize> {
        self.key_len()
    }

    /// The checksum type required with this enctype, or `None` if the enctype is not known well enough.
    pub fn checksum_type(self) -> Option<ChecksumType> {
        match self {
            Self::AES128_CTS_HMAC_SHA1_96 => Some(ChecksumType::HMAC_SHA1_96_AES128),
            Self::AES256_CTS_HMAC_SHA1_96 => Some(ChecksumType::HMAC_SHA1_96_AES256),
            Self::AES128_CTS_HMAC_SHA256_128 => Some(ChecksumType::HMAC_SHA256_128_AES128),
            Self::AES256_CTS_HMAC_SHA384_192 => Some(ChecksumType::HMAC_SHA384_192_AES256),
            Self::RC4_HMAC => Some(ChecksumType::HMAC_MD5),
            Self::CAMELLIA128_CTS_CMAC => Some(ChecksumType::CMAC_CAMELLIA128),
            Self::CAMELLIA256_CTS_CMAC => Some(ChecksumType::CMAC_CAMELLIA256),
            _ => None,
        }
    }

    /// Whether GSS per-message tokens under keys of this enctype are those of RFC 4121. The older enctypes
    /// (DES, triple DES, RC4) use the tokens of RFC 1964 and RFC 4757.
    pub fn uses_cfx(self) -> bool {
        !self.is_weak()
    }
}

/// Prints the name, or `enctype N` for a number without one.
impl fmt::Display for EncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "enctype {}", self.0),
        }
    }
}

impl fmt::Debug for EncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i32> for EncType {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

/// Number, IANA name, other names in use.
const NAMES: &[(EncType, &str, &[&str])] = &[
    (EncType::DES_CBC_CRC, "des-cbc-crc", &[]),
    (EncType::DES_CBC_MD4, "des-cbc-md4", &[]),
    (EncType::DES_CBC_MD5, "des-cbc-md5", &[]),
    (EncType::DES3_CBC_SHA1_KD, "des3-cbc-sha1-kd", &["des3-cbc-sha1", "des3-hmac-sha1"]),
    (EncType::AES128_CTS_HMAC_SHA1_96, "aes128-cts-hmac-sha1-96", &["aes128-cts", "aes128-sha1"]),
    (EncType::AES256_CTS_HMAC_SHA1_96, "aes256-cts-hmac-sha1-96", &["aes256-cts", "aes256-sha1"]),
    (EncType::AES128_CTS_HMAC_SHA256_128, "aes128-cts-hmac-sha256-128", &["aes128-sha2"]),
    (EncType::AES256_CTS_HMAC_SHA384_192, "aes256-cts-hmac-sha384-192", &["aes256-sha2"]),
    (EncType::RC4_HMAC, "rc4-hmac", &["arcfour-hmac", "arcfour-hmac-md5"]),
    (EncType::RC4_HMAC_EXP, "rc4-hmac-exp", &["arcfour-hmac-exp", "arcfour-hmac-md5-exp"]),
    (EncType::CAMELLIA128_CTS_CMAC, "camellia128-cts-cmac", &["camellia128-cts"]),
    (EncType::CAMELLIA256_CTS_CMAC, "camellia256-cts-cmac", &["camellia256-cts"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_and_aliases_lead_back_to_the_number() {
        for (enctype, name, aliases) in NAMES {
            assert_eq!(enctype.name(), Some(*name));
            assert_eq!(EncType::from_name(&name.to_ascii_uppercase()), Some(*enctype));
            for alias in *aliases {
                assert_eq!(EncType::from_name(alias), Some(*enctype), "{alias}");
            }
        }
        assert_eq!(EncType::from_name("aes512-cts"), None);
        assert_eq!(EncType(99).name(), None);
    }

    #[test]
    fn debug_prints_the_name() {
        assert_eq!(format!("{:?}", EncType(18)), "aes256-cts-hmac-sha1-96");
        assert_eq!(format!("{:?}", EncType(-7)), "enctype -7");
    }

    #[test]
    fn only_old_enctypes_are_weak_and_without_cfx() {
        for (enctype, ..) in NAMES {
            let old = matches!(enctype.0, 1 | 2 | 3 | 16 | 23 | 24);
            assert_eq!(enctype.is_weak(), old, "{enctype}");
            assert_eq!(enctype.uses_cfx(), !old, "{enctype}");
        }
    }

    #[test]
    fn features_decide_what_is_supported() {
        for enctype in [17, 18, 19, 20] {
            assert!(EncType(enctype).is_supported());
        }
        assert_eq!(EncType::RC4_HMAC.is_supported(), cfg!(feature = "rc4"));
        assert_eq!(EncType::CAMELLIA128_CTS_CMAC.is_supported(), cfg!(feature = "camellia"));
        assert_eq!(EncType::CAMELLIA256_CTS_CMAC.is_supported(), cfg!(feature = "camellia"));
        for enctype in [-1, 0, 1, 3, 16, 21, 24, 27] {
            assert!(!EncType(enctype).is_supported());
        }
    }

    #[test]
    fn every_supported_enctype_has_its_lengths_and_checksum() {
        for number in -200..200 {
            let enctype = EncType(number);
            if enctype.is_supported() {
                assert!(enctype.key_len().is_some(), "{enctype}");
                assert!(enctype.checksum_type().is_some(), "{enctype}");
            }
        }
    }
}
