//! Heimdal's credential cache daemon, which MIT's programs use as well.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::peer::Peer;
use crate::site::Site;
use crate::{heimdal, packages};

/// What the daemon calls its socket.
const SOCKET: &str = ".heim_org.h5l.kcm-socket";

/// A running daemon of a site's own; dropping it stops the daemon.
#[derive(Debug)]
pub struct Daemon {
    _peer: Peer,
    socket: PathBuf,
}

impl Daemon {
    /// Starts a daemon without caches.
    ///
    /// Debian's `kcm` ignores the option that names its socket, and always makes it in `/run`. So it gets a view of the
    /// file system in which that is a folder of the site. Users other than root get that view where the system lets
    /// them make namespaces.
    ///
    /// # Errors
    /// A package is missing, or the daemon does not start.
    pub fn start(site: &Site) -> Result<Self> {
        let run = site.fresh_path("run");
        fs::create_dir(&run)?;
        let kcm = heimdal::command(site, "kcm")?;
        packages::find("mount")?;
        let mut command = Command::new(packages::find("unshare")?);
        if fs::metadata("/proc/self")?.uid() != 0 {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /run && exec \"$@\""]);
        command.arg(&run).arg(kcm.get_program()).args(kcm.get_args());
        command.envs(kcm.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut peer = Peer::start("kcm", &mut command, site.fresh_path("kcm.log"))?;
        let socket = run.join(SOCKET);
        peer.wait_until("open its socket", || UnixStream::connect(&socket).is_ok())?;
        Ok(Self { _peer: peer, socket })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}
