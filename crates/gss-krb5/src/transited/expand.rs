//! DOMAIN-X500-COMPRESS (RFC 4120 section 3.3.3.2), without a heap and without recursion.

use core::iter;

use krb5_asn1::KerberosString;

use super::{Excerpt, MAX_CONTENTS_LEN, MAX_REALMS, RealmName, TransitedError};

/// The realms that an encoded list stands for, including those that a null subfield implies.
///
/// To the RFC the list is a set: do not rely on the order, nor on each realm coming once. After an error the
/// iterator ends.
#[derive(Clone, Debug)]
pub struct TransitedRealms<'a> {
    /// What is yet to be read; `None` behind the last subfield.
    rest: Option<&'a [u8]>,
    server_realm: KerberosString<'a>,
    /// The realm before the next subfield, for null subfields: the client's at first.
    previous: RealmName,
    /// The realm that an abbreviated name is joined to: the null realm at first.
    joint: RealmName,
    between: Option<Between>,
    /// A named realm that comes after those in `between`.
    named: Option<RealmName>,
    left: usize,
}

impl<'a> TransitedRealms<'a> {
    /// The realms of the list `contents`, in a ticket of a client and a service of these realms.
    ///
    /// # Errors
    /// When the list is longer than [`MAX_CONTENTS_LEN`], or the client's realm is longer than
    /// [`MAX_REALM_LEN`](super::MAX_REALM_LEN). Each realm may bring a further error.
    pub fn new(
        contents: &'a [u8],
        client_realm: KerberosString<'a>,
        server_realm: KerberosString<'a>,
    ) -> Result<Self, TransitedError> {
        if contents.len() > MAX_CONTENTS_LEN {
            return Err(TransitedError::TooLong { len: contents.len() });
        }
        Ok(Self {
            rest: if contents.is_empty() { None } else { Some(contents) },
            server_realm,
            previous: RealmName::new(client_realm.as_bytes())?,
            joint: RealmName::EMPTY,
            between: None,
            named: None,
            left: MAX_REALMS,
        })
    }

    fn advance(&mut self) -> Result<Option<RealmName>, TransitedError> {
        loop {
            if let Some(realm) = self.between.as_mut().and_then(Between::next) {
                return Ok(Some(realm));
            }
            self.between = None;
            if let Some(realm) = self.named.take() {
                return Ok(Some(realm));
            }
            if self.rest.is_none() {
                return Ok(None);
            }
            self.read_subfields()?;
        }
    }

    /// Reads null subfields up to and including the next subfield that names a realm, or the end.
    fn read_subfields(&mut self) -> Result<(), TransitedError> {
        let mut null = false;
        while let Some(rest) = self.rest {
            let (subfield, rest) = Subfield::read(rest)?;
            self.rest = rest;
            if subfield.name.as_bytes().is_empty() && !subfield.alone {
                null = true;
                continue;
            }
            let realm = subfield.join(&self.joint)?;
            if null {
                self.between = Some(Between::new(self.previous, realm)?);
            }
            (self.previous, self.joint, self.named) = (realm, realm, Some(realm));
            return Ok(());
        }
        if null {
            let server_realm = RealmName::new(self.server_realm.as_bytes())?;
            self.between = Some(Between::new(self.previous, server_realm)?);
        }
        Ok(())
    }
}

impl Iterator for TransitedRealms<'_> {
    type Item = Result<RealmName, TransitedError>;

    fn next(&mut self) -> Option<Self::Item> {
        let outcome = match self.advance().transpose()? {
            Ok(_) if self.left == 0 => Err(TransitedError::TooManyRealms),
            outcome => outcome,
        };
        self.left = self.left.saturating_sub(1);
        if outcome.is_err() {
            (self.rest, self.between, self.named) = (None, None, None);
        }
        Some(outcome)
    }
}

impl iter::FusedIterator for TransitedRealms<'_> {}

/// What stands between two commas, without its quoting.
struct Subfield {
    name: RealmName,
    /// It began with an unquoted space: it is not joined to anything.
    alone: bool,
    /// It begins with an unquoted slash.
    slash: bool,
    /// It ends in an unquoted dot.
    dot: bool,
}

impl Subfield {
    /// Reads up to the next unquoted comma; gives what follows it, or `None` if there was no comma.
    fn read(input: &[u8]) -> Result<(Self, Option<&[u8]>), TransitedError> {
        let mut subfield = Self { name: RealmName::EMPTY, alone: false, slash: false, dot: false };
        let mut input = input;
        while let Some((&byte, rest)) = input.split_first() {
            input = rest;
            let first = subfield.name.as_bytes().is_empty();
            let (byte, quoted) = match byte {
                b',' => return Ok((subfield, Some(rest))),
                b' ' if first => {
                    subfield.alone = true;
                    continue;
                }
                b'\\' => {
                    let (&byte, rest) = rest.split_first().ok_or(TransitedError::TrailingBackslash)?;
                    input = rest;
                    (byte, true)
                }
                _ => (byte, false),
            };
            subfield.slash |= first && byte == b'/' && !quoted;
            subfield.dot = byte == b'.' && !quoted;
            subfield.name.append(&[byte])?;
        }
        Ok((subfield, None))
    }

    /// The whole name, when `joint` is the realm before.
    fn join(self, joint: &RealmName) -> Result<RealmName, TransitedError> {
        if self.name.as_bytes().is_empty() {
            return Err(TransitedError::EmptyRealm);
        }
        if self.alone {
            return Ok(self.name);
        }
        let (mut first, second) = if self.slash {
            (*joint, self.name)
        } else if self.dot {
            if joint.as_bytes().is_empty() {
                return Err(TransitedError::NothingToJoin { realm: Excerpt::new(self.name.as_bytes()) });
            }
            (self.name, *joint)
        } else {
            return Ok(self.name);
        };
        first.append(second.as_bytes())?;
        Ok(first)
    }
}

/// The realms strictly between two in the hierarchy: up from one to their nearest common ancestor, down to the
/// other.
#[derive(Clone, Debug)]
struct Between {
    from: RealmName,
    to: RealmName,
    style: Style,
    /// Length of the common ancestor's name.
    common: usize,
    /// Length of the ancestor of `from` that was considered last.
    up: usize,
    /// Length of the ancestor of `to` that was considered last.
    down: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Ancestors are what follows a dot.
    Domain,
    /// The name begins with a slash; ancestors are what comes before a slash.
    X500,
}

impl Style {
    fn of(realm: &RealmName) -> Self {
        if realm.as_bytes().first() == Some(&b'/') { Self::X500 } else { Self::Domain }
    }

    /// The part of `name` that is `len` bytes long, if it is a realm of the hierarchy.
    fn ancestor(self, name: &[u8], len: usize) -> Option<&[u8]> {
        if len == 0 || len >= name.len() {
            return (len == name.len() && len > 0).then_some(name);
        }
        let (ancestor, separated) = match self {
            Self::Domain => {
                let (rest, ancestor) = name.split_at_checked(name.len().saturating_sub(len))?;
                (ancestor, rest.last() == Some(&b'.'))
            }
            Self::X500 => {
                let (ancestor, rest) = name.split_at_checked(len)?;
                (ancestor, rest.first() == Some(&b'/'))
            }
        };
        separated.then_some(ancestor)
    }
}

impl Between {
    fn new(from: RealmName, to: RealmName) -> Result<Self, TransitedError> {
        let no_path =
            TransitedError::NoPath { from: Excerpt::new(from.as_bytes()), to: Excerpt::new(to.as_bytes()) };
        let style = Style::of(&from);
        if Style::of(&to) != style {
            return Err(no_path);
        }
        let shorter = from.as_bytes().len().min(to.as_bytes().len());
        let common = (1..=shorter).rev().find(|len| {
            let ancestors = (style.ancestor(from.as_bytes(), *len), style.ancestor(to.as_bytes(), *len));
            matches!(ancestors, (Some(a), Some(b)) if a == b)
        });
        let common = common.ok_or(no_path)?;
        let up = from.as_bytes().len();
        Ok(Self { from, to, style, common, up, down: common })
    }

    fn next(&mut self) -> Option<RealmName> {
        let target = self.to.as_bytes().len();
        while self.up > self.common {
            self.up = self.up.saturating_sub(1);
            // The common ancestor lies between the two unless it is one of them.
            let inside = self.up > self.common || self.common < target;
            if let (true, Some(realm)) = (inside, self.style.ancestor(self.from.as_bytes(), self.up)) {
                return RealmName::new(realm).ok();
            }
        }
        while self.down.saturating_add(1) < target {
            self.down = self.down.saturating_add(1);
            if let Some(realm) = self.style.ancestor(self.to.as_bytes(), self.down) {
                return RealmName::new(realm).ok();
            }
        }
        None
    }
}
