use core::fmt;

/// The service an initiator wants: a service name and a host (`GSS_C_NT_HOSTBASED_SERVICE`, RFC 2743 section 4.1).
///
/// The host is taken as written: no look-up, no alias, no change of case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    service: &'a str,
    host: &'a str,
}

impl<'a> Target<'a> {
    /// Longest service or host that is accepted, in bytes; DNS names end at 253.
    pub const MAX_PART: usize = 255;

    /// A target of its two parts, for instance `HTTP` and `www.example.org`.
    ///
    /// # Errors
    /// [`TargetError`] when a part is empty, too long, or has characters that no service or host name has.
    pub fn new(service: &'a str, host: &'a str) -> Result<Self, TargetError> {
        for part in [service, host] {
            if part.is_empty() {
                return Err(TargetError::Empty);
            }
            if part.len() > Self::MAX_PART {
                return Err(TargetError::TooLong { length: part.len() });
            }
            if let Some(character) = part.chars().find(|character| !allowed(*character)) {
                return Err(TargetError::Character { character });
            }
        }
        if marshalled(host) {
            return Err(TargetError::Marshalled);
        }
        Ok(Self { service, host })
    }

    /// Reads `service@host`, the form of RFC 2743, or `service/host`, the form of Kerberos and Windows.
    ///
    /// # Errors
    /// [`TargetError`], as for [`new`](Self::new); [`TargetError::NoSeparator`] for a text of one part.
    pub fn parse(text: &'a str) -> Result<Self, TargetError> {
        let (service, host) = text.split_once(['@', '/']).ok_or(TargetError::NoSeparator)?;
        Self::new(service, host)
    }

    /// The service name.
    #[must_use]
    pub const fn service(&self) -> &'a str {
        self.service
    }

    /// The host name.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }
}

/// `service@host`.
impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.service, self.host)
    }
}

/// Host names of any script, IPv6 addresses in brackets, but nothing that changes the structure of a name.
fn allowed(character: char) -> bool {
    !character.is_control() && !character.is_whitespace() && !matches!(character, '@' | '/' | '\\')
}

/// Windows decodes the tail of such a host as a marshalled target and asks for another name than the one shown,
/// which relay attacks use; no real host looks like this.
fn marshalled(host: &str) -> bool {
    host.contains("1UWhRC")
}

/// A text that names no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// A character that no service or host name has.
    Character {
        /// The first such character.
        character: char,
    },
    /// The service or the host is empty.
    Empty,
    /// The host ends in marshalled target information.
    Marshalled,
    /// There is neither `@` nor `/`.
    NoSeparator,
    /// The service or the host exceeds [`Target::MAX_PART`].
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { character } => write!(f, "target has the character {character:?}"),
            Self::Empty => {
                f.write_str("target has an empty part; write service@host, like HTTP@www.example.org")
            }
            Self::Marshalled => f.write_str("target's host carries marshalled target information"),
            Self::NoSeparator => {
                f.write_str("target has one part only; write service@host, like HTTP@www.example.org")
            }
            Self::TooLong { length } => {
                write!(f, "part of the target has {length} bytes, at most {} are allowed", Target::MAX_PART)
            }
        }
    }
}

impl core::error::Error for TargetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for text in ["HTTP@www.example.org", "HTTP/www.example.org"] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.service(), target.host()), ("HTTP", "www.example.org"));
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        let long = "x".repeat(256);
        for (service, host, error) in [
            ("HTTP", "", TargetError::Empty),
            ("", "host", TargetError::Empty),
            ("HTTP", long.as_str(), TargetError::TooLong { length: 256 }),
            ("HTTP", "ho st", TargetError::Character { character: ' ' }),
            ("HTTP", "host@REALM", TargetError::Character { character: '@' }),
            ("HTTP/x", "host", TargetError::Character { character: '/' }),
            ("cifs", "host1UWhRCAAAAAAAAAAAAAAAAAAAAAAAAAAAAwbEAYBAAAA", TargetError::Marshalled),
        ] {
            assert_eq!(Target::new(service, host), Err(error));
        }
        assert_eq!(Target::parse("host"), Err(TargetError::NoSeparator));
    }
}
