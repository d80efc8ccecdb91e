//! A Kerberos KDC in a process, for tests and demonstrations.
//!
//! A test describes a [`Realm`] with its [`Account`]s, and asks the [`Kdc`] made from it: in the same process, without
//! any socket, or from anywhere through a [`serve::Server`].
//!
//! ```
//! use gss_core::{Env, Timestamp};
//! use krb5_client::{AsExchange, AsOptions, Policy, Request, Secret, run};
//! use krb5_testkdc::{Account, Fault, Kdc, Port, Realm};
//! # use std::io::{Error, ErrorKind::TimedOut};
//! # let rng = &mut test_support::TestRng::insecure(1);
//!
//! let kdc = Kdc::new(
//!     Realm::new("EXAMPLE.COM")
//!         .user("alice", "secret")
//!         .account(Account { locked: true, ..Account::user("bob", "secret") })
//!         .service("HTTP/www.example.com"),
//! )?;
//! let mut log_in = |name: &str| {
//!     let (options, secret) = (AsOptions::new(name.parse().unwrap()), Secret::password("secret"));
//!     let env = &mut Env::new(Timestamp::now(), rng);
//!     let login = AsExchange::new(&Policy::default(), options, secret, env).unwrap();
//!     let ask = &mut |request: &Request| kdc.answer(Port::Kdc, &request.message).ok_or(Error::from(TimedOut));
//!     run(login, ask, &mut Timestamp::now, rng).map_err(|error| error.to_string())
//! };
//! assert!(log_in("alice@EXAMPLE.COM")?.credential.is_tgt());
//! assert!(log_in("bob@EXAMPLE.COM").unwrap_err().contains("KDC_ERR_CLIENT_REVOKED"));
//! kdc.inject(Fault::WrongNonce);
//! assert!(log_in("alice@EXAMPLE.COM").unwrap_err().contains("nonce"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What else there is:
//!
//! * [`Kdc::builder`]: several realms with trust between them and referrals, a [`Clock`] that the test sets, keys that
//!   are the same every time.
//! * [`Account`]: enctypes, salts and rounds, key versions, pre-authentication, expiry, lives, rights to delegate
//!   (S4U), aliases. [`Kdc::edit`], [`Kdc::rotate_keys`] and [`Kdc::set_password`] change one while the KDC runs.
//! * [`PacStyle`]: the PAC of MIT's KDC, or that of a Windows domain with the SIDs of an [`Identity`].
//! * [`Fault`]: what is to go wrong, for tests of clients.
//! * [`Kdc::keytab`], [`Kdc::ccache`], [`Kdc::ticket`]: what other programs need. Their krb5.conf comes from the sockets
//!   (`serve::Running`).
//! * [`Kdc::take_history`]: what was asked and how it was answered.
//!
//! It does AS exchanges with encrypted timestamps, SPAKE (RFC 9588) and FAST (RFC 6113); TGS exchanges with renewal,
//! validation, forwarding, proxies, user-to-user, cross-realm referrals and S4U; and password changes (RFC 3244). It
//! has no PKINIT and no anonymous tickets.
//!
//! **It is no KDC for people.** Accounts are gone when the process ends, nothing slows down who guesses passwords, and
//! it does wrong on demand.

#![forbid(unsafe_code)]

extern crate alloc;

mod account;
mod ap_req;
mod as_exchange;
mod as_preauth;
mod clock;
mod config_error;
mod cookie;
mod database;
mod export;
mod fast;
mod fault;
mod grant;
mod history;
mod kdc;
mod keys;
mod kpasswd;
mod pac;
mod port;
mod random;
mod realm;
mod refusal;
mod reply;
mod sealed;
#[cfg(feature = "serve")]
pub mod serve;
mod tgs;
mod ticket;
mod turn;

pub use account::{Account, AccountSecret, Identity};
pub use clock::Clock;
pub use config_error::ConfigError;
pub use fault::{DeliveryFault, Fault, FaultPlan};
pub use history::Answered;
pub use kdc::{Kdc, KdcBuilder};
pub use port::Port;
pub use realm::{Domain, PacStyle, Realm};
