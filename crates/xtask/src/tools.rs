//! Installs what a step needs, where it is missing.

use anyhow::Context as _;

use crate::command::Cmd;
use crate::workspace::Workspace;

/// A cargo subcommand from crates.io.
pub(crate) fn cargo_tool(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let subcommand = name.strip_prefix("cargo-").unwrap_or(name);
    if has_cargo_tool(workspace, name) {
        return Ok(());
    }
    // In the shared target folder: a second folder of build products would be one more thing to clean.
    let folder = workspace.target.join("tools");
    Cmd::new(workspace, &format!("cargo install --locked {name} --target-dir"))
        .arg(folder.to_string_lossy())
        .run()
        .with_context(|| format!("`cargo {subcommand}` is missing and could not be installed"))
}

/// Whether `cargo <name without cargo->` works here.
pub(crate) fn has_cargo_tool(workspace: &Workspace, name: &str) -> bool {
    let subcommand = name.strip_prefix("cargo-").unwrap_or(name);
    Cmd::new(workspace, &format!("cargo {subcommand} --version")).succeeds()
}

/// The standard library of another target, for the toolchain in use.
pub(crate) fn rust_target(workspace: &Workspace, target: &str) -> anyhow::Result<()> {
    let installed = Cmd::new(workspace, "rustup target list --installed").read()?;
    if installed.lines().any(|line| line.trim() == target) {
        return Ok(());
    }
    Cmd::new(workspace, &format!("rustup target add {target}")).run()
}

/// Another toolchain, the bare minimum of it.
pub(crate) fn toolchain(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    if Cmd::new(workspace, &format!("rustup run {name} rustc --version")).succeeds() {
        return Ok(());
    }
    Cmd::new(workspace, &format!("rustup toolchain install {name} --profile minimal --no-self-update")).run()
}

/// Debian packages. Asks for root by way of `sudo` only where we are not root and something is missing.
pub(crate) fn debian_packages(workspace: &Workspace, names: &[String]) -> anyhow::Result<()> {
    let missing: Vec<_> = names.iter().filter(|name| !has_debian_package(workspace, name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = Cmd::new(workspace, "id -u").read()?.trim() == "0";
    let sudo = if is_root { "" } else { "sudo " };
    Cmd::new(workspace, &format!("{sudo}apt-get update --quiet")).run()?;
    Cmd::new(workspace, &format!("{sudo}env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet"))
        // Another installation under way is waited for.
        .args(["--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"])
        .args(missing)
        .run()
}

fn has_debian_package(workspace: &Workspace, name: &str) -> bool {
    Cmd::new(workspace, "dpkg-query --show --showformat=${db:Status-Status}")
        .arg(name)
        .read()
        .is_ok_and(|status| status == "installed")
}
