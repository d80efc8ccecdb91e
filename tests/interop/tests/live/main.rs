//! Our implementation against real peers, and the peers against each other.
//!
//! Every test starts a realm of its own, so that tests share nothing and can run at once. Our side is
//! `gssctl`; the peers are MIT krb5 (KDC, library, samples), Apache and curl.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `peers` | peers only: proves that the harness works |
//! | `contexts` | both roles, every enctype, mutual or not, raw and SPNEGO, messages of many sizes |
//! | `bindings` | channel bindings equal, different and absent under each policy |
//! | `delegation` | forwarded tickets in and out |
//! | `dce` | DCE style, and rotated tokens |
//! | `rejects` | what must fail, on which side, and with which error |
//! | `samples` | MIT's `gss-server` and `gss-client` against our acceptor and initiator |
//! | `http` | curl, Apache, `gssctl serve` and `gssctl fetch` |
//! | `gateway` | `gssctl gateway` between curl and a service in Python |
//! | `iakerb` | MIT's initiators through our IAKERB acceptor, linked in for want of a place in `gssctl` |
//! | `demo` | `gssctl demo --serve` with MIT's `kinit` and curl |
//! | `files` | `gssctl klist` on files of MIT's |
//! | `caches` | credential caches of all types, with MIT's programs and Heimdal's daemon |
//! | `testkdc` | our own KDC with the stock clients |
//! | `tickets` | our client of a KDC with those of MIT, Heimdal and Samba, linked in |
//! | `web` | browsers, Java, Python and curl at our servers over TLS, and proxies |
//! | `redis` | replay cache and contexts on a Redis server that is killed, halted, emptied |
//! | `ntlm` | NTLM: gss-ntlmssp, pyspnego, impacket, Samba and curl |

extern crate alloc;

mod bindings;
mod caches;
mod contexts;
mod dce;
mod delegation;
mod demo;
mod files;
mod gateway;
mod http;
mod iakerb;
mod messages;
mod ntlm;
mod peers;
mod redis;
mod rejects;
mod samples;
mod testkdc;
mod tickets;
mod web;

use anyhow::Result;
use interop::endpoint::Endpoint;
use interop::realm::Realm;
use interop::{gssctl, python};

/// Whose implementation plays a side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    /// `gssctl shim`
    Ours,
    /// MIT's library
    Mit,
}

impl Who {
    fn start(self, realm: &Realm) -> Result<Endpoint> {
        match self {
            Self::Ours => gssctl::shim(realm),
            Self::Mit => python::start(realm),
        }
    }
}

/// One test per pair of implementations: `pairs!(name => function)` makes a module `name` whose tests call
/// `function(initiator, acceptor)`. The pair of MIT with itself judges the test, not us.
macro_rules! pairs {
    ($name:ident => $function:ident $(, $argument:expr)*) => {
        mod $name {
            use super::*;
            use crate::Who;

            #[test]
            fn ours_to_mit() -> anyhow::Result<()> {
                $function(Who::Ours, Who::Mit $(, $argument)*)
            }

            #[test]
            fn mit_to_ours() -> anyhow::Result<()> {
                $function(Who::Mit, Who::Ours $(, $argument)*)
            }

            #[test]
            fn ours_to_ours() -> anyhow::Result<()> {
                $function(Who::Ours, Who::Ours $(, $argument)*)
            }

            #[test]
            fn mit_to_mit() -> anyhow::Result<()> {
                $function(Who::Mit, Who::Mit $(, $argument)*)
            }
        }
    };
}
use pairs;
