//! Every change to a message or a checksum is noticed.

use krb5_crypto::{ChecksumKey, CipherKey, IntegrityError, KeyUsage};
use proptest::prelude::*;
use test_support::TestRng;

use crate::{laid_out, sample_key, supported};

/// Flips each bit, cuts at each length, lengthens: none may decrypt, and nothing decrypted may stay behind.
pub(crate) fn assert_any_change_is_noticed(cipher: &CipherKey, ciphertext: &[u8]) {
    for bit in 0..ciphertext.len() * 8 {
        let mut message = ciphertext.to_vec();
        message[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(cipher.decrypt_in_place(&mut message), Err(IntegrityError), "bit {bit}");
        assert_wiped(cipher, &message);
    }
    for len in 0..ciphertext.len() {
        let mut message = ciphertext[..len].to_vec();
        assert_eq!(cipher.decrypt_in_place(&mut message), Err(IntegrityError), "cut to {len} bytes");
        if len >= cipher.overhead() {
            assert_wiped(cipher, &message);
        }
    }
    let mut longer = ciphertext.to_vec();
    longer.push(0);
    assert_eq!(cipher.decrypt_in_place(&mut longer), Err(IntegrityError));
}

/// The confounder and all after it, up to the trailer, is what is decrypted.
fn assert_wiped(cipher: &CipherKey, message: &[u8]) {
    let decrypted = cipher.header_len() - cipher.confounder_len()..message.len() - cipher.trailer_len();
    assert!(message[decrypted].iter().all(|byte| *byte == 0));
}

pub(crate) fn assert_any_change_of_tag_is_noticed(checksum: &ChecksumKey, text: &[u8], tag: &[u8]) {
    for bit in 0..tag.len() * 8 {
        let mut altered = tag.to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(checksum.verify(&[text], &altered).unwrap_err(), IntegrityError, "bit {bit}");
    }
    for len in 0..tag.len() {
        assert_eq!(checksum.verify(&[text], &tag[..len]).unwrap_err(), IntegrityError, "{len} bytes");
    }
    assert_eq!(checksum.verify(&[text], &[tag, &[0]].concat()).unwrap_err(), IntegrityError);
    for bit in 0..text.len() * 8 {
        let mut altered = text.to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(checksum.verify(&[&altered], tag).unwrap_err(), IntegrityError, "text bit {bit}");
    }
}

#[test]
fn no_message_of_another_enctype_decrypts() {
    for sender in supported() {
        let cipher = sample_key(sender, 0).cipher(KeyUsage::KRB_PRIV);
        let mut message = laid_out(&cipher, &[0x42; 50]);
        cipher.encrypt_in_place(&mut message, &mut TestRng::insecure(1)).unwrap();
        for receiver in supported().filter(|receiver| *receiver != sender) {
            let cipher = sample_key(receiver, 0).cipher(KeyUsage::KRB_PRIV);
            assert_eq!(
                cipher.decrypt_in_place(&mut message.clone()),
                Err(IntegrityError),
                "{sender} {receiver}"
            );
        }
    }
}

#[test]
fn confounders_are_fresh() {
    for enctype in supported() {
        let cipher = sample_key(enctype, 0).cipher(KeyUsage::TICKET);
        let rng = &mut TestRng::insecure(1);
        let [mut first, mut second] = [laid_out(&cipher, b"same"), laid_out(&cipher, b"same")];
        cipher.encrypt_in_place(&mut first, rng).unwrap();
        cipher.encrypt_in_place(&mut second, rng).unwrap();
        assert_ne!(first, second, "{enctype}");
    }
}

#[test]
fn a_buffer_without_room_is_left_alone() {
    for enctype in supported() {
        let cipher = sample_key(enctype, 0).cipher(KeyUsage::TICKET);
        for len in 0..cipher.overhead() {
            let mut buffer = vec![0x11; len];
            let error = cipher.encrypt_in_place(&mut buffer, &mut TestRng::insecure(1)).unwrap_err();
            assert_eq!((error.needed, error.found), (cipher.overhead(), len), "{enctype}");
            assert_eq!(buffer, vec![0x11; len], "{enctype}");
        }
    }
}

#[cfg(feature = "rc4")]
#[test]
fn rc4_knows_some_usages_by_other_numbers() {
    let key = sample_key(krb5_crypto::EncType::RC4_HMAC, 0);
    let encrypted_as = |usage: KeyUsage| {
        let cipher = key.cipher(usage);
        let mut message = laid_out(&cipher, b"plaintext");
        cipher.encrypt_in_place(&mut message, &mut TestRng::insecure(1)).unwrap();
        message
    };
    let decrypts_as = |message: &[u8], usage: KeyUsage| {
        key.cipher(usage)
            .decrypt_in_place(&mut message.to_vec())
            .is_ok_and(|plaintext| plaintext == b"plaintext")
    };
    let (three, eight, nine) = (KeyUsage::AS_REP, KeyUsage::TGS_REP_SESSION_KEY, KeyUsage::TGS_REP_SUBKEY);
    assert_eq!(encrypted_as(three), encrypted_as(eight));
    // Usage 9 is sent as 9 and understood as 8 too, but not the other way round.
    assert!(decrypts_as(&encrypted_as(nine), nine));
    assert!(decrypts_as(&encrypted_as(eight), nine));
    assert!(!decrypts_as(&encrypted_as(nine), eight));
    assert!(!decrypts_as(&encrypted_as(KeyUsage::TICKET), nine));
    assert_any_change_is_noticed(&key.cipher(nine), &encrypted_as(eight));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encrypted_decrypts(
        plaintext in prop::collection::vec(any::<u8>(), 0..200),
        seed: u64,
        usage in 0u32..2000,
        flip: prop::sample::Index,
    ) {
        for enctype in supported() {
            let cipher = sample_key(enctype, seed as u8).cipher(KeyUsage(usage));
            let mut message = laid_out(&cipher, &plaintext);
            cipher.encrypt_in_place(&mut message, &mut TestRng::insecure(seed)).unwrap();

            let mut altered = message.clone();
            altered[flip.index(message.len())] ^= 0x40;
            prop_assert_eq!(cipher.decrypt_in_place(&mut altered), Err(IntegrityError));
            prop_assert_eq!(cipher.decrypt_in_place(&mut message).unwrap(), &plaintext);
        }
    }
}

#[test]
fn every_length_round_trips() {
    for enctype in supported() {
        let cipher = sample_key(enctype, 3).cipher(KeyUsage::GSS_INITIATOR_SEAL);
        for len in (0..=400).chain([1023, 1024, 1025, 2049, 16384]) {
            let plaintext: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut message = laid_out(&cipher, &plaintext);
            cipher.encrypt_in_place(&mut message, &mut TestRng::insecure(9)).unwrap();
            assert_eq!(cipher.decrypt_in_place(&mut message).unwrap(), plaintext, "{enctype} {len}");
        }
    }
}
