//! The responses inside an AUTHENTICATE.

use super::*;
use alloc::vec;
use gss_core::Diagnose;

/// A response with this behind the four reserved bytes.
fn response(rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xab; 16];
    bytes.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&42_u64.to_le_bytes());
    bytes.extend_from_slice(b"chalenge\0\0\0\0");
    bytes.extend_from_slice(rest);
    bytes
}

#[test]
fn what_follows_the_attributes_is_free() {
    for trailing in [&b""[..], &[0], &[0; 4], &[0; 8], b"anything"] {
        let bytes = response(&[&[0; 4], trailing].concat());
        let parsed = NtlmV2Response::parse(&bytes, 0).unwrap();
        assert_eq!((parsed.proof, parsed.blob), ([0xab; 16], &bytes[16..]));
        assert_eq!((parsed.time, &parsed.client_challenge), (FileTime(42), b"chalenge"));
        assert_eq!(parsed.av_pairs.trailing(), trailing);
    }
}

#[test]
fn responses_have_at_least_48_bytes() {
    let whole = response(&[0; 4]);
    assert_eq!(whole.len(), NtlmV2Response::MIN_LEN);
    for len in 0..whole.len() {
        let error = NtlmV2Response::parse(&whole[..len], 7).unwrap_err();
        assert_eq!(error, ResponseError::TooShort { len, offset: 7 });
        assert_eq!(error.code(), "ntlm_v2_response_too_short");
    }
}

#[test]
fn responses_are_of_version_1() {
    for (at, version, highest) in [(16, 2, 1), (16, 0, 1), (17, 1, 2), (17, 1, 0)] {
        let mut bytes = response(&[0; 4]);
        bytes[at] = if at == 16 { version } else { highest };
        let error = NtlmV2Response::parse(&bytes, 100).unwrap_err();
        assert_eq!(error, ResponseError::Version { version, highest, offset: 116 });
    }
    // Reserved bytes do not count.
    let mut bytes = response(&[0; 4]);
    for at in (18..24).chain(40..44) {
        bytes[at] = 0xff;
    }
    assert!(NtlmV2Response::parse(&bytes, 0).is_ok());
}

#[test]
fn attributes_of_responses_are_checked() {
    let bytes = response(&[6, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let error = NtlmV2Response::parse(&bytes, 100).unwrap_err();
    let kind = AvErrorKind::ValueLength { id: AvId::FLAGS, len: 3, expected: 4 };
    assert_eq!(error, ResponseError::AvPairs(AvError { kind, offset: 144 }));
    assert_eq!(error.code(), "ntlm_attribute_length");
    let unended = response(&av(AvId::NB_DOMAIN_NAME, &utf16("D")));
    assert!(matches!(
        NtlmV2Response::parse(&unended, 0),
        Err(ResponseError::AvPairs(AvError { kind: AvErrorKind::NoEnd { .. }, .. }))
    ));
}

#[test]
fn lm_v2_is_24_bytes() {
    let bytes: Vec<u8> = (0..24).collect();
    let parsed = LmV2Response::parse(&bytes, 0).unwrap();
    assert_eq!((&parsed.proof[..], &parsed.client_challenge[..]), (&bytes[..16], &bytes[16..]));
    for len in [0, 1, 16, 23, 25] {
        let error = LmV2Response::parse(&vec![0; len], 9).unwrap_err();
        assert_eq!(error, ResponseError::LmLength { len, offset: 9 });
    }
}

#[test]
fn kinds_are_told_by_their_lengths() {
    let session = [vec![1; 8], vec![0; 16]].concat();
    for (lm, nt, expected) in [
        (&b""[..], &b""[..], Ok(ResponseKind::None)),
        (&[0], b"", Ok(ResponseKind::None)),
        (&[1], b"", Err(ResponseError::LmLength { len: 1, offset: 0 })),
        (&[0; 2], b"", Err(ResponseError::LmLength { len: 2, offset: 0 })),
        (&[1; 24], b"", Ok(ResponseKind::Lm)),
        (&[1; 24], &[2; 24], Ok(ResponseKind::NtlmV1)),
        (b"", &[2; 24], Ok(ResponseKind::NtlmV1)),
        (&session, &[2; 24], Ok(ResponseKind::NtlmV1Session)),
        (&session[..23], &[2; 24], Ok(ResponseKind::NtlmV1)),
        (&session, &[2; 25], Ok(ResponseKind::NtlmV2)),
        (b"", &[2; 48], Ok(ResponseKind::NtlmV2)),
        (b"?", &[2; 48], Ok(ResponseKind::NtlmV2)),
        (b"", &[2; 1], Err(ResponseError::NtLength { len: 1 })),
        (&session, &[2; 23], Err(ResponseError::NtLength { len: 23 })),
    ] {
        assert_eq!(ResponseKind::of(lm, nt), expected, "{} {}", lm.len(), nt.len());
    }
}
