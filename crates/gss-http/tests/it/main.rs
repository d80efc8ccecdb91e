//! Tests through the public interface.

extern crate alloc;

mod bound;
mod client;
#[cfg(feature = "std")]
mod gss;
mod misbehaving;
mod ntlm;
mod properties;
mod scripted;
mod server;
mod shared;
mod support;
mod vectors;
