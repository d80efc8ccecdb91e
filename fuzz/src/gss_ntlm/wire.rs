//! The three messages and the attributes.

use crate::input::check_error;
use ::gss_core::Diagnose;
use ::gss_ntlm::wire::{
    AuthenticateMessage, AvError, AvId, AvPairs, ChallengeMessage, Charset, LmV2Response, MAX_AV_PAIRS,
    NegotiateFlags, NegotiateMessage, NtlmV2Response, ResponseKind, WireError, put_av_pair,
};
use std::collections::BTreeSet;

/// What parses is written so that it parses to the same.
pub fn negotiate(bytes: &[u8]) {
    let first = match NegotiateMessage::parse(bytes) {
        Ok(message) => message,
        Err(error) => return check_wire_error(&error, bytes),
    };
    for name in [first.domain, first.workstation].into_iter().flatten() {
        assert!(!name.is_empty() && lies_within(bytes, name.as_bytes(), 32));
    }
    let mut once = Vec::new();
    first.write(&mut once).expect("what parses can be written");
    let second = NegotiateMessage::parse(&once).expect("what was written parses");
    assert!(same_flags(first.flags, second.flags));
    assert_eq!(debug(&NegotiateMessage { flags: second.flags, ..first }), debug(&second));
    let mut twice = Vec::new();
    second.write(&mut twice).expect("as before");
    assert_eq!(once, twice);
}

/// The same for the server's message.
pub fn challenge(bytes: &[u8]) {
    let first = match ChallengeMessage::parse(bytes) {
        Ok(message) => message,
        Err(error) => return check_wire_error(&error, bytes),
    };
    if let Some(name) = first.target_name {
        assert!(!name.is_empty() && lies_within(bytes, name.as_bytes(), 32));
    }
    if let Some(pairs) = first.target_info {
        assert!(lies_within(bytes, pairs.as_bytes(), 48));
        check_pairs(&pairs);
    }
    let mut once = Vec::new();
    first.write(&mut once).expect("what parses can be written");
    let second = ChallengeMessage::parse(&once).expect("what was written parses");
    assert!(same_flags(first.flags, second.flags));
    assert_eq!(debug(&ChallengeMessage { flags: second.flags, ..first }), debug(&second));
    let mut twice = Vec::new();
    second.write(&mut twice).expect("as before");
    assert_eq!(once, twice);
}

/// The same for the client's second message, and what is in its responses.
pub fn authenticate(bytes: &[u8]) {
    for fallback in [Charset::Unicode, Charset::Oem] {
        let first = match AuthenticateMessage::parse(bytes, fallback) {
            Ok(message) => message,
            Err(error) => {
                check_wire_error(&error, bytes);
                continue;
            }
        };
        let names = [first.domain, first.user, first.workstation].map(|name| name.as_bytes());
        let least = match (first.flags, first.mic) {
            (_, Some(_)) => 88,
            (Some(_), None) => 64,
            (None, None) => 52,
        };
        for part in
            [first.lm_response, first.nt_response, first.encrypted_session_key].into_iter().chain(names)
        {
            assert!(lies_within(bytes, part, least));
        }
        check_responses(&first);
        let mut once = Vec::new();
        first.write(&mut once).expect("what parses can be written");
        let second = AuthenticateMessage::parse(&once, fallback).expect("what was written parses");
        assert!(same_flags(first.flags.unwrap_or_default(), second.flags.unwrap_or_default()));
        let mut expected = first;
        expected.flags = second.flags;
        assert_eq!(debug(&expected), debug(&second));
        assert_eq!((first.nt_response, first.mic), (second.nt_response, second.mic));
        let mut twice = Vec::new();
        second.write(&mut twice).expect("as before");
        assert_eq!(once, twice);
    }
}

fn check_responses(message: &AuthenticateMessage<'_>) {
    if let Err(error) = LmV2Response::parse(message.lm_response, 0) {
        check_error(&error);
    }
    let kind = match ResponseKind::of(message.lm_response, message.nt_response) {
        Ok(kind) => kind,
        Err(error) => return check_error(&error),
    };
    assert_eq!(kind == ResponseKind::NtlmV2, message.nt_response.len() > 24);
    match NtlmV2Response::parse(message.nt_response, message.nt_response_offset()) {
        Ok(response) => {
            assert_eq!(kind, ResponseKind::NtlmV2);
            assert_eq!([&response.proof, response.blob].concat(), message.nt_response);
            check_pairs(&response.av_pairs);
        }
        Err(error) => check_error(&error),
    }
}

/// A list that is taken apart and put together again is the same, wherever it lies.
pub fn av_pairs(bytes: &[u8]) {
    let near = AvPairs::parse(bytes, 0);
    let far = AvPairs::parse(bytes, 1000);
    match (near, far) {
        (Ok(near), Ok(far)) => {
            assert_eq!([near.as_bytes(), near.trailing()].concat(), bytes);
            assert_eq!(debug(&near), debug(&far));
            check_pairs(&near);
        }
        (Err(near), Err(far)) => {
            check_error(&near);
            assert!(near.offset <= bytes.len());
            assert_eq!((near.offset + 1000, near.code()), (far.offset, far.code()));
        }
        (near, far) => panic!("{near:?} and {far:?}"),
    }
}

fn check_pairs(pairs: &AvPairs<'_>) {
    let mut rebuilt = Vec::new();
    let mut seen = BTreeSet::new();
    for pair in pairs.iter() {
        assert_ne!(pair.id, AvId::EOL);
        // Of known ones there is one only.
        let first = seen.insert(pair.id);
        assert!(first || pair.id.name().is_none());
        if first {
            assert_eq!(pairs.get(pair.id), Some(pair.value));
        }
        assert_eq!(pair.text().is_some(), pair.id.is_text());
        put_av_pair(&mut rebuilt, pair.id, pair.value).expect("as long as it was");
    }
    assert!(pairs.iter().count() <= MAX_AV_PAIRS);
    assert_eq!(rebuilt, pairs.pairs_bytes());
    put_av_pair(&mut rebuilt, AvId::EOL, b"").expect("a Vec has room");
    assert_eq!(rebuilt, pairs.as_bytes());
    assert_eq!(pairs.has_flags(), pairs.get(AvId::FLAGS).is_some());
    assert_eq!(pairs.timestamp().is_some(), pairs.get(AvId::TIMESTAMP).is_some());
    assert_eq!(pairs.channel_bindings().is_some(), pairs.get(AvId::CHANNEL_BINDINGS).is_some());
    assert_eq!(pairs.target_name().is_some(), pairs.get(AvId::TARGET_NAME).is_some());
}

/// An error is right about what it saw.
pub fn check_wire_error(error: &WireError, message: &[u8]) {
    check_error(error);
    match *error {
        WireError::FieldOutside { offset, len, message_len, .. } => {
            assert_eq!(message_len, message.len());
            let end = u64::from(offset) + u64::from(len);
            assert!(end > message_len.try_into().expect("64 bits"));
        }
        WireError::FieldInHeader { offset, header_len, .. } => {
            assert!(usize::try_from(offset).expect("32 bits") < header_len && header_len <= message.len());
        }
        WireError::Text { error, .. } => assert!(error.offset < message.len()),
        WireError::TargetInfo(AvError { offset, .. }) => assert!(offset <= message.len()),
        _ => {}
    }
}

/// Whether `part` lies in `whole`, behind a header of at least this length.
fn lies_within(whole: &[u8], part: &[u8], header_len: usize) -> bool {
    part.is_empty() || {
        let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
        whole.start.wrapping_add(header_len) <= part.start && part.end <= whole.end
    }
}

/// Writing tells whether there is a version; all other flags stay.
fn same_flags(read: NegotiateFlags, written: NegotiateFlags) -> bool {
    read.without(NegotiateFlags::VERSION) == written.without(NegotiateFlags::VERSION)
}

fn debug(value: &impl core::fmt::Debug) -> String {
    format!("{value:?}")
}
