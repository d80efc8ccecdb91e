//! The client against servers and proxies in this process.

extern crate alloc;

// The example runs as it is, save for its `main`.
#[allow(dead_code, reason = "main needs a real credential cache")]
#[path = "../../examples/proxy_client.rs"]
mod proxy_client;

mod bodies;
mod gss_scheme;
mod hostile;
mod http2;
mod identities;
mod legs;
mod login;
mod ntlm;
mod proxies;
mod proxy;
mod raw;
mod redirects;
mod server;
mod timeouts;
mod tls;
mod world;
