//! What is tested of the messages as a whole; single values are tested where they are defined.

mod attributes;
mod fields;
mod messages;
mod properties;
mod response;
mod short_forms;
mod text;
mod write;

use super::*;
use alloc::vec::Vec;
use gss_core::TokenSink;
use test_support::vectors::{self, Record};

/// Has `check` look at every message of the vectors.
fn each_vector(mut check: impl FnMut(&Record, &[u8])) {
    let mut count = 0;
    for file in ["ntlm/messages.txt", "ntlm/messages-derived.txt"] {
        for record in vectors::load(file).records() {
            check(record, &record.hex("message"));
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

/// The bytes of the message of this name.
fn vector(name: &str) -> Vec<u8> {
    let mut found = None;
    each_vector(|record, message| {
        if record.name() == name {
            found = Some(message.to_vec());
        }
    });
    found.unwrap_or_else(|| panic!("no vector {name:?}"))
}

const NEGOTIATE: &str = "NEGOTIATE of a client of today";
const CHALLENGE: &str = "NTLMv2 with time, CHALLENGE";
const AUTHENTICATE: &str = "NTLMv2 with time, MIC, bindings and target name, AUTHENTICATE";

/// Reads a message of any type.
fn parse_any(message: &[u8]) -> Result<(), WireError> {
    match MessageType::of(message)? {
        MessageType::Negotiate => NegotiateMessage::parse(message).map(|_| ()),
        MessageType::Challenge => ChallengeMessage::parse(message).map(|_| ()),
        MessageType::Authenticate => AuthenticateMessage::parse(message, Charset::Unicode).map(|_| ()),
    }
}

/// What `write` writes.
fn written(write: impl FnOnce(&mut dyn TokenSink) -> Result<(), WriteError>) -> Vec<u8> {
    let mut output = Vec::new();
    write(&mut output).unwrap();
    output
}

/// The field at `at` of a header, set to these values.
fn with_field(message: &[u8], at: usize, len: u16, offset: u32) -> Vec<u8> {
    let mut changed = message.to_vec();
    changed[at..at + 2].copy_from_slice(&len.to_le_bytes());
    changed[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
    changed
}

/// Attributes as they are sent, without an end.
fn av(id: AvId, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_av_pair(&mut bytes, id, value).unwrap();
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn leniencies_name_tests_that_exist() {
    let sources = [
        ("attributes", include_str!("tests/attributes.rs")),
        ("messages", include_str!("tests/messages.rs")),
        ("response", include_str!("tests/response.rs")),
        ("short_forms", include_str!("tests/short_forms.rs")),
    ];
    for leniency in leniency::ALL {
        let (module, function) = leniency.test.split_once("::").unwrap();
        let (_, source) = sources.iter().find(|(name, _)| *name == module).unwrap();
        assert!(source.contains(&alloc::format!("#[test]\nfn {function}()")), "{}", leniency.test);
    }
}
