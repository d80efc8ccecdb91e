//! Lists of attributes.

use super::*;
use alloc::string::ToString;
use alloc::vec;
use gss_core::Diagnose;
use gss_core::bindings::BindingDigest;

const EOL: [u8; 4] = [0; 4];

fn error_of(bytes: &[u8]) -> AvErrorKind {
    AvPairs::parse(bytes, 0).unwrap_err().kind
}

#[test]
fn the_empty_list_is_its_end() {
    let list = AvPairs::parse(&EOL, 0).unwrap();
    assert_eq!(list.iter().count(), 0);
    assert_eq!(list.as_bytes(), AvPairs::EMPTY.as_bytes());
    assert!(list.pairs_bytes().is_empty() && list.trailing().is_empty());
    assert!(!list.has_flags() && list.flags().is_empty() && list.timestamp().is_none());
    assert!(list.channel_bindings().is_none() && list.target_name().is_none());
}

#[test]
fn values_are_read_in_any_order() {
    let bytes = [
        av(AvId::CHANNEL_BINDINGS, &[9; 16]),
        av(AvId::TARGET_NAME, &utf16("HTTP/host")),
        av(AvId::FLAGS, &[6, 0, 0, 0]),
        av(AvId(77), b"unknown"),
        av(AvId::TIMESTAMP, &[1, 0, 0, 0, 0, 0, 0, 0]),
        av(AvId::NB_DOMAIN_NAME, &utf16("D")),
    ]
    .concat();
    let whole = [bytes.as_slice(), &EOL, b"tail"].concat();
    let list = AvPairs::parse(&whole, 0).unwrap();
    assert_eq!(list.flags(), AvFlags::MIC_PRESENT | AvFlags::UNTRUSTED_SPN);
    assert_eq!(list.timestamp(), Some(FileTime(1)));
    assert_eq!(list.channel_bindings(), Some(BindingDigest([9; 16])));
    assert!(list.target_name().unwrap().eq_str("HTTP/host"));
    assert_eq!(list.get(AvId(77)), Some(b"unknown".as_slice()));
    assert!(list.text(AvId(77)).is_none() && list.text(AvId::FLAGS).is_none());
    assert_eq!(list.iter().map(|pair| pair.id.0).collect::<Vec<_>>(), [10, 9, 6, 77, 7, 2]);
    assert_eq!((list.pairs_bytes(), list.trailing()), (bytes.as_slice(), b"tail".as_slice()));
    assert_eq!(list.as_bytes(), [bytes.as_slice(), &EOL].concat());
}

#[test]
fn lists_have_an_end() {
    assert_eq!(error_of(b""), AvErrorKind::NoEnd { rest: 0 });
    for rest in 1..4 {
        assert_eq!(error_of(&EOL[..rest]), AvErrorKind::NoEnd { rest });
    }
    let pair = av(AvId::NB_DOMAIN_NAME, &utf16("D"));
    let error = AvPairs::parse(&pair, 100).unwrap_err();
    assert_eq!(error, AvError { kind: AvErrorKind::NoEnd { rest: 0 }, offset: 106 });
    assert_eq!(error.code(), "ntlm_attributes_without_end");
    assert_eq!(error_of(&[pair, vec![0, 0]].concat()), AvErrorKind::NoEnd { rest: 2 });
}

#[test]
fn the_end_has_no_value() {
    assert_eq!(error_of(&[0, 0, 1, 0, 0]), AvErrorKind::ValueLength { id: AvId::EOL, len: 1, expected: 0 });
    assert_eq!(error_of(&[0, 0, 1, 0]), AvErrorKind::ValueOutside { id: AvId::EOL, len: 1, available: 0 });
}

#[test]
fn values_lie_within_the_list() {
    for id in [AvId::NB_COMPUTER_NAME, AvId::FLAGS, AvId(4711)] {
        let whole = av(id, &[b'a'; 4]);
        for len in 4..whole.len() {
            let expected = AvErrorKind::ValueOutside { id, len: 4, available: len - 4 };
            assert_eq!(error_of(&whole[..len]), expected);
        }
    }
    assert_eq!(
        error_of(&[1, 0, 0xff, 0xff]),
        AvErrorKind::ValueOutside { id: AvId::NB_COMPUTER_NAME, len: 0xffff, available: 0 }
    );
}

#[test]
fn values_of_fixed_length_have_it() {
    for (id, expected) in [(AvId::FLAGS, 4), (AvId::TIMESTAMP, 8), (AvId::CHANNEL_BINDINGS, 16)] {
        for len in 0..=20 {
            let bytes = [av(id, &vec![1; len]), EOL.to_vec()].concat();
            let parsed = AvPairs::parse(&bytes, 0);
            if len == expected {
                assert!(parsed.is_ok(), "{id} {len}");
            } else {
                let kind = parsed.unwrap_err().kind;
                assert_eq!(kind, AvErrorKind::ValueLength { id, len, expected });
            }
        }
    }
}

#[test]
fn single_host_data_says_how_long_it_is() {
    for len in 0..=64_u8 {
        let mut value = vec![0; usize::from(len)];
        if let Some(first) = value.first_mut() {
            *first = len;
        }
        let parsed = AvPairs::parse(&[av(AvId::SINGLE_HOST, &value), EOL.to_vec()].concat(), 0).map(|_| ());
        if len >= 8 {
            assert_eq!(parsed, Ok(()), "{len}");
        } else {
            assert_eq!(parsed.unwrap_err().kind, AvErrorKind::SingleHostShort { len: len.into() });
        }
    }
    for size in [0, 47, 49, 0xffff_ffff_u32] {
        let value = [size.to_le_bytes().as_slice(), &[0; 44]].concat();
        let error = AvPairs::parse(&[av(AvId::SINGLE_HOST, &value), EOL.to_vec()].concat(), 0).unwrap_err();
        assert_eq!(error.kind, AvErrorKind::SingleHostSize { size, len: 48 });
        assert_eq!(error.code(), "ntlm_single_host_length");
    }
}

#[test]
fn text_is_utf16_without_nul() {
    for id in [1, 2, 3, 4, 5, 9].map(AvId) {
        assert!(id.is_text());
        for (value, kind, at) in [
            (&[b'a'][..], TextErrorKind::OddLength { len: 1 }, 0),
            (&[b'a', 0, b'b'], TextErrorKind::OddLength { len: 3 }, 0),
            (&[b'a', 0, 0, 0xdc], TextErrorKind::UnpairedSurrogate { unit: 0xdc00 }, 2),
            (&[0x3d, 0xd8], TextErrorKind::UnpairedSurrogate { unit: 0xd83d }, 0),
            (&[b'a', 0, 0, 0], TextErrorKind::Nul, 2),
        ] {
            let error = AvPairs::parse(&[av(id, value), EOL.to_vec()].concat(), 50).unwrap_err();
            let text = TextError { kind, offset: 54 + at };
            assert_eq!(error, AvError { kind: AvErrorKind::Text { id, error: text }, offset: 50 });
        }
        let bytes = [av(id, &[]), EOL.to_vec()].concat();
        assert!(AvPairs::parse(&bytes, 0).unwrap().text(id).unwrap().is_empty());
    }
    // What is unknown may be anything.
    assert!(AvPairs::parse(&[av(AvId(11), &[0]), EOL.to_vec()].concat(), 0).is_ok());
}

#[test]
fn known_attributes_come_once() {
    for id in (1..=10).map(AvId) {
        let value = match id {
            AvId::FLAGS => vec![0; 4],
            AvId::TIMESTAMP => vec![0; 8],
            AvId::CHANNEL_BINDINGS => vec![0; 16],
            AvId::SINGLE_HOST => [vec![48], vec![0; 47]].concat(),
            _ => utf16("x"),
        };
        let once = av(id, &value);
        assert!(AvPairs::parse(&[once.as_slice(), &EOL].concat(), 0).is_ok(), "{id}");
        // The same value again is no better than another.
        let between = av(AvId(99), b"between");
        let error = AvPairs::parse(&[once.as_slice(), &between, &once, &EOL].concat(), 0).unwrap_err();
        assert_eq!(
            error,
            AvError { kind: AvErrorKind::Duplicate { id }, offset: once.len() + between.len() }
        );
    }
    for unknown in [11, 16, 17, 0x8001, 0xffff].map(AvId) {
        assert_eq!(unknown.name(), None);
        let twice = [av(unknown, b"1"), av(unknown, b"2"), EOL.to_vec()].concat();
        assert_eq!(AvPairs::parse(&twice, 0).unwrap().get(unknown), Some(b"1".as_slice()));
    }
    assert_eq!(AvId(17).to_string(), "AV_PAIR 17");
}

#[test]
fn the_number_of_attributes_is_bounded() {
    let list = |count: usize| [av(AvId(99), b"").repeat(count), EOL.to_vec()].concat();
    assert_eq!(AvPairs::parse(&list(MAX_AV_PAIRS), 0).unwrap().iter().count(), MAX_AV_PAIRS);
    assert_eq!(error_of(&list(MAX_AV_PAIRS + 1)), AvErrorKind::TooMany);
    assert_eq!(error_of(&list(16_382)), AvErrorKind::TooMany);
    // More than any field can hold, and never walked through.
    assert_eq!(error_of(&list(65_536)), AvErrorKind::TooLong { len: 262_148 });
}

#[test]
fn lists_of_64_kib_are_read_up_to_the_last_byte() {
    let largest = [av(AvId(99), &vec![7; MAX_AV_LIST_LEN - 8]), EOL.to_vec()].concat();
    assert_eq!(largest.len(), 65_535);
    let list = AvPairs::parse(&largest, 0).unwrap();
    assert_eq!(list.get(AvId(99)).unwrap().len(), 65_527);
    let trailing = [EOL.to_vec(), vec![7; MAX_AV_LIST_LEN - 4]].concat();
    assert_eq!(AvPairs::parse(&trailing, 0).unwrap().trailing().len(), 65_531);
    let larger = [largest, vec![0]].concat();
    assert_eq!(error_of(&larger), AvErrorKind::TooLong { len: 65_536 });

    // The same within a message.
    let mut message = vector(CHALLENGE);
    message.truncate(68);
    message.extend_from_slice(&larger);
    let parsed = with_field(&message, 40, 65_535, 68);
    let info = ChallengeMessage::parse(&parsed).unwrap().target_info.unwrap();
    assert_eq!(info.as_bytes().len(), 65_535);
    // One beyond does not fit in the length of the field: it begins anew at zero.
    let wrapped = with_field(&message, 40, 0, 68);
    assert!(ChallengeMessage::parse(&wrapped).unwrap().target_info.is_none());
}
