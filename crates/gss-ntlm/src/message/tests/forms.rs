//! Sealed and clear messages where only signing was negotiated, and what is asked for where sealing was.

use super::*;
use proptest::prelude::*;

const SIGNED: NegotiateFlags = STRONG.with(SIGN).with(KEY_EXCHANGE);

/// A peer that seals although only signing was negotiated. But for SEAL, the keys do not depend on it.
fn sealing_peer(flags: NegotiateFlags) -> Sealer {
    ends(flags | SEAL).0
}

#[test]
fn sealed_messages_are_taken_without_seal() {
    for flags in all_flags().filter(|flags| !flags.contains(SEAL)) {
        let (mut peer, mut opener) = (sealing_peer(flags), ends(flags).1);
        for len in (1..40).chain([100, 5000]) {
            let text = message(len);
            let token = wrap(&mut peer, &text);
            let opened = Ok((text, Protection::Confidentiality, SequenceStatus::Ok));
            assert_eq!(unwrap_copy(&mut opener, &token), opened, "{len} bytes, {flags}");
        }
    }
}

#[test]
fn an_empty_message_counts_as_clear() {
    for flags in all_flags().filter(|flags| !flags.contains(SEAL)) {
        let (mut peer, mut opener) = (sealing_peer(flags), ends(flags).1);
        for _ in 0..3 {
            let opened = Ok((Vec::new(), Protection::Integrity, SequenceStatus::Ok));
            assert_eq!(unwrap_copy(&mut opener, &wrap(&mut peer, b"")), opened, "{flags}");
        }
    }
}

#[test]
fn a_sealed_message_that_looks_clear_does_not_lose_the_key_stream() {
    let flags = SIGNED.without(KEY_EXCHANGE);
    let mut met = 0;
    for seed in 0..2000_u16 {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&seed.to_le_bytes());
        let key = SessionKey::from_bytes(bytes);
        let half = |role, flags| halves(&Parameters { role, key: &key, flags }).unwrap();
        let mut peer = half(Role::Initiator, flags | SEAL).0;
        let token = wrap(&mut peer, b"x");
        if token[16] != b'x' {
            continue;
        }
        met += 1;
        let mut opener = half(Role::Acceptor, flags).1;
        assert_eq!(unwrap_copy(&mut opener, &token).unwrap().1, Protection::Integrity);
        let token = wrap(&mut peer, b"a longer one");
        assert_eq!(unwrap_copy(&mut opener, &token).unwrap().1, Protection::Confidentiality);
    }
    assert!(met > 0);
}

#[test]
fn clear_messages_are_not_taken_with_seal() {
    for flags in all_flags().filter(|flags| flags.contains(SEAL)) {
        let clear = flags.without(SEAL) | SIGN;
        let token = wrap(&mut ends(clear).0, b"message");
        assert_eq!(&token[16..], b"message");
        assert_eq!(unwrap_copy(&mut ends(flags).1, &token), Err(MessageError::BadMic), "{flags}");
    }
}

#[test]
fn with_seal_every_message_is_sealed() {
    for flags in all_flags().filter(|flags| flags.contains(SEAL)) {
        let (mut one, mut opener) = ends(flags);
        let mut other = ends(flags).0;
        let (mut asked, mut not_asked) = (Vec::new(), Vec::new());
        one.wrap(Protection::Confidentiality, b"message", &mut asked, &mut rng()).unwrap();
        other.wrap(Protection::Integrity, b"message", &mut not_asked, &mut rng()).unwrap();
        assert_eq!(asked, not_asked, "{flags}");
        assert_eq!(unwrap_copy(&mut opener, &not_asked).unwrap().1, Protection::Confidentiality);
    }
}

#[test]
fn seal_without_sign_is_both() {
    for extra in [KEY_EXCHANGE, DATAGRAM, KEY_EXCHANGE.with(DATAGRAM)] {
        let (mut seal, mut both) = (ends(STRONG | SEAL | extra).0, ends(STRONG | SEAL | SIGN | extra).0);
        assert_eq!(wrap(&mut seal, b"message"), wrap(&mut both, b"message"));
        assert_eq!(mic(&mut seal, b"message"), mic(&mut both, b"message"));
    }
}

#[test]
fn the_two_forms_and_mics_may_alternate() {
    let (mut clear, mut sealing, mut opener) = (ends(SIGNED).0, sealing_peer(SIGNED), ends(SIGNED).1);
    // Both senders are at the same place of the key stream only after messages of the same length.
    let first = wrap(&mut clear, b"");
    assert_eq!(first, wrap(&mut sealing, b""));
    assert_eq!(unwrap_copy(&mut opener, &first).unwrap().1, Protection::Integrity);
    let signed = mic(&mut sealing, b"signed");
    assert_eq!(signed, mic(&mut clear, b"signed"));
    assert_eq!(opener.verify_mic(b"signed", &signed), Ok(SequenceStatus::Ok));
    let sealed = wrap(&mut sealing, b"sealed, and longer than eight bytes");
    assert_eq!(unwrap_copy(&mut opener, &sealed).unwrap().1, Protection::Confidentiality);
    let signed = mic(&mut sealing, b"signed again");
    assert_eq!(opener.verify_mic(b"signed again", &signed), Ok(SequenceStatus::Ok));
}

proptest! {
    /// A sealing peer that mixes lengths around those of the checksum, so that every split of the bytes that were put
    /// aside is met.
    #[test]
    fn sealing_peers(lengths in proptest::collection::vec(0_usize..20, 1..30), key_exchange: bool) {
        let flags = if key_exchange { SIGNED } else { SIGNED.without(KEY_EXCHANGE) };
        let (mut peer, mut opener) = (sealing_peer(flags), ends(flags).1);
        for len in lengths {
            let text = message(len);
            let token = wrap(&mut peer, &text);
            let (opened, protection, _) = unwrap_copy(&mut opener, &token).unwrap();
            // A key stream of zeros seals nothing, and then only an encrypted checksum tells the two forms apart.
            let looks_clear = if key_exchange { len == 0 } else { token[16..] == text };
            prop_assert_eq!(protection == Protection::Integrity, looks_clear);
            prop_assert_eq!(opened, text);
        }
    }
}
