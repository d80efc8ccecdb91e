//! What is not offered, and what finds no room.

use super::*;
use alloc::format;
use alloc::string::ToString;
use gss_core::{Diagnose, MajorStatus, SinkFull, SliceSink};

#[test]
fn without_sign_and_seal_nothing_is_offered() {
    // Whatever else was negotiated: these keys would be weak, but there are none.
    for flags in [STRONG, NegotiateFlags::NONE, NegotiateFlags::ALWAYS_SIGN, KEY_EXCHANGE, STRONG | DATAGRAM]
    {
        let (mut sealer, mut opener) = ends(flags);
        let mut output = Vec::new();
        let unavailable = Err(MessageError::Unavailable);
        for protection in [Protection::Integrity, Protection::Confidentiality] {
            assert_eq!(sealer.wrap(protection, b"message", &mut output, &mut rng()), unavailable);
            assert_eq!(sealer.wrap_in_place(protection, &mut [0; 20], &mut rng()), unavailable);
        }
        assert_eq!(sealer.get_mic(b"message", &mut output), unavailable);
        assert!(output.is_empty());
        let mut dummy = [0; 16];
        dummy[0] = 1;
        assert_eq!(opener.verify_mic(b"", &dummy), Err(MessageError::Unavailable), "{flags}");
        assert_eq!(unwrap_copy(&mut opener, &dummy), Err(MessageError::Unavailable), "{flags}");
        sealer.rewind();
        opener.rewind();
        assert_eq!(sealer.get_mic(b"message", &mut output), unavailable);
    }
}

#[test]
fn where_only_signing_was_negotiated_the_caller_chooses() {
    for flags in all_flags().filter(|flags| !flags.contains(SEAL)) {
        for protection in [Protection::Integrity, Protection::Confidentiality] {
            let (mut sealer, mut opener) = ends(flags);
            let mut token = Vec::new();
            sealer.wrap(protection, b"a message", &mut token, &mut rng()).unwrap();
            assert_eq!(token.ends_with(b"a message"), protection == Protection::Integrity, "{flags}");
            assert_eq!(
                unwrap_copy(&mut opener, &token).unwrap(),
                (b"a message".to_vec(), protection, SequenceStatus::Ok)
            );
        }
    }
}

#[test]
fn old_session_security_is_refused() {
    let flags = USUAL.without(ESS);
    let error = WeakKey::NoExtendedSessionSecurity { flags };
    for role in [Role::Initiator, Role::Acceptor] {
        assert_eq!(halves(&Parameters { role, key: &key(), flags }).map(|_| ()), Err(error));
    }
    assert_eq!(error.code(), "ntlm_no_extended_session_security");
    assert_eq!(error.major(), MajorStatus::UNAUTHORIZED);
    assert!(error.to_string().contains("sign|seal|key_128|key_exchange"), "{error}");
}

#[test]
fn keys_of_40_bits_are_refused() {
    for flags in [ESS | SIGN, ESS | SEAL, ESS | SIGN | SEAL | KEY_EXCHANGE] {
        let error = WeakKey::FortyBits { flags };
        for role in [Role::Initiator, Role::Acceptor] {
            assert_eq!(halves(&Parameters { role, key: &key(), flags }).map(|_| ()), Err(error));
        }
        assert_eq!((error.code(), error.major()), ("ntlm_weak_key", MajorStatus::UNAUTHORIZED));
        assert!(error.to_string().contains(&flags.to_string()), "{error}");
    }
}

#[test]
fn a_full_output_uses_up_nothing() {
    for flags in all_flags() {
        let (mut sealer, mut opener) = ends(flags);
        let (mut buffer, message) = ([0; 22], b"message");
        let full = |needed| Err(MessageError::BufferTooSmall(SinkFull { needed }));
        let wrapped =
            sealer.wrap(Protection::Integrity, message, &mut SliceSink::new(&mut buffer), &mut rng());
        assert_eq!(wrapped, full(1), "{flags}");
        assert_eq!(sealer.get_mic(message, &mut SliceSink::new(&mut buffer[..15])), full(1));
        assert_eq!(sealer.wrap_in_place(Protection::Integrity, &mut buffer[..13], &mut rng()), full(3));
        assert_eq!(buffer, [0; 22], "the message is not left there");
        let token = wrap(&mut sealer, message);
        assert_eq!(unwrap_copy(&mut opener, &token).unwrap().2, SequenceStatus::Ok, "{flags}");
        assert_eq!(token, wrap(&mut ends(flags).0, message), "{flags}");
    }
}

#[test]
fn no_key_is_printed() {
    let (mut sealer, mut opener) = ends(USUAL);
    assert!(unwrap_copy(&mut opener, &wrap(&mut sealer, b"message")).is_ok());
    assert_eq!(format!("{sealer:?}"), "Sealer { next: Counter(Some(1)), .. }");
    assert_eq!(format!("{opener:?}"), "Opener { order: Strict(Counter(Some(1))), .. }");
}
