//! Tests through the public interface.

mod client;
mod misbehaving;
mod properties;
mod scripted;
mod server;
mod vectors;
