//! `[realms]` and `[domain_realm]`.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{Config, Found, Server, Service, Setting, ValueError, value};

/// A view of a realm's subsection of `[realms]`; of an empty one if there is none.
#[derive(Clone, Copy, Debug)]
pub struct Realm<'a> {
    config: &'a Config,
    name: &'a str,
}

impl Config {
    /// The realms that `[realms]` knows, each once.
    #[must_use]
    pub fn realms(&self) -> Vec<&str> {
        self.section_names(&["realms"])
    }

    /// The view of a realm. Upper and lower case differ.
    #[must_use]
    pub const fn realm<'a>(&'a self, name: &'a str) -> Realm<'a> {
        Realm { config: self, name }
    }

    /// The realm of a host by `[domain_realm]`: for `a.b.c` the first of `a.b.c`, `.b.c`, `b.c`, `.c` and `c` that is
    /// there. `None` where there is none, and for addresses.
    ///
    /// Upper and lower case of the host are the same; one dot at its end does not count. The file has to use lower case,
    /// as with MIT krb5: see [`domains_never_matched`](Self::domains_never_matched).
    #[must_use]
    pub fn host_realm(&self, host: &str) -> Option<Setting<'_, &str>> {
        /// Every dot costs two look-ups, so what is no host name is not looked up.
        const LONGEST: usize = 255;
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if host.len() > LONGEST || is_address(&host) {
            return None;
        }
        let mut rest = Some(host.as_str());
        while let Some(suffix) = rest {
            if let Some(found) = self.value(&["domain_realm", suffix]) {
                return Some(Setting::found(found.value, found));
            }
            rest = match suffix.strip_prefix('.') {
                Some(domain) => Some(domain),
                None => suffix.find('.').and_then(|dot| suffix.get(dot..)),
            };
        }
        None
    }

    /// The names in `[domain_realm]` that match no host, since they have upper-case letters.
    pub fn domains_never_matched(&self) -> impl Iterator<Item = &str> {
        let names = self.relation_names(&["domain_realm"]).into_iter();
        names.filter(|name| name.bytes().any(|byte| byte.is_ascii_uppercase()))
    }
}

/// An IPv4 or IPv6 address, as far as MIT krb5 looks.
fn is_address(host: &str) -> bool {
    let digits = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    host.contains(':') || digits && host.bytes().filter(|byte| *byte == b'.').count() == 3
}

impl<'a> Realm<'a> {
    /// The realm's name.
    #[must_use]
    pub const fn name(self) -> &'a str {
        self.name
    }

    /// Whether a file has a subsection for it.
    #[must_use]
    pub fn is_configured(self) -> bool {
        self.config.realms().contains(&self.name)
    }

    /// All values of any relation of the realm, as they stand.
    #[must_use]
    pub fn values(self, name: &str) -> Vec<Found<'a>> {
        self.config.values(&["realms", self.name, name])
    }

    /// KDCs, in order. Without any, DNS is asked, if [allowed](super::Libdefaults::dns_lookup_kdc).
    ///
    /// # Errors
    /// When one of them is no server; MIT krb5 then uses none.
    pub fn kdcs(self) -> Result<Vec<Setting<'a, Server<'a>>>, ValueError> {
        self.servers("kdc", Service::Kdc)
    }

    /// KDCs that have new passwords first (`primary_kdc`, or else `master_kdc`).
    ///
    /// # Errors
    /// When one of them is no server.
    pub fn primary_kdcs(self) -> Result<Vec<Setting<'a, Server<'a>>>, ValueError> {
        let primary = self.servers("primary_kdc", Service::Kdc)?;
        if primary.is_empty() { self.servers("master_kdc", Service::Kdc) } else { Ok(primary) }
    }

    /// Servers for administration.
    ///
    /// # Errors
    /// When one of them is no server.
    pub fn admin_servers(self) -> Result<Vec<Setting<'a, Server<'a>>>, ValueError> {
        self.servers("admin_server", Service::Admin)
    }

    /// Servers that change passwords. Without any, and without any in DNS, MIT krb5 asks the hosts of
    /// [`admin_servers`](Self::admin_servers) on port 464.
    ///
    /// # Errors
    /// When one of them is no server.
    pub fn kpasswd_servers(self) -> Result<Vec<Setting<'a, Server<'a>>>, ValueError> {
        self.servers("kpasswd_server", Service::Kpasswd)
    }

    /// The certification authorities for HTTPS: `FILE:path`, `DIR:path` or `ENV:variable`.
    #[must_use]
    pub fn http_anchors(self) -> Vec<Found<'a>> {
        self.values("http_anchors")
    }

    /// Rules from principals to local users, as they stand.
    #[must_use]
    pub fn auth_to_local(self) -> Vec<Found<'a>> {
        self.values("auth_to_local")
    }

    /// The local users of single principals: `auth_to_local_names` is a subsection, and this is the value of a name
    /// in it.
    #[must_use]
    pub fn auth_to_local_name(self, principal: &str) -> Option<Found<'a>> {
        self.config.value(&["realms", self.name, "auth_to_local_names", principal])
    }

    /// The domain of short host names of version 4.
    #[must_use]
    pub fn default_domain(self) -> Option<Found<'a>> {
        self.values("default_domain").first().copied()
    }

    /// The site whose KDCs are looked for in DNS first (MIT krb5 1.22).
    #[must_use]
    pub fn sitename(self) -> Option<Found<'a>> {
        self.values("sitename").first().copied()
    }

    /// Whether encrypted timestamps are never sent; no by default.
    ///
    /// What is no boolean counts as no, and is [ignored](Setting::ignored).
    #[must_use]
    pub fn disable_encrypted_timestamp(self) -> Setting<'a, bool> {
        let Some(found) = self.values("disable_encrypted_timestamp").first().copied() else {
            return Setting::default(false);
        };
        match value::boolean(found.value) {
            Some(value) => Setting::found(value, found),
            None => Setting::default(false).with_ignored(found.value, found.place, "true or false"),
        }
    }

    fn servers(self, name: &str, service: Service) -> Result<Vec<Setting<'a, Server<'a>>>, ValueError> {
        let server = |found: Found<'a>| {
            let (server, ignored) =
                Server::parse(found.value, service).map_err(|kind| ValueError::new(name, found, kind))?;
            Ok(Setting::found(server, found).with_ignored(ignored, found.place, "the end of the line"))
        };
        self.values(name).into_iter().map(server).collect()
    }
}

/// The realm that a host's domain suggests: the domain in upper case, which MIT krb5 falls back on where a KDC gave no
/// referral. `None` for a host without a dot.
#[must_use]
pub fn fallback_realm(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.split_once('.').map(|(_, domain)| domain.to_ascii_uppercase().to_owned())
}
