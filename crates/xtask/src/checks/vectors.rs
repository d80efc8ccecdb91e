//! Every vector file parses and says where its values come from.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use test_support::vectors::VectorFile;

use crate::workspace::Workspace;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    let files = check_folder(&workspace.root, &workspace.root.join("vectors"), &mut faults)?;
    if !faults.is_empty() {
        bail!("{} faults\n  {}", faults.len(), faults.join("\n  "));
    }
    ensure!(files > 0, "no vector file in vectors/");
    println!("{files} vector files");
    Ok(())
}

fn check_folder(root: &Path, folder: &Path, faults: &mut Vec<String>) -> anyhow::Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if path.is_dir() {
            files += check_folder(root, &path, faults)?;
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            files += 1;
            let text = fs::read_to_string(&path).with_context(|| shown.clone())?;
            faults.extend(VectorFile::parse(&shown, &text).err().map(|fault| fault.to_string()));
        } else if path.extension().is_none_or(|extension| extension != "md") {
            faults.push(format!("{shown}: not a .txt vector file"));
        }
    }
    Ok(files)
}
