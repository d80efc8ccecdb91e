//! The Kerberos mechanism, both roles against each other, against hand-made messages and against recordings.

mod bindings;
mod forge;
mod handshake;
mod reject;
mod replay;
mod request;
mod tamper;
mod world;
