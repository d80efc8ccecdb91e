//! Our own KDC in the process of the test, and the stock programs that are told of it.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::ops::Deref;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use krb5_testkdc::serve::{ClientConfig, Running, Server, Via};
use krb5_testkdc::{Kdc, KdcBuilder};

use crate::kdc::Address;
use crate::kdc::client::{Client, Maker};
use crate::site::Site;

/// The ways by which a maker's programs reach a KDC.
pub fn ways(maker: Maker) -> &'static [Via] {
    match maker {
        Maker::Mit => &[Via::Udp, Via::Tcp, Via::Https],
        // Its HTTP proxies are of another kind.
        Maker::Heimdal => &[Via::Udp, Via::Tcp],
    }
}

/// A KDC of ours with sockets, and a folder for the programs that ask it.
#[derive(Debug)]
pub struct TestKdc {
    kdc: Arc<Kdc>,
    // Before the folder, so that nothing serves its files when they go.
    running: Running,
    site: Site,
}

impl TestKdc {
    /// Starts it.
    ///
    /// # Errors
    /// The realms are no KDC's, or no ports are free.
    pub fn start(realms: KdcBuilder) -> Result<Self> {
        let kdc = Arc::new(realms.build()?);
        let running = Server::for_kdc(Arc::clone(&kdc)).start()?;
        let mut site = Site::new()?;
        site.without_ntlm();
        Ok(Self { kdc, running, site })
    }

    /// The folder.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Where it is to be reached, for a realm of its.
    ///
    /// # Errors
    /// It is not served over IPv4.
    pub fn address(&self, realm: &str) -> Result<Address> {
        let socket = |address| match address {
            SocketAddr::V4(socket) => Ok(socket),
            SocketAddr::V6(socket) => bail!("{socket} is not IPv4"),
        };
        let addresses = self.running.addresses();
        Ok(Address { realm: realm.into(), kdc: socket(addresses.kdc)?, kpasswd: socket(addresses.kpasswd)? })
    }

    /// The programs of a maker, which come by this way.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn client(&self, maker: Maker, via: Via) -> Result<Client<'_>> {
        client(maker, &self.site, &self.running, via, "")
    }

    /// As [`client`](Self::client), with more lines for the end of the krb5.conf.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn client_with(&self, maker: Maker, via: Via, more: &str) -> Result<Client<'_>> {
        client(maker, &self.site, &self.running, via, more)
    }

    /// A file with the krb5.conf, and more lines at its end.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn config_file(&self, via: Via, more: &str) -> Result<PathBuf> {
        let path = self.site.fresh_path("krb5.conf");
        fs::write(&path, config(&self.site, &self.running, via)?.to_string() + more)?;
        Ok(path)
    }

    /// Lets all programs that are started from now on in the folder come here, unless they are given another krb5.conf.
    ///
    /// # Errors
    /// The krb5.conf cannot be written.
    pub fn point_programs_here(&mut self, via: Via) -> Result<()> {
        let path = self.config_file(via, "")?;
        self.site.set("KRB5_CONFIG", path);
        Ok(())
    }

    /// Writes all keys of an account into a new keytab.
    ///
    /// # Errors
    /// There is no such account, or the file cannot be written.
    pub fn keytab_file(&self, principal: &str) -> Result<PathBuf> {
        let path = self.site.fresh_path("keytab");
        let bytes = self.kdc.keytab(&[principal])?.to_bytes()?;
        fs::write(&path, &bytes).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

impl Deref for TestKdc {
    type Target = Kdc;

    fn deref(&self) -> &Kdc {
        &self.kdc
    }
}

/// The krb5.conf of clients that come by this way.
///
/// # Errors
/// The certificate of the proxy's authority cannot be written.
pub fn config(site: &Site, running: &Running, via: Via) -> Result<ClientConfig> {
    let anchors = site.fresh_path("ca.pem");
    fs::write(&anchors, running.ca_pem())?;
    // What is weak is for the KDC to offer or not, and not for the clients' defaults to refuse.
    let config = running.client_config(via).anchors(anchors);
    Ok(config.libdefault("allow_weak_crypto", "true").libdefault("allow_rc4", "true"))
}

/// The programs of a maker for any handler, with more lines for the end of the krb5.conf.
///
/// # Errors
/// A file cannot be written.
pub fn client<'s>(
    maker: Maker,
    site: &'s Site,
    running: &Running,
    via: Via,
    more: &str,
) -> Result<Client<'s>> {
    Client::with_profile(maker, site, &(config(site, running, via)?.to_string() + more))
}
