//! The parts of `gssctl`, so that tests and fuzzers can reach them without starting a process.

pub mod decode;
pub mod inspect;
pub mod klist;
pub mod source;
