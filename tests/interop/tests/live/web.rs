//! Web clients at our servers over TLS, with tickets of our KDC.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `browsers` | Chromium and Firefox |
//! | `clients` | curl, Java and Python |
//! | `proxies` | squid |
//! | `apache` | Apache over TLS, by stock clients |

mod apache;
mod browsers;
mod clients;
mod proxies;

use anyhow::Result;
use interop::gssctl::Server;
use interop::web::{ALICE, BOB, Greeting, Scheme, Target, WWW, World};

/// A server of ours that greets whoever logs in.
struct Origin {
    target: Target,
    server: Server,
}

impl Origin {
    /// `gssctl serve` over TLS.
    fn gssctl(world: &World, options: &[&str]) -> Result<Self> {
        let certificate = world.certificate();
        let (chain, key) = (certificate.certificate.display(), certificate.key.display());
        let (chain, key) = (chain.to_string(), key.to_string());
        let tls = ["--tls-cert", &chain, "--tls-key", &key];
        Self::start(world, Scheme::Https, &[&tls, options].concat())
    }

    /// `gssctl serve` without TLS.
    fn gssctl_in_clear(world: &World, options: &[&str]) -> Result<Self> {
        Self::start(world, Scheme::Http, options)
    }

    fn start(world: &World, scheme: Scheme, options: &[&str]) -> Result<Self> {
        let server = Server::start(world, &world.keytab(WWW)?, options)?;
        Ok(Self { target: world.target(scheme, server.port()), server })
    }

    /// What came of each request.
    fn requests(&self) -> Vec<String> {
        let said = self.server.log().into_iter().map(|(_, said)| said);
        // The connection that saw whether anybody listens had no TLS.
        said.filter(|said| !said.starts_with("no TLS")).collect()
    }

    /// The end of its log.
    fn log_tail(&self) -> String {
        self.server.log_tail()
    }
}

/// What a server says to a user whose login has neither channel bindings nor tickets with it.
fn greeting(user: &str) -> Greeting {
    Greeting { user: user.into(), bound: false, delegated: 0 }
}
