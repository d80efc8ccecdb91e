//! The service behind the gateway: where it is, and how the target of a request becomes one of its own.

use anyhow::{Result, bail};
use core::fmt;
use core::str::FromStr;
use http::Uri;
use http::uri::Authority;

/// Where the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upstream {
    https: bool,
    authority: Authority,
    /// What stands before each path, without a slash at the end.
    base: String,
}

/// Why a request's target cannot be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetError {
    /// `*`, or that of `CONNECT`.
    NotAPath,
    /// `.` or `..` among the segments, behind which the service may see another path than the one below its base.
    DotSegment,
    /// Too long, together with the base.
    TooLong,
}

impl FromStr for Upstream {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let expected = "expected one like http://127.0.0.1:3000 or https://host/base";
        let Ok(uri) = text.parse::<Uri>() else { bail!("{text:?} is no URL, {expected}") };
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("{text:?} is not an http or https URL, {expected}"),
        };
        let Some(authority) = uri.authority() else { bail!("{text:?} has no host, {expected}") };
        if authority.as_str().contains('@') || authority.host().is_empty() || authority.port_u16() == Some(0)
        {
            bail!("{text:?} has no usable host, {expected}");
        }
        if uri.query().is_some() || text.contains('#') {
            bail!("{text:?} has more than a path, {expected}");
        }
        if has_dot_segment(uri.path()) {
            bail!("{text:?} has . or .. in its path, {expected}");
        }
        let base = uri.path().trim_end_matches('/').into();
        Ok(Self { https, authority: authority.clone(), base })
    }
}

impl Upstream {
    pub(super) const fn is_https(&self) -> bool {
        self.https
    }

    /// Host and port as they stand in the URL, for `Host`.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host to look up, without the brackets of IPv6.
    pub(super) fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.https { 443 } else { 80 })
    }

    /// The target at the service for one at the gateway.
    pub(super) fn target(&self, asked: &Uri) -> Result<Uri, TargetError> {
        let path = asked.path();
        if !path.starts_with('/') {
            return Err(TargetError::NotAPath);
        }
        // Without a base there is nothing that could be left.
        if !self.base.is_empty() && has_dot_segment(path) {
            return Err(TargetError::DotSegment);
        }
        let asked = asked.path_and_query().map_or("/", |target| target.as_str());
        Uri::builder()
            .scheme(if self.https { "https" } else { "http" })
            .authority(self.authority.clone())
            .path_and_query(format!("{}{asked}", self.base))
            .build()
            .map_err(|_| TargetError::TooLong)
    }
}

/// Whether a path has a segment `.` or `..` in any of the spellings that servers are known to take for one: encoded, with
/// backslashes, and with parameters behind (`..;x`).
fn has_dot_segment(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let mut segments = path.split(['/', '\\']).filter_map(|segment| segment.split(';').next());
    segments.any(|segment| matches!(segment, "." | ".."))
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.https { "https" } else { "http" }, self.authority, self.base)
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPath => "the request's target is not a path, as it has to be here",
            Self::DotSegment => {
                "the request's path has a segment . or .., which is not passed on; ask without"
            }
            Self::TooLong => "the request's target is too long for the service behind the gateway",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(upstream: &str, asked: &str) -> Result<String, TargetError> {
        let upstream: Upstream = upstream.parse().unwrap();
        upstream.target(&asked.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn targets_stand_behind_the_base() {
        for (upstream, asked, at) in [
            ("http://host:3000", "/", "http://host:3000/"),
            ("http://host:3000/", "/a?b=c", "http://host:3000/a?b=c"),
            ("https://host/base/", "/a/./b".trim_end_matches("/./b"), "https://host/base/a"),
            ("http://[::1]:80/a/b", "/?q", "http://[::1]:80/a/b/?q"),
            // Of the absolute form, the path counts.
            ("http://host", "http://elsewhere.example/x", "http://host/x"),
            // Nothing is decoded or tidied up.
            ("http://host", "/%2e%2e//a/../b", "http://host/%2e%2e//a/../b"),
        ] {
            assert_eq!(target(upstream, asked).unwrap(), at, "{upstream} {asked}");
        }
    }

    #[test]
    fn nobody_leaves_the_base() {
        for asked in [
            "/..",
            "/../admin",
            "/a/../../admin",
            "/./a",
            "/%2e%2E/admin",
            "/.%2e/",
            "/..%2fadmin",
            "/..%5cadmin",
            "/..;/admin",
            "/..;a=b/admin",
            "/a%2f..%2F..",
        ] {
            assert_eq!(target("http://host/base", asked), Err(TargetError::DotSegment), "{asked}");
        }
        for asked in ["/a..b", "/...", "/.well-known/x", "/a?../..", "/;a/b"] {
            assert!(target("http://host/base", asked).is_ok(), "{asked}");
        }
    }

    #[test]
    fn targets_that_are_no_paths_are_refused() {
        for asked in ["*", "host:443"] {
            assert_eq!(target("http://host", asked), Err(TargetError::NotAPath), "{asked}");
        }
        let long = format!("/{}", "a".repeat(65_000));
        assert_eq!(target(&format!("http://host/{}", "b".repeat(1000)), &long), Err(TargetError::TooLong));
    }

    #[test]
    fn addresses_and_mistakes() {
        let upstream: Upstream = "https://[::1]/".parse().unwrap();
        assert_eq!((upstream.host(), upstream.port(), upstream.authority()), ("::1", 443, "[::1]"));
        assert_eq!(upstream.to_string(), "https://[::1]");
        let upstream: Upstream = "http://host".parse().unwrap();
        assert_eq!((upstream.host(), upstream.port(), upstream.is_https()), ("host", 80, false));
        for text in [
            "",
            "host",
            "host:80",
            "ftp://host",
            "http://",
            "http://a@b",
            "http://h/?q",
            "http://h/a/../b",
            "http://h:0",
        ] {
            assert!(
                text.parse::<Upstream>().unwrap_err().to_string().contains("expected one like"),
                "{text}"
            );
        }
    }
}
