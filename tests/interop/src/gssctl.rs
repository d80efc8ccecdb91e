//! Our own implementation, as the program `gssctl`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::endpoint::{Endpoint, User};
use crate::peer::{self, Finished, Peer};
use crate::port;
use crate::samba::Controller;
use crate::site::Site;

/// Starts `gssctl shim` as an endpoint.
///
/// # Errors
/// `gssctl` has not been built, or cannot be started.
pub fn shim(site: &impl AsRef<Site>) -> Result<Endpoint> {
    let mut command = site.as_ref().command(program()?);
    command.arg("shim");
    Endpoint::start("gssctl shim", &mut command, site.as_ref().fresh_path("shim.log"))
}

/// Runs `gssctl` to its end.
///
/// # Errors
/// `gssctl` has not been built, cannot be started or does not end.
pub fn run(site: &impl AsRef<Site>, arguments: &[&str]) -> Result<Finished> {
    peer::finish(site.as_ref().command(program()?).args(arguments), b"")
}

/// Fetches a page with `gssctl fetch` as a user of NTLM.
///
/// # Errors
/// As [`run`], or the user has no password.
pub fn fetch_as(site: &Site, user: &User, options: &[&str], url: &str) -> Result<Finished> {
    let file = site.fresh_path("password");
    fs::write(&file, password(user)?)?;
    let mut command = site.command(program()?);
    command.args(["fetch", "--user", &user.full_name(), "--password-file"]).arg(file).args(options).arg(url);
    peer::finish(&mut command, b"")
}

/// The file that `gssctl serve` and gss-ntlmssp read users from.
pub(crate) fn users_file(site: &Site, users: &[User]) -> Result<PathBuf> {
    let file = site.fresh_path("users");
    let mut lines = String::new();
    for user in users {
        lines.push_str(&format!("{}:{}:{}\n", user.domain, user.user, password(user)?));
    }
    fs::write(&file, lines)?;
    Ok(file)
}

fn password(user: &User) -> Result<&str> {
    user.password.as_deref().context("a user with a password")
}

/// A running `gssctl serve`.
#[derive(Debug)]
pub struct Server {
    port: u16,
    peer: Peer,
}

impl Server {
    /// Starts an HTTP server with a keytab on a free loopback port.
    ///
    /// # Errors
    /// `gssctl` has not been built, or does not start.
    pub fn start(site: &impl AsRef<Site>, keytab: &Path, options: &[&str]) -> Result<Self> {
        let mut command = site.as_ref().command(program()?);
        command.args(["serve", "--keytab"]).arg(keytab).args(options);
        Self::listen(site.as_ref(), command)
    }

    /// As [`Self::start`], for these users of NTLM.
    ///
    /// # Errors
    /// A user has no password, `gssctl` has not been built, or does not start.
    pub fn with_users(site: &impl AsRef<Site>, users: &[User], options: &[&str]) -> Result<Self> {
        let mut command = site.as_ref().command(program()?);
        command.args(["serve", "--ntlm-users"]).arg(users_file(site.as_ref(), users)?).args(options);
        Self::listen(site.as_ref(), command)
    }

    /// As [`Self::start`], for the users of a domain, whom `ntlm_auth` asks the controller about.
    ///
    /// # Errors
    /// `ntlm_auth` is missing, `gssctl` has not been built, or does not start.
    pub fn with_domain(site: &Site, controller: &Controller, options: &[&str]) -> Result<Self> {
        let mut command = controller.command(site, program()?);
        command.args(["serve", "--ntlm-auth"]).arg(controller.ntlm_auth_program(site)?).args(options);
        Self::listen(site, command)
    }

    fn listen(site: &Site, mut command: Command) -> Result<Self> {
        let port = port::free()?;
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        let mut peer = Peer::start("gssctl serve", &mut command, site.fresh_path("serve.log"))?;
        peer.wait_for_port(port)?;
        Ok(Self { port, peer })
    }

    /// Its root page, under the host name that the service's principal has.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it logged of its requests: the client's address, and what came of the request.
    pub fn log(&self) -> Vec<(String, String)> {
        requests(&self.peer.log_tail())
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.peer.log_tail()
    }
}

/// A running `gssctl demo --serve`.
#[derive(Debug)]
pub struct Demo {
    _peer: Peer,
    log: PathBuf,
}

impl Demo {
    /// Starts it on a free port, and waits until it has told other programs how to log in.
    ///
    /// # Errors
    /// `gssctl` has not been built, does not start, or its own login fails.
    pub fn start(site: &Site) -> Result<Self> {
        let log = site.fresh_path("demo.log");
        let mut command = site.command(program()?);
        command.args(["demo", "--serve", "--listen", "127.0.0.1:0", "--folder"]);
        command.arg(site.fresh_path("demo"));
        let peer = Peer::start("gssctl demo", &mut command, log.clone())?;
        peer.wait_for_log("gssctl fetch", 1)?;
        Ok(Self { _peer: peer, log })
    }

    /// What it says.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub fn told(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// A command that runs lines of a shell as they are, with `gssctl` at hand.
    ///
    /// # Errors
    /// `gssctl` has not been built.
    pub fn shell(site: &Site, lines: &str) -> Result<Command> {
        let program = program()?;
        let folder = program.parent().context("the folder of gssctl")?;
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = [folder.to_owned()].into_iter().chain(env::split_paths(&path));
        let mut command = site.command("/bin/sh");
        command.env("PATH", env::join_paths(paths)?).args(["-e", "-c", lines]);
        Ok(command)
    }
}

/// The lines about requests in a log: the client's address, and the rest.
pub(crate) fn requests(log: &str) -> Vec<(String, String)> {
    let lines = log.lines().filter_map(|line| line.split_once(' '));
    let lines = lines.filter(|(address, _)| address.starts_with("127.0.0.1:"));
    lines.map(|(address, rest)| (address.into(), rest.into())).collect()
}

/// The `gssctl` to test: the one that variable `GSSCTL` names, otherwise the one built into the same target
/// folder and profile as the running test.
pub(crate) fn program() -> Result<PathBuf> {
    env::var_os("GSSCTL").map_or_else(|| built("gssctl", "gssctl"), |path| Ok(path.into()))
}

/// A program built into the same target folder and profile as the running test, of this package.
pub(crate) fn built(name: &str, package: &str) -> Result<PathBuf> {
    let test = env::current_exe().context("path of the running test")?;
    // target/PROFILE/deps/TEST or target/PROFILE/PROGRAM
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    let Some(path) = beside.into_iter().find(|path| path.is_file()) else {
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        bail!("{name} is not built beside {}; run `cargo build -p {package}{release}`", test.display());
    };
    Ok(path)
}
