//! What requests are sent to.

use crate::hosts::normal;
use core::fmt;
use http::Uri;

/// Scheme, host and port (RFC 9110 section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    tls: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL, or that of a proxy.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn of(url: &Uri) -> Result<Self, OriginError> {
        let wrong = |what| OriginError { url: without_secrets(url), what };
        let tls = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err(wrong("another scheme than http and https")),
            None => return Err(wrong("no scheme; expected http:// or https://")),
        };
        let Some(authority) = url.authority() else { return Err(wrong("no host")) };
        if authority.as_str().contains('@') {
            return Err(wrong("a user's name before the host; give a login instead"));
        }
        let host = normal(authority.host());
        if host.is_empty() {
            return Err(wrong("no host"));
        }
        let port = match (authority.port(), authority.as_str().ends_with(':')) {
            (Some(port), _) => port.as_u16(),
            (None, true) | (None, false) if authority.as_str().len() > authority.host().len() + 1 => {
                return Err(wrong("a port that is no number up to 65535"));
            }
            (None, _) if tls => 443,
            (None, _) => 80,
        };
        Ok(Self { tls, host, port })
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.tls
    }

    /// The host in lower case; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The host as one finds addresses for it: an IPv6 address without brackets.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// `host:port`, always with the port.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The host, and the port unless it is the scheme's own: what `Host` has.
    pub(crate) fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { self.host_and_port() }
    }
}

/// `scheme://host`, with the port unless it is the scheme's own.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// The URL without user, password and query.
fn without_secrets(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}{}", url.scheme_str().unwrap_or_default(), url.path())
}

/// A URL that no request can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginError {
    url: String,
    what: &'static str,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "URL {:?} has {}", self.url, self.what)
    }
}

impl core::error::Error for OriginError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normal() {
        for (url, shown) in [
            ("http://WWW.example.com./x?y", "http://www.example.com"),
            ("https://www.example.com:443/", "https://www.example.com"),
            ("https://www.example.com:80/", "https://www.example.com:80"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            let origin = Origin::of(&url.parse().unwrap()).unwrap();
            assert_eq!(origin.to_string(), shown, "{url}");
        }
        let v6 = Origin::of(&"https://[::1]/".parse().unwrap()).unwrap();
        assert_eq!((v6.bare_host(), v6.host(), v6.port()), ("::1", "[::1]", 443));
    }

    #[test]
    fn what_is_no_origin_is_said_without_secrets() {
        for (url, what) in [
            ("ftp://www.example.com/", "another scheme"),
            ("/path", "no scheme"),
            ("www.example.com:80", "no scheme"),
            ("http://alice:secret@www.example.com/?token=secret", "a user's name"),
        ] {
            let error = Origin::of(&url.parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
        let port: Result<Uri, _> = "http://www.example.com:99999/".parse();
        assert!(port.is_err() || Origin::of(&port.unwrap()).is_err());
    }
}
