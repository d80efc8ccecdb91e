//! The Kerberos mechanism, both roles against each other.

mod handshake;
mod world;
