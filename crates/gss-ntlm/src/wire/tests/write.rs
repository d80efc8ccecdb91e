//! What cannot be written, and that nothing is left of it.

use super::*;
use alloc::vec;
use gss_core::{Blame, Diagnose, SinkFull, SliceSink};

/// The error of `write`, which must leave its output as it was.
fn refused(write: impl Fn(&mut dyn TokenSink) -> Result<(), WriteError>) -> WriteError {
    let mut output = Vec::from(b"before".as_slice());
    let error = write(&mut output).unwrap_err();
    assert_eq!(output, b"before");
    assert_eq!(error.blame(), Blame::Caller);
    error
}

#[test]
fn messages_are_appended_and_their_offsets_count_from_their_own_start() {
    let mut count = 0;
    each_vector(|_, message| {
        let mut output = Vec::from(b"before".as_slice());
        match MessageType::of(message).unwrap() {
            MessageType::Negotiate => NegotiateMessage::parse(message).unwrap().write(&mut output),
            MessageType::Challenge => ChallengeMessage::parse(message).unwrap().write(&mut output),
            MessageType::Authenticate => {
                AuthenticateMessage::parse(message, Charset::Unicode).unwrap().write(&mut output)
            }
        }
        .unwrap();
        assert_eq!(&output[6..], message);
        count += 1;
    });
    assert_eq!(count, 9);
}

#[test]
fn full_outputs_keep_what_they_have() {
    let message = vector(AUTHENTICATE);
    let parsed = AuthenticateMessage::parse(&message, Charset::Unicode).unwrap();
    let mut buffer = vec![0; message.len()];
    for len in 0..message.len() {
        let mut sink = SliceSink::new(&mut buffer[..len]);
        assert!(matches!(parsed.write(&mut sink), Err(WriteError::Output(SinkFull { .. }))), "{len}");
        assert!(sink.is_empty(), "{len}");
    }
    parsed.write(&mut SliceSink::new(&mut buffer)).unwrap();
    assert_eq!(buffer, message);
}

#[test]
fn fields_have_at_most_65535_bytes() {
    let nothing = Text::empty(Charset::Unicode);
    let response = vec![0; 65_536];
    let mut message = AuthenticateMessage::new(nothing, nothing, nothing);
    message.nt_response = &response[1..];
    let mut output = Vec::new();
    message.write(&mut output).unwrap();
    assert_eq!(AuthenticateMessage::parse(&output, Charset::Oem).unwrap().nt_response.len(), 65_535);
    message.nt_response = &response;
    assert_eq!(refused(|output| message.write(output)), WriteError::FieldTooLong { at: 20, len: 65_536 });
}

#[test]
fn values_have_at_most_65535_bytes() {
    let id = AvId::TARGET_NAME;
    let value = vec![b'a'; 65_536];
    assert!(put_av_pair(&mut Vec::new(), id, &value[1..]).is_ok());
    assert_eq!(
        refused(|output| put_av_pair(output, id, &value)),
        WriteError::ValueTooLong { id, len: 65_536 }
    );
    let text = "a".repeat(32_768);
    assert!(put_av_text(&mut Vec::new(), id, &text[1..]).is_ok());
    assert_eq!(
        refused(|output| put_av_text(output, id, &text)),
        WriteError::ValueTooLong { id, len: 65_536 }
    );
    // A character of four bytes has two units.
    let wide = "\u{1f600}".repeat(16_384);
    assert_eq!(
        refused(|output| put_av_text(output, id, &wide)),
        WriteError::ValueTooLong { id, len: 65_536 }
    );
}

#[test]
fn attributes_of_text_are_utf16() {
    let mut output = Vec::new();
    put_av_text(&mut output, AvId::NB_DOMAIN_NAME, "Do\u{1f600}").unwrap();
    assert_eq!(output, [2, 0, 8, 0, b'D', 0, b'o', 0, 0x3d, 0xd8, 0x00, 0xde]);
    assert_eq!(refused(|output| put_av_text(output, AvId::TARGET_NAME, "a\0")), WriteError::Nul);
    assert_eq!(refused(|output| put_utf16(output, "\0")), WriteError::Nul);
    let mut buffer = [0; 7];
    let mut sink = SliceSink::new(&mut buffer);
    assert!(put_av_text(&mut sink, AvId::TARGET_NAME, "ab").is_err() && sink.is_empty());
    assert!(put_utf16(&mut sink, "abcd").is_err() && sink.is_empty());
    assert!(put_av_pair(&mut sink, AvId::TARGET_NAME, &[0; 4]).is_err() && sink.is_empty());
}

#[test]
fn names_are_in_the_charset_that_the_flags_name() {
    let wide = utf16("PC");
    let unicode = Text::parse(&wide, Charset::Unicode, 0).unwrap();
    let oem = Text::parse(b"PC", Charset::Oem, 0).unwrap();
    let mut challenge = ChallengeMessage {
        flags: NegotiateFlags::OEM,
        target_name: Some(unicode),
        server_challenge: [0; 8],
        target_info: None,
        version: None,
    };
    let expected =
        WriteError::Charset { field: Field::TargetName, found: Charset::Unicode, expected: Charset::Oem };
    assert_eq!(refused(|output| challenge.write(output)), expected);
    challenge.flags = NegotiateFlags::NONE;
    assert!(matches!(refused(|output| challenge.write(output)), WriteError::NoCharset { .. }));
    // The names of a NEGOTIATE are never UTF-16.
    let mut negotiate = NegotiateMessage {
        flags: NegotiateFlags::UNICODE,
        domain: Some(unicode),
        workstation: None,
        version: None,
    };
    assert!(matches!(refused(|output| negotiate.write(output)), WriteError::Charset { .. }));
    negotiate.domain = Some(oem);
    assert_eq!(negotiate.write(&mut Vec::new()), Ok(()));
    negotiate.flags = NegotiateFlags::SIGN;
    assert!(matches!(refused(|output| negotiate.write(output)), WriteError::NoCharset { .. }));
    // Without flags, all names are written like the user's.
    let authenticate = AuthenticateMessage::new(oem, unicode, unicode);
    let expected =
        WriteError::Charset { field: Field::DomainName, found: Charset::Oem, expected: Charset::Unicode };
    assert_eq!(refused(|output| authenticate.write(output)), expected);
}

#[test]
fn a_header_without_flags_ends_before_them() {
    let nothing = Text::empty(Charset::Oem);
    let plain = AuthenticateMessage::new(nothing, Text::parse(b"me", Charset::Oem, 0).unwrap(), nothing);
    let mut output = Vec::new();
    plain.write(&mut output).unwrap();
    assert_eq!(output.len(), 54);
    assert!(AuthenticateMessage::parse(&output, Charset::Oem).unwrap().user.eq_str("me"));
    let [mut mic, mut key, mut version] = [plain; 3];
    mic.mic = Some([0; 16]);
    key.encrypted_session_key = &[0; 16];
    version.version = Some(Version::from_bytes([0; 8]));
    for message in [mic, key, version] {
        assert_eq!(refused(|output| message.write(output)), WriteError::FlagsMissing);
    }
}

#[test]
fn flags_follow_what_is_there() {
    let oem = Text::parse(b"PC", Charset::Oem, 0).unwrap();
    let flags = NegotiateFlags::UNICODE | NegotiateFlags::VERSION;
    let mut output = Vec::new();
    NegotiateMessage { flags, domain: None, workstation: Some(oem), version: None }
        .write(&mut output)
        .unwrap();
    let parsed = NegotiateMessage::parse(&output).unwrap();
    assert_eq!(parsed.flags, NegotiateFlags::UNICODE | NegotiateFlags::OEM_WORKSTATION_SUPPLIED);
    assert!(parsed.domain.is_none() && parsed.workstation.is_some_and(|name| name.eq_str("PC")));
}

#[test]
fn nothing_is_put_outside_of_the_header() {
    let mut output = Vec::from(b"before".as_slice());
    let mut writer = PayloadWriter::new(&mut output, 16).unwrap();
    assert_eq!(writer.fixed(12, b"12345"), Err(WriteError::OutsideHeader { at: 12, len: 5 }));
    assert_eq!(writer.fixed(usize::MAX, b"1"), Err(WriteError::OutsideHeader { at: usize::MAX, len: 1 }));
    writer.empty(4).unwrap();
    assert_eq!(output, b"before\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0");
}
