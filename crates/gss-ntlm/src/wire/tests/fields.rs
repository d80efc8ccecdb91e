//! Where fields may point.

use super::*;
use gss_core::Diagnose;

/// The places in the headers that name fields.
const FIELDS: [(&str, &[usize]); 2] = [(CHALLENGE, &[12, 40]), (AUTHENTICATE, &[12, 20, 28, 36, 44, 52])];

#[test]
fn huge_offsets_are_refused_with_every_length() {
    for (name, places) in FIELDS {
        let message = vector(name);
        for &at in places {
            for offset in [0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_fffe, 0xffff_ffff] {
                for len in 1..=u16::MAX {
                    // Every length for one field; for the others those that could wrap.
                    if at != 12 && !(1..=8).contains(&len) && !(0xfff0..).contains(&len) {
                        continue;
                    }
                    let error = parse_any(&with_field(&message, at, len, offset)).unwrap_err();
                    assert!(
                        matches!(error, WireError::FieldOutside { offset: o, len: l, .. } if (o, l) == (offset, len)),
                        "{name} {at}: {error}"
                    );
                }
                // Nothing lies nowhere.
                assert_eq!(
                    parse_any(&with_field(&message, at, 0, offset)),
                    Ok(()),
                    "{name} {at} {offset:#x}"
                );
            }
        }
    }
}

#[test]
fn fields_end_with_the_message() {
    for (name, places) in FIELDS {
        let message = vector(name);
        let end = u32::try_from(message.len()).unwrap();
        for &at in places {
            for (len, offset) in [(1, end), (2, end - 1), (u16::MAX, end - 4), (3, end + 7)] {
                let error = parse_any(&with_field(&message, at, len, offset)).unwrap_err();
                assert!(
                    matches!(error, WireError::FieldOutside { .. }),
                    "{name} {at} {len} {offset}: {error}"
                );
                assert_eq!(error.code(), "ntlm_field_outside_message");
            }
        }
    }
}

#[test]
fn fields_do_not_reach_into_the_header() {
    for (name, places, least) in [(CHALLENGE, &[12, 40][..], 32), (AUTHENTICATE, &[12, 20, 28, 36, 44], 52)] {
        let message = vector(name);
        for &at in places {
            let least = if at == 40 { 48 } else { least };
            for offset in 0..least {
                let error = parse_any(&with_field(&message, at, 2, offset)).unwrap_err();
                assert!(
                    matches!(error, WireError::FieldInHeader { offset: found, .. } if found == offset),
                    "{name} {at} {offset}: {error}"
                );
                assert_eq!(error.code(), "ntlm_field_in_header");
            }
        }
    }
    let message = vector(AUTHENTICATE);
    for offset in 0..64 {
        let error = parse_any(&with_field(&message, 52, 16, offset)).unwrap_err();
        assert_eq!(
            error,
            WireError::FieldInHeader { field: Field::EncryptedSessionKey, offset, header_len: 64 }
        );
    }
    let mut negotiate = vector(NEGOTIATE);
    negotiate[13] |= 0x30;
    for at in [16, 24] {
        for offset in 0..32 {
            let error = NegotiateMessage::parse(&with_field(&negotiate, at, 4, offset)).unwrap_err();
            assert!(matches!(error, WireError::FieldInHeader { header_len: 32, .. }), "{error}");
        }
    }
}

/// A field that lies where the MIC would be makes the header end there: there is no MIC that could be overlapped.
#[test]
fn a_field_over_the_mic_leaves_no_mic() {
    let message = vector(AUTHENTICATE);
    for at in [12, 20, 28, 36, 44, 52] {
        for offset in 72..88 {
            let changed = with_field(&message, at, 2, offset);
            if let Ok(parsed) = AuthenticateMessage::parse(&changed, Charset::Unicode) {
                assert!(parsed.mic.is_none() && parsed.flags.is_some(), "{at} {offset}");
            }
        }
        let moved = with_field(&message, at, 2, 88);
        assert!(AuthenticateMessage::parse(&moved, Charset::Unicode).unwrap().mic.is_some());
    }
}

#[test]
fn order_padding_overlap_and_maximum_are_free() {
    let message = vector(AUTHENTICATE);
    // User and workstation change places and share their bytes with the domain.
    let shared = with_field(&with_field(&message, 36, 12, 88), 44, 4, 90);
    let parsed = AuthenticateMessage::parse(&shared, Charset::Unicode).unwrap();
    assert!(parsed.user.eq_str("Domain") && parsed.workstation.eq_str("om"));
    let padded = [message.as_slice(), b"behind the payload"].concat();
    assert!(AuthenticateMessage::parse(&padded, Charset::Unicode).is_ok());
    let mut maximum = message.clone();
    for at in [14, 22, 30, 38, 46, 54] {
        maximum[at..at + 2].copy_from_slice(&[0xff, 0xff]);
    }
    let parsed = AuthenticateMessage::parse(&maximum, Charset::Unicode).unwrap();
    assert!(parsed.user.eq_str("User") && parsed.encrypted_session_key.len() == 16);
}

#[test]
fn names_are_checked_and_the_field_is_told() {
    let message = vector(AUTHENTICATE);
    for (at, field) in [(28, Field::DomainName), (36, Field::UserName), (44, Field::Workstation)] {
        let error = parse_any(&with_field(&message, at, 3, 88)).unwrap_err();
        let expected = TextError { kind: TextErrorKind::OddLength { len: 3 }, offset: 88 };
        assert_eq!(error, WireError::Text { field, error: expected });
        assert_eq!(error.code(), "ntlm_odd_utf16_length");
    }
    let mut lone = message.clone();
    lone[102..104].copy_from_slice(&[0x00, 0xd8]);
    let error = TextError { kind: TextErrorKind::UnpairedSurrogate { unit: 0xd800 }, offset: 102 };
    assert_eq!(parse_any(&lone), Err(WireError::Text { field: Field::UserName, error }));
}

#[test]
fn errors_in_the_attributes_name_their_place_in_the_message() {
    let mut message = vector(CHALLENGE);
    // The length of the second attribute, which begins 16 bytes behind the start of the list at 68.
    message[86] = 0xff;
    let error = parse_any(&message).unwrap_err();
    let WireError::TargetInfo(av) = error else { panic!("{error}") };
    assert_eq!(av.offset, 84);
    assert!(
        matches!(av.kind, AvErrorKind::ValueOutside { id: AvId::NB_COMPUTER_NAME, len: 255, .. }),
        "{error}"
    );
}
