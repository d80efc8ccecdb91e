//! The servers of a Heimdal realm: `kdc` and `kpasswdd`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Account, Address, Directory, Kdc, utf8, write};
use crate::enctype::Enctype;
use crate::heimdal;
use crate::peer::{self, Peer};
use crate::site::Site;

/// The running servers of a realm; dropping it stops them.
#[derive(Debug)]
pub struct Heimdal<'s> {
    _kdc: Peer,
    _kpasswdd: Peer,
    site: &'s Site,
    folder: PathBuf,
    realm: String,
    profile: String,
}

impl<'s> Heimdal<'s> {
    /// The enctypes that Heimdal has.
    pub const ENCTYPES: &'static [Enctype] = &[
        Enctype::AES256_SHA1,
        Enctype::AES128_SHA1,
        Enctype::AES256_SHA384,
        Enctype::AES128_SHA256,
        Enctype::RC4,
    ];

    /// Makes a database in the site's folder and starts the servers at the realm's addresses.
    ///
    /// # Errors
    /// Heimdal has not been unpacked, or one of its programs fails.
    pub fn start(site: &'s Site, directory: &Directory, realm: &str) -> Result<Self> {
        let folder = site.fresh_path("heimdal");
        fs::create_dir(&folder)?;
        let address = directory.address(realm)?;
        let profile = directory.profile(realm, Self::ENCTYPES) + &database(&folder, realm);
        write(&folder, "krb5.conf", &profile)?;
        write(&folder, "kadmind.acl", "")?;
        let mut stash = command(site, "kstash", &folder)?;
        stash.args(["--random-key", "--enctype=aes256-cts-hmac-sha1-96"]);
        stash.arg(format!("--key-file={}", utf8(&folder.join("master-key"))?));
        peer::succeed(&mut stash, b"")?;
        let mut init = command(site, "kadmin", &folder)?;
        init.args(["-l", "-r", realm, "init"]);
        init.args(["--realm-max-ticket-life=1day", "--realm-max-renewable-life=1week", realm]);
        peer::succeed(&mut init, b"")?;

        let (kdc, kpasswdd) = servers(site, &folder, address)?;
        Ok(Self { _kdc: kdc, _kpasswdd: kpasswdd, site, folder, realm: realm.into(), profile })
    }

    /// Gives `kadmin --local` a command.
    ///
    /// # Errors
    /// It fails.
    pub fn kadmin(&self, arguments: &[&str]) -> Result<String> {
        self.kadmin_under("krb5.conf", arguments)
    }

    /// Lets a service act for users at another, given with its realm, whether or not they have logged in to it.
    ///
    /// # Errors
    /// `kadmin` fails.
    pub fn allow_delegation(&self, service: &str, target: &str) -> Result<()> {
        let allowed = format!("--constrained-delegation={target}");
        self.kadmin(&["modify", "--attributes=trusted-for-delegation", &allowed, service]).map(drop)
    }

    fn kadmin_under(&self, config: &str, arguments: &[&str]) -> Result<String> {
        let mut command = command(self.site, "kadmin", &self.folder)?;
        command.env("KRB5_CONFIG", self.folder.join(config));
        peer::succeed(command.args(["-l", "-r", &self.realm]).args(arguments), b"")
    }
}

impl Kdc for Heimdal<'_> {
    fn add(&self, account: &Account<'_>) -> Result<()> {
        let keys: Vec<_> =
            account.enctypes.iter().map(|enctype| format!("{}:pw-salt", name(*enctype))).collect();
        let profile = format!("{}[kadmin]\ndefault_keys = {}\n", self.profile, keys.join(" "));
        write(&self.folder, "kadmin.conf", &profile)?;
        let secret = match account.password {
            Some(password) => format!("--password={password}"),
            None => "--random-key".into(),
        };
        let attributes = if account.preauth { "requires-pre-auth" } else { "" };
        let attributes = format!("--attributes={attributes}");
        self.kadmin_under("kadmin.conf", &["add", "--use-defaults", &secret, &attributes, account.name])?;
        Ok(())
    }

    fn keytab(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(format!("{}.keytab", name.replace('/', ".")));
        self.kadmin(&["ext_keytab", &format!("--keytab={}", utf8(&path)?), name])?;
        Ok(path)
    }

    fn trust(&self, other: &str, password: &str) -> Result<()> {
        for name in [format!("krbtgt/{other}@{}", self.realm), format!("krbtgt/{}@{other}", self.realm)] {
            self.add(&Account { preauth: false, ..Account::user(&name, password) })?;
        }
        Ok(())
    }

    fn logs(&self) -> String {
        ["kdc-requests.log", "kpasswdd-requests.log"]
            .map(|log| peer::log_tail(&self.folder.join(log)))
            .concat()
    }
}

fn servers(site: &Site, folder: &Path, address: &Address) -> Result<(Peer, Peer)> {
    let mut kdc = command(site, "kdc", folder)?;
    let port = address.kdc.port();
    kdc.arg(format!("--ports={port}/tcp {port}/udp")).arg("--addresses=127.0.0.1");
    let mut kdc = Peer::start("kdc", &mut kdc, folder.join("kdc.log"))?;
    let mut kpasswdd = command(site, "kpasswdd", folder)?;
    kpasswdd.args(["--addresses=127.0.0.1", "-r", &address.realm]);
    kpasswdd.arg(format!("--port={}", address.kpasswd.port()));
    let mut kpasswdd = Peer::start("kpasswdd", &mut kpasswdd, folder.join("kpasswdd.log"))?;
    kdc.wait_for_address(address.kdc)?;
    // It listens on UDP alone, and does not answer what is no request.
    kpasswdd.wait_until("listen over UDP", || listens_on_udp(address.kpasswd.port()))?;
    Ok((kdc, kpasswdd))
}

/// Heimdal's name of an enctype; that of RC4 is its own.
fn name(enctype: Enctype) -> &'static str {
    if enctype == Enctype::RC4 { "arcfour-hmac-md5" } else { enctype.mit_name() }
}

fn listens_on_udp(port: u16) -> bool {
    let sockets = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    sockets.contains(&format!(" 0100007F:{port:04X} "))
}

fn database(folder: &Path, realm: &str) -> String {
    let folder = folder.display();
    format!(
        "[kdc]\n\
         require-preauth = no\n\
         database = {{\n\
         \x20dbname = {folder}/database\n\
         \x20realm = {realm}\n\
         \x20mkey_file = {folder}/master-key\n\
         \x20acl_file = {folder}/kadmind.acl\n\
         \x20log_file = {folder}/database.log\n\
         }}\n\
         [logging]\n\
         kdc = FILE:{folder}/kdc-requests.log\n\
         kpasswdd = FILE:{folder}/kpasswdd-requests.log\n"
    )
}

fn command(site: &Site, program: &str, folder: &Path) -> Result<Command> {
    let mut command = heimdal::command(site, program)?;
    command.env("KRB5_CONFIG", folder.join("krb5.conf"));
    Ok(command)
}
