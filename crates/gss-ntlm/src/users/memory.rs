use super::{Account, Found, UserHash, Users};
use crate::secret::NtHash;
use crate::upper::upper_char;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Users in memory.
#[derive(Clone, Default)]
pub struct MemoryUsers {
    // By user, then domain, both in upper case. The empty domain stands for any.
    users: BTreeMap<String, BTreeMap<String, Arc<UserHash>>>,
}

impl MemoryUsers {
    /// No users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user with a password. With an empty domain, the user may give any, which
    /// [`Accepted::domain`](crate::Accepted::domain) repeats: it says nothing about who the user is then.
    pub fn add(&mut self, user: &str, domain: &str, password: &str) {
        self.add_nt_hash(user, domain, NtHash::of_password(password));
    }

    /// Adds a user with the hash of a password, in place of one of the same name.
    pub fn add_nt_hash(&mut self, user: &str, domain: &str, nt_hash: NtHash) {
        let prepared = Arc::new(UserHash::new(nt_hash, user, domain));
        self.users.entry(upper(user.chars())).or_default().insert(upper(domain.chars()), prepared);
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.values().map(BTreeMap::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Users that may give any domain, in upper case.
    pub fn of_any_domain(&self) -> impl Iterator<Item = &str> {
        self.users.iter().filter(|(_, domains)| domains.contains_key("")).map(|(user, _)| &**user)
    }

    fn get(&self, user: &str, domain: &str) -> Option<&Arc<UserHash>> {
        let domains = self.users.get(user)?;
        match domain {
            // A client that knows no domain means the one that has the user, if there is one only.
            "" => domains.get("").or_else(|| domains.values().next().filter(|_| domains.len() == 1)),
            domain => domains.get(domain).or_else(|| domains.get("")),
        }
    }
}

impl Users for MemoryUsers {
    fn find(&self, account: &Account<'_>) -> Found {
        let (user, domain) = (upper(account.user.chars()), upper(account.domain.chars()));
        let found = self.get(&user, &domain).or_else(|| match user.split_once('@') {
            // user@domain goes without a domain of its own (MS-NLMP 3.3.2). It is for users of that very domain: the name
            // looks like a principal of Kerberos, and whoever may give any domain would choose whose.
            Some((user, domain_of_user)) if domain.is_empty() && !domain_of_user.is_empty() => {
                self.users.get(user)?.get(domain_of_user)
            }
            _ => None,
        });
        found.cloned().map_or(Found::Unknown, Found::Prepared)
    }
}

/// Says how many there are, and nothing about them.
impl fmt::Debug for MemoryUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryUsers({} users)", self.len())
    }
}

fn upper(name: impl Iterator<Item = char>) -> String {
    // Longer names are rare.
    let mut upper = String::with_capacity(32);
    upper.extend(name.map(upper_char));
    upper
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Charset, Text};

    fn text(name: &str) -> Text<'_> {
        Text::parse(name.as_bytes(), Charset::Oem, 0).unwrap()
    }

    fn find(users: &MemoryUsers, user: &str, domain: &str) -> Option<u8> {
        match users.find(&Account { user: text(user), domain: text(domain) }) {
            Found::Prepared(hash) => Some(hash.nt_hash().secret_bytes()[0]),
            Found::Unknown => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn users_are_found_by_name_and_domain() {
        let mut users = MemoryUsers::new();
        for (user, domain, hash) in
            [("alice", "EXAMPLE", 1), ("alice", "OTHER", 2), ("Bob", "", 3), ("carol", "example.com", 4)]
        {
            users.add_nt_hash(user, domain, NtHash::from_bytes([hash; 16]));
        }
        assert_eq!(users.len(), 4);
        assert!(users.of_any_domain().eq(["BOB"]));
        for (user, domain, expected) in [
            ("ALICE", "example", Some(1)),
            ("alice", "other", Some(2)),
            ("alice", "third", None),
            ("alice", "", None), // which of the two?
            ("bob", "ANY", Some(3)),
            ("bob", "", Some(3)),
            ("bob@EXAMPLE.COM", "", None), // the name of somebody else, for Kerberos
            ("carol", "", Some(4)),
            ("Carol@Example.com", "", Some(4)),
            ("carol@example.org", "", None),
            ("carol@example.com", "example.com", None),
            ("dave", "EXAMPLE", None),
            ("", "", None),
        ] {
            assert_eq!(find(&users, user, domain), expected, "{domain}\\{user}");
        }
    }

    #[test]
    fn the_last_hash_of_a_user_counts() {
        let mut users = MemoryUsers::new();
        users.add_nt_hash("alice", "EXAMPLE", NtHash::from_bytes([1; 16]));
        users.add_nt_hash("Alice", "Example", NtHash::from_bytes([2; 16]));
        assert_eq!((users.len(), find(&users, "alice", "EXAMPLE")), (1, Some(2)));
    }
}
