//! The krb5.conf of clients.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::https;

/// Where the services of a running server are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// AS and TGS exchanges, over UDP and TCP.
    pub kdc: SocketAddr,
    /// Password changes, over UDP and TCP.
    pub kpasswd: SocketAddr,
    /// The proxy, over HTTPS.
    pub https: SocketAddr,
}

impl Addresses {
    /// The URL of the proxy.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("https://{}{}", self.https, https::PATH)
    }
}

/// Which way clients are to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// UDP, and TCP for what is too long.
    #[default]
    Udp,
    /// TCP at once.
    Tcp,
    /// The proxy.
    Https,
}

/// A krb5.conf that names some realms' servers and looks nothing up elsewhere. MIT, Heimdal and Java read it.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    via: Via,
    libdefaults: Vec<(String, String)>,
    realms: Vec<(String, Addresses)>,
    hosts: Vec<(String, String)>,
    anchors: Option<PathBuf>,
    ca_pem: String,
}

impl ClientConfig {
    pub(super) fn new(via: Via, realms: Vec<(String, Addresses)>, ca_pem: &str) -> Self {
        let libdefaults = Vec::new();
        let mut config =
            Self { via, libdefaults, realms, hosts: Vec::new(), anchors: None, ca_pem: ca_pem.into() };
        for (name, value) in [
            ("dns_lookup_realm", "false"),
            ("dns_lookup_kdc", "false"),
            // Nor are names of hosts looked up.
            ("dns_canonicalize_hostname", "false"),
            ("rdns", "false"),
            ("qualify_shortname", "\"\""),
        ] {
            config = config.libdefault(name, value);
        }
        if let Some((realm, _)) = config.realms.first().cloned() {
            config = config.host("localhost", &realm).libdefault("default_realm", &realm);
        }
        match via {
            Via::Udp | Via::Https => config,
            Via::Tcp => config.libdefault("udp_preference_limit", "1"),
        }
    }

    /// With the realms of another server too. The default realm stays the first.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.realms.extend(other.realms.iter().cloned());
        if self.ca_pem != other.ca_pem {
            self.ca_pem.push_str(&other.ca_pem);
        }
        self
    }

    /// With a setting in `[libdefaults]`, in place of an earlier one of this name.
    #[must_use]
    pub fn libdefault(mut self, name: &str, value: &str) -> Self {
        self.libdefaults.retain(|(known, _)| known != name);
        self.libdefaults.push((name.into(), value.into()));
        self
    }

    /// With a host, or a domain if it begins with a dot, whose services are in a realm.
    #[must_use]
    pub fn host(mut self, host: &str, realm: &str) -> Self {
        self.hosts.retain(|(known, _)| known != host);
        self.hosts.push((host.into(), realm.into()));
        self
    }

    /// With a file in which MIT finds the certificate of the proxy's authority. [`write_to`](Self::write_to) does this.
    #[must_use]
    pub fn anchors(mut self, path: impl Into<PathBuf>) -> Self {
        self.anchors = Some(path.into());
        self
    }

    /// Writes `krb5.conf` and `ca.pem` into a folder, and gives the path of the former.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> io::Result<PathBuf> {
        let folder = folder.as_ref();
        let (config, anchors) = (folder.join("krb5.conf"), folder.join("ca.pem"));
        fs::write(&anchors, &self.ca_pem)?;
        fs::write(&config, self.clone().anchors(anchors).to_string())?;
        Ok(config)
    }
}

impl fmt::Display for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[libdefaults]\n")?;
        for (name, value) in &self.libdefaults {
            writeln!(f, "    {name} = {value}")?;
        }
        f.write_str("[realms]\n")?;
        for (realm, addresses) in &self.realms {
            let (kdc, kpasswd) = match self.via {
                Via::Udp | Via::Tcp => (addresses.kdc.to_string(), addresses.kpasswd.to_string()),
                Via::Https => (addresses.proxy_url(), addresses.proxy_url()),
            };
            writeln!(f, "    {realm} = {{")?;
            // The first KDC is the one that learns of new passwords first.
            writeln!(
                f,
                "        kdc = {kdc}\n        master_kdc = {kdc}\n        kpasswd_server = {kpasswd}"
            )?;
            if let Some(anchors) = &self.anchors {
                writeln!(f, "        http_anchors = FILE:{}", anchors.display())?;
            }
            f.write_str("    }\n")?;
        }
        f.write_str("[domain_realm]\n")?;
        for (host, realm) in &self.hosts {
            writeln!(f, "    {host} = {realm}")?;
        }
        Ok(())
    }
}
