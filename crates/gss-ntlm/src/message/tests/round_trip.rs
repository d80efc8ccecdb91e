use super::*;
use gss_core::{Overhead, SliceSink, TokenSink};
use proptest::prelude::*;

#[test]
fn messages_of_every_length_up_to_some_blocks() {
    for flags in all_flags() {
        let (mut sealer, mut opener) = ends(flags);
        for len in 0..400 {
            let text = message(len);
            let token = wrap(&mut sealer, &text);
            assert_eq!(token.len(), len + 16);
            assert_eq!(
                unwrap_copy(&mut opener, &token),
                Ok((text, strongest(flags), SequenceStatus::Ok)),
                "{len} bytes, {flags}"
            );
        }
    }
}

#[test]
fn a_long_message_and_one_after_it() {
    for flags in all_flags() {
        let (mut sealer, mut opener) = ends(flags);
        for len in [0x10000, 0, 0x10001, 1] {
            let text = message(len);
            let token = wrap(&mut sealer, &text);
            let (opened, ..) = unwrap_copy(&mut opener, &token).unwrap();
            assert!(opened == text, "{len} bytes, {flags}");
            let mic = mic(&mut sealer, &text);
            assert_eq!(opener.verify_mic(&text, &mic), Ok(SequenceStatus::Ok), "{len} bytes, {flags}");
        }
    }
}

#[test]
fn sealed_messages_cannot_be_read() {
    for flags in all_flags() {
        let token = wrap(&mut ends(flags).0, &[0; 64]);
        assert_eq!(token[16..] == [0; 64], !flags.contains(SEAL), "{flags}");
    }
}

#[test]
fn directions_and_keys_do_not_share_a_key_stream() {
    let zeros = [0; 64];
    let (mut ours, mut theirs) = (ends_of(Role::Initiator, USUAL).0, ends_of(Role::Acceptor, USUAL).0);
    let other_key = SessionKey::from_bytes([1; 16]);
    let other = Parameters { role: Role::Initiator, key: &other_key, flags: USUAL };
    let mut other = halves(&other).unwrap().0;
    let (mut short, mut datagram) = (
        ends_of(Role::Initiator, (USUAL - NegotiateFlags::KEY_128) | NegotiateFlags::KEY_56).0,
        ends_of(Role::Initiator, USUAL | DATAGRAM).0,
    );
    let mut streams: Vec<_> = [&mut ours, &mut theirs, &mut other, &mut short, &mut datagram]
        .into_iter()
        .flat_map(|sealer| [wrap(sealer, &zeros), wrap(sealer, &zeros)])
        .map(|token| token[16..].to_vec())
        .collect();
    streams.sort();
    streams.dedup();
    assert_eq!(streams.len(), 10);
}

#[test]
fn the_longer_key_is_used_if_both_are_negotiated() {
    let both = USUAL | NegotiateFlags::KEY_56;
    assert_eq!(wrap(&mut ends(both).0, b"text"), wrap(&mut ends(USUAL).0, b"text"));
}

#[test]
fn sealing_in_place_makes_the_same_tokens() {
    for flags in all_flags() {
        let ((mut sealer, _), (mut in_place, _)) = (ends(flags), ends(flags));
        for len in [0, 1, 124, 125, 1000] {
            let text = message(len);
            let overhead = in_place.overhead(strongest(flags), len);
            assert_eq!(overhead, Overhead { header: 16, trailer: 0 });
            let mut buffer = alloc::vec![0xee; 16 + len];
            buffer[16..].copy_from_slice(&text);
            in_place.wrap_in_place(strongest(flags), &mut buffer, &mut rng()).unwrap();
            assert_eq!(buffer, wrap(&mut sealer, &text), "{len} bytes, {flags}");
        }
    }
}

#[test]
fn tokens_are_appended() {
    let (mut sealer, mut opener) = ends(USUAL);
    let mut buffer = [0; 64];
    let mut output = SliceSink::new(&mut buffer);
    output.put(b"before").unwrap();
    sealer.wrap(Protection::Confidentiality, b"message", &mut output, &mut rng()).unwrap();
    sealer.get_mic(b"message", &mut output).unwrap();
    let written = output.into_written();
    assert_eq!(&written[..6], b"before");
    assert_eq!(unwrap_copy(&mut opener, &written[6..29]).unwrap().0, b"message");
    assert_eq!(opener.verify_mic(b"message", &written[29..]), Ok(SequenceStatus::Ok));
}

/// What one side does with a message.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Wrap,
    Mic,
}

fn steps() -> impl Strategy<Value = Vec<(Kind, Vec<u8>)>> {
    let kind = prop_oneof![Just(Kind::Wrap), Just(Kind::Mic)];
    proptest::collection::vec((kind, proptest::collection::vec(any::<u8>(), 0..700)), 1..20)
}

proptest! {
    /// Any messages in any order, in both directions at once.
    #[test]
    fn conversations(steps in steps(), from_initiator: [bool; 20], which in 0_usize..24) {
        let flags = all_flags().nth(which).unwrap();
        let mut initiator = ends_of(Role::Initiator, flags);
        let mut acceptor = ends_of(Role::Acceptor, flags);
        for ((kind, text), from_initiator) in steps.into_iter().zip(from_initiator) {
            let (sealer, opener) = if from_initiator {
                (&mut initiator.0, &mut acceptor.1)
            } else {
                (&mut acceptor.0, &mut initiator.1)
            };
            match kind {
                Kind::Wrap => {
                    let token = wrap(sealer, &text);
                    prop_assert_eq!(
                        unwrap_copy(opener, &token),
                        Ok((text, strongest(flags), SequenceStatus::Ok))
                    );
                }
                Kind::Mic => {
                    let token = mic(sealer, &text);
                    prop_assert_eq!(opener.verify_mic(&text, &token), Ok(SequenceStatus::Ok));
                }
            }
        }
    }
}
