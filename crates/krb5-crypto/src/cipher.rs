//! Encryption and decryption of messages, in the caller's buffer.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroize;

use crate::cts::{BLOCK, CtsMac};
use crate::error::{BufferTooSmall, IntegrityError};
use crate::primitive::aes::{Aes128, Aes256};
#[cfg(feature = "camellia")]
use crate::primitive::camellia::{Camellia128, Camellia256, CmacCamellia128, CmacCamellia256};
use crate::primitive::hmac::{HmacSha1, HmacSha256, HmacSha384};
use crate::profile::aes_sha1::{Aes128Sha1, Aes256Sha1};
use crate::profile::aes_sha2::{Aes128Sha2, Aes256Sha2};
#[cfg(feature = "camellia")]
use crate::profile::camellia::{Camellia128Cmac, Camellia256Cmac};
#[cfg(feature = "rc4")]
use crate::profile::rc4_hmac::{self, Rc4Cipher};
use crate::profile::{CtsProfile, Profile};
use crate::segment::{Scattered, Segment};
use crate::usage::KeyUsage;

/// The longest confounder, in bytes.
const MAX_CONFOUNDER: usize = BLOCK;

/// A key made ready for the messages of one usage: [`Key::cipher`](crate::Key::cipher).
///
/// An encrypted message is `header | as many bytes as the plaintext has | trailer`, with header and trailer
/// lengths fixed by the enctype. Encryption fills all three in, decryption hands back the middle.
pub struct CipherKey {
    inner: Inner,
}

#[derive(Clone)]
enum Inner {
    Aes128Sha1(CtsMac<Aes128, HmacSha1>),
    Aes256Sha1(CtsMac<Aes256, HmacSha1>),
    Aes128Sha2(CtsMac<Aes128, HmacSha256>),
    Aes256Sha2(CtsMac<Aes256, HmacSha384>),
    #[cfg(feature = "camellia")]
    Camellia128(CtsMac<Camellia128, CmacCamellia128>),
    #[cfg(feature = "camellia")]
    Camellia256(CtsMac<Camellia256, CmacCamellia256>),
    #[cfg(feature = "rc4")]
    Rc4Hmac(Rc4Cipher),
}

/// Runs the same code on whichever `CtsMac` is inside, and other code for RC4.
macro_rules! dispatch {
    ($inner:expr, $cts:ident => $shared:expr, $rc4:ident => $own:expr) => {
        match $inner {
            Inner::Aes128Sha1($cts) => $shared,
            Inner::Aes256Sha1($cts) => $shared,
            Inner::Aes128Sha2($cts) => $shared,
            Inner::Aes256Sha2($cts) => $shared,
            #[cfg(feature = "camellia")]
            Inner::Camellia128($cts) => $shared,
            #[cfg(feature = "camellia")]
            Inner::Camellia256($cts) => $shared,
            #[cfg(feature = "rc4")]
            Inner::Rc4Hmac($rc4) => $own,
        }
    };
}

impl CipherKey {
    pub(crate) fn new(profile: Profile, key: &[u8], usage: KeyUsage) -> Self {
        let inner = match profile {
            Profile::Aes128Sha1 => Inner::Aes128Sha1(Aes128Sha1::cipher(key, usage)),
            Profile::Aes256Sha1 => Inner::Aes256Sha1(Aes256Sha1::cipher(key, usage)),
            Profile::Aes128Sha2 => Inner::Aes128Sha2(Aes128Sha2::cipher(key, usage)),
            Profile::Aes256Sha2 => Inner::Aes256Sha2(Aes256Sha2::cipher(key, usage)),
            #[cfg(feature = "camellia")]
            Profile::Camellia128 => Inner::Camellia128(Camellia128Cmac::cipher(key, usage)),
            #[cfg(feature = "camellia")]
            Profile::Camellia256 => Inner::Camellia256(Camellia256Cmac::cipher(key, usage)),
            #[cfg(feature = "rc4")]
            Profile::Rc4Hmac => Inner::Rc4Hmac(Rc4Cipher::new(key, usage)),
        };
        Self { inner }
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn duplicate(&self) -> Self {
        Self { inner: self.inner.clone() }
    }

    /// Bytes before the encrypted plaintext: the confounder, for RC4 the checksum before it too.
    pub fn header_len(&self) -> usize {
        dispatch!(&self.inner, _cts => BLOCK, _rc4 => rc4_hmac::CHECKSUM + rc4_hmac::CONFOUNDER)
    }

    /// Bytes after the encrypted plaintext: the MAC, for RC4 nothing.
    pub fn trailer_len(&self) -> usize {
        dispatch!(&self.inner, cts => cts.mac_len(), _rc4 => 0)
    }

    /// Header and trailer together: how much longer than the plaintext a message is.
    pub fn overhead(&self) -> usize {
        self.header_len().saturating_add(self.trailer_len())
    }

    /// Bytes of randomness at the end of the header.
    pub fn confounder_len(&self) -> usize {
        dispatch!(&self.inner, _cts => BLOCK, _rc4 => rc4_hmac::CONFOUNDER)
    }

    /// Encrypts a message where it lies. `buf` is header, plaintext and trailer; what header and trailer hold
    /// before does not matter.
    ///
    /// # Errors
    /// [`BufferTooSmall`] if `buf` is shorter than [`CipherKey::overhead`].
    pub fn encrypt_in_place(&self, buf: &mut [u8], rng: &mut dyn CryptoRng) -> Result<(), BufferTooSmall> {
        let mut confounder = [0; MAX_CONFOUNDER];
        rng.fill_bytes(confounder.get_mut(..self.confounder_len()).unwrap_or_default());
        let outcome = self.encrypt_in_place_with_confounder(buf, &confounder);
        confounder.zeroize();
        outcome
    }

    /// [`CipherKey::encrypt_in_place`] with the first [`CipherKey::confounder_len`] bytes of `confounder` in
    /// place of random ones. For tests against known messages: a confounder must never be used twice.
    ///
    /// # Errors
    /// [`BufferTooSmall`] if `buf` is shorter than [`CipherKey::overhead`], or `confounder` than
    /// [`CipherKey::confounder_len`].
    #[doc(hidden)]
    pub fn encrypt_in_place_with_confounder(
        &self,
        buf: &mut [u8],
        confounder: &[u8],
    ) -> Result<(), BufferTooSmall> {
        let too_small = BufferTooSmall { needed: self.overhead(), found: buf.len() };
        let (body, trailer) = self.split_trailer(buf).ok_or(too_small)?;
        dispatch!(
            &self.inner,
            cts => {
                put_confounder(body, confounder, BLOCK)?;
                cts.encrypt(body, trailer);
            },
            rc4 => {
                let (checksum, body) = body.split_at_mut_checked(rc4_hmac::CHECKSUM).ok_or(too_small)?;
                put_confounder(body, confounder, rc4_hmac::CONFOUNDER)?;
                rc4.encrypt(checksum, &mut Scattered::new(body, &mut []));
            }
        );
        Ok(())
    }

    /// Decrypts a message where it lies and returns the plaintext inside it.
    ///
    /// # Errors
    /// [`IntegrityError`] if the message is shorter than [`CipherKey::overhead`] or its integrity check
    /// fails; the part of the buffer that was decrypted then holds zeros.
    pub fn decrypt_in_place<'b>(&self, buf: &'b mut [u8]) -> Result<&'b mut [u8], IntegrityError> {
        let header_len = self.header_len();
        let (body, trailer) = self.split_trailer(buf).ok_or(IntegrityError)?;
        dispatch!(
            &self.inner,
            cts => cts.decrypt(body, trailer)?,
            rc4 => {
                let (checksum, body) =
                    body.split_at_mut_checked(rc4_hmac::CHECKSUM).ok_or(IntegrityError)?;
                rc4.decrypt(checksum, &mut Scattered::new(body, &mut []))?;
            }
        );
        body.get_mut(header_len..).ok_or(IntegrityError)
    }

    /// [`CipherKey::encrypt_in_place`] for a message whose parts lie in several buffers. Segments are taken in
    /// their order, after the header.
    ///
    /// # Errors
    /// [`BufferTooSmall`] unless `header` and `trailer` are at least [`CipherKey::header_len`] and
    /// [`CipherKey::trailer_len`] long; bytes beyond that are left alone.
    pub fn encrypt_segments(
        &self,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), BufferTooSmall> {
        let (header, trailer) = self.fit(header, trailer)?;
        dispatch!(
            &self.inner,
            cts => {
                rng.fill_bytes(header);
                cts.encrypt_segments(&mut Scattered::new(header, segments), trailer);
            },
            rc4 => {
                let (checksum, confounder) = header.split_at_mut(rc4_hmac::CHECKSUM.min(header.len()));
                rng.fill_bytes(confounder);
                rc4.encrypt(checksum, &mut Scattered::new(confounder, segments));
            }
        );
        Ok(())
    }

    /// [`CipherKey::decrypt_in_place`] for a message whose parts lie in several buffers.
    ///
    /// # Errors
    /// [`IntegrityError`] if header or trailer are not as long as the enctype has them or the integrity check
    /// fails; confounder and data segments then hold zeros.
    pub fn decrypt_segments(
        &self,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &[u8],
    ) -> Result<(), IntegrityError> {
        if header.len() != self.header_len() || trailer.len() != self.trailer_len() {
            Scattered::new(header, segments).wipe();
            return Err(IntegrityError);
        }
        dispatch!(
            &self.inner,
            cts => cts.decrypt_segments(&mut Scattered::new(header, segments), trailer),
            rc4 => {
                let (checksum, confounder) = header.split_at_mut(rc4_hmac::CHECKSUM.min(header.len()));
                rc4.decrypt(checksum, &mut Scattered::new(confounder, segments))
            }
        )
    }

    /// Splits off the trailer if header and trailer fit.
    fn split_trailer<'b>(&self, buf: &'b mut [u8]) -> Option<(&'b mut [u8], &'b mut [u8])> {
        let body_len = buf.len().checked_sub(self.trailer_len())?;
        if body_len < self.header_len() {
            return None;
        }
        buf.split_at_mut_checked(body_len)
    }

    /// Cuts header and trailer to the enctype's lengths.
    fn fit<'h, 't>(
        &self,
        header: &'h mut [u8],
        trailer: &'t mut [u8],
    ) -> Result<(&'h mut [u8], &'t mut [u8]), BufferTooSmall> {
        let header_small = BufferTooSmall { needed: self.header_len(), found: header.len() };
        let trailer_small = BufferTooSmall { needed: self.trailer_len(), found: trailer.len() };
        let header = header.get_mut(..self.header_len()).ok_or(header_small)?;
        let trailer = trailer.get_mut(..self.trailer_len()).ok_or(trailer_small)?;
        Ok((header, trailer))
    }
}

impl fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CipherKey").finish_non_exhaustive()
    }
}

/// Puts the first `len` bytes of the confounder in front of the plaintext.
fn put_confounder(body: &mut [u8], confounder: &[u8], len: usize) -> Result<(), BufferTooSmall> {
    let small = BufferTooSmall { needed: len, found: confounder.len() };
    let confounder = confounder.get(..len).ok_or(small)?;
    body.iter_mut().zip(confounder).for_each(|(to, from)| *to = *from);
    Ok(())
}
