//! The parts of `gssctl`, so that tests and fuzzers can reach them without starting a process.

extern crate alloc;

pub mod decode;
pub mod fetch;
mod http;
pub mod inspect;
pub mod klist;
mod random;
pub mod serve;
pub mod shim;
pub mod source;
pub mod tls;
