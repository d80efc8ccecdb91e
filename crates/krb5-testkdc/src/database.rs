//! The accounts of a KDC that runs.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use krb5_asn1::{KerberosString, NameType, Principal, PrincipalName};
use krb5_crypto::{EncType, Key, MAX_ITERATIONS, MAX_SALT_LEN};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::keys::{KeySet, Password, default_salt};
use crate::{Account, AccountSecret, ConfigError, Realm};

/// The realms and all their accounts.
#[derive(Default)]
pub(crate) struct Database {
    realms: BTreeMap<String, Realm>,
    records: BTreeMap<Principal, Record>,
    aliases: BTreeMap<Principal, Principal>,
    /// From a realm to another one whose services its clients can reach.
    trusts: Vec<(String, String)>,
    next_rid: u32,
}

/// An account with its keys.
pub(crate) struct Record {
    pub(crate) principal: Principal,
    pub(crate) account: Account,
    /// Newest first; never empty.
    pub(crate) keys: Vec<KeySet>,
    /// Its number in the domain.
    pub(crate) rid: u32,
}

/// Key versions that are kept besides the newest.
const OLD_VERSIONS: usize = 8;
/// The first number of an account that is not built in, as in Windows.
const FIRST_RID: u32 = 1000;
/// The service that changes passwords (RFC 3244).
pub(crate) const PASSWORD_SERVICE: [&str; 2] = ["kadmin", "changepw"];

impl Database {
    /// Adds a realm with its accounts, its own services among them.
    pub(crate) fn add_realm(&mut self, mut realm: Realm, rng: &mut dyn CryptoRng) -> Result<(), ConfigError> {
        let accounts = core::mem::take(&mut realm.accounts);
        let name = realm.name.clone();
        if self.realms.insert(name.clone(), realm).is_some() {
            return Err(ConfigError::DuplicateRealm { realm: name });
        }
        for account in accounts {
            self.add(&name, account, rng)?;
        }
        for own in [Principal::new_tgs(&name, &name), password_service(&name)] {
            if !self.records.contains_key(&own) {
                self.add(&name, Account::service(own.to_string()), rng)?;
            }
        }
        Ok(())
    }

    /// Adds an account to a realm.
    pub(crate) fn add(
        &mut self,
        realm: &str,
        account: Account,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), ConfigError> {
        let principal = parse(&account.name, realm)?;
        if self.find(&principal).is_some() {
            return Err(ConfigError::DuplicateAccount { principal });
        }
        let Some(rules) = self.realms.get(realm) else {
            return Err(ConfigError::UnknownRealm { realm: realm.into() });
        };
        let keys = first_keys(&principal, &account, &rules.enctypes, rng)?;
        for alias in &account.aliases {
            let alias = parse(alias, realm)?;
            if self.find(&alias).is_some() {
                return Err(ConfigError::DuplicateAccount { principal: alias });
            }
            self.aliases.insert(alias, principal.clone());
        }
        if let Some((target, from)) = trust(&principal) {
            self.trusts.push((from, target));
        }
        let rid = account.identity.rid.unwrap_or_else(|| {
            self.next_rid = self.next_rid.saturating_add(1);
            FIRST_RID.saturating_add(self.next_rid).saturating_sub(1)
        });
        let record = Record { principal: principal.clone(), account, keys: vec![keys], rid };
        self.records.insert(principal, record);
        Ok(())
    }

    /// Takes an account away.
    pub(crate) fn remove(&mut self, principal: &Principal) -> Option<Record> {
        let record = self.records.remove(principal)?;
        self.aliases.retain(|_, target| target != principal);
        if let Some((target, from)) = trust(principal) {
            self.trusts.retain(|trust| *trust != (from.clone(), target.clone()));
        }
        Some(record)
    }

    pub(crate) fn realm(&self, name: &[u8]) -> Option<&Realm> {
        self.realms.get(core::str::from_utf8(name).ok()?)
    }

    pub(crate) fn realms(&self) -> impl Iterator<Item = &Realm> {
        self.realms.values()
    }

    /// The account of this name or alias.
    pub(crate) fn find(&self, principal: &Principal) -> Option<&Record> {
        let name = self.aliases.get(principal).unwrap_or(principal);
        self.records.get(name)
    }

    /// [`find`](Self::find), also by an enterprise name that is a name with the realm (RFC 6806 section 5).
    pub(crate) fn find_user(&self, principal: &Principal) -> Option<&Record> {
        let in_full = || {
            let name = principal.name();
            let text = name.components().next().filter(|_| name.name_type == NameType::ENTERPRISE)?;
            let (user, domain) = text.as_str()?.rsplit_once('@')?;
            let realm = principal.realm().as_str()?;
            domain.eq_ignore_ascii_case(realm).then(|| self.find(&Principal::new(user, realm)))?
        };
        self.find(principal).or_else(in_full)
    }

    /// [`find`](Self::find), to be changed.
    pub(crate) fn find_mut(&mut self, principal: &Principal) -> Option<&mut Record> {
        let name = self.aliases.get(principal).unwrap_or(principal);
        self.records.get_mut(name)
    }

    /// The account of a name from a message.
    pub(crate) fn find_name(&self, name: PrincipalName<'_>, realm: &str) -> Option<&Record> {
        self.find(&Principal::from(name.in_realm(KerberosString::from(realm))))
    }

    /// The ticket-granting service of a realm itself.
    pub(crate) fn tgs(&self, realm: &str) -> Option<&Record> {
        self.records.get(&Principal::new_tgs(realm, realm))
    }

    /// The ticket-granting service of the next realm on the shortest way to another one.
    pub(crate) fn next_hop(&self, from: &str, to: &str) -> Option<&Record> {
        // Breadth first: whoever is reached knows the first step of the way that reached it.
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::new();
        for next in self.trusted_by(from) {
            if seen.insert(next) {
                queue.push_back((next, next));
            }
        }
        while let Some((at, first)) = queue.pop_front() {
            if at == to {
                return self.records.get(&Principal::new_tgs(first, from));
            }
            for next in self.trusted_by(at) {
                if seen.insert(next) {
                    queue.push_back((next, first));
                }
            }
        }
        None
    }

    fn trusted_by<'a>(&'a self, realm: &str) -> impl Iterator<Item = &'a str> {
        self.trusts.iter().filter(move |(from, _)| from == realm).map(|(_, to)| to.as_str())
    }

    /// A realm besides this one that has a service of this name, as a domain's global catalog would know.
    pub(crate) fn elsewhere(&self, name: PrincipalName<'_>, but: &str) -> Option<&str> {
        let mut others = self.realms.keys().map(String::as_str).filter(|realm| *realm != but);
        others.find(|realm| self.find_name(name, realm).is_some())
    }
}

impl Record {
    /// The newest keys.
    pub(crate) fn newest(&self) -> Option<&KeySet> {
        self.keys.first()
    }

    /// The key that tickets for this account are encrypted in, and its version.
    pub(crate) fn ticket_key(&self) -> Option<(&Key, u32)> {
        let newest = self.newest()?;
        Some((newest.first()?, newest.kvno))
    }

    /// The enctypes of session keys that this account understands.
    pub(crate) fn session_enctypes(&self) -> Vec<EncType> {
        match &self.account.session_enctypes {
            Some(enctypes) => enctypes.clone(),
            None => self.newest().map(|keys| keys.enctypes().collect()).unwrap_or_default(),
        }
    }

    /// New random keys, or the same password anew, with the next version. The old ones stay good for what was made
    /// with them.
    pub(crate) fn rotate(&mut self, rng: &mut dyn CryptoRng) {
        let Some(newest) = self.keys.first() else { return };
        let kvno = newest.kvno.saturating_add(1);
        let enctypes: Vec<_> = newest.enctypes().collect();
        let keys = match newest.password() {
            Some(old) => {
                let password =
                    Password { text: old.text.clone(), salt: old.salt.clone(), iterations: old.iterations };
                KeySet::from_password(kvno, &enctypes, password)
            }
            None => KeySet::random(kvno, &enctypes, rng),
        };
        self.push(keys);
    }

    /// A new password, with the next version.
    pub(crate) fn set_password(&mut self, text: &str) {
        let Some(newest) = self.keys.first() else { return };
        let enctypes: Vec<_> = newest.enctypes().collect();
        let password = Password {
            text: Zeroizing::new(text.into()),
            salt: self.account.salt.clone().unwrap_or_else(|| default_salt(&self.principal)),
            iterations: self.account.iterations,
        };
        let keys = KeySet::from_password(newest.kvno.saturating_add(1), &enctypes, password);
        self.account.secret = AccountSecret::Password(text.into());
        self.push(keys);
    }

    fn push(&mut self, keys: KeySet) {
        self.keys.insert(0, keys);
        self.keys.truncate(OLD_VERSIONS.saturating_add(1));
    }
}

/// The service that changes passwords.
pub(crate) fn password_service(realm: &str) -> Principal {
    // Two short components fit.
    Principal::from_components(NameType::SRV_INST, PASSWORD_SERVICE, realm)
        .unwrap_or_else(|_| Principal::new("kadmin", realm))
}

/// Target and origin of a cross-realm ticket-granting service.
pub(crate) fn trust(principal: &Principal) -> Option<(String, String)> {
    let target = tgs_realm(principal.name())?;
    let from = principal.realm().as_str()?;
    (target.as_bytes() != from.as_bytes()).then(|| Some((target.as_str()?.into(), from.into())))?
}

/// The realm whose ticket-granting service this names.
pub(crate) fn tgs_realm(name: PrincipalName<'_>) -> Option<KerberosString<'_>> {
    let mut components = name.components();
    (components.len() == 2 && components.next()?.as_bytes() == b"krbtgt").then(|| components.next())?
}

fn parse(name: &str, realm: &str) -> Result<Principal, ConfigError> {
    Principal::parse(name, Some(realm)).map_err(|error| ConfigError::Name { name: name.into(), error })
}

fn first_keys(
    principal: &Principal,
    account: &Account,
    defaults: &[EncType],
    rng: &mut dyn CryptoRng,
) -> Result<KeySet, ConfigError> {
    let unsupported = |enctype| ConfigError::Enctype { principal: principal.clone(), enctype };
    let enctypes = account.enctypes.as_deref().unwrap_or(defaults);
    if let Some(enctype) = enctypes.iter().find(|enctype| !enctype.is_supported()) {
        return Err(unsupported(*enctype));
    }
    let kvno = account.kvno;
    match &account.secret {
        AccountSecret::Random => Ok(KeySet::random(kvno, enctypes, rng)),
        AccountSecret::Password(text) => {
            let salt = account.salt.clone().unwrap_or_else(|| default_salt(principal));
            let rounds_fit = account.iterations.is_none_or(|count| (1..=MAX_ITERATIONS).contains(&count));
            if salt.len() > MAX_SALT_LEN || !rounds_fit {
                return Err(ConfigError::StringToKey { principal: principal.clone() });
            }
            let password =
                Password { text: Zeroizing::new(text.clone()), salt, iterations: account.iterations };
            Ok(KeySet::from_password(kvno, enctypes, password))
        }
        AccountSecret::Keys(keys) => {
            let key = |key: &krb5_asn1::EncryptionKeyBuf| {
                let enctype = EncType(key.keytype());
                Key::new(enctype, key.keyvalue()).map_err(|_| unsupported(enctype))
            };
            Ok(KeySet::from_keys(kvno, keys.iter().map(key).collect::<Result<Vec<_>, _>>()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn database(realms: &[&str], trusts: &[(&str, &str)]) -> Database {
        let mut database = Database::default();
        let rng = &mut *random::seeded(1);
        for realm in realms {
            database.add_realm(Realm::new(*realm), rng).unwrap();
        }
        for (from, to) in trusts {
            database.add(from, Account::service(format!("krbtgt/{to}")), rng).unwrap();
        }
        database
    }

    #[test]
    fn the_shortest_way_is_taken() {
        let database = database(
            &["A", "B", "C", "D", "E"],
            &[("A", "B"), ("B", "C"), ("C", "D"), ("A", "C"), ("D", "A")],
        );
        let hop = |from, to| database.next_hop(from, to).map(|record| record.principal.to_string());
        assert_eq!(hop("A", "B"), Some("krbtgt/B@A".into()));
        assert_eq!(hop("A", "D"), Some("krbtgt/C@A".into()));
        assert_eq!(hop("B", "A"), Some("krbtgt/C@B".into()));
        assert_eq!(hop("A", "E"), None);
        assert_eq!(hop("A", "A"), None);
    }

    #[test]
    fn names_are_taken_once() {
        let mut database = database(&["A"], &[]);
        let rng = &mut *random::seeded(1);
        let alice = Account { aliases: vec!["al".into()], ..Account::user("alice", "pw") };
        database.add("A", alice.clone(), rng).unwrap();
        for again in ["alice", "al"] {
            let error = database.add("A", Account::user(again, "pw"), rng).unwrap_err();
            assert!(matches!(error, ConfigError::DuplicateAccount { .. }), "{error}");
        }
        assert!(database.remove(&"alice@A".parse().unwrap()).is_some());
        assert!(database.find(&"al@A".parse().unwrap()).is_none());
        database.add("A", alice, rng).unwrap();
    }

    #[test]
    fn old_keys_stay_for_a_while() {
        let mut database = database(&["A"], &[]);
        let rng = &mut *random::seeded(1);
        database.add("A", Account::service("HTTP/www"), rng).unwrap();
        let record = database.find_mut(&"HTTP/www@A".parse().unwrap()).unwrap();
        for _ in 0..20 {
            record.rotate(rng);
        }
        let versions: Vec<_> = record.keys.iter().map(|keys| keys.kvno).collect();
        assert_eq!(versions, [21, 20, 19, 18, 17, 16, 15, 14, 13]);
    }
}
