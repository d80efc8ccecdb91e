//! A world for web logins: a realm of our own KDC, an authority for certificates, and servers and proxies in it.
//!
//! Servers are a [`Target`] to their clients, whoever runs them, and greet users with a page that [`Greeting`] reads.

use core::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use krb5_testkdc::serve::Via;
use krb5_testkdc::{Kdc, Realm};

use crate::authority::{Authority, ServerCertificate};
use crate::kdc::client::Maker;
use crate::site::{Site, open_to_service_users};
use crate::testkdc::TestKdc;

/// The realm.
pub const REALM: &str = "EXAMPLE.TEST";
/// A user, as `name@REALM`.
pub const ALICE: &str = "alice@EXAMPLE.TEST";
/// Another user.
pub const BOB: &str = "bob@EXAMPLE.TEST";
/// The host of the servers.
pub const WWW: &str = "www.example.test";
/// Another host, whose service has other keys.
pub const OTHER: &str = "other.example.test";
/// The host of the proxies.
pub const PROXY: &str = "proxy.example.test";

/// Both users' password.
const PASSWORD: &str = "Correct horse 9 battery";

/// A running KDC, a folder whose programs come to it, and a certificate for all hosts.
#[derive(Debug)]
pub struct World {
    kdc: TestKdc,
    config: PathBuf,
    authority: Authority,
    certificate: ServerCertificate,
}

impl World {
    /// Starts it, with tickets as MIT's KDC makes them.
    ///
    /// # Errors
    /// No port is free, or `openssl` is missing or fails.
    pub fn start() -> Result<Self> {
        let mut realm = Realm::new(REALM).user("alice", PASSWORD).user("bob", PASSWORD);
        for host in [WWW, OTHER, PROXY] {
            realm = realm.service(format!("HTTP/{host}"));
        }
        realm = realm.host(".example.test", REALM);
        let mut kdc = TestKdc::start(Kdc::builder().realm(realm))?;
        kdc.point_programs_here(Via::Udp)?;
        let authority = Authority::new(kdc.site())?;
        let certificate = authority.server_certificate(kdc.site(), &[WWW, OTHER, PROXY])?;
        let config = kdc.config_file(Via::Udp, "")?;
        Ok(Self { kdc, config, authority, certificate })
    }

    /// The folder, and the environment of the programs in it.
    pub fn site(&self) -> &Site {
        self.kdc.site()
    }

    /// The krb5.conf, for programs that do not take it from the environment.
    pub fn krb5_conf(&self) -> &Path {
        &self.config
    }

    /// A certificate that holds for every host.
    pub fn certificate(&self) -> &ServerCertificate {
        &self.certificate
    }

    /// Logs a user in with MIT's `kinit`, into a new FILE ccache. The ticket can be forwarded.
    ///
    /// # Errors
    /// `kinit` is missing or fails.
    pub fn login(&self, user: &str) -> Result<PathBuf> {
        self.kdc.client(Maker::Mit, Via::Udp)?.kinit(user, PASSWORD, &["-f"])
    }

    /// A keytab of the web service of a host.
    ///
    /// # Errors
    /// There is no such service, or the file cannot be written.
    pub fn keytab(&self, host: &str) -> Result<PathBuf> {
        let path = self.kdc.keytab_file(&format!("HTTP/{host}@{REALM}"))?;
        open_to_service_users(&path)?;
        Ok(path)
    }

    /// A server at a port of this machine, which is [`WWW`] to its clients.
    pub fn target(&self, scheme: Scheme, port: u16) -> Target {
        Target { scheme, host: WWW.into(), port, authority: self.authority.certificate().into() }
    }
}

impl AsRef<Site> for World {
    fn as_ref(&self) -> &Site {
        self.site()
    }
}

/// Whether a server speaks TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// It does not.
    Http,
    /// It does.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// What clients know of a server. Its host has no address in DNS, and is to be taken for 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Target {
    scheme: Scheme,
    host: String,
    port: u16,
    authority: PathBuf,
}

impl Target {
    /// The same server under another name.
    #[must_use]
    pub fn named(&self, host: &str) -> Self {
        Self { host: host.into(), ..self.clone() }
    }

    /// Its name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The certificate of its authority in PEM.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.host, self.port)
    }

    /// Its root page.
    pub fn url(&self) -> String {
        self.origin() + "/"
    }

    /// What curl has to be told: the address, the authority and the URL.
    pub fn curl_arguments(&self) -> Vec<String> {
        let resolve = format!("{}:{}:127.0.0.1", self.host, self.port);
        let authority = self.authority.display().to_string();
        vec!["--resolve".into(), resolve, "--cacert".into(), authority, self.url()]
    }
}

/// What a server's page says of the login, as `gssctl serve` writes it in HTML and in text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Greeting {
    /// Who the client is, with the realm.
    pub user: String,
    /// Whether the login is bound to the channel.
    pub bound: bool,
    /// How many tickets came with it.
    pub delegated: usize,
}

impl Greeting {
    /// Reads it from a page.
    ///
    /// # Errors
    /// The page greets nobody.
    pub fn read(page: &str) -> Result<Self> {
        Self::find(page).with_context(|| format!("no greeting: {page}"))
    }

    /// What [`read`](Self::read) finds; `None` for a page that greets nobody.
    pub fn find(page: &str) -> Option<Self> {
        let user = page.split_once("You are ")?.1.split(['<', '\n']).next()?.to_owned();
        let bound = row(page, "Bound to the channel")? == "yes";
        Some(Self { user, bound, delegated: row(page, "Delegated tickets")?.parse().ok()? })
    }
}

/// The word behind a title, past colon or mark-up.
fn row<'p>(page: &'p str, title: &str) -> Option<&'p str> {
    let rest = page.split_once(title)?.1;
    let rest = rest.strip_prefix("</th><td>").or_else(|| rest.strip_prefix(": "))?;
    rest.split(['<', '\n']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_in_html_and_text() {
        let html = "<h1>You are a@B</h1>\n<table><tbody><tr><th>Bound to the channel</th><td>yes</td></tr>\n\
                    <tr><th>Delegated tickets</th><td>1</td></tr>";
        let text = "You are a@B\nBound to the channel: no\nDelegated tickets: 0\n";
        let greeting = |bound, delegated| Greeting { user: "a@B".into(), bound, delegated };
        assert_eq!(Greeting::find(html), Some(greeting(true, 1)));
        assert_eq!(Greeting::find(text), Some(greeting(false, 0)));
        assert_eq!(Greeting::find("<h1>Sign in</h1>"), None);
    }
}
