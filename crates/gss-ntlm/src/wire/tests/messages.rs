//! The messages of the specification, there and back.

use super::*;
use alloc::string::{String, ToString};
use gss_core::bindings::BindingDigest;

/// The text of `key`, or `None` where the vector says that there is none.
fn stated(record: &Record, key: &str) -> Option<String> {
    record.get(key).map(|_| record.text(key))
}

fn number(record: &Record, key: &str) -> Option<u32> {
    record.opt_hex(key).map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap()))
}

fn shown(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn check_attributes(record: &Record, pairs: Option<AvPairs<'_>>) {
    for (key, id) in [
        ("nb-domain", AvId::NB_DOMAIN_NAME),
        ("nb-computer", AvId::NB_COMPUTER_NAME),
        ("dns-domain", AvId::DNS_DOMAIN_NAME),
        ("dns-computer", AvId::DNS_COMPUTER_NAME),
    ] {
        assert_eq!(shown(pairs.and_then(|pairs| pairs.text(id))), stated(record, key), "{key}");
    }
    let time = pairs.and_then(|pairs| pairs.timestamp()).map(|time| time.0.to_le_bytes().to_vec());
    assert_eq!(time, record.opt_hex("time"));
}

fn check_challenge(record: &Record, bytes: &[u8]) {
    let message = ChallengeMessage::parse(bytes).unwrap();
    assert_eq!(Some(message.flags.bits()), number(record, "flags"));
    assert_eq!(shown(message.target_name), stated(record, "target-name"));
    assert_eq!(message.server_challenge.as_slice(), record.hex("server-challenge"));
    assert_eq!(shown(message.version), stated(record, "version"));
    let info = message.target_info.map(|info| info.as_bytes().to_vec());
    assert_eq!(info, record.opt_hex("target-info"));
    check_attributes(record, message.target_info);
    assert_eq!(written(|output| message.write(output)), bytes);
}

fn check_response(record: &Record, message: &AuthenticateMessage<'_>) {
    let kind = ResponseKind::of(message.lm_response, message.nt_response).unwrap();
    let expected = match record.text("response").as_str() {
        "v1" => ResponseKind::NtlmV1,
        "v1-session" => ResponseKind::NtlmV1Session,
        _ => ResponseKind::NtlmV2,
    };
    assert_eq!(kind, expected);
    if kind != ResponseKind::NtlmV2 {
        return;
    }
    let response = NtlmV2Response::parse(message.nt_response, message.nt_response_offset()).unwrap();
    assert_eq!(response.proof.as_slice(), record.hex("proof"));
    assert_eq!(response.blob, &message.nt_response[16..]);
    assert_eq!(response.time.0.to_le_bytes().as_slice(), record.hex("response-time"));
    assert_eq!(response.client_challenge.as_slice(), record.hex("client-challenge"));
    let pairs = response.av_pairs;
    check_attributes(record, Some(pairs));
    assert_eq!(pairs.has_flags().then(|| pairs.flags().bits()), number(record, "av-flags"));
    assert_eq!(pairs.channel_bindings().map(|BindingDigest(md5)| md5.to_vec()), record.opt_hex("bindings"));
    assert_eq!(shown(pairs.target_name()), stated(record, "target"));
    assert_eq!(pairs.trailing(), record.hex("trailing"));
}

fn check_authenticate(record: &Record, bytes: &[u8]) {
    // The fallback does not count where there are flags.
    let message = AuthenticateMessage::parse(bytes, Charset::Oem).unwrap();
    assert_eq!(message.flags.map(NegotiateFlags::bits), number(record, "flags"));
    assert_eq!(shown(message.version), stated(record, "version"));
    assert_eq!(Some(message.domain.to_string()), stated(record, "domain"));
    assert_eq!(Some(message.user.to_string()), stated(record, "user"));
    assert_eq!(Some(message.workstation.to_string()), stated(record, "workstation"));
    assert_eq!(message.lm_response, record.hex("lm-response"));
    assert_eq!(message.nt_response, record.hex("nt-response"));
    let offset = message.nt_response_offset();
    assert_eq!(bytes.get(offset..offset + message.nt_response.len()), Some(message.nt_response));
    assert_eq!(message.encrypted_session_key, record.opt_hex("session-key").unwrap_or_default());
    assert_eq!(message.mic.map(Vec::from), record.opt_hex("mic"));
    check_response(record, &message);
    assert_eq!(written(|output| message.write(output)), bytes);
}

#[test]
fn vectors_say_what_they_are_stated_to_say() {
    each_vector(|record, bytes| match (record.text("kind").as_str(), MessageType::of(bytes).unwrap()) {
        ("negotiate", MessageType::Negotiate) => {
            let message = NegotiateMessage::parse(bytes).unwrap();
            assert_eq!(Some(message.flags.bits()), number(record, "flags"));
            assert_eq!(shown(message.version), stated(record, "version"));
            assert_eq!(shown(message.domain), stated(record, "domain"));
            assert_eq!(shown(message.workstation), stated(record, "workstation"));
            assert_eq!(written(|output| message.write(output)), bytes);
        }
        ("challenge", MessageType::Challenge) => check_challenge(record, bytes),
        ("authenticate", MessageType::Authenticate) => check_authenticate(record, bytes),
        (kind, found) => panic!("{}: {kind}, but {found}", record.name()),
    });
}

#[test]
fn nothing_secret_is_shown() {
    let message = vector(AUTHENTICATE);
    let parsed = AuthenticateMessage::parse(&message, Charset::Unicode).unwrap();
    let response = NtlmV2Response::parse(parsed.nt_response, 0).unwrap();
    let shown = alloc::format!("{parsed:?} {response:?}");
    assert!(shown.contains("User") && shown.contains("nt_response_len: 258"), "{shown}");
    // First bytes of proof and session key, as `Debug` would write them.
    assert!(!shown.contains("119, 50, 181") && !shown.contains("171, 202, 225"), "{shown}");
}

#[test]
fn types_are_told_apart() {
    let [negotiate, challenge] = [vector(NEGOTIATE), vector(CHALLENGE)];
    assert_eq!(MessageType::of(&negotiate), Ok(MessageType::Negotiate));
    assert_eq!(
        ChallengeMessage::parse(&negotiate).unwrap_err(),
        WireError::OtherType { expected: MessageType::Challenge, found: MessageType::Negotiate }
    );
    assert!(matches!(NegotiateMessage::parse(&challenge), Err(WireError::OtherType { .. })));
    assert!(matches!(AuthenticateMessage::parse(&challenge, Charset::Oem), Err(WireError::OtherType { .. })));
    let mut changed = challenge.clone();
    changed[8] = 4;
    assert_eq!(MessageType::of(&changed), Err(WireError::UnknownType { found: 4 }));
    changed[8..12].copy_from_slice(&[2, 0, 0, 1]);
    assert_eq!(MessageType::of(&changed), Err(WireError::UnknownType { found: 0x0100_0002 }));
    changed[7] = b' ';
    let error = MessageType::of(&changed).unwrap_err();
    assert_eq!(error, WireError::Signature { found: *b"NTLMSSP " });
    assert!(
        error.to_string().contains(r#"begins with "NTLMSSP " where "NTLMSSP\x00" was expected"#),
        "{error}"
    );
    assert!(matches!(MessageType::of(&challenge[..11]), Err(WireError::Header(_))));
}

#[test]
fn flags_have_to_name_a_charset() {
    for (name, at) in [(NEGOTIATE, 12), (CHALLENGE, 20), (AUTHENTICATE, 60)] {
        let mut message = vector(name);
        message[at] |= 3;
        assert_eq!(parse_any(&message), Ok(()), "{name}");
        message[at] &= !3;
        assert!(matches!(parse_any(&message), Err(WireError::NoCharset { .. })), "{name}");
    }
}

#[test]
fn unicode_wins_over_oem() {
    let both = NegotiateFlags::UNICODE | NegotiateFlags::OEM;
    assert_eq!(Charset::of(both), Some(Charset::Unicode));
    assert_eq!(Charset::of(NegotiateFlags::OEM), Some(Charset::Oem));
    assert_eq!(Charset::of(NegotiateFlags::SIGN), None);
    // Without UNICODE the zero bytes between the letters are what is wrong.
    let mut message = vector(CHALLENGE);
    message[20] = 0x32;
    let error = ChallengeMessage::parse(&message).unwrap_err();
    let expected = TextError { kind: TextErrorKind::Nul, offset: 57 };
    assert_eq!(error, WireError::Text { field: Field::TargetName, error: expected });
}
