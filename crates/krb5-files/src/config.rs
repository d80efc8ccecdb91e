//! `krb5.conf`: what MIT krb5's profile library reads, with the line that every value comes from.
//!
//! [`Config`] is a list of files as `KRB5_CONFIG` names it. Behind it, [`ConfigFile`] is one file with all that it
//! includes. Both answer by path; [`Config::libdefaults`], [`Config::realm`], [`Config::host_realm`] and
//! [`Config::realm_path`] read the values that a client needs, with MIT's defaults.
//!
//! ```
//! use krb5_files::config::{Config, ConfigFile};
//!
//! let text = "\
//! [libdefaults]
//!     default_realm = EXAMPLE.COM
//!     ticket_lifetime = 10h
//! [realms]
//!     EXAMPLE.COM = {
//!         kdc = kdc1.example.com
//!         kdc = https://proxy.example.com/KdcProxy
//!     }
//! [domain_realm]
//!     .example.com = EXAMPLE.COM
//! ";
//! let config = Config::from(ConfigFile::parse("krb5.conf", text.as_bytes())?);
//!
//! let lifetime = config.libdefaults().ticket_lifetime().unwrap();
//! assert_eq!(lifetime.value, 36_000);
//! assert_eq!(lifetime.origin.to_string(), "krb5.conf:3");
//!
//! let kdcs = config.realm("EXAMPLE.COM").kdcs().unwrap();
//! assert_eq!(kdcs[1].value.to_string(), "https://proxy.example.com:443/KdcProxy");
//! assert_eq!(config.host_realm("WWW.example.com").unwrap().value, "EXAMPLE.COM");
//! # Ok::<(), krb5_files::config::ConfigError>(())
//! ```
//!
//! What MIT krb5 refuses is an error here. What it passes over in silence is a warning: [`Config::warnings`] for the
//! grammar, [`Setting::ignored`] for single values. [`limits`] bound what a hostile file can cost.
//!
//! No file is opened here: the caller's [`Source`] gives the text.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

mod capaths;
mod enctypes;
mod error;
mod file;
mod libdefaults;
pub mod limits;
mod line;
mod parse;
mod realms;
mod server;
mod setting;
mod source;
mod template;
mod tree;
pub mod value;

pub use capaths::hierarchical_path;
pub use enctypes::{DEFAULT_ENCTYPES, SpakeGroup, enctypes};
pub use error::{ConfigError, ConfigErrorKind, ConfigWarning, ConfigWarningKind};
pub use file::{ConfigFile, NotWritable};
pub use libdefaults::{Canonicalize, Libdefaults};
pub use realms::{Realm, fallback_realm};
pub use server::{Server, Service, Transport};
pub use setting::{Ignored, Origin, Setting, ValueError, ValueErrorKind};
pub use source::{Source, SourceError, is_included_name};
pub use template::{PathTemplate, TOKENS, TokenError};
pub use tree::{Found, Node, Place, Section};

/// A list of configuration files. Values of earlier files come first, and `*` marks keep later files out.
#[derive(Clone, Debug, Default)]
pub struct Config {
    files: Vec<ConfigFile>,
}

impl Config {
    /// These files, in order of precedence.
    #[must_use]
    pub fn from_files(files: impl IntoIterator<Item = ConfigFile>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// Reads a list of files, as `KRB5_CONFIG` names it once it is split at its colons. Files that do not exist or may
    /// not be read are left out; a `module` line in the first one ends the list.
    ///
    /// # Errors
    /// Where a file breaks the grammar or a limit, or none of them can be read. MIT krb5 goes on without any
    /// configuration ([`Config::default`]) after [`ConfigErrorKind::NoFile`].
    pub fn read<'p>(
        paths: impl IntoIterator<Item = &'p str>,
        source: &mut dyn Source,
    ) -> Result<Self, ConfigError> {
        let mut files: Vec<ConfigFile> = Vec::new();
        let mut denied = None;
        for path in paths {
            match ConfigFile::read(path, source) {
                Ok(file) => {
                    if let Some((_, at)) = file.module.as_ref().filter(|_| !files.is_empty()) {
                        let kind = ConfigErrorKind::ModuleNotFirst;
                        return Err(ConfigError { file: String::from(path), line: at.line, kind });
                    }
                    let ends = file.module.is_some();
                    files.push(file);
                    if ends {
                        break;
                    }
                }
                Err(error) => match error.kind {
                    ConfigErrorKind::Unreadable(SourceError::NotFound) => {}
                    ConfigErrorKind::Unreadable(SourceError::Denied) => denied = Some(error),
                    _ => return Err(error),
                },
            }
        }
        if files.is_empty() {
            let none =
                ConfigError { file: String::from("krb5.conf"), line: 0, kind: ConfigErrorKind::NoFile };
            return Err(denied.unwrap_or(none));
        }
        Ok(Self { files })
    }

    /// The files, in order of precedence.
    #[must_use]
    pub fn files(&self) -> &[ConfigFile] {
        &self.files
    }

    /// What MIT krb5 passes over in silence, file after file.
    pub fn warnings(&self) -> impl Iterator<Item = ConfigWarning<'_>> {
        self.files.iter().flat_map(ConfigFile::warnings)
    }

    /// All values at a path: the section, subsections if any, and the name. Each file gives all of its own; a file
    /// where the name or a section on the path is final is the last one asked, whether it has a value or not.
    #[must_use]
    pub fn values(&self, path: &[&str]) -> Vec<Found<'_>> {
        let mut values = Vec::new();
        let [sections @ .., name] = path else { return values };
        for file in &self.files {
            let (section, mut last) = descend(file, sections);
            for value in section.into_iter().flat_map(|section| section.values(name)) {
                last |= value.is_final;
                values.push(value);
            }
            if last {
                break;
            }
        }
        values
    }

    /// The first value at a path, the one that counts where only one can.
    #[must_use]
    pub fn value(&self, path: &[&str]) -> Option<Found<'_>> {
        self.values(path).first().copied()
    }

    /// The names of the subsections at a path, each once; of the sections for an empty path.
    #[must_use]
    pub fn section_names(&self, path: &[&str]) -> Vec<&str> {
        self.names(path, |node| match node {
            Node::Section { name, section } => Some((name, section.is_final())),
            Node::Relation { .. } => None,
        })
    }

    /// The names of the relations at a path, each once.
    #[must_use]
    pub fn relation_names(&self, path: &[&str]) -> Vec<&str> {
        self.names(path, |node| match node {
            Node::Relation { name, value } => Some((name, value.is_final)),
            Node::Section { .. } => None,
        })
    }

    fn names<'a>(
        &'a self,
        path: &[&str],
        pick: impl Fn(Node<'a>) -> Option<(&'a str, bool)>,
    ) -> Vec<&'a str> {
        let mut seen = BTreeSet::new();
        let mut names = Vec::new();
        for file in &self.files {
            let (section, mut last) = descend(file, path);
            for (name, is_final) in section.into_iter().flat_map(Section::nodes).filter_map(&pick) {
                last |= is_final;
                if seen.insert(name) {
                    names.push(name);
                }
            }
            if last {
                break;
            }
        }
        names
    }
}

impl From<ConfigFile> for Config {
    fn from(file: ConfigFile) -> Self {
        Self::from_files([file])
    }
}

/// The section at a path, and whether a section on the way there is final.
fn descend<'a>(file: &'a ConfigFile, path: &[&str]) -> (Option<Section<'a>>, bool) {
    let mut section = file.root();
    let mut is_final = false;
    for name in path {
        let Some(next) = section.section(name) else { return (None, is_final) };
        section = next;
        is_final |= section.is_final();
    }
    (Some(section), is_final)
}
