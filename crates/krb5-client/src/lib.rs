//! Kerberos V5 client: the exchanges with a KDC as state machines, without I/O.
//!
//! The concepts, in the order in which a caller meets them:
//!
//! * An [`Exchange`] is one conversation with KDCs in one of its states. It has a [`Request`] to send, and takes the
//!   answer; that gives its next state or its outcome.
//! * A [`KdcTransport`] brings requests to a KDC and answers back. A closure is one. [`run`] drives an exchange over it.
//! * A [`Credential`] is what comes out: a ticket with its session key.
//! * A [`Policy`] says what is asked for and what is put up with, in all exchanges of a client.
//! * A [`Secret`] is what a client proves itself with in the first exchange, [`AsExchange`].
//! * [`PreauthMechanism`] is how it does that. Built in are the encrypted timestamp, the encrypted challenge inside FAST,
//!   and SPAKE.
//!
//! ```
//! use gss_core::{Env, Timestamp};
//! use krb5_client::{AsExchange, AsOptions, Policy, Request, Secret, TgsExchange, TgsOptions, run};
//! use krb5_testkdc::{Kdc, Port, Realm};
//! # use std::io::{Error, ErrorKind};
//! # let rng = &mut test_support::TestRng::insecure(1);
//!
//! // In place of a network: a KDC in the same process.
//! let kdc = Kdc::new(Realm::new("EXAMPLE.COM").user("alice", "secret").service("HTTP/www.example.com"))?;
//! let network = &mut |request: &Request| {
//!     kdc.answer(Port::Kdc, &request.message).ok_or(Error::from(ErrorKind::TimedOut))
//! };
//!
//! let policy = Policy::default();
//! let options = AsOptions::new("alice@EXAMPLE.COM".parse()?);
//! let mut env = Env::new(Timestamp::now(), rng);
//! let login = AsExchange::new(&policy, options, Secret::password("secret"), &mut env)?;
//! let tgt = run(login, network, &mut Timestamp::now, env.rng)?.credential;
//!
//! let server = "HTTP/www.example.com@EXAMPLE.COM".parse()?;
//! let ask = TgsExchange::service(&policy, &tgt, &server, TgsOptions::default(), &mut env)?;
//! let ticket = run(ask, network, &mut Timestamp::now, env.rng)?.credential;
//! assert_eq!(ticket.server, server);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Whatever a KDC sends is checked before anything of it is used: [`ReplyError`] lists the rules. What it refuses is kept
//! whole as a [`Refusal`], which says in words what happened and what to try.
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
