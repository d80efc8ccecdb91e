//! A Redis server of a test's own.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::peer::{self, Peer};
use crate::site::Site;
use crate::{packages, port};

/// A server on a socket in a site's folder, and on a TCP port where asked for. Dropping it kills the server.
#[derive(Debug)]
pub struct Server<'s> {
    site: &'s Site,
    folder: PathBuf,
    options: Vec<String>,
    port: u16,
    running: Option<Peer>,
}

impl<'s> Server<'s> {
    /// Starts an empty server that writes nothing to disk, unless options say so (`--appendonly yes`).
    ///
    /// # Errors
    /// The package is missing, or the server does not start.
    pub fn start(site: &'s Site, options: &[&str]) -> Result<Self> {
        let folder = site.fresh_path("redis");
        fs::create_dir(&folder)?;
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = Self { site, folder, options, port: 0, running: None };
        server.restart()?;
        Ok(server)
    }

    /// The same on a TCP port of 127.0.0.1.
    ///
    /// # Errors
    /// The package is missing, or the server does not start.
    pub fn start_on_port(site: &'s Site) -> Result<Self> {
        let port = port::free()?;
        let mut server = Self::start(site, &["--bind", "127.0.0.1", "--port", &port.to_string()])?;
        server.port = port;
        Ok(server)
    }

    /// Starts the server again, at the same place.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let mut command = Command::new(packages::find("redis-server")?);
        command.args(["--port", "0", "--save", "", "--daemonize", "no"]).args(&self.options);
        command.arg("--dir").arg(&self.folder).arg("--unixsocket").arg(self.socket());
        command.arg("--pidfile").arg(self.pid_file());
        let mut peer = Peer::start("redis-server", &mut command, self.site.fresh_path("redis.log"))?;
        let socket = self.socket();
        peer.wait_until("open its socket", || UnixStream::connect(&socket).is_ok())?;
        self.running = Some(peer);
        self.ask(&["PING"]).map(drop)
    }

    /// Ends the server as `kill -9` does.
    pub fn kill(&mut self) {
        self.running = None;
        let _ = fs::remove_file(self.socket());
    }

    /// Halts the server, which keeps its connections and says nothing.
    ///
    /// # Errors
    /// It cannot be halted.
    pub fn halt(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets a halted server go on.
    ///
    /// # Errors
    /// It cannot be let go on.
    pub fn go_on(&self) -> Result<()> {
        self.signal("-CONT")
    }

    /// Runs a command with `redis-cli` and gives what it prints.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub fn ask(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(packages::find("redis-cli")?);
        command.arg("-s").arg(self.socket()).args(arguments);
        Ok(peer::succeed(&mut command, b"")?.trim_end().to_owned())
    }

    /// The URL of its socket.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it writes, if it does.
    pub fn folder(&self) -> &PathBuf {
        &self.folder
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let pid = fs::read_to_string(self.pid_file()).context("pid of redis-server")?;
        peer::succeed(Command::new(packages::find("kill")?).args([signal, pid.trim()]), b"").map(drop)
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }
}
