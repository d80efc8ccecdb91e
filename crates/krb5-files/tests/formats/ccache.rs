//! Credential caches.

use krb5_asn1::{AddressType, EncryptionKeyBuf, NameType, Principal, TicketFlags};
use krb5_files::{
    Address, AuthData, ByteOrder, Ccache, CcacheVersion, Credential, FormatErrorKind, HeaderField, KdcOffset,
    Times, WriteError,
};
use test_support::vectors;

fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

fn recorded() -> Vec<(String, Vec<u8>)> {
    let file = vectors::load("files/ccache.txt");
    let mut all: Vec<_> = file.records().iter().map(|r| (r.name().to_owned(), r.hex("file"))).collect();
    for record in vectors::load("files/ccache-mit.txt").records() {
        let parts = ["header", "princ", "cred1", "cred2"].map(|part| record.hex(part));
        all.push((format!("sample of {}", record.name()), parts.concat()));
    }
    all
}

fn sample(version: u8) -> Vec<u8> {
    let name = format!("sample of version {version}");
    recorded().into_iter().find(|(found, _)| *found == name).map(|(_, file)| file).unwrap()
}

#[test]
fn every_recorded_file_is_written_as_it_was_read() {
    for (name, file) in recorded() {
        assert_eq!(*Ccache::parse(&file).unwrap().to_bytes().unwrap(), file, "{name}");
    }
}

#[test]
fn principals_and_credentials_stand_alone() {
    let little = ByteOrder::Little;
    let versions =
        [CcacheVersion::V1(little), CcacheVersion::V2(little), CcacheVersion::V3, CcacheVersion::V4];
    for (record, version) in vectors::load("files/ccache-mit.txt").records().iter().zip(versions) {
        let client = record.hex("princ");
        let read = version.parse_principal(&client).unwrap();
        assert_eq!(read, principal("testclient@KRBTEST.COM"), "{version:?}");
        assert_eq!(*version.principal_to_bytes(&read).unwrap(), client);
        for part in ["cred1", "cred2"] {
            let bytes = record.hex(part);
            let read = Credential::parse(&bytes, version).unwrap();
            assert_eq!(read.client, principal("testclient@KRBTEST.COM"), "{version:?} {part}");
            assert_eq!(*read.to_bytes(version).unwrap(), bytes, "{version:?} {part}");
            for len in 0..bytes.len() {
                assert!(Credential::parse(&bytes[..len], version).is_err(), "{version:?} {part} {len}");
            }
            let error = Credential::parse(&[&bytes[..], &[0]].concat(), version).unwrap_err();
            assert_eq!(error.kind, FormatErrorKind::TrailingData { excess: 1 });
            assert_eq!((error.offset, error.field), (bytes.len(), "credential"));
        }
        let error = version.parse_principal(&[&client[..], &[0; 3]].concat()).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::TrailingData { excess: 3 });
    }
}

#[test]
fn reads_what_kinit_and_kvno_write() {
    for record in vectors::load("files/ccache.txt").records() {
        let cache = Ccache::parse(&record.hex("file")).unwrap();
        assert_eq!(cache.default_principal.to_string(), record.text("client"), "{}", record.name());
        let servers: Vec<_> =
            cache.credentials().map(|entry| entry.server.to_string().into_bytes()).collect();
        assert_eq!(servers, record.all("server"), "{}", record.name());
        for entry in cache.credentials() {
            let ticket = entry.decode_ticket().unwrap();
            if !entry.is_skey() {
                assert_eq!(entry.server, ticket.sname.in_realm(ticket.realm), "{}", record.name());
            }
            assert_eq!((entry.key.keytype(), entry.key.keyvalue().len()), (18, 32), "{}", record.name());
            assert!(entry.times.authtime <= entry.times.endtime, "{}", record.name());
            assert!(entry.flags.contains(TicketFlags::RENEWABLE), "{}", record.name());
        }
        let tgs = principal("krbtgt/EXAMPLE.COM@EXAMPLE.COM");
        assert_eq!(cache.tgt().map(|entry| &entry.server), Some(&tgs), "{}", record.name());
        assert!(cache.fast_avail(&tgs), "{}", record.name());
        assert!(cache.entries.len() > cache.credentials().count(), "settings are no credentials");
    }
}

#[test]
fn versions_of_recorded_files() {
    let file = vectors::load("files/ccache.txt");
    let of = |name: &str| {
        let record = file.records().iter().find(|record| record.name() == name).unwrap();
        Ccache::parse(&record.hex("file")).unwrap()
    };
    assert_eq!(of("version 1").version, CcacheVersion::V1(ByteOrder::Little));
    assert_eq!(of("version 2").version, CcacheVersion::V2(ByteOrder::Little));
    assert_eq!(of("version 3").version, CcacheVersion::V3);
    assert_eq!(of("version 4").version, CcacheVersion::V4);
    assert_eq!(of("version 4").kdc_offset(), Some(KdcOffset { seconds: 0, microseconds: 0 }));
    let addresses: Vec<_> = of("addresses").tgt().unwrap().addresses.iter().map(|a| a.addr_type).collect();
    assert_eq!(addresses, [AddressType::IPV4, AddressType::IPV6]);
    let cache = of("user-to-user with a second ticket");
    let alice = principal("alice@EXAMPLE.COM");
    let entry = cache.credentials().find(|entry| entry.server == alice).unwrap();
    assert_eq!((entry.is_skey(), entry.skey_mark), (true, 8));
    assert_eq!(entry.second_ticket, cache.tgt().unwrap().ticket);
    assert!(cache.find(&alice).is_none(), "user-to-user tickets are not for ordinary use");
}

#[test]
fn fields_of_mit_s_samples() {
    for version in 1..=4 {
        let cache = Ccache::parse(&sample(version)).unwrap();
        let name_type = if version == 1 { NameType::UNKNOWN } else { NameType::PRINCIPAL };
        assert_eq!(cache.default_principal, principal("testclient@KRBTEST.COM"));
        assert_eq!(cache.default_principal.name_type(), name_type);
        let [one, two] = &cache.entries[..] else { panic!("two credentials") };
        assert_eq!(one.server, principal("test/host@EXAMPLE.COM"));
        assert_eq!(one.key.keytype(), 17);
        assert_eq!(one.key.keyvalue(), (0..16).collect::<Vec<u8>>());
        let times = Times { authtime: 11, starttime: 222, endtime: 3333, renew_till: 1_000_000_000 };
        assert_eq!(one.times, times);
        assert!(!one.is_skey());
        assert_eq!(one.flags, TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE);
        assert_eq!(one.addresses, [Address { addr_type: AddressType::IPV4, data: vec![10, 0, 0, 1] }]);
        let authdata = |ad_type: i32, data: &[u8]| AuthData { ad_type: ad_type.into(), data: data.to_vec() };
        assert_eq!(one.authdata, [authdata(512, b"signticket"), authdata(-100, b"")]);
        assert_eq!((&one.ticket[..], &one.second_ticket[..]), (&b"ticket"[..], &b""[..]));
        assert_eq!(two.server.to_string(), "@");
        assert_eq!(two.server.components().len(), 0);
        assert!(two.is_skey());
        assert_eq!((two.key.keytype(), two.times), (23, Times::default()));
        assert_eq!((&two.ticket[..], &two.second_ticket[..]), (&b"ticket"[..], &b"2ticket"[..]));
        let offset = (version == 4).then_some(KdcOffset { seconds: 300, microseconds: 54321 });
        assert_eq!(cache.kdc_offset(), offset);
    }
}

#[test]
fn native_order_can_be_big_endian() {
    for version in [1, 2] {
        let mut cache = Ccache::parse(&sample(version)).unwrap();
        cache.version = match cache.version {
            CcacheVersion::V1(_) => CcacheVersion::V1(ByteOrder::Big),
            _ => CcacheVersion::V2(ByteOrder::Big),
        };
        let big = cache.to_bytes().unwrap();
        assert_ne!(*big, sample(version));
        let read = Ccache::parse(&big).unwrap();
        assert_eq!(read.version, cache.version);
        assert_eq!(read.to_bytes().unwrap(), big);
        assert!(Ccache::parse_with_order(&big, ByteOrder::Little).is_err());
    }
}

#[test]
fn settings_are_kept_apart_from_tickets() {
    let mut cache = Ccache::new(principal("alice@A"));
    let tgs = principal("krbtgt/A@A");
    assert!(!cache.fast_avail(&tgs));
    cache.set_config("fast_avail", Some(&tgs), "yes");
    cache.set_config("pa_type", Some(&tgs), "138");
    cache.set_config("refresh_time", None, "1700000000");
    cache.set_config("refresh_time", None, "1700000001");
    cache.set_config("proxy_impersonator", None, "HTTP/h@A");
    cache.set_config("start_realm", None, "B");
    let cache = Ccache::parse(&cache.to_bytes().unwrap()).unwrap();
    assert!(cache.fast_avail(&tgs));
    assert!(!cache.fast_avail(&principal("krbtgt/B@A")));
    assert_eq!(cache.pa_type(&tgs), Some(138));
    assert_eq!(cache.refresh_time(), Some(1_700_000_001));
    assert_eq!(cache.proxy_impersonator(), Some("HTTP/h@A"));
    assert_eq!(cache.start_realm(), Some("B"));
    assert_eq!((cache.config().count(), cache.credentials().count()), (5, 0));
}

/// A ticket for `server` that ends at `endtime`.
fn ticket(server: &str, endtime: u32) -> Credential {
    Credential {
        client: principal("alice@A"),
        server: principal(server),
        key: EncryptionKeyBuf::new(18, [9; 32]),
        times: Times { authtime: 1, starttime: 0, endtime, renew_till: 0 },
        skey_mark: 0,
        flags: TicketFlags::NONE,
        addresses: Vec::new(),
        authdata: Vec::new(),
        ticket: Vec::new(),
        second_ticket: Vec::new(),
    }
}

#[test]
fn removed_entries_are_recognised() {
    let mut cache = Ccache::new(principal("alice@A"));
    cache.entries.push(ticket("HTTP/h@A", 0));
    assert!(cache.entries[0].is_removed(), "end time 0");
    assert_eq!(cache.credentials().count(), 0);
    assert!(cache.find(&principal("HTTP/h@A")).is_none());
    let mut encrypted_by_gssproxy = ticket("HTTP/h@A", 0);
    encrypted_by_gssproxy.times.authtime = 0;
    assert!(!encrypted_by_gssproxy.is_removed());
    cache.set_config("start_realm", None, "B");
    assert_eq!(cache.config().count(), 1);
    let bytes = cache.to_bytes().unwrap();
    let at = bytes.windows(12).position(|window| window == b"X-CACHECONF:").unwrap();
    let mut removed = bytes.to_vec();
    removed[at..at + 12].copy_from_slice(b"X-RMED-CONF:");
    let cache = Ccache::parse(&removed).unwrap();
    assert_eq!((cache.config().count(), cache.credentials().count(), cache.entries.len()), (0, 0, 2));
}

#[test]
fn find_takes_the_ticket_that_holds_longest() {
    let mut cache = Ccache::new(principal("alice@A"));
    let mut of_another_client = ticket("HTTP/h@A", 99);
    of_another_client.client = principal("bob@A");
    cache.entries.extend([
        ticket("HTTP/h@A", 5),
        ticket("HTTP/h@A", 9),
        ticket("HTTP/i@A", 50),
        of_another_client,
    ]);
    assert_eq!(cache.find(&principal("HTTP/h@A")).map(|entry| entry.times.endtime), Some(9));
    assert!(cache.find(&principal("HTTP/h@B")).is_none());
    assert!(cache.tgt().is_none());
}

#[test]
fn header_fields_are_kept_and_set() {
    let mut cache = Ccache::new(principal("alice@A"));
    cache.header.push(HeaderField { tag: 77, data: b"unknown".to_vec() });
    let offset = KdcOffset { seconds: -5, microseconds: 7 };
    cache.set_kdc_offset(KdcOffset { seconds: 1, microseconds: 1 });
    cache.set_kdc_offset(offset);
    let read = Ccache::parse(&cache.to_bytes().unwrap()).unwrap();
    assert_eq!(read.header, cache.header);
    assert_eq!((read.header.len(), read.kdc_offset()), (2, Some(offset)));
    cache.header = vec![HeaderField { tag: 1, data: vec![0; 7] }];
    assert_eq!(cache.kdc_offset(), None, "wrong size");
}

#[test]
fn malformed_files_are_refused_with_field_and_offset() {
    let error = |bytes: &[u8]| Ccache::parse(bytes).unwrap_err().to_string();
    assert_eq!(error(&[]), "credential cache version: expected 1 bytes, 0 left at byte 0");
    assert_eq!(error(&[6, 4]), "credential cache version: first byte 0x06, expected 0x05 at byte 0");
    assert_eq!(error(&[5, 5]), "credential cache version: version 5, expected 1 to 4 at byte 1");
    assert_eq!(error(&[5, 0]), "credential cache version: version 0, expected 1 to 4 at byte 1");
    assert_eq!(error(&[5, 4, 0, 9, 0]), "header: expected 9 bytes, 1 left at byte 4");
    assert_eq!(error(&[5, 4, 0, 3, 0, 1, 0]), "header field: expected 2 bytes, 1 left at byte 6");
    assert_eq!(error(&[5, 4, 0, 0]), "name type: expected 4 bytes, 0 left at byte 4");
    let huge_count = [5, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(error(&huge_count), "component count: count 4294967295, expected at most 1 at byte 6");
    let huge_realm = [5, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(error(&huge_realm), "realm: expected 4294967295 bytes, 0 left at byte 14");
    let mut no_realm = vec![5, 1];
    no_realm.extend([0; 8]);
    assert_eq!(Ccache::parse(&no_realm).unwrap_err().kind, FormatErrorKind::NoRealm);
    let mut components = vec![5, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0, 0];
    components.resize(components.len() + 0x4000, 0);
    assert_eq!(error(&components), "component count: count 4096, expected at most 1024 at byte 6");
}

#[test]
fn counts_of_addresses_are_checked_before_they_are_read() {
    let mut file = sample(4);
    let addresses = [0, 0, 0, 1, 0, 2, 0, 0, 0, 4, 10, 0, 0, 1];
    let at = file.windows(addresses.len()).position(|window| window == addresses).unwrap();
    file[at] = 0xff;
    let error = Ccache::parse(&file).unwrap_err();
    assert_eq!((error.field, error.offset), ("address count", at));
    assert!(matches!(error.kind, FormatErrorKind::CountTooLarge { count: 0xff00_0001, .. }));
}

#[test]
fn values_without_room_cannot_be_written() {
    let mut cache = Ccache::new(principal("alice@A"));
    cache.header.push(HeaderField { tag: 9, data: vec![0; 65536] });
    assert_eq!(cache.to_bytes(), Err(WriteError::TooLong { field: "header field", len: 65536 }));
    cache.header.clear();
    let mut credential = ticket("HTTP/h@A", 1);
    credential.addresses.push(Address { addr_type: 70000.into(), data: Vec::new() });
    cache.entries.push(credential);
    assert_eq!(cache.to_bytes(), Err(WriteError::Type { field: "address", seen: 70000 }));
}

#[test]
fn every_truncation_is_refused_or_ends_between_credentials() {
    for (name, file) in recorded() {
        let whole = Ccache::parse(&file).unwrap().entries.len();
        let mut ends = 0;
        for len in 0..file.len() {
            if let Ok(cache) = Ccache::parse(&file[..len]) {
                assert!(cache.entries.len() < whole, "{name} cut to {len} bytes");
                assert_eq!(*cache.to_bytes().unwrap(), file[..len], "{name} cut to {len} bytes");
                ends += 1;
            }
        }
        assert_eq!(ends, whole, "{name}: one cut before each credential is a whole file");
    }
}

#[test]
fn no_single_byte_change_panics_and_what_passes_round_trips() {
    for (name, file) in recorded() {
        for at in 0..file.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= change;
                if let Ok(cache) = Ccache::parse(&changed) {
                    let again = cache.to_bytes().unwrap();
                    assert_eq!(again.len(), changed.len(), "{name} at {at}");
                }
            }
        }
    }
}
