//! A Kerberos KDC in a process, for tests and demonstrations.

#![forbid(unsafe_code)]

mod port;
#[cfg(feature = "serve")]
pub mod serve;

pub use port::Port;
