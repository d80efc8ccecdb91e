//! A realm, as a test describes it.

use krb5_crypto::EncType;
use krb5_pac::Sid;

use crate::Account;

/// A realm with its accounts and rules.
///
/// ```
/// use krb5_testkdc::{Account, Realm};
///
/// let realm = Realm { skew: 60, ..Realm::new("EXAMPLE.COM") }
///     .user("alice", "secret")
///     .service("HTTP/www.example.com")
///     .account(Account { locked: true, ..Account::user("bob", "secret") });
/// assert_eq!(realm.accounts.len(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Realm {
    /// Its name, by custom in upper case.
    pub name: String,
    /// Its accounts. The ticket-granting service and the password service are added by the KDC unless they are here.
    pub accounts: Vec<Account>,
    /// Enctypes of keys, best first.
    pub enctypes: Vec<EncType>,
    /// What tickets say about their client besides the name.
    pub pac: PacStyle,
    /// Longest life of a ticket, in seconds.
    pub max_life: u32,
    /// For how long a ticket can be renewed at most, in seconds.
    pub max_renewable_life: u32,
    /// Largest difference between a client's clock and the KDC's, in seconds.
    pub skew: u32,
    /// Shortest password that can be set, in characters.
    pub min_password_len: usize,
    /// Whether FAST is offered and understood.
    pub fast: bool,
    /// Whether SPAKE is offered and understood; needs feature `spake`.
    pub spake: bool,
    /// Whether an encrypted timestamp will do, outside of FAST.
    pub encrypted_timestamp: bool,
    /// Hosts and domains and the realms they are in: `www.other.test`, or `.other.test` for all hosts of a domain.
    pub hosts: Vec<(String, String)>,
    /// Realms that tickets from elsewhere must not have come through (`KDC_ERR_PATH_NOT_ACCEPTED`).
    pub distrusted: Vec<String>,
}

/// What tickets say about their client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PacStyle {
    /// No PAC.
    None,
    /// The PAC of MIT's KDC: the client's name, and signatures.
    #[default]
    Minimal,
    /// The PAC of a Windows domain.
    Domain(Domain),
}

/// A Windows domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its SID, which those of its accounts begin with.
    pub sid: Sid,
    /// Its short name.
    pub netbios_name: String,
    /// The name of its domain controller.
    pub server: String,
}

impl Realm {
    /// A realm without accounts, with the usual rules: AES, the PAC of MIT's KDC, tickets for 10 hours that can be
    /// renewed for 7 days, clocks within 5 minutes, passwords of 4 characters or more.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            accounts: Vec::new(),
            enctypes: vec![
                EncType::AES256_CTS_HMAC_SHA1_96,
                EncType::AES128_CTS_HMAC_SHA1_96,
                EncType::AES256_CTS_HMAC_SHA384_192,
                EncType::AES128_CTS_HMAC_SHA256_128,
            ],
            pac: PacStyle::default(),
            max_life: 10 * 3600,
            max_renewable_life: 7 * 24 * 3600,
            skew: 300,
            min_password_len: 4,
            fast: true,
            spake: true,
            encrypted_timestamp: true,
            hosts: Vec::new(),
            distrusted: Vec::new(),
        }
    }

    /// With a user.
    #[must_use]
    pub fn user(self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.account(Account::user(name, password))
    }

    /// With a service.
    #[must_use]
    pub fn service(self, name: impl Into<String>) -> Self {
        self.account(Account::service(name))
    }

    /// With any account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// With hosts that are in another realm: one by name, or those of a domain, with a dot in front.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>, realm: impl Into<String>) -> Self {
        self.hosts.push((host.into(), realm.into()));
        self
    }

    /// The realm of a host, if it is known to be another one: by its name, or else by the longest domain.
    pub(crate) fn realm_of_host(&self, host: &str) -> Option<&str> {
        let fits = |pattern: &str| {
            if pattern.starts_with('.') {
                let tail = host.len().checked_sub(pattern.len()).and_then(|at| host.get(at..));
                tail.is_some_and(|tail| tail.eq_ignore_ascii_case(pattern))
            } else {
                host.eq_ignore_ascii_case(pattern)
            }
        };
        let (_, realm) = self
            .hosts
            .iter()
            .filter(|(pattern, _)| fits(pattern))
            .max_by_key(|(pattern, _)| (!pattern.starts_with('.'), pattern.len()))?;
        Some(realm)
    }
}

impl Domain {
    /// A domain with a SID made from its name: the same for the same name.
    #[must_use]
    pub fn new(netbios_name: impl Into<String>) -> Self {
        let netbios_name = netbios_name.into();
        let digest = |start: u32| {
            netbios_name.bytes().fold(start, |sum, byte| sum.rotate_left(5).wrapping_add(byte.into()))
        };
        let parts = [21, digest(0x1234_5678), digest(0x2345_6789), digest(0x3456_789a)];
        Self {
            sid: Sid::new(5, &parts).unwrap_or(krb5_pac::sid::well_known::ANONYMOUS),
            netbios_name,
            server: "TESTKDC".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_by_name_then_by_longest_domain() {
        let realm = Realm::new("A").host(".test", "T").host(".b.test", "B").host("www.b.test", "W");
        for (host, expected) in [
            ("www.b.test", Some("W")),
            ("WWW.B.TEST", Some("W")),
            ("ftp.b.test", Some("B")),
            ("b.test", Some("T")),
            ("test", None),
            ("", None),
            ("example.com", None),
        ] {
            assert_eq!(realm.realm_of_host(host), expected, "{host}");
        }
    }

    #[test]
    fn the_sid_of_a_domain_comes_from_its_name() {
        assert_eq!(Domain::new("A").sid, Domain::new("A").sid);
        assert_ne!(Domain::new("A").sid, Domain::new("B").sid);
        assert!(Domain::new("A").sid.to_string().starts_with("S-1-5-21-"));
    }
}
