//! The parts of `gssctl`, so that tests and fuzzers can reach them without starting a process.

extern crate alloc;

mod acceptor;
pub mod decode;
pub mod demo;
pub mod fetch;
pub mod gateway;
mod http;
pub mod inspect;
pub mod kdc;
pub mod kdestroy;
pub mod kerberos;
pub mod kinit;
pub mod klist;
pub mod kpasswd;
pub mod kvno;
mod password;
mod progress;
mod random;
pub mod serve;
pub mod shim;
pub mod source;
mod text;
pub mod tls;
