//! MIT's sample pair, `gss-server` and `gss-client`.

use std::path::Path;

use anyhow::Result;

use crate::peer::{self, Peer};
use crate::realm::{HOST_SERVICE, Realm};
use crate::{packages, port};

/// A running `gss-server`.
#[derive(Debug)]
pub struct Server {
    port: u16,
    peer: Peer,
}

impl Server {
    /// Starts the server for the realm's host service.
    ///
    /// # Errors
    /// The package is missing, or the server does not start.
    pub fn start(realm: &Realm) -> Result<Self> {
        let port = port::free()?;
        let mut command = realm.command(packages::find("gss-server")?);
        command.env("KRB5_KTNAME", realm.keytab()).args([
            "-port",
            &port.to_string(),
            "-verbose",
            HOST_SERVICE,
        ]);
        let mut peer = Peer::start("gss-server", &mut command, realm.fresh_path("gss-server.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }

    /// Runs `gss-client` against it and gives what that printed.
    ///
    /// # Errors
    /// The package is missing, or the client reports a failure.
    pub fn greet(&self, realm: &Realm, ccache: &Path, options: &[&str], message: &str) -> Result<String> {
        let mut command = realm.command(packages::find("gss-client")?);
        command.env("KRB5CCNAME", ccache).args(["-port", &self.port.to_string()]).args(options);
        command.args(["localhost", HOST_SERVICE, message]);
        peer::succeed(&mut command, b"")
    }
}
