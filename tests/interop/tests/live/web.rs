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
use interop::authority::ServerCertificate;
use interop::gssctl::Server;
use interop::web::{ALICE, BOB, Greeting, Scheme, Target, WWW, World};

/// A server of ours that greets whoever logs in, with a page that [`Greeting`] reads.
struct Origin {
    target: Target,
    server: Server,
}

/// What the server demands of clients' channel bindings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Bindings {
    /// That they are right, if there are any.
    Verify,
    /// That they are there, and right.
    Require,
}

/// Starts a server with the keys of [`WWW`].
type Serve = fn(&World, Scheme, Bindings) -> Result<Origin>;

impl Origin {
    /// `gssctl serve`.
    fn gssctl(world: &World, scheme: Scheme, bindings: Bindings) -> Result<Self> {
        let options: &[&str] = match bindings {
            Bindings::Verify => &[],
            Bindings::Require => &["--cb-policy", "require"],
        };
        let tls = tls_options(world, scheme);
        let tls: Vec<_> = tls.iter().map(String::as_str).collect();
        let server = Server::start(world, &world.keytab(WWW)?, &[options, &tls].concat())?;
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

/// What `gssctl serve` is told of TLS.
fn tls_options(world: &World, scheme: Scheme) -> Vec<String> {
    match scheme {
        Scheme::Http => Vec::new(),
        Scheme::Https => {
            let ServerCertificate { certificate, key } = world.certificate();
            let (certificate, key) = (certificate.display(), key.display());
            vec![format!("--tls-cert={certificate}"), format!("--tls-key={key}")]
        }
    }
}

/// One test per kind of server: `at_each_origin!(test = function(arguments), ...)` makes a module per kind, whose tests
/// call `function(serve, arguments)`.
macro_rules! at_each_origin {
    ($($test:ident = $function:ident($($argument:expr),*)),+ $(,)?) => {
        mod gssctl {
            use super::*;

            $(#[test]
            fn $test() -> Result<()> {
                super::$function(Origin::gssctl $(, $argument)*)
            })+
        }
    };
}
use at_each_origin;

/// What a server says to a user whose login has neither channel bindings nor tickets with it.
fn greeting(user: &str) -> Greeting {
    Greeting { user: user.into(), bound: false, delegated: 0 }
}
