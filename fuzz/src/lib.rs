//! Oracles: what must hold for any input at all. A fuzz target is one line that calls one of these.
//!
//! That nothing panics is the least of it; an oracle states a property that can be false, such as "what parses
//! encodes to the same bytes" or "a tampered token is never accepted".

pub mod gss_core;
