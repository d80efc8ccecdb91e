//! Benchmarks next to others in one run: MIT krb5 for Kerberos, crate sspi for NTLM.
//!
//! Our side runs in this process. MIT's runs in a small C program (module `mit`) that is compiled against the installed
//! libgssapi_krb5 and loops over GSS-API calls; that of crate sspi in a program that is a workspace of its own
//! (module `sspi`). Sides get the same keys, tickets, tokens and messages, as far as the protocol lets them, and take
//! turns, so that whatever else the machine does falls on both; what counts is the ratio within each pair of turns.
//!
//! A timing is never a test: slow is no failure. A side that does not work is one.

extern crate alloc;

mod again;
mod driver;
mod growth;
mod instructions;
mod joined;
mod load;
mod measure;
mod memory;
mod mit;
mod ntlm;
mod options;
mod ours;
mod report;
mod sspi;
mod suite;
mod tickets;
mod world;

pub use crate::options::Options;
pub use crate::suite::run;
pub use test_support::heap::Counting;
