//! MIT's side: the C program in `mit/driver.c`, compiled when the benchmark runs.

use crate::driver::Driver;
use anyhow::{Context as _, Result, bail};
use core::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("../mit/driver.c");
const INSTALL: &str =
    "on Debian and Ubuntu: apt-get install -y --no-install-recommends gcc libc6-dev libkrb5-dev";

/// The compiled program, and what it was compiled against.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// MIT krb5's version, as `krb5-config` states it.
    pub(crate) version: String,
}

impl Program {
    /// Compiles the program into `folder`.
    ///
    /// # Errors
    /// `cc`, `krb5-config` or a header is missing; the message names the package that has it.
    pub(crate) fn build(folder: &Path) -> Result<Self> {
        let version = krb5_config("--version")?;
        if !version.starts_with("Kerberos 5 release") {
            bail!("krb5-config is not MIT's, it says {version:?}; MIT's is in libkrb5-dev. {INSTALL}");
        }
        let (source, path) = (folder.join("driver.c"), folder.join("mit-driver"));
        std::fs::write(&source, SOURCE)?;
        let output = Command::new("cc")
            .args(krb5_config("--cflags")?.split_whitespace())
            .args(["-O2", "-Wall", "-o"])
            .args([&path, &source])
            .args(krb5_config("--libs gssapi")?.split_whitespace())
            .output()
            .with_context(|| format!("cannot start cc (package gcc). {INSTALL}"))?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr);
            bail!(
                "cannot compile MIT's side; a missing gssapi header is in libkrb5-dev. {INSTALL}\n{messages}"
            );
        }
        Ok(Self { path, version })
    }

    /// Starts the program under this krb5.conf, with its replay cache off.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(&self, krb5_conf: &Path) -> Result<RefCell<Driver>> {
        let mut command = Command::new(&self.path);
        command
            .env("KRB5_CONFIG", krb5_conf)
            .env("KRB5RCACHENAME", "none:")
            .env_remove("KRB5_TRACE")
            .env_remove("KRB5CCNAME")
            .env_remove("KRB5_KTNAME")
            .env("LC_ALL", "C");
        Driver::start("MIT's side", &mut command)
    }
}

fn krb5_config(arguments: &str) -> Result<String> {
    let output = Command::new("krb5-config")
        .args(arguments.split_whitespace())
        .output()
        .with_context(|| format!("cannot start krb5-config (package libkrb5-dev). {INSTALL}"))?;
    if !output.status.success() {
        bail!("krb5-config {arguments} failed ({})", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
