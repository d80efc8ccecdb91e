use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use proptest::prelude::*;

fn sid(text: &str) -> Sid {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn text_and_bytes_of_known_sids() {
    // MS-PAC section 3.1: a domain, and a group in it.
    let bytes = [
        1, 4, 0, 0, 0, 0, 0, 5, 0x15, 0, 0, 0, 0x59, 0x51, 0xb8, 0x17, 0x66, 0x72, 0x5d, 0x25, 0x64, 0x63,
        0x3b, 0x0b,
    ];
    let domain = Sid::from_bytes(&bytes).unwrap();
    assert_eq!(domain.to_string(), "S-1-5-21-397955417-626881126-188441444");
    assert_eq!(domain.to_bytes(), bytes);
    assert_eq!(domain.encoded_len(), bytes.len());
    let group = domain.with_rid(3_392_609).unwrap();
    assert_eq!(group, sid("S-1-5-21-397955417-626881126-188441444-3392609"));
    assert_eq!((group.domain(), group.rid()), (Some(domain), Some(3_392_609)));
    assert!(group.is_in(&domain) && !domain.is_in(&domain) && !well_known::EVERYONE.is_in(&domain));
}

#[test]
fn well_known_sids_have_their_text() {
    use well_known::*;
    for (known, text) in [
        (EVERYONE, "S-1-1-0"),
        (AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY, "S-1-18-1"),
        (SERVICE_ASSERTED_IDENTITY, "S-1-18-2"),
        (NETWORK, "S-1-5-2"),
        (ANONYMOUS, "S-1-5-7"),
        (ENTERPRISE_DOMAIN_CONTROLLERS, "S-1-5-9"),
        (AUTHENTICATED_USERS, "S-1-5-11"),
        (LOCAL_SYSTEM, "S-1-5-18"),
        (BUILTIN_ADMINISTRATORS, "S-1-5-32-544"),
        (BUILTIN_USERS, "S-1-5-32-545"),
        (BUILTIN_GUESTS, "S-1-5-32-546"),
        (CLAIMS_VALID, "S-1-5-21-0"),
    ] {
        assert_eq!(known.to_string(), text);
        assert_eq!(known, sid(text));
    }
}

#[test]
fn large_authorities_are_hex() {
    let large = Sid::new(0x0001_0000_0000, &[7]).unwrap();
    assert_eq!(large.to_string(), "S-1-0x000100000000-7".replace('x', "X").replace("0X", "0x"));
    assert_eq!(sid("S-1-0x000100000000-7"), large);
    assert_eq!(sid("s-1-0X000000000005-18"), well_known::LOCAL_SYSTEM);
    assert_eq!(Sid::new(u64::from(u32::MAX), &[]).unwrap().to_string(), "S-1-4294967295");
    assert!(Sid::new(1 << 48, &[]).is_none());
}

#[test]
fn what_is_no_sid_in_text_says_why() {
    let sixteen = format!("S-1-5{}", "-1".repeat(16));
    for (text, expected) in [
        ("", SidTextError::Prefix),
        ("S-1", SidTextError::Prefix),
        ("S-2-5-18", SidTextError::Prefix),
        ("X-1-5-18", SidTextError::Prefix),
        (" S-1-5-18", SidTextError::Prefix),
        ("S-1-", SidTextError::Authority),
        ("S-1--18", SidTextError::Authority),
        ("S-1-05-18", SidTextError::Authority),
        ("S-1-4294967296-18", SidTextError::Authority),
        ("S-1-0x5-18", SidTextError::Authority),
        ("S-1-0x0000000000005-18", SidTextError::Authority),
        ("S-1-0x00000000000g-18", SidTextError::Authority),
        ("S-1-0x+00000000005-18", SidTextError::Authority),
        ("S-1-5-", SidTextError::SubAuthority { position: 3 }),
        ("S-1-5-+18", SidTextError::SubAuthority { position: 3 }),
        ("S-1-5-018", SidTextError::SubAuthority { position: 3 }),
        ("S-1-5-21-4294967296", SidTextError::SubAuthority { position: 4 }),
        ("S-1-5-21-1 ", SidTextError::SubAuthority { position: 4 }),
        (sixteen.as_str(), SidTextError::TooMany),
    ] {
        assert_eq!(text.parse::<Sid>(), Err(expected), "{text}");
        assert!(!expected.to_string().is_empty());
    }
}

#[test]
fn limits_of_the_binary_form() {
    let full = Sid::new(5, &[1; MAX_SUB_AUTHORITIES]).unwrap();
    assert_eq!(full.to_bytes().len(), MAX_SID_LEN);
    assert_eq!(full.with_rid(1), None);
    assert_eq!(Sid::new(5, &[1; MAX_SUB_AUTHORITIES + 1]), None);
    assert_eq!((Sid::new(5, &[]).unwrap().domain(), Sid::new(5, &[]).unwrap().rid()), (None, None));

    let mut bytes = full.to_bytes();
    bytes.extend([0; 4]);
    let refused = |bytes: &[u8]| Sid::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(&bytes), PacErrorKind::TrailingData { excess: 4 }.at("SID", MAX_SID_LEN));
    bytes[1] = 16;
    assert_eq!(refused(&bytes), PacErrorKind::SidLength { seen: 16 }.at("SID", 0));
    bytes[..2].copy_from_slice(&[2, 15]);
    assert_eq!(refused(&bytes), PacErrorKind::SidRevision { seen: 2 }.at("SID", 0));
    for len in 0..MAX_SID_LEN {
        let error = refused(&full.to_bytes()[..len]);
        assert!(matches!(error.kind, PacErrorKind::Truncated { .. }), "{len}: {error}");
    }
}

#[test]
fn sids_of_a_domain_stand_together() {
    let mut sids = ["S-1-5-21-2-3-4", "S-1-5-21-1-2-3-500", "S-1-1-0", "S-1-5-21-1-2-3"].map(sid);
    sids.sort_unstable();
    assert_eq!(
        sids.map(|sid| sid.to_string()),
        ["S-1-1-0", "S-1-5-21-1-2-3", "S-1-5-21-1-2-3-500", "S-1-5-21-2-3-4"]
    );
    // Zeros that are there differ from zeros that are not.
    assert_ne!(sid("S-1-5-21"), sid("S-1-5-21-0"));
    assert!(sid("S-1-5-21") < sid("S-1-5-21-0"));
}

pub(crate) fn any_sid() -> impl Strategy<Value = Sid> {
    (0_u64..1 << 48, proptest::collection::vec(any::<u32>(), 0..=MAX_SUB_AUTHORITIES))
        .prop_map(|(authority, parts)| Sid::new(authority, &parts).unwrap())
}

proptest! {
    #[test]
    fn both_forms_come_back(sid in any_sid()) {
        prop_assert_eq!(sid.to_string().parse(), Ok(sid));
        prop_assert_eq!(Sid::from_bytes(&sid.to_bytes()), Ok(sid));
    }

    #[test]
    fn any_bytes_are_one_sid_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(sid) = Sid::from_bytes(&bytes) {
            prop_assert_eq!(sid.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_text_is_a_sid_or_none(text in "[Ss]-1-[-0-9a-fx]{0,40}") {
        if let Ok(sid) = text.parse::<Sid>() {
            let again: String = sid.to_string();
            prop_assert_eq!(again.parse(), Ok(sid));
        }
    }
}
