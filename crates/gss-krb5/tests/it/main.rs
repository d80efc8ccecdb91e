//! The Kerberos mechanism, both roles against each other, against hand-made messages and against recordings.

mod forge;
mod handshake;
mod reject;
mod tamper;
mod world;
