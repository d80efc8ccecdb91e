//! `[libdefaults]`, with the defaults of MIT krb5.

use alloc::{vec, vec::Vec};

use krb5_crypto::EncType;

use super::{
    Config, Found, PathTemplate, Setting, SpakeGroup, ValueError, ValueErrorKind, enctypes::words,
    setting::DURATION, value,
};
use read::{BOOLEAN, NUMBER, Read, read_duration};

mod read;

/// How a host name becomes the one in a service's principal name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canonicalize {
    /// By DNS, before anything is asked of a KDC.
    Always,
    /// Not at all.
    Never,
    /// By DNS, once the KDC does not know the name as it was given.
    Fallback,
}

/// A view of `[libdefaults]`. Every method reads one relation of its own name, but for [`Libdefaults::text`].
///
/// Where MIT krb5 ignores what it cannot read, the default is given, and [`Setting::ignored`] tells.
#[derive(Clone, Copy, Debug)]
pub struct Libdefaults<'a> {
    config: &'a Config,
    realm: Option<&'a str>,
}

impl Config {
    /// The view of `[libdefaults]` for any realm.
    #[must_use]
    pub const fn libdefaults(&self) -> Libdefaults<'_> {
        Libdefaults { config: self, realm: None }
    }

    /// The view of `[libdefaults]` for clients of a realm. Some relations can stand in a subsection of its name, and
    /// those come before the general ones: the methods say which.
    #[must_use]
    pub const fn libdefaults_of<'a>(&'a self, realm: &'a str) -> Libdefaults<'a> {
        Libdefaults { config: self, realm: Some(realm) }
    }
}

impl<'a> Libdefaults<'a> {
    /// The first value of any relation, as it stands.
    #[must_use]
    pub fn text(self, name: &str) -> Option<Found<'a>> {
        self.config.value(&["libdefaults", name])
    }

    /// The realm of principals without one.
    #[must_use]
    pub fn default_realm(self) -> Option<Setting<'a, &'a str>> {
        self.string("default_realm")
    }

    /// Enctypes that sessions may have; [`DEFAULT_ENCTYPES`](super::DEFAULT_ENCTYPES) by default.
    ///
    /// # Errors
    /// When the list leaves none.
    pub fn permitted_enctypes(self) -> Read<'a, Vec<EncType>> {
        self.enctypes("permitted_enctypes")
    }

    /// Enctypes to ask for in AS requests; by default the [permitted ones](Self::permitted_enctypes).
    ///
    /// # Errors
    /// When the list leaves none.
    pub fn default_tkt_enctypes(self) -> Read<'a, Vec<EncType>> {
        self.enctypes("default_tkt_enctypes")
    }

    /// Enctypes to ask for in TGS requests; by default the [permitted ones](Self::permitted_enctypes).
    ///
    /// # Errors
    /// When the list leaves none.
    pub fn default_tgs_enctypes(self) -> Read<'a, Vec<EncType>> {
        self.enctypes("default_tgs_enctypes")
    }

    /// Whether weak enctypes that are listed count; no by default.
    ///
    /// # Errors
    /// When it is no boolean.
    pub fn allow_weak_crypto(self) -> Read<'a, bool> {
        self.strict_boolean("allow_weak_crypto", false)
    }

    /// Seconds that clocks may differ; 300 by default. MIT krb5 reads a plain number here: `5m` is ignored.
    #[must_use]
    pub fn clockskew(self) -> Setting<'a, i32> {
        self.lenient("clockskew", 300, value::integer, "seconds as a plain number")
    }

    /// Seconds that tickets shall last; a day by default. Can stand in the realm's subsection.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn ticket_lifetime(self) -> Read<'a, i32> {
        self.duration("ticket_lifetime", 24 * 60 * 60)
    }

    /// Seconds that tickets shall be renewable; 0, not at all, by default. Can stand in the realm's subsection.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn renew_lifetime(self) -> Read<'a, i32> {
        self.duration("renew_lifetime", 0)
    }

    /// Whether to ask for forwardable tickets; no by default. Can stand in the realm's subsection.
    #[must_use]
    pub fn forwardable(self) -> Setting<'a, bool> {
        self.realm_boolean("forwardable", false)
    }

    /// Whether to ask for proxiable tickets; no by default. Can stand in the realm's subsection.
    #[must_use]
    pub fn proxiable(self) -> Setting<'a, bool> {
        self.realm_boolean("proxiable", false)
    }

    /// Whether the KDC may change names in AS requests; no by default. Can stand in the realm's subsection.
    #[must_use]
    pub fn canonicalize(self) -> Setting<'a, bool> {
        self.realm_boolean("canonicalize", false)
    }

    /// Whether to ask for tickets without addresses; yes by default. Can stand in the realm's subsection.
    #[must_use]
    pub fn noaddresses(self) -> Setting<'a, bool> {
        self.realm_boolean("noaddresses", true)
    }

    /// Whether a check of new credentials fails where there is no keytab; no by default. Can stand in the realm's
    /// subsection.
    #[must_use]
    pub fn verify_ap_req_nofail(self) -> Setting<'a, bool> {
        self.realm_boolean("verify_ap_req_nofail", false)
    }

    /// Whether DNS is asked for KDCs that no file names; yes by default. `dns_fallback` counts where it is missing.
    #[must_use]
    pub fn dns_lookup_kdc(self) -> Setting<'a, bool> {
        self.dns("dns_lookup_kdc", true)
    }

    /// Whether DNS is asked for the realms of hosts; no by default. `dns_fallback` counts where it is missing.
    #[must_use]
    pub fn dns_lookup_realm(self) -> Setting<'a, bool> {
        self.dns("dns_lookup_realm", false)
    }

    /// Whether DNS is asked for URI records as well; yes by default.
    #[must_use]
    pub fn dns_uri_lookup(self) -> Setting<'a, bool> {
        self.lenient("dns_uri_lookup", true, value::boolean, BOOLEAN)
    }

    /// How host names are made canonical; [`Canonicalize::Always`] by default.
    ///
    /// # Errors
    /// When it is neither a boolean nor `fallback`.
    pub fn dns_canonicalize_hostname(self) -> Read<'a, Canonicalize> {
        const NAME: &str = "dns_canonicalize_hostname";
        let read = |text: &str| match value::boolean(text) {
            Some(true) => Some(Canonicalize::Always),
            Some(false) => Some(Canonicalize::Never),
            None => text.eq_ignore_ascii_case("fallback").then_some(Canonicalize::Fallback),
        };
        self.strict(NAME, Canonicalize::Always, read, ValueErrorKind::BooleanOrFallback)
    }

    /// Whether canonical names are also looked up from the address; yes by default.
    #[must_use]
    pub fn rdns(self) -> Setting<'a, bool> {
        self.lenient("rdns", true, value::boolean, BOOLEAN)
    }

    /// The domain that is added to host names without a dot. `None`: the system's own. Empty: none.
    #[must_use]
    pub fn qualify_shortname(self) -> Option<Setting<'a, &'a str>> {
        self.string("qualify_shortname")
    }

    /// How many parents of a host's domain are tried as its realm; -1, not even the domain itself, by default.
    ///
    /// # Errors
    /// When it is no number.
    pub fn realm_try_domains(self) -> Read<'a, i32> {
        self.strict("realm_try_domains", -1, value::integer, ValueErrorKind::Integer)
    }

    /// Longest message that is sent by UDP first; 1465 by default and for numbers below 0, at most 32700.
    ///
    /// # Errors
    /// When it is no number.
    pub fn udp_preference_limit(self) -> Read<'a, u32> {
        const DEFAULT: u32 = 1465;
        const HIGHEST: u32 = 32_700;
        let read = |text: &str| {
            let limit = value::integer(text)?;
            Some(u32::try_from(limit).map_or(DEFAULT, |limit| limit.min(HIGHEST)))
        };
        self.strict("udp_preference_limit", DEFAULT, read, ValueErrorKind::Integer)
    }

    /// Whether to reckon with the KDC's clock where it differs from ours; yes by default.
    #[must_use]
    pub fn kdc_timesync(self) -> Setting<'a, bool> {
        self.lenient("kdc_timesync", 1, value::integer, NUMBER).map(|number| number != 0)
    }

    /// Options of AS requests, as the bits of RFC 4120 section 5.4.1; `RENEWABLE-OK` (0x10) by default.
    #[must_use]
    pub fn kdc_default_options(self) -> Setting<'a, i32> {
        self.lenient("kdc_default_options", 0x10, value::integer, NUMBER)
    }

    /// The version of credential cache files that are made; 4 by default.
    #[must_use]
    pub fn ccache_type(self) -> Setting<'a, i32> {
        self.lenient("ccache_type", 4, value::integer, NUMBER)
    }

    /// Whether delegation needs `OK-AS-DELEGATE` in the service's ticket; no by default.
    ///
    /// # Errors
    /// When it is no boolean.
    pub fn enforce_ok_as_delegate(self) -> Read<'a, bool> {
        self.strict_boolean("enforce_ok_as_delegate", false)
    }

    /// Whether acceptors take any key of their service's name; no by default.
    ///
    /// # Errors
    /// When it is no boolean.
    pub fn ignore_acceptor_hostname(self) -> Read<'a, bool> {
        self.strict_boolean("ignore_acceptor_hostname", false)
    }

    /// Whether to tell acceptors that we know channel bindings; no by default.
    ///
    /// # Errors
    /// When it is no boolean.
    pub fn client_aware_channel_bindings(self) -> Read<'a, bool> {
        self.strict_boolean("client_aware_channel_bindings", false)
    }

    /// The default credential cache.
    #[must_use]
    pub fn default_ccache_name(self) -> Option<Setting<'a, PathTemplate<'a>>> {
        self.template("default_ccache_name")
    }

    /// The default keytab of acceptors.
    #[must_use]
    pub fn default_keytab_name(self) -> Option<Setting<'a, PathTemplate<'a>>> {
        self.template("default_keytab_name")
    }

    /// The default keytab of initiators.
    #[must_use]
    pub fn default_client_keytab_name(self) -> Option<Setting<'a, PathTemplate<'a>>> {
        self.template("default_client_keytab_name")
    }

    /// The order of pre-authentication types, by number; 17, 16, 15, 14 by default. The first character that belongs to
    /// no number ends the list. Can stand in the realm's subsection.
    #[must_use]
    pub fn preferred_preauth_types(self) -> Setting<'a, Vec<i32>> {
        let Some(found) = self.realm_text("preferred_preauth_types") else {
            return Setting::default(vec![17, 16, 15, 14]);
        };
        let mut types = Vec::new();
        let mut rest = found.value;
        loop {
            rest = rest.trim_start_matches([' ', ',', '\t']);
            let signs = usize::from(rest.starts_with(['-', '+']));
            let digits = rest.bytes().skip(signs).take_while(u8::is_ascii_digit).count();
            let number = rest.split_at_checked(signs.saturating_add(digits));
            let Some((Ok(number), after)) = number.map(|(number, after)| (number.parse(), after)) else {
                return Setting::found(types, found).with_ignored(rest, found.place, NUMBER);
            };
            types.push(number);
            rest = after;
        }
    }

    /// Groups of SPAKE pre-authentication, in order; edwards25519 by default.
    ///
    /// # Errors
    /// When no known group is named.
    pub fn spake_preauth_groups(self) -> Read<'a, Vec<SpakeGroup>> {
        const NAME: &str = "spake_preauth_groups";
        let Some(found) = self.text(NAME) else {
            return Ok(Setting::default(vec![SpakeGroup::EDWARDS25519]));
        };
        let mut groups = Vec::new();
        let mut unknown = "";
        for word in words(found.value) {
            match SpakeGroup::from_name(word) {
                Some(group) if !groups.contains(&group) => groups.push(group),
                None if unknown.is_empty() => unknown = word,
                _ => {}
            }
        }
        if groups.is_empty() {
            return Err(ValueError::new(NAME, found, ValueErrorKind::NoGroup));
        }
        Ok(Setting::found(groups, found).with_ignored(unknown, found.place, "the name of a SPAKE group"))
    }

    /// Seconds after which a login as a whole is given up (MIT krb5 1.22); no limit by default.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn request_timeout(self) -> Result<Option<Setting<'a, i32>>, ValueError> {
        const NAME: &str = "request_timeout";
        let Some(found) = self.text(NAME) else { return Ok(None) };
        read_duration(NAME, found).map(Some)
    }

    /// Seconds to wait for a KDC's answer. Only Heimdal reads this.
    #[must_use]
    pub fn kdc_timeout(self) -> Setting<'a, Option<i32>> {
        let read = |text: &str| Some(Some(value::duration(text)?.seconds));
        self.lenient("kdc_timeout", None, read, DURATION)
    }

    /// How often each KDC is asked. Only Heimdal reads this.
    #[must_use]
    pub fn max_retries(self) -> Setting<'a, Option<i32>> {
        self.lenient("max_retries", None, |text| value::integer(text).map(Some), NUMBER)
    }
}
