//! Test vectors as self-describing text files under `vectors/`.
//!
//! ```text
//! # A line that starts with a hash is a comment.
//! source: RFC 3962 appendix B        where the values come from, precise enough to find them again
//! kind: string-to-key                what the records are; a record may state its own `kind`
//! origin: spec                       spec | recorded | derived | implementation
//!
//! name: 1 iteration                  a blank line ends the header and each record
//! password: "password"               quoted: printable ASCII without quotes inside
//! key: 42263c6e89f4fc28              bare: lower-case hex, a number or a word, as the key's reader wants
//!     b8df68ee09799f15               an indented line continues the value above it
//! salt: -                            a lone hyphen: stated to be absent
//! ```
//!
//! The loader is strict, since a vector that is skipped by mistake proves nothing: lines without a key, empty
//! values, records without a name, files without a record or without one of `source`, `kind` and `origin` are
//! errors, and so is asking for a key or a kind that is not there.

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

mod parse;

/// Reads `vectors/<path>` of this workspace.
///
/// # Panics
/// Where the file cannot be read or breaks the format; the message names file and line.
#[track_caller]
pub fn load(path: &str) -> VectorFile {
    let text = match fs::read_to_string(root().join(path)) {
        Ok(text) => text,
        Err(error) => panic!("vectors/{path}: {error}"),
    };
    match VectorFile::parse(&format!("vectors/{path}"), &text) {
        Ok(file) => file,
        Err(error) => panic!("{error}"),
    }
}

/// The workspace's `vectors/` folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// A vector file: its header and its records, in file order.
#[derive(Debug)]
pub struct VectorFile {
    header: Block,
    records: Vec<Record>,
}

impl VectorFile {
    /// Parses `text`; `file` is the name that messages give.
    ///
    /// # Errors
    /// The first line that breaks the format, with what was wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, FormatError> {
        parse::file(file, text)
    }

    /// A header value, such as `source`, `kind` or `origin`.
    ///
    /// # Panics
    /// Where the header has no such key.
    #[track_caller]
    pub fn header(&self, key: &str) -> &str {
        self.header.one(key).unwrap_or_else(|| self.header.missing(key))
    }

    /// All records. There is at least one.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records whose `kind` (their own, or else the header's) is `kind`.
    ///
    /// # Panics
    /// Where there is none: a misspelled kind would otherwise be a test that runs nothing.
    #[track_caller]
    pub fn records_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Record> {
        let default = self.header("kind");
        let of_kind = move |r: &&Record| r.block.one("kind").unwrap_or(default) == kind;
        assert!(
            self.records.iter().any(|r| of_kind(&r)),
            "{}: no record of kind {kind:?}",
            self.header.place()
        );
        self.records.iter().filter(of_kind)
    }
}

/// One block of `key: value` lines. Every reader panics with file, line and name where the value is not as asked.
#[derive(Debug)]
pub struct Record {
    block: Block,
}

impl Record {
    /// The record's `name`.
    pub fn name(&self) -> &str {
        self.block.one("name").unwrap_or_else(|| self.block.missing("name"))
    }

    /// The line its first key stands on, counted from 1.
    pub fn line(&self) -> usize {
        self.block.line
    }

    /// The value as written, or `None` where the key is absent or its value is `-`.
    #[track_caller]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.block.one(key).filter(|value| *value != ABSENT)
    }

    /// Bytes: hex digits, or a quoted text's ASCII.
    #[track_caller]
    pub fn hex(&self, key: &str) -> Vec<u8> {
        self.opt_hex(key).unwrap_or_else(|| self.block.missing(key))
    }

    /// [`Record::hex`], or `None` where the key is absent or its value is `-`.
    #[track_caller]
    pub fn opt_hex(&self, key: &str) -> Option<Vec<u8>> {
        self.get(key).map(|value| self.bytes(key, value))
    }

    /// The content of a quoted text, or a bare word as it stands.
    #[track_caller]
    pub fn text(&self, key: &str) -> String {
        let value = self.get(key).unwrap_or_else(|| self.block.missing(key));
        parse::quoted(value).unwrap_or(value).to_owned()
    }

    /// A whole number: decimal, or hex after `0x`, with an optional sign.
    #[track_caller]
    pub fn int(&self, key: &str) -> i64 {
        let value = self.get(key).unwrap_or_else(|| self.block.missing(key));
        parse::integer(value).unwrap_or_else(|| self.block.fail(key, value, "a whole number"))
    }

    /// The bytes of every line with this key, in file order; empty where there is none but `-`.
    #[track_caller]
    pub fn all(&self, key: &str) -> Vec<Vec<u8>> {
        self.block.values(key).filter(|value| *value != ABSENT).map(|value| self.bytes(key, value)).collect()
    }

    #[track_caller]
    fn bytes(&self, key: &str, value: &str) -> Vec<u8> {
        match parse::quoted(value) {
            Some(text) => text.as_bytes().to_vec(),
            None => parse::hex(value)
                .unwrap_or_else(|| self.block.fail(key, value, "hex digits or a quoted text")),
        }
    }
}

/// What a value of `-` says: this record has no such thing.
const ABSENT: &str = "-";

/// The lines of a header or record.
#[derive(Debug)]
struct Block {
    file: String,
    line: usize,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    value: String,
    line: usize,
}

impl Block {
    fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries.iter().filter(move |e| e.key == key).map(|e| e.value.as_str())
    }

    /// The only value of `key`. A repeated key has no single value, so taking the first would hide the rest.
    #[track_caller]
    fn one(&self, key: &str) -> Option<&str> {
        assert!(
            self.values(key).count() <= 1,
            "{}: key {key:?} is repeated, read it with all()",
            self.place()
        );
        self.entries.iter().find(|e| e.key == key).map(|e| e.value.as_str())
    }

    #[track_caller]
    fn missing(&self, key: &str) -> ! {
        panic!("{}: no value for key {key:?}", self.place())
    }

    #[track_caller]
    fn fail(&self, key: &str, value: &str, expected: &str) -> ! {
        let line =
            self.entries.iter().find(|e| e.key == key && e.value == value).map_or(self.line, |e| e.line);
        panic!("{}:{line}: {key:?} is {value:?}, expected {expected}", self.file)
    }

    fn place(&self) -> String {
        let name = self.values("name").next().map(|n| format!(" ({n})")).unwrap_or_default();
        format!("{}:{}{name}", self.file, self.line)
    }
}

/// A line that breaks the format of vector files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The file's name as given to [`VectorFile::parse`].
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What was seen and what was expected.
    pub problem: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl core::error::Error for FormatError {}

#[cfg(test)]
mod tests;
