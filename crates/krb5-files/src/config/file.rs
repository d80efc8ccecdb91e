//! One configuration file with all that it includes.

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use super::{
    ConfigError, ConfigWarning, Found, Node, Section, Source, SourceError,
    error::{ConfigErrorKind, ConfigWarningKind},
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_LINE},
    line,
    parse::Reading,
    source::NoFiles,
    tree::{At, Tree, place},
};

/// One `krb5.conf` with all that it includes: read from text, or made to be written.
///
/// `Display` writes it so that [`parse`](Self::parse) and MIT krb5 read the same again; comments are not kept, and what
/// was included stands in it.
///
/// ```
/// use krb5_files::config::ConfigFile;
///
/// let mut file = ConfigFile::new("krb5.conf");
/// file.add(&["libdefaults", "default_realm"], "EXAMPLE.COM")?;
/// file.add(&["realms", "EXAMPLE.COM", "kdc"], "127.0.0.1:10088")?;
/// file.add(&["realms", "EXAMPLE.COM", "kdc"], "[::1]:10088")?;
/// assert_eq!(
///     file.to_string(),
///     "[libdefaults]\n\tdefault_realm = EXAMPLE.COM\n\n\
///      [realms]\n\tEXAMPLE.COM = {\n\t\tkdc = 127.0.0.1:10088\n\t\tkdc = [::1]:10088\n\t}\n"
/// );
/// # Ok::<(), krb5_files::config::NotWritable>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// The names of the files read, in order of their first line.
    pub(super) files: Vec<String>,
    pub(super) root: Tree,
    pub(super) module: Option<(String, At)>,
    pub(super) warnings: Vec<(At, ConfigWarningKind)>,
    entries: usize,
}

impl ConfigFile {
    /// An empty file to add to. Its name is what errors and [`Found::place`] show.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { files: vec![name.to_string()], ..Self::default() }
    }

    /// Reads the text of a file that includes no other. Its name is what errors show.
    ///
    /// # Errors
    /// Where the text breaks the grammar or a limit, or includes another file.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, ConfigError> {
        let mut source = NoFiles;
        let mut reading = Reading::new(&mut source);
        reading.text(name, text)?;
        Ok(reading.finish())
    }

    /// Reads a file and what it includes. A directory is read as if by `includedir`, as MIT krb5 does.
    ///
    /// # Errors
    /// Where a file cannot be read, or breaks the grammar or a limit.
    pub fn read(path: &str, source: &mut dyn Source) -> Result<Self, ConfigError> {
        let bytes = source.file(path);
        let mut reading = Reading::new(source);
        match bytes {
            Ok(bytes) => reading.text(path, &bytes)?,
            Err(SourceError::IsDirectory) => {
                reading.text(path, &[])?;
                reading.include_directory(path, At { file: 0, line: 0 })?;
            }
            Err(error) => {
                let kind = ConfigErrorKind::Unreadable(error);
                return Err(ConfigError { file: path.to_string(), line: 0, kind });
            }
        }
        Ok(reading.finish())
    }

    /// The sections. The root has no relations of its own.
    #[must_use]
    pub fn root(&self) -> Section<'_> {
        Section { tree: &self.root, files: &self.files }
    }

    /// The files that were read, in order of their first line; those that gave nothing too.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// What a `module` line says, `PATH:RESIDUAL`: MIT krb5 loads that library and asks it instead of the file, whose
    /// rest is not read. No module is loaded here.
    #[must_use]
    pub fn module(&self) -> Option<Found<'_>> {
        let (value, at) = self.module.as_ref()?;
        Some(Found { value, is_final: false, place: place(&self.files, *at) })
    }

    /// What MIT krb5 passes over in silence, in file order, up to
    /// [`MAX_WARNINGS`](super::limits::MAX_WARNINGS).
    pub fn warnings(&self) -> impl Iterator<Item = ConfigWarning<'_>> {
        self.warnings.iter().map(|(at, kind)| ConfigWarning { place: place(&self.files, *at), kind })
    }

    /// Adds a relation behind those of the same name. The path is the section, subsections if any, and the name.
    ///
    /// # Errors
    /// When a file has no way to say this.
    pub fn add(&mut self, path: &[&str], value: &str) -> Result<(), NotWritable> {
        let [sections @ .., name] = path else { return Err(NotWritable::NoSection) };
        if sections.is_empty() {
            return Err(NotWritable::NoSection);
        }
        if sections.len() > MAX_DEPTH {
            return Err(NotWritable::TooDeep);
        }
        for name in path {
            check_name(name)?;
        }
        if value.contains('\0') {
            return Err(NotWritable::ZeroByte);
        }
        // Escapes can double the value.
        let longest = value.len().saturating_mul(2).saturating_add(name.len()).saturating_add(MAX_DEPTH + 8);
        if longest > MAX_LINE {
            return Err(NotWritable::TooLong { length: value.len() });
        }
        self.entries = self.entries.saturating_add(path.len());
        if self.entries > MAX_ENTRIES {
            return Err(NotWritable::TooManyEntries);
        }
        let at = At::default();
        let mut numbers = Vec::with_capacity(sections.len());
        for name in sections {
            let parent = self.root.descend(&numbers).ok_or(NotWritable::NoSection)?;
            numbers.push(parent.open(name, at));
        }
        let section = self.root.descend(&numbers).ok_or(NotWritable::NoSection)?;
        if section.add(name, value.to_string(), false, at) { Ok(()) } else { Err(NotWritable::Final) }
    }
}

/// Names that mean the same in every place of the grammar.
fn check_name(name: &str) -> Result<(), NotWritable> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "=*[]{}\"#;".contains(c);
    if name.is_empty() || name.len() > MAX_LINE / 4 || name.contains(bad) {
        return Err(NotWritable::Name { name: name.to_string() });
    }
    Ok(())
}

impl fmt::Display for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((module, _)) = &self.module {
            writeln!(f, "module {module}")?;
        }
        for (number, node) in self.root().nodes().enumerate() {
            if let Node::Section { name, section } = node {
                let blank = if number == 0 { "" } else { "\n" };
                let star = if section.is_final() { "*" } else { "" };
                writeln!(f, "{blank}[{name}]{star}")?;
                write_section(f, section, 1)?;
            }
        }
        Ok(())
    }
}

/// The depth is bounded by [`MAX_DEPTH`], by whoever made the tree.
fn write_section(f: &mut fmt::Formatter<'_>, section: Section<'_>, depth: usize) -> fmt::Result {
    for node in section.nodes() {
        match node {
            Node::Relation { name, value } => {
                let star = if value.is_final { "*" } else { "" };
                write!(f, "{:\t<depth$}{name}{star} = ", "")?;
                write_value(f, value.value)?;
                writeln!(f)?;
            }
            Node::Section { name, section } => {
                let star = if section.is_final() { "*" } else { "" };
                writeln!(f, "{:\t<depth$}{name}{star} = {{", "")?;
                write_section(f, section, depth.saturating_add(1))?;
                writeln!(f, "{:\t<depth$}}}", "")?;
            }
        }
    }
    Ok(())
}

/// Quotes where plain text would be read as something else.
fn write_value(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let bytes = value.as_bytes();
    let plain = !line::trim_end(bytes).is_empty()
        && line::trim_end(bytes).len() == bytes.len()
        && line::trim_start(bytes).len() == bytes.len()
        && !bytes.starts_with(b"\"")
        && bytes != b"{"
        && !bytes.contains(&b'\n');
    if plain {
        return f.write_str(value);
    }
    f.write_str("\"")?;
    for c in value.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// A relation that no file can state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotWritable {
    /// The path has no section; it needs two names at least.
    NoSection,
    /// An empty or overlong name, or one with blanks, control characters or one of `=*[]{}"#;`.
    Name {
        /// The name.
        name: String,
    },
    /// A value with a zero byte.
    ZeroByte,
    /// A value that makes a line longer than [`MAX_LINE`], once escaped.
    TooLong {
        /// The value's length in bytes.
        length: usize,
    },
    /// Subsections deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_ENTRIES`] names in all paths.
    TooManyEntries,
    /// The name was read as final.
    Final,
}

impl fmt::Display for NotWritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSection => f.write_str("the path has no section, expected [\"section\", .., \"name\"]"),
            Self::Name { name } => {
                write!(
                    f,
                    "{name:?} is no name: expected no blanks, no control characters, none of =*[]{{}}\"#;"
                )
            }
            Self::ZeroByte => f.write_str("value with a zero byte"),
            Self::TooLong { length } => {
                write!(f, "value of {length} bytes may need a line of more than {MAX_LINE}")
            }
            Self::TooDeep => write!(f, "subsections are nested deeper than {MAX_DEPTH}"),
            Self::TooManyEntries => write!(f, "more than {MAX_ENTRIES} names"),
            Self::Final => f.write_str("the name was made final with '*'"),
        }
    }
}

impl core::error::Error for NotWritable {}
