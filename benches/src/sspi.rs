//! The side of crate sspi: the program in `sspi/`, built when the benchmark runs.
//!
//! It is no part of this workspace: sspi asks for a newer Rust, and brings several versions of some crates along.

use crate::driver::Driver;
use anyhow::{Context as _, Result, ensure};
use core::cell::RefCell;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sspi/Cargo.toml");
const LOCKED: &str = include_str!("../sspi/Cargo.lock");

/// The version of sspi that is measured.
pub(crate) fn version() -> Option<&'static str> {
    let (_, after) = LOCKED.split_once("name = \"sspi\"\nversion = \"")?;
    Some(after.split_once('"')?.0)
}

/// Builds the program, which takes a minute or two the first time, and starts it.
///
/// # Errors
/// It cannot be built.
pub(crate) fn start() -> Result<RefCell<Driver>> {
    let program = std::env::current_exe()?;
    // It is in target/PROFILE/deps.
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target")).join("sspi");
    eprintln!("  building the side of crate sspi");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--manifest-path", MANIFEST, "--target-dir"])
        .arg(&target)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "cannot build the side of crate sspi, cargo says why above ({status})");
    Driver::start("the side of crate sspi", &mut Command::new(target.join("release/sspi-driver")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_found() {
        assert!(super::version().unwrap().starts_with("0.23."));
    }
}
