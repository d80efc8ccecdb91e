//! The servers of an MIT realm: `krb5kdc` and `kadmind`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Account, Directory, Kdc, utf8, write};
use crate::enctype::{Enctype, mit_names};
use crate::peer::{self, Peer};
use crate::site::Site;
use crate::{packages, port};

/// The running servers of a realm; dropping it stops them.
#[derive(Debug)]
pub struct Mit {
    _kdc: Peer,
    _kadmind: Peer,
    realm: String,
    folder: PathBuf,
}

impl Mit {
    /// Makes a database in the site's folder and starts the servers at the realm's addresses.
    ///
    /// Users may fail three times before they are locked out if they have the policy `lockout`. Principals that match
    /// `admin/*` may set everybody's password. SPAKE is offered with edwards25519 and P-256.
    ///
    /// # Errors
    /// A package is missing, or one of MIT's programs fails.
    pub fn start(site: &Site, directory: &Directory, realm: &str) -> Result<Self> {
        let folder = site.fresh_path("mit");
        fs::create_dir(&folder)?;
        let address = directory.address(realm)?;
        let spake = "[libdefaults]\nspake_preauth_groups = edwards25519 P-256\n";
        write(&folder, "krb5.conf", &(directory.profile(realm, Enctype::ALL) + spake))?;
        write(&folder, "kdc.conf", &profile(&folder, realm, address, port::free()?))?;
        write(&folder, "kadm5.acl", &format!("admin/*@{realm} *\n"))?;
        let mut create = command("kdb5_util", &folder)?;
        peer::succeed(create.args(["create", "-s", "-r", realm, "-P", "master password"]), b"")?;
        kadmin(&folder, realm, &["add_policy", "-maxfailure", "3", "lockout"])?;

        let mut server = command("krb5kdc", &folder)?;
        server.args(["-n", "-r", realm]);
        let mut kdc = Peer::start("krb5kdc", &mut server, folder.join("krb5kdc.log"))?;
        let mut server = command("kadmind", &folder)?;
        server.args(["-nofork", "-r", realm]);
        let mut kadmind = Peer::start("kadmind", &mut server, folder.join("kadmind.log"))?;
        kdc.wait_for_address(address.kdc)?;
        kadmind.wait_for_address(address.kpasswd)?;
        Ok(Self { _kdc: kdc, _kadmind: kadmind, realm: realm.into(), folder })
    }

    /// Gives `kadmin.local` a command.
    ///
    /// # Errors
    /// It fails.
    pub fn kadmin(&self, arguments: &[&str]) -> Result<String> {
        kadmin(&self.folder, &self.realm, arguments)
    }
}

impl Kdc for Mit {
    fn add(&self, account: &Account<'_>) -> Result<()> {
        let keys = keys(account.enctypes, ",");
        let mut arguments = vec!["add_principal", "-e", &keys];
        match account.password {
            Some(password) => arguments.extend(["-pw", password]),
            None => arguments.push("-randkey"),
        }
        arguments.push(if account.preauth { "+requires_preauth" } else { "-requires_preauth" });
        arguments.push(account.name);
        self.kadmin(&arguments).map(drop)
    }

    fn keytab(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(format!("{}.keytab", name.replace('/', ".")));
        self.kadmin(&["ktadd", "-norandkey", "-k", utf8(&path)?, name])?;
        Ok(path)
    }

    fn trust(&self, other: &str, password: &str) -> Result<()> {
        for name in [format!("krbtgt/{other}@{}", self.realm), format!("krbtgt/{}@{other}", self.realm)] {
            self.add(&Account { preauth: false, ..Account::user(&name, password) })?;
        }
        Ok(())
    }

    fn logs(&self) -> String {
        peer::log_tail(&self.folder.join("kdc-requests.log"))
            + &peer::log_tail(&self.folder.join("kadmind-requests.log"))
    }
}

fn profile(folder: &Path, realm: &str, address: &super::Address, kadmin_port: u16) -> String {
    let folder = folder.display();
    let super::Address { kdc, kpasswd, .. } = address;
    let keys = keys(Enctype::ALL, " ");
    format!(
        "[kdcdefaults]\n\
         \x20spake_preauth_kdc_challenge = edwards25519\n\
         [realms]\n\
         {realm} = {{\n\
         \x20 database_name = {folder}/principal\n\
         \x20 key_stash_file = {folder}/stash\n\
         \x20 acl_file = {folder}/kadm5.acl\n\
         \x20 kdc_listen = {kdc}\n\
         \x20 kdc_tcp_listen = {kdc}\n\
         \x20 kpasswd_listen = {kpasswd}\n\
         \x20 kadmind_listen = 127.0.0.1:{kadmin_port}\n\
         \x20 supported_enctypes = {keys}\n\
         \x20 max_life = 24h\n\
         \x20 max_renewable_life = 48h\n\
         }}\n\
         [logging]\n\
         kdc = FILE:{folder}/kdc-requests.log\n\
         admin_server = FILE:{folder}/kadmind-requests.log\n"
    )
}

fn keys(enctypes: &[Enctype], separator: &str) -> String {
    mit_names(enctypes, &format!(":normal{separator}")) + ":normal"
}

fn kadmin(folder: &Path, realm: &str, arguments: &[&str]) -> Result<String> {
    peer::succeed(command("kadmin.local", folder)?.args(["-r", realm]).args(arguments), b"")
}

fn command(program: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(packages::find(program)?);
    command
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .env("KRB5RCACHENAME", "none:")
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    Ok(command)
}
