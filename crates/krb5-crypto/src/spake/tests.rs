//! Vectors of RFC 9588 appendix B in both roles, and what is refused.

use alloc::format;
use alloc::vec::Vec;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use proptest::prelude::*;
use test_support::TestRng;
use test_support::vectors::{Record, load};

use super::*;

const FILE: &str = "crypto/rfc9588-spake.txt";

fn array(record: &Record, key: &str) -> [u8; 32] {
    record.hex(key).try_into().unwrap()
}

fn reply_key(record: &Record) -> Key {
    Key::new(EncType(record.int("enctype").try_into().unwrap()), &record.hex("key")).unwrap()
}

fn group(record: &Record) -> Group {
    Group::from_number(record.int("group").try_into().unwrap()).unwrap()
}

fn transcript(record: &Record) -> Transcript {
    Transcript::new(&record.opt_hex("support").unwrap_or_default(), &record.hex("challenge"))
}

/// Of one role: its private value and public value, and the peer's public value.
const ROLES: [(Role, &str, &str, &str); 2] = [(Role::Kdc, "x", "T", "S"), (Role::Client, "y", "S", "T")];

#[test]
fn vectors_of_rfc9588_in_both_roles() {
    let file = load(FILE);
    let records: Vec<_> = file.records_of("spake").collect();
    for wanted in Group::ALL {
        assert!(records.iter().any(|record| group(record) == wanted), "{wanted}");
    }
    for record in records {
        let name = record.name();
        assert_eq!(transcript(record).as_bytes(), &array(record, "transcript"), "{name}");
        for (role, private, own, peer) in ROLES {
            let party =
                Party::restore(role, group(record), &reply_key(record), &array(record, private)).unwrap();
            assert_eq!(*party.multiplier, array(record, "w"), "{name}");
            assert_eq!(party.public_value().as_bytes(), record.hex(own), "{name}, {role:?}");
            assert_eq!(party.secret_private_value(), &array(record, private), "{name}, {role:?}");
            let keys = party.agree(&record.hex(peer), &transcript(record)).unwrap();
            assert_eq!(keys.shared.bytes(), record.hex("K"), "{name}, {role:?}");
            assert_eq!(keys.transcript.as_bytes(), &array(record, "transcript-final"), "{name}, {role:?}");
            for (n, key) in [(0, "K0"), (1, "K1"), (2, "K2"), (3, "K3")] {
                let derived = keys.key(n, &record.hex("body")).unwrap();
                assert_eq!(derived.secret_bytes(), record.hex(key), "{name}, {role:?}, {key}");
                assert_eq!(derived.enctype(), reply_key(record).enctype());
            }
        }
    }
}

fn sample_key(byte: u8) -> Key {
    Key::new(EncType::AES256_CTS_HMAC_SHA1_96, &[byte; 32]).unwrap()
}

fn party(role: Role, group: Group, key: &Key, seed: u64) -> Party {
    Party::generate(role, group, key, &mut TestRng::insecure(seed)).unwrap()
}

fn transcript_of(text: &[u8]) -> Transcript {
    Transcript::new(b"support", text)
}

/// K'\[n\] of a client and a KDC that were given these things to differ in.
fn both(group: Group, keys: [&Key; 2], transcripts: [&Transcript; 2], bodies: [&[u8]; 2]) -> [Key; 2] {
    let client = party(Role::Client, group, keys[0], 1);
    let kdc = party(Role::Kdc, group, keys[1], 2);
    let (s, t) = (client.public_value(), kdc.public_value());
    [
        client.agree(t.as_bytes(), transcripts[0]).unwrap().key(1, bodies[0]).unwrap(),
        kdc.agree(s.as_bytes(), transcripts[1]).unwrap().key(1, bodies[1]).unwrap(),
    ]
}

#[test]
fn keys_differ_with_everything_that_goes_into_them() {
    let (key, other_key) = (sample_key(1), sample_key(2));
    let (transcript, other_transcript) = (transcript_of(b"a"), transcript_of(b"b"));
    for group in Group::ALL {
        let agreed = |keys, transcripts, bodies| {
            let [client, kdc] = both(group, keys, transcripts, bodies);
            client.ct_eq(&kdc)
        };
        assert!(agreed([&key, &key], [&transcript, &transcript], [b"r", b"r"]));
        assert!(!agreed([&key, &other_key], [&transcript, &transcript], [b"r", b"r"]));
        assert!(!agreed([&key, &key], [&transcript, &other_transcript], [b"r", b"r"]));
        assert!(!agreed([&key, &key], [&transcript, &transcript], [b"r", b"s"]));
    }
}

/// Two sides that both think they are the same one.
#[test]
fn the_role_decides_the_mask() {
    for (group, role) in Group::ALL.into_iter().flat_map(|group| [(group, Role::Kdc), (group, Role::Client)])
    {
        let key = sample_key(3);
        let (a, b) = (party(role, group, &key, 1), party(role, group, &key, 2));
        let (of_a, of_b) = (a.public_value(), b.public_value());
        let shared_of_a = a.agree(of_b.as_bytes(), &transcript_of(b"")).unwrap().shared;
        let shared_of_b = b.agree(of_a.as_bytes(), &transcript_of(b"")).unwrap().shared;
        assert_ne!(shared_of_a.bytes(), shared_of_b.bytes());
    }
}

#[test]
fn a_value_of_the_other_group_is_refused() {
    let key = sample_key(4);
    for (own, other) in [(Group::Edwards25519, Group::P256), (Group::P256, Group::Edwards25519)] {
        let peer = party(Role::Kdc, other, &key, 1).public_value();
        assert_eq!(
            party(Role::Client, own, &key, 2).agree(peer.as_bytes(), &transcript_of(b"")).unwrap_err(),
            SpakeError::Length { group: own, expected: own.element_len(), found: other.element_len() }
        );
    }
    for number in [-1, 0, 3, 4] {
        assert_eq!(Group::from_number(number), None);
    }
}

/// What both roles say to a public value, which is the same.
fn verdict(group: Group, peer: &[u8]) -> Result<(), SpakeError> {
    let key = sample_key(5);
    let [kdc, client] = [Role::Kdc, Role::Client]
        .map(|role| party(role, group, &key, 1).agree(peer, &transcript_of(b"")).map(|_| ()));
    assert_eq!(kdc, client);
    kdc
}

#[test]
fn lengths_other_than_the_groups_are_refused() {
    for group in Group::ALL {
        let good = party(Role::Kdc, group, &sample_key(6), 1).public_value();
        let expected = group.element_len();
        for found in (0..expected).chain([expected + 1]) {
            let mut bytes = good.as_bytes().to_vec();
            bytes.resize(found, 0);
            assert_eq!(verdict(group, &bytes), Err(SpakeError::Length { group, expected, found }));
        }
    }
}

#[test]
fn edwards25519_takes_only_the_one_encoding_of_an_element() {
    let refused = Err(SpakeError::Encoding { group: Group::Edwards25519 });
    // y = 2 is on no point of the curve.
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    assert!(CompressedEdwardsY(off_curve).decompress().is_none());
    assert_eq!(verdict(Group::Edwards25519, &off_curve), refused);

    // y from 0 to 18, with the field's order 2^255 - 19 added.
    let mut taken_by_the_library = 0;
    for low in 0xed..=0xff {
        for top in [0x7f, 0xff] {
            let mut encoded = [0xff; 32];
            (encoded[0], encoded[31]) = (low, top);
            taken_by_the_library += usize::from(CompressedEdwardsY(encoded).decompress().is_some());
            assert_eq!(verdict(Group::Edwards25519, &encoded), refused, "{encoded:02x?}");
        }
    }
    assert_ne!(taken_by_the_library, 0);

    // x = 0 with a sign: the identity, and the element of order 2.
    let mut identity = [0; 32];
    (identity[0], identity[31]) = (1, 0x80);
    assert_eq!(verdict(Group::Edwards25519, &identity), refused);
    let mut order_2 = [0xff; 32];
    order_2[0] = 0xec;
    assert_eq!(verdict(Group::Edwards25519, &order_2), refused);
}

#[test]
fn edwards25519_refuses_elements_of_small_order() {
    for element in EIGHT_TORSION {
        assert_eq!(
            verdict(Group::Edwards25519, element.compress().as_bytes()),
            Err(SpakeError::SmallOrder { group: Group::Edwards25519 })
        );
    }
}

/// Whatever a peer adds out of the small subgroup, the shared element tells it nothing.
#[test]
fn edwards25519_multiplies_the_small_subgroup_away() {
    let key = sample_key(7);
    let client = party(Role::Client, Group::Edwards25519, &key, 1).public_value();
    let honest = CompressedEdwardsY::from_slice(client.as_bytes()).unwrap().decompress().unwrap();
    assert!(honest.is_torsion_free());
    let shared_with = |peer: &[u8]| {
        party(Role::Kdc, Group::Edwards25519, &key, 2).agree(peer, &transcript_of(b"")).unwrap().shared
    };
    let expected = shared_with(client.as_bytes());
    for element in EIGHT_TORSION {
        let peer = (honest + element).compress();
        assert_eq!(shared_with(peer.as_bytes()).bytes(), expected.bytes());
    }
}

#[test]
fn p256_takes_only_compressed_points_of_the_curve() {
    let good = party(Role::Kdc, Group::P256, &sample_key(5), 2).public_value().as_bytes().to_vec();
    assert_eq!(verdict(Group::P256, &good), Ok(()));
    let with = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = good.clone();
        change(&mut bytes);
        verdict(Group::P256, &bytes)
    };
    let refused = Err(SpakeError::Encoding { group: Group::P256 });
    // The other point with this x is as good as any.
    assert_eq!(with(&|bytes| bytes[0] ^= 1), Ok(()));
    for tag in [0, 1, 4, 5, 6, 7, 0x82, 0xff] {
        assert_eq!(with(&|bytes| bytes[0] = tag), refused, "{tag}");
    }
    // x not below the field's order, x on no point, and what some libraries take for the identity.
    assert_eq!(with(&|bytes| bytes[1..].fill(0xff)), refused);
    assert_eq!(with(&|bytes| bytes.fill(0)), refused);
    let on_curve = (0..=u8::MAX).filter(|low| with(&|bytes| bytes[32] = *low) != refused).count();
    assert!((64..192).contains(&on_curve), "about half of all x are on the curve, not {on_curve} of 256");
}

/// Who knows the key can send its mask alone, or with something of the small subgroup.
#[test]
fn a_shared_identity_is_refused() {
    let key = sample_key(8);
    for (role, peer) in [(Role::Kdc, Role::Client), (Role::Client, Role::Kdc)] {
        let group = Group::Edwards25519;
        let mask = edwards25519::mask(peer, &multiplier(group, &key).unwrap()).unwrap();
        for element in EIGHT_TORSION {
            let value = (*mask + element).compress();
            let agreed = party(role, group, &key, 1).agree(value.as_bytes(), &transcript_of(b""));
            assert_eq!(agreed.unwrap_err(), SpakeError::Identity { group });
        }

        let group = Group::P256;
        let mask = p256::mask(peer, &multiplier(group, &key).unwrap()).unwrap();
        let value = p256::encode(*mask).unwrap();
        let agreed = party(role, group, &key, 1).agree(value.bytes(), &transcript_of(b""));
        assert_eq!(agreed.unwrap_err(), SpakeError::Identity { group });
    }
}

#[test]
fn private_values_out_of_range_are_refused() {
    let restored =
        |group, value: &[u8; 32]| Party::restore(Role::Kdc, group, &sample_key(9), value).map(|_| ());
    for group in Group::ALL {
        let refused = Err(SpakeError::PrivateValue { group });
        assert_eq!(restored(group, &[0; 32]), refused);
        assert_eq!(restored(group, &[0xff; 32]), refused);
        // A source of randomness that is stuck at zero.
        let mut stuck = test_support::ScriptedRng::insecure([0; 64]);
        assert_eq!(Party::generate(Role::Client, group, &sample_key(9), &mut stuck).map(|_| ()), refused);
    }

    let largest = Scalar::ZERO - Scalar::ONE;
    let times_eight = |scalar: &Scalar, more: u8| {
        let mut bytes = scalar.to_bytes().map(|byte| byte << 3);
        scalar.as_bytes().iter().zip(&mut bytes[1..]).for_each(|(from, to)| *to |= from >> 5);
        bytes[0] += more;
        bytes
    };
    let group = Group::Edwards25519;
    assert_eq!(restored(group, &times_eight(&Scalar::ONE, 0)), Ok(()));
    assert_eq!(restored(group, &times_eight(&largest, 0)), Ok(()));
    for more in 1..=8 {
        // Not divisible by the cofactor, and from 8 on not below the order.
        assert_eq!(restored(group, &times_eight(&largest, more)), Err(SpakeError::PrivateValue { group }));
    }

    let group = Group::P256;
    let mut order: [u8; 32] = (::p256::Scalar::ZERO - ::p256::Scalar::ONE).to_bytes().into();
    assert_eq!(restored(group, &order), Ok(()));
    order[31] += 1;
    assert_eq!(restored(group, &order), Err(SpakeError::PrivateValue { group }));
}

#[test]
fn debug_shows_no_secrets() {
    let key = sample_key(0xAB);
    let kdc = party(Role::Kdc, Group::P256, &key, 1);
    assert_eq!(format!("{kdc:?}"), "Party { group: P256, role: Kdc, enctype: aes256-cts-hmac-sha1-96, .. }");
    let client = party(Role::Client, Group::P256, &key, 2).public_value();
    let keys = kdc.agree(client.as_bytes(), &transcript_of(b"")).unwrap();
    assert_eq!(format!("{keys:?}"), "Keys { group: P256, enctype: aes256-cts-hmac-sha1-96, .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_roles_agree(seeds: [u64; 2], key: [u8; 32], n: u32, body: Vec<u8>, challenge: Vec<u8>) {
        let key = Key::new(EncType::AES256_CTS_HMAC_SHA384_192, &key).unwrap();
        for group in Group::ALL {
            let kdc = party(Role::Kdc, group, &key, seeds[0]);
            let client = party(Role::Client, group, &key, seeds[1]);
            let (s, t) = (client.public_value(), kdc.public_value());
            // The KDC forgets everything but what it put into a cookie.
            let private = *kdc.secret_private_value();
            let kept = *transcript_of(&challenge).as_bytes();
            let kdc = Party::restore(Role::Kdc, group, &key, &private).unwrap();
            prop_assert_eq!(kdc.public_value(), t);
            let of_kdc = kdc.agree(s.as_bytes(), &Transcript::from_bytes(kept)).unwrap();
            let of_client = client.agree(t.as_bytes(), &transcript_of(&challenge)).unwrap();
            let (of_kdc, of_client) = (of_kdc.key(n, &body).unwrap(), of_client.key(n, &body).unwrap());
            prop_assert!(of_kdc.ct_eq(&of_client));
        }
    }

    /// What is taken is the encoding that the library writes, in whichever role.
    #[test]
    fn arbitrary_values_are_elements_or_refused(bytes: [u8; 32], odd: bool) {
        match verdict(Group::Edwards25519, &bytes) {
            Ok(()) => {
                let point = CompressedEdwardsY(bytes).decompress().unwrap();
                prop_assert_eq!(point.compress().to_bytes(), bytes);
            }
            Err(error) => prop_assert!(
                matches!(error, SpakeError::Encoding { .. } | SpakeError::SmallOrder { .. }), "{}", error
            ),
        }
        let mut sec1 = [2 + u8::from(odd); 33];
        sec1[1..].copy_from_slice(&bytes);
        let is_point = ::p256::PublicKey::from_sec1_bytes(&sec1).is_ok();
        prop_assert_eq!(verdict(Group::P256, &sec1).is_ok(), is_point);
    }
}
