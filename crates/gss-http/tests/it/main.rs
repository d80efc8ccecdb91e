//! Tests through the public interface.

mod bound;
mod client;
mod misbehaving;
mod ntlm;
mod properties;
mod scripted;
mod server;
mod shared;
mod support;
mod vectors;
