//! A Kerberos KDC in a process, for tests and demonstrations.

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
pub use export::Endpoints;
pub use fault::{DeliveryFault, Fault, FaultPlan};
pub use kdc::{Kdc, KdcBuilder};
pub use port::Port;
pub use realm::{Domain, PacStyle, Realm};
