//! Tests through the public interface.

mod client;
mod properties;
mod scripted;
mod server;
mod vectors;
