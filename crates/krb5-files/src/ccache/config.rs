//! Configuration entries: settings stored as credentials for made-up services.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::str;

use krb5_asn1::{EncryptionKeyBuf, KerberosString, NameType, Principal, PrincipalName, TicketFlags};

use super::{Ccache, Credential, Times};

/// Realm of configuration entries.
const REALM: &[u8] = b"X-CACHECONF:";
/// Realm of configuration entries that MIT krb5 removed.
pub(super) const REMOVED_REALM: &[u8] = b"X-RMED-CONF:";
/// First component of the service name of configuration entries.
const NAME: &[u8] = b"krb5_ccache_conf_data";

/// A setting in a credential cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigEntry<'a> {
    /// Its name.
    pub key: KerberosString<'a>,
    /// The principal that it is about, in text form; `None` if it is about the whole cache.
    pub principal: Option<KerberosString<'a>>,
    /// Its value.
    pub value: &'a [u8],
}

impl Ccache {
    /// The settings, in file order.
    pub fn config(&self) -> impl Iterator<Item = ConfigEntry<'_>> {
        self.entries.iter().filter(|entry| !entry.is_removed()).filter_map(Credential::as_config)
    }

    /// The value of a setting about this principal, or about the whole cache.
    #[must_use]
    pub fn config_value(&self, key: &str, principal: Option<&Principal>) -> Option<&[u8]> {
        let principal = principal.map(ToString::to_string);
        let wanted = |entry: &ConfigEntry<'_>| {
            entry.key.as_bytes() == key.as_bytes()
                && entry.principal.map(|p| p.as_bytes()) == principal.as_ref().map(String::as_bytes)
        };
        self.config().find(wanted).map(|entry| entry.value)
    }

    /// Sets or replaces a setting.
    pub fn set_config(&mut self, key: &str, principal: Option<&Principal>, value: impl Into<Vec<u8>>) {
        let principal = principal.map(ToString::to_string);
        let mut components = alloc::vec![KerberosString::new(NAME), KerberosString::from(key)];
        components.extend(principal.as_deref().map(KerberosString::from));
        let name = PrincipalName::new(NameType::PRINCIPAL, &components);
        let server = Principal::from(name.in_realm(KerberosString::new(REALM)));
        self.entries.retain(|entry| entry.server != server);
        self.entries.push(Credential {
            client: self.default_principal.clone(),
            server,
            key: EncryptionKeyBuf::new(0, []),
            times: Times::default(),
            skey_mark: 0,
            flags: TicketFlags::NONE,
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: value.into(),
            second_ticket: Vec::new(),
        });
    }

    /// Whether the KDC behind this ticket-granting service offers FAST (`fast_avail`).
    #[must_use]
    pub fn fast_avail(&self, tgs: &Principal) -> bool {
        self.config_value("fast_avail", Some(tgs)) == Some(b"yes")
    }

    /// The pre-authentication type that this ticket-granting ticket was got with (`pa_type`).
    #[must_use]
    pub fn pa_type(&self, tgs: &Principal) -> Option<i32> {
        text(self.config_value("pa_type", Some(tgs))?)?.parse().ok()
    }

    /// When the credentials should be refreshed, in seconds since 1970 (`refresh_time`).
    #[must_use]
    pub fn refresh_time(&self) -> Option<u64> {
        text(self.config_value("refresh_time", None)?)?.parse().ok()
    }

    /// The service that may get tickets on behalf of the default principal (`proxy_impersonator`).
    #[must_use]
    pub fn proxy_impersonator(&self) -> Option<&str> {
        text(self.config_value("proxy_impersonator", None)?)
    }

    /// The realm of the first ticket-granting ticket, where it is not the client's (`start_realm`).
    #[must_use]
    pub fn start_realm(&self) -> Option<&str> {
        text(self.config_value("start_realm", None)?)
    }
}

impl Credential {
    /// Whether this is a setting rather than a ticket.
    #[must_use]
    pub fn is_config(&self) -> bool {
        let realm = self.server.realm();
        [REALM, REMOVED_REALM].contains(&realm.as_bytes())
    }

    /// This setting, if it is one.
    #[must_use]
    pub fn as_config(&self) -> Option<ConfigEntry<'_>> {
        if !self.is_config() {
            return None;
        }
        let mut components = self.server.components();
        if components.next()?.as_bytes() != NAME {
            return None;
        }
        Some(ConfigEntry { key: components.next()?, principal: components.next(), value: &self.ticket })
    }
}

fn text(value: &[u8]) -> Option<&str> {
    str::from_utf8(value).ok()
}
