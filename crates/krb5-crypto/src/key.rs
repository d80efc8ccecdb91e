//! Protocol keys.

use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::checksum::ChecksumKey;
use crate::checksum_type::ChecksumType;
use crate::cipher::CipherKey;
use crate::enctype::EncType;
use crate::error::{KeyError, PrfTooLong, StringToKeyError};
#[cfg(feature = "alloc")]
use crate::kept::Kept;
use crate::profile::{KeyBytes, MAX_KEY_LEN, MAX_PRF_LEN, Profile};
use crate::string_to_key::{MAX_ITERATIONS, string_to_key};
use crate::usage::KeyUsage;

/// A protocol key (RFC 3961 section 3): an enctype that this build supports, and bytes of its key length.
///
/// The bytes live inside the value and are wiped on drop. There is no `Clone`, no `PartialEq` and no content
/// in `Debug`; copies and comparisons are explicit ([`Key::duplicate`], [`Key::ct_eq`]).
pub struct Key {
    profile: Profile,
    bytes: KeyBytes,
    #[cfg(feature = "alloc")]
    kept: Option<Kept>,
}

impl Key {
    fn of(profile: Profile, bytes: KeyBytes) -> Self {
        Self {
            profile,
            bytes,
            #[cfg(feature = "alloc")]
            kept: None,
        }
    }

    /// A key from its bytes, as they stand in a keytab or an `EncryptionKey`.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for an enctype that this build does not have, [`KeyError::Length`] if the
    /// number of bytes is not that enctype's key length.
    pub fn new(enctype: EncType, bytes: &[u8]) -> Result<Self, KeyError> {
        let profile = Profile::of(enctype).ok_or(KeyError::Unsupported(enctype))?;
        let expected = profile.key_len();
        if bytes.len() != expected {
            return Err(KeyError::Length { enctype, expected, found: bytes.len() });
        }
        let mut key = KeyBytes::zeroed(expected);
        key.bytes_mut().copy_from_slice(bytes);
        Ok(Self::of(profile, key))
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for an enctype that this build does not have.
    pub fn generate(enctype: EncType, rng: &mut dyn CryptoRng) -> Result<Self, KeyError> {
        let profile = Profile::of(enctype).ok_or(KeyError::Unsupported(enctype))?;
        let mut bytes = KeyBytes::zeroed(profile.key_len());
        rng.fill_bytes(bytes.bytes_mut());
        Ok(Self::of(profile, bytes))
    }

    /// random-to-key (RFC 3961 section 3): a key from [`EncType::seed_len`] bytes of randomness.
    ///
    /// # Errors
    /// Those of [`Key::new`], which this is the same as for every enctype here.
    pub fn random_to_key(enctype: EncType, seed: &[u8]) -> Result<Self, KeyError> {
        Self::new(enctype, seed)
    }

    /// string-to-key (RFC 3961 section 3): the key of a password.
    ///
    /// `salt` is the principal's (by default realm and name components laid end to end), `params` what the KDC
    /// sent as `s2kparams`, `None` if nothing. RC4-HMAC ignores the salt, wants UTF-8 and has no parameters.
    /// This takes long by intent: tens of milliseconds with the default parameters on a small machine.
    ///
    /// # Errors
    /// [`StringToKeyError`]; more than [`MAX_ITERATIONS`] iterations are refused.
    pub fn from_password(
        enctype: EncType,
        password: &[u8],
        salt: &[u8],
        params: Option<&[u8]>,
    ) -> Result<Self, StringToKeyError> {
        Self::from_password_with_limit(enctype, password, salt, params, MAX_ITERATIONS)
    }

    /// [`Key::from_password`] with the caller's own limit on iterations.
    ///
    /// # Errors
    /// [`StringToKeyError`].
    pub fn from_password_with_limit(
        enctype: EncType,
        password: &[u8],
        salt: &[u8],
        params: Option<&[u8]>,
        max_iterations: u32,
    ) -> Result<Self, StringToKeyError> {
        let profile = Profile::of(enctype).ok_or(StringToKeyError::Unsupported(enctype))?;
        let bytes = string_to_key(profile, password, salt, params, max_iterations)?;
        Ok(Self::of(profile, bytes))
    }

    /// random-to-key for a seed that has the profile's length by construction.
    #[cfg(feature = "spake")]
    pub(crate) fn from_seed(profile: Profile, seed: KeyBytes) -> Self {
        Self::of(profile, seed)
    }

    #[cfg(feature = "spake")]
    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    /// The enctype.
    pub fn enctype(&self) -> EncType {
        self.profile.enctype()
    }

    /// The key itself. Whoever sees these bytes can do all that the key's owner can.
    pub fn secret_bytes(&self) -> &[u8] {
        self.bytes.bytes()
    }

    /// A second copy of the key. What the key keeps, both share.
    pub fn duplicate(&self) -> Self {
        let mut bytes = KeyBytes::zeroed(self.profile.key_len());
        bytes.bytes_mut().copy_from_slice(self.bytes.bytes());
        Self {
            profile: self.profile,
            bytes,
            #[cfg(feature = "alloc")]
            kept: self.kept.clone(),
        }
    }

    /// The same key, which keeps what it becomes for these usages: [`Key::cipher`] and [`Key::checksum`] then copy
    /// that in place of deriving it anew. A usage that is not named is derived each time, as ever.
    ///
    /// For keys that last longer than a login and have to be handed on as keys, such as those of a KDC. Where a
    /// [`CipherKey`] or [`ChecksumKey`] itself can be kept, that saves the copy too. It takes about a kilobyte for each
    /// cipher. What was kept before is let go.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn keep(self, ciphers: &[KeyUsage], checksums: &[KeyUsage]) -> Self {
        let kept = Kept::derive(&self, ciphers, checksums);
        Self { kept: Some(kept), ..self }
    }

    /// Whether both are the same key of the same enctype. The time taken does not depend on the bytes.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.profile == other.profile && bool::from(self.bytes.bytes().ct_eq(other.bytes.bytes()))
    }

    /// [`CipherKey::header_len`] of every usage, without deriving anything.
    pub fn header_len(&self) -> usize {
        self.profile.header_len()
    }

    /// [`CipherKey::trailer_len`] of every usage, without deriving anything. For the enctypes whose messages are
    /// those of RFC 4121 it is the length of a checksum too.
    pub fn trailer_len(&self) -> usize {
        self.profile.trailer_len()
    }

    /// What encrypts and decrypts messages of one usage. Derives Ke and Ki and expands them.
    pub fn cipher(&self, usage: KeyUsage) -> CipherKey {
        #[cfg(feature = "alloc")]
        if let Some(kept) = self.kept.as_ref().and_then(|kept| kept.cipher(usage)) {
            return kept;
        }
        CipherKey::new(self.profile, self.bytes.bytes(), usage)
    }

    /// What makes and verifies checksums of one usage, of the enctype's own checksum type. Derives Kc.
    pub fn checksum(&self, usage: KeyUsage) -> ChecksumKey {
        #[cfg(feature = "alloc")]
        if let Some(kept) = self.kept.as_ref().and_then(|kept| kept.checksum(usage)) {
            return kept;
        }
        ChecksumKey::new(self.profile, self.bytes.bytes(), usage)
    }

    /// [`Key::checksum`] for a checksum type that a message names.
    ///
    /// `None` unless the type is keyed and belongs to this key's enctype: the enctype's own type, and under an
    /// RC4 key also [`ChecksumType::MD5_HMAC`]. So a peer cannot choose a weaker type than the key's.
    pub fn checksum_with_type(&self, checksum_type: ChecksumType, usage: KeyUsage) -> Option<ChecksumKey> {
        if self.enctype().checksum_type() == Some(checksum_type) {
            return Some(self.checksum(usage));
        }
        #[cfg(feature = "rc4")]
        if self.profile == Profile::Rc4Hmac && checksum_type == ChecksumType::MD5_HMAC {
            return Some(ChecksumKey::md5_hmac(self.bytes.bytes(), usage));
        }
        None
    }

    /// Length of the output of [`Key::prf`], in bytes: 16, 20, 32 or 48.
    pub fn prf_len(&self) -> usize {
        self.profile.prf_len()
    }

    /// The pseudo-random function (RFC 3961 section 3). Writes its first bytes to `out`, as many as fit and at
    /// most [`Key::prf_len`], and returns how many that were.
    pub fn prf(&self, input: &[u8], out: &mut [u8]) -> usize {
        self.prf_chunks(&[input], out)
    }

    /// [`Key::prf`] over chunks laid end to end.
    pub fn prf_chunks(&self, chunks: &[&[u8]], out: &mut [u8]) -> usize {
        let mut full = Zeroizing::new([0; MAX_PRF_LEN]);
        self.profile.prf(self.bytes.bytes(), chunks, &mut full);
        let full = full.get(..self.prf_len()).unwrap_or_default();
        out.iter_mut().zip(full).map(|(to, from)| *to = *from).count()
    }

    /// PRF+ (RFC 6113 section 5.1): fills `out`, however long up to 255 times [`Key::prf_len`].
    ///
    /// # Errors
    /// [`PrfTooLong`] if `out` is longer than that; it is left as it was.
    pub fn prf_plus(&self, pepper: &[u8], out: &mut [u8]) -> Result<(), PrfTooLong> {
        let limit = self.prf_len().saturating_mul(usize::from(u8::MAX));
        if out.len() > limit {
            return Err(PrfTooLong { limit, requested: out.len() });
        }
        for (part, counter) in out.chunks_mut(self.prf_len()).zip(1u8..=u8::MAX) {
            self.prf_chunks(&[&[counter], pepper], part);
        }
        Ok(())
    }

    /// KRB-FX-CF2 (RFC 6113 section 5.1): a key of this key's enctype that depends on both keys.
    ///
    /// # Errors
    /// [`PrfTooLong`] if a PRF+ cannot give a seed of the needed length, which no enctype here comes near.
    pub fn cf2(&self, other: &Self, pepper1: &[u8], pepper2: &[u8]) -> Result<Self, PrfTooLong> {
        let mut bytes = KeyBytes::zeroed(self.profile.key_len());
        self.prf_plus(pepper1, bytes.bytes_mut())?;
        let mut second = [0; MAX_KEY_LEN];
        let outcome = other.prf_plus(pepper2, second.get_mut(..self.profile.key_len()).unwrap_or_default());
        bytes.bytes_mut().iter_mut().zip(second).for_each(|(to, from)| *to ^= from);
        second.zeroize();
        outcome.map(|()| Self::of(self.profile, bytes))
    }
}

/// Shows the enctype and nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("enctype", &self.enctype()).finish_non_exhaustive()
    }
}
