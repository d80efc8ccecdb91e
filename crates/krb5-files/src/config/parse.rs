//! A file and what it includes, line after line.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::mem;

use super::{
    ConfigFile, Source, SourceError,
    error::{ConfigError, ConfigErrorKind, ConfigWarningKind},
    is_included_name,
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_LINE, MAX_SIZE, MAX_WARNINGS},
    line::{self, Line},
    tree::At,
};

/// The result so far, and what counts against the limits.
pub(super) struct Reading<'s> {
    source: &'s mut dyn Source,
    file: ConfigFile,
    /// Paths of the files that are being read, outermost first.
    open: Vec<String>,
    size: usize,
    entries: usize,
}

/// How a file is read: its sections are its own, its content goes into the shared tree.
#[derive(Default)]
struct Fragment {
    state: State,
    file: usize,
    /// The section that relations go to.
    path: Vec<usize>,
    /// How many sections are open, those whose content is discarded included.
    level: usize,
    /// The level of the final section that was opened again and is therefore ignored; 0 for none.
    discard: usize,
    /// Whether text before the first section was warned of.
    text_before: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Before the first `[` in the first column.
    #[default]
    Before,
    Lines,
    /// After `name =`: a `{` has to come.
    Brace,
}

impl<'s> Reading<'s> {
    pub(super) fn new(source: &'s mut dyn Source) -> Self {
        Self { source, file: ConfigFile::default(), open: Vec::new(), size: 0, entries: 0 }
    }

    pub(super) fn finish(self) -> ConfigFile {
        self.file
    }

    /// Reads a file that has been got already.
    pub(super) fn text(&mut self, path: &str, bytes: &[u8]) -> Result<(), ConfigError> {
        let too_many = self.file.files.len() >= MAX_FILES;
        let mut fragment = Fragment { file: self.file.files.len(), ..Fragment::default() };
        self.file.files.push(path.to_string());
        let whole = At { file: fragment.file, line: 0 };
        if too_many {
            return Err(self.error(whole, ConfigErrorKind::TooManyFiles));
        }
        self.size = self.size.saturating_add(bytes.len());
        if self.size > MAX_SIZE {
            return Err(self.error(whole, ConfigErrorKind::TooLarge));
        }
        self.open.push(path.to_string());
        let mut at = whole;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            at.line = at.line.saturating_add(1);
            self.line(&mut fragment, line, at)?;
            if self.file.module.is_some() {
                break;
            }
        }
        if fragment.level > 1 {
            self.warn(at, ConfigWarningKind::NotClosed);
        }
        self.open.pop();
        Ok(())
    }

    fn line(&mut self, fragment: &mut Fragment, line: &[u8], at: At) -> Result<(), ConfigError> {
        let length = line::strip_end(line).len();
        if length > MAX_LINE {
            return Err(self.error(at, ConfigErrorKind::LineTooLong { length }));
        }
        let line = match line.iter().position(|byte| *byte == 0) {
            Some(zero) => {
                self.warn(at, ConfigWarningKind::ZeroByte);
                line.get(..zero).unwrap_or_default()
            }
            None => line,
        };
        // Includes are seen wherever they stand, also inside subsections and before the first section.
        if let Some(path) = directive(line, "include") {
            return self.include(&path, at);
        }
        if let Some(path) = directive(line, "includedir") {
            return self.include_directory(&path, at);
        }
        match fragment.state {
            State::Before => self.before(fragment, line, at),
            State::Lines => self.standard(fragment, line, at),
            State::Brace => match line::trim_start(line) {
                [b'{', rest @ ..] => {
                    if !line::trim_start(rest).is_empty() {
                        self.warn(at, ConfigWarningKind::AfterBrace);
                    }
                    fragment.state = State::Lines;
                    Ok(())
                }
                other => Err(self.error(at, ConfigErrorKind::NoValue { seen: line::excerpt(other) })),
            },
        }
    }

    fn before(&mut self, fragment: &mut Fragment, line: &[u8], at: At) -> Result<(), ConfigError> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        if let Some(module) = directive(line, "module") {
            if self.open.len() > 1 {
                return Err(self.error(at, ConfigErrorKind::ModuleNotFirst));
            }
            self.file.module = Some((module, at));
            return Ok(());
        }
        if line.first() == Some(&b'[') {
            fragment.state = State::Lines;
            return self.standard(fragment, line, at);
        }
        let content = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if at.line == 1 && content.len() < line.len() {
            self.warn(at, ConfigWarningKind::ByteOrderMark);
        }
        let comment = matches!(line::trim_start(content), [] | [b'#' | b';', ..]);
        if !comment && !mem::replace(&mut fragment.text_before, true) {
            self.warn(at, ConfigWarningKind::BeforeFirstSection);
        }
        Ok(())
    }

    fn standard(&mut self, fragment: &mut Fragment, line: &[u8], at: At) -> Result<(), ConfigError> {
        let mut warnings = Vec::new();
        let read = line::read(line, &mut warnings);
        for warning in warnings {
            self.warn(at, warning);
        }
        match read.map_err(|kind| self.error(at, kind))? {
            Line::Blank => Ok(()),
            Line::Section { name, is_final } => self.section(fragment, &name, is_final, at),
            Line::Open { name, is_final, brace } => {
                if !brace {
                    fragment.state = State::Brace;
                }
                self.subsection(fragment, &name, is_final, at)
            }
            Line::Close { is_final } => self.close(fragment, is_final, at),
            Line::Relation { name, is_final, value } => {
                if fragment.discard > 0 {
                    self.warn(at, ConfigWarningKind::AfterFinal { name });
                    return Ok(());
                }
                self.count(at)?;
                let section = self.file.root.descend(&fragment.path);
                if section.is_some_and(|section| !section.add(&name, value, is_final, at)) {
                    self.warn(at, ConfigWarningKind::AfterFinal { name });
                }
                Ok(())
            }
        }
    }

    fn section(
        &mut self,
        fragment: &mut Fragment,
        name: &str,
        is_final: bool,
        at: At,
    ) -> Result<(), ConfigError> {
        if fragment.level > 1 {
            return Err(self.error(at, ConfigErrorKind::SectionInside));
        }
        self.count(at)?;
        fragment.path.clear();
        fragment.level = 1;
        fragment.discard = if self.enter(fragment, name, is_final, at) { 1 } else { 0 };
        Ok(())
    }

    fn subsection(
        &mut self,
        fragment: &mut Fragment,
        name: &str,
        is_final: bool,
        at: At,
    ) -> Result<(), ConfigError> {
        if fragment.level >= MAX_DEPTH {
            return Err(self.error(at, ConfigErrorKind::TooDeep));
        }
        fragment.level = fragment.level.saturating_add(1);
        if fragment.discard == 0 {
            self.count(at)?;
            if self.enter(fragment, name, is_final, at) {
                fragment.discard = fragment.level;
            }
        }
        Ok(())
    }

    /// Goes down to a section, made if need be. The answer is whether it was final already, so that its content here
    /// does not count.
    fn enter(&mut self, fragment: &mut Fragment, name: &str, is_final: bool, at: At) -> bool {
        let parent = self.file.root.descend(&fragment.path);
        let Some(number) = parent.map(|parent| parent.open(name, at)) else { return false };
        fragment.path.push(number);
        let Some(section) = self.file.root.descend(&fragment.path) else { return false };
        let before = section.is_final;
        section.is_final |= is_final;
        if before {
            self.warn(at, ConfigWarningKind::AfterFinal { name: name.to_string() });
        }
        before
    }

    fn close(&mut self, fragment: &mut Fragment, is_final: bool, at: At) -> Result<(), ConfigError> {
        if fragment.level < 2 {
            return Err(self.error(at, ConfigErrorKind::NothingToClose));
        }
        if is_final && let Some(section) = self.file.root.descend(&fragment.path) {
            section.is_final = true;
        }
        fragment.level = fragment.level.saturating_sub(1);
        if fragment.level < fragment.discard {
            fragment.discard = 0;
        }
        if fragment.discard == 0 {
            fragment.path.pop();
        }
        Ok(())
    }

    fn include(&mut self, path: &str, at: At) -> Result<(), ConfigError> {
        if self.open.iter().any(|open| open == path) {
            return Err(self.error(at, ConfigErrorKind::IncludeLoop { path: path.to_string() }));
        }
        if self.open.len() >= MAX_INCLUDE_DEPTH {
            return Err(self.error(at, ConfigErrorKind::IncludeTooDeep));
        }
        match self.source.file(path) {
            Ok(bytes) => self.text(path, &bytes),
            // MIT krb5 opens the directory and then reads nothing from it.
            Err(SourceError::IsDirectory) => {
                self.warn(at, ConfigWarningKind::IncludesDirectory);
                Ok(())
            }
            Err(error) => Err(self.error(at, ConfigErrorKind::Include { path: path.to_string(), error })),
        }
    }

    /// Reads the files of a directory in the order of their names' bytes.
    pub(super) fn include_directory(&mut self, path: &str, at: At) -> Result<(), ConfigError> {
        let names = self.source.directory(path);
        let mut names = names.map_err(|error| {
            let path = path.to_string();
            self.error(at, ConfigErrorKind::Include { path, error })
        })?;
        names.sort_unstable();
        for name in names {
            if is_included_name(&name) {
                self.include(&format!("{path}/{name}"), at)?;
            } else if name != "." && name != ".." {
                self.warn(at, ConfigWarningKind::NameNotIncluded { name });
            }
        }
        Ok(())
    }

    fn count(&mut self, at: At) -> Result<(), ConfigError> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > MAX_ENTRIES { Err(self.error(at, ConfigErrorKind::TooManyEntries)) } else { Ok(()) }
    }

    fn warn(&mut self, at: At, kind: ConfigWarningKind) {
        if self.file.warnings.len() < MAX_WARNINGS {
            self.file.warnings.push((at, kind));
        }
    }

    fn error(&self, at: At, kind: ConfigErrorKind) -> ConfigError {
        let file = self.file.files.get(at.file).cloned().unwrap_or_default();
        ConfigError { file, line: at.line, kind }
    }
}

/// The rest of a line that begins with this word and a blank, in the first column.
fn directive(line: &[u8], word: &str) -> Option<String> {
    let rest = line.strip_prefix(word.as_bytes())?;
    if !line::is_blank(*rest.first()?) {
        return None;
    }
    Some(String::from_utf8_lossy(line::strip_end(line::trim_start(rest))).into_owned())
}
