//! One test for every rule that decoding holds to.

use krb5_asn1::der::{self, ErrorKind};
use krb5_asn1::*;

use crate::reference;

/// Asserts that changing `from` to `to` (same length, first occurrence) makes a message be refused.
fn refused<M: Message>(name: &str, from: &[u8], to: &[u8]) -> DecodeError {
    let mut der = reference(name);
    let at = der.windows(from.len()).position(|window| window == from).expect("the bytes to change");
    der[at..at + from.len()].copy_from_slice(to);
    Owned::<M>::from_der(der).expect_err("a refusal")
}

fn kind_of<'a, T: Decode<'a, Error = DecodeError>>(der: &'a [u8]) -> DecodeErrorKind {
    match T::from_der(der) {
        Ok(_) => panic!("{der:02x?} was accepted"),
        Err(error) => error.kind(),
    }
}

#[test]
fn version_must_be_five() {
    let error = refused::<ApReq<'static>>("ap_req", &[0xa0, 3, 2, 1, 5], &[0xa0, 3, 2, 1, 4]);
    assert_eq!(error.kind(), DecodeErrorKind::Version { seen: 4 });
    assert_eq!(error.to_string(), "protocol version 4, expected 5 at byte 6");
    let error = refused::<Ticket<'static>>("ticket", &[0xa0, 3, 2, 1, 5], &[0xa0, 3, 2, 1, 6]);
    assert_eq!(error.kind(), DecodeErrorKind::Version { seen: 6 });
}

#[test]
fn message_type_must_match_the_tag() {
    let error = refused::<ApReq<'static>>("ap_req", &[0xa1, 3, 2, 1, 14], &[0xa1, 3, 2, 1, 15]);
    let expected = DecodeErrorKind::MessageType { seen: MessageType::AP_REP, expected: MessageType::AP_REQ };
    assert_eq!(error.kind(), expected);
    assert_eq!(error.to_string(), "message type AP_REP (15), expected AP_REQ (14) at byte 11");
}

#[test]
fn tag_must_be_the_message_s() {
    let error = refused::<ApReq<'static>>("ap_req", &[0x6e], &[0x6f]);
    assert!(matches!(error.kind(), DecodeErrorKind::Der(ErrorKind::TagUnexpected { .. })));
    // APPLICATION 14 without the constructed bit
    let error = refused::<ApReq<'static>>("ap_req", &[0x6e], &[0x4e]);
    assert!(matches!(error.kind(), DecodeErrorKind::Der(_)));
    // neither 25 nor 26
    let error = refused::<EncAsRepPart<'static>>("enc_kdc_rep_part", &[0x7a], &[0x7b]);
    assert!(matches!(error.kind(), DecodeErrorKind::Der(ErrorKind::TagUnexpected { .. })));
}

#[test]
fn fields_must_be_present_and_in_order() {
    // Checksum without its value
    let kind = kind_of::<Checksum<'_>>(&[0x30, 5, 0xa0, 3, 2, 1, 1]);
    assert_eq!(kind, DecodeErrorKind::MissingField { message: "Checksum", field: "checksum", tag: 1 });
    // Value before type
    let kind = kind_of::<Checksum<'_>>(&[0x30, 10, 0xa1, 3, 4, 1, 7, 0xa0, 3, 2, 1, 1]);
    assert_eq!(kind, DecodeErrorKind::MissingField { message: "Checksum", field: "cksumtype", tag: 0 });
    let error = Checksum::from_der(&[0x30, 5, 0xa0, 3, 2, 1, 1]).unwrap_err();
    assert_eq!(error.to_string(), "Checksum lacks its field checksum [1] at byte 7");
}

#[test]
fn unknown_and_repeated_fields_are_refused() {
    let trailing = |kind| matches!(kind, DecodeErrorKind::Der(ErrorKind::TrailingData { .. }));
    let unknown = [0x30, 15, 0xa0, 3, 2, 1, 1, 0xa1, 3, 4, 1, 7, 0xa2, 3, 2, 1, 1];
    assert!(trailing(kind_of::<Checksum<'_>>(&unknown)));
    let repeated = [0x30, 15, 0xa0, 3, 2, 1, 1, 0xa1, 3, 4, 1, 7, 0xa1, 3, 4, 1, 7];
    assert!(trailing(kind_of::<Checksum<'_>>(&repeated)));
    // two values inside one explicit tag
    assert!(trailing(kind_of::<Checksum<'_>>(&[0x30, 13, 0xa0, 3, 2, 1, 1, 0xa1, 6, 4, 1, 7, 4, 1, 7])));
}

#[test]
fn lengths_must_be_definite_and_minimal() {
    let indefinite = [0x30, 0x80, 0xa0, 3, 2, 1, 1, 0xa1, 3, 4, 1, 7, 0, 0];
    assert_eq!(kind_of::<Checksum<'_>>(&indefinite), DecodeErrorKind::Der(ErrorKind::IndefiniteLength));
    let padded = [0x30, 0x81, 10, 0xa0, 3, 2, 1, 1, 0xa1, 3, 4, 1, 7];
    assert!(matches!(kind_of::<Checksum<'_>>(&padded), DecodeErrorKind::Der(_)));
    let beyond_parent = [0x30, 10, 0xa0, 3, 2, 1, 1, 0xa1, 4, 4, 1, 7];
    assert!(matches!(kind_of::<Checksum<'_>>(&beyond_parent), DecodeErrorKind::Der(_)));
    let beyond_input = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0xa0, 3, 2, 1, 1];
    assert!(matches!(kind_of::<Checksum<'_>>(&beyond_input), DecodeErrorKind::Der(_)));
}

#[test]
fn deep_nesting_of_indefinite_lengths_is_refused() {
    let nested: Vec<u8> = [0x30, 0x80].repeat(512 * 1024);
    for refused in [
        Owned::<Ticket<'static>>::from_der(nested.clone()).is_err(),
        Owned::<SeqOf<'static, PaData<'static>>>::from_der(nested.clone()).is_err(),
        Owned::<EncTgsRepPart<'static>>::from_der(nested).is_err(),
    ] {
        assert!(refused);
    }
}

#[test]
fn integers_must_be_minimal_and_in_range() {
    let int = |content: &[u8]| {
        let mut der = vec![2, content.len() as u8];
        der.extend(content);
        UInt32::from_der(&der).map(|n| n.0).map_err(|e| e.kind())
    };
    assert_eq!(int(&[0x7f]), Ok(0x7f));
    assert_eq!(int(&[0, 0xff, 0xff, 0xff, 0xff]), Ok(u32::MAX));
    assert_eq!(int(&[0x80, 0, 0, 0]), Ok(0x8000_0000));
    assert_eq!(int(&[1, 0, 0, 0, 0]), Err(DecodeErrorKind::IntegerRange));
    assert_eq!(int(&[0xff, 0x7f, 0xff, 0xff, 0xff]), Err(DecodeErrorKind::IntegerRange));
    for malformed in [&[][..], &[0, 1], &[0xff, 0xff], &[0; 9]] {
        assert!(matches!(int(malformed), Err(DecodeErrorKind::Der(_))), "{malformed:?}");
    }
    assert_eq!(UInt32(u32::MAX).to_der(), Ok(vec![2, 5, 0, 0xff, 0xff, 0xff, 0xff]));
    assert!(NameType::from_der(&[2, 5, 0, 0xff, 0xff, 0xff, 0xff]).is_err(), "Int32 has no fifth byte");
}

#[test]
fn microseconds_stay_below_a_million() {
    assert_eq!(Microseconds::from_der(&[2, 3, 0x0f, 0x42, 0x3f]), Ok(Microseconds::MAX));
    let kind = kind_of::<Microseconds>(&[2, 3, 0x0f, 0x42, 0x40]);
    assert_eq!(kind, DecodeErrorKind::Microseconds { seen: 1_000_000 });
    assert_eq!(kind_of::<Microseconds>(&[2, 1, 0xff]), DecodeErrorKind::Microseconds { seen: -1 });
    assert_eq!(Microseconds::new(1_000_000), None);
}

#[test]
fn time_has_one_form() {
    let time = |text: &str| KerberosTime::parse(text.as_bytes()).map(KerberosTime::unix_seconds);
    assert_eq!(time("19940610060317Z"), Some(771_228_197));
    assert_eq!(time("19700101000000Z"), Some(0));
    assert_eq!(time("00000101000000Z"), Some(KerberosTime::MIN.unix_seconds()));
    assert_eq!(time("99991231235959Z"), Some(KerberosTime::MAX.unix_seconds()));
    assert_eq!(time("20000229120000Z"), Some(951_825_600));
    assert_eq!(time("20380119031408Z"), Some(1 << 31));
    for wrong in [
        "",
        "19940610060317",
        "19940610060317z",
        "1994061006031Z7",
        "19940610060317.5Z",
        "199406100603Z",
        "19940610060317+0000",
        "940610060317Z",
        "19940010060317Z",
        "19941310060317Z",
        "19940600060317Z",
        "19940631060317Z",
        "19000229000000Z",
        "19940610240000Z",
        "19940610066017Z",
        "19940610060360Z",
        "1994061006031\u{663}Z",
        "+9940610060317Z",
        " 9940610060317Z",
    ] {
        assert_eq!(time(wrong), None, "{wrong}");
    }
    let der = [&[0x18, 15][..], b"19940610060360Z"].concat();
    assert_eq!(kind_of::<KerberosTime>(&der), DecodeErrorKind::Time);
    assert_eq!(KerberosTime::from_unix(KerberosTime::MAX.unix_seconds() + 1), None);
    assert_eq!(KerberosTime::from_unix(KerberosTime::MIN.unix_seconds() - 1), None);
}

#[test]
fn flags_are_msb_first_and_always_32_bits() {
    let flags = |content: &[u8]| {
        let mut der = vec![3, content.len() as u8];
        der.extend(content);
        ApOptions::from_der(&der).map(|options| options.0)
    };
    assert_eq!(ApOptions::MUTUAL_REQUIRED.to_der(), Ok(vec![3, 5, 0, 0x20, 0, 0, 0]));
    assert_eq!(flags(&[0, 0x20, 0, 0, 0]), Ok(0x2000_0000));
    assert_eq!(flags(&[5, 0x20]), Ok(0x2000_0000), "shorter");
    assert_eq!(flags(&[0]), Ok(0), "empty");
    assert_eq!(flags(&[0, 0x20, 0, 0, 1, 0xff]), Ok(0x2000_0001), "longer");
    for malformed in [&[][..], &[1], &[8, 0], &[1, 1], &[0; 66]] {
        assert!(flags(malformed).is_err(), "{malformed:?}");
    }
    assert_eq!(
        format!("{:?}", TicketFlags::FORWARDABLE | TicketFlags::INITIAL),
        "TicketFlags(0x40400000 FORWARDABLE INITIAL)"
    );
}

#[test]
fn strings_keep_their_types() {
    assert_eq!(KerberosString::from_der(&[0x1b, 2, 0xff, 0]), Ok(KerberosString::new(&[0xff, 0])));
    assert!(KerberosString::from_der(&[0x0c, 1, b'x']).is_err(), "UTF8String is no KerberosString");
    assert!(KerberosString::from_der(&[0x3b, 1, b'x']).is_err(), "constructed");
    assert!(Octets::from_der(&[0x24, 3, 4, 1, b'x']).is_err(), "constructed");
    assert_eq!(Utf8::from_der(&[0x0c, 2, 0xc3, 0xa9]).map(|s| s.as_str()), Ok("é"));
    assert!(matches!(kind_of::<Utf8<'_>>(&[0x0c, 1, 0xff]), DecodeErrorKind::Der(ErrorKind::Utf8(_))));
}

#[test]
fn lists_are_bounded_and_checked_when_decoded() {
    let list = |count: usize| {
        let elements = vec![7; count];
        SeqOf::new(&elements).to_der().unwrap()
    };
    let der = list(MAX_ELEMENTS);
    let decoded = SeqOf::<i32>::from_der(&der).unwrap();
    assert_eq!((decoded.len(), decoded.iter().count()), (MAX_ELEMENTS, MAX_ELEMENTS));
    assert_eq!(decoded.nth(MAX_ELEMENTS - 1), Some(7));
    let too_many = list(MAX_ELEMENTS + 1);
    assert_eq!(kind_of::<SeqOf<'_, i32>>(&too_many), DecodeErrorKind::TooManyElements);
    let second_is_no_integer = [0x30, 6, 2, 1, 7, 4, 1, 7];
    let error = SeqOf::<i32>::from_der(&second_is_no_integer).unwrap_err();
    assert!(matches!(error.kind(), DecodeErrorKind::Der(ErrorKind::TagUnexpected { .. })));
}

#[test]
fn raw_keeps_bytes_that_encoding_would_change() {
    // kvno -1 decodes leniently and would be written with five bytes
    let mut der = vec![0x61, 0x31, 0x30, 0x2f, 0xa0, 3, 2, 1, 5, 0xa1, 3, 0x1b, 1, b'R'];
    der.extend([0xa2, 0x10, 0x30, 0x0e, 0xa0, 3, 2, 1, 1, 0xa1, 7, 0x30, 5, 0x1b, 3, b's', b'v', b'c']);
    der.extend([0xa3, 0x11, 0x30, 0x0f, 0xa0, 3, 2, 1, 18, 0xa1, 3, 2, 1, 0xff, 0xa2, 3, 4, 1, 0]);
    let ticket: Raw<'_, Ticket<'_>> = Raw::new(&der).unwrap();
    assert_eq!(ticket.enc_part.kvno, Some(UInt32(u32::MAX)));
    assert_ne!(ticket.value().to_der().unwrap(), der);
    let request = ApReq { ap_options: ApOptions::NONE, ticket, authenticator: ticket.enc_part };
    let encoded = request.to_der().unwrap();
    assert!(encoded.windows(der.len()).any(|window| window == der));
    assert_eq!(ApReq::from_der(&encoded).unwrap().ticket.as_der(), der);
}

#[test]
fn a_buffer_too_short_is_an_error() {
    let message = ApRep { enc_part: EncryptedData { etype: 18, kvno: None, cipher: Octets::new(&[0; 40]) } };
    let needed = u32::from(message.encoded_len().unwrap()) as usize;
    for len in 0..needed {
        assert!(message.encode_to_slice(&mut vec![0; len]).is_err(), "{len} of {needed} bytes");
    }
    assert_eq!(message.encode_to_slice(&mut vec![0; needed]).map(<[u8]>::len), Ok::<_, der::Error>(needed));
}

#[test]
fn keys_do_not_show_in_debug() {
    let key = EncryptionKey { keytype: 18, keyvalue: Octets::new(b"sesame") };
    let shown = format!("{key:?} {:?}", EncryptionKeyBuf::from(key));
    assert_eq!(shown, "EncryptionKey { keytype: 18, .. } EncryptionKey { keytype: 18, .. }");
    assert_eq!(format!("{:?}", Octets::new(b"sesame")), "Octets(6 bytes)");
    let owned = Owned::<EncryptionKey<'static>>::encode(&key).unwrap();
    assert_eq!(format!("{owned:?}"), "Owned<EncryptionKey>(17 bytes)");
}

/// `Raw` keeps the bytes, but shows no more than the value does.
#[test]
fn covered_bytes_do_not_show_in_debug() {
    let der = reference("safe");
    let shown = format!("{:?}", KrbSafe::from_der(&der).unwrap());
    assert!(shown.contains("safe_body: KrbSafeBody { user_data: Octets(8 bytes)"), "{shown}");
    assert!(!shown.contains("der"), "{shown}");
}

#[test]
fn error_codes_have_names_and_advice() {
    assert_eq!(ErrorCode(37).name(), Some("KRB_AP_ERR_SKEW"));
    assert_eq!(ErrorCode(6).name(), Some("KDC_ERR_C_PRINCIPAL_UNKNOWN"));
    assert_eq!(ErrorCode::KRB_AP_ERR_SKEW.to_string(), "KRB_AP_ERR_SKEW (37)");
    assert!(ErrorCode::KRB_AP_ERR_SKEW.advice().is_some_and(|advice| advice.contains("clocks")));
    assert_eq!(ErrorCode(4711).to_string(), "4711");
    assert_eq!((ErrorCode(4711).name(), ErrorCode(4711).advice()), (None, None));
    assert_eq!(ErrorCode::from_der(&[2, 2, 0x12, 0x67]), Ok(ErrorCode(4711)));
}

#[test]
fn ap_options_of_windows_are_little_endian() {
    assert_eq!(AdApOptions::from_bytes(&[0, 0x40, 0, 0]), Some(AdApOptions::CBT));
    assert_eq!(AdApOptions::CBT.to_bytes(), [0, 0x40, 0, 0]);
    assert!(AdApOptions(0xc000).contains(AdApOptions::UNVERIFIED_TARGET_NAME));
    assert_eq!(AdApOptions::from_bytes(&[0, 0x40, 0]), None);
    assert_eq!(AdApOptions::from_bytes(&[0; 5]), None);
}
