//! `http` and `https` URLs.

use core::fmt;
use core::str::FromStr;

/// An `http` or `https` URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    https: bool,
    /// In lower case; an IPv6 address in brackets.
    host: String,
    port: u16,
    /// Path and query, as they are sent.
    target: String,
}

/// Why a text is no URL for us.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// Neither `http://` nor `https://` in front.
    Scheme,
    /// A user name or password in front of the host.
    UserInfo,
    /// No host, or one with characters that no host name has.
    Host {
        /// What stands there.
        found: String,
    },
    /// A port that is no number from 1 to 65535.
    Port {
        /// What stands there.
        found: String,
    },
    /// A character that has to be percent-encoded.
    Character {
        /// The first one.
        found: char,
    },
}

impl Url {
    /// What goes into the `Host` field.
    pub fn authority(&self) -> String {
        if self.port == default_port(self.https) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The host that the service is named after: without port, brackets, and the dot at the end.
    pub fn target_host(&self) -> &str {
        self.socket_host().strip_suffix('.').unwrap_or(self.socket_host())
    }

    /// The host as the system's resolver takes it.
    pub fn socket_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether TLS is wanted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The port; 80 or 443 if the URL has none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(UrlError::Scheme),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(at);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (host, port) = split_port(authority, default_port(https))?;
        if let Some(found) = target.chars().find(|character| !character.is_ascii_graphic()) {
            return Err(UrlError::Character { found });
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { https, host: host.to_ascii_lowercase(), port, target: format!("{slash}{target}") })
    }
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn split_port(authority: &str, default: u16) -> Result<(&str, u16), UrlError> {
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match literal {
        Some(address) => address.parse::<core::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    if !good {
        return Err(UrlError::Host { found: host.into() });
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => default,
        Some("") => default,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port { found: digits.into() })?
        }
        _ => return Err(UrlError::Port { found: port.trim_start_matches(':').into() }),
    };
    Ok((host, port))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => {
                f.write_str("not an http or https URL; write http://host/path or https://host/path")
            }
            Self::UserInfo => f.write_str("user names in URLs are not used; who you are is in your ticket"),
            Self::Host { found } if found.is_empty() => {
                f.write_str("the URL has no host; write http://host/path")
            }
            Self::Host { found } => {
                write!(f, "{found:?} is no host name; non-ASCII names go in their xn-- form")
            }
            Self::Port { found } => write!(f, "port {found:?}, expected a number from 1 to 65535"),
            Self::Character { found } => write!(f, "the URL has the character {found:?}; percent-encode it"),
        }
    }
}

impl core::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, authority, host, port, target) in [
            ("http://Host.Example", "host.example", "host.example", 80, "/"),
            ("HTTP://host:8080/a?b=c#d", "host:8080", "host", 8080, "/a?b=c"),
            ("http://host:80?q", "host", "host", 80, "/?q"),
            ("http://host.:/x", "host.", "host", 80, "/x"),
            ("http://[::1]:81/", "[::1]:81", "::1", 81, "/"),
            ("https://host", "host", "host", 443, "/"),
            ("https://host:443", "host", "host", 443, "/"),
            ("https://host:80", "host:80", "host", 80, "/"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(
                (&url.authority()[..], url.target_host(), url.port(), url.target()),
                (authority, host, port, target)
            );
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        for (text, error) in [
            ("host/path", UrlError::Scheme),
            ("ftp://host/", UrlError::Scheme),
            ("http://user:secret@host/", UrlError::UserInfo),
            ("http:///path", UrlError::Host { found: String::new() }),
            ("http://h\u{f6}st/", UrlError::Host { found: "h\u{f6}st".into() }),
            ("http://[::x]/", UrlError::Host { found: "[::x]".into() }),
            ("http://host:0/", UrlError::Port { found: "0".into() }),
            ("http://host:x/", UrlError::Port { found: "x".into() }),
            ("http://host:99999/", UrlError::Port { found: "99999".into() }),
            ("http://[::1]x/", UrlError::Port { found: "x".into() }),
            ("http://host/a b", UrlError::Character { found: ' ' }),
            ("http://host/a\r\nX: y", UrlError::Character { found: '\r' }),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error.clone()), "{text}");
            assert!(!error.to_string().is_empty());
        }
    }
}
