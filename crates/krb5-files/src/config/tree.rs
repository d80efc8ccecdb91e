//! The tree of one file: sections, subsections and relations.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Where something stands: a number of a file in the [`ConfigFile`](super::ConfigFile)'s list, and a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) line: u32,
}

/// A section or subsection. Equal names share one entry, so a lookup costs the same however long the file is.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    entries: Vec<Entry>,
    index: BTreeMap<String, usize>,
    pub(super) is_final: bool,
    at: At,
}

/// All that one name means in a section: a name may have values and be a subsection as well.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    values: Vec<Value>,
    section: Option<Box<Tree>>,
}

#[derive(Clone, Debug)]
struct Value {
    text: String,
    is_final: bool,
    at: At,
}

impl Tree {
    fn entry(&mut self, name: &str) -> (usize, Option<&mut Entry>) {
        let next = self.entries.len();
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                self.index.insert(name.to_string(), next);
                self.entries.push(Entry { name: name.to_string(), values: Vec::new(), section: None });
                next
            }
        };
        (at, self.entries.get_mut(at))
    }

    /// The number of the subsection of this name, made if there is none yet.
    pub(super) fn open(&mut self, name: &str, at: At) -> usize {
        let (number, entry) = self.entry(name);
        if let Some(entry) = entry
            && entry.section.is_none()
        {
            entry.section = Some(Box::new(Self { at, ..Self::default() }));
        }
        number
    }

    /// Adds a value; `false` when the name was final already and nothing was added.
    pub(super) fn add(&mut self, name: &str, text: String, is_final: bool, at: At) -> bool {
        let Some(entry) = self.entry(name).1 else { return false };
        let closed = entry.values.last().is_some_and(|value| value.is_final)
            || entry.section.as_ref().is_some_and(|section| section.is_final);
        if !closed {
            entry.values.push(Value { text, is_final, at });
        }
        !closed
    }

    /// The subsection at the end of a path of numbers that [`open`](Self::open) gave.
    pub(super) fn descend(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |tree, number| tree.entries.get_mut(*number)?.section.as_deref_mut())
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.index.get(name)?)
    }
}

/// A line of a file. `Display` gives `FILE:LINE`, as compilers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The file's name, as it was given or included.
    pub file: &'a str,
    /// The line, counted from 1; 0 for what no parser read.
    pub line: u32,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found<'a> {
    /// The text, without quotes and escapes.
    pub value: &'a str,
    /// Whether its name had a `*`: later files add nothing to it.
    pub is_final: bool,
    /// Where it stands.
    pub place: Place<'a>,
}

/// `VALUE from FILE:LINE`.
impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.value, self.place)
    }
}

/// A view of a section or subsection of one file.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    pub(super) tree: &'a Tree,
    pub(super) files: &'a [String],
}

/// What a section holds.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// `name = value`.
    Relation {
        /// The name, without `*`.
        name: &'a str,
        /// The value.
        value: Found<'a>,
    },
    /// `name = { ... }`, or `[name]` at the top.
    Section {
        /// The name, without `*`.
        name: &'a str,
        /// What is inside.
        section: Section<'a>,
    },
}

impl<'a> Section<'a> {
    /// Everything inside, by the order in which names came up first; the values of a name stand before its
    /// subsection.
    pub fn nodes(self) -> impl Iterator<Item = Node<'a>> {
        self.tree.entries.iter().flat_map(move |entry| {
            let name = entry.name.as_str();
            let value = move |value: &'a Value| Node::Relation { name, value: self.found(value) };
            let section = entry.section.as_deref();
            let section = section.map(|tree| Node::Section { name, section: Section { tree, ..self } });
            entry.values.iter().map(value).chain(section)
        })
    }

    /// The values of this name, in file order.
    pub fn values(self, name: &str) -> impl Iterator<Item = Found<'a>> {
        let values = self.tree.find(name).map(|entry| entry.values.as_slice());
        values.unwrap_or_default().iter().map(move |value| self.found(value))
    }

    /// The subsection of this name.
    #[must_use]
    pub fn section(self, name: &str) -> Option<Self> {
        let tree = self.tree.find(name)?.section.as_deref()?;
        Some(Self { tree, ..self })
    }

    /// Whether it was marked with a `*`: later files add nothing to it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.tree.is_final
    }

    /// Where it was opened first.
    #[must_use]
    pub fn place(self) -> Place<'a> {
        self.place_of(self.tree.at)
    }

    fn found(self, value: &'a Value) -> Found<'a> {
        Found { value: &value.text, is_final: value.is_final, place: self.place_of(value.at) }
    }

    fn place_of(self, at: At) -> Place<'a> {
        place(self.files, at)
    }
}

pub(super) fn place(files: &[String], at: At) -> Place<'_> {
    Place { file: files.get(at.file).map_or("", String::as_str), line: at.line }
}
