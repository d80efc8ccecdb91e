//! The virtual environment that holds the peers of PyPI.
//!
//! `interop-venv` makes it, in the target folder and under a name that follows from the list of packages, so that
//! another list makes another one; the tests only look for it.

use core::hash::{Hash as _, Hasher as _};
use std::fs;
use std::hash::DefaultHasher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

use anyhow::{Context, Result, bail};

use crate::{packages, peer};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/requirements.txt");

/// The command that makes the environment.
const COMMAND: &str = "cargo run -p interop --bin interop-venv";

/// Its interpreter.
///
/// # Errors
/// It has not been made; the message then names the command that does.
pub fn python() -> Result<PathBuf> {
    let python = folder()?.join("bin/python");
    if !python.exists() {
        bail!("{} is missing; make it with `{COMMAND}`", python.display());
    }
    Ok(python)
}

/// Makes the environment, unless it stands, and gives its interpreter.
///
/// # Errors
/// A package is missing, or `pip` fails.
pub fn make() -> Result<PathBuf> {
    let folder = folder()?;
    if !folder.exists() {
        // Renamed when it is whole, so that none is ever found half-made. Its programs know the name they were made
        // under, hence the interpreter alone is used.
        let draft = folder.with_extension(format!("draft-{}", std::process::id()));
        packages::find("ensurepip")?;
        peer::succeed(Command::new(packages::find("python3")?).args(["-I", "-m", "venv"]).arg(&draft), b"")?;
        peer::succeed(
            Command::new(draft.join("bin/python"))
                .args(["-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"])
                .args(["-r", REQUIREMENTS]),
            b"",
        )?;
        match fs::rename(&draft, &folder) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => fs::remove_dir_all(&draft)?,
            done => done.with_context(|| format!("rename {}", draft.display()))?,
        }
    }
    python()
}

fn folder() -> Result<PathBuf> {
    let requirements = fs::read(REQUIREMENTS).with_context(|| format!("read {REQUIREMENTS}"))?;
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
    Ok(target()?.join(format!("interop-venv-{:016x}", hasher.finish())))
}

/// The target folder: that of the running program, which is in it or below it.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("path of the running program")?;
    // target/PROFILE/deps/TEST or target/PROFILE/PROGRAM
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    folder.map(Path::to_path_buf).with_context(|| format!("{} is in no target folder", program.display()))
}
