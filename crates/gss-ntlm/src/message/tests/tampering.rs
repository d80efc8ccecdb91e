//! Changed tokens.

use super::*;
use proptest::prelude::*;

/// What the place of a changed bit leads to, on a connection that expects message 0.
fn expected(bit: usize) -> MessageError {
    match bit / 8 {
        0..4 => MessageError::InvalidFiller,
        12..16 => MessageError::OutOfSequence(SequenceStatus::Gap),
        _ => MessageError::BadMic,
    }
}

#[test]
fn any_changed_bit_of_a_wrapped_message_is_refused() {
    for flags in all_flags() {
        for len in [0, 1, 8, 9, 70] {
            let token = wrap(&mut ends(flags).0, &message(len));
            with_each_bit_flipped(&token, |bit, changed| {
                let mut opener = ends(flags).1;
                let error = opener.unwrap(changed).map(|_| ()).unwrap_err();
                if flags.contains(DATAGRAM) && bit / 8 >= 12 {
                    // The number is part of what is signed.
                    assert_eq!(error, MessageError::BadMic, "bit {bit}, {flags}");
                } else {
                    assert_eq!(error, expected(bit), "bit {bit}, {flags}");
                }
            });
        }
    }
}

#[test]
fn any_changed_bit_of_a_mic_or_its_message_is_refused() {
    for flags in all_flags() {
        let text = message(70);
        let token = mic(&mut ends(flags).0, &text);
        with_each_bit_flipped(&token, |bit, changed| {
            let error = ends(flags).1.verify_mic(&text, changed).unwrap_err();
            if flags.contains(DATAGRAM) && bit / 8 >= 12 {
                assert_eq!(error, MessageError::BadMic, "bit {bit}, {flags}");
            } else {
                assert_eq!(error, expected(bit), "bit {bit}, {flags}");
            }
        });
        with_each_bit_flipped(&text, |bit, changed| {
            let error = ends(flags).1.verify_mic(changed, &token).unwrap_err();
            assert_eq!(error, MessageError::BadMic, "bit {bit} of the message, {flags}");
        });
    }
}

#[test]
fn nothing_that_does_not_verify_is_left_to_read() {
    for flags in all_flags() {
        let mut token = wrap(&mut ends(flags).0, &message(200));
        token[4] ^= 1;
        assert_eq!(ends(flags).1.unwrap(&mut token).map(|_| ()), Err(MessageError::BadMic));
        assert_eq!(token[16..], [0; 200], "{flags}");
    }
}

#[test]
fn a_message_that_does_not_verify_ends_the_opener() {
    for flags in all_flags().filter(|flags| !flags.contains(DATAGRAM)) {
        let (mut sealer, mut opener) = ends(flags);
        let (good, next) = (wrap(&mut sealer, b"first"), mic(&mut sealer, b"second"));
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(unwrap_copy(&mut opener, &bad), Err(MessageError::BadMic), "{flags}");
        assert_eq!(unwrap_copy(&mut opener, &good), Err(MessageError::KeyStreamLost), "{flags}");
        assert_eq!(unwrap_copy(&mut opener, &[]), Err(MessageError::KeyStreamLost), "{flags}");
        assert_eq!(opener.verify_mic(b"second", &next), Err(MessageError::KeyStreamLost), "{flags}");
        // There is no way back, or a message could be tried more than once.
        opener.rewind();
        assert_eq!(unwrap_copy(&mut opener, &good), Err(MessageError::KeyStreamLost), "{flags}");
    }
}

#[test]
fn a_mic_that_does_not_verify_ends_the_opener() {
    for flags in all_flags().filter(|flags| !flags.contains(DATAGRAM)) {
        let (mut sealer, mut opener) = ends(flags);
        let good = mic(&mut sealer, b"first");
        assert_eq!(opener.verify_mic(b"other", &good), Err(MessageError::BadMic), "{flags}");
        assert_eq!(opener.verify_mic(b"first", &good), Err(MessageError::KeyStreamLost), "{flags}");
    }
}

#[test]
fn a_bad_datagram_changes_nothing() {
    for flags in all_flags().filter(|flags| flags.contains(DATAGRAM)) {
        let (mut sealer, mut opener) = ends(flags);
        let (first, second) = (wrap(&mut sealer, b"first"), mic(&mut sealer, b"second"));
        let mut bad = first.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(unwrap_copy(&mut opener, &bad), Err(MessageError::BadMic));
        assert_eq!(opener.verify_mic(b"first", &second), Err(MessageError::BadMic));
        assert_eq!(unwrap_copy(&mut opener, &first).unwrap().2, SequenceStatus::Ok);
        assert_eq!(opener.verify_mic(b"second", &second), Ok(SequenceStatus::Ok));
    }
}

#[test]
fn what_is_no_token_changes_nothing() {
    for flags in all_flags() {
        let (mut sealer, mut opener) = ends(flags);
        let (token, next) = (wrap(&mut sealer, b"first"), mic(&mut sealer, b"second"));
        for len in 0..16 {
            let error = unwrap_copy(&mut opener, &token[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Malformed(_)), "{len} bytes: {error}");
            let error = opener.verify_mic(b"first", &next[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Malformed(_)), "{len} bytes: {error}");
        }
        for version in [0, 2, 0x0100_0000, u32::MAX] {
            let mut other = token.clone();
            other[..4].copy_from_slice(&version.to_le_bytes());
            assert_eq!(unwrap_copy(&mut opener, &other), Err(MessageError::InvalidFiller));
            assert_eq!(opener.verify_mic(b"first", &other[..16]), Err(MessageError::InvalidFiller));
        }
        let longer = [next.as_slice(), &[0]].concat();
        let error = opener.verify_mic(b"second", &longer).unwrap_err();
        assert!(matches!(error, MessageError::Malformed(_)), "{error}");
        assert_eq!(unwrap_copy(&mut opener, &token).unwrap().0, b"first");
        assert_eq!(opener.verify_mic(b"second", &next), Ok(SequenceStatus::Ok));
    }
}

#[test]
fn own_tokens_are_refused() {
    for flags in all_flags() {
        for role in [Role::Initiator, Role::Acceptor] {
            let (mut sealer, mut opener) = ends_of(role, flags);
            let token = wrap(&mut sealer, b"message");
            assert_eq!(unwrap_copy(&mut opener, &token), Err(MessageError::BadMic), "{flags}");
            let (mut sealer, mut opener) = ends_of(role, flags);
            let token = mic(&mut sealer, b"message");
            assert_eq!(opener.verify_mic(b"message", &token), Err(MessageError::BadMic), "{flags}");
        }
    }
}

#[test]
fn tokens_of_another_context_are_refused() {
    for flags in all_flags() {
        let other = SessionKey::from_bytes(*b"Another test key");
        let mut sealer = halves(&Parameters { role: Role::Initiator, key: &other, flags }).unwrap().0;
        let token = wrap(&mut sealer, b"message");
        assert_eq!(unwrap_copy(&mut ends(flags).1, &token), Err(MessageError::BadMic), "{flags}");
    }
}

#[test]
fn all_that_a_mic_of_zeros_does_is_fail() {
    // What is sent where ALWAYS_SIGN is negotiated and SIGN is not: nothing that proves anything.
    let mut dummy = [0; 16];
    dummy[0] = 1;
    for flags in all_flags() {
        let flags = flags | NegotiateFlags::ALWAYS_SIGN;
        assert_eq!(ends(flags).1.verify_mic(b"", &dummy), Err(MessageError::BadMic), "{flags}");
        assert_eq!(unwrap_copy(&mut ends(flags).1, &dummy), Err(MessageError::BadMic), "{flags}");
    }
}

proptest! {
    #[test]
    fn garbage_is_never_opened(
        mut token in proptest::collection::vec(any::<u8>(), 0..200),
        with_header: bool,
        which in 0_usize..24,
    ) {
        if let Some(header) = token.get_mut(..16).filter(|_| with_header) {
            header[..4].copy_from_slice(&[1, 0, 0, 0]);
            header[12..].fill(0);
        }
        let flags = all_flags().nth(which).unwrap();
        prop_assert!(unwrap_copy(&mut ends(flags).1, &token).is_err());
        prop_assert!(ends(flags).1.verify_mic(b"message", &token).is_err());
    }

    #[test]
    fn cut_and_lengthened_tokens_are_refused(
        text in proptest::collection::vec(any::<u8>(), 1..300),
        cut: usize,
        more in proptest::collection::vec(any::<u8>(), 1..40),
        which in 0_usize..24,
    ) {
        let flags = all_flags().nth(which).unwrap();
        let token = wrap(&mut ends(flags).0, &text);
        prop_assert!(unwrap_copy(&mut ends(flags).1, &token[..cut % token.len()]).is_err());
        let longer = [token, more].concat();
        prop_assert_eq!(unwrap_copy(&mut ends(flags).1, &longer), Err(MessageError::BadMic));
    }
}
