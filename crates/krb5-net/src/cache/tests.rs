use super::*;
use krb5_asn1::{EncryptionKeyBuf, TicketFlags};
use krb5_files::Times;

mod files;
mod folders;
#[cfg(unix)]
mod kcm_server;

/// A ticket of `alice@EXAMPLE.COM` that ends at this second.
pub(super) fn credential(server: &str, endtime: u32) -> Credential {
    Credential {
        client: alice(),
        server: principal(server),
        key: EncryptionKeyBuf::new(18, [7; 32]),
        times: Times { authtime: 1, starttime: 1, endtime, renew_till: 0 },
        skey_mark: 0,
        flags: TicketFlags::NONE,
        addresses: Vec::new(),
        authdata: Vec::new(),
        ticket: vec![1; 40],
        second_ticket: Vec::new(),
    }
}

fn principal(text: &str) -> Principal {
    Principal::parse(text, None).unwrap()
}

fn alice() -> Principal {
    principal("alice@EXAMPLE.COM")
}

const HTTP: &str = "HTTP/www.example.com@EXAMPLE.COM";

fn options() -> CacheOptions {
    CacheOptions { kcm_socket: None, memory: MemoryCaches::new(), ..CacheOptions::default() }
}

fn resolve(name: &str, options: &CacheOptions) -> Cache {
    Cache::resolve(&CacheName::parse(name).unwrap(), options).unwrap()
}

/// What every type of cache has to do.
fn behaves(cache: &Cache) {
    let server = principal(HTTP);
    let is_missing = |result: Result<(), CacheError>| matches!(result, Err(CacheError::NotFound { .. }));
    assert!(!cache.exists().unwrap());
    assert!(is_missing(cache.load().map(drop)));
    assert!(is_missing(cache.store(&credential(HTTP, 5))));
    assert!(is_missing(cache.set_config("fast_avail", None, b"yes")));
    assert!(is_missing(cache.destroy()));

    cache.initialize(&alice()).unwrap();
    assert!(cache.exists().unwrap());
    assert_eq!(cache.principal().unwrap(), alice());
    assert!(cache.find(&server).unwrap().is_none());

    cache.store(&credential(HTTP, 5)).unwrap();
    cache.store(&credential("host/www.example.com@EXAMPLE.COM", 6)).unwrap();
    cache.store(&credential(HTTP, 9)).unwrap();
    let found = cache.find(&server).unwrap().unwrap();
    assert_eq!((found.times.endtime, found.key.keyvalue()), (9, [7; 32].as_slice()));
    assert_eq!(cache.load().unwrap().credentials().count(), 3);

    cache.set_config("fast_avail", Some(&server), b"no").unwrap();
    cache.set_config("fast_avail", Some(&server), b"yes").unwrap();
    assert_eq!(cache.config("fast_avail", Some(&server)).unwrap().as_deref(), Some(b"yes".as_slice()));
    assert_eq!(cache.config("fast_avail", None).unwrap(), None);

    cache.set_kdc_offset(KdcOffset { seconds: -3, microseconds: 0 }).unwrap();
    assert_eq!(cache.kdc_offset().unwrap().map(|offset| offset.seconds), Some(-3));

    cache.remove(&server).unwrap();
    cache.remove(&server).unwrap();
    assert!(cache.find(&server).unwrap().is_none());
    let content = cache.load().unwrap();
    assert_eq!(content.credentials().count(), 1);
    assert_eq!(content.config().count(), 1);

    let mut other = Ccache::new(principal("bob@EXAMPLE.COM"));
    other.entries.push(Credential { client: principal("bob@EXAMPLE.COM"), ..credential(HTTP, 3) });
    other.set_kdc_offset(KdcOffset { seconds: 4, microseconds: 0 });
    cache.replace(&other).unwrap();
    let content = cache.load().unwrap();
    assert_eq!(content.default_principal.to_string(), "bob@EXAMPLE.COM");
    assert_eq!(content.entries.len(), 1);
    assert_eq!(content.kdc_offset().map(|offset| offset.seconds), Some(4));

    cache.destroy().unwrap();
    assert!(!cache.exists().unwrap());
}

#[test]
fn memory_behaves() {
    behaves(&resolve("MEMORY:x", &options()));
}

#[test]
fn memory_is_shared_by_name_within_a_set_and_not_between_sets() {
    let (one, two) = (options(), options());
    resolve("MEMORY:x", &one).initialize(&alice()).unwrap();
    assert!(resolve("MEMORY:x", &one.clone()).exists().unwrap());
    assert!(!resolve("MEMORY:x", &two).exists().unwrap());
    assert!(!resolve("MEMORY:y", &one).exists().unwrap());
}

#[test]
fn memory_of_the_process_is_one_set() {
    let name = "MEMORY:memory_of_the_process_is_one_set";
    resolve(name, &CacheOptions::default()).initialize(&alice()).unwrap();
    assert!(resolve(name, &CacheOptions::default()).exists().unwrap());
    resolve(name, &CacheOptions::default()).destroy().unwrap();
}

#[test]
fn collection_of_memory_has_all_of_the_set() {
    let options = options();
    let collection = Collection::new(CacheName::Memory("b".into()), options.clone());
    for (name, client) in [("a", "alice@A"), ("b", "bob@B")] {
        resolve(&format!("MEMORY:{name}"), &options).initialize(&principal(client)).unwrap();
    }
    let fresh = collection.create().unwrap();
    assert!(!fresh.exists().unwrap());
    let names: Vec<_> = collection.caches().unwrap().iter().map(|cache| cache.name().to_string()).collect();
    assert_eq!(names, ["MEMORY:b", "MEMORY:a"]);
    let found = collection.find(&principal("alice@A")).unwrap().unwrap();
    assert_eq!(found.name().to_string(), "MEMORY:a");
    assert!(collection.find(&principal("carol@A")).unwrap().is_none());
}

#[test]
fn types_without_a_primary_cache_say_so() {
    for name in ["MEMORY:x", "FILE:/nonexistent/x"] {
        let error = resolve(name, &options()).switch_to().unwrap_err();
        assert!(matches!(error, CacheError::Unsupported { .. }), "{error}");
    }
    let collection = Collection::new(CacheName::parse("FILE:/nonexistent/x").unwrap(), options());
    assert!(matches!(collection.create(), Err(CacheError::Unsupported { .. })));
    assert!(collection.caches().unwrap().is_empty());
}

#[test]
fn socket_comes_from_the_configuration() {
    let socket = |text: &str| {
        let file = krb5_files::config::ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap();
        CacheOptions::from_config(&Config::from(file)).kcm_socket
    };
    assert_eq!(socket(""), Some(KCM_SOCKET.into()));
    assert_eq!(socket("[libdefaults]\nkcm_socket = /run/kcm\n"), Some("/run/kcm".into()));
    assert_eq!(socket("[libdefaults]\nkcm_socket = -\n"), None);
}

#[test]
fn daemon_that_is_turned_off_or_not_there_is_an_error_of_its_own() {
    let off = Cache::resolve(&CacheName::KcmPrimary, &options()).unwrap_err();
    assert!(matches!(off, CacheError::Kcm(KcmError::TurnedOff)), "{off}");
    let nowhere = CacheOptions { kcm_socket: Some("/nonexistent/socket".into()), ..options() };
    let absent = resolve("KCM:x", &nowhere).load().unwrap_err();
    #[cfg(unix)]
    assert!(matches!(absent, CacheError::Kcm(KcmError::NoDaemon { .. })), "{absent}");
    assert!(absent.to_string().contains("KRB5CCNAME=FILE:"), "{absent}");
}
