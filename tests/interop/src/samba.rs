//! A Samba AD domain controller of its own, and its `ntlm_auth`.
//!
//! A controller wants fixed ports (389 for LDAP). Each gets a loopback address of its own instead, so that any number
//! can run at once. It ends by itself when its standard input closes, even if the test is killed.

use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, User};
use crate::kdc::Address;
use crate::peer::{self, Peer};
use crate::site::Site;
use crate::{packages, python};

/// NetBIOS name of the domain.
pub const DOMAIN: &str = "SAMBADOM";
/// Kerberos realm and DNS name of the domain.
pub const REALM: &str = "SAMBA.TEST";
/// Name of the controller's computer.
pub const HOST: &str = "DC1";
/// Where its directory begins.
pub const BASE: &str = "DC=samba,DC=test";

/// How long it may take to make a domain: seconds of computing, more on a machine that is busy.
const PROVISION_PATIENCE: Duration = Duration::from_secs(180);

/// Spares the databases, which no test outlives, the wait for the disk.
const UNSAFE_AND_FAST: (&str, &str) = ("TDB_NO_FSYNC", "1");

const KDC_PORT: u16 = 88;
const KPASSWD_PORT: u16 = 464;
const LDAP_PORT: u16 = 389;
/// Password of the user `Administrator`.
pub const ADMINISTRATOR_PASSWORD: &str = "Admin-of-the-test-1";

/// A running domain controller; dropping it stops all its processes.
#[derive(Debug)]
pub struct Controller {
    // Closed first, which ends the controller and its children.
    tether: Option<ChildStdin>,
    peer: Peer,
    folder: PathBuf,
    address: Ipv4Addr,
}

impl Controller {
    /// Makes a domain with these users in the site's folder, and starts its controller. Their domain has to be
    /// [`DOMAIN`], and their passwords have to satisfy Samba: seven characters of three kinds.
    ///
    /// # Errors
    /// A package is missing, a user has no password, or Samba fails.
    pub fn start(site: &Site, users: &[User]) -> Result<Self> {
        ensure!(users.iter().all(|user| user.domain == DOMAIN && user.password.is_some()), "{users:?}");
        for package in ["samba-provision", "samba-dsdb", "python3-samba"] {
            packages::find(package)?;
        }
        let (folder, address) = (site.fresh_path("samba"), own_address()?);
        let order = json!({
            "folder": folder, "address": address, "realm": REALM, "domain": DOMAIN, "host": HOST,
            "password": ADMINISTRATOR_PASSWORD, "users": users,
        });
        let mut provision = program(site, "samba_provision.py")?;
        peer::succeed_within(&mut provision, order.to_string().as_bytes(), PROVISION_PATIENCE)?;

        // Its KDC would ask everybody for pre-authentication, whatever the account says.
        let kdc_config = site.fresh_path("samba-kdc.conf");
        fs::write(&kdc_config, "[kdc]\nrequire-preauth = no\n")?;
        let mut command = site.command(packages::find("samba")?);
        command.env("KRB5_CONFIG", kdc_config).envs([UNSAFE_AND_FAST]);
        // Given here once more: provisioning leaves it out of the file.
        command.args(["--interactive", "--option=tls enabled=no", "--configfile"]).arg(config(&folder));
        let (peer, tether) = Peer::start_tethered("samba", &mut command, site.fresh_path("samba.log"))?;
        let mut controller = Self { tether: Some(tether), peer, folder, address };
        controller.peer.wait_for_address(controller.ldap())?;
        controller.peer.wait_for_address(controller.kdc().kdc)?;
        controller.peer.wait_for_address(controller.kdc().kpasswd)?;
        let pipe = controller.winbindd().join("pipe");
        controller.peer.wait_until("open its pipe", || UnixStream::connect(&pipe).is_ok())?;
        Ok(controller)
    }

    /// Where its KDC and its server for password changes are to be reached.
    pub fn kdc(&self) -> Address {
        let socket = |port| SocketAddrV4::new(self.address, port);
        Address { realm: REALM.into(), kdc: socket(KDC_PORT), kpasswd: socket(KPASSWD_PORT) }
    }

    /// Changes its directory, as `samba_directory.py` is told by these orders.
    ///
    /// # Errors
    /// A package is missing, or Samba refuses.
    pub fn change(&self, site: &Site, orders: &[Value]) -> Result<()> {
        let mut command = program(site, "samba_directory.py")?;
        let orders = Value::from(orders).to_string();
        peer::succeed(command.arg(self.config()), orders.as_bytes()).map(drop)
    }

    /// Where its directory is to be reached.
    pub fn ldap(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, LDAP_PORT)
    }

    /// Its smb.conf.
    pub fn config(&self) -> PathBuf {
        config(&self.folder)
    }

    /// The folder with winbindd's public pipe.
    pub fn winbindd(&self) -> PathBuf {
        self.folder.join("winbindd")
    }

    /// A program that finds this controller's winbindd.
    pub fn command(&self, site: &Site, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = site.command(program);
        self.point_to_winbindd(&mut command);
        command
    }

    /// `ntlm_auth` as an endpoint: initiator of any user, acceptor of the domain's. It takes no other channel
    /// bindings than none, and keeps its keys but for the session key.
    ///
    /// # Errors
    /// A package is missing, or Python cannot be started.
    pub fn ntlm_auth(&self, site: &Site) -> Result<Endpoint> {
        packages::find("nss_wrapper")?;
        let mut command = python::command(site, &packages::find("python3")?, "ntlm_auth_peer.py");
        command.arg(packages::find("ntlm_auth")?).arg(self.config());
        self.point_to_winbindd(&mut command);
        Endpoint::start("ntlm_auth", &mut command, site.fresh_path("ntlm_auth.log"))
    }

    /// `ntlm_auth` as a program that needs no option to know the configuration. Where winbindd is, the environment of
    /// [`Self::command`] says.
    ///
    /// # Errors
    /// A package is missing, or the program cannot be written.
    pub fn ntlm_auth_program(&self, site: &Site) -> Result<PathBuf> {
        packages::find("nss_wrapper")?;
        let program = site.fresh_path("ntlm_auth");
        let (real, config) = (packages::find("ntlm_auth")?, self.config());
        let script =
            format!("#!/bin/sh\nexec '{}' --configfile='{}' \"$@\"\n", real.display(), config.display());
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(program)
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }

    /// winbindd's clients look at a fixed place, unless they believe to be tested.
    fn point_to_winbindd(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", "libnss_wrapper.so")
            .env("NSS_WRAPPER_PASSWD", "/etc/passwd")
            .env("NSS_WRAPPER_GROUP", "/etc/group")
            .env("SELFTEST_WINBINDD_SOCKET_DIR", self.winbindd());
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        drop(self.tether.take());
        // Otherwise the peer's own end kills the first process, and the others follow it.
        self.peer.has_ended();
    }
}

/// A program of the folder `peers` that works on the databases.
fn program(site: &Site, name: &str) -> Result<Command> {
    let mut command = python::command(site, &packages::find("python3")?, name);
    command.envs([UNSAFE_AND_FAST]);
    Ok(command)
}

fn config(folder: &Path) -> PathBuf {
    folder.join("etc/smb.conf")
}

/// An address of the loopback network that nothing else is likely to have.
fn own_address() -> Result<Ipv4Addr> {
    let mut random = [0; 3];
    getrandom::fill(&mut random)?;
    let [a, b, c] = random.map(|byte| byte.clamp(1, 254));
    Ok(Ipv4Addr::new(127, a.max(2), b, c))
}
