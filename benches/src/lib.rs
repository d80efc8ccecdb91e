//! Benchmarks next to MIT krb5 in one run.
//!
//! Our side runs in this process. MIT's runs in a small C program ([`mit`]) that is compiled against the installed
//! libgssapi_krb5 and loops over GSS-API calls. Both get the same keys, tickets, tokens and messages, and take
//! turns, so that whatever else the machine does falls on both; what counts is the ratio within each pair of turns.
//!
//! A timing is never a test: slow is no failure. A side that does not work is one.

extern crate alloc;

mod allocations;
mod growth;
mod instructions;
mod joined;
mod measure;
pub mod mit;
mod options;
mod ours;
mod report;
mod suite;
mod world;

pub use crate::allocations::Counting;
pub use crate::options::Options;
pub use crate::suite::run;
