extern crate alloc;

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use core::ops::Range;

use krb5_asn1::{Decode, EncTicketPart, ErrorCode, KerberosString, NameType, PrincipalName, Ticket};
use krb5_crypto::{ChecksumType, EncType, KeyUsage};
use krb5_pac::signature::SignatureFault;
use krb5_pac::{MAX_PAC_LEN, PacErrorKind};
use proptest::prelude::*;
use test_support::vectors::{self, Record};

use super::*;
use crate::transited::Excerpt;

pub(crate) const AUTHTIME: i64 = 1_700_000_000;

pub(crate) fn key(enctype: EncType) -> Key {
    let bytes: Vec<u8> = (1..).take(enctype.key_len().unwrap()).collect();
    Key::new(enctype, &bytes).unwrap()
}

pub(crate) fn authtime() -> KerberosTime {
    KerberosTime::from_unix(AUTHTIME).unwrap()
}

pub(crate) fn alice() -> PrincipalRef<'static> {
    const NAME: &[KerberosString<'static>] = &[KerberosString::new(b"alice")];
    PrincipalName::new(NameType::PRINCIPAL, NAME).in_realm(KerberosString::new(b"EXAMPLE.COM"))
}

pub(crate) fn client_info(name: &str, authtime: i64) -> Vec<u8> {
    let filetime = u64::try_from((authtime + 11_644_473_600) * 10_000_000).unwrap();
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
    [&filetime.to_le_bytes()[..], &name_len, &name].concat()
}

/// Length of a signature, found in another way than by the code under test: key types pad theirs to 12, 16 or 24 bytes.
fn signature_len(checksum_type: ChecksumType) -> usize {
    match checksum_type.0 {
        15 | 16 => 12,
        12 => 20,
        20 => 24,
        _ => 16,
    }
}

/// An unsigned signature buffer, with what a read-only domain controller adds.
fn signature_buffer(checksum_type: ChecksumType, rodc: bool) -> Vec<u8> {
    let mut buffer = checksum_type.0.to_le_bytes().to_vec();
    buffer.resize(4 + signature_len(checksum_type), 0);
    buffer.extend_from_slice(if rodc { b"\x34\x12" } else { b"" });
    buffer
}

/// Where the first buffer of a type lies, by a plain reading of the table.
fn place(pac: &[u8], buffer_type: BufferType) -> Range<usize> {
    let number = |at: usize| u32::from_le_bytes(pac[at..at + 4].try_into().unwrap()) as usize;
    let entry = (8..).step_by(16).take(number(0)).find(|at| number(*at) == buffer_type.0 as usize).unwrap();
    number(entry + 8)..number(entry + 8) + number(entry + 4)
}

/// Where the bytes of a signature lie.
fn signature(pac: &[u8], buffer_type: BufferType) -> Range<usize> {
    let buffer = place(pac, buffer_type);
    let checksum_type = i32::from_le_bytes(pac[buffer.start..buffer.start + 4].try_into().unwrap());
    buffer.start + 4..buffer.start + 4 + signature_len(ChecksumType(checksum_type))
}

/// Lays buffers out as a KDC does: behind the table, in order, each at a multiple of 8.
fn lay_out(buffers: &[(BufferType, Vec<u8>)]) -> Vec<u8> {
    let mut pac = u64::try_from(buffers.len()).unwrap().to_le_bytes().to_vec();
    let mut content = Vec::new();
    for (buffer_type, buffer) in buffers {
        pac.extend(buffer_type.0.to_le_bytes());
        pac.extend(u32::try_from(buffer.len()).unwrap().to_le_bytes());
        pac.extend(u64::try_from(8 + 16 * buffers.len() + content.len()).unwrap().to_le_bytes());
        content.extend_from_slice(buffer);
        content.resize(content.len().next_multiple_of(8), 0);
    }
    pac.extend(content);
    pac
}

/// Puts the server signature in place, and some bytes where the KDC's would be.
fn sign(mut pac: Vec<u8>, key: &Key) -> Vec<u8> {
    let server = signature(&pac, BufferType::SERVER_SIGNATURE);
    let kdc = signature(&pac, BufferType::KDC_SIGNATURE);
    pac[server.clone()].fill(0);
    pac[kdc.clone()].fill(0);
    // Over one plain copy with zeros in it, unlike the code under test.
    let tag = key.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT).compute_tag(&[&pac]);
    pac[server].copy_from_slice(tag.as_bytes());
    pac[kdc].fill(0x5a);
    pac
}

/// The buffers that each PAC has, in the order in which MIT's KDC writes them.
fn minimal(key: &Key, client_info: Vec<u8>) -> Vec<(BufferType, Vec<u8>)> {
    let server_type = key.enctype().checksum_type().unwrap();
    vec![
        (BufferType::CLIENT_INFO, client_info),
        (BufferType::SERVER_SIGNATURE, signature_buffer(server_type, false)),
        (BufferType::KDC_SIGNATURE, signature_buffer(ChecksumType::HMAC_SHA384_192_AES256, false)),
    ]
}

/// A PAC for [`alice`], signed with this key.
pub(crate) fn signed_pac(key: &Key) -> Vec<u8> {
    sign(lay_out(&minimal(key, client_info("alice", AUTHTIME))), key)
}

fn check(pac: &[u8], key: &Key) -> Result<(), PacError> {
    verify(pac, key, alice(), authtime()).map(|_| ())
}

fn mismatch(enctype: EncType) -> PacError {
    PacError::ServerSignature(SignatureFault::Mismatch { enctype })
}

/// The rule of `krb5-pac` that was broken.
fn broken_rule(refused: Result<(), PacError>) -> PacErrorKind {
    match refused {
        Err(PacError::Malformed(error) | PacError::ServerSignature(SignatureFault::Malformed(error))) => {
            error.kind
        }
        other => panic!("{other:?}"),
    }
}

const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;

fn enctypes() -> impl Iterator<Item = EncType> {
    [17, 18, 19, 20, 23, 25, 26].map(EncType).into_iter().filter(|enctype| enctype.is_supported())
}

/// The records of a file whose key this build supports.
fn usable(record: &&Record) -> bool {
    EncType(i32::try_from(record.int("enctype")).unwrap()).is_supported()
}

fn record_key(record: &Record) -> Key {
    Key::new(EncType(i32::try_from(record.int("enctype")).unwrap()), &record.hex("key")).unwrap()
}

#[test]
fn pacs_of_windows_verify_and_no_other_client_passes() {
    let file = vectors::load("pac/mit-t-pac.txt");
    assert!(file.records_of("pac").filter(usable).count() >= 4);
    for record in file.records_of("pac").filter(usable) {
        let (pac, key) = (record.hex("pac"), record_key(record));
        let (name, realm) = (record.hex("client"), record.hex("realm"));
        let components = [KerberosString::new(&name)];
        let name_type = NameType(i32::try_from(record.int("name_type")).unwrap());
        let client = PrincipalName::new(name_type, &components).in_realm(KerberosString::new(&realm));
        let authtime = KerberosTime::from_unix(record.int("authtime")).unwrap();

        let verified =
            verify(&pac, &key, client, authtime).unwrap_or_else(|error| panic!("{}: {error}", record.name()));
        assert_eq!(verified.as_bytes(), pac);
        assert!(verified.logon_info().unwrap().is_some());

        let other = [KerberosString::new(b"administrator")];
        let other = PrincipalName::new(name_type, &other).in_realm(client.realm);
        let refused = verify(&pac, &key, other, authtime);
        assert!(matches!(refused, Err(PacError::ClientName { .. })), "{}: {refused:?}", record.name());
        let later = KerberosTime::from_unix(record.int("authtime") + 1).unwrap();
        let refused = verify(&pac, &key, client, later);
        assert!(matches!(refused, Err(PacError::AuthTime { .. })), "{}: {refused:?}", record.name());
    }
}

/// The other realm's PACs name the client with its realm, which must then be the ticket's.
#[test]
fn a_realm_in_the_pac_must_be_the_clients() {
    let file = vectors::load("pac/mit-t-pac.txt");
    let records: Vec<_> = file.records_of("pac").filter(|r| r.name().contains("another realm")).collect();
    assert_eq!(records.len(), 2);
    for record in records {
        let name = record.hex("client");
        let components = [KerberosString::new(&name)];
        let client = PrincipalName::new(NameType::PRINCIPAL, &components).in_realm("OTHER.COM".into());
        let authtime = KerberosTime::from_unix(record.int("authtime")).unwrap();
        let refused = verify(&record.hex("pac"), &record_key(record), client, authtime).unwrap_err();
        let PacError::ClientName { seen } = refused else { panic!("{refused:?}") };
        assert!(seen.to_string().ends_with("@ACME.COM"), "{seen}");
    }
}

/// Every byte is covered, save those of the KDC's signature: its key is the KDC's alone.
#[test]
fn each_flipped_byte_is_noticed_but_in_the_kdcs_signature() {
    let file = vectors::load("pac/mit-t-pac.txt");
    let recorded = file.records_of("pac").filter(usable).map(|record| {
        let name = record.text("client");
        (record.hex("pac"), record_key(record), name, record.text("realm"), record.int("authtime"))
    });
    let made = enctypes().map(|enctype| {
        let key = key(enctype);
        (signed_pac(&key), key, "alice".into(), "EXAMPLE.COM".into(), AUTHTIME)
    });
    for (mut pac, key, name, realm, authtime) in recorded.chain(made) {
        let components = [KerberosString::from(name.as_str())];
        let client = PrincipalName::new(NameType::PRINCIPAL, &components).in_realm(realm.as_str().into());
        let authtime = KerberosTime::from_unix(authtime).unwrap();
        let not_covered = signature(&pac, BufferType::KDC_SIGNATURE);
        assert!(verify(&pac, &key, client, authtime).is_ok());
        for i in 0..pac.len() {
            pac[i] ^= 0x10;
            let outcome = verify(&pac, &key, client, authtime);
            assert_eq!(outcome.is_ok(), not_covered.contains(&i), "byte {i} for {name}: {outcome:?}");
            pac[i] ^= 0x10;
        }
    }
}

#[test]
fn a_ticket_of_windows_server_2022_verifies() {
    let file = vectors::load("pac/windows-2022-ticket.txt");
    for record in file.records_of("ticket") {
        let (ticket, key) = (record.hex("ticket"), record_key(record));
        let mut cipher = Ticket::from_der(&ticket).unwrap().enc_part.cipher.as_bytes().to_vec();
        let part = key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut cipher).unwrap();
        let part = EncTicketPart::from_der(part).unwrap();
        let client = part.cname.in_realm(part.crealm);
        assert_eq!(client.to_string(), format!("{}@{}", record.text("client"), record.text("realm")));
        let session_key = Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes()).unwrap();
        let facts = super::super::TicketFacts {
            service_key: &key,
            session_key: &session_key,
            client,
            authtime: part.authtime,
        };
        let require = super::super::PacPolicy::Require;
        let data = super::super::TicketData::check(part.authorization_data, &facts, require).unwrap();
        let pac = data.pac.expect("the policy requires it");
        let types: Vec<_> = pac.buffers().map(|buffer| buffer.buffer_type.0).collect();
        for expected in [1, 6, 7, 10, 16, 19] {
            assert!(types.contains(&expected), "{expected} in {types:?}");
        }
    }
}

#[test]
fn a_minimal_pac_verifies_under_each_enctype() {
    for enctype in enctypes() {
        let key = key(enctype);
        assert_eq!(check(&signed_pac(&key), &key), Ok(()), "{enctype}");
        let other = Key::new(enctype, &vec![0xee; enctype.key_len().unwrap()]).unwrap();
        assert_eq!(check(&signed_pac(&key), &other), Err(mismatch(enctype)));
    }
}

#[test]
fn the_order_of_buffers_is_free_and_some_may_be_empty() {
    let key = key(AES256);
    let empty = (BufferType(99), Vec::new());
    let all = minimal(&key, client_info("alice", AUTHTIME));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut buffers: Vec<_> = order.map(|i| all[i].clone()).to_vec();
        for place in 0..=buffers.len() {
            buffers.insert(place, empty.clone());
            let pac = sign(lay_out(&buffers), &key);
            let verified = verify(&pac, &key, alice(), authtime()).unwrap();
            assert_eq!(verified.buffer(empty.0).unwrap().content, []);
            assert_eq!(verified.buffers().count(), 4);
            buffers.remove(place);
        }
    }
}

/// Whether the first or the last counts, readers would not agree on. Nobody knows of a KDC that writes such.
#[test]
fn two_buffers_of_a_known_type_are_refused() {
    let key = key(AES256);
    for buffer_type in [BufferType::CLIENT_INFO, BufferType::SERVER_SIGNATURE, BufferType::KDC_SIGNATURE] {
        let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
        let again = buffers.iter().find(|(seen, _)| *seen == buffer_type).unwrap().clone();
        buffers.push(again);
        let refused = check(&sign(lay_out(&buffers), &key), &key);
        assert_eq!(broken_rule(refused), PacErrorKind::Duplicate { buffer_type });
    }
    let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
    buffers.extend([(BufferType(99), vec![1]), (BufferType(99), vec![2])]);
    assert_eq!(check(&sign(lay_out(&buffers), &key), &key), Ok(()));
}

#[test]
fn what_follows_a_signature_is_covered() {
    let key = key(AES256);
    let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
    buffers[1].1 = signature_buffer(ChecksumType::HMAC_SHA1_96_AES256, true);
    buffers[2].1 = signature_buffer(ChecksumType::HMAC_MD5, true);
    let pac = sign(lay_out(&buffers), &key);
    assert_eq!(check(&pac, &key), Ok(()));
    for buffer_type in [BufferType::SERVER_SIGNATURE, BufferType::KDC_SIGNATURE] {
        let rodc = place(&pac, buffer_type).end - 1;
        let mut pac = pac.clone();
        pac[rodc] ^= 1;
        assert_eq!(check(&pac, &key), Err(mismatch(AES256)), "{buffer_type}");
    }
}

/// A PAC whose signature of one kind is of another type, correct in all else that can be.
fn with_signature_type(key: &Key, index: usize, checksum_type: i32) -> Vec<u8> {
    let mut buffers = minimal(key, client_info("alice", AUTHTIME));
    buffers[index].1 = signature_buffer(ChecksumType(checksum_type), false);
    lay_out(&buffers)
}

#[test]
fn the_server_signature_must_be_of_the_keys_type() {
    for enctype in enctypes() {
        let key = key(enctype);
        let expected = enctype.checksum_type();
        for seen in [12, 15, 16, 17, 18, 19, 20, -138].map(ChecksumType) {
            if Some(seen) == expected {
                continue;
            }
            let refused = check(&with_signature_type(&key, 1, seen.0), &key).unwrap_err();
            assert_eq!(
                refused,
                PacError::ServerSignature(SignatureFault::Type { seen, expected }),
                "{enctype}"
            );
            assert_eq!(refused.error_code(), ErrorCode::KRB_AP_ERR_INAPP_CKSUM);
        }
        for seen in [1, 2, 7, 9, 14, -137, 0x8003, 0, 99].map(ChecksumType) {
            let refused = check(&with_signature_type(&key, 1, seen.0), &key);
            assert_eq!(refused.unwrap_err().error_code(), ErrorCode::KRB_AP_ERR_INAPP_CKSUM);
            assert_eq!(broken_rule(refused), PacErrorKind::SignatureType { seen }, "{enctype}");
        }
    }
}

/// What MS14-068 was about: a digest that anybody can make, correct for the PAC.
#[cfg(feature = "rc4")]
#[test]
fn hmac_md5_under_an_aes_key_is_refused_although_it_fits() {
    let aes = Key::new(EncType::AES128_CTS_HMAC_SHA1_96, &[7; 16]).unwrap();
    let rc4 = Key::new(EncType::RC4_HMAC, &[7; 16]).unwrap();
    let pac = sign(lay_out(&minimal(&rc4, client_info("alice", AUTHTIME))), &rc4);
    assert_eq!(check(&pac, &rc4), Ok(()));
    let (seen, expected) = (ChecksumType::HMAC_MD5, Some(ChecksumType::HMAC_SHA1_96_AES128));
    assert_eq!(check(&pac, &aes), Err(PacError::ServerSignature(SignatureFault::Type { seen, expected })));
}

#[test]
fn the_kdc_signature_must_be_there_and_keyed() {
    let key = key(AES256);
    for keyed in [12, 15, 16, 17, 18, 19, 20, -138] {
        assert_eq!(check(&sign(with_signature_type(&key, 2, keyed), &key), &key), Ok(()), "{keyed}");
    }
    for seen in [0, 1, 2, 7, 14, -137, 99].map(ChecksumType) {
        let refused = check(&with_signature_type(&key, 2, seen.0), &key);
        assert_eq!(refused.unwrap_err().error_code(), ErrorCode::KRB_AP_ERR_INAPP_CKSUM);
        assert_eq!(broken_rule(refused), PacErrorKind::SignatureType { seen });
    }
}

/// A service has a key for one signature only, and says of the others what there is to see.
#[test]
fn the_verdicts_of_the_other_signatures_are_those_of_who_has_no_key() {
    let key = key(AES256);
    let verdicts = |more: &[(BufferType, Vec<u8>)]| {
        let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
        buffers.extend_from_slice(more);
        let pac = sign(lay_out(&buffers), &key);
        verify(&pac, &key, alice(), authtime()).unwrap().verdicts()
    };
    let plain = verdicts(&[]);
    assert!(plain.server.is_verified());
    assert!(matches!(plain.kdc, Verdict::NotChecked));
    assert!(matches!((plain.ticket, plain.full), (Verdict::Missing, Verdict::Missing)));

    let good = signature_buffer(ChecksumType::HMAC_SHA1_96_AES256, false);
    let seen = ChecksumType(7);
    let unkeyed = signature_buffer(seen, false);
    let more = verdicts(&[(BufferType::TICKET_SIGNATURE, good), (BufferType::FULL_SIGNATURE, unkeyed)]);
    assert!(more.server.is_verified());
    assert!(matches!(more.ticket, Verdict::NotChecked));
    let Some(SignatureFault::Malformed(error)) = more.full.fault() else { panic!("{more:?}") };
    assert_eq!(error.kind, PacErrorKind::SignatureType { seen });
}

#[test]
fn no_buffer_that_counts_may_be_missing() {
    let key = key(AES256);
    for i in 0..3 {
        let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
        let (buffer_type, _) = buffers.remove(i);
        let pac = lay_out(&buffers);
        // Without the client info the signatures are all there, so this one gets signed.
        let pac = if buffer_type == BufferType::CLIENT_INFO { sign(pac, &key) } else { pac };
        assert_eq!(check(&pac, &key), Err(PacError::Missing { buffer_type }));
    }
}

#[test]
fn a_signature_buffer_holds_a_whole_signature() {
    let key = key(AES256);
    for (i, full) in [(1, 16), (2, 28)] {
        for size in 0..full {
            let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
            buffers[i].1.truncate(size);
            let refused = check(&lay_out(&buffers), &key);
            assert_eq!(refused.unwrap_err().error_code(), ErrorCode::KRB_AP_ERR_MODIFIED);
            assert!(matches!(broken_rule(refused), PacErrorKind::Truncated { .. }), "{refused:?}");
        }
    }
}

fn put(pac: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut pac = pac.to_vec();
    pac[at..][..bytes.len()].copy_from_slice(bytes);
    pac
}

/// The rules of the table are tested where they are kept; here that they are asked for.
#[test]
fn a_broken_table_is_refused() {
    let key = key(AES256);
    let pac = signed_pac(&key);
    let seen = 0xffff_ffff_u32;
    let refused = check(&put(&pac, 0, &seen.to_le_bytes()), &key);
    assert_eq!(broken_rule(refused), PacErrorKind::BufferCount { seen });
    // The first entry: type at 8, size at 12, offset at 16.
    let (one, other) = (BufferType::CLIENT_INFO, BufferType::SERVER_SIGNATURE);
    let refused = check(&put(&pac, 12, &25u32.to_le_bytes()), &key);
    assert_eq!(broken_rule(refused), PacErrorKind::Overlap { one, other });
    assert_eq!(refused.unwrap_err().error_code(), ErrorCode::KRB_AP_ERR_MODIFIED);
}

#[test]
fn a_pac_cut_anywhere_is_refused() {
    let key = key(AES256);
    let pac = signed_pac(&key);
    for len in 0..pac.len() {
        assert!(check(&pac[..len], &key).is_err(), "{len}");
    }
}

#[test]
fn a_pac_may_be_large_and_not_larger_than_the_limit() {
    let key = key(AES256);
    let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
    let others = lay_out(&buffers).len() + 16;
    buffers.push((BufferType::LOGON_INFO, vec![1; MAX_PAC_LEN - others]));
    let mut pac = sign(lay_out(&buffers), &key);
    assert_eq!(pac.len(), MAX_PAC_LEN);
    assert_eq!(check(&pac, &key), Ok(()));
    pac.push(0);
    assert_eq!(broken_rule(check(&pac, &key)), PacErrorKind::TooLong { len: MAX_PAC_LEN + 1 });
}

fn check_client_info(client_info: Vec<u8>, client: PrincipalRef<'_>) -> Result<(), PacError> {
    let key = key(AES256);
    let pac = sign(lay_out(&minimal(&key, client_info)), &key);
    verify(&pac, &key, client, authtime()).map(|_| ())
}

#[test]
fn the_pac_names_the_tickets_client() {
    for same in ["alice", "alice@EXAMPLE.COM"] {
        assert_eq!(check_client_info(client_info(same, AUTHTIME), alice()), Ok(()));
    }
    let others = [
        "",
        "alic",
        "alicE",
        "alicex",
        "Alice",
        "bob",
        "alice@",
        "alice@EXAMPLE.ORG",
        "alice@EXAMPLE.COM@",
        "@EXAMPLE.COM",
        "alice/",
        "/alice",
        "alice@example.com",
        "\u{1F600}",
    ];
    for other in others {
        let refused = check_client_info(client_info(other, AUTHTIME), alice());
        assert_eq!(refused, Err(PacError::ClientName { seen: Excerpt::new(other.as_bytes()) }), "{other}");
    }

    let components: [KerberosString<'_>; 2] = ["HTTP".into(), "h\u{f6}st.\u{1F600}".into()];
    let service = PrincipalName::new(NameType::SRV_HST, &components).in_realm("EXAMPLE.COM".into());
    assert_eq!(check_client_info(client_info("HTTP/h\u{f6}st.\u{1F600}", AUTHTIME), service), Ok(()));
    assert!(check_client_info(client_info("HTTPh\u{f6}st.\u{1F600}", AUTHTIME), service).is_err());
}

#[test]
fn the_pac_is_of_the_tickets_authentication() {
    for other in [AUTHTIME - 1, AUTHTIME + 1, 0, -11_644_473_600] {
        let refused = check_client_info(client_info("alice", other), alice());
        assert_eq!(refused, Err(PacError::AuthTime { seen: other, expected: authtime() }));
    }
    // Fractions of a second are the PAC's own.
    let mut info = client_info("alice", AUTHTIME);
    let filetime = u64::from_le_bytes(*info.first_chunk().unwrap());
    info[..8].copy_from_slice(&(filetime + 9_999_999).to_le_bytes());
    assert_eq!(check_client_info(info.clone(), alice()), Ok(()));
    info[..8].fill(0xff);
    assert!(matches!(check_client_info(info, alice()), Err(PacError::AuthTime { .. })));
}

#[test]
fn malformed_client_info_is_refused() {
    let whole = client_info("alice", AUTHTIME);
    let rule = |info: Vec<u8>| broken_rule(check_client_info(info, alice()));
    for size in 0..whole.len() {
        let rule = rule(whole[..size].to_vec());
        assert!(matches!(rule, PacErrorKind::Truncated { .. }), "{size}: {rule:?}");
    }
    assert!(matches!(rule(put(&whole, 8, &[0xff, 0xff])), PacErrorKind::Truncated { .. }));
    assert_eq!(rule(put(&whole, 8, &[8, 0])), PacErrorKind::TrailingData { excess: 2 });
    assert_eq!(rule(put(&whole[..19], 8, &[9, 0])), PacErrorKind::OddLength { len: 9 });
    // A surrogate without its other half is not taken for a character, and no name goes on behind a NUL.
    assert_eq!(rule(put(&whole, 18, &[0, 0xd8])), PacErrorKind::UnpairedSurrogate { unit: 0xd800 });
    assert_eq!(rule(client_info("alice\0", AUTHTIME)), PacErrorKind::Nul);
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(
        header in prop_oneof![Just(vec![2u8, 0, 0, 0, 0, 0, 0, 0]), proptest::collection::vec(any::<u8>(), 0..9)],
        rest in proptest::collection::vec(prop_oneof![Just(0u8), Just(8), Just(40), any::<u8>()], 0..120),
    ) {
        let pac = [header, rest].concat();
        prop_assert!(check(&pac, &key(AES256)).is_err());
    }

    #[test]
    fn any_utf16_name_compares_as_its_text(name in "\\PC{0,20}", other in "\\PC{0,20}") {
        let components = [KerberosString::from(name.as_str())];
        let client = PrincipalName::new(NameType::PRINCIPAL, &components).in_realm("R".into());
        prop_assert_eq!(check_client_info(client_info(&name, AUTHTIME), client), Ok(()));
        if other != name {
            prop_assert!(check_client_info(client_info(&other, AUTHTIME), client).is_err());
        }
    }
}
