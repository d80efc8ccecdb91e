//! `gssctl gateway` in front of a service written in Python.

use std::path::Path;

use anyhow::Result;

use crate::peer::Peer;
use crate::site::Site;
use crate::web::World;
use crate::{gssctl, packages, port, python};

/// A service that says what it sees: the fields of a request, as CGI has them.
#[derive(Debug)]
pub struct Service {
    port: u16,
    _peer: Peer,
}

impl Service {
    /// Starts it on a free loopback port.
    ///
    /// # Errors
    /// Python is missing, or the service does not start.
    pub fn start(site: &impl AsRef<Site>) -> Result<Self> {
        let site = site.as_ref();
        let port = port::free()?;
        let mut command = site.command(packages::find("python3")?);
        command.arg(Path::new(python::PROGRAMS).join("gateway_service.py")).arg(port.to_string());
        let mut peer = Peer::start("service", &mut command, site.fresh_path("service.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, _peer: peer })
    }
}

/// A running gateway, which speaks TLS with the world's certificate.
#[derive(Debug)]
pub struct Gateway {
    port: u16,
    peer: Peer,
}

impl Gateway {
    /// Starts it with a keytab, in front of a service.
    ///
    /// # Errors
    /// `gssctl` has not been built, or does not start.
    pub fn start(world: &World, keytab: &Path, service: &Service, options: &[&str]) -> Result<Self> {
        let site = world.site();
        let port = port::free()?;
        let mut command = site.command(gssctl::program()?);
        command.args(["gateway", "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--upstream", &format!("http://127.0.0.1:{}", service.port), "--keytab"]).arg(keytab);
        let certificate = world.certificate();
        command.arg("--tls-cert").arg(&certificate.certificate).arg("--tls-key").arg(&certificate.key);
        let mut peer = Peer::start("gssctl gateway", command.args(options), site.fresh_path("gateway.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }
}
