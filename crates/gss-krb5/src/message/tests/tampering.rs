//! Whatever is changed on the way is noticed, and named where the protocol says what it means.

use super::*;
use gss_core::MessageError::{
    BadMic, HeaderMismatch, InvalidFiller, InvalidPadding, UnexpectedTokenId, WrongDirection, WrongKey,
};
use gss_core::{MessageError, SequenceStatus};
use krb5_crypto::KeyUsage;

/// The number of an RC4 token is encrypted but not signed (see `rc4`): changing its bits makes another number of
/// it, which the sequence check must notice.
fn is_rc4_number(enctype: EncType, offset: usize) -> bool {
    !enctype.uses_cfx() && (21..25).contains(&offset)
}

#[test]
fn every_bit_of_a_mic_counts() {
    for enctype in enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        let token = mic(&mut sealer, b"message");
        with_each_bit_flipped(&token, |offset, changed| match opener.verify_mic(b"message", changed) {
            Ok(status) => {
                assert!(is_rc4_number(enctype, offset), "{enctype} {offset}");
                assert_ne!(status, SequenceStatus::Ok);
            }
            Err(_) => assert!(!is_rc4_number(enctype, offset)),
        });
        with_each_bit_flipped(b"message", |_, changed| {
            assert_eq!(opener.verify_mic(changed, &token), Err(BadMic), "{enctype}");
        });
        if enctype.uses_cfx() {
            assert_eq!(opener.verify_mic(b"message", &token), Ok(SequenceStatus::Ok), "{enctype}");
        }
    }
}

#[test]
fn every_bit_of_a_wrap_token_counts() {
    for enctype in enctypes() {
        for protection in BOTH {
            // No body is a power of two long, so that no change of one bit in RRC is a full turn.
            for len in [3, 5, 21] {
                let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
                let token = wrap(&mut sealer, protection, &message(len));
                with_each_bit_flipped(&token, |offset, changed| {
                    let open = opener.unwrap(changed).map(|open| open.sequence);
                    let number = is_rc4_number(enctype, offset) && protection == Protection::Integrity;
                    match open {
                        Ok(status) => {
                            assert!(number, "{enctype} {protection:?} {len} {offset}");
                            assert_ne!(status, SequenceStatus::Ok);
                        }
                        Err(_) => assert!(!number),
                    }
                });
                if enctype.uses_cfx() {
                    assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok);
                }
            }
        }
    }
}

#[test]
fn every_truncation_and_extension_is_noticed() {
    for enctype in enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        for len in [0, 1, 15, 16, 17, 40] {
            for protection in BOTH {
                let token = wrap(&mut sealer, protection, &message(len));
                for cut in 0..token.len() {
                    assert!(unwrap_copy(&mut opener, &token[..cut]).is_err(), "{enctype} {len} {cut}");
                }
                for excess in [1, 15, 16, 17] {
                    let longer = [&*token, &std::vec![1; excess]].concat();
                    assert!(unwrap_copy(&mut opener, &longer).is_err(), "{enctype} {len} {excess}");
                }
                assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok);
            }
            let token = mic(&mut sealer, &message(len));
            for cut in 0..token.len() {
                let outcome = opener.verify_mic(&message(len), &token[..cut]);
                assert!(matches!(outcome, Err(MessageError::Malformed(_))), "{enctype} {len} {cut}");
            }
            let longer = [&*token, &[0]].concat();
            let outcome = opener.verify_mic(&message(len), &longer);
            assert!(matches!(outcome, Err(MessageError::Malformed(_))), "{enctype}");
            assert_eq!(opener.verify_mic(&message(len), &token), Ok(SequenceStatus::Ok));
        }
    }
}

#[test]
fn lengths_0_to_64_of_nonsense_after_a_good_header() {
    for enctype in cfx_enctypes() {
        let mut opener = ends(enctype, DETECT).acceptor.1;
        for len in 0..=64 {
            for ec in [0, 1, 12, 16, 24, 65_535] {
                for rrc in [0, 28, 65_535] {
                    let mut token = std::vec![0x11; 16 + len];
                    for flags in [4, 6] {
                        token[..8].copy_from_slice(&[5, 4, flags, 0xff, 0, 0, 0, 0]);
                        token[4..6].copy_from_slice(&u16::to_be_bytes(ec));
                        token[6..8].copy_from_slice(&u16::to_be_bytes(rrc));
                        assert!(opener.unwrap(&mut token).is_err());
                    }
                }
            }
        }
    }
}

#[test]
fn reflected_tokens_are_refused() {
    for enctype in enctypes() {
        let mut ends = ends(enctype, DETECT);
        for (sealer, opener) in [&mut ends.initiator, &mut ends.acceptor] {
            for protection in BOTH {
                let token = wrap(sealer, protection, b"hello");
                assert_eq!(unwrap_copy(opener, &token), Err(WrongDirection), "{enctype}");
            }
            let token = mic(sealer, b"hello");
            assert_eq!(opener.verify_mic(b"hello", &token), Err(WrongDirection), "{enctype}");
        }
        // The direction is also in the key: clearing the flag does not help.
        if enctype.uses_cfx() {
            let mut token = wrap(&mut ends.acceptor.0, Protection::Confidentiality, b"hello");
            token[2] ^= 1;
            assert_eq!(unwrap_copy(&mut ends.acceptor.1, &token), Err(BadMic));
            let mut token = mic(&mut ends.acceptor.0, b"hello");
            token[2] ^= 1;
            assert_eq!(ends.acceptor.1.verify_mic(b"hello", &token), Err(BadMic));
        }
    }
}

#[test]
fn tokens_under_another_key_are_refused() {
    for enctype in enctypes() {
        let (key, other) = (key_of(enctype), Key::generate(enctype, &mut rng()).unwrap());
        let mut sender = ends_with(&other, true, DETECT).initiator.0;
        let mut opener = ends_with(&key, true, DETECT).acceptor.1;
        for protection in BOTH {
            assert_eq!(unwrap_copy(&mut opener, &wrap(&mut sender, protection, b"hello")), Err(BadMic));
        }
        assert_eq!(opener.verify_mic(b"hello", &mic(&mut sender, b"hello")), Err(BadMic));
    }
}

#[test]
fn the_subkey_flag_must_be_as_agreed() {
    for enctype in cfx_enctypes() {
        let key = key_of(enctype);
        for subkey in [false, true] {
            let mut sealer = ends_with(&key, subkey, DETECT).initiator.0;
            let mut opener = ends_with(&key, !subkey, DETECT).acceptor.1;
            for protection in BOTH {
                assert_eq!(unwrap_copy(&mut opener, &wrap(&mut sealer, protection, b"m")), Err(WrongKey));
            }
            assert_eq!(opener.verify_mic(b"m", &mic(&mut sealer, b"m")), Err(WrongKey));
        }
    }
}

#[test]
fn each_field_of_a_cfx_header_has_its_error() {
    for enctype in cfx_enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        let sealed = wrap(&mut sealer, Protection::Confidentiality, b"hello");
        let signed = wrap(&mut sealer, Protection::Integrity, b"hello");
        let proof = mic(&mut sealer, b"hello");
        let mut changed = |token: &[u8], offset: usize, mask: u8| {
            let mut token = token.to_vec();
            token[offset] ^= mask;
            unwrap_copy(&mut opener, &token).unwrap_err()
        };
        for token in [&sealed, &signed] {
            assert_eq!(changed(token, 0, 1), UnexpectedTokenId { expected: 0x0504, found: 0x0404 });
            assert_eq!(changed(token, 2, 1), WrongDirection);
            assert_eq!(changed(token, 2, 4), WrongKey);
            assert_eq!(changed(token, 3, 1), InvalidFiller);
        }
        // Unknown flags are no error of their own, but signed.
        assert_eq!(changed(&sealed, 2, 8), HeaderMismatch);
        assert_eq!(changed(&signed, 2, 8), BadMic);
        // Sealed taken for signed: EC is no checksum's length. The other way round it does not decrypt.
        assert_eq!(changed(&sealed, 2, 2), InvalidFiller);
        assert!(matches!(changed(&signed, 2, 2), BadMic | MessageError::Malformed(_)));
        // CVE-2024-37370: EC in clear differs from the encrypted one.
        assert_eq!(changed(&sealed, 5, 1), HeaderMismatch);
        assert_eq!(changed(&sealed, 4, 0xff), HeaderMismatch);
        assert_eq!(changed(&signed, 5, 1), InvalidFiller);
        assert_eq!(changed(&sealed, 7, 1), BadMic);
        assert_eq!(changed(&signed, 7, 1), BadMic);
        assert_eq!(changed(&sealed, 15, 1), HeaderMismatch);
        assert_eq!(changed(&signed, 15, 1), BadMic);

        let mut changed = |offset: usize, mask: u8| {
            let mut token = proof.clone();
            token[offset] ^= mask;
            opener.verify_mic(b"hello", &token).unwrap_err()
        };
        assert_eq!(changed(1, 0xff), UnexpectedTokenId { expected: 0x0404, found: 0x04fb });
        assert_eq!(changed(2, 1), WrongDirection);
        assert_eq!(changed(2, 2), InvalidFiller);
        assert_eq!(changed(2, 4), WrongKey);
        assert_eq!(changed(2, 8), BadMic);
        for offset in 3..8 {
            assert_eq!(changed(offset, 0x10), InvalidFiller);
        }
        assert_eq!(changed(8, 1), BadMic);
        assert_eq!(changed(16, 1), BadMic);
        // A MIC is no wrap token and the other way round.
        assert!(matches!(opener.verify_mic(b"hello", &signed), Err(UnexpectedTokenId { .. })));
        assert!(matches!(unwrap_copy(&mut opener, &proof), Err(UnexpectedTokenId { .. })));
    }
}

/// Builds sealed tokens that our own side never sends.
fn forge(key: &Key, message: &[u8], ec: u16, rotation: usize, rrc: u16, inner_rrc: u16) -> Vec<u8> {
    let mut header = [5, 4, 2, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40];
    header[4..6].copy_from_slice(&ec.to_be_bytes());
    header[6..8].copy_from_slice(&inner_rrc.to_be_bytes());
    let cipher = key.cipher(KeyUsage::GSS_INITIATOR_SEAL);
    let filler: Vec<u8> = (0..ec).map(|index| 0xe0 ^ index as u8).collect();
    let mut body = [
        &*std::vec![0; cipher.header_len()],
        message,
        &filler,
        &header,
        &*std::vec![0; cipher.trailer_len()],
    ]
    .concat();
    cipher.encrypt_in_place(&mut body, &mut rng()).unwrap();
    let count = rotation % body.len();
    body.rotate_right(count);
    header[6..8].copy_from_slice(&rrc.to_be_bytes());
    [&header[..], &body].concat()
}

fn opener_of(key: &Key, flags: ContextFlags) -> Opener {
    ends_with(key, false, flags).acceptor.1
}

#[test]
fn any_rotation_and_any_filler_is_taken() {
    for enctype in cfx_enctypes() {
        let key = key_of(enctype);
        let mut opener = opener_of(&key, ContextFlags::NONE);
        for ec in [0, 1, 15, 16, 17, 300] {
            let message = message(9);
            let len = forge(&key, &message, ec, 0, 0, 0).len() - 16;
            let rotations =
                if ec == 16 { (0..=2 * len).collect() } else { Vec::from([0, 1, 28, len - 1, len, len + 1]) };
            for rrc in rotations {
                let token = forge(&key, &message, ec, rrc, rrc as u16, 0);
                let open = unwrap_copy(&mut opener, &token);
                let expected = Ok((message.clone(), Protection::Confidentiality, SequenceStatus::Ok));
                assert_eq!(open, expected, "{enctype} EC {ec} RRC {rrc}");
            }
        }
    }
}

#[test]
fn any_rotation_of_a_signed_message_is_taken() {
    for enctype in cfx_enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } =
            ends(enctype, ContextFlags::NONE);
        for len in [0, 1, 16, 31] {
            let token = wrap(&mut sealer, Protection::Integrity, &message(len));
            let body = token.len() - 16;
            for rrc in (0..=2 * body).chain([65_535]) {
                let mut rotated = token.clone();
                rotated[6..8].copy_from_slice(&(rrc as u16).to_be_bytes());
                rotated[16..].rotate_right(rrc % body);
                assert_eq!(
                    unwrap_copy(&mut opener, &rotated),
                    Ok((message(len), Protection::Integrity, SequenceStatus::Ok)),
                    "{enctype} {len} {rrc}"
                );
            }
        }
    }
}

#[test]
fn in_dce_style_the_filler_is_rotated_too() {
    let dce = ContextFlags::DCE_STYLE;
    for enctype in cfx_enctypes() {
        let key = key_of(enctype);
        let token = forge(&key, b"hello", 16, 28 + 16, 28, 0);
        assert_eq!(unwrap_copy(&mut opener_of(&key, dce), &token).unwrap().0, b"hello");
        assert_eq!(unwrap_copy(&mut opener_of(&key, ContextFlags::NONE), &token), Err(BadMic));
        let token = forge(&key, b"hello", 16, 28, 28, 0);
        assert_eq!(unwrap_copy(&mut opener_of(&key, dce), &token), Err(BadMic));
        // Not rotated at all: MIT's token with a trailer of its own.
        let token = forge(&key, b"hello", 16, 0, 0, 0);
        assert_eq!(unwrap_copy(&mut opener_of(&key, dce), &token).unwrap().0, b"hello");
    }
}

#[test]
fn what_was_decrypted_is_wiped_when_it_is_refused() {
    for enctype in cfx_enctypes() {
        let key = key_of(enctype);
        let mut opener = opener_of(&key, DETECT);
        let confounder = key.cipher(KeyUsage::GSS_INITIATOR_SEAL).header_len();
        // The encrypted header has an RRC; EC reaches beyond the message; EC in clear differs.
        let long_ec = {
            let mut header = [5, 4, 2, 0xff, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
            let cipher = key.cipher(KeyUsage::GSS_INITIATOR_SEAL);
            let mut body = [
                &*std::vec![0; cipher.header_len()],
                b"hello",
                &*header,
                &*std::vec![0; cipher.trailer_len()],
            ]
            .concat();
            cipher.encrypt_in_place(&mut body, &mut rng()).unwrap();
            header.extend(body);
            header
        };
        let mut changed_ec = forge(&key, b"hello", 0, 0, 0, 0);
        changed_ec[5] = 3;
        for (mut token, error) in [
            (forge(&key, b"hello", 0, 0, 0, 28), HeaderMismatch),
            (long_ec, InvalidPadding),
            (changed_ec, HeaderMismatch),
        ] {
            assert_eq!(opener.unwrap(&mut token).unwrap_err(), error, "{enctype}");
            let plaintext = &token[16 + confounder..][..5 + 16];
            assert!(plaintext.iter().all(|byte| *byte == 0), "{enctype} {plaintext:?}");
        }
        let mut token = forge(&key, b"hello", 0, 0, 0, 0);
        *token.last_mut().unwrap() ^= 1;
        assert_eq!(opener.unwrap(&mut token).unwrap_err(), BadMic);
        assert!(!token.windows(5).any(|window| window == b"hello"));
    }
}

#[cfg(feature = "rc4")]
mod rc4 {
    use super::*;
    use MessageError::{Malformed, UnexpectedAlgorithm};

    #[test]
    fn the_frame_must_fit_exactly_and_name_kerberos() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(EncType::RC4_HMAC, DETECT);
        let token = wrap(&mut sealer, Protection::Confidentiality, b"hello");
        for length in [token[1] - 1, token[1] + 1] {
            let mut changed = token.clone();
            changed[1] = length;
            assert!(matches!(unwrap_copy(&mut opener, &changed), Err(Malformed(_))));
        }
        let mut other = token.clone();
        other[12] = 3;
        assert_eq!(unwrap_copy(&mut opener, &other), Err(UnexpectedAlgorithm));
        assert!(matches!(unwrap_copy(&mut opener, &token[13..]), Err(Malformed(_))));
    }

    #[test]
    fn each_field_has_its_error() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(EncType::RC4_HMAC, DETECT);
        let sealed = wrap(&mut sealer, Protection::Confidentiality, b"hello");
        let signed = wrap(&mut sealer, Protection::Integrity, b"hello");
        let proof = mic(&mut sealer, b"hello");
        let mut changed = |token: &[u8], offset: usize| {
            let mut token = token.to_vec();
            token[13 + offset] ^= 1;
            unwrap_copy(&mut opener, &token).unwrap_err()
        };
        for token in [&sealed, &signed] {
            assert_eq!(changed(token, 0), UnexpectedTokenId { expected: 0x0201, found: 0x0301 });
            assert_eq!(changed(token, 2), UnexpectedAlgorithm);
            assert_eq!(changed(token, 4), UnexpectedAlgorithm);
            assert_eq!(changed(token, 6), InvalidFiller);
            assert_eq!(changed(token, 12), BadMic);
            assert_eq!(changed(token, 16), BadMic);
            assert_eq!(changed(token, 24), BadMic);
            assert_eq!(changed(token, 32), BadMic);
            assert_eq!(changed(token, 37), BadMic);
        }
        let mut changed = |offset: usize| {
            let mut token = proof.clone();
            token[13 + offset] ^= 1;
            opener.verify_mic(b"hello", &token).unwrap_err()
        };
        assert_eq!(changed(1), UnexpectedTokenId { expected: 0x0101, found: 0x0100 });
        assert_eq!(changed(2), UnexpectedAlgorithm);
        for offset in 4..8 {
            assert_eq!(changed(offset), InvalidFiller);
        }
        assert_eq!(changed(12), BadMic);
        assert_eq!(changed(16), BadMic);
        assert!(matches!(opener.verify_mic(b"hello", &signed), Err(UnexpectedTokenId { .. })));
        assert!(matches!(unwrap_copy(&mut opener, &proof), Err(UnexpectedTokenId { .. })));
    }

    #[test]
    fn what_was_decrypted_is_wiped_when_it_is_refused() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(EncType::RC4_HMAC, DETECT);
        let mut token = wrap(&mut sealer, Protection::Confidentiality, b"hello");
        token[13 + 16] ^= 1;
        assert_eq!(opener.unwrap(&mut token).unwrap_err(), BadMic);
        assert!(token[13 + 24..].iter().all(|byte| *byte == 0));
    }
}
