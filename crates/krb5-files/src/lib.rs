//! Kerberos keytabs, credential caches and configuration files: pure parsers and writers.
//!
//! Bytes in, bytes out: opening, locking and replacing files is the caller's business. [`Keytab`] reads and writes
//! versions 1 and 2 of the keytab format, [`Ccache`] versions 1 to 4 of the FILE credential cache format; [`config`]
//! is `krb5.conf`.
//!
//! ```
//! use krb5_files::{Keytab, KeytabEntry};
//! use krb5_asn1::{EncryptionKeyBuf, Principal};
//!
//! let principal = Principal::new_service("HTTP", "www.example.com", "EXAMPLE.COM");
//! let key = EncryptionKeyBuf::new(18, [7; 32]);
//! let keytab = Keytab::from_entries([KeytabEntry::new(principal.clone(), 3, key)]);
//!
//! let bytes = keytab.to_bytes()?;
//! let read = Keytab::parse(&bytes).map_err(|error| error.to_string()).unwrap();
//! assert_eq!(read.latest(&principal, Some(18)).map(|entry| entry.kvno), Some(3));
//! # Ok::<(), krb5_files::WriteError>(())
//! ```
//!
//! Every length and count is checked against the bytes that are left before anything is allocated, so memory use
//! is bounded by the size of the input. Errors name the offset and the field. Keys are wiped on drop.
//!
//! Versions 1 of keytabs and 1 and 2 of caches are written in the byte order of the machine that made them.
//! `parse` tries both, the little-endian one first; `parse_with_order` takes one.
//!
//! All of this needs the feature `alloc`.

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

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
mod ccache;
#[cfg(feature = "alloc")]
pub mod config;
#[cfg(feature = "alloc")]
mod error;
#[cfg(feature = "alloc")]
mod fields;
#[cfg(feature = "alloc")]
mod keytab;

#[cfg(feature = "alloc")]
pub use ccache::{
    Address, AuthData, Ccache, CcacheVersion, ConfigEntry, Credential, HeaderField, KdcOffset, Times,
};
#[cfg(feature = "alloc")]
pub use error::{FormatError, FormatErrorKind, WriteError};
#[cfg(feature = "alloc")]
pub use fields::ByteOrder;
#[cfg(feature = "alloc")]
pub use keytab::{Keytab, KeytabEntry, KeytabVersion};
