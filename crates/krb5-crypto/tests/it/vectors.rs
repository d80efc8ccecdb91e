//! Values from specifications and other implementations, see `vectors/crypto/README.md`.

use krb5_crypto::{ChecksumType, Key, KeyUsage, StringToKeyError};
use test_support::vectors::{Record, load};

use crate::{enctype, key, laid_out};

fn usage(record: &Record) -> KeyUsage {
    KeyUsage(record.int("usage").try_into().unwrap())
}

fn check_string_to_key(file: &str) {
    for record in load(file).records_of("string-to-key") {
        let params: Option<[u8; 4]> =
            record.get("iterations").map(|_| u32::try_from(record.int("iterations")).unwrap().to_be_bytes());
        let salt = record.opt_hex("salt").unwrap_or_default();
        let made = Key::from_password(
            enctype(record),
            &record.hex("password"),
            &salt,
            params.as_ref().map(<[u8; 4]>::as_slice),
        );
        match key(record) {
            Some(expected) => {
                assert_eq!(made.unwrap().secret_bytes(), expected.secret_bytes(), "{}", record.name());
            }
            None => assert_eq!(made.unwrap_err(), StringToKeyError::Unsupported(enctype(record))),
        }
    }
}

#[test]
fn string_to_key_of_rfc3962() {
    check_string_to_key("crypto/rfc3962-string-to-key.txt");
}

#[test]
fn string_to_key_of_rfc8009() {
    check_string_to_key("crypto/rfc8009-string-to-key.txt");
}

#[test]
fn string_to_key_of_rfc6803() {
    check_string_to_key("crypto/rfc6803-string-to-key.txt");
}

#[test]
fn string_to_key_of_rc4() {
    check_string_to_key("crypto/rc4-string-to-key.txt");
}

#[test]
fn string_to_key_of_ms_kile() {
    check_string_to_key("crypto/ms-kile-string-to-key.txt");
}

/// Decrypts each message, encrypts it again with the confounder found in it, and breaks it in every way.
fn check_encryption(file: &str) {
    for record in load(file).records_of("encryption") {
        let Some(key) = key(record) else { continue };
        let cipher = key.cipher(usage(record));
        let (plaintext, ciphertext) = (record.hex("plaintext"), record.hex("ciphertext"));

        let mut message = ciphertext.clone();
        assert_eq!(cipher.decrypt_in_place(&mut message).unwrap(), plaintext, "{}", record.name());
        let confounder = &message[cipher.header_len() - cipher.confounder_len()..cipher.header_len()];
        if let Some(stated) = record.opt_hex("confounder") {
            assert_eq!(confounder, stated, "{}", record.name());
        }

        let mut again = laid_out(&cipher, &plaintext);
        cipher.encrypt_in_place_with_confounder(&mut again, confounder).unwrap();
        assert_eq!(again, ciphertext, "{}", record.name());

        crate::tampering::assert_any_change_is_noticed(&cipher, &ciphertext);
        let other_usage = key.cipher(KeyUsage(usage(record).0 + 100));
        other_usage.decrypt_in_place(&mut ciphertext.clone()).unwrap_err();
        let mut other_key = record.hex("key");
        other_key[0] ^= 0x10;
        let other_key = Key::new(enctype(record), &other_key).unwrap();
        other_key.cipher(usage(record)).decrypt_in_place(&mut ciphertext.clone()).unwrap_err();
    }
}

#[test]
fn encryption_of_mit() {
    check_encryption("crypto/mit-encryption.txt");
}

#[test]
fn encryption_of_rc4_usages_recorded_from_mit() {
    check_encryption("crypto/recorded-rc4-encryption.txt");
}

#[test]
fn encryption_of_rfc8009() {
    check_encryption("crypto/rfc8009-encryption.txt");
}

#[test]
fn encryption_of_rfc6803() {
    check_encryption("crypto/rfc6803-encryption.txt");
}

fn check_checksums(file: &str) {
    for record in load(file).records_of("checksum") {
        let Some(key) = key(record) else { continue };
        let checksum_type = ChecksumType(record.int("checksum-type").try_into().unwrap());
        let (text, expected) = (record.hex("text"), record.hex("checksum"));
        let checksum = key.checksum_with_type(checksum_type, usage(record)).unwrap();
        assert_eq!(checksum.checksum_type(), checksum_type);
        assert_eq!(checksum.len(), expected.len());
        assert_eq!(checksum.compute_tag(&[&text]).as_bytes(), expected, "{}", record.name());

        let (left, right) = text.split_at(text.len() / 2);
        let mut out = vec![0; expected.len()];
        checksum.compute(&[left, &[], right], &mut out).unwrap();
        assert_eq!(out, expected, "{}", record.name());
        let _verified = checksum.verify(&[left, right], &expected).unwrap();
        crate::tampering::assert_any_change_of_tag_is_noticed(&checksum, &text, &expected);
        let other_usage = key.checksum_with_type(checksum_type, KeyUsage(usage(record).0 + 100)).unwrap();
        other_usage.verify(&[&text], &expected).unwrap_err();
    }
}

#[test]
fn checksums_of_mit() {
    check_checksums("crypto/mit-checksum.txt");
}

#[test]
fn checksums_of_rc4_usages_recorded_from_mit() {
    check_checksums("crypto/recorded-rc4-checksum.txt");
}

#[test]
fn checksums_of_rfc8009() {
    check_checksums("crypto/rfc8009-checksum.txt");
}

#[test]
fn checksums_of_rfc6803() {
    check_checksums("crypto/rfc6803-checksum.txt");
}

fn check_prf(file: &str) {
    for record in load(file).records_of("prf") {
        let Some(key) = key(record) else { continue };
        let (input, expected) = (record.hex("input"), record.hex("output"));
        let mut out = [0; 64];
        assert_eq!(key.prf(&input, &mut out), expected.len());
        assert_eq!(key.prf_len(), expected.len());
        assert_eq!(out[..expected.len()], expected, "{}", record.name());

        let (left, right) = input.split_at(1);
        let mut short = [0; 5];
        assert_eq!(key.prf_chunks(&[left, right], &mut short), 5);
        assert_eq!(short, expected[..5], "{}", record.name());
    }
}

#[test]
fn prf_of_mit() {
    check_prf("crypto/mit-prf.txt");
}

#[test]
fn prf_recorded_from_mit() {
    check_prf("crypto/recorded-prf.txt");
}

#[test]
fn prf_of_rfc8009() {
    check_prf("crypto/rfc8009-prf.txt");
}

fn check_cf2(file: &str) {
    for record in load(file).records_of("cf2") {
        let Some(expected) = key(record) else { continue };
        let made_of =
            |password: &[u8]| Key::from_password(enctype(record), password, password, None).unwrap();
        let combined = made_of(&record.hex("password1"))
            .cf2(&made_of(&record.hex("password2")), &record.hex("pepper1"), &record.hex("pepper2"))
            .unwrap();
        assert_eq!(combined.secret_bytes(), expected.secret_bytes(), "{}", record.name());
    }
}

#[test]
fn cf2_of_rfc6113() {
    check_cf2("crypto/rfc6113-cf2.txt");
}

#[test]
fn cf2_of_mit() {
    check_cf2("crypto/mit-cf2.txt");
}
