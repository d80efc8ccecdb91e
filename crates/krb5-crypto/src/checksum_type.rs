//! Checksum type numbers (RFC 3961 section 8 and the IANA registry).

use core::fmt;

/// A checksum type number as it stands in messages. Any number can be held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChecksumType(pub i32);

impl ChecksumType {
    /// `crc32`, without a key.
    pub const CRC32: Self = Self(1);
    /// `rsa-md4`, without a key.
    pub const RSA_MD4: Self = Self(2);
    /// `rsa-md5`, without a key.
    pub const RSA_MD5: Self = Self(7);
    /// `hmac-sha1-des3-kd` (RFC 3961).
    pub const HMAC_SHA1_DES3_KD: Self = Self(12);
    /// `sha1`, without a key.
    pub const SHA1: Self = Self(14);
    /// `hmac-sha1-96-aes128` (RFC 3962), 12 bytes.
    pub const HMAC_SHA1_96_AES128: Self = Self(15);
    /// `hmac-sha1-96-aes256` (RFC 3962), 12 bytes.
    pub const HMAC_SHA1_96_AES256: Self = Self(16);
    /// `cmac-camellia128` (RFC 6803), 16 bytes.
    pub const CMAC_CAMELLIA128: Self = Self(17);
    /// `cmac-camellia256` (RFC 6803), 16 bytes.
    pub const CMAC_CAMELLIA256: Self = Self(18);
    /// `hmac-sha256-128-aes128` (RFC 8009), 16 bytes.
    pub const HMAC_SHA256_128_AES128: Self = Self(19);
    /// `hmac-sha384-192-aes256` (RFC 8009), 24 bytes.
    pub const HMAC_SHA384_192_AES256: Self = Self(20);
    /// The checksum in an initiator's authenticator that carries bindings, flags and delegation instead of a
    /// checksum (RFC 4121 section 4.1.1).
    pub const GSS: Self = Self(0x8003);
    /// `hmac-md5` with the RC4 key itself, 16 bytes.
    pub const MD5_HMAC: Self = Self(-137);
    /// `hmac-md5` of RFC 4757 section 4, 16 bytes.
    pub const HMAC_MD5: Self = Self(-138);

    /// The registered name, or `None` for a number this crate has no name for.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CRC32 => "crc32",
            Self::RSA_MD4 => "rsa-md4",
            Self::RSA_MD5 => "rsa-md5",
            Self::HMAC_SHA1_DES3_KD => "hmac-sha1-des3-kd",
            Self::SHA1 => "sha1",
            Self::HMAC_SHA1_96_AES128 => "hmac-sha1-96-aes128",
            Self::HMAC_SHA1_96_AES256 => "hmac-sha1-96-aes256",
            Self::CMAC_CAMELLIA128 => "cmac-camellia128",
            Self::CMAC_CAMELLIA256 => "cmac-camellia256",
            Self::HMAC_SHA256_128_AES128 => "hmac-sha256-128-aes128",
            Self::HMAC_SHA384_192_AES256 => "hmac-sha384-192-aes256",
            Self::GSS => "gssapi",
            Self::MD5_HMAC => "md5-hmac-rc4",
            Self::HMAC_MD5 => "hmac-md5-rc4",
            _ => return None,
        })
    }

    /// Whether the type is known to depend on a key. Without one, anybody can make a fitting checksum.
    /// Unknown types, and the GSS pseudo checksum, count as not keyed.
    pub fn is_keyed(self) -> bool {
        matches!(
            self,
            Self::HMAC_SHA1_DES3_KD
                | Self::HMAC_SHA1_96_AES128
                | Self::HMAC_SHA1_96_AES256
                | Self::CMAC_CAMELLIA128
                | Self::CMAC_CAMELLIA256
                | Self::HMAC_SHA256_128_AES128
                | Self::HMAC_SHA384_192_AES256
                | Self::MD5_HMAC
                | Self::HMAC_MD5
        )
    }
}

/// Prints the name, or `checksum type N` for a number without one.
impl fmt::Display for ChecksumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "checksum type {}", self.0),
        }
    }
}

impl fmt::Debug for ChecksumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i32> for ChecksumType {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn unkeyed_and_unknown_types_are_not_keyed() {
        for number in [1, 2, 7, 14, 0x8003, 0, 99, -1] {
            assert!(!ChecksumType(number).is_keyed(), "{number}");
        }
        for number in [12, 15, 16, 17, 18, 19, 20, -137, -138] {
            assert!(ChecksumType(number).is_keyed(), "{number}");
        }
    }

    #[test]
    fn debug_prints_the_name() {
        assert_eq!(format!("{:?}", ChecksumType(16)), "hmac-sha1-96-aes256");
        assert_eq!(format!("{:?}", ChecksumType(5)), "checksum type 5");
    }
}
