//! Keytabs.

use krb5_asn1::{EncryptionKeyBuf, Principal};
use krb5_files::{ByteOrder, FormatError, FormatErrorKind, Keytab, KeytabEntry, KeytabVersion, WriteError};
use test_support::vectors::{self, Record};

fn records() -> Vec<(String, Vec<u8>, Vec<String>)> {
    let fields = |record: &Record| {
        let entries =
            record.all("entry").into_iter().map(|entry| String::from_utf8(entry).unwrap()).collect();
        (record.name().to_owned(), record.hex("file"), entries)
    };
    ["files/keytab.txt", "files/keytab-v1.txt"]
        .iter()
        .flat_map(|path| vectors::load(path).records().iter().map(fields).collect::<Vec<_>>())
        .collect()
}

fn record(name: &str) -> Vec<u8> {
    records().into_iter().find(|(found, ..)| found == name).map(|(_, file, _)| file).expect("a record")
}

fn shown(keytab: &Keytab) -> Vec<String> {
    let line = |entry: &KeytabEntry| format!("{} {} {}", entry.kvno, entry.key.keytype(), entry.principal);
    keytab.entries.iter().map(line).collect()
}

#[test]
fn reads_what_mit_writes() {
    for (name, file, entries) in records() {
        assert_eq!(shown(&Keytab::parse(&file).unwrap()), entries, "{name}");
    }
}

#[test]
fn writes_the_same_bytes_where_there_is_no_hole() {
    for (name, file, entries) in records() {
        let keytab = Keytab::parse(&file).unwrap();
        let bytes = keytab.to_bytes().unwrap();
        if name.contains("hole") {
            assert!(bytes.len() < file.len(), "{name}");
            assert_eq!(shown(&Keytab::parse(&bytes).unwrap()), entries, "{name}");
        } else {
            assert_eq!(*bytes, file, "{name}");
        }
    }
}

#[test]
fn a_key_version_over_255_is_found_and_its_key_is_not_shown() {
    let keytab = Keytab::parse(&record("key version over 255")).unwrap();
    let alice = "alice@EXAMPLE.COM".parse().unwrap();
    let entry = keytab.find(&alice, 300, 17).unwrap();
    assert_eq!(entry.key.keyvalue().len(), 16);
    assert!(keytab.find(&alice, 300 & 0xff, 17).is_none(), "not by its low 8 bits");
    assert!(!format!("{keytab:?}").contains(&format!("{:?}", entry.key.keyvalue())));
}

#[test]
fn version_one_has_two_byte_orders() {
    let little = record("version 1 little-endian");
    let big = record("version 1 big-endian with holes");
    assert_eq!(Keytab::parse(&little).unwrap().version, KeytabVersion::V1(ByteOrder::Little));
    assert_eq!(Keytab::parse(&big).unwrap().version, KeytabVersion::V1(ByteOrder::Big));
    assert!(Keytab::parse_with_order(&little, ByteOrder::Big).is_err());
    assert!(Keytab::parse_with_order(&big, ByteOrder::Little).is_err());
}

#[test]
fn looks_entries_up() {
    let keytab = Keytab::parse(&record("two principals of two enctypes")).unwrap();
    let http: Principal = "HTTP/www.example.com@EXAMPLE.COM".parse().unwrap();
    assert_eq!(keytab.entries_for(&http).count(), 2);
    assert_eq!(keytab.find(&http, 1, 19).map(|entry| entry.key.keyvalue().len()), Some(16));
    assert!(keytab.find(&http, 2, 19).is_none());
    assert!(keytab.find(&http, 1, 20).is_none());
    assert_eq!(keytab.principals(), [&http, &"host/www.example.com@EXAMPLE.COM".parse().unwrap()]);
    let other_type = http.with_name_type(krb5_asn1::NameType::UNKNOWN);
    assert!(keytab.latest(&other_type, None).is_some(), "name types do not count");
}

#[test]
fn latest_takes_the_highest_key_version() {
    let principal = Principal::new("user", "R");
    let entry =
        |kvno, enctype| KeytabEntry::new(principal.clone(), kvno, EncryptionKeyBuf::new(enctype, [1]));
    let keytab = Keytab::from_entries([entry(1, 18), entry(3, 17), entry(2, 18)]);
    assert_eq!(keytab.latest(&principal, None).map(|entry| entry.kvno), Some(3));
    assert_eq!(keytab.latest(&principal, Some(18)).map(|entry| entry.kvno), Some(2));
    assert!(keytab.latest(&principal, Some(20)).is_none());
}

/// A version 2 file of one record.
fn file(record: &[u8]) -> Vec<u8> {
    let mut file = vec![5, 2];
    file.extend((record.len() as u32).to_be_bytes());
    file.extend(record);
    file
}

/// A record of "u@R" with 8-bit key version 7 and these bytes behind the key.
fn small_record(rest: &[u8]) -> Vec<u8> {
    let head = [0, 1, 0, 1, b'R', 0, 1, b'u', 0, 0, 0, 1, 0, 0, 0, 0, 7, 0, 18, 0, 2, 0xaa, 0xbb];
    [&head, rest].concat()
}

#[test]
fn key_version_and_what_follows() {
    let read = |rest: &[u8]| {
        let keytab = Keytab::parse(&file(&small_record(rest))).unwrap();
        (keytab.entries[0].kvno, keytab.entries[0].extra.clone())
    };
    assert_eq!(read(&[]), (7, vec![]), "8 bits only");
    assert_eq!(read(&[0, 0, 1, 7]), (0x107, vec![]), "32 bits");
    assert_eq!(read(&[0, 0, 0, 0]), (7, vec![]), "zeros are padding");
    assert_eq!(read(&[0, 0, 1, 7, 0, 0, 0, 1, 9]), (0x107, vec![0, 0, 0, 1, 9]), "flags of Heimdal");
    assert_eq!(read(&[1, 2, 3]), (7, vec![1, 2, 3]), "too short for a key version");
    let with_flags = file(&small_record(&[0, 0, 1, 7, 0, 0, 0, 1]));
    assert_eq!(*Keytab::parse(&with_flags).unwrap().to_bytes().unwrap(), with_flags);
}

#[test]
fn a_length_of_zero_ends_the_file() {
    let mut bytes = file(&small_record(&[]));
    bytes.extend([0, 0, 0, 0, 0xff, 0xff]);
    assert_eq!(Keytab::parse(&bytes).unwrap().entries.len(), 1);
    assert!(Keytab::parse(&[5, 2]).unwrap().entries.is_empty());
}

#[test]
fn malformed_files_are_refused_with_field_and_offset() {
    let error = |bytes: &[u8]| Keytab::parse(bytes).unwrap_err();
    assert_eq!(error(&[]).to_string(), "keytab version: expected 1 bytes, 0 left at byte 0");
    assert_eq!(error(&[4, 2]).to_string(), "keytab version: first byte 0x04, expected 0x05 at byte 0");
    assert_eq!(error(&[5, 3]).to_string(), "keytab version: version 3, expected 1 to 2 at byte 1");
    assert_eq!(error(&[5, 2, 0, 0]).to_string(), "record length: expected 4 bytes, 2 left at byte 2");
    assert_eq!(error(&[5, 2, 0, 0, 0, 9, 0]).to_string(), "record: expected 9 bytes, 1 left at byte 6");
    assert_eq!(
        error(&[5, 2, 0x80, 0, 0, 0]).kind,
        FormatErrorKind::Truncated { needed: 1 << 31, available: 0 }
    );
    let hole = error(&[5, 2, 0xff, 0xff, 0xff, 0xfe, 0]);
    assert_eq!((hole.field, hole.offset), ("hole", 6));
    let count = error(&file(&[0xff, 0xff, 0, 1, b'R', 0, 1, b'u']));
    assert_eq!(
        count,
        FormatError {
            offset: 6,
            field: "component count",
            kind: FormatErrorKind::CountTooLarge { count: 0xffff, possible: 1 },
        }
    );
    let no_realm = error(&[5, 1, 2, 0, 0, 0, 0, 0]);
    assert_eq!((no_realm.kind, no_realm.offset), (FormatErrorKind::NoRealm, 6));
    let key = error(&file(&small_record(&[])[..22]));
    assert_eq!((key.field, key.offset), ("key", 27));
}

#[test]
fn values_without_room_cannot_be_written() {
    let write = |principal, key| Keytab::from_entries([KeytabEntry::new(principal, 1, key)]).to_bytes();
    let user = Principal::new("user", "R");
    assert_eq!(
        write(user.clone(), EncryptionKeyBuf::new(18, vec![0; 65536])),
        Err(WriteError::TooLong { field: "key", len: 65536 })
    );
    assert_eq!(
        write(user, EncryptionKeyBuf::new(40000, [])),
        Err(WriteError::Type { field: "encryption", seen: 40000 })
    );
    let long = Principal::new(&"x".repeat(65536), "R");
    let error = write(long, EncryptionKeyBuf::new(18, [])).unwrap_err();
    assert_eq!(error.to_string(), "component of 65536 does not fit its length field");
}

#[test]
fn every_truncation_is_refused_or_ends_between_records() {
    for (name, file, entries) in records() {
        for len in 0..file.len() {
            if let Ok(keytab) = Keytab::parse(&file[..len]) {
                let shown = shown(&keytab);
                assert!(shown.len() < entries.len() || name.contains("hole"), "{name} cut to {len} bytes");
                assert_eq!(shown, entries[..shown.len()], "{name} cut to {len} bytes");
            }
        }
    }
}

#[test]
fn no_single_byte_change_panics_and_what_passes_round_trips() {
    for (name, file, _) in records() {
        for at in 0..file.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= change;
                if let Ok(keytab) = Keytab::parse(&changed) {
                    let again = keytab.to_bytes().unwrap();
                    assert_eq!(shown(&Keytab::parse(&again).unwrap()), shown(&keytab), "{name} at {at}");
                }
            }
        }
    }
}
