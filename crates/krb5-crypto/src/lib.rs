//! Kerberos V5 cryptography: RFC 3961 profiles on RustCrypto primitives.
//!
//! The concepts, in the order in which a caller meets them:
//!
//! * [`EncType`], [`ChecksumType`] and [`KeyUsage`] are the numbers of the protocol. They are open: an unknown
//!   value is carried unchanged.
//! * [`Key`] is a protocol key: an enctype that this build supports together with bytes of the right length.
//! * [`CipherKey`] and [`ChecksumKey`] are what a key becomes for one usage. Making one derives keys and
//!   expands schedules, using one does neither; keep them wherever more than one message is expected. Where the
//!   [`Key`] itself has to be handed on, `Key::keep` has it keep them.
//!
//! ```
//! use krb5_crypto::{EncType, Key, KeyUsage};
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
//! # let rng = &mut Counter(0);
//!
//! let key = Key::from_password(EncType::AES256_CTS_HMAC_SHA1_96, b"secret", b"EXAMPLE.COMalice", None)?;
//! let cipher = key.cipher(KeyUsage::TICKET);
//!
//! let plaintext = b"what nobody else may read";
//! let mut message = vec![0; plaintext.len() + cipher.overhead()];
//! message[cipher.header_len()..][..plaintext.len()].copy_from_slice(plaintext);
//! cipher.encrypt_in_place(&mut message, rng)?;
//! assert_eq!(cipher.decrypt_in_place(&mut message)?, plaintext);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Enctypes 17 to 20 (AES) are always there. Feature `rc4` adds 23 (RC4-HMAC, weak) and feature `camellia`
//! adds 25 and 26. Feature `spake` adds the group
//! arithmetic and keys of pre-authentication by SPAKE. Nothing in this crate allocates but `Key::keep` (feature `alloc`);
//! encryption and decryption work in the caller's buffer.
//!
//! Secrets are wiped when they are dropped, and are compared in constant time. What a failed decryption leaves
//! in the buffer is zeros.
//!
//! Under `cfg(fuzzing)` every integrity check passes, so that a fuzzer gets past it to the code behind. Never
//! set that flag on a build that is meant to protect anything.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod checksum;
mod checksum_type;
mod cipher;
mod cts;
mod enctype;
mod error;
#[cfg(feature = "alloc")]
mod kept;
mod key;
mod nfold;
mod primitive;
mod profile;
#[cfg(feature = "rc4")]
pub mod rc4_hmac;
mod segment;
#[cfg(feature = "spake")]
pub mod spake;
mod string_to_key;
mod usage;

pub use checksum::{ChecksumKey, ChecksumVerified, Tag};
pub use checksum_type::ChecksumType;
pub use cipher::CipherKey;
pub use enctype::EncType;
pub use error::{BufferTooSmall, IntegrityError, KeyError, PrfTooLong, StringToKeyError};
pub use key::Key;
pub use segment::Segment;
pub use string_to_key::{MAX_ITERATIONS, MAX_SALT_LEN};
pub use usage::KeyUsage;
