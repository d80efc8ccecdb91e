//! Tests, interop and benchmarks.

use anyhow::bail;

use crate::ci::Step;
use crate::command::Cmd;
use crate::workspace::Workspace;
use crate::{fuzz, policy, tools};

/// What `ci` runs after the checks.
pub(crate) const CI: &[Step] = &[
    Step { name: "fuzz", run: |workspace| fuzz::smoke(workspace, policy::FUZZ_SECONDS) },
    Step { name: "interop", run: interop },
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
    // The tests drive our side as the program that people use, and look for it beside themselves.
    Cmd::new(workspace, "cargo build --package gssctl").run()?;
    let runner = if tools::has_cargo_tool(workspace, "cargo-nextest") { "nextest run" } else { "test" };
    Cmd::new(workspace, &format!("cargo {runner} --package {package} --features {}", policy::INTEROP_FEATURE))
        .run()
}

/// The benchmarks.
pub(crate) fn bench(workspace: &Workspace) -> anyhow::Result<()> {
    Cmd::new(workspace, "cargo bench --package bench-compare").run()
}
