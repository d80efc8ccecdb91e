//! A Kerberos KDC in a process, for tests and demonstrations.

#![forbid(unsafe_code)]

extern crate alloc;

mod fault;
mod port;
#[cfg(feature = "serve")]
pub mod serve;

pub use fault::{DeliveryFault, Fault, FaultPlan};
pub use port::Port;
