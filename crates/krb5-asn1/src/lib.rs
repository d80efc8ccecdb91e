//! Kerberos V5 messages as plain structs with DER codecs.
//!
//! Every message of RFC 4120 section 5, and what its companions carry in pre-authentication data, authorization data
//! and error data (FAST, SPAKE, S4U, referrals, the HTTPS proxy), is a struct with public fields, or an enum for a
//! CHOICE, that borrows from the bytes it was decoded from. [`PaDataType`] and [`AuthDataType`] say which type holds
//! the content of which number. Decoding copies nothing, encoding knows its length first,
//! and neither needs a heap. There is no logic here: nothing is encrypted, verified or compared with a clock.
//!
//! ```
//! use krb5_asn1::{Decode, Encode, EncryptedData, Octets};
//!
//! let data = EncryptedData { etype: 18, kvno: Some(2.into()), cipher: Octets::new(b"sealed") };
//! let mut buffer = [0; 64];
//! let der = data.encode_to_slice(&mut buffer)?;
//! assert_eq!(EncryptedData::from_der(der), Ok(data));
//! # Ok::<(), krb5_asn1::der::Error>(())
//! ```
//!
//! # What the decoders hold to
//!
//! * DER only: minimal lengths and integers, definite lengths, fields in order, nothing after the end.
//! * `pvno` and `msg-type` are checked while decoding and are not fields: a value of [`ApReq`] *is* version 5.
//! * Code points that have no name here round-trip; they are open newtypes such as [`NameType`].
//! * The bytes that a checksum or a cipher covers stay at hand as [`Raw`]; they are never encoded anew.
//! * Where a known peer deviates, [`leniency`] names what is accepted, from whom, and which vector shows it.
//!
//! # Features
//!
//! `alloc` adds owned forms: [`Principal`], [`Owned`] and [`EncryptionKeyBuf`]. `std` adds nothing beyond it.

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

#[macro_use]
mod macros;

mod ap;
mod authdata;
mod codec;
mod codes;
mod common;
mod cred;
mod error;
mod error_code;
mod error_data;
mod fast;
mod flags;
mod iakerb;
mod kdc;
mod krb_error;
pub mod leniency;
#[cfg(feature = "alloc")]
mod owned;
mod pa_data_type;
mod password;
mod preauth;
mod principal;
mod raw;
mod s4u;
mod safe_priv;
mod seq_of;
mod spake;
mod strings;
mod ticket;
mod time;

pub use der;
pub use der::{Decode, Encode};

pub use ap::*;
pub use authdata::*;
pub use codec::Message;
pub use codes::*;
pub use common::*;
pub use cred::*;
pub use error::*;
pub use error_code::*;
pub use error_data::*;
pub use fast::*;
pub use flags::*;
pub use iakerb::*;
pub use kdc::*;
pub use krb_error::*;
#[cfg(feature = "alloc")]
pub use owned::*;
pub use pa_data_type::*;
pub use password::*;
pub use preauth::*;
pub use principal::*;
pub use raw::*;
pub use s4u::*;
pub use safe_priv::*;
pub use seq_of::*;
pub use spake::*;
pub use strings::*;
pub use ticket::*;
pub use time::*;

/// The protocol version that every message carries (RFC 4120 section 5.4.1).
pub const PVNO: i32 = 5;
