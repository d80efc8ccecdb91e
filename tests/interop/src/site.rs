//! A temporary folder, and the environment that the programs of one test see.

use core::sync::atomic::{AtomicU32, Ordering};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use crate::{packages, peer};

/// What gss-ntlmssp says its computer and domain are called.
pub const NETBIOS_NAMES: (&str, &str) = ("PEERHOST", "PEERDOMAIN");

/// A temporary folder and the variables of the programs started in it; dropping it removes the folder.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    variables: Vec<(&'static str, OsString)>,
    serial: AtomicU32,
}

impl Site {
    /// A folder whose programs see nothing of the machine's own Kerberos set-up and no Kerberos realm.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("interop-").tempdir()?;
        let path = folder.path();
        open_to_service_users(path)?;
        let config = path.join("krb5.conf");
        fs::write(&config, "[libdefaults]\ndns_lookup_realm = false\ndns_lookup_kdc = false\n")?;
        let variables: Vec<(&str, OsString)> = vec![
            ("KRB5_CONFIG", config.into()),
            ("KRB5CCNAME", path.join("no-such-ccache").into()),
            ("KRB5_KTNAME", path.join("no-such-keytab").into()),
            ("KRB5RCACHENAME", format!("file2:{}", path.join("replay-cache").display()).into()),
            ("NTLM_USER_FILE", path.join("no-such-users").into()),
            ("NETBIOS_COMPUTER_NAME", NETBIOS_NAMES.0.into()),
            ("NETBIOS_DOMAIN_NAME", NETBIOS_NAMES.1.into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
        ];
        Ok(Self { folder, variables, serial: AtomicU32::new(0) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file name in the folder that has not been handed out yet.
    pub fn fresh_path(&self, stem: &str) -> PathBuf {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.folder().join(format!("{stem}.{serial}"))
    }

    /// Sets a variable for the programs started from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
    }

    /// A program with the variables set.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Lets MIT's library have gss-ntlmssp.
    ///
    /// # Errors
    /// gss-ntlmssp is missing.
    pub fn with_ntlm(&mut self) -> Result<()> {
        self.set("GSS_MECH_CONFIG", packages::find("gss-ntlmssp")?);
        Ok(())
    }

    /// Keeps gss-ntlmssp from MIT's library, which would load it wherever it is installed.
    pub fn without_ntlm(&mut self) {
        self.set("GSS_MECH_CONFIG", "/dev/null");
    }

    /// Runs a program that has to succeed and gives its standard output.
    ///
    /// # Errors
    /// It cannot be started, fails or does not end.
    pub fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
        peer::succeed(self.command(program).args(arguments), b"")
    }
}

impl AsRef<Self> for Site {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Lets servers that drop root (Apache) in; the keys are worth nothing outside the test.
pub(crate) fn open_to_service_users(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    use anyhow::Context as _;
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("chmod {}", path.display()))
}
