//! The long-term keys of services, ready to decrypt tickets.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use krb5_asn1::Principal;
use krb5_crypto::{CipherKey, EncType, Key, KeyUsage};

/// Most keys that are tried on a ticket whose service name is not among the keys, so that a forged name costs
/// an acceptor with many keys no more than one with few.
pub const MAX_TRIAL_KEYS: usize = 16;

/// The keys of one or more services, as a keytab holds them. What decrypting a ticket and verifying its PAC need is
/// derived once, here.
#[derive(Default)]
pub struct ServiceKeys {
    entries: Vec<ServiceKey>,
    /// Positions of entries by the hash of their service, so that a look-up compares names once, however many there
    /// are. The names are the administrator's, so nobody gains by finding two of one hash.
    by_service: BTreeMap<u64, Vec<usize>>,
}

/// One key of one service.
pub struct ServiceKey {
    service: Principal,
    kvno: u32,
    key: Key,
    ticket_cipher: CipherKey,
}

impl ServiceKey {
    /// The service.
    #[must_use]
    pub fn service(&self) -> &Principal {
        &self.service
    }

    /// The key's version.
    #[must_use]
    pub fn kvno(&self) -> u32 {
        self.kvno
    }

    /// The key's enctype.
    #[must_use]
    pub fn enctype(&self) -> EncType {
        self.key.enctype()
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn ticket_cipher(&self) -> &CipherKey {
        &self.ticket_cipher
    }

    /// Keytabs of the first format keep 8 bits of the version only.
    fn has_version(&self, kvno: u32) -> bool {
        self.kvno == kvno || (self.kvno <= 0xff && self.kvno == kvno & 0xff)
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kvno {} {}", self.service, self.kvno, self.enctype())
    }
}

impl fmt::Debug for ServiceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}

impl ServiceKeys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key of a service with its version.
    pub fn add(&mut self, service: Principal, kvno: u32, key: Key) {
        let ticket_cipher = key.cipher(KeyUsage::TICKET);
        let key = key.keep(&[], &[KeyUsage::KERB_NON_KERB_CKSUM_SALT]);
        self.by_service.entry(NameHash::of(&service)).or_default().push(self.entries.len());
        self.entries.push(ServiceKey { service, kvno, key, ticket_cipher });
    }

    /// All keys, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceKey> {
        self.entries.iter()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the service has a key, of any version and enctype.
    pub(crate) fn has_service(&self, service: &Principal) -> bool {
        self.keys_of(service).next().is_some()
    }

    fn keys_of(&self, service: &Principal) -> impl Iterator<Item = &ServiceKey> {
        let positions = self.by_service.get(&NameHash::of(service)).into_iter().flatten();
        positions.filter_map(|index| self.entries.get(*index)).filter(move |entry| entry.service == *service)
    }

    /// The keys that may decrypt a ticket, the likeliest first.
    ///
    /// The name in a ticket is not authenticated and may be an alias, so a name that is not among the keys is not
    /// refused: keys of its enctype and version are tried instead, at most [`MAX_TRIAL_KEYS`].
    pub(crate) fn candidates(&self, wanted: &Wanted<'_>) -> Result<Vec<&ServiceKey>, NoKey> {
        let own = || self.keys_of(wanted.service);
        let fitting = own().filter(|entry| wanted.fits(entry)).collect::<Vec<_>>();
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        if !self.has_service(wanted.service) {
            let fitting = self.entries.iter().filter(|entry| wanted.fits(entry));
            let fitting = fitting.take(MAX_TRIAL_KEYS).collect::<Vec<_>>();
            return if fitting.is_empty() { Err(NoKey::Service) } else { Ok(fitting) };
        }
        if own().any(|entry| entry.enctype() == wanted.enctype) {
            Err(NoKey::Version { present: own().map(ServiceKey::kvno).collect() })
        } else {
            Err(NoKey::EncType { present: own().map(ServiceKey::enctype).collect() })
        }
    }
}

/// FNV-1a with 64 bits.
struct NameHash(u64);

impl NameHash {
    fn of(service: &Principal) -> u64 {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        service.hash(&mut hash);
        hash.finish()
    }
}

impl Hasher for NameHash {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What a ticket says about the key it needs. None of it is authenticated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'t> {
    pub(crate) service: &'t Principal,
    pub(crate) kvno: Option<u32>,
    pub(crate) enctype: EncType,
}

impl Wanted<'_> {
    fn fits(&self, entry: &ServiceKey) -> bool {
        entry.enctype() == self.enctype && self.kvno.is_none_or(|kvno| entry.has_version(kvno))
    }
}

/// Why no key fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The service has no key of this enctype.
    EncType {
        /// The enctypes it has keys of.
        present: Vec<EncType>,
    },
    /// There is no key of this service, nor one of another that fits.
    Service,
    /// The service has no key of this version.
    Version {
        /// The versions it has keys of.
        present: Vec<u32>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
    const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;

    fn keys() -> ServiceKeys {
        let mut keys = ServiceKeys::new();
        for (host, kvno, enctype) in
            [("a", 1, AES256), ("a", 2, AES256), ("a", 258, AES128), ("b", 3, AES256)]
        {
            let bytes = [kvno as u8; 32];
            let key = Key::new(enctype, &bytes[..enctype.key_len().unwrap()]).unwrap();
            keys.add(Principal::new_service("HTTP", host, "R"), kvno, key);
        }
        keys
    }

    fn found(host: &str, kvno: Option<u32>, enctype: EncType) -> Result<Vec<u32>, NoKey> {
        let service = Principal::new_service("HTTP", host, "R");
        let keys = keys();
        let candidates = keys.candidates(&Wanted { service: &service, kvno, enctype })?;
        Ok(candidates.into_iter().map(ServiceKey::kvno).collect())
    }

    #[test]
    fn versions_and_enctypes_select() {
        assert_eq!(found("a", Some(2), AES256), Ok(alloc::vec![2]));
        assert_eq!(found("a", None, AES256), Ok(alloc::vec![1, 2]));
        // A ticket with a 32-bit version, a keytab that kept its lowest byte.
        assert_eq!(found("a", Some(0x102), AES256), Ok(alloc::vec![2]));
        assert_eq!(found("a", Some(2), AES128), Err(NoKey::Version { present: alloc::vec![1, 2, 258] }));
        assert_eq!(found("a", Some(9), AES256), Err(NoKey::Version { present: alloc::vec![1, 2, 258] }));
        assert_eq!(found("b", Some(3), AES128), Err(NoKey::EncType { present: alloc::vec![AES256] }));
    }

    #[test]
    fn unknown_names_may_be_aliases() {
        assert_eq!(found("alias", Some(3), AES256), Ok(alloc::vec![3]));
        assert_eq!(found("alias", Some(9), AES256), Err(NoKey::Service));
    }

    #[test]
    fn every_service_finds_its_own_keys() {
        let service = |host: u32| Principal::new_service("HTTP", &alloc::format!("host{host}"), "R");
        let mut keys = ServiceKeys::new();
        for host in 0..1000 {
            keys.add(service(host), host, Key::new(AES256, &[1; 32]).unwrap());
        }
        for host in 0..1000 {
            let service = service(host);
            let found = keys.candidates(&Wanted { service: &service, kvno: None, enctype: AES256 }).unwrap();
            assert_eq!(found.iter().map(|key| key.kvno()).collect::<Vec<_>>(), [host]);
        }
        assert!(!keys.has_service(&service(1000)));
    }

    #[test]
    fn a_forged_name_costs_a_bounded_number_of_trials() {
        let mut keys = ServiceKeys::new();
        for host in 0..100_u8 {
            let host = alloc::format!("host{host}");
            keys.add(Principal::new_service("HTTP", &host, "R"), 1, Key::new(AES256, &[1; 32]).unwrap());
        }
        let service = Principal::new_service("HTTP", "none", "R");
        let wanted = Wanted { service: &service, kvno: None, enctype: AES256 };
        assert_eq!(keys.candidates(&wanted).unwrap().len(), MAX_TRIAL_KEYS);
    }
}
