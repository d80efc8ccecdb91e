//! Who may use whom.

use alloc::collections::BTreeSet;

use anyhow::bail;

use crate::command::Cmd;
use crate::policy::{BANNED_EDGES, BANNED_EXTERNAL, MEMBERS, Ring, SAME_RING};
use crate::workspace::{Package, Workspace};

use super::core_members;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut faults = table_faults(&workspace.packages);
    for package in &workspace.packages {
        faults.extend(direct_faults(&package.name, &package.dependencies));
    }
    for member in core_members() {
        faults.extend(reach_faults(member.name, &reached(workspace, member.name)?));
    }
    if !faults.is_empty() {
        bail!("{} forbidden arrows\n  {}", faults.len(), faults.join("\n  "));
    }
    Ok(())
}

/// The table and the workspace have to name the same crates.
fn table_faults(packages: &[Package]) -> Vec<String> {
    let in_table: BTreeSet<_> = MEMBERS.iter().map(|member| member.name).collect();
    let in_workspace: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let unlisted = in_workspace.difference(&in_table).map(|name| format!("{name} has no ring in policy.rs"));
    let gone = in_table
        .difference(&in_workspace)
        .map(|name| format!("{name} is in policy.rs, not in the workspace"));
    unlisted.chain(gone).collect()
}

/// Arrows from ring to ring.
fn direct_faults(from: &str, dependencies: &[String]) -> Vec<String> {
    let Some(own) = ring(from) else { return Vec::new() };
    let ours = dependencies.iter().filter_map(|to| Some((to.as_str(), ring(to)?)));
    let allowed = |to: &str, theirs: Ring| {
        // Rings 3 and outward may use their own kind.
        theirs < own || (theirs == own && (!own.is_core() || SAME_RING.contains(&(from, to))))
    };
    ours.filter(|(to, theirs)| !allowed(to, *theirs))
        .map(|(to, theirs)| format!("{from} (ring {own:?}) uses {to} (ring {theirs:?})"))
        .collect()
}

/// Crates that must not be reached at any distance.
fn reach_faults(from: &str, reached: &BTreeSet<String>) -> Vec<String> {
    let edges = BANNED_EDGES.iter().filter(|(source, _)| *source == from).flat_map(|(_, banned)| *banned);
    let ours = edges.filter(|to| reached.contains(**to)).map(|to| format!("{from} reaches {to}"));
    let theirs = BANNED_EXTERNAL.iter().flat_map(|(reason, banned)| {
        let seen = banned.iter().filter(|to| reached.contains(**to));
        seen.map(move |to| format!("{from} reaches {to} ({reason})"))
    });
    ours.chain(theirs).collect()
}

/// All that is compiled along with `name` when every feature is on, on any target. `cargo tree` for one package
/// resolves the features of that package only, so what tests and tools switch on elsewhere is not blamed on it.
fn reached(workspace: &Workspace, name: &str) -> anyhow::Result<BTreeSet<String>> {
    let flags = "--all-features --edges normal,build --target all --prefix none --format {p}";
    let tree = Cmd::new(workspace, &format!("cargo tree --package {name} {flags}")).read()?;
    let names: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    if !names.contains(name) {
        bail!("cargo tree does not show {name} itself");
    }
    Ok(names)
}

fn ring(name: &str) -> Option<Ring> {
    MEMBERS.iter().find(|member| member.name == name).map(|member| member.ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(from: &str, to: &str) -> Vec<String> {
        direct_faults(from, &[to.to_owned()])
    }

    #[test]
    fn arrows_point_inward() {
        assert_eq!(direct("gss-krb5", "gss-core"), Vec::<String>::new());
        assert_eq!(direct("gssctl", "gss"), Vec::<String>::new());
        assert_eq!(direct("gss-core", "gss"), ["gss-core (ring Values) uses gss (ring Facade)"]);
        assert_eq!(
            direct("gss-spnego", "gss-krb5"),
            ["gss-spnego (ring Mechanisms) uses gss-krb5 (ring Mechanisms)"]
        );
        assert_eq!(direct("gss", "test-support"), ["gss (ring Facade) uses test-support (ring Internal)"]);
        assert_eq!(direct("gss", "serde"), Vec::<String>::new());
    }

    #[test]
    fn banned_crates_are_seen_at_any_distance() {
        let reached = ["gss-spnego", "krb5-crypto", "getrandom"].map(str::to_owned).into();
        assert_eq!(
            reach_faults("gss-spnego", &reached),
            ["gss-spnego reaches krb5-crypto", "gss-spnego reaches getrandom (randomness is an argument)"]
        );
    }

    #[test]
    fn a_member_without_a_ring_is_a_fault() {
        assert!(table_faults(&[]).contains(&"gss is in policy.rs, not in the workspace".to_owned()));
    }
}
