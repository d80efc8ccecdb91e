//! The checks of `cargo xtask check`, in the order cheap to dear.

use anyhow::ensure;

use crate::ci::Step;
use crate::command::Cmd;
use crate::policy::{self, MEMBERS};
use crate::tools;
use crate::workspace::Workspace;

mod arrows;
mod features;
mod headers;
mod no_std;
mod vectors;

/// Every check, cheap to dear.
pub(crate) const ALL: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "locks", run: locks },
    Step { name: "headers", run: headers::check },
    Step { name: "vectors", run: vectors::check },
    Step { name: "arrows", run: arrows::check },
    Step { name: "deny", run: deny },
    Step { name: "clippy", run: clippy },
    Step { name: "docs", run: docs },
    Step { name: "no-std", run: no_std::check },
    Step { name: "features", run: features::check },
    Step { name: "msrv", run: msrv },
];

/// Workspaces of their own: the fuzz targets, and the side of crate `sspi` in the benchmarks.
const OTHER_WORKSPACES: &[&str] = &["fuzz/Cargo.toml", "benches/sspi/Cargo.toml"];

fn fmt(workspace: &Workspace) -> anyhow::Result<()> {
    Cmd::new(workspace, "cargo fmt --all --check").run()?;
    for manifest in OTHER_WORKSPACES {
        Cmd::new(workspace, &format!("cargo fmt --check --manifest-path {manifest}")).run()?;
    }
    Ok(())
}

/// A stale lock file makes the next build judge other versions than the committed ones. (The root's is mended by the
/// very command that starts xtask, so CI asks for it before that.)
fn locks(workspace: &Workspace) -> anyhow::Result<()> {
    for manifest in ["Cargo.toml"].iter().chain(OTHER_WORKSPACES) {
        Cmd::new(
            workspace,
            &format!("cargo metadata --locked --format-version 1 --manifest-path {manifest}"),
        )
        .read()?;
    }
    Ok(())
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    Cmd::new(workspace, "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    // Without features other code is compiled, and so are other warnings.
    let core = core_members().flat_map(|member| ["--package", member.name]);
    Cmd::new(workspace, "cargo clippy --no-default-features").args(core).args(["--", "-D", "warnings"]).run()
}

/// Private items too: their documentation is what the next developer reads.
fn docs(workspace: &Workspace) -> anyhow::Result<()> {
    Cmd::new(workspace, "cargo doc --no-deps --workspace --all-features --document-private-items")
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()
}

/// Licences, duplicates and sources. Advisories need a database from the network and are left to a scheduled run.
fn deny(workspace: &Workspace) -> anyhow::Result<()> {
    tools::cargo_tool(workspace, "cargo-deny")?;
    Cmd::new(workspace, "cargo deny --all-features check bans licenses sources").run()
}

/// A folder of its own, since two compilers in one folder would rebuild each other's work.
fn msrv(workspace: &Workspace) -> anyhow::Result<()> {
    let version = &workspace.msrv;
    ensure!(!version.is_empty(), "the workspace states no rust-version");
    tools::toolchain(workspace, version)?;
    Cmd::new(workspace, &format!("cargo +{version} check --workspace --all-features --target-dir"))
        .arg(workspace.target.join("msrv").to_string_lossy())
        .run()
}

/// The members of rings 0 to 2.
fn core_members() -> impl Iterator<Item = &'static policy::Member> {
    MEMBERS.iter().filter(|member| member.ring.is_core())
}
