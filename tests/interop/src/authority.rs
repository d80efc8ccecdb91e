//! A certificate authority, and a server certificate that it has signed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::site::Site;
use crate::{packages, peer};

/// A self-signed certificate of an authority, and the key that goes with it.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: PathBuf,
    key: PathBuf,
}

/// A server's certificate and key, each in a PEM file.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key, in PKCS #8.
    pub key: PathBuf,
}

impl Authority {
    /// Makes one with a P-256 key.
    ///
    /// # Errors
    /// `openssl` is missing or fails.
    pub fn new(site: &Site) -> Result<Self> {
        let made = Self { certificate: site.fresh_path("ca.pem"), key: site.fresh_path("ca.key") };
        let mut command = request(site, &["-subj", "/CN=Authority of the interop tests"])?;
        command.args(["-addext", "keyUsage=critical,keyCertSign"]);
        command.args(["-addext", "basicConstraints=critical,CA:TRUE"]);
        peer::succeed(command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate), b"")?;
        Ok(made)
    }

    /// Its certificate in PEM, for clients to trust.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Signs a certificate for these hosts, and for 127.0.0.1. Browsers want all that it says.
    ///
    /// # Errors
    /// `openssl` is missing or fails.
    pub fn server_certificate(&self, site: &Site, hosts: &[&str]) -> Result<ServerCertificate> {
        let made = ServerCertificate {
            certificate: site.fresh_path("server.pem"),
            key: site.fresh_path("server.key"),
        };
        let first = hosts.first().context("a certificate is for a host")?;
        let names: Vec<_> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
        let mut command = request(site, &["-subj", &format!("/CN={first}")])?;
        command.args(["-addext", &format!("subjectAltName={},IP:127.0.0.1", names.join(","))]);
        command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        command.args(["-addext", "keyUsage=critical,digitalSignature"]);
        command.args(["-addext", "extendedKeyUsage=serverAuth"]);
        command.arg("-CA").arg(&self.certificate).arg("-CAkey").arg(&self.key);
        peer::succeed(command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate), b"")?;
        Ok(made)
    }
}

/// Without the system's configuration, which has extensions of its own.
fn request(site: &Site, arguments: &[&str]) -> Result<Command> {
    let mut command = site.command(packages::find("openssl")?);
    command.env("OPENSSL_CONF", "/dev/null");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    command.args(["-days", "2"]).args(arguments);
    Ok(command)
}
