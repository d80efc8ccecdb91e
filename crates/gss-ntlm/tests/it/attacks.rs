//! Attacks, each refused with an error of its own.
//!
//! A man in the middle changes messages on the way and knows no password; an insider knows one and makes messages that
//! break one rule; a hostile server makes challenges.

mod bindings;
mod downgrade;
mod errors;
mod fields;
mod keys;
mod mic;
mod names;
mod relay;
mod replay;
mod responses;
mod server;
