//! KDCs of several makers, and the way to them.
//!
//! Each maker's module starts the servers of one realm; several realms, of the same maker or of different ones, that
//! stand in one [`Directory`] know each other's addresses.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::enctype::{Enctype, mit_names};
use crate::peer::PATIENCE;
use crate::port;

pub mod client;
pub mod heimdal;
pub mod mit;
pub mod proxy;

/// Where the servers of a realm listen, over TCP and UDP.
#[derive(Clone, Debug)]
pub struct Address {
    /// The realm.
    pub realm: String,
    /// Its KDC.
    pub kdc: SocketAddrV4,
    /// Its server for password changes.
    pub kpasswd: SocketAddrV4,
}

/// Which realms there are, where their servers listen, and which realm a host belongs to.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    realms: Vec<Address>,
    hosts: Vec<(String, String)>,
    paths: Vec<[String; 3]>,
}

impl Directory {
    /// Realms with free ports on 127.0.0.1.
    ///
    /// # Errors
    /// No port is free.
    pub fn new(realms: &[&str]) -> Result<Self> {
        let realms = realms.iter().map(|&realm| {
            let socket = || Ok::<_, anyhow::Error>(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port::free()?));
            Ok(Address { realm: realm.into(), kdc: socket()?, kpasswd: socket()? })
        });
        Ok(Self { realms: realms.collect::<Result<_>>()?, ..Self::default() })
    }

    /// A realm whose servers are somewhere already.
    pub fn of(address: Address) -> Self {
        Self { realms: vec![address], ..Self::default() }
    }

    /// And another such realm.
    #[must_use]
    pub fn and(mut self, address: Address) -> Self {
        self.realms.push(address);
        self
    }

    /// Says which realm a host belongs to.
    #[must_use]
    pub fn host(mut self, host: &str, realm: &str) -> Self {
        self.hosts.push((host.into(), realm.into()));
        self
    }

    /// The same for clients who know no host, and hence have to be referred.
    #[must_use]
    pub fn without_hosts(&self) -> Self {
        Self { hosts: Vec::new(), ..self.clone() }
    }

    /// Says through which realm clients of one realm reach another.
    #[must_use]
    pub fn path(mut self, from: &str, to: &str, through: &str) -> Self {
        self.paths.push([from, to, through].map(Into::into));
        self
    }

    /// Where a realm's servers listen.
    ///
    /// # Errors
    /// The realm is none of these.
    pub fn address(&self, realm: &str) -> Result<&Address> {
        self.realms
            .iter()
            .find(|address| address.realm == realm)
            .with_context(|| format!("no server of realm {realm} in {self:?}"))
    }

    /// A krb5.conf with all of this, as MIT and Heimdal read it.
    pub fn profile(&self, default_realm: &str, enctypes: &[Enctype]) -> String {
        let enctypes = mit_names(enctypes, " ");
        let mut text = format!(
            "[libdefaults]\n\
             default_realm = {default_realm}\n\
             dns_lookup_realm = false\n\
             dns_lookup_kdc = false\n\
             dns_canonicalize_hostname = false\n\
             rdns = false\n\
             qualify_shortname = \"\"\n\
             udp_preference_limit = 1\n\
             permitted_enctypes = {enctypes}\n\
             default_tkt_enctypes = {enctypes}\n\
             default_tgs_enctypes = {enctypes}\n\
             allow_weak_crypto = true\n\
             allow_rc4 = true\n\
             [realms]\n"
        );
        for Address { realm, kdc, kpasswd } in &self.realms {
            text.push_str(&format!(
                "{realm} = {{\n kdc = {kdc}\n kpasswd_server = {kpasswd}\n admin_server = {kpasswd}\n}}\n"
            ));
        }
        text.push_str("[domain_realm]\n");
        for (host, realm) in &self.hosts {
            text.push_str(&format!("{host} = {realm}\n"));
        }
        text.push_str("[capaths]\n");
        for [from, to, through] in &self.paths {
            text.push_str(&format!("{from} = {{\n {to} = {through}\n}}\n"));
        }
        text
    }
}

/// A principal to be made.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Its name, without the realm.
    pub name: &'a str,
    /// Its password; a random key if there is none.
    pub password: Option<&'a str>,
    /// Enctypes of its keys.
    pub enctypes: &'a [Enctype],
    /// Whether the KDC wants pre-authentication of it.
    pub preauth: bool,
}

impl<'a> Account<'a> {
    /// A user who has to pre-authenticate.
    pub fn user(name: &'a str, password: &'a str) -> Self {
        Self { name, password: Some(password), enctypes: &[Enctype::AES256_SHA1], preauth: true }
    }

    /// A service with random keys.
    pub fn service(name: &'a str) -> Self {
        Self { name, password: None, enctypes: &[Enctype::AES256_SHA1], preauth: false }
    }

    /// The same with keys of these enctypes.
    #[must_use]
    pub fn enctypes(self, enctypes: &'a [Enctype]) -> Self {
        Self { enctypes, ..self }
    }

    /// The same without pre-authentication.
    #[must_use]
    pub fn without_preauth(self) -> Self {
        Self { preauth: false, ..self }
    }
}

/// The servers of a realm.
pub trait Kdc {
    /// Makes a principal.
    ///
    /// # Errors
    /// The maker's program for that fails.
    fn add(&self, account: &Account<'_>) -> Result<()>;

    /// Writes a principal's keys into a new keytab, and leaves them as they are.
    ///
    /// # Errors
    /// The maker's program for that fails.
    fn keytab(&self, name: &str) -> Result<PathBuf>;

    /// Makes the keys between this realm and another from a password. Both directions are the same password's.
    ///
    /// # Errors
    /// The maker's program for that fails.
    fn trust(&self, other: &str, password: &str) -> Result<()>;

    /// The end of the servers' logs.
    fn logs(&self) -> String;
}

/// Sends a message to a server over TCP and gives its answer, both without the length in front.
///
/// # Errors
/// The server does not answer.
pub fn tcp(server: SocketAddrV4, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).with_context(|| format!("connect to {server}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // RFC 4120 section 7.2.2
    stream.write_all(&u32::try_from(request.len())?.to_be_bytes())?;
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).with_context(|| format!("the answer of {server}"))?;
    let length = u32::from_be_bytes(length).into();
    let mut reply = Vec::new();
    stream.take(length).read_to_end(&mut reply)?;
    ensure!(u64::try_from(reply.len())? == length, "{} of {length} bytes came", reply.len());
    Ok(reply)
}

/// As [`tcp`], over UDP.
///
/// # Errors
/// The server does not answer.
pub fn udp(server: SocketAddrV4, request: &[u8]) -> Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(server)?;
    socket.send(request)?;
    let mut reply = vec![0; usize::from(u16::MAX)];
    let length = socket.recv(&mut reply).with_context(|| format!("the answer of {server}"))?;
    reply.truncate(length);
    Ok(reply)
}

/// Writes a file of a realm's folder.
fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

fn utf8(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
