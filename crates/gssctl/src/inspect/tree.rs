//! A tree of text lines.

use core::fmt::{self, Display, Write};

/// A line, and what belongs below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    text: String,
    children: Vec<Self>,
}

impl Node {
    /// A line with nothing below.
    pub fn new(text: impl Display) -> Self {
        Self { text: text.to_string(), children: Vec::new() }
    }

    /// The line `name: value`.
    pub fn field(name: &str, value: impl Display) -> Self {
        Self::new(format_args!("{name}: {value}"))
    }

    /// The same with one more line below.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The same with a line `name: value` below.
    #[must_use]
    pub fn with_field(self, name: &str, value: impl Display) -> Self {
        self.with(Self::field(name, value))
    }

    /// The same with a line `name: value` below, if there is a value.
    #[must_use]
    pub fn with_optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with_field(name, value),
            None => self,
        }
    }

    /// Adds a line below.
    pub fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    /// Puts `prefix` in front of the line.
    #[must_use]
    pub fn labelled(mut self, prefix: &str) -> Self {
        self.text = format!("{prefix}: {}", self.text);
        self
    }

    /// The lines down to `depth` levels below this one, so that a long tree fits on a screen.
    pub fn outline(&self, depth: usize) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out, "", "", depth);
        out
    }

    fn write(&self, out: &mut dyn Write, first: &str, rest: &str, depth: usize) -> fmt::Result {
        writeln!(out, "{first}{}", Printable(&self.text))?;
        let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
        let last = self.children.len().saturating_sub(1);
        for (index, child) in self.children.iter().enumerate() {
            let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            child.write(out, &format!("{rest}{branch}"), &format!("{rest}{below}"), depth)?;
        }
        Ok(())
    }
}

/// One line a node, ending in a line feed.
impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "", "", usize::MAX)
    }
}

/// Text from a peer, with everything escaped that a terminal would act on rather than show.
#[derive(Debug)]
pub struct Printable<'t>(pub &'t str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            let invisible = matches!(character,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if character.is_control() || invisible {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Bytes in hex, at most 64 of them.
#[derive(Debug)]
pub struct Hex<'b>(pub &'b [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 64;
        self.0.iter().take(MOST).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if self.0.len() > MOST { write!(f, "... ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

/// Several values with commas between them; `none` for none.
#[derive(Debug)]
pub struct List<I>(pub I);

impl<I> Display for List<I>
where
    I: IntoIterator + Clone,
    I::Item: Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for item in self.0.clone() {
            f.write_str(if any { ", " } else { "" })?;
            item.fmt(f)?;
            any = true;
        }
        if any { Ok(()) } else { f.write_str("none") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_drawn() {
        let tree = Node::new("root")
            .with(Node::new("a").with_field("x", 1))
            .with(Node::new("b").with_optional("y", Some(2)).with_optional("z", None::<u8>));
        assert_eq!(tree.to_string(), "root\n├─ a\n│  └─ x: 1\n└─ b\n   └─ y: 2\n");
        assert_eq!(tree.outline(1), "root\n├─ a\n└─ b\n");
    }

    #[test]
    fn terminal_codes_are_defused() {
        let tree = Node::new("name \u{1b}[2J\r\u{202e}");
        assert_eq!(tree.to_string(), "name \\u{1b}[2J\\r\\u{202e}\n");
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(Hex(&[0xab, 1]).to_string(), "ab01");
        assert!(Hex(&[0; 65]).to_string().ends_with("00... (65 bytes)"));
        assert_eq!(List([1, 2]).to_string(), "1, 2");
        assert_eq!(List([0; 0]).to_string(), "none");
    }
}
