//! Values, framing and traits shared by every GSS-API mechanism.
//!
//! This crate holds what a Kerberos, NTLM or SPNEGO implementation and its callers must agree on, and nothing else:
//! object identifiers ([`oid`]), context flags ([`ContextFlags`]), channel bindings ([`ChannelBindings`]), the token
//! framing of RFC 2743 section 3.1 ([`framing`]), a checked [`Reader`](reader::Reader), places to write tokens to
//! ([`TokenSink`]), and the traits [`Handshake`], [`SecurityContext`], [`Sealer`] and [`Opener`].
//!
//! Nothing here does I/O, reads a clock or draws randomness: time and randomness arrive in [`Env`].
//! The crate needs neither std nor a heap; feature `alloc` adds `Vec<u8>` as a [`TokenSink`] and the object-safe
//! faces of the traits ([`dynamic`]).

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

pub mod bindings;
mod context;
#[cfg(feature = "alloc")]
pub mod dynamic;
mod error;
mod file_time;
mod flags;
pub mod framing;
mod handshake;
pub mod oid;
pub mod reader;
pub mod sequence;
mod sink;
mod target;
mod time;

pub use crate::bindings::{AcceptableBindings, BindingOutcome, BindingPolicy, ChannelBindings};
pub use crate::context::{
    Facts, MessageError, Opener, Overhead, PrfKey, Protection, Role, Sealer, SecurityContext, SequenceStatus,
    Unwrapped,
};
pub use crate::error::{Blame, Diagnose, MajorStatus};
pub use crate::file_time::FileTime;
pub use crate::flags::ContextFlags;
pub use crate::handshake::{Env, Handshake, Step};
pub use crate::oid::Oid;
pub use crate::sink::{SinkFull, SliceSink, TokenSink};
pub use crate::target::{Target, TargetError};
pub use crate::time::Timestamp;
pub use rand_core::CryptoRng;
