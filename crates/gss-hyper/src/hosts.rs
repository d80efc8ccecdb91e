//! Lists of hosts.

use core::fmt;

/// A list of hosts.
///
/// ```
/// use gss_hyper::Hosts;
///
/// let hosts = Hosts::new(["www.example.com", ".corp.example.com"])?;
/// assert!(hosts.contains("WWW.example.com") && hosts.contains("a.b.corp.example.com"));
/// assert!(!hosts.contains("corp.example.com") && !hosts.contains("evilcorp.example.com"));
/// # Ok::<(), gss_hyper::HostError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Entries);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entries {
    Any,
    These(Vec<Entry>),
}

impl Default for Entries {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Exact(String),
    /// With the dot that it begins with.
    Suffix(String),
}

impl Hosts {
    /// No host.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every host there is. Whoever can make the client open a URL learns who the user is, and with NTLM gets something
    /// to guess the password from.
    #[must_use]
    pub const fn any_host() -> Self {
        Self(Entries::Any)
    }

    /// These hosts: `www.example.com` is that host and no other; `.example.com`, and `*.example.com`, are all hosts below
    /// `example.com`, but not that itself. Case does not matter, nor does a dot at the end. Ports do not count.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn new<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self, HostError> {
        let entries = entries.into_iter().map(|entry| Entry::parse(entry.as_ref()));
        entries.collect::<Result<_, _>>().map(|entries| Self(Entries::These(entries)))
    }

    /// Whether the host is one of them.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        let host = normal(host);
        match &self.0 {
            Entries::Any => true,
            Entries::These(entries) => entries.iter().any(|entry| match entry {
                Entry::Exact(exact) => *exact == host,
                Entry::Suffix(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
            }),
        }
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, HostError> {
        let wrong = || HostError { entry: text.to_owned() };
        let host = normal(text);
        let suffix =
            host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).map(|rest| format!(".{rest}"));
        let name = suffix.as_deref().map_or(host.as_str(), |suffix| suffix.get(1..).unwrap_or_default());
        // An IPv6 address stands in brackets, as in URLs, and may have colons there.
        let address = name.starts_with('[') && name.ends_with(']');
        let bad = |character: char| {
            character.is_whitespace()
                || character.is_control()
                || matches!(character, '*' | '/' | '@' | ',')
                || (character == ':' && !address)
        };
        if name.is_empty() || name.starts_with('.') || name.contains("..") || name.contains(bad) {
            return Err(wrong());
        }
        Ok(suffix.map_or_else(|| Self::Exact(host.clone()), Self::Suffix))
    }
}

/// Lower case, and without the dot of the root.
pub(crate) fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// A text that names no hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    entry: String,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} names no hosts; expected www.example.com, or .example.com for those below",
            self.entry
        )
    }
}

impl core::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_hosts_or_suffixes() {
        let hosts = Hosts::new(["a.example", "*.B.example.", "[::1]", "10.0.0.1"]).unwrap();
        for (host, listed) in [
            ("a.example", true),
            ("A.EXAMPLE.", true),
            ("x.a.example", false),
            ("b.example", false),
            ("x.b.example", true),
            ("x.y.b.example", true),
            ("xb.example", false),
            (".b.example", false),
            ("[::1]", true),
            ("10.0.0.1", true),
            ("", false),
        ] {
            assert_eq!(hosts.contains(host), listed, "{host}");
            assert!(!Hosts::none().contains(host) && Hosts::any_host().contains(host));
        }
        for wrong in
            ["", ".", "*", "*.", "a..b", "..a", "a b", "a:80", "*.a.*", "http://a", "a@b", "a,b", "*a"]
        {
            assert!(Hosts::new([wrong]).unwrap_err().to_string().contains(&format!("{wrong:?}")), "{wrong}");
        }
    }
}
