//! The Kerberos mechanism, both roles against each other, against hand-made messages and against recordings.

extern crate alloc;

mod bindings;
mod domain_pac;
mod flows;
mod forge;
mod handshake;
mod iakerb;
mod mit_pac;
mod properties;
mod reject;
mod replay;
mod request;
mod tamper;
mod world;
