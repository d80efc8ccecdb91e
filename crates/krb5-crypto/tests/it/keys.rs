//! Making, comparing and showing keys.

use krb5_crypto::{
    BufferTooSmall, ChecksumType, EncType, Key, KeyError, KeyUsage, MAX_ITERATIONS, MAX_SALT_LEN, PrfTooLong,
    StringToKeyError,
};
use test_support::TestRng;

#[cfg(feature = "alloc")]
use crate::laid_out;
use crate::{ENCTYPES, sample_key, supported};

const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;

#[test]
fn only_the_right_length_makes_a_key() {
    for enctype in supported() {
        let expected = enctype.key_len().unwrap();
        for found in (0..80).filter(|len| *len != expected) {
            let error = Key::new(enctype, &vec![1; found]).unwrap_err();
            assert_eq!(error, KeyError::Length { enctype, expected, found });
            assert_eq!(Key::random_to_key(enctype, &vec![1; found]).unwrap_err(), error);
        }
        assert_eq!(
            Key::random_to_key(enctype, &vec![1; expected]).unwrap().secret_bytes(),
            vec![1; expected]
        );
    }
}

#[test]
fn enctypes_not_in_the_build_are_refused_by_name() {
    let absent = ENCTYPES.into_iter().filter(|enctype| !enctype.is_supported());
    for enctype in
        [EncType(0), EncType(99), EncType::DES3_CBC_SHA1_KD, EncType::RC4_HMAC_EXP].into_iter().chain(absent)
    {
        let unsupported = KeyError::Unsupported(enctype);
        assert_eq!(Key::new(enctype, &[0; 16]).unwrap_err(), unsupported);
        assert_eq!(Key::generate(enctype, &mut TestRng::insecure(1)).unwrap_err(), unsupported);
        assert_eq!(
            Key::from_password(enctype, b"p", b"s", None).unwrap_err(),
            StringToKeyError::Unsupported(enctype)
        );
        assert!(unsupported.to_string().contains(&enctype.to_string()), "{unsupported}");
    }
}

#[test]
fn equality_takes_enctype_and_bytes() {
    for enctype in supported() {
        let key = sample_key(enctype, 0);
        assert!(key.ct_eq(&key.duplicate()));
        assert!(!key.ct_eq(&sample_key(enctype, 1)));
        for other in supported().filter(|other| *other != enctype) {
            assert!(!key.ct_eq(&sample_key(other, 0)));
        }
    }
}

/// Usages that are kept and one that is not, on both sides: what one encrypts or signs, the other accepts.
#[test]
#[cfg(feature = "alloc")]
fn a_key_that_keeps_what_it_derives_is_the_same_key() {
    let (ticket, reply, other) = (KeyUsage::TICKET, KeyUsage::TGS_REP_SUBKEY, KeyUsage::KRB_PRIV);
    let pac = KeyUsage::KERB_NON_KERB_CKSUM_SALT;
    for enctype in supported() {
        let plain = sample_key(enctype, 0);
        let kept = sample_key(enctype, 0).keep(&[ticket, reply], &[pac, ticket]);
        assert!(kept.ct_eq(&plain));
        for (from, to) in [(&plain, &kept), (&kept.duplicate(), &plain)] {
            for usage in [ticket, reply, other] {
                let mut message = laid_out(&from.cipher(usage), b"plaintext");
                from.cipher(usage).encrypt_in_place(&mut message, &mut TestRng::insecure(1)).unwrap();
                assert_eq!(to.cipher(usage).decrypt_in_place(&mut message).unwrap(), b"plaintext");
            }
            for usage in [pac, ticket, other] {
                let tag = from.checksum(usage).compute_tag(&[b"data"]);
                let _verified = to.checksum(usage).verify(&[b"data"], tag.as_bytes()).unwrap();
                assert_eq!(from.checksum(usage).checksum_type(), to.checksum(usage).checksum_type());
            }
        }
    }
}

#[test]
fn generated_keys_differ() {
    let rng = &mut TestRng::insecure(1);
    for enctype in supported() {
        let [first, second] = [Key::generate(enctype, rng).unwrap(), Key::generate(enctype, rng).unwrap()];
        assert_eq!(first.secret_bytes().len(), enctype.key_len().unwrap());
        assert!(!first.ct_eq(&second));
    }
}

#[test]
fn debug_shows_no_key() {
    let key = Key::new(AES256, &[0xA7; 32]).unwrap();
    assert_eq!(format!("{key:?}"), "Key { enctype: aes256-cts-hmac-sha1-96, .. }");
    assert_eq!(format!("{:?}", key.cipher(KeyUsage::TICKET)), "CipherKey { .. }");
    let checksum = format!("{:?}", key.checksum(KeyUsage::TICKET));
    assert_eq!(checksum, "ChecksumKey { checksum_type: hmac-sha1-96-aes256, .. }");
}

#[test]
fn string_to_key_parameters_are_four_bytes() {
    for enctype in supported().filter(|enctype| *enctype != EncType::RC4_HMAC) {
        for params in [&[] as &[u8], &[1], &[0, 0, 1], &[0, 0, 0, 0, 1]] {
            assert_eq!(
                Key::from_password(enctype, b"p", b"s", Some(params)).unwrap_err(),
                StringToKeyError::Parameters { enctype, found: params.len() }
            );
        }
    }
}

#[test]
fn string_to_key_iterations_are_limited() {
    for enctype in supported().filter(|enctype| *enctype != EncType::RC4_HMAC) {
        let with = |count: u32, limit| {
            Key::from_password_with_limit(enctype, b"p", b"s", Some(&count.to_be_bytes()), limit)
        };
        assert!(with(5, 5).is_ok());
        for (count, requested) in [(6, 6), (u32::MAX, u64::from(u32::MAX)), (0, 1 << 32)] {
            assert_eq!(
                with(count, 5).unwrap_err(),
                StringToKeyError::TooManyIterations { requested, limit: 5 }
            );
        }
        assert_eq!(
            Key::from_password(enctype, b"p", b"s", Some(&(MAX_ITERATIONS + 1).to_be_bytes())).unwrap_err(),
            StringToKeyError::TooManyIterations {
                requested: u64::from(MAX_ITERATIONS) + 1,
                limit: MAX_ITERATIONS
            }
        );
    }
}

#[test]
fn no_parameters_mean_the_default_count() {
    for enctype in supported().filter(|enctype| *enctype != EncType::RC4_HMAC) {
        let default: u32 = if enctype.0 <= 18 { 4096 } else { 32768 };
        let implicit = Key::from_password(enctype, b"p", b"s", None).unwrap();
        let explicit = Key::from_password(enctype, b"p", b"s", Some(&default.to_be_bytes())).unwrap();
        assert!(implicit.ct_eq(&explicit), "{enctype}");
    }
}

#[test]
fn salts_are_limited_in_length() {
    let with = |len: usize| Key::from_password(AES256, b"p", &vec![b's'; len], Some(&[0, 0, 0, 1]));
    assert!(with(MAX_SALT_LEN).is_ok());
    assert_eq!(
        with(MAX_SALT_LEN + 1).unwrap_err(),
        StringToKeyError::SaltTooLong { found: MAX_SALT_LEN + 1 }
    );
    // The longest salt that is taken is taken whole, also where a name goes in front of it.
    let mut salt = vec![b's'; MAX_SALT_LEN];
    let enctype = EncType::AES256_CTS_HMAC_SHA384_192;
    let first = Key::from_password(enctype, b"p", &salt, Some(&[0, 0, 0, 1])).unwrap();
    salt[MAX_SALT_LEN - 1] = b't';
    assert!(!first.ct_eq(&Key::from_password(enctype, b"p", &salt, Some(&[0, 0, 0, 1])).unwrap()));
}

#[cfg(feature = "rc4")]
#[test]
fn rc4_passwords_are_utf8_and_have_no_parameters() {
    let rc4 = EncType::RC4_HMAC;
    assert_eq!(Key::from_password(rc4, b"\xff", b"", None).unwrap_err(), StringToKeyError::PasswordNotUtf8);
    assert_eq!(
        Key::from_password(rc4, b"p", b"", Some(&[0, 0, 0x10, 0])).unwrap_err(),
        StringToKeyError::Parameters { enctype: rc4, found: 4 }
    );
}

#[test]
fn a_peer_cannot_choose_another_checksum_type() {
    for enctype in supported() {
        let key = sample_key(enctype, 0);
        for number in (-140..40).chain([0x8003]) {
            let checksum_type = ChecksumType(number);
            let fits = enctype.checksum_type() == Some(checksum_type)
                || (enctype == EncType::RC4_HMAC && checksum_type == ChecksumType::MD5_HMAC);
            let made = key.checksum_with_type(checksum_type, KeyUsage::KERB_NON_KERB_CKSUM_SALT);
            assert_eq!(made.is_some(), fits, "{enctype} {checksum_type}");
            if let Some(made) = made {
                assert_eq!(made.checksum_type(), checksum_type);
                assert!(checksum_type.is_keyed());
            }
        }
    }
}

#[test]
fn checksums_want_room() {
    for enctype in supported() {
        let checksum = sample_key(enctype, 0).checksum(KeyUsage::KRB_SAFE);
        let mut out = vec![0xEE; checksum.len() + 1];
        let error = checksum.compute(&[b"text"], &mut out[..checksum.len() - 1]).unwrap_err();
        assert_eq!(error, BufferTooSmall { needed: checksum.len(), found: checksum.len() - 1 });
        checksum.compute(&[b"text"], &mut out).unwrap();
        assert_eq!(&out[..checksum.len()], checksum.compute_tag(&[b"text"]).as_bytes());
        assert_eq!(out[checksum.len()], 0xEE);
    }
}

#[test]
fn prf_plus_counts_from_one_in_front_of_the_pepper() {
    for enctype in supported() {
        let key = sample_key(enctype, 0);
        let len = key.prf_len();
        let mut long = vec![0; 2 * len + 3];
        key.prf_plus(b"pepper", &mut long).unwrap();
        let mut block = vec![0; len];
        for (part, counter) in long.chunks(len).zip(1u8..) {
            key.prf(&[&[counter], b"pepper" as &[u8]].concat(), &mut block);
            assert_eq!(part, &block[..part.len()], "{enctype}");
        }
    }
}

#[test]
fn prf_plus_has_an_end() {
    for enctype in supported() {
        let key = sample_key(enctype, 0);
        let limit = 255 * key.prf_len();
        let mut out = vec![0; limit + 1];
        assert_eq!(key.prf_plus(b"", &mut out).unwrap_err(), PrfTooLong { limit, requested: limit + 1 });
        assert!(out.iter().all(|byte| *byte == 0), "{enctype}");
        key.prf_plus(b"", &mut out[..limit]).unwrap();
    }
}

#[test]
fn cf2_gives_the_first_keys_enctype() {
    for first in supported() {
        for second in supported() {
            let combined = sample_key(first, 0).cf2(&sample_key(second, 1), b"a", b"b").unwrap();
            assert_eq!(combined.enctype(), first);
            let mut expected = vec![0; first.key_len().unwrap()];
            let mut other = expected.clone();
            sample_key(first, 0).prf_plus(b"a", &mut expected).unwrap();
            sample_key(second, 1).prf_plus(b"b", &mut other).unwrap();
            expected.iter_mut().zip(other).for_each(|(to, from)| *to ^= from);
            assert_eq!(combined.secret_bytes(), expected);
        }
    }
}
