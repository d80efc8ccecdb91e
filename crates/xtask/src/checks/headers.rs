//! What the source text itself has to say, and must not.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use crate::policy::{BANNED_TEXT, CORE_HEADER, MAX_LINES, SOURCE_FOLDERS};
use crate::workspace::Workspace;

use super::core_members;

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for member in core_members() {
        let path = workspace.package(member.name)?.root.join("src/lib.rs");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        faults.extend(header_faults(&text).map(|line| format!("{}: lacks `{line}`", member.name)));
    }
    let mut files = Vec::new();
    for folder in SOURCE_FOLDERS {
        find_sources(&workspace.root.join(folder), &mut files)?;
    }
    ensure!(!files.is_empty(), "no source files found");
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let shown = path.strip_prefix(&workspace.root).unwrap_or(&path);
        faults.extend(source_faults(shown, &text));
    }
    if !faults.is_empty() {
        bail!("{} faults\n  {}", faults.len(), faults.join("\n  "));
    }
    Ok(())
}

/// The required lines that `text` lacks.
fn header_faults(text: &str) -> impl Iterator<Item = String> {
    let text = squeeze(text);
    CORE_HEADER.iter().map(|line| squeeze(line)).filter(move |line| !text.contains(line))
}

fn source_faults(path: &Path, text: &str) -> Vec<String> {
    let place = path.display();
    let mut faults = Vec::new();
    if path.file_name().is_some_and(|name| name == "mod.rs") {
        faults.push(format!("{place}: the parent of a folder stands beside it, as foo.rs"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        faults.push(format!("{place}: {lines} lines, at most {MAX_LINES} are allowed"));
    }
    for (number, line) in text.lines().enumerate() {
        let banned = BANNED_TEXT.iter().filter(|(banned, _)| line.contains(banned));
        faults.extend(banned.map(|(banned, reason)| format!("{place}:{}: `{banned}`: {reason}", number + 1)));
    }
    faults
}

/// Without white space, and without the comma that rustfmt puts after a last item.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",)", ")")
}

fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            if path
                .file_name()
                .is_some_and(|name| name != "target" && name != "corpus" && name != "artifacts")
            {
                find_sources(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        source_faults(Path::new(path), text)
    }

    #[test]
    fn a_header_may_be_laid_out_differently_but_not_weaker() {
        let whole = CORE_HEADER.join("\n").replace("unwrap_used", "unwrap_used,");
        assert_eq!(header_faults(&whole).count(), 0);
        assert_eq!(
            header_faults(&whole.replace("forbid", "deny")).collect::<Vec<_>>(),
            ["#![forbid(unsafe_code)]"]
        );
        assert_eq!(header_faults(&whole.replace("clippy::panic,", "")).count(), 1);
    }

    #[test]
    fn unfinished_code_is_named_with_its_line() {
        let text = format!("fn f() {{\n    {}\n}}\n", concat!("to", "do!()"));
        let [fault] = &faults("src/a.rs", &text)[..] else { panic!("one fault") };
        assert!(fault.starts_with("src/a.rs:2: "), "{fault}");
        assert_eq!(faults("src/a.rs", concat!("#[", "ignore = \"slow\"]\n")).len(), 1);
    }

    #[test]
    fn long_files_and_mod_files_are_refused() {
        assert_eq!(faults("src/a.rs", &"\n".repeat(MAX_LINES)), Vec::<String>::new());
        assert_eq!(
            faults("src/a.rs", &"\n".repeat(MAX_LINES + 1)),
            ["src/a.rs: 601 lines, at most 600 are allowed"]
        );
        assert_eq!(faults("src/a/mod.rs", "").len(), 1);
    }
}
