//! The Kerberos mechanism, both roles against each other.

mod handshake;
mod iakerb;
mod world;
