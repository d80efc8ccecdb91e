use super::*;
use crate::message::prf;
use gss_core::{MessageError, Overhead, SequenceStatus, SliceSink, TokenSink};
use proptest::prelude::*;
use std::format;

#[test]
fn every_short_length_both_ways_with_exact_overhead() {
    for enctype in enctypes() {
        let mut ends = ends(enctype, DETECT);
        for protection in BOTH {
            for len in (0..=64).chain([65, 127, 128, 129, 255, 256, 257]) {
                let message = message(len);
                for (sealer, opener) in [
                    (&mut ends.initiator.0, &mut ends.acceptor.1),
                    (&mut ends.acceptor.0, &mut ends.initiator.1),
                ] {
                    let token = wrap(sealer, protection, &message);
                    let Overhead { header, trailer } = sealer.overhead(protection, len);
                    assert_eq!(token.len(), header + len + trailer, "{enctype} {len}");
                    assert_eq!(
                        unwrap_copy(opener, &token),
                        Ok((message.clone(), protection, SequenceStatus::Ok)),
                        "{enctype} {protection:?} {len}"
                    );
                }
            }
        }
    }
}

#[test]
fn all_lengths_that_trip_others() {
    for enctype in enctypes() {
        let mut ends = ends(enctype, DETECT);
        for protection in BOTH {
            for len in [0, 1, 15, 16, 17, 65_535, 65_536] {
                let token = wrap(&mut ends.initiator.0, protection, &message(len));
                let open = unwrap_copy(&mut ends.acceptor.1, &token).unwrap();
                assert_eq!(open, (message(len), protection, SequenceStatus::Ok), "{enctype} {len}");
            }
        }
    }
}

#[test]
fn in_place_gives_the_same_token() {
    for enctype in enctypes() {
        for protection in BOTH {
            for len in (0..=300).step_by(7).chain([81, 82, 83, 209, 210, 211]) {
                let (mut one, mut other) = (ends(enctype, DETECT), ends(enctype, DETECT));
                let token = wrap(&mut one.initiator.0, protection, &message(len));
                let Overhead { header, trailer } = other.initiator.0.overhead(protection, len);
                let mut buffer =
                    [&*std::vec![0xaa; header], &message(len), &std::vec![0xbb; trailer]].concat();
                other.initiator.0.wrap_in_place(protection, &mut buffer, &mut rng()).unwrap();
                assert_eq!(buffer, token, "{enctype} {protection:?} {len}");
            }
        }
    }
}

#[test]
fn sealed_messages_cannot_be_read_and_signed_ones_can() {
    for enctype in enctypes() {
        let mut ends = ends(enctype, DETECT);
        let text = b"attack at dawn, not before";
        let find = |token: &[u8]| token.windows(text.len()).any(|window| window == text);
        assert!(find(&wrap(&mut ends.initiator.0, Protection::Integrity, text)));
        assert!(!find(&wrap(&mut ends.initiator.0, Protection::Confidentiality, text)));
    }
}

#[test]
fn mics_cover_the_whole_message_and_count_with_wraps() {
    for enctype in enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        for len in (0..40).chain([65_536]) {
            let token = mic(&mut sealer, &message(len));
            assert_eq!(opener.verify_mic(&message(len), &token), Ok(SequenceStatus::Ok));
            assert_eq!(opener.verify_mic(&message(len), &token), Ok(SequenceStatus::Duplicate));
            assert_eq!(opener.verify_mic(&message(len + 1), &token), Err(MessageError::BadMic));
        }
        let token = wrap(&mut sealer, Protection::Confidentiality, b"next");
        assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok);
    }
}

#[test]
fn sequence_statuses_reach_the_caller() {
    for enctype in enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        let tokens: Vec<_> =
            (0..70).map(|len| wrap(&mut sealer, Protection::Integrity, &message(len))).collect();
        let mut status = |index: usize| unwrap_copy(&mut opener, &tokens[index]).unwrap().2;
        assert_eq!(status(0), SequenceStatus::Ok);
        assert_eq!(status(0), SequenceStatus::Duplicate);
        assert_eq!(status(2), SequenceStatus::Gap);
        assert_eq!(status(1), SequenceStatus::Unsequenced);
        assert_eq!(status(69), SequenceStatus::Gap);
        assert_eq!(status(3), SequenceStatus::Old);
        let mut copy = tokens[68].clone();
        assert_eq!(
            opener.unwrap(&mut copy).unwrap().in_order().unwrap_err(),
            MessageError::OutOfSequence(SequenceStatus::Unsequenced)
        );
    }
}

#[test]
fn the_initial_numbers_may_be_anything() {
    for enctype in enctypes() {
        for first in [0, 0x7fff_fffe, 0xffff_fffe] {
            let key = key_of(enctype);
            let sender = Parameters {
                role: Role::Acceptor,
                key: &key,
                acceptor_subkey: false,
                send_sequence: first,
                receive_sequence: 0,
                flags: DETECT,
            };
            let receiver =
                Parameters { role: Role::Initiator, receive_sequence: first, send_sequence: 0, ..sender };
            let (mut sealer, mut opener) = (halves(&sender).unwrap().0, halves(&receiver).unwrap().1);
            for _ in 0..5 {
                let token = wrap(&mut sealer, Protection::Confidentiality, b"x");
                assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok, "{first}");
            }
        }
    }
}

#[test]
fn numbers_run_out_and_nothing_is_appended_then() {
    let key = key_of(EncType(18));
    let parameters = Parameters {
        role: Role::Initiator,
        key: &key,
        acceptor_subkey: true,
        send_sequence: u64::MAX,
        receive_sequence: 0,
        flags: DETECT,
    };
    let (mut sealer, _) = halves(&parameters).unwrap();
    mic(&mut sealer, b"the last one");
    let mut output = Vec::from(*b"before");
    let exhausted = Err(MessageError::SequenceExhausted);
    assert_eq!(sealer.get_mic(b"m", &mut output), exhausted);
    for protection in BOTH {
        assert_eq!(sealer.wrap(protection, b"m", &mut output, &mut rng()), exhausted);
        let mut buffer = [0; 200];
        assert_eq!(sealer.wrap_in_place(protection, &mut buffer, &mut rng()), exhausted);
        assert_eq!(sealer.wrap_segments(protection, &mut [0; 200], &mut [], &mut [], &mut rng()), exhausted);
    }
    assert_eq!(output, b"before");
}

#[test]
fn a_small_buffer_uses_no_number_and_leaves_no_message() {
    for enctype in enctypes() {
        for protection in BOTH {
            let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
            let Overhead { header, trailer } = sealer.overhead(protection, 5);
            let whole = header + 5 + trailer;
            let mut buffer = std::vec![0; whole];
            for len in 0..whole {
                let mut sink = SliceSink::new(&mut buffer[..len]);
                let error = sealer.wrap(protection, b"hello", &mut sink, &mut rng()).unwrap_err();
                assert!(matches!(error, MessageError::BufferTooSmall(_)));
                assert!(sink.is_empty());
            }
            for len in 0..whole - 5 {
                let error = sealer.wrap_in_place(protection, &mut buffer[..len], &mut rng()).unwrap_err();
                assert!(
                    matches!(error, MessageError::BufferTooSmall(full) if full.needed == whole - 5 - len)
                );
            }
            let mut sink = SliceSink::new(&mut buffer);
            sealer.wrap(protection, b"hello", &mut sink, &mut rng()).unwrap();
            let open = opener.unwrap(sink.into_written()).unwrap();
            assert_eq!((&*open.message, open.sequence), (&b"hello"[..], SequenceStatus::Ok));
        }
    }
}

#[test]
fn tokens_are_appended_after_what_is_there() {
    for enctype in enctypes() {
        let Ends { initiator: (mut sealer, _), acceptor: (_, mut opener) } = ends(enctype, DETECT);
        let mut output = Vec::from(*b"before");
        sealer.wrap(Protection::Confidentiality, b"hello", &mut output, &mut rng()).unwrap();
        assert_eq!(&output[..6], b"before");
        assert_eq!(unwrap_copy(&mut opener, &output[6..]).unwrap().0, b"hello");
    }
}

#[test]
fn the_halves_can_go_to_other_threads_and_show_no_keys() {
    fn assert_send<T: Send>() {}
    assert_send::<Sealer>();
    assert_send::<Opener>();
    for enctype in enctypes() {
        let text = format!("{:?}", ends(enctype, DETECT).initiator);
        assert!(text.contains("Sealer") && text.contains("window"), "{text}");
        assert!(!text.contains("5a5b58"), "{text}");
        assert!(!text.contains("90, 91"), "{text}");
    }
}

#[test]
fn prf_is_the_enctypes_function_with_a_counter() {
    for enctype in enctypes() {
        let key = key_of(enctype);
        let block = key.prf_len();
        let mut expected = std::vec![0; 3 * block];
        key.prf(b"\0\0\0\0input", &mut expected[..block]);
        key.prf(b"\0\0\0\x01input", &mut expected[block..2 * block]);
        key.prf(b"\0\0\0\x02input", &mut expected[2 * block..]);
        for len in 0..expected.len() {
            let mut output = std::vec![0xee; len];
            prf(&key, b"input", &mut output);
            assert_eq!(output, expected[..len], "{enctype}");
        }
        assert_ne!(expected[..block], expected[block..2 * block]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_message_comes_back(
        message in proptest::collection::vec(any::<u8>(), 0..600),
        seed in any::<u64>(),
        choice in any::<prop::sample::Index>(),
        sealed in any::<bool>(),
        subkey in any::<bool>(),
    ) {
        let enctypes = enctypes();
        let key = Key::generate(enctypes[choice.index(enctypes.len())], &mut TestRng::insecure(seed)).unwrap();
        let Ends { acceptor: (mut sealer, _), initiator: (_, mut opener) } = ends_with(&key, subkey, DETECT);
        let protection = BOTH[usize::from(sealed)];
        let mut token = Vec::new();
        sealer.wrap(protection, &message, &mut token, &mut TestRng::insecure(!seed)).unwrap();
        prop_assert_eq!(unwrap_copy(&mut opener, &token), Ok((message, protection, SequenceStatus::Ok)));
    }

    #[test]
    fn no_input_makes_it_panic(
        mut token in proptest::collection::vec(any::<u8>(), 0..200),
        start in proptest::sample::select(std::vec![
            &b""[..],
            b"\x05\x04\x07\xff",
            b"\x05\x04\x05\xff",
            b"\x04\x04\x05\xff\xff\xff\xff\xff",
        ]),
        choice in any::<prop::sample::Index>(),
    ) {
        let enctypes = enctypes();
        let mut opener = ends(enctypes[choice.index(enctypes.len())], DETECT).initiator.1;
        let shared = start.len().min(token.len());
        token[..shared].copy_from_slice(&start[..shared]);
        prop_assert!(opener.verify_mic(b"message", &token).is_err());
        prop_assert!(opener.unwrap(&mut token).is_err());
    }
}
