//! Messages of old peers, whose headers end early.

use super::*;
use alloc::string::ToString;

/// A message of these header bytes, of which the first `header_len` are sent, and this payload.
fn message(kind: MessageType, header: &[(usize, &[u8])], header_len: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [0_u8; 88];
    bytes[..8].copy_from_slice(&SIGNATURE);
    bytes[8..12].copy_from_slice(&kind.number().to_le_bytes());
    for (at, value) in header {
        bytes[*at..at + value.len()].copy_from_slice(value);
    }
    [&bytes[..header_len], payload].concat()
}

fn pointer(len: u8, offset: u8) -> [u8; 8] {
    [len, 0, len, 0, offset, 0, 0, 0]
}

const VERSION: [u8; 8] = [5, 1, 0x28, 0x0a, 0, 0, 0, 15];

#[test]
fn negotiate() {
    // Names and version in the flags, but not in the message.
    let flags = 0x0200_3003_u32.to_le_bytes();
    let bytes = message(MessageType::Negotiate, &[(12, &flags)], 16, b"");
    let parsed = NegotiateMessage::parse(&bytes).unwrap();
    assert!(parsed.domain.is_none() && parsed.workstation.is_none() && parsed.version.is_none());
    for len in 17..32 {
        let bytes = message(MessageType::Negotiate, &[(12, &flags)], len, b"");
        assert!(matches!(NegotiateMessage::parse(&bytes), Err(WireError::Header(_))), "{len}");
    }
    for header_len in [32_u8, 40] {
        let header: &[(usize, &[u8])] =
            &[(12, &flags), (16, &pointer(3, header_len)), (24, &pointer(2, header_len + 3)), (32, &VERSION)];
        let bytes = message(MessageType::Negotiate, header, header_len.into(), b"DOMPC");
        let parsed = NegotiateMessage::parse(&bytes).unwrap();
        assert!(parsed.domain.is_some_and(|domain| domain.eq_str("DOM")), "{header_len}");
        assert!(parsed.workstation.is_some_and(|workstation| workstation.eq_str("PC")), "{header_len}");
        assert_eq!(parsed.version.is_some(), header_len == 40);
    }
    let bytes = message(MessageType::Negotiate, &[(12, &flags)], 32, b"");
    assert!(NegotiateMessage::parse(&bytes).unwrap().domain.is_none());
}

#[test]
fn negotiate_without_its_flag_has_no_name() {
    // Offsets beyond the message do not matter where the flag says that there is nothing.
    let flags = 0x0000_0001_u32.to_le_bytes();
    let header: &[(usize, &[u8])] = &[(12, &flags), (16, &pointer(9, 250)), (24, &pointer(9, 1))];
    let parsed = message(MessageType::Negotiate, header, 40, b"");
    let parsed = NegotiateMessage::parse(&parsed).unwrap();
    assert!(parsed.domain.is_none() && parsed.workstation.is_none() && parsed.version.is_none());
}

#[test]
fn challenge() {
    let flags = 0x0280_0002_u32.to_le_bytes();
    let info = [av(AvId::NB_DOMAIN_NAME, &utf16("D")), av(AvId::EOL, &[])].concat();
    let payload = [b"PC".as_slice(), &info].concat();
    for header_len in [32_u8, 40, 48, 56] {
        let header: &[(usize, &[u8])] = &[
            (12, &pointer(2, header_len)),
            (20, &flags),
            (24, b"12345678"),
            (40, &pointer(10, header_len + 2)),
            (48, &VERSION),
        ];
        let bytes = message(MessageType::Challenge, header, header_len.into(), &payload);
        let parsed = ChallengeMessage::parse(&bytes).unwrap();
        assert!(parsed.target_name.is_some_and(|name| name.eq_str("PC")), "{header_len}");
        assert_eq!(&parsed.server_challenge, b"12345678");
        assert_eq!(
            parsed.target_info.map(|info| info.as_bytes().to_vec()),
            (header_len >= 48).then(|| info.clone())
        );
        assert_eq!(parsed.version.map(Version::to_bytes), (header_len == 56).then_some(VERSION));
    }
    // Nothing but the header, and less than that.
    let bytes = message(MessageType::Challenge, &[(20, &flags)], 32, b"");
    assert!(ChallengeMessage::parse(&bytes).unwrap().target_name.is_none());
    assert!(matches!(ChallengeMessage::parse(&bytes[..31]), Err(WireError::Header(_))));
}

#[test]
fn challenge_without_its_flag_has_no_attributes() {
    let flags = 0x0000_0001_u32.to_le_bytes();
    let bytes = message(MessageType::Challenge, &[(20, &flags), (40, &pointer(9, 250))], 56, b"");
    assert!(ChallengeMessage::parse(&bytes).unwrap().target_info.is_none());
    // With the flag, but empty: none either.
    let flags = 0x0080_0001_u32.to_le_bytes();
    let bytes = message(MessageType::Challenge, &[(20, &flags), (40, &pointer(0, 250))], 56, b"");
    assert!(ChallengeMessage::parse(&bytes).unwrap().target_info.is_none());
}

#[test]
fn authenticate() {
    let flags = 0x0200_0002_u32.to_le_bytes();
    for header_len in [52_u8, 64, 72, 88] {
        let header: &[(usize, &[u8])] = &[
            (12, &pointer(1, header_len + 5)),
            (20, &pointer(1, header_len + 6)),
            (28, &pointer(1, header_len)),
            (36, &pointer(2, header_len + 1)),
            (44, &pointer(2, header_len + 3)),
            (52, &pointer(1, header_len + 7)),
            (60, &flags),
            (64, &VERSION),
            (72, b"sixteen bytes..."),
        ];
        let bytes = message(MessageType::Authenticate, header, header_len.into(), b"DmePCLNK");
        let parsed = AuthenticateMessage::parse(&bytes, Charset::Oem).unwrap();
        assert_eq!(
            [parsed.domain, parsed.user, parsed.workstation].map(|text| text.to_string()),
            ["D", "me", "PC"],
            "{header_len}"
        );
        assert_eq!((parsed.lm_response, parsed.nt_response), (b"L".as_slice(), b"N".as_slice()));
        assert_eq!(parsed.nt_response_offset(), usize::from(header_len) + 6);
        assert_eq!(parsed.encrypted_session_key, if header_len >= 64 { b"K".as_slice() } else { b"" });
        assert_eq!(parsed.flags.is_some(), header_len >= 64);
        assert_eq!(parsed.version.is_some(), header_len >= 72);
        assert_eq!(parsed.mic.as_ref(), (header_len == 88).then_some(b"sixteen bytes..."));
    }
    // Without flags the charset is that of the challenge.
    let bytes = message(MessageType::Authenticate, &[(36, &pointer(2, 52))], 52, b"me");
    let unicode = AuthenticateMessage::parse(&bytes, Charset::Unicode).unwrap();
    assert_eq!(unicode.user.to_string(), "\u{656d}");
    assert_eq!(AuthenticateMessage::parse(&bytes, Charset::Oem).unwrap().user.to_string(), "me");
}

/// A message of nothing but a header, as an anonymous client might send.
#[test]
fn authenticate_of_empty_fields() {
    let flags = 0x0000_0801_u32.to_le_bytes();
    for len in 0..=88 {
        let bytes = message(MessageType::Authenticate, &[(60, &flags)], len, b"");
        let parsed = AuthenticateMessage::parse(&bytes, Charset::Oem);
        let Ok(parsed) = parsed else {
            assert!(len < 52, "{len}: {parsed:?}");
            continue;
        };
        assert!(len >= 52, "{len}");
        assert!(parsed.user.is_empty() && parsed.nt_response.is_empty() && parsed.version.is_none());
        assert_eq!(parsed.flags.is_some(), len >= 64, "{len}");
        assert_eq!(parsed.mic.is_some(), len >= 88, "{len}");
    }
}

/// A message that ends earlier is refused, or is a legal one with less in it.
#[test]
fn truncated_messages_are_shorter_ones_or_none() {
    each_vector(|record, whole| {
        let mut taken = Vec::new();
        for len in 0..whole.len() {
            if parse_any(&whole[..len]).is_ok() {
                taken.push(len);
            }
        }
        let expected: &[usize] = match MessageType::of(whole).unwrap() {
            // Without names, then without version; what is left of a version is padding.
            MessageType::Negotiate => &[16, 32, 33, 34, 35, 36, 37, 38, 39],
            // Fields reach to the end in all of them.
            MessageType::Challenge | MessageType::Authenticate => &[],
        };
        assert_eq!(taken, expected, "{}", record.name());
    });
}
