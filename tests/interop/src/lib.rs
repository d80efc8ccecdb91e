//! Interoperation tests against real peers.
//!
//! The library is a harness: it starts programs from Debian packages on free loopback ports, in a temporary
//! folder of their own, and stops them by process id. The tests in `tests/live.rs` (feature `live`) let our
//! implementation, driven through `gssctl`, talk to them, and let them talk to each other so that a failure
//! can be told from a fault of the harness.
//!
//! | module | its job |
//! | --- | --- |
//! | [`packages`] | which Debian package gives which program |
//! | [`peer`] | a running process, and a program run to its end |
//! | [`port`] | free loopback ports |
//! | [`enctype`] | enctype numbers and the names MIT knows them by |
//! | [`realm`] | a Kerberos realm of its own: MIT KDC, principals, keytab, tickets |
//! | [`apache`], [`curl`], [`gss_samples`] | HTTP server, HTTP client, MIT's sample pair |
//! | [`endpoint`] | one side of a GSS context, driven by JSON lines |
//! | [`python`], [`gssctl`] | the two programs behind an endpoint: MIT's library and ours |
//! | [`iakerb`] | MIT's initiators through our IAKERB acceptor, which is linked in |
//! | [`conversation`] | two endpoints made to talk |
//! | [`text`] | hex, Base64 and RFC 3339 |

pub mod apache;
pub mod conversation;
pub mod curl;
pub mod enctype;
pub mod endpoint;
pub mod gss_samples;
pub mod gssctl;
pub mod iakerb;
pub mod packages;
pub mod peer;
pub mod port;
pub mod python;
pub mod realm;
pub mod text;
