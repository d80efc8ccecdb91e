//! Sequence numbers.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

const GAP: MessageError = MessageError::OutOfSequence(SequenceStatus::Gap);
const DUPLICATE: MessageError = MessageError::OutOfSequence(SequenceStatus::Duplicate);

#[test]
fn on_a_connection_only_the_next_message_is_taken() {
    for flags in all_flags().filter(|flags| !flags.contains(DATAGRAM)) {
        let (mut sealer, mut opener) = ends(flags);
        let wrapped = [b"zero", b"one.", b"two."].map(|text| wrap(&mut sealer, text));
        let signed = mic(&mut sealer, b"three");
        for late in &wrapped[1..] {
            assert_eq!(unwrap_copy(&mut opener, late), Err(GAP), "{flags}");
        }
        assert_eq!(opener.verify_mic(b"three", &signed), Err(GAP));
        assert_eq!(unwrap_copy(&mut opener, &wrapped[0]).unwrap().0, b"zero");
        assert_eq!(unwrap_copy(&mut opener, &wrapped[0]), Err(DUPLICATE));
        assert_eq!(unwrap_copy(&mut opener, &wrapped[1]).unwrap().0, b"one.");
        assert_eq!(unwrap_copy(&mut opener, &wrapped[0]), Err(DUPLICATE));
        assert_eq!(unwrap_copy(&mut opener, &wrapped[2]).unwrap().0, b"two.");
        assert_eq!(opener.verify_mic(b"three", &signed), Ok(SequenceStatus::Ok));
        assert_eq!(opener.verify_mic(b"three", &signed), Err(DUPLICATE));
    }
}

#[test]
fn a_token_out_of_order_is_left_as_it_was() {
    let mut sealer = ends(USUAL).0;
    wrap(&mut sealer, b"first");
    let mut token = wrap(&mut sealer, b"second");
    let before = token.clone();
    assert_eq!(ends(USUAL).1.unwrap(&mut token).map(|_| ()), Err(GAP));
    assert_eq!(token, before);
}

#[test]
fn datagrams_are_taken_in_any_order() {
    for flags in all_flags().filter(|flags| flags.contains(DATAGRAM)) {
        let (mut sealer, mut opener) = ends(flags);
        let tokens: Vec<_> = (0..200_u8).map(|number| wrap(&mut sealer, &[number; 20])).collect();
        let mut open = |number: usize| {
            let (text, _, sequence) = unwrap_copy(&mut opener, &tokens[number]).unwrap();
            assert_eq!(text, [number as u8; 20], "{flags}");
            sequence
        };
        assert_eq!(open(0), SequenceStatus::Ok);
        assert_eq!(open(2), SequenceStatus::Gap);
        assert_eq!(open(1), SequenceStatus::Unsequenced);
        assert_eq!(open(1), SequenceStatus::Duplicate);
        assert_eq!(open(3), SequenceStatus::Ok);
        assert_eq!(open(199), SequenceStatus::Gap);
        assert_eq!(open(4), SequenceStatus::Old);
    }
}

#[test]
fn mics_of_datagrams_are_counted_with_them() {
    let (mut sealer, mut opener) = ends(USUAL | DATAGRAM);
    let tokens: Vec<_> = (0..3).map(|_| mic(&mut sealer, b"text")).collect();
    assert_eq!(opener.verify_mic(b"text", &tokens[1]), Ok(SequenceStatus::Gap));
    assert_eq!(opener.verify_mic(b"text", &tokens[0]), Ok(SequenceStatus::Unsequenced));
    assert_eq!(opener.verify_mic(b"text", &tokens[0]), Ok(SequenceStatus::Duplicate));
    assert_eq!(opener.verify_mic(b"text", &tokens[2]), Ok(SequenceStatus::Ok));
}

#[test]
fn after_the_last_number_nothing_is_sent() {
    for flags in all_flags() {
        let mut sealer = ends(flags).0;
        sealer.skip_to(u32::MAX);
        let token = wrap(&mut sealer, b"the last one");
        assert_eq!(token[12..16], [0xff; 4]);
        let mut output = b"before".to_vec();
        let error = Err(MessageError::SequenceExhausted);
        assert_eq!(sealer.wrap(Protection::Integrity, b"one more", &mut output, &mut rng()), error);
        assert_eq!(sealer.get_mic(b"one more", &mut output), error);
        assert_eq!(output, b"before");
        let mut buffer = *b"room for 16 byte.one more";
        assert_eq!(sealer.wrap_in_place(Protection::Integrity, &mut buffer, &mut rng()), error);
        assert_eq!(&buffer, b"room for 16 byte.one more");
    }
}

#[test]
fn after_the_last_number_nothing_is_taken() {
    let (mut sealer, mut opener) = ends(USUAL);
    sealer.skip_to(u32::MAX);
    opener.skip_to(u32::MAX);
    let (last, first) = (wrap(&mut sealer, b"the last one"), wrap(&mut ends(USUAL).0, b"first"));
    assert_eq!(unwrap_copy(&mut opener, &last).unwrap().0, b"the last one");
    assert_eq!(unwrap_copy(&mut opener, &first), Err(MessageError::SequenceExhausted));
    assert_eq!(unwrap_copy(&mut opener, &last), Err(MessageError::SequenceExhausted));
}

/// So do gss-ntlmssp, pyspnego and Samba after SPNEGO's MIC, as recorded in vectors/ntlm/recorded-*-spnego-*.txt.
#[test]
fn after_rewinding_numbers_go_on_and_the_key_stream_begins_anew() {
    for flags in all_flags() {
        let (mut sealer, mut opener) = ends(flags);
        let list = mic(&mut sealer, b"mechanism list");
        assert_eq!(opener.verify_mic(b"mechanism list", &list), Ok(SequenceStatus::Ok));
        sealer.rewind();
        opener.rewind();
        // Numbered alike, and made by a key stream of which nothing was used.
        let (mut fresh, _) = ends(flags);
        fresh.skip_to(1);
        for text in [b"first", b"other"] {
            let token = wrap(&mut sealer, text);
            assert_eq!(token, wrap(&mut fresh, text), "{flags}");
            assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok, "{flags}");
        }
    }
}

proptest! {
    /// Every datagram is opened, whatever was lost and however they overtook each other; none counts twice.
    #[test]
    fn datagrams_in_any_order(order in proptest::collection::vec(0_usize..60, 1..100), which in 0_usize..24) {
        let flags = all_flags().nth(which).unwrap() | DATAGRAM;
        let (mut sealer, mut opener) = ends(flags);
        let tokens: Vec<_> = (0..60_u8).map(|number| wrap(&mut sealer, &[number; 9])).collect();
        let mut seen = HashSet::new();
        for number in order {
            let (text, _, sequence) = unwrap_copy(&mut opener, &tokens[number]).unwrap();
            prop_assert_eq!(text, [number as u8; 9]);
            prop_assert_eq!(sequence == SequenceStatus::Duplicate, !seen.insert(number));
        }
    }
}
