//! KDCs on 127.0.0.1 that follow a script, and what reaches them.
//!
//! Time is tokio's virtual time wherever both sides run on one runtime: it moves on only when nothing else is to be
//! done, so that a silent server costs no waiting.

extern crate alloc;

mod dns;
mod faces;
mod https;
mod script;
mod tcp;
mod udp;
