//! SPNEGO (RFC 4178, MS-SPNG): token codec and negotiation, initiator and acceptor.
//!
//! SPNEGO carries the tokens of another mechanism, lets both sides agree on which one, and at the end proves with a
//! MIC that nobody changed the list of mechanisms on the way. This crate does all of that and knows mechanisms only
//! through the traits of [`gss_core`]: each comes in as an [`Offer`], and both [`Initiator`] and [`Acceptor`] are
//! themselves a [`Handshake`](gss_core::Handshake) that ends in an [`Established`] context of the mechanism.
//!
//! Offers stand in an array, or in a `Vec` with feature `alloc`, most preferred first. One array holds one type of
//! handshake: use an enum for several mechanisms, or `gss_core::dynamic::BoxHandshake` where there is a heap.
//!
//! ```
//! use gss_core::{Env, Handshake, SinkFull, Step, TokenSink};
//! use gss_spnego::{Acceptor, Error, Initiator, Offer};
//!
//! /// Lets an initiator and an acceptor in the same process talk until both are done.
//! # #[cfg(feature = "alloc")]
//! fn converse<I: Handshake, A: Handshake>(
//!     initiator: Initiator<[Offer<I>; 1]>,
//!     acceptor: Acceptor<Vec<Offer<A>>>,
//!     env: &mut Env<'_>,
//! ) -> Result<bool, Box<dyn core::error::Error>>
//! where
//!     Error<I::Error>: core::error::Error + 'static,
//!     Error<A::Error>: core::error::Error + 'static,
//! {
//!     let (mut initiator, mut acceptor) = (Step::Continue(initiator), Step::Continue(acceptor));
//!     let mut token = Vec::new();
//!     loop {
//!         if let Step::Continue(state) = initiator {
//!             let mut answer = Vec::new();
//!             initiator = state.step(&mut token, &mut answer, env)?;
//!             token = answer;
//!         }
//!         if let Step::Continue(state) = acceptor {
//!             let mut answer = Vec::new();
//!             acceptor = state.step(&mut token, &mut answer, env)?;
//!             token = answer;
//!         }
//!         if let (Step::Done(ours), Step::Done(theirs)) = (&initiator, &acceptor) {
//!             return Ok(ours.mic().is_verified() && theirs.mic().is_verified());
//!         }
//!     }
//! }
//! ```
//!
//! The codec stands by itself:
//!
//! ```
//! use gss_spnego::wire::NegotiationToken;
//!
//! // What an initiator sends that offers Kerberos and has no token for it yet.
//! let token = b"\x60\x1b\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x11\x30\x0f\xa0\x0d\x30\x0b\
//!               \x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
//! let NegotiationToken::Init(init) = NegotiationToken::parse(token)? else { unreachable!() };
//! let offered = init.mech_types.ok_or("no list")?;
//! assert!(offered.iter().any(|mechanism| mechanism.oid() == Some(gss_core::oid::KRB5)));
//! assert_eq!(offered.as_der(), &token[16..]); // what a mechListMIC covers
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

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

mod acceptor;
mod error;
mod established;
mod exchange;
mod initiator;
pub mod leniency;
mod mech_list;
mod message;
mod mic;
mod offer;
pub mod wire;

pub use crate::acceptor::{Acceptor, RawTokens, RequestMic};
pub use crate::error::{Error, TokenKind};
pub use crate::established::Established;
pub use crate::initiator::Initiator;
pub use crate::mic::MicOutcome;
pub use crate::offer::{Offer, Offers};
