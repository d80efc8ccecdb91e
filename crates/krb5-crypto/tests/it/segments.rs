//! Messages in several buffers.

use krb5_crypto::{CipherKey, IntegrityError, KeyUsage, Segment};
use proptest::prelude::*;
use test_support::{ScriptedRng, TestRng};

use crate::{laid_out, sample_key, supported};

/// A piece of a message, owned: whether it is encrypted, and its bytes.
type Piece = (bool, Vec<u8>);

struct Parts {
    header: Vec<u8>,
    pieces: Vec<Piece>,
    trailer: Vec<u8>,
}

impl Parts {
    fn new(cipher: &CipherKey, pieces: &[Piece]) -> Self {
        Self {
            header: vec![0; cipher.header_len()],
            pieces: pieces.to_vec(),
            trailer: vec![0; cipher.trailer_len()],
        }
    }

    fn encrypt(&mut self, cipher: &CipherKey, seed: u64) {
        let Self { header, pieces, trailer } = self;
        let rng = &mut TestRng::insecure(seed);
        cipher.encrypt_segments(header, &mut segments(pieces), trailer, rng).unwrap();
    }

    fn decrypt(&mut self, cipher: &CipherKey) -> Result<(), IntegrityError> {
        let Self { header, pieces, trailer } = self;
        cipher.decrypt_segments(header, &mut segments(pieces), trailer)
    }

    fn data(&self) -> Vec<u8> {
        self.pieces.iter().filter(|(encrypted, _)| *encrypted).flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

fn segments(pieces: &mut [Piece]) -> Vec<Segment<'_>> {
    pieces
        .iter_mut()
        .map(|(encrypted, bytes)| if *encrypted { Segment::Data(bytes) } else { Segment::SignOnly(bytes) })
        .collect()
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..90)), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_encrypt_to_the_message_that_they_make_up(pieces in pieces(), seed: u64) {
        let pieces: Vec<Piece> = pieces.into_iter().map(|(_, bytes)| (true, bytes)).collect();
        for enctype in supported() {
            let cipher = sample_key(enctype, 5).cipher(KeyUsage::GSS_ACCEPTOR_SEAL);
            let mut parts = Parts::new(&cipher, &pieces);
            let mut whole = laid_out(&cipher, &parts.data());
            cipher.encrypt_in_place(&mut whole, &mut TestRng::insecure(seed)).unwrap();
            parts.encrypt(&cipher, seed);
            prop_assert_eq!([parts.header.clone(), parts.data(), parts.trailer.clone()].concat(), whole);
            parts.decrypt(&cipher).unwrap();
            prop_assert_eq!(parts.pieces, pieces.clone());
        }
    }

    #[test]
    fn signed_pieces_travel_as_they_are(pieces in pieces(), seed: u64, which: prop::sample::Index) {
        for enctype in supported() {
            let cipher = sample_key(enctype, 5).cipher(KeyUsage::GSS_ACCEPTOR_SEAL);
            let mut parts = Parts::new(&cipher, &pieces);
            parts.encrypt(&cipher, seed);
            for ((encrypted, sent), (_, given)) in parts.pieces.iter().zip(&pieces) {
                prop_assert!(*encrypted || sent == given);
            }

            let mut altered = Parts { pieces: parts.pieces.clone(), ..Parts::new(&cipher, &[]) };
            altered.header.copy_from_slice(&parts.header);
            altered.trailer.copy_from_slice(&parts.trailer);
            let mut bytes: Vec<&mut u8> = altered.header.iter_mut()
                .chain(altered.pieces.iter_mut().flat_map(|(_, bytes)| bytes))
                .chain(&mut altered.trailer)
                .collect();
            let which = which.index(bytes.len());
            *bytes[which] ^= 0x04;
            prop_assert_eq!(altered.decrypt(&cipher), Err(IntegrityError));
            prop_assert!(altered.data().iter().all(|byte| *byte == 0));

            parts.decrypt(&cipher).unwrap();
            prop_assert_eq!(parts.pieces, pieces.clone());
        }
    }
}

#[test]
fn segments_recorded_from_mit() {
    for record in test_support::vectors::load("crypto/recorded-segments.txt").records_of("segments") {
        let Some(key) = crate::key(record) else { continue };
        let cipher = key.cipher(KeyUsage(record.int("usage").try_into().unwrap()));
        let bytes = |name: &str| record.opt_hex(name).unwrap_or_default();
        let sent = || Parts {
            header: bytes("header"),
            pieces: vec![(true, bytes("data1")), (false, bytes("sign-only")), (true, bytes("data2"))],
            trailer: bytes("trailer"),
        };

        let mut received = sent();
        received.decrypt(&cipher).unwrap_or_else(|error| panic!("{}: {error}", record.name()));
        assert_eq!(received.pieces[0].1, bytes("plaintext1"), "{}", record.name());
        assert_eq!(received.pieces[2].1, bytes("plaintext2"), "{}", record.name());

        for bit in 0..bytes("sign-only").len() * 8 {
            let mut altered = sent();
            altered.pieces[1].1[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(altered.decrypt(&cipher), Err(IntegrityError), "{} bit {bit}", record.name());
        }
    }
}

#[test]
fn header_and_trailer_have_their_lengths() {
    for enctype in supported() {
        let cipher = sample_key(enctype, 5).cipher(KeyUsage::GSS_ACCEPTOR_SEAL);
        let (header_len, trailer_len) = (cipher.header_len(), cipher.trailer_len());
        let rng = &mut TestRng::insecure(1);
        let error =
            cipher.encrypt_segments(&mut vec![0; header_len - 1], &mut [], &mut vec![0; trailer_len], rng);
        assert_eq!(error.unwrap_err().needed, header_len, "{enctype}");
        if trailer_len > 0 {
            let error = cipher.encrypt_segments(
                &mut vec![0; header_len],
                &mut [],
                &mut vec![0; trailer_len - 1],
                rng,
            );
            assert_eq!(error.unwrap_err().needed, trailer_len, "{enctype}");
        }

        let mut sent = Parts::new(&cipher, &[(true, vec![7; 20])]);
        sent.encrypt(&cipher, 1);
        sent.trailer.push(0);
        assert_eq!(sent.decrypt(&cipher), Err(IntegrityError), "{enctype}");
        assert_eq!(sent.data(), [0; 20], "{enctype}");
    }
}

#[test]
fn the_confounder_is_all_the_randomness_that_is_taken() {
    for enctype in supported() {
        let cipher = sample_key(enctype, 5).cipher(KeyUsage::GSS_ACCEPTOR_SEAL);
        let confounder = vec![0xC3; cipher.confounder_len()];
        let mut whole = laid_out(&cipher, b"data");
        cipher.encrypt_in_place_with_confounder(&mut whole, &confounder).unwrap();

        let mut rng = ScriptedRng::insecure(confounder.clone());
        let mut same = laid_out(&cipher, b"data");
        cipher.encrypt_in_place(&mut same, &mut rng).unwrap();
        rng.assert_used_up();
        assert_eq!(same, whole, "{enctype}");

        let mut rng = ScriptedRng::insecure(confounder);
        let (mut header, mut data) = (vec![0; cipher.header_len()], *b"data");
        let mut trailer = vec![0; cipher.trailer_len()];
        cipher
            .encrypt_segments(&mut header, &mut [Segment::Data(&mut data)], &mut trailer, &mut rng)
            .unwrap();
        rng.assert_used_up();
        assert_eq!([&header, &data[..], &trailer].concat(), whole, "{enctype}");
    }
}
