//! Our Tower layer in a server on axum: the program `interop-origin` of this package.

use core::iter;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::authority::ServerCertificate;
use crate::endpoint::User;
use crate::gssctl;
use crate::peer::Peer;
use crate::port;
use crate::site::Site;

/// What a server does besides logging users in with Negotiate.
#[derive(Clone, Copy, Debug, Default)]
pub struct AxumOptions<'a> {
    /// Speaks TLS with this certificate, over HTTP/1.1 and HTTP/2.
    pub certificate: Option<&'a ServerCertificate>,
    /// Speaks no HTTP/2.
    pub http1: bool,
    /// Demands channel bindings.
    pub require_bindings: bool,
    /// Offers the scheme `GSS` for this origin, as clients see it.
    pub origin: Option<&'a str>,
    /// Lets these users of NTLM in too.
    pub users: &'a [User],
    /// What is shared with other servers, and where.
    pub redis: Option<&'a Shared>,
    /// Listens there, and not at a free port.
    pub port: Option<u16>,
}

/// What several servers share on Redis.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The URL of the Redis server.
    pub url: String,
    /// The file with the key that contexts are sealed with.
    pub key: PathBuf,
    /// Nobody has ever logged in.
    pub first_use: bool,
    /// By how many seconds clients' clocks are ahead at most, and the margin; absent for the defaults.
    pub clocks: Option<(u64, u64)>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    port: u16,
    peer: Peer,
}

impl Server {
    /// Starts a server with a keytab on 127.0.0.1.
    ///
    /// # Errors
    /// The program has not been built, or does not start; a user has no password.
    pub fn start(site: &impl AsRef<Site>, keytab: &Path, options: &AxumOptions<'_>) -> Result<Self> {
        let site = site.as_ref();
        let port = options.port.map_or_else(port::free, Ok)?;
        let mut command = site.command(gssctl::built("interop-origin", "interop --features live")?);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--keytab"]).arg(keytab);
        if let Some(ServerCertificate { certificate, key }) = options.certificate {
            command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
        }
        if !options.users.is_empty() {
            command.arg("--ntlm-users").arg(gssctl::users_file(site, options.users)?);
        }
        command.args(options.http1.then_some("--http1"));
        command.args(options.require_bindings.then_some("--require-bindings"));
        command.args(options.origin.iter().flat_map(|origin| ["--origin", origin]));
        if let Some(Shared { url, key, first_use, clocks }) = options.redis {
            command.args(["--redis", url, "--redis-key"]).arg(key);
            command.args(first_use.then_some("--redis-first-use"));
            if let Some((lead, margin)) = clocks {
                command.args(
                    iter::once("--redis-clocks".to_owned()).chain([*lead, *margin].map(|s| s.to_string())),
                );
            }
        }
        let mut peer = Peer::start("interop-origin", &mut command, site.fresh_path("origin.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it logged of its requests: the client's address, and what came of the request.
    pub fn log(&self) -> Vec<(String, String)> {
        gssctl::requests(&self.log_text())
    }

    /// Everything it logged, why it refused whom included.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.peer.log()).unwrap_or_default()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }
}
