//! MIT's side: the C program in `mit/driver.c`, compiled when the benchmark runs.

use crate::measure::{Cost, Run};
use anyhow::{Context as _, Result, bail};
use core::cell::RefCell;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SOURCE: &str = include_str!("../mit/driver.c");
const INSTALL: &str =
    "on Debian and Ubuntu: apt-get install -y --no-install-recommends gcc libc6-dev libkrb5-dev";

/// The compiled program, and what it was compiled against.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    /// MIT krb5's version, as `krb5-config` states it.
    pub version: String,
}

impl Program {
    /// Compiles the program into `folder`.
    ///
    /// # Errors
    /// `cc`, `krb5-config` or a header is missing; the message names the package that has it.
    pub fn build(folder: &Path) -> Result<Self> {
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
    pub fn start(&self, krb5_conf: &Path) -> Result<RefCell<Driver>> {
        let mut child = Command::new(&self.path)
            .env("KRB5_CONFIG", krb5_conf)
            .env("KRB5RCACHENAME", "none:")
            .env_remove("KRB5_TRACE")
            .env_remove("KRB5CCNAME")
            .env_remove("KRB5_KTNAME")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start MIT's side")?;
        let requests = child.stdin.take().context("MIT's side has no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("MIT's side has no stdout")?);
        Ok(RefCell::new(Driver { child, requests: Some(requests), answers }))
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

/// MIT's side at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    /// Sends one request and returns what follows `ok`.
    ///
    /// # Errors
    /// What MIT's side could not do, in its words.
    pub fn ask(&mut self, request: &str) -> Result<String> {
        let name = request.split(' ').next().unwrap_or_default();
        let requests = self.requests.as_mut().context("MIT's side was ended")?;
        requests.write_all(format!("{request}\n").as_bytes()).context("MIT's side takes no requests")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim_end().split_once(' ') {
            None if answer == "ok\n" => Ok(String::new()),
            Some(("ok", values)) => Ok(values.to_owned()),
            Some(("error", reason)) => bail!("MIT's side, {name}: {reason}"),
            _ => bail!("MIT's side ended or answered {answer:?} to {name}"),
        }
    }

    /// Sends one request whose answer is bytes.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_bytes(&mut self, request: &str) -> Result<Vec<u8>> {
        from_hex(&self.ask(request)?)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The end of its input is the end of the program.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// One of MIT's loops as a side that takes turns.
pub(crate) fn looped<'a>(driver: &'a RefCell<Driver>, request: impl Into<String>) -> Run<'a> {
    let request = request.into();
    Box::new(move |count| {
        let answer = driver.borrow_mut().ask(&format!("{request} {count}"))?;
        let elapsed = Duration::from_nanos(answer.parse().context("MIT's side gave no time")?);
        Ok(Cost { elapsed, requests: 0 })
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(hex(&[0, 0x1f, 0xff]), "001fff");
        assert_eq!(from_hex("001fff").unwrap(), [0, 0x1f, 0xff]);
        assert!(from_hex("0x").is_err());
    }
}
