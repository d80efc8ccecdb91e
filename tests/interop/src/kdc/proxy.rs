//! A proxy for KDCs over HTTPS (MS-KKDCP): kdcproxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Address, Directory};
use crate::peer::{self, Peer};
use crate::site::Site;
use crate::{packages, port, python};

/// The running proxy, for the realms of a directory; dropping it stops it.
#[derive(Debug)]
pub struct Proxy {
    peer: Peer,
    port: u16,
    certificate: PathBuf,
}

impl Proxy {
    /// Makes a certificate for `localhost`, which vouches for itself, and starts the proxy.
    ///
    /// # Errors
    /// A package is missing, or one of the programs fails.
    pub fn start(site: &Site, directory: &Directory) -> Result<Self> {
        packages::find("kdcproxy")?;
        let (certificate, key) = (site.fresh_path("proxy.pem"), site.fresh_path("proxy.key"));
        let mut openssl = Command::new(packages::find("openssl")?);
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        peer::succeed(&mut openssl, b"")?;

        let config = site.fresh_path("kdcproxy.conf");
        fs::write(&config, profile(directory))?;
        let port = port::free()?;
        let mut command = python::command(site, &packages::find("python3")?, "kdcproxy_peer.py");
        command.env("KDCPROXY_CONFIG", config).arg(port.to_string()).arg(&certificate).arg(key);
        let mut peer = Peer::start("kdcproxy", &mut command, site.fresh_path("kdcproxy.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { peer, port, certificate })
    }

    /// Where it is, as krb5.conf says it in place of a KDC.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/KdcProxy", self.port)
    }

    /// Its certificate in PEM, which is to be trusted.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }
}

fn profile(directory: &Directory) -> String {
    let realms = directory.realms.iter().map(|Address { realm, kdc, kpasswd }| {
        format!("[{realm}]\nkerberos = kerberos+tcp://{kdc}\nkpasswd = kpasswd+udp://{kpasswd}\n")
    });
    format!("[global]\nuse_dns = false\n{}", realms.collect::<String>())
}
