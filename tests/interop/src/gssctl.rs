//! Our own implementation, as the program `gssctl`.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::endpoint::Endpoint;
use crate::peer::{self, Finished, Peer};
use crate::port;
use crate::site::Site;

/// Starts `gssctl shim` as an endpoint.
///
/// # Errors
/// `gssctl` has not been built, or cannot be started.
pub fn shim(site: &impl AsRef<Site>) -> Result<Endpoint> {
    let mut command = site.as_ref().command(program()?);
    command.arg("shim");
    Endpoint::start("gssctl shim", &mut command, site.as_ref().fresh_path("shim.log"))
}

/// Runs `gssctl` to its end.
///
/// # Errors
/// `gssctl` has not been built, cannot be started or does not end.
pub fn run(site: &impl AsRef<Site>, arguments: &[&str]) -> Result<Finished> {
    peer::finish(site.as_ref().command(program()?).args(arguments), b"")
}

/// A running `gssctl serve`.
#[derive(Debug)]
pub struct Server {
    port: u16,
    peer: Peer,
}

impl Server {
    /// Starts an HTTP server with a keytab on a free loopback port.
    ///
    /// # Errors
    /// `gssctl` has not been built, or does not start.
    pub fn start(site: &impl AsRef<Site>, keytab: &Path, options: &[&str]) -> Result<Self> {
        let port = port::free()?;
        let mut command = site.as_ref().command(program()?);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--keytab"])
            .arg(keytab)
            .args(options);
        let mut peer = Peer::start("gssctl serve", &mut command, site.as_ref().fresh_path("serve.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// Its root page, under the host name that the service's principal has.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }
}

/// The `gssctl` to test: the one that variable `GSSCTL` names, otherwise the one built into the same target
/// folder and profile as the running test.
fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("GSSCTL") {
        return Ok(path.into());
    }
    let test = env::current_exe().context("path of the running test")?;
    // target/PROFILE/deps/TEST or target/PROFILE/PROGRAM
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("gssctl"));
    let Some(path) = beside.into_iter().find(|path| path.is_file()) else {
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        bail!("gssctl is not built beside {}; run `cargo build -p gssctl{release}`", test.display());
    };
    Ok(path)
}
