//! Principal names, borrowed: on the wire, in comparisons and as text.

use core::{
    cmp::Ordering,
    fmt::{self, Write},
    hash,
};

use crate::{KerberosString, NameType, SeqOf};

#[cfg(feature = "alloc")]
mod owned;
#[cfg(feature = "alloc")]
pub use owned::{ParsePrincipalError, Principal};

message! {
    /// A name within a realm (RFC 4120 section 5.2.2).
    ///
    /// `==`, order and hash look at the components only: the name type is a hint (RFC 4120 section 6.2).
    #[derive(Clone, Copy, Debug)]
    pub struct PrincipalName<'a> {
        /// What kind of name it claims to be.
        must [0] name_type: NameType,
        /// Its components.
        must [1] name_string: SeqOf<'a, KerberosString<'a>>,
    }
}

/// A name with its realm. `Display` gives `name@REALM`, escaped as MIT krb5 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrincipalRef<'a> {
    /// The name.
    pub name: PrincipalName<'a>,
    /// The realm.
    pub realm: KerberosString<'a>,
}

impl<'a> PrincipalName<'a> {
    /// The name of this type with these components.
    #[must_use]
    pub const fn new(name_type: NameType, components: &'a [KerberosString<'a>]) -> Self {
        Self { name_type, name_string: SeqOf::new(components) }
    }

    /// The components in order.
    pub fn components(&self) -> impl ExactSizeIterator<Item = KerberosString<'a>> + use<'a> {
        self.name_string.iter()
    }

    /// Whether the components are exactly these.
    #[must_use]
    pub fn is(&self, components: &[&str]) -> bool {
        self.name_string.len() == components.len()
            && self.components().zip(components).all(|(have, want)| have.as_bytes() == want.as_bytes())
    }

    /// This name in a realm.
    #[must_use]
    pub const fn in_realm(self, realm: KerberosString<'a>) -> PrincipalRef<'a> {
        PrincipalRef { name: self, realm }
    }
}

impl PartialEq for PrincipalName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name_string == other.name_string
    }
}

impl Eq for PrincipalName<'_> {}

impl hash::Hash for PrincipalName<'_> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.name_string.hash(state);
    }
}

impl PartialOrd for PrincipalName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PrincipalName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl fmt::Display for PrincipalName<'_> {
    /// The components with `/` between them, without a realm.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, component) in self.components().enumerate() {
            if i > 0 {
                f.write_char('/')?;
            }
            write!(Escaped(f), "{component}")?;
        }
        Ok(())
    }
}

impl PartialOrd for PrincipalRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PrincipalRef<'_> {
    /// By realm, then by components.
    fn cmp(&self, other: &Self) -> Ordering {
        self.realm.cmp(&other.realm).then_with(|| self.name.cmp(&other.name))
    }
}

impl fmt::Display for PrincipalRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.name)?;
        write!(Escaped(f), "{}", self.realm)
    }
}

/// Puts a backslash before what would otherwise separate components or break a line.
struct Escaped<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let escaped = match c {
                '/' | '@' | '\\' => Some(c),
                '\t' => Some('t'),
                '\n' => Some('n'),
                '\u{8}' => Some('b'),
                '\0' => Some('0'),
                _ => None,
            };
            if escaped.is_some() {
                self.0.write_char('\\')?;
            }
            self.0.write_char(escaped.unwrap_or(c))?;
        }
        Ok(())
    }
}
