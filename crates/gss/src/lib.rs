//! GSS-API for Rust programs: credentials, mechanism choice, initiator and acceptor.
//!
//! Bytes in, bytes out: an [`Initiator`] and an [`Acceptor`] exchange tokens by whatever way the caller has, and both
//! end in a [`Context`] that says who the peer is and protects messages. Time and randomness are arguments
//! ([`Env`]); nothing here opens a file or a socket.
//!
//! The mechanism is Kerberos V5, inside SPNEGO unless the caller wants its tokens as they are. NTLM, which is legacy,
//! has to be built in (feature `ntlm`) and to be listed by the caller.
//!
//! # The side that begins
//!
//! ```
//! use gss::krb5::Credentials;
//! use gss::{Env, Handshake, Initiator, Step, Target};
//! # use gss::Timestamp;
//! # let maker = test_support::ticket::TicketMaker::example();
//! # let (ccache, keytab) = (maker.ccache(), maker.keytab());
//! # let now = Timestamp::from_seconds(test_support::ticket::NOW);
//! # let mut rng = test_support::TestRng::insecure(1);
//! # let config = std::sync::Arc::new(gss::AcceptorConfig::from_keytab(&keytab)?);
//! # let mut send_and_receive = |token: &[u8]| {
//! #     let (mut token, mut answer) = (token.to_vec(), Vec::new());
//! #     let mut rng = test_support::TestRng::insecure(2);
//! #     let acceptor = gss::Acceptor::new(config.clone());
//! #     acceptor.step(&mut token, &mut answer, &mut Env::new(now, &mut rng)).unwrap();
//! #     answer
//! # };
//!
//! let credentials = Credentials::from_ccache(&ccache)?; // the bytes of the file that kinit wrote
//! let target = Target::new("HTTP", "www.example.com")?;
//!
//! let mut initiator = Initiator::krb5(&credentials, &target)?;
//! let mut received = Vec::new();
//! let mut context = loop {
//!     let mut token = Vec::new();
//!     match initiator.step(&mut received, &mut token, &mut Env::new(now, &mut rng))? {
//!         Step::Continue(next) => {
//!             initiator = next;
//!             received = send_and_receive(&token);
//!         }
//!         Step::Done(context) => break context, // and send `token`, if there is one
//!     }
//! };
//! assert_eq!(context.peer_name().as_deref(), Some("HTTP/www.example.com@EXAMPLE.COM"));
//! let sealed = context.wrap(b"what nobody else may read", &mut rng)?;
//! # assert!(sealed.len() > 25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The side that answers
//!
//! ```
//! use gss::{Acceptor, AcceptorConfig, Env, Handshake, Step};
//! use std::sync::Arc;
//! # use gss::Timestamp;
//! # let maker = test_support::ticket::TicketMaker::example();
//! # let (ccache, keytab) = (maker.ccache(), maker.keytab());
//! # let now = Timestamp::from_seconds(test_support::ticket::NOW);
//! # let mut rng = test_support::TestRng::insecure(1);
//! # let credentials = gss::krb5::Credentials::from_ccache(&ccache)?;
//! # let target = gss::Target::new("HTTP", "www.example.com")?;
//! # let mut received = Vec::new();
//! # let first = gss::Initiator::krb5(&credentials, &target)?;
//! # let _ = first.step(&mut [], &mut received, &mut Env::new(now, &mut rng))?;
//! # let mut send = |_: &[u8]| {};
//! # let mut receive = || Vec::new();
//!
//! // Once: keys and replay cache are shared by all connections.
//! let config = Arc::new(AcceptorConfig::from_keytab(&keytab)?);
//!
//! let mut acceptor = Acceptor::new(config.clone());
//! let context = loop {
//!     let mut answer = Vec::new();
//!     let step = acceptor.step(&mut received, &mut answer, &mut Env::new(now, &mut rng))?;
//!     send(&answer);
//!     match step {
//!         Step::Continue(next) => {
//!             acceptor = next;
//!             received = receive();
//!         }
//!         Step::Done(context) => break context,
//!     }
//! };
//! assert_eq!(context.peer_name().as_deref(), Some("alice@EXAMPLE.COM"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Nearly everything needs `alloc`. `std` (default) adds [`Timestamp::now`] and the replay cache in memory; `rc4` and
//! `camellia` add these enctypes, and RC4 has to be allowed by the caller besides; `ntlm` adds NTLM.

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
mod acceptor;
#[cfg(feature = "alloc")]
mod context;
#[cfg(feature = "alloc")]
mod error;
#[cfg(feature = "alloc")]
mod initiator;
#[cfg(feature = "alloc")]
pub mod krb5;
#[cfg(feature = "alloc")]
mod mechanism;
#[cfg(all(feature = "alloc", feature = "ntlm"))]
pub mod ntlm;
#[cfg(feature = "alloc")]
mod running;

#[cfg(feature = "alloc")]
pub use crate::acceptor::{Acceptor, AcceptorConfig, Framing};
#[cfg(feature = "alloc")]
pub use crate::context::{Context, ContextOpener, ContextSealer, Message};
#[cfg(feature = "alloc")]
pub use crate::error::Error;
#[cfg(feature = "alloc")]
pub use crate::initiator::Initiator;
pub use gss_core::bindings::TooManyBindings;
pub use gss_core::oid;
pub use gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, Blame, ChannelBindings, ContextFlags, CryptoRng,
    Diagnose, Env, Facts, Handshake, MajorStatus, MessageError, Oid, Opener, Overhead, PrfKey, Protection,
    Role, Sealer, SecurityContext, SequenceStatus, SinkFull, SliceSink, Step, Target, TargetError, Timestamp,
    TokenSink, Unwrapped,
};
#[cfg(feature = "alloc")]
pub use gss_spnego::MicOutcome;

#[cfg(all(test, feature = "std"))]
mod tests;

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
