//! The parts of `gssctl`, so that tests and fuzzers can reach them without starting a process.

pub mod decode;
pub mod inspect;
pub mod klist;
mod random;
pub mod shim;
pub mod source;
