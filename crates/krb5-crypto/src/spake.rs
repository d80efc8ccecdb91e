//! SPAKE (RFC 9588): pre-authentication that gives an eavesdropper nothing to try passwords on.
//!
//! Client and KDC each make a [`Party`] from the initial reply key, which is the client's key from its password.
//! They exchange [public values](Party::public_value), and each turns the other's into [`Keys`]. These are the same on
//! both sides only if the initial reply keys are, and if both saw the same [`Transcript`] and the same request.
//!
//! | | KDC | client |
//! | --- | --- | --- |
//! | its public value | T, in the challenge | S, in the response |
//! | masked with `w` times | M | N |
//! | the shared element | K = x(S - wN) | K = y(T - wM) |
//!
//! ```
//! use krb5_crypto::spake::{Group, Party, Role, Transcript};
//! use krb5_crypto::{EncType, Key};
//! # struct Counter(u8);
//! # impl rand_core::TryRng for Counter {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(7) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(7) }
//! #     fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
//! #         out.fill_with(|| { self.0 = self.0.wrapping_add(1); self.0 });
//! #         Ok(())
//! #     }
//! # }
//! # impl rand_core::TryCryptoRng for Counter {}
//! # let (rng, support, challenge, body) = (&mut Counter(0), b"support", b"challenge", b"request");
//!
//! let reply_key = Key::from_password(EncType::AES256_CTS_HMAC_SHA1_96, b"secret", b"EXAMPLE.COMalice", None)?;
//!
//! let kdc = Party::generate(Role::Kdc, Group::Edwards25519, &reply_key, rng)?;
//! // The KDC's public value goes out in a PA-SPAKE with the challenge; both sides have its encoding.
//! let transcript = Transcript::new(support, challenge);
//! let client = Party::generate(Role::Client, Group::Edwards25519, &reply_key, rng)?;
//!
//! let (to_client, to_kdc) = (kdc.public_value(), client.public_value());
//! let of_client = client.agree(to_client.as_bytes(), &transcript)?;
//! let of_kdc = kdc.agree(to_kdc.as_bytes(), &transcript)?;
//! assert!(of_client.key(0, body)?.ct_eq(&of_kdc.key(0, body)?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Multiplications by secrets take the same time whatever the secrets are. What is refused about a peer's value is
//! decided on public data alone, except that the shared element must not be the group's identity.

mod edwards25519;
mod error;
mod p256;
#[cfg(test)]
mod tests;

use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use error::SpakeError;

use crate::enctype::EncType;
use crate::error::PrfTooLong;
use crate::key::Key;
use crate::profile::KeyBytes;

/// Length of a multiplier, a private value and the hash in both groups, in bytes.
const SCALAR_LEN: usize = 32;
/// Length of the hash of both groups, SHA-256, in bytes.
const HASH_LEN: usize = 32;
/// Length of the longest encoded group element, in bytes.
const MAX_ELEMENT_LEN: usize = 33;

/// A group of RFC 9588 section 12.2, with its encodings and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// edwards25519, which every implementation has. Elements of 32 bytes.
    Edwards25519,
    /// P-256. Elements are compressed points of 33 bytes.
    P256,
}

impl Group {
    /// All groups here, best first.
    pub const ALL: [Self; 2] = [Self::Edwards25519, Self::P256];

    /// The group of a number, `None` if it is not one of those here.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.number() == number)
    }

    /// The number that stands for the group in messages.
    pub fn number(self) -> i32 {
        match self {
            Self::Edwards25519 => 1,
            Self::P256 => 2,
        }
    }

    /// Length of an encoded group element, in bytes.
    pub fn element_len(self) -> usize {
        match self {
            Self::Edwards25519 => 32,
            Self::P256 => 33,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edwards25519 => "edwards25519",
            Self::P256 => "P-256",
        })
    }
}

/// The side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends the challenge.
    Kdc,
    /// Sends the response.
    Client,
}

impl Role {
    fn peer(self) -> Self {
        match self {
            Self::Kdc => Self::Client,
            Self::Client => Self::Kdc,
        }
    }
}

/// An encoded group element that is meant to be sent: T or S.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicValue(Element);

impl PublicValue {
    /// What goes into `pubkey`.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl fmt::Debug for PublicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicValue({:02x?})", self.as_bytes())
    }
}

/// An encoded group element.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Element {
    bytes: [u8; MAX_ELEMENT_LEN],
    len: usize,
}

impl Element {
    fn new(encoded: &[u8]) -> Self {
        let mut bytes = [0; MAX_ELEMENT_LEN];
        let len = bytes.iter_mut().zip(encoded).map(|(to, from)| *to = *from).count();
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl zeroize::DefaultIsZeroes for Element {}

impl Default for Element {
    fn default() -> Self {
        Self { bytes: [0; MAX_ELEMENT_LEN], len: 0 }
    }
}

/// The transcript hash (RFC 9588 section 6) as it stands after the challenge. It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcript([u8; HASH_LEN]);

impl Transcript {
    /// The hash over the encodings of two `PA-SPAKE`, as they were sent: the client's `support` and the KDC's
    /// `challenge`.
    ///
    /// `support` is empty where the KDC sent its challenge unasked and the client took it (section 4.6). Where the client
    /// did not take such a challenge, that one is left out of the transcript.
    pub fn new(support: &[u8], challenge: &[u8]) -> Self {
        Self([0; HASH_LEN]).updated(&[support, challenge])
    }

    /// The hash as [`Transcript::as_bytes`] gave it, for a KDC that keeps it in a cookie.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn updated(self, chunks: &[&[u8]]) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        for chunk in chunks {
            hash.update(chunk);
        }
        Self(hash.finalize().into())
    }
}

/// One side of an exchange before it has seen the other's public value.
///
/// It holds the private value, which must serve one initial reply key only (RFC 9588 section 11): [`Party::agree`]
/// consumes it.
pub struct Party {
    group: Group,
    role: Role,
    reply_key: Key,
    /// w before its reduction.
    multiplier: Zeroizing<[u8; SCALAR_LEN]>,
    private: Zeroizing<[u8; SCALAR_LEN]>,
    public: Element,
}

impl Party {
    /// A side with a fresh private value.
    ///
    /// # Errors
    /// [`SpakeError::PrivateValue`] if the randomness gives zero, as a broken source may.
    pub fn generate(
        role: Role,
        group: Group,
        initial_reply_key: &Key,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SpakeError> {
        // Twice the bits of the order leave no bias worth the name.
        let mut wide = Zeroizing::new([0; 64]);
        rng.fill_bytes(wide.as_mut());
        let private = match group {
            Group::Edwards25519 => edwards25519::private_value(&wide),
            Group::P256 => p256::private_value(&wide),
        };
        Self::with_private_value(role, group, initial_reply_key, private)
    }

    /// The side whose private value [`Party::secret_private_value`] gave, for a KDC that keeps it in a cookie.
    ///
    /// `initial_reply_key` must be the key that the side was made with.
    ///
    /// # Errors
    /// [`SpakeError::PrivateValue`] if that is no private value of the group.
    pub fn restore(
        role: Role,
        group: Group,
        initial_reply_key: &Key,
        private_value: &[u8; 32],
    ) -> Result<Self, SpakeError> {
        Self::with_private_value(role, group, initial_reply_key, Zeroizing::new(*private_value))
    }

    fn with_private_value(
        role: Role,
        group: Group,
        reply_key: &Key,
        private: Zeroizing<[u8; SCALAR_LEN]>,
    ) -> Result<Self, SpakeError> {
        let multiplier = multiplier(group, reply_key)?;
        let public = match group {
            Group::Edwards25519 => edwards25519::public_value(role, &private, &multiplier),
            Group::P256 => p256::public_value(role, &private, &multiplier),
        };
        let public = public.ok_or(SpakeError::PrivateValue { group })?;
        Ok(Self { group, role, reply_key: reply_key.duplicate(), multiplier, private, public })
    }

    /// The group.
    pub fn group(&self) -> Group {
        self.group
    }

    /// The side.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the peer is to be sent: T of the KDC, S of the client.
    pub fn public_value(&self) -> PublicValue {
        PublicValue(self.public)
    }

    /// The private value, x or y: a number below the group's order and divisible by its cofactor, in the byte order of
    /// the group. With it and one message of the exchange, passwords can be tried out.
    pub fn secret_private_value(&self) -> &[u8; 32] {
        &self.private
    }

    /// Computes the shared element from the peer's public value, and readies the keys.
    ///
    /// Success does not mean that the peer knows the key: that shows when something it encrypted with a key of
    /// [`Keys`] decrypts.
    ///
    /// # Errors
    /// [`SpakeError`] if `peer` is not the encoding of a group element, or if it makes a result that anyone could know.
    pub fn agree(self, peer: &[u8], transcript: &Transcript) -> Result<Keys, SpakeError> {
        let expected = self.group.element_len();
        if peer.len() != expected {
            return Err(SpakeError::Length { group: self.group, expected, found: peer.len() });
        }
        let shared = match self.group {
            Group::Edwards25519 => edwards25519::shared(self.role, &self.private, &self.multiplier, peer)?,
            Group::P256 => p256::shared(self.role, &self.private, &self.multiplier, peer)?,
        };
        let public_of_client = match self.role {
            Role::Kdc => peer,
            Role::Client => self.public.bytes(),
        };
        Ok(Keys {
            group: self.group,
            transcript: transcript.updated(&[public_of_client]),
            reply_key: self.reply_key,
            multiplier: self.multiplier,
            shared,
        })
    }
}

/// Shows the group, the side and the enctype, and nothing of the secrets.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party")
            .field("group", &self.group)
            .field("role", &self.role)
            .field("enctype", &self.reply_key.enctype())
            .finish_non_exhaustive()
    }
}

/// What an exchange comes to: the keys K'\[n\] (RFC 9588 section 7).
pub struct Keys {
    group: Group,
    transcript: Transcript,
    reply_key: Key,
    multiplier: Zeroizing<[u8; SCALAR_LEN]>,
    /// K, encoded.
    shared: Zeroizing<Element>,
}

impl Keys {
    /// K'\[n\], of the initial reply key's enctype.
    ///
    /// K'\[0\] takes the place of the reply key. K'\[1\] is for the response's factor; K'\[2\] and on, each for one
    /// further message, even numbers by the KDC. `request_body` is the encoding of the `KDC-REQ-BODY` of the request that is made or
    /// answered with the key; inside FAST, that of the inner one.
    ///
    /// # Errors
    /// [`PrfTooLong`] if a PRF+ cannot give a seed of the needed length, which no enctype here comes near.
    pub fn key(&self, n: u32, request_body: &[u8]) -> Result<Key, PrfTooLong> {
        let EncType(enctype) = self.reply_key.enctype();
        let hash = Sha256::new_with_prefix(b"SPAKEkey")
            .chain_update(self.group.number().to_be_bytes())
            .chain_update(enctype.to_be_bytes())
            .chain_update(self.multiplier.as_slice())
            .chain_update(self.shared.bytes())
            .chain_update(self.transcript.0)
            .chain_update(request_body)
            .chain_update(n.to_be_bytes());
        let profile = self.reply_key.profile();
        let mut seed = KeyBytes::zeroed(profile.key_len());
        for (part, counter) in seed.bytes_mut().chunks_mut(HASH_LEN).zip(1u8..) {
            let mut block = Zeroizing::new([0; HASH_LEN]);
            hash.clone().chain_update([counter]).finalize_into((&mut *block).into());
            part.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
        }
        self.reply_key.cf2(&Key::from_seed(profile, seed), b"SPAKE", b"keyderiv")
    }
}

/// Shows the group and the enctype, and nothing of the secrets.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("group", &self.group)
            .field("enctype", &self.reply_key.enctype())
            .finish_non_exhaustive()
    }
}

/// w as PRF+ gives it, before its reduction (RFC 9588 section 5).
fn multiplier(group: Group, reply_key: &Key) -> Result<Zeroizing<[u8; SCALAR_LEN]>, SpakeError> {
    let mut pepper = [0; 15];
    let number = group.number().to_be_bytes();
    pepper.iter_mut().zip(b"SPAKEsecret".iter().chain(&number)).for_each(|(to, from)| *to = *from);
    let mut out = Zeroizing::new([0; SCALAR_LEN]);
    reply_key.prf_plus(&pepper, out.as_mut()).map_err(SpakeError::Multiplier)?;
    Ok(out)
}
