//! Proxies as the environment names them.

use super::{Proxies, Proxy};
use crate::Hosts;
use core::fmt;
use std::env;

impl Proxies {
    /// Those of the environment: `http_proxy` in lower case only (a server's CGI program gets `HTTP_PROXY` from whoever
    /// sends the header `Proxy`), `https_proxy`, `all_proxy` and `no_proxy` in lower or upper case. A name in `no_proxy`
    /// stands for the host and all below it, `*` for all hosts. URLs without a scheme are taken as `http`.
    ///
    /// # Errors
    /// A value is no URL of a proxy, or names no hosts.
    pub fn from_env() -> Result<Self, ProxyEnvError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyEnvError> {
        let set = |name: &'static str| get(name).filter(|value| !value.trim().is_empty());
        let first = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, set(name)?)));
        let proxy = |names: &[&'static str]| {
            first(names).map(|(name, value)| Self::read(name, value.trim())).transpose()
        };
        let all = ["all_proxy", "ALL_PROXY"];
        let http = proxy(&["http_proxy", all[0], all[1]])?;
        let https = proxy(&["https_proxy", "HTTPS_PROXY", all[0], all[1]])?;
        let mut proxies = Self { http: http.map(Into::into), https: https.map(Into::into), direct: None };
        if let Some((name, value)) = first(&["no_proxy", "NO_PROXY"]) {
            proxies.direct = Some(hosts(name, &value)?);
        }
        Ok(proxies)
    }

    fn read(name: &'static str, value: &str) -> Result<Proxy, ProxyEnvError> {
        let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let wrong = |what: &dyn fmt::Display| ProxyEnvError { name, what: what.to_string() };
        let url = url.parse().map_err(|error| wrong(&error))?;
        Proxy::new(&url).map_err(|error| wrong(&error))
    }
}

fn hosts(name: &'static str, value: &str) -> Result<Hosts, ProxyEnvError> {
    let entries = value.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty());
    if entries.clone().any(|entry| entry == "*") {
        return Ok(Hosts::any_host());
    }
    let names = entries.map(|entry| entry.trim_start_matches("*.").trim_start_matches('.'));
    Hosts::new(names.flat_map(|name| [name.to_owned(), format!(".{name}")]))
        .map_err(|error| ProxyEnvError { name, what: error.to_string() })
}

/// A variable of the environment that names no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyEnvError {
    name: &'static str,
    what: String,
}

impl fmt::Display for ProxyEnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variable {}: {}", self.name, self.what)
    }
}

impl core::error::Error for ProxyEnvError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;

    fn of(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let get =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let proxies = Proxies::from_variables(get).unwrap();
        let origin = Origin::of(&url.parse().unwrap()).unwrap();
        proxies.of(&origin).map(|proxy| proxy.origin.to_string())
    }

    #[test]
    fn variables_name_proxies() {
        let http = Some("http://p:1".to_owned());
        assert_eq!(of(&[("http_proxy", "p:1")], "http://a/"), http);
        assert_eq!(of(&[("HTTP_PROXY", "p:1")], "http://a/"), None);
        assert_eq!(of(&[("http_proxy", "p:1")], "https://a/"), None);
        assert_eq!(of(&[("HTTPS_PROXY", "https://p:1/")], "https://a/"), Some("https://p:1".to_owned()));
        assert_eq!(of(&[("ALL_PROXY", "http://p:1"), ("http_proxy", " ")], "http://a/"), http);
        for (no_proxy, url, proxied) in [
            ("a.example, b.example", "http://b.example/", false),
            (".b.example", "http://b.example/", false),
            ("b.example", "http://x.b.example/", false),
            ("b.example", "http://xb.example/", true),
            ("*", "http://xb.example/", false),
        ] {
            let found = of(&[("http_proxy", "p:1"), ("no_proxy", no_proxy)], url);
            assert_eq!(found.is_some(), proxied, "{no_proxy} {url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_with_the_variable() {
        for (name, value) in
            [("http_proxy", "socks5://p:1"), ("https_proxy", "http://u:secret@p:1"), ("no_proxy", "a/b")]
        {
            let get = |asked: &str| (asked == name).then(|| value.to_owned());
            let error = Proxies::from_variables(get).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("secret"), "{error}");
        }
    }
}
