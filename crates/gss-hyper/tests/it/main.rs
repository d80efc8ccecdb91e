//! The client against servers and proxies in this process.

extern crate alloc;

mod bodies;
mod gss_scheme;
mod hostile;
mod http2;
mod identities;
mod legs;
mod login;
#[cfg(feature = "ntlm")]
mod ntlm;
mod proxies;
mod proxy;
mod raw;
mod redirects;
mod server;
mod timeouts;
mod tls;
mod world;
