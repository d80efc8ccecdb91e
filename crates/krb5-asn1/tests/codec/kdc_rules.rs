//! Rules of what travels in pre-authentication data and error data, and the completeness of the tables of names.

use krb5_asn1::der::ErrorKind;
use krb5_asn1::*;

use crate::reference;

fn kind_of<'a, T: Decode<'a, Error = DecodeError> + core::fmt::Debug>(der: &'a [u8]) -> DecodeErrorKind {
    T::from_der(der).expect_err("a refusal").kind()
}

fn trailing(kind: DecodeErrorKind) -> bool {
    matches!(kind, DecodeErrorKind::Der(ErrorKind::TrailingData { .. }))
}

#[test]
fn alternatives_must_be_known() {
    let mut der = reference("PA-SPAKE encdata");
    der[0] = 0xa4;
    let error = PaSpake::from_der(&der).unwrap_err();
    assert_eq!(
        error.to_string(),
        "PaSpake has no alternative with the tag CONTEXT-SPECIFIC [4] (constructed) at byte 0"
    );
    for der in [&[0x83, 1, 0][..], &[0x30, 0], &[0x63, 0]] {
        assert!(
            matches!(
                kind_of::<PaSpake<'_>>(der),
                DecodeErrorKind::UnknownAlternative { message: "PaSpake", .. }
            ),
            "{der:02x?}"
        );
    }
    let mut der = reference("PA-FX-FAST of a reply");
    der[0] = 0xa1;
    assert!(matches!(kind_of::<PaFxFastReply<'_>>(&der), DecodeErrorKind::UnknownAlternative { .. }));
    assert!(matches!(kind_of::<PaFxFastRequest<'_>>(&der), DecodeErrorKind::UnknownAlternative { .. }));
    assert!(matches!(kind_of::<PaSpake<'_>>(&[]), DecodeErrorKind::Der(ErrorKind::Incomplete { .. })));
}

#[test]
fn an_alternative_holds_one_value_and_ends_the_message() {
    let one = reference("PA-SPAKE encdata");
    assert!(trailing(kind_of::<PaSpake<'_>>(&[&one[..], &one].concat())));
    // Two values inside the tag
    let content = &one[2..];
    let der = [&[0xa3, one[1] * 2][..], content, content].concat();
    assert!(trailing(kind_of::<PaSpake<'_>>(&der)));
    // The content of another alternative
    let mut der = reference("PA-SPAKE support");
    der[0] = 0xa1;
    let missing = DecodeErrorKind::Der(ErrorKind::TagUnexpected {
        expected: Some(der::Tag::Integer),
        actual: der::Tag::Sequence,
    });
    assert_eq!(kind_of::<PaSpake<'_>>(&der), missing);
}

/// A request and a reply of FAST are not taken for each other, nor is an error's response for a reply's.
#[test]
fn fast_fields_are_mandatory() {
    let reply = reference("PA-FX-FAST of a reply");
    let missing = |message, field, tag| DecodeErrorKind::MissingField { message, field, tag };
    assert_eq!(kind_of::<PaFxFastRequest<'_>>(&reply), missing("KrbFastArmor", "armor_value", 1));
    assert_eq!(
        kind_of::<PaFxFastReply<'_>>(&[0xa0, 2, 0x30, 0]),
        missing("KrbFastArmoredRep", "enc_fast_rep", 0)
    );
    assert_eq!(
        kind_of::<PaFxFastRequest<'_>>(&[0xa0, 2, 0x30, 0]),
        missing("KrbFastArmoredReq", "req_checksum", 1)
    );
    assert_eq!(kind_of::<KrbFastReq<'_>>(&[0x30, 0]), missing("KrbFastReq", "fast_options", 0));
    assert_eq!(
        kind_of::<KrbFastResponse<'_>>(&[0x30, 4, 0xa0, 2, 0x30, 0]),
        missing("KrbFastResponse", "nonce", 3)
    );
    assert_eq!(kind_of::<KrbFastFinished<'_>>(&[0x30, 0]), missing("KrbFastFinished", "timestamp", 0));
    assert_eq!(kind_of::<PaS4uX509User<'_>>(&[0x30, 4, 0xa0, 2, 0x30, 0]), missing("S4uUserId", "nonce", 0));
    assert_eq!(kind_of::<ChangePasswdData<'_>>(&[0x30, 0]), missing("ChangePasswdData", "new_passwd", 0));
    assert_eq!(kind_of::<AdAndOr<'_>>(&[0x30, 0]), missing("AdAndOr", "condition_count", 0));
    assert_eq!(kind_of::<PaPacOptions>(&[0x30, 0]), missing("PaPacOptions", "flags", 0));
}

#[test]
fn fast_counts_microseconds_below_a_million() {
    let mut der = reference("KrbFastResponse of a reply");
    let usec = [0xa1, 5, 2, 3, 0x01, 0xe2, 0x40];
    let at = der.windows(usec.len()).position(|window| window == usec).expect("the microseconds");
    der[at + 4] = 0x10;
    assert_eq!(kind_of::<KrbFastResponse<'_>>(&der), DecodeErrorKind::Microseconds { seen: 0x10_e240 });
}

#[test]
fn lists_are_bounded() {
    let groups = vec![SpakeGroup::P256; MAX_ELEMENTS + 1];
    let der = PaSpake::Support(SpakeSupport { groups: SeqOf::new(&groups) }).to_der().unwrap();
    assert_eq!(kind_of::<PaSpake<'_>>(&der), DecodeErrorKind::TooManyElements);
    let elem = PaAuthenticationSetElem { pa_type: PaDataType::SPAKE, pa_hint: None, pa_value: None };
    let der = PaAuthenticationSet::new(&vec![elem; MAX_ELEMENTS + 1]).to_der().unwrap();
    assert_eq!(kind_of::<PaAuthenticationSet<'_>>(&der), DecodeErrorKind::TooManyElements);
    let der = AdAuthenticationIndicator::new(&vec![Utf8::new("otp"); MAX_ELEMENTS + 1]).to_der().unwrap();
    assert_eq!(kind_of::<AdAuthenticationIndicator<'_>>(&der), DecodeErrorKind::TooManyElements);
}

#[test]
fn booleans_have_two_encodings() {
    let wanted =
        |value: u8| PaPacRequest::from_der(&[0x30, 5, 0xa0, 3, 1, 1, value]).map(|it| it.include_pac).ok();
    assert_eq!([0, 0xff, 1, 0x7f].map(wanted), [Some(false), Some(true), None, None]);
}

#[test]
fn referral_fields_keep_the_order_of_their_declaration() {
    let der = reference("PA-SVR-REFERRAL-DATA");
    let (name, realm) = der[2..].split_at(2 + usize::from(der[3]));
    let data = |parts: &[&[u8]]| {
        let content = parts.concat();
        [&[0x30, content.len() as u8][..], &content].concat()
    };
    let declared = data(&[name, realm]);
    assert!(PaSvrReferralData::from_der(&declared).is_ok_and(|it| it.referred_name.is_some()));
    assert!(trailing(kind_of::<PaSvrReferralData<'_>>(&data(&[realm, name]))));
}

#[test]
fn passwords_do_not_show_in_debug() {
    let der = reference("ChangePasswdData");
    let shown = format!("{:?}", ChangePasswdData::from_der(&der).unwrap());
    assert!(!shown.contains("passwd:") && !shown.contains("bytes"), "{shown}");
    assert!(shown.contains("alice") && shown.contains("EXAMPLE.COM"), "{shown}");
}

#[test]
fn data_outside_der_has_its_exact_length() {
    let error = KerbExtError { status: 0xc000_0072, flags: 1 };
    let bytes = [0x72, 0, 0, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0];
    assert_eq!((KerbExtError::from_bytes(&bytes), error.to_bytes()), (Some(error), bytes));
    let reserved = [0x72, 0, 0, 0xc0, 9, 9, 9, 9, 1, 0, 0, 0];
    assert_eq!(KerbExtError::from_bytes(&reserved), Some(error), "reserved bytes are ignored");
    for len in [0, 3, 4, 7, 8, 11, 13, 16] {
        assert_eq!(KerbExtError::from_bytes(&vec![0; len]), None, "{len} bytes");
    }
    assert_eq!(SupportedEnctypes::from_bytes(&[0x1f, 0, 5, 0]), Some(SupportedEnctypes(0x0005_001f)));
    for len in [0, 3, 5, 8] {
        assert_eq!(SupportedEnctypes::from_bytes(&vec![0; len]), None, "{len} bytes");
    }
    let shown = format!("{:?}", SupportedEnctypes::RC4_HMAC | SupportedEnctypes::FAST_SUPPORTED);
    assert_eq!(shown, "SupportedEnctypes(0x00010004 RC4_HMAC FAST_SUPPORTED)");
}

#[test]
fn critical_fast_options_are_the_upper_half() {
    assert!(FastOptions::CRITICAL.contains(FastOptions::HIDE_CLIENT_NAMES));
    assert!(!FastOptions::CRITICAL.contains(FastOptions::KDC_FOLLOW_REFERRALS));
    assert_eq!(FastOptions::CRITICAL.0.count_ones(), 16);
}

/// The numbers below the highest assigned that carry no name.
fn unnamed(highest: i32, name: impl Fn(i32) -> Option<&'static str>) -> Vec<i32> {
    (0..=highest).filter(|number| name(*number).is_none()).collect()
}

fn ranges(ranges: &[(i32, i32)]) -> Vec<i32> {
    ranges.iter().flat_map(|(first, last)| *first..=*last).collect()
}

#[test]
fn every_assigned_number_has_a_name() {
    let free = [
        (0, 0),
        (4, 4),
        (26, 29),
        (32, 40),
        (42, 100),
        (110, 110),
        (113, 127),
        (139, 140),
        (154, 160),
        (163, 164),
    ];
    assert_eq!(unnamed(167, |number| PaDataType(number).name()), ranges(&free));
    let free = [(30, 30), (53, 59), (87, 89), (94, 99)];
    assert_eq!(unnamed(100, |number| ErrorCode(number).name()), ranges(&free));
    let free = [(0, 0), (10, 63), (67, 70), (73, 79), (81, 95), (98, 127), (130, 140)];
    assert_eq!(unnamed(144, |number| AuthDataType(number).name()), ranges(&free));
    assert_eq!(unnamed(4, |number| SpakeGroup(number).name()), [0]);
}

#[test]
fn every_assigned_flag_has_a_name() {
    // Bit 0 of the specifications is the highest here.
    let named =
        |names: fn(u32) -> bool| (0..32).filter(|bit| names(0x8000_0000 >> bit)).collect::<Vec<u32>>();
    let options = named(|flag| KdcOptions(flag).names().count() == 1);
    assert_eq!(options, [1, 2, 3, 4, 5, 6, 8, 11, 14, 15, 16, 26, 27, 28, 30, 31]);
    let flags = named(|flag| TicketFlags(flag).names().count() == 1);
    assert_eq!(flags, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16]);
    assert_eq!(named(|flag| FastOptions(flag).names().count() == 1), [1, 16]);
    assert_eq!(named(|flag| PacOptions(flag).names().count() == 1), [0, 1, 2, 3]);
    assert_eq!(named(|flag| S4uOptions(flag).names().count() == 1), [1, 2, 3, 4]);
    assert_eq!(named(|flag| ApOptions(flag).names().count() == 1), [1, 2]);
}
