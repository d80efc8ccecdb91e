//! `krb5.conf`.

mod grammar;
mod hosts;
mod includes;
mod properties;
mod rules;
mod settings;
mod values;
mod writing;

use alloc::collections::BTreeMap;

use krb5_files::config::{Config, ConfigFile, Source, SourceError};
use test_support::vectors::Record;

/// Files by path; directories are what their paths say. What is not there does not exist.
#[derive(Clone, Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect())
    }
}

impl Source for Files {
    fn file(&mut self, path: &str) -> Result<Vec<u8>, SourceError> {
        match self.0.get(&path.replace("//", "/")).cloned() {
            Some(bytes) => Ok(bytes),
            None if self.directory(path).is_ok() => Err(SourceError::IsDirectory),
            None => Err(SourceError::NotFound),
        }
    }

    /// In reverse order: sorting is up to the reader.
    fn directory(&mut self, path: &str) -> Result<Vec<String>, SourceError> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let inside =
            |path: &String| path.strip_prefix(&folder).filter(|name| !name.contains('/')).map(str::to_owned);
        let names: Vec<String> = self.0.keys().rev().filter_map(inside).collect();
        if names.is_empty() { Err(SourceError::NotFound) } else { Ok(names) }
    }
}

/// The text that the lines of a record make.
fn text(record: &Record, key: &str) -> Vec<u8> {
    record.all(key).into_iter().flat_map(|line| [&line[..], b"\n"].concat()).collect()
}

fn config(text: &str) -> Config {
    Config::from(ConfigFile::parse("test", text.as_bytes()).unwrap())
}

/// All that a configuration gives: `section/name = value`, or `section/` where there is nothing in it.
fn tree(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    walk(config, &mut Vec::new(), &mut lines);
    lines
}

fn walk<'a>(config: &'a Config, path: &mut Vec<&'a str>, lines: &mut Vec<String>) {
    let mut relations = config.relation_names(path);
    relations.sort_unstable();
    let mut sections = config.section_names(path);
    sections.sort_unstable();
    if relations.is_empty() && sections.is_empty() {
        lines.push(format!("{}/", path.join("/")));
    }
    for name in relations {
        path.push(name);
        lines.extend(config.values(path).iter().map(|found| format!("{} = {}", path.join("/"), found.value)));
        path.pop();
    }
    for name in sections {
        path.push(name);
        walk(config, path, lines);
        path.pop();
    }
}
