//! Where a KDC or another server of a realm is.

use core::fmt;

use super::ValueErrorKind;

/// What a server is for, which says its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// AS and TGS, port 88.
    Kdc,
    /// Administration (kadmin), port 749.
    Admin,
    /// Change of passwords, port 464.
    Kpasswd,
}

impl Service {
    /// The port where none is stated.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Kdc => 88,
            Self::Admin => 749,
            Self::Kpasswd => 464,
        }
    }
}

/// A server of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server<'a> {
    /// A host and a port, by UDP, TCP or both.
    Host {
        /// What is spoken.
        transport: Transport,
        /// A name or address; IPv6 addresses are without brackets here.
        host: &'a str,
        /// The port.
        port: u16,
    },
    /// A KDC proxy: `https://host:port/path` (MS-KKDCP).
    Https {
        /// A name or address.
        host: &'a str,
        /// The port; 443 by default.
        port: u16,
        /// The path without its leading slash; empty if there is none.
        path: &'a str,
    },
    /// A socket of this machine, by its absolute path (MIT krb5 1.22).
    Socket {
        /// The path.
        path: &'a str,
    },
}

/// What is spoken with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP or TCP, by the size of messages.
    Any,
    /// UDP only: `udp/host`, as Heimdal writes it.
    Udp,
    /// TCP only: `tcp/host`, as Heimdal writes it.
    Tcp,
}

impl<'a> Server<'a> {
    /// Reads `host`, `host:port`, `[address]:port`, `https://host:port/path` or an absolute path; also Heimdal's `tcp/`
    /// and `udp/` before a host. The text behind a blank that does not count is returned too.
    ///
    /// # Errors
    /// When there is no host, or the port is no number up to 65535.
    pub fn parse(text: &'a str, service: Service) -> Result<(Self, &'a str), ValueErrorKind> {
        if text.starts_with('/') {
            return Ok((Self::Socket { path: text }, ""));
        }
        if let Some(rest) = text.strip_prefix("https://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (host, port, ignored) = host_and_port(authority, 443)?;
            return Ok((Self::Https { host, port, path }, ignored));
        }
        let (transport, rest) = match text.split_once('/') {
            Some(("udp", rest)) => (Transport::Udp, rest),
            Some(("tcp", rest)) => (Transport::Tcp, rest),
            _ => (Transport::Any, text),
        };
        let (host, port, ignored) = host_and_port(rest, service.default_port())?;
        Ok((Self::Host { transport, host, port }, ignored))
    }
}

/// The host, the port and what follows them in vain.
fn host_and_port(text: &str, default: u16) -> Result<(&str, u16, &str), ValueErrorKind> {
    // A number alone is a port without a host.
    if text.bytes().all(|byte| byte.is_ascii_digit()) || text.starts_with(':') {
        return Err(ValueErrorKind::NoHost);
    }
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, rest) = match bracketed {
        Some(parts) => parts,
        None => {
            text.split_at_checked(text.find([' ', '\t', ':']).unwrap_or(text.len())).unwrap_or((text, ""))
        }
    };
    // What brackets could hide from the grammar would be another server once it is written out.
    if host.is_empty() || bracketed.is_some() && host.contains([' ', '\t', '/']) {
        return Err(ValueErrorKind::NoHost);
    }
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, read_port(port).ok_or(ValueErrorKind::Port)?, "")),
        None => Ok((host, default, rest.trim_start())),
    }
}

/// As C's `strtoul`: blanks and a plus sign may come first.
fn read_port(text: &str) -> Option<u16> {
    text.trim_start_matches(|c: char| c == ' ' || ('\t'..='\r').contains(&c)).parse().ok()
}

/// As it is written in a file, with the port.
impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, host, port, path) = match *self {
            Self::Socket { path } => return f.write_str(path),
            Self::Host { transport: Transport::Any, host, port } => ("", host, port, ""),
            Self::Host { transport: Transport::Udp, host, port } => ("udp/", host, port, ""),
            Self::Host { transport: Transport::Tcp, host, port } => ("tcp/", host, port, ""),
            Self::Https { host, port, path } => ("https://", host, port, path),
        };
        f.write_str(prefix)?;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")?;
        } else {
            write!(f, "{host}:{port}")?;
        }
        if path.is_empty() { Ok(()) } else { write!(f, "/{path}") }
    }
}
