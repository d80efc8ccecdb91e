//! Keyed checksums (RFC 3961 section 4).

use core::fmt;

use crate::checksum_type::ChecksumType;
use crate::error::{BufferTooSmall, IntegrityError};
#[cfg(feature = "camellia")]
use crate::primitive::camellia::{CmacCamellia128, CmacCamellia256};
use crate::primitive::hmac::{HmacSha1, HmacSha256, HmacSha384};
use crate::primitive::{mac_over, tags_match};
use crate::profile::aes_sha1::{Aes128Sha1, Aes256Sha1};
use crate::profile::aes_sha2::{Aes128Sha2, Aes256Sha2};
#[cfg(feature = "camellia")]
use crate::profile::camellia::{Camellia128Cmac, Camellia256Cmac};
#[cfg(feature = "rc4")]
use crate::profile::rc4_hmac::Rc4Checksum;
use crate::profile::{CtsProfile, Profile};
use crate::usage::KeyUsage;

/// The longest checksum, in bytes.
const MAX_TAG_LEN: usize = 24;

/// A key made ready for checksums of one usage: [`Key::checksum`](crate::Key::checksum).
pub struct ChecksumKey {
    checksum_type: ChecksumType,
    inner: Inner,
}

#[derive(Clone)]
enum Inner {
    HmacSha1(HmacSha1),
    HmacSha256(HmacSha256),
    HmacSha384(HmacSha384),
    #[cfg(feature = "camellia")]
    CmacCamellia128(CmacCamellia128),
    #[cfg(feature = "camellia")]
    CmacCamellia256(CmacCamellia256),
    #[cfg(feature = "rc4")]
    HmacMd5(Rc4Checksum),
}

impl ChecksumKey {
    pub(crate) fn new(profile: Profile, key: &[u8], usage: KeyUsage) -> Self {
        let (checksum_type, inner) = match profile {
            Profile::Aes128Sha1 => {
                (ChecksumType::HMAC_SHA1_96_AES128, Inner::HmacSha1(Aes128Sha1::checksum(key, usage)))
            }
            Profile::Aes256Sha1 => {
                (ChecksumType::HMAC_SHA1_96_AES256, Inner::HmacSha1(Aes256Sha1::checksum(key, usage)))
            }
            Profile::Aes128Sha2 => {
                (ChecksumType::HMAC_SHA256_128_AES128, Inner::HmacSha256(Aes128Sha2::checksum(key, usage)))
            }
            Profile::Aes256Sha2 => {
                (ChecksumType::HMAC_SHA384_192_AES256, Inner::HmacSha384(Aes256Sha2::checksum(key, usage)))
            }
            #[cfg(feature = "camellia")]
            Profile::Camellia128 => (
                ChecksumType::CMAC_CAMELLIA128,
                Inner::CmacCamellia128(Camellia128Cmac::checksum(key, usage)),
            ),
            #[cfg(feature = "camellia")]
            Profile::Camellia256 => (
                ChecksumType::CMAC_CAMELLIA256,
                Inner::CmacCamellia256(Camellia256Cmac::checksum(key, usage)),
            ),
            #[cfg(feature = "rc4")]
            Profile::Rc4Hmac => return Self::hmac_md5(key, usage),
        };
        Self { checksum_type, inner }
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn duplicate(&self) -> Self {
        Self { checksum_type: self.checksum_type, inner: self.inner.clone() }
    }

    #[cfg(feature = "rc4")]
    pub(crate) fn hmac_md5(key: &[u8], usage: KeyUsage) -> Self {
        let inner = Inner::HmacMd5(Rc4Checksum::hmac_md5(key, usage));
        Self { checksum_type: ChecksumType::HMAC_MD5, inner }
    }

    #[cfg(feature = "rc4")]
    pub(crate) fn md5_hmac(key: &[u8], usage: KeyUsage) -> Self {
        let inner = Inner::HmacMd5(Rc4Checksum::md5_hmac(key, usage));
        Self { checksum_type: ChecksumType::MD5_HMAC, inner }
    }

    /// The checksum type that goes into messages beside the checksum.
    pub fn checksum_type(&self) -> ChecksumType {
        self.checksum_type
    }

    /// Length of a checksum in bytes: 12, 16 or 24.
    #[expect(clippy::len_without_is_empty, reason = "no checksum is empty")]
    pub fn len(&self) -> usize {
        match &self.inner {
            Inner::HmacSha1(_) => Aes128Sha1::MAC_LEN,
            Inner::HmacSha256(_) => Aes128Sha2::MAC_LEN,
            Inner::HmacSha384(_) => Aes256Sha2::MAC_LEN,
            #[cfg(feature = "camellia")]
            Inner::CmacCamellia128(_) | Inner::CmacCamellia256(_) => Camellia128Cmac::MAC_LEN,
            #[cfg(feature = "rc4")]
            Inner::HmacMd5(_) => 16,
        }
    }

    /// The checksum of the chunks laid end to end.
    pub fn compute_tag(&self, chunks: &[&[u8]]) -> Tag {
        let take = |full: &[u8]| Tag::truncated(full, self.len());
        match &self.inner {
            Inner::HmacSha1(mac) => mac_over(mac, chunks, take),
            Inner::HmacSha256(mac) => mac_over(mac, chunks, take),
            Inner::HmacSha384(mac) => mac_over(mac, chunks, take),
            #[cfg(feature = "camellia")]
            Inner::CmacCamellia128(mac) => mac_over(mac, chunks, take),
            #[cfg(feature = "camellia")]
            Inner::CmacCamellia256(mac) => mac_over(mac, chunks, take),
            #[cfg(feature = "rc4")]
            Inner::HmacMd5(checksum) => checksum.compute(chunks, take),
        }
    }

    /// Writes the checksum of the chunks to the first [`ChecksumKey::len`] bytes of `out`.
    ///
    /// # Errors
    /// [`BufferTooSmall`] if `out` is shorter than that.
    pub fn compute(&self, chunks: &[&[u8]], out: &mut [u8]) -> Result<(), BufferTooSmall> {
        let small = BufferTooSmall { needed: self.len(), found: out.len() };
        let out = out.get_mut(..self.len()).ok_or(small)?;
        out.copy_from_slice(self.compute_tag(chunks).as_bytes());
        Ok(())
    }

    /// Verifies a checksum over the chunks laid end to end, in constant time.
    ///
    /// # Errors
    /// [`IntegrityError`] if `tag` is not their checksum, or not as long as one.
    pub fn verify(&self, chunks: &[&[u8]], tag: &[u8]) -> Result<ChecksumVerified, IntegrityError> {
        if tags_match(self.compute_tag(chunks).as_bytes(), tag) {
            Ok(ChecksumVerified { _made_by_verify: () })
        } else {
            Err(IntegrityError)
        }
    }
}

impl fmt::Debug for ChecksumKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChecksumKey").field("checksum_type", &self.checksum_type).finish_non_exhaustive()
    }
}

/// A checksum, held in the value itself. To verify one that was received use [`ChecksumKey::verify`], not a
/// comparison.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    bytes: [u8; MAX_TAG_LEN],
    len: usize,
}

impl Tag {
    /// The bytes that go into a message.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn truncated(full: &[u8], len: usize) -> Self {
        let mut bytes = [0; MAX_TAG_LEN];
        let len = bytes.iter_mut().zip(full).take(len).map(|(to, from)| *to = *from).count();
        Self { bytes, len }
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Proof that a checksum was verified: only [`ChecksumKey::verify`] makes one.
#[derive(Clone, Copy, Debug)]
#[must_use = "a state that depends on the check should hold its proof"]
pub struct ChecksumVerified {
    _made_by_verify: (),
}
