//! Rings 0 to 2 on machines without an operating system.

use crate::command::Cmd;
use crate::policy::{BARE_TARGET, Heap, WASM_TARGET};
use crate::tools;
use crate::workspace::Workspace;

use super::core_members;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for target in [BARE_TARGET, WASM_TARGET] {
        tools::rust_target(workspace, target)?;
    }
    // One package a command: together they would switch on each other's features.
    for member in core_members().filter(|member| member.heap == Heap::Free) {
        build(workspace, member.name, BARE_TARGET).run()?;
    }
    for target in [BARE_TARGET, WASM_TARGET] {
        for member in core_members() {
            build(workspace, member.name, target).args(["--features", "alloc"]).run()?;
        }
    }
    // Linking is the proof: a call to an allocator, to libc or to a missing intrinsic has nowhere to go.
    Cmd::new(workspace, &format!("cargo build --package no-std-link --target {BARE_TARGET}")).run()
}

fn build(workspace: &Workspace, package: &str, target: &str) -> Cmd {
    Cmd::new(workspace, &format!("cargo build --package {package} --no-default-features --target {target}"))
}
