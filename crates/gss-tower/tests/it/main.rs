//! The layer around services, on connections that a test makes up, and behind sockets.

extern crate alloc;

mod example;
mod frameworks;
mod gss;
mod mix;
mod ntlm;
mod rules;
mod serving;
mod sessions;
mod support;
mod traces;
