extern crate alloc;

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use krb5_asn1::{Checksum, Encode, ErrorCode, KerberosString, NameType, Octets, PrincipalName};
use krb5_crypto::{ChecksumType, KeyUsage};
use krb5_pac::signature::SignatureFault;
use proptest::prelude::*;

use super::pac::PacError;
use super::pac::tests::{AUTHTIME, alice, authtime, key, signed_pac};
use super::*;

const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;
const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;

/// An element as a type and its content.
type Element = (AuthDataType, Vec<u8>);

fn encode(elements: &[Element]) -> Vec<u8> {
    let elements: Vec<_> = elements
        .iter()
        .map(|(ad_type, content)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(content) })
        .collect();
    AuthorizationData::new(&elements).encoded().unwrap()
}

trait Encoded: Encode {
    fn encoded(&self) -> krb5_asn1::der::Result<Vec<u8>> {
        let mut buffer = vec![0; usize::try_from(self.encoded_len()?).unwrap()];
        self.encode_to_slice(&mut buffer)?;
        Ok(buffer)
    }
}

impl<T: Encode> Encoded for T {}

fn if_relevant(elements: &[Element]) -> Element {
    (AuthDataType::IF_RELEVANT, encode(elements))
}

fn unknown() -> Element {
    (AuthDataType(9999), vec![1, 2, 3])
}

/// What a check says of elements in a ticket with an AES-256 service key and an AES-128 session key.
fn check(elements: &[Element], policy: PacPolicy) -> Result<Found, AuthDataError> {
    let (service_key, session_key) = (key(AES256), key(AES128));
    let facts = TicketFacts {
        service_key: &service_key,
        session_key: &session_key,
        client: alice(),
        authtime: authtime(),
    };
    let der = encode(elements);
    let data = AuthorizationData::from_der(&der).unwrap();
    let found = TicketData::check(Some(data), &facts, policy)?;
    Ok(Found {
        pac: found.pac.map(|pac| pac.as_bytes().to_vec()),
        kdc_issued: found.kdc_issued.map(|elements| elements.len()),
    })
}

#[derive(Debug, Default, PartialEq)]
struct Found {
    pac: Option<Vec<u8>>,
    kdc_issued: Option<usize>,
}

fn pac() -> Element {
    (AuthDataType::WIN2K_PAC, signed_pac(&key(AES256)))
}

fn forged_pac() -> Element {
    (AuthDataType::WIN2K_PAC, signed_pac(&key(AES128)))
}

#[test]
fn a_ticket_without_authorization_data_passes_unless_a_pac_is_required() {
    let (service_key, session_key) = (key(AES256), key(AES128));
    let facts = TicketFacts {
        service_key: &service_key,
        session_key: &session_key,
        client: alice(),
        authtime: authtime(),
    };
    assert!(TicketData::check(None, &facts, PacPolicy::default()).unwrap().pac.is_none());
    assert_eq!(TicketData::check(None, &facts, PacPolicy::Require).unwrap_err(), AuthDataError::NoPac);
    assert_eq!(check(&[], PacPolicy::default()), Ok(Found::default()));
}

#[test]
fn unknown_elements_are_ignored_in_if_relevant_alone() {
    let refused = Err(AuthDataError::Unknown { ad_type: unknown().0 });
    assert_eq!(check(&[unknown()], PacPolicy::default()), refused);
    assert_eq!(check(&[if_relevant(&[unknown()]), unknown()], PacPolicy::default()), refused);
    assert_eq!(check(&[if_relevant(&[unknown()])], PacPolicy::default()), Ok(Found::default()));
    assert_eq!(
        check(&[if_relevant(&[if_relevant(&[unknown()])])], PacPolicy::default()),
        Ok(Found::default())
    );
    // After a nested list the outer one goes on as what it is.
    let outer = if_relevant(&[if_relevant(&[]), unknown()]);
    assert_eq!(check(&[outer], PacPolicy::default()), Ok(Found::default()));

    let in_authenticator = |elements: &[Element]| {
        let der = encode(elements);
        AuthenticatorData::read(Some(AuthorizationData::from_der(&der).unwrap()))
    };
    let refused = Err(AuthDataError::Unknown { ad_type: unknown().0 });
    assert_eq!(in_authenticator(&[unknown()]), refused);
    assert_eq!(in_authenticator(&[if_relevant(&[unknown()])]), Ok(AuthenticatorData::default()));
}

#[test]
fn known_elements_that_restrict_nothing_may_stand_outside() {
    for known in [8, 96, 129, 142, 143, 144] {
        let element = (AuthDataType(known), vec![0x30, 0]);
        assert_eq!(check(&[element], PacPolicy::default()), Ok(Found::default()), "{known}");
    }
    // What is critical in it concerns the KDC alone.
    let for_kdc = (AuthDataType::MANDATORY_FOR_KDC, encode(&[unknown()]));
    assert_eq!(check(&[for_kdc], PacPolicy::default()), Ok(Found::default()));
    // A restriction of unknown meaning, the certification path of a PKINIT client, and indicators without CAMMAC.
    for restriction in [141, 9, 97, 64, 71, 0, -1] {
        let ad_type = AuthDataType(restriction);
        let refused = Err(AuthDataError::Unknown { ad_type });
        assert_eq!(check(&[(ad_type, vec![])], PacPolicy::default()), refused, "{restriction}");
        assert_eq!(check(&[if_relevant(&[(ad_type, vec![])])], PacPolicy::default()), Ok(Found::default()));
    }
}

#[test]
fn and_or_is_refused_wherever_it_stands() {
    let and_or = || (AuthDataType::AND_OR, vec![]);
    for elements in [[and_or()], [if_relevant(&[and_or()])]] {
        assert_eq!(check(&elements, PacPolicy::default()), Err(AuthDataError::AndOr));
        let der = encode(&elements);
        let data = AuthorizationData::from_der(&der).unwrap();
        assert_eq!(AuthenticatorData::read(Some(data)), Err(AuthDataError::AndOr));
    }
}

#[test]
fn depth_and_count_are_bounded() {
    let nested = |levels: usize| (1..levels).fold(unknown(), |inner, _| if_relevant(&[inner]));
    assert_eq!(check(&[nested(MAX_DEPTH)], PacPolicy::default()), Ok(Found::default()));
    assert_eq!(check(&[nested(MAX_DEPTH + 1)], PacPolicy::default()), Err(AuthDataError::TooDeep));
    assert_eq!(check(&[nested(300)], PacPolicy::default()), Err(AuthDataError::TooDeep));

    let many = |count: usize| if_relevant(&vec![unknown(); count]);
    assert_eq!(check(&[many(MAX_ELEMENTS - 1)], PacPolicy::default()), Ok(Found::default()));
    assert_eq!(check(&[many(MAX_ELEMENTS)], PacPolicy::default()), Err(AuthDataError::TooManyElements));
    let empty = vec![if_relevant(&[]); MAX_ELEMENTS + 1];
    assert_eq!(check(&empty, PacPolicy::default()), Err(AuthDataError::TooManyElements));
}

#[test]
fn broken_containers_are_refused() {
    for content in [&b""[..], b"\x30", b"\x30\x80\0\0", b"\x31\0", b"\x30\0\0", b"\x30\x02\x30\0"] {
        let refused = check(&[(AuthDataType::IF_RELEVANT, content.to_vec())], PacPolicy::default());
        let ad_type = AuthDataType::IF_RELEVANT;
        assert!(
            matches!(refused, Err(AuthDataError::Malformed { ad_type: t, .. }) if t == ad_type),
            "{refused:?}"
        );
    }
}

#[test]
fn a_pac_is_verified_wherever_it_stands() {
    let found = Found { pac: Some(pac().1), kdc_issued: None };
    for policy in [PacPolicy::VerifyIfPresent, PacPolicy::Require] {
        for place in
            [|pac| pac, |pac| if_relevant(&[pac]), |pac| if_relevant(&[unknown(), if_relevant(&[pac])])]
        {
            assert_eq!(check(&[place(pac())], policy).as_ref(), Ok(&found));
            let refused = check(&[place(forged_pac())], policy);
            assert!(
                matches!(
                    refused,
                    Err(AuthDataError::Pac(PacError::ServerSignature(SignatureFault::Type { .. })))
                ),
                "{refused:?}"
            );
        }
    }
    let mut altered = pac();
    *altered.1.last_mut().unwrap() ^= 1;
    let refused = check(&[if_relevant(&[altered])], PacPolicy::default()).unwrap_err();
    let fault = SignatureFault::Mismatch { enctype: AES256 };
    assert_eq!(refused, AuthDataError::Pac(PacError::ServerSignature(fault)));
    assert_eq!(refused.error_code(), ErrorCode::KRB_AP_ERR_MODIFIED);
}

#[test]
fn the_waiver_hands_on_no_pac() {
    for element in [pac(), forged_pac(), (AuthDataType::WIN2K_PAC, vec![])] {
        let found = check(&[if_relevant(&[element.clone(), element])], PacPolicy::IgnoreUnverified);
        assert_eq!(found, Ok(Found::default()));
    }
}

#[test]
fn a_second_pac_is_refused() {
    let both = [if_relevant(&[pac()]), if_relevant(&[pac()])];
    assert_eq!(check(&both, PacPolicy::default()), Err(AuthDataError::SecondPac));
    let both = [if_relevant(&[pac(), forged_pac()])];
    assert_eq!(check(&both, PacPolicy::default()), Err(AuthDataError::SecondPac));
}

/// An AD-KDC-ISSUED over `elements`, with this checksum type, made with this key.
fn kdc_issued(elements: &[Element], checksum_type: ChecksumType, key: &Key, issuer: bool) -> Element {
    let elements = encode(elements);
    let tag = key.checksum(KeyUsage::AD_KDC_ISSUED).compute_tag(&[&elements]);
    kdc_issued_with(&elements, checksum_type, tag.as_bytes(), issuer)
}

fn kdc_issued_with(elements: &[u8], checksum_type: ChecksumType, tag: &[u8], issuer: bool) -> Element {
    let checksum = Checksum { cksumtype: checksum_type.0, checksum: Octets::new(tag) };
    let name = [KerberosString::from("issuer")];
    let name = PrincipalName::new(NameType::PRINCIPAL, &name).encoded().unwrap();
    let realm = KerberosString::from("EXAMPLE.COM").encoded().unwrap();
    let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let mut fields = tlv(0xa0, &checksum.encoded().unwrap());
    if issuer {
        fields.extend(tlv(0xa1, &realm));
        fields.extend(tlv(0xa2, &name));
    }
    fields.extend(tlv(0xa3, elements));
    (AuthDataType::KDC_ISSUED, tlv(0x30, &fields))
}

#[test]
fn kdc_issued_elements_are_handed_on_once_verified() {
    let session_key = key(AES128);
    let right = ChecksumType::HMAC_SHA1_96_AES128;
    for issuer in [false, true] {
        let element = kdc_issued(&[unknown()], right, &session_key, issuer);
        let found = Ok(Found { pac: None, kdc_issued: Some(1) });
        assert_eq!(check(core::slice::from_ref(&element), PacPolicy::default()), found);
        assert_eq!(check(&[if_relevant(&[element])], PacPolicy::default()), found);
    }
    let other_key = Key::new(AES128, &[9; 16]).unwrap();
    let forged = kdc_issued(&[unknown()], right, &other_key, false);
    assert_eq!(check(&[forged], PacPolicy::default()), Err(AuthDataError::KdcIssuedChecksum));
    for seen in [1, 7, 14, 16, -138, 0, 99].map(ChecksumType) {
        let element = kdc_issued(&[unknown()], seen, &session_key, false);
        let refused = Err(AuthDataError::KdcIssuedChecksumType { seen, expected: Some(right) });
        assert_eq!(check(&[element], PacPolicy::default()), refused);
    }
}

/// An RC4 key can make checksums of two types, and one of them is mandatory.
#[cfg(feature = "rc4")]
#[test]
fn kdc_issued_has_the_mandatory_checksum_type() {
    let rc4 = key(EncType::RC4_HMAC);
    let elements = encode(&[unknown()]);
    let seen = ChecksumType::MD5_HMAC;
    let tag = rc4.checksum_with_type(seen, KeyUsage::AD_KDC_ISSUED).unwrap().compute_tag(&[&elements]);
    let element = kdc_issued_with(&elements, seen, tag.as_bytes(), false);
    let service_key = key(AES256);
    let facts =
        TicketFacts { service_key: &service_key, session_key: &rc4, client: alice(), authtime: authtime() };
    let der = encode(&[element]);
    let data = AuthorizationData::from_der(&der).unwrap();
    let refused = TicketData::check(Some(data), &facts, PacPolicy::default()).unwrap_err();
    let expected = Some(ChecksumType::HMAC_MD5);
    assert_eq!(refused, AuthDataError::KdcIssuedChecksumType { seen, expected });
}

#[test]
fn no_byte_of_kdc_issued_can_change_unnoticed() {
    let (_, content) = kdc_issued(&[unknown()], ChecksumType::HMAC_SHA1_96_AES128, &key(AES128), false);
    for i in 0..content.len() {
        let mut content = content.clone();
        content[i] ^= 1;
        assert!(check(&[(AuthDataType::KDC_ISSUED, content)], PacPolicy::default()).is_err(), "byte {i}");
    }
    for cut in 0..content.len() {
        let element = (AuthDataType::KDC_ISSUED, content[..cut].to_vec());
        let refused = check(&[element], PacPolicy::default());
        assert!(matches!(refused, Err(AuthDataError::Malformed { .. })), "{cut}: {refused:?}");
    }
    let mut longer = content;
    longer.push(0);
    let refused = check(&[(AuthDataType::KDC_ISSUED, longer)], PacPolicy::default());
    assert!(matches!(refused, Err(AuthDataError::Malformed { .. })), "{refused:?}");
    let nothing = (AuthDataType::KDC_ISSUED, vec![0x30, 0]);
    assert_eq!(check(&[nothing], PacPolicy::default()), Err(AuthDataError::KdcIssuedField));
}

fn read(elements: &[Element]) -> Result<AuthenticatorData, AuthDataError> {
    let der = encode(elements);
    AuthenticatorData::read(Some(AuthorizationData::from_der(&der).unwrap()))
}

fn etypes(list: &[i32]) -> Element {
    (AuthDataType::ETYPE_NEGOTIATION, AdEtypeNegotiation::new(list).encoded().unwrap())
}

#[test]
fn the_client_offers_enctypes() {
    assert_eq!(*AuthenticatorData::read(None).unwrap().etypes, []);
    let offered = read(&[if_relevant(&[etypes(&[20, 3, 18, -7, 17])])]).unwrap();
    assert_eq!(*offered.etypes, [20, 18, 17].map(EncType));
    // Outside AD-IF-RELEVANT too; of several lists the first counts, also when it is empty.
    assert_eq!(*read(&[etypes(&[17]), etypes(&[18])]).unwrap().etypes, [AES128]);
    assert_eq!(*read(&[etypes(&[]), etypes(&[18])]).unwrap().etypes, []);

    let mut many = vec![1; 500];
    many.extend([18; 100]);
    assert_eq!(*read(&[etypes(&many)]).unwrap().etypes, [AES256; MAX_ETYPES]);

    let broken = read(&[(AuthDataType::ETYPE_NEGOTIATION, vec![0x30, 2, 4, 0])]);
    assert!(matches!(broken, Err(AuthDataError::Malformed { .. })), "{broken:?}");
}

#[test]
fn the_client_states_its_options() {
    let options = |bits: u32| (AuthDataType::AP_OPTIONS, bits.to_le_bytes().to_vec());
    for (bits, binding, unverified) in
        [(0, false, false), (0x4000, true, false), (0x8000, false, true), (0xffff_ffff, true, true)]
    {
        let data = read(&[if_relevant(&[options(bits)])]).unwrap();
        assert_eq!((data.channel_binding_required, data.unverified_target_name), (binding, unverified));
    }
    // A second element cannot take back what the first demands.
    assert!(read(&[options(0x4000), options(0)]).unwrap().channel_binding_required);
    for len in [0, 3, 5, 8] {
        let refused = read(&[if_relevant(&[(AuthDataType::AP_OPTIONS, vec![0; len])])]);
        assert_eq!(refused, Err(AuthDataError::ApOptionsLength { len }));
    }
}

#[test]
fn what_a_kdc_would_say_counts_for_nothing_in_an_authenticator() {
    let elements = [pac(), (AuthDataType::KDC_ISSUED, vec![]), if_relevant(&[pac()])];
    assert_eq!(read(&elements), Ok(AuthenticatorData::default()));
}

#[test]
fn errors_say_what_was_seen() {
    let refused = check(&[unknown()], PacPolicy::default()).unwrap_err();
    assert!(refused.to_string().contains("9999"), "{refused}");
    assert!(
        AuthDataError::from(PacError::AuthTime { seen: AUTHTIME + 1, expected: authtime() })
            .to_string()
            .contains("2023-11-14T22:13:21Z")
    );
    assert_eq!(refused.error_code(), ErrorCode::KRB_ERR_GENERIC);
}

proptest! {
    #[test]
    fn any_content_is_dealt_with(
        ad_type in prop_oneof![Just(1), Just(4), Just(5), Just(8), Just(96), Just(128), Just(129), Just(143)],
        content in proptest::collection::vec(prop_oneof![Just(0x30u8), Just(0xa0), Just(0), Just(2), any::<u8>()], 0..60),
    ) {
        let elements = [if_relevant(&[(AuthDataType(ad_type), content)])];
        let found = check(&elements, PacPolicy::default());
        // Nothing that needs a checksum comes out of bytes without one.
        prop_assert_eq!(found.unwrap_or_default(), Found::default());
        let _ = read(&elements);
    }
}
