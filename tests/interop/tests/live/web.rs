//! Web clients at our servers over TLS, with tickets of our KDC.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `browsers` | Chromium and Firefox |
//! | `clients` | curl, Java and Python |
//! | `proxies` | squid |
//! | `apache` | Apache over TLS, by stock clients |
//! | `axum` | our own layer in axum: HTTP/2, and port 8443 |
//! | `ours` | our own clients at Apache, squid and axum |
//! | `shared` | two servers that share Redis |
//! | `raw` | requests byte by byte, for tests that send what no client would |

mod apache;
mod axum;
mod browsers;
mod clients;
mod ours;
mod proxies;
mod raw;
mod shared;

use anyhow::Result;
use interop::authority::ServerCertificate;
use interop::axum::AxumOptions;
use interop::web::{ALICE, BOB, Greeting, Scheme, Target, WWW, World};

/// A server of ours that greets whoever logs in, with a page that [`Greeting`] reads.
struct Origin {
    target: Target,
    server: AnyServer,
}

/// Whose server it is.
enum AnyServer {
    /// `gssctl serve`
    Gssctl(interop::gssctl::Server),
    /// The layer of `gss-tower` in axum.
    Axum(interop::axum::Server),
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
        let server = interop::gssctl::Server::start(world, &world.keytab(WWW)?, &[options, &tls].concat())?;
        let target = world.target(scheme, server.port());
        Ok(Self { target, server: AnyServer::Gssctl(server) })
    }

    /// axum.
    fn axum(world: &World, scheme: Scheme, bindings: Bindings) -> Result<Self> {
        let require_bindings = bindings == Bindings::Require;
        Self::axum_with(world, scheme, &AxumOptions { require_bindings, ..AxumOptions::default() })
    }

    /// The same with more options; whether there is a certificate, the scheme says.
    fn axum_with(world: &World, scheme: Scheme, options: &AxumOptions<'_>) -> Result<Self> {
        let certificate = (scheme == Scheme::Https).then(|| world.certificate());
        let options = AxumOptions { certificate, ..*options };
        let server = interop::axum::Server::start(world, &world.keytab(WWW)?, &options)?;
        Ok(Self { target: world.target(scheme, server.port()), server: AnyServer::Axum(server) })
    }

    /// What came of each request.
    fn requests(&self) -> Vec<String> {
        let log = match &self.server {
            AnyServer::Gssctl(server) => server.log(),
            AnyServer::Axum(server) => server.log(),
        };
        let said = log.into_iter().map(|(_, said)| said);
        // The connection that saw whether anybody listens had no TLS.
        said.filter(|said| !said.starts_with("no TLS")).collect()
    }

    /// The end of its log.
    fn log_tail(&self) -> String {
        match &self.server {
            AnyServer::Gssctl(server) => server.log_tail(),
            AnyServer::Axum(server) => server.log_tail(),
        }
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

        mod axum {
            use super::*;

            $(#[test]
            fn $test() -> Result<()> {
                super::$function(Origin::axum $(, $argument)*)
            })+
        }
    };
}
use at_each_origin;

/// What a server says to a user whose login has neither channel bindings nor tickets with it.
fn greeting(user: &str) -> Greeting {
    Greeting { user: user.into(), bound: false, delegated: 0 }
}
