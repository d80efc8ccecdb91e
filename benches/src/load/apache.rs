//! Apache with mod_auth_gssapi, as fast as its configuration lets it be.

use super::site::{OPEN, USER};
use anyhow::{Context as _, Result, anyhow, bail};
use core::fmt::Write as _;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const LOADED: &[&str] = &["mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "dir"];
const INSTALL: &str =
    "on Debian and Ubuntu: apt-get install -y --no-install-recommends apache2-bin libapache2-mod-auth-gssapi";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at whether it listens.
const POLL: Duration = Duration::from_millis(5);

/// What MIT's library does about replays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayCache {
    /// Nothing: whoever has seen a login can repeat it.
    None,
    /// Its default, a file.
    File,
}

/// A running server. It ends when this is dropped.
pub(crate) struct Apache {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Apache {
    /// What `apache2 -v` says.
    ///
    /// # Errors
    /// Apache or the module is missing; the message names the packages.
    pub(crate) fn version() -> Result<String> {
        let module = Path::new(MODULES).join("mod_auth_gssapi.so");
        if !module.exists() {
            bail!("{} is missing; {INSTALL}", module.display());
        }
        let output = Command::new(PROGRAM).arg("-v").output();
        let output = output.with_context(|| format!("cannot start {PROGRAM}; {INSTALL}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().next().and_then(|line| line.split(": ").nth(1));
        Ok(version.context("apache2 -v says nothing")?.to_owned())
    }

    /// Starts it in a new folder within `folder`, with the keys of this keytab, which it must be able to read.
    ///
    /// # Errors
    /// It does not start, or does not listen; the message quotes its log.
    pub(crate) fn start(folder: &Path, keytab: &Path, cache: ReplayCache) -> Result<Self> {
        let folder = folder.join(format!("apache-{cache:?}"));
        let (pages, state) = (folder.join("pages"), folder.join("state"));
        for folder in [&folder, &pages, &state] {
            fs::create_dir(folder)?;
        }
        // It serves as another user when this runs as root.
        fs::set_permissions(&state, fs::Permissions::from_mode(0o777))?;
        // What our server says of the same user, and of anybody.
        fs::write(pages.join("index.html"), format!("{USER}\n"))?;
        fs::write(pages.join("open"), "anybody\n")?;
        // Free a moment ago; if somebody else takes it, Apache says so and ends.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (configuration, log) = (folder.join("apache.conf"), folder.join("output.log"));
        fs::write(&configuration, self::configuration(&folder, keytab, port)?)?;
        let output = fs::File::create(&log)?;
        let mut command = Command::new(PROGRAM);
        command.arg("-DFOREGROUND").arg("-f").arg(&configuration);
        command.env("KRB5_CONFIG", "/dev/null").env_remove("KRB5_KTNAME").env_remove("KRB5_TRACE");
        command.env(
            "KRB5RCACHENAME",
            match cache {
                ReplayCache::None => "none:".into(),
                // As `dfl:` makes it, but not in a folder that others use.
                ReplayCache::File => format!("file2:{}", state.join("replay-cache").display()),
            },
        );
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("cannot start {PROGRAM}; {INSTALL}"))?;
        let mut apache = Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
        apache.wait(&[log, folder.join("error.log")])?;
        Ok(apache)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    fn wait(&mut self, logs: &[PathBuf]) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let said = logs.iter().map(|log| fs::read_to_string(log).unwrap_or_default());
                let said = said.collect::<Vec<_>>().concat();
                return Err(anyhow!("Apache does not listen on {} ({ended:?}):\n{said}", self.address));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // It ends its children, which the death of their parent would not.
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// One process with as many threads as there are connections and more, no access log, a page in memory. `Require user`
/// says that who gets the page is the user.
fn configuration(folder: &Path, keytab: &Path, port: u16) -> Result<String> {
    let mut text = String::new();
    for name in LOADED {
        writeln!(text, "LoadModule {name}_module {MODULES}/mod_{name}.so")?;
    }
    let (folder, keytab) = (folder.display(), keytab.display());
    // The user counts only where this runs as root, as whom Apache refuses to serve.
    write!(
        text,
        "ServerName www.example.com\n\
         ServerRoot {folder}\n\
         PidFile {folder}/pid\n\
         DefaultRuntimeDir {folder}\n\
         Mutex pthread\n\
         Listen 127.0.0.1:{port}\n\
         User www-data\n\
         Group www-data\n\
         ErrorLog {folder}/error.log\n\
         LogLevel error\n\
         StartServers 1\n\
         ServerLimit 1\n\
         ThreadsPerChild 16\n\
         MaxRequestWorkers 16\n\
         MinSpareThreads 1\n\
         MaxSpareThreads 16\n\
         KeepAlive On\n\
         MaxKeepAliveRequests 0\n\
         KeepAliveTimeout 300\n\
         ServerTokens Prod\n\
         FileETag None\n\
         DocumentRoot {folder}/pages\n\
         DirectoryIndex index.html\n\
         <Directory />\n\
         Options FollowSymLinks\n\
         AllowOverride None\n\
         </Directory>\n\
         <Location />\n\
         AuthType GSSAPI\n\
         AuthName bench\n\
         GssapiAllowedMech krb5\n\
         GssapiConnectionBound Off\n\
         GssapiCredStore keytab:{keytab}\n\
         Require user {USER}\n\
         </Location>\n\
         <Location {OPEN}>\n\
         AuthType None\n\
         Require all granted\n\
         </Location>\n"
    )?;
    Ok(text)
}
