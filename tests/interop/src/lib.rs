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
//! | [`site`] | a temporary folder, and the environment of the programs in it |
//! | [`venv`] | the Python environment with the peers of PyPI |
//! | [`heimdal`] | Heimdal's programs, unpacked beside MIT's, with which they cannot be installed |
//! | [`kdc`] | KDCs of MIT and Heimdal with any principals, in one realm or several that trust each other |
//! | [`kcm`] | Heimdal's credential cache daemon, for MIT's programs and for us |
//! | [`testkdc`] | our own KDC, as the stock clients are told of it |
//! | [`java`] | Java's Kerberos |
//! | [`realm`] | a Kerberos realm of its own: MIT KDC, principals, keytab, tickets |
//! | [`redis`] | a Redis server that can be killed and halted |
//! | [`samba`] | a Samba AD domain controller of its own, and its `ntlm_auth` |
//! | [`web`] | a realm with web servers and proxies, their certificates, and what their pages say |
//! | [`authority`] | certificates |
//! | [`browser`] | Chromium and Firefox without a screen |
//! | [`squid`] | a proxy that wants a login |
//! | [`axum`] | a server of ours on axum, and what several of them share |
//! | [`apache`], [`curl`], [`gss_samples`] | HTTP server, HTTP client, MIT's sample pair |
//! | [`gateway`] | `gssctl gateway`, and a service behind it |
//! | [`origin`] | HTTP server or proxy whose logins an endpoint does |
//! | [`endpoint`] | one side of a GSS context, driven by JSON lines |
//! | [`python`], [`gssctl`] | the programs behind an endpoint: MIT's library with gss-ntlmssp, pyspnego, impacket; ours |
//! | [`ldap`] | an LDAP client whose SASL bind an endpoint does |
//! | [`iakerb`] | MIT's initiators through our IAKERB acceptor, which is linked in |
//! | [`conversation`] | two endpoints made to talk |
//! | [`text`] | hex, Base64 and RFC 3339 |

extern crate alloc;

pub mod apache;
pub mod authority;
pub mod axum;
pub mod browser;
pub mod conversation;
pub mod curl;
pub mod enctype;
pub mod endpoint;
pub mod gateway;
pub mod gss_samples;
pub mod gssctl;
pub mod heimdal;
pub mod iakerb;
pub mod java;
pub mod kcm;
pub mod kdc;
pub mod ldap;
pub mod origin;
pub mod packages;
pub mod peer;
pub mod port;
pub mod python;
pub mod realm;
pub mod redis;
pub mod samba;
pub mod site;
pub mod squid;
pub mod testkdc;
pub mod text;
pub mod venv;
pub mod web;
