//! Tests, interop and benchmarks.

use anyhow::bail;

use crate::ci::Step;
use crate::command::Cmd;
use crate::workspace::Workspace;
use crate::{fuzz, policy, tools};

/// What `ci` runs after the checks.
pub(crate) const CI: &[Step] = &[
    Step { name: "narrow", run: narrow },
    Step { name: "fuzz", run: |workspace| fuzz::smoke(workspace, policy::FUZZ_SECONDS) },
    Step { name: "interop", run: interop },
    Step { name: "bench", run: bench_smoke },
];

/// The tests that need nothing but Rust.
pub(crate) fn test(workspace: &Workspace) -> anyhow::Result<()> {
    if tools::has_cargo_tool(workspace, "cargo-nextest") {
        // Examples in the documentation first: nextest does not run them, and its summary should close the output.
        Cmd::new(workspace, "cargo test --doc --workspace").run()?;
        Cmd::new(workspace, "cargo nextest run --workspace").run()
    } else {
        Cmd::new(workspace, "cargo test --workspace").run()
    }
}

/// The tests of rings 0 to 2 on a machine of 32 bits, where a length from the wire can exceed `usize`.
pub(crate) fn narrow(workspace: &Workspace) -> anyhow::Result<()> {
    tools::debian_packages(workspace, &owned(policy::NARROW_PACKAGES))?;
    tools::rust_target(workspace, policy::NARROW_TARGET)?;
    let core = policy::MEMBERS.iter().filter(|member| member.ring.is_core());
    Cmd::new(
        workspace,
        &format!("cargo {} --all-features --target {}", runner(workspace), policy::NARROW_TARGET),
    )
    .args(core.flat_map(|member| ["--package", member.name]))
    .run()
}

/// The tests against programs of other projects. A missing program is an error, not a skipped test.
pub(crate) fn interop(workspace: &Workspace) -> anyhow::Result<()> {
    let package = policy::INTEROP_PACKAGE;
    let listed =
        Cmd::new(workspace, &format!("cargo run --quiet --package {package} --bin interop-packages"))
            .read()?;
    let packages: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
    if packages.is_empty() {
        bail!("interop-packages lists no Debian package");
    }
    tools::debian_packages(workspace, &packages)?;
    // Heimdal and the peers of PyPI; quick when they are there.
    Cmd::new(workspace, &format!("cargo run --quiet --package {package} --bin interop-heimdal")).run()?;
    Cmd::new(workspace, &format!("cargo run --quiet --package {package} --bin interop-venv")).run()?;
    // The tests drive our side as the program that people use, and look for it beside themselves.
    Cmd::new(workspace, "cargo build --package gssctl").run()?;
    let runner = runner(workspace);
    Cmd::new(workspace, &format!("cargo {runner} --package {package} --features {}", policy::INTEROP_FEATURE))
        .run()
}

/// What runs tests here.
fn runner(workspace: &Workspace) -> &'static str {
    if tools::has_cargo_tool(workspace, "cargo-nextest") { "nextest run" } else { "test" }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The benchmarks.
pub(crate) fn bench(workspace: &Workspace) -> anyhow::Result<()> {
    tools::debian_packages(workspace, &owned(policy::BENCH_PACKAGES))?;
    Cmd::new(workspace, "cargo bench --package bench-compare").run()
}

/// The benchmarks in short, to see that both sides work and understand each other. No timing fails it.
fn bench_smoke(workspace: &Workspace) -> anyhow::Result<()> {
    tools::debian_packages(workspace, &owned(policy::BENCH_PACKAGES))?;
    Cmd::new(workspace, "cargo bench --package bench-compare -- --quick").run()
}
