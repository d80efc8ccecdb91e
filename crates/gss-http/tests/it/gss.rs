//! The scheme `GSS`.

mod again;
mod client;
mod kerberos;
mod messages;
mod script;
mod server;
mod store;
mod vectors;
mod world;
