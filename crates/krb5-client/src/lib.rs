//! Kerberos V5 client: the exchanges with a KDC as state machines, without I/O.
//!
//! The concepts, in the order in which a caller meets them:
//!
//! * An [`Exchange`] is one conversation with KDCs in one of its states. It has a [`Request`] to send, and takes the
//!   answer; that gives its next state or its outcome.
//! * A [`KdcTransport`] brings requests to a KDC and answers back. A closure is one. [`run`] drives an exchange over it.
//! * A [`Credential`] is what comes out: a ticket with its session key.
//! * A [`Policy`] says what is asked for and what is put up with, in all exchanges of a client.
//!
//! Everything here needs the feature `alloc`.

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
mod ap_req;
#[cfg(feature = "alloc")]
mod as_exchange;
#[cfg(feature = "alloc")]
mod credential;
#[cfg(feature = "alloc")]
mod exchange;
#[cfg(feature = "alloc")]
mod fast;
#[cfg(feature = "alloc")]
mod kpasswd;
#[cfg(feature = "alloc")]
mod login;
#[cfg(feature = "alloc")]
mod policy;
#[cfg(feature = "alloc")]
mod preauth;
#[cfg(feature = "alloc")]
mod refusal;
#[cfg(feature = "alloc")]
mod reply;
#[cfg(feature = "alloc")]
mod sealed;
#[cfg(feature = "alloc")]
mod secret;
#[cfg(feature = "alloc")]
mod tgs;

#[cfg(feature = "alloc")]
pub use ap_req::ApReqError;
#[cfg(feature = "alloc")]
pub use as_exchange::{AsError, AsExchange, AsOptions, AsOutcome};
#[cfg(feature = "alloc")]
pub use credential::{Credential, Times};
#[cfg(feature = "alloc")]
pub use exchange::{Exchange, KdcTransport, Progress, Request, RunError, Service, run};
#[cfg(feature = "alloc")]
pub use fast::FastError;
#[cfg(feature = "alloc")]
pub use kpasswd::{
    FrameError, PasswordError, PasswordExchange, PasswordOptions, PasswordOutcome, PasswordPolicy, Rejection,
    ResultCode,
};
#[cfg(feature = "alloc")]
pub use login::{Login, LoginError, LoginOutcome};
#[cfg(feature = "alloc")]
pub use policy::Policy;
#[cfg(feature = "alloc")]
pub use preauth::{PreauthContext, PreauthData, PreauthError, PreauthMechanism};
#[cfg(feature = "alloc")]
pub use refusal::Refusal;
#[cfg(feature = "alloc")]
pub use reply::{Names, ReplyError};
#[cfg(feature = "alloc")]
pub use secret::{Secret, SecretError};
#[cfg(feature = "alloc")]
pub use tgs::{Evidence, RealmPath, S4uError, S4uUser, TgsError, TgsExchange, TgsOptions, TgsOutcome};
