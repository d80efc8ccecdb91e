//! Every combination of features compiles.

use crate::command::Cmd;
use crate::policy::{BASE_FEATURES, FEATURE_BASES};
use crate::workspace::Workspace;

use super::core_members;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for member in core_members() {
        for set in sets(&workspace.package(member.name)?.features) {
            Cmd::new(
                workspace,
                &format!("cargo check --quiet --package {} --no-default-features", member.name),
            )
            .arg(format!("--features={}", set.join(",")))
            .run()?;
        }
    }
    Ok(())
}

/// Every base with every subset of the features that are not in a base.
fn sets(features: &[String]) -> Vec<Vec<&str>> {
    let extras: Vec<_> = features.iter().map(String::as_str).filter(|f| !BASE_FEATURES.contains(f)).collect();
    let mut sets: Vec<Vec<&str>> = FEATURE_BASES.iter().map(|base| base.to_vec()).collect();
    for extra in extras {
        let with: Vec<_> = sets.iter().map(|set| [set.as_slice(), &[extra]].concat()).collect();
        sets.extend(with);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subset_comes_up_with_every_base() {
        let features = ["alloc", "camellia", "default", "rc4", "std"].map(str::to_owned);
        let sets = sets(&features);
        assert_eq!(sets.len(), FEATURE_BASES.len() * 4);
        assert!(sets.contains(&vec!["alloc", "camellia", "rc4"]));
        assert!(sets.contains(&vec!["rc4"]));
        assert!(sets.contains(&vec![]));
    }
}
