extern crate alloc;

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use krb5_asn1::{Decode, EncTicketPart, KerberosString, NameType, PrincipalName, Ticket};
use krb5_crypto::EncType;
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

/// An unsigned signature buffer, with what a read-only domain controller adds.
fn signature_buffer(checksum_type: ChecksumType, rodc: bool) -> Vec<u8> {
    let mut buffer = checksum_type.0.to_le_bytes().to_vec();
    buffer.resize(4 + signature_len(checksum_type).unwrap_or(16), 0);
    buffer.extend_from_slice(if rodc { b"\x34\x12" } else { b"" });
    buffer
}

/// Lays buffers out as a KDC does: behind the table, in order, each at a multiple of 8.
fn lay_out(buffers: &[(PacBufferType, Vec<u8>)]) -> Vec<u8> {
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
    let table = Table::read(&pac).unwrap();
    let (_, server) = signature(&table, PacBufferType::SERVER_CHECKSUM, None).unwrap();
    let (_, kdc) = signature(&table, PacBufferType::KDC_CHECKSUM, None).unwrap();
    pac[server.clone()].fill(0);
    pac[kdc.clone()].fill(0);
    // Over one plain copy with zeros in it, unlike the code under test.
    let tag = key.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT).compute_tag(&[&pac]);
    pac[server].copy_from_slice(tag.as_bytes());
    pac[kdc].fill(0x5a);
    pac
}

/// The buffers that each PAC has, in the order in which MIT's KDC writes them.
fn minimal(key: &Key, client_info: Vec<u8>) -> Vec<(PacBufferType, Vec<u8>)> {
    let server_type = key.enctype().checksum_type().unwrap();
    vec![
        (PacBufferType::CLIENT_INFO, client_info),
        (PacBufferType::SERVER_CHECKSUM, signature_buffer(server_type, false)),
        (PacBufferType::KDC_CHECKSUM, signature_buffer(ChecksumType::HMAC_SHA384_192_AES256, false)),
    ]
}

/// A PAC for [`alice`], signed with this key.
pub(crate) fn signed_pac(key: &Key) -> Vec<u8> {
    sign(lay_out(&minimal(key, client_info("alice", AUTHTIME))), key)
}

fn check(pac: &[u8], key: &Key) -> Result<(), PacError> {
    verify(pac, key, alice(), authtime()).map(|_| ())
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
        assert!(verified.buffer(PacBufferType::LOGON_INFO).unwrap().starts_with(b"\x01\x10\x08\x00"));

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
        let (_, not_covered) =
            signature(&Table::read(&pac).unwrap(), PacBufferType::KDC_CHECKSUM, None).unwrap();
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
        let types: Vec<_> = pac.buffers().map(|(buffer_type, _)| buffer_type.0).collect();
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
        assert_eq!(check(&signed_pac(&key), &other), Err(PacError::Signature { enctype }));
    }
}

#[test]
fn the_order_of_buffers_is_free_and_some_may_be_empty() {
    let key = key(AES256);
    let empty = (PacBufferType(99), Vec::new());
    let all = minimal(&key, client_info("alice", AUTHTIME));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut buffers: Vec<_> = order.map(|i| all[i].clone()).to_vec();
        for place in 0..=buffers.len() {
            buffers.insert(place, empty.clone());
            let pac = sign(lay_out(&buffers), &key);
            let verified = verify(&pac, &key, alice(), authtime()).unwrap();
            assert_eq!(verified.buffer(empty.0), Some(&[][..]));
            assert_eq!(verified.buffers().count(), 4);
            buffers.remove(place);
        }
    }
}

#[test]
fn of_two_buffers_of_a_type_the_first_counts() {
    let key = key(AES256);
    let twice = |first: &str, second: &str| {
        let mut buffers = minimal(&key, client_info(first, AUTHTIME));
        buffers.push((PacBufferType::CLIENT_INFO, client_info(second, AUTHTIME)));
        // A second pair of signatures, which are ordinary bytes and covered.
        buffers.push((PacBufferType::SERVER_CHECKSUM, vec![7; 16]));
        buffers.push((PacBufferType::KDC_CHECKSUM, vec![]));
        sign(lay_out(&buffers), &key)
    };
    assert_eq!(check(&twice("alice", "bob"), &key), Ok(()));
    assert!(matches!(check(&twice("bob", "alice"), &key), Err(PacError::ClientName { .. })));
    let mut pac = twice("alice", "bob");
    let second_signature = pac.len() - 5;
    pac[second_signature] ^= 1;
    assert_eq!(check(&pac, &key), Err(PacError::Signature { enctype: AES256 }));
}

#[test]
fn what_follows_a_signature_is_covered() {
    let key = key(AES256);
    let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
    buffers[1].1 = signature_buffer(ChecksumType::HMAC_SHA1_96_AES256, true);
    buffers[2].1 = signature_buffer(ChecksumType::HMAC_MD5, true);
    let pac = sign(lay_out(&buffers), &key);
    assert_eq!(check(&pac, &key), Ok(()));
    for buffer_type in [PacBufferType::SERVER_CHECKSUM, PacBufferType::KDC_CHECKSUM] {
        let rodc = Table::read(&pac).unwrap().first(buffer_type).unwrap().range.end - 1;
        let mut pac = pac.clone();
        pac[rodc] ^= 1;
        assert_eq!(check(&pac, &key), Err(PacError::Signature { enctype: AES256 }), "{buffer_type}");
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
    let buffer_type = PacBufferType::SERVER_CHECKSUM;
    for enctype in enctypes() {
        let key = key(enctype);
        let expected = enctype.checksum_type();
        for seen in [1, 2, 7, 9, 12, 14, 15, 16, 17, 18, 19, 20, -137, -138, 0x8003, 0, 99].map(ChecksumType)
        {
            if Some(seen) == expected {
                continue;
            }
            let refused = check(&with_signature_type(&key, 1, seen.0), &key);
            assert_eq!(refused, Err(PacError::SignatureType { buffer_type, seen, expected }), "{enctype}");
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
    assert_eq!(
        check(&pac, &aes),
        Err(PacError::SignatureType {
            buffer_type: PacBufferType::SERVER_CHECKSUM,
            seen: ChecksumType::HMAC_MD5,
            expected: Some(ChecksumType::HMAC_SHA1_96_AES128),
        })
    );
}

#[test]
fn the_kdc_signature_must_be_there_and_keyed() {
    let key = key(AES256);
    let buffer_type = PacBufferType::KDC_CHECKSUM;
    for keyed in [12, 15, 16, 17, 18, 19, 20, -138] {
        assert_eq!(check(&sign(with_signature_type(&key, 2, keyed), &key), &key), Ok(()), "{keyed}");
    }
    for seen in [0, 1, 2, 7, 14, -137, 99].map(ChecksumType) {
        let refused = check(&with_signature_type(&key, 2, seen.0), &key);
        assert_eq!(refused, Err(PacError::SignatureType { buffer_type, seen, expected: None }));
    }
}

#[test]
fn no_buffer_that_counts_may_be_missing() {
    let key = key(AES256);
    for i in 0..3 {
        let mut buffers = minimal(&key, client_info("alice", AUTHTIME));
        let (buffer_type, _) = buffers.remove(i);
        let pac = lay_out(&buffers);
        // Without the client info the signatures are all there, so this one gets signed.
        let pac = if buffer_type == PacBufferType::CLIENT_INFO { sign(pac, &key) } else { pac };
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
            let buffer_type = buffers[i].0;
            let refused = check(&lay_out(&buffers), &key);
            assert_eq!(refused, Err(PacError::SignatureLength { buffer_type, size }));
        }
    }
}

fn put(pac: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut pac = pac.to_vec();
    pac[at..][..bytes.len()].copy_from_slice(bytes);
    pac
}

#[test]
fn the_table_is_checked_before_it_is_used() {
    let key = key(AES256);
    let pac = signed_pac(&key);
    let len = pac.len();
    let buffer_type = PacBufferType::CLIENT_INFO;
    for seen in [0, 65, 0x1000_0000, 0x1000_0001, 0x7fff_ffff, 0xffff_ffff_u32] {
        let refused = check(&put(&pac, 0, &seen.to_le_bytes()), &key);
        assert_eq!(refused, Err(PacError::BufferCount { seen }));
    }
    assert_eq!(check(&put(&pac, 0, &[64]), &key), Err(PacError::Truncated { len }));
    assert_eq!(check(&put(&pac, 4, &[1]), &key), Err(PacError::Version { seen: 1 }));

    // The first entry: type at 8, size at 12, offset at 16.
    for offset in [57, 60, u64::MAX - 1] {
        let refused = check(&put(&pac, 16, &offset.to_le_bytes()), &key);
        assert_eq!(refused, Err(PacError::Misaligned { buffer_type, offset }));
    }
    let size = 20;
    let past_end = u64::try_from(len).unwrap();
    for offset in [0, 8, 48, past_end, past_end + 8, 1 << 32, (1 << 32) + 56, 1 << 63, u64::MAX - 7] {
        let refused = check(&put(&pac, 16, &offset.to_le_bytes()), &key);
        assert_eq!(refused, Err(PacError::OutOfBounds { buffer_type, offset, size }));
    }
    let whole = u32::try_from(len).unwrap();
    for size in [whole, whole - 55, 0x7fff_ffff, 0xffff_ffc8, u32::MAX] {
        let refused = check(&put(&pac, 12, &size.to_le_bytes()), &key);
        assert_eq!(refused, Err(PacError::OutOfBounds { buffer_type, offset: 56, size }));
    }
    // Even an empty buffer is inside, or just at the end.
    let empty = put(&pac, 12, &0u32.to_le_bytes());
    assert!(matches!(
        check(&put(&empty, 16, &past_end.to_le_bytes()), &key),
        Err(PacError::Signature { .. })
    ));
    let refused = check(&put(&empty, 16, &(past_end + 8).to_le_bytes()), &key);
    assert!(matches!(refused, Err(PacError::OutOfBounds { .. })));
}

#[test]
fn buffers_do_not_share_bytes() {
    let key = key(AES256);
    let pac = signed_pac(&key);
    let (one, other) = (PacBufferType::CLIENT_INFO, PacBufferType::SERVER_CHECKSUM);
    assert_eq!(check(&put(&pac, 12, &25u32.to_le_bytes()), &key), Err(PacError::Overlap { one, other }));
    assert_eq!(check(&put(&pac, 16, &80u64.to_le_bytes()), &key), Err(PacError::Overlap { one, other }));
    let (one, other) = (PacBufferType::SERVER_CHECKSUM, PacBufferType::KDC_CHECKSUM);
    assert_eq!(check(&put(&pac, 48, &80u64.to_le_bytes()), &key), Err(PacError::Overlap { one, other }));
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
    buffers.push((PacBufferType::LOGON_INFO, vec![1; MAX_PAC_LEN - others]));
    let mut pac = sign(lay_out(&buffers), &key);
    assert_eq!(pac.len(), MAX_PAC_LEN);
    assert_eq!(check(&pac, &key), Ok(()));
    pac.push(0);
    assert_eq!(check(&pac, &key), Err(PacError::TooLong { len: MAX_PAC_LEN + 1 }));
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
        "alice\0",
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
    for size in 0..whole.len() {
        let refused = check_client_info(whole[..size].to_vec(), alice());
        assert_eq!(refused, Err(PacError::ClientInfo { size }), "{size}");
    }
    let size = whole.len();
    assert_eq!(check_client_info(put(&whole, 8, &[9, 0]), alice()), Err(PacError::ClientInfo { size }));
    assert_eq!(check_client_info(put(&whole, 8, &[0xff, 0xff]), alice()), Err(PacError::ClientInfo { size }));
    // A surrogate without its other half is not taken for a character.
    let lone = check_client_info(put(&whole, 18, &[0, 0xd8]), alice());
    assert!(matches!(lone, Err(PacError::ClientName { .. })), "{lone:?}");
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
