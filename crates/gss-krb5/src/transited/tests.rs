extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use krb5_asn1::{Octets, TransitedType};
use proptest::prelude::*;
use test_support::vectors;

use super::*;

fn expand(contents: &[u8], client: &[u8], server: &[u8]) -> Result<Vec<String>, TransitedError> {
    TransitedRealms::new(contents, KerberosString::new(client), KerberosString::new(server))?
        .map(|realm| realm.map(|realm| realm.to_string()))
        .collect()
}

fn encoding(contents: &[u8]) -> TransitedEncoding<'_> {
    TransitedEncoding { tr_type: TransitedType::DOMAIN_X500_COMPRESS, contents: Octets::new(contents) }
}

const UNCHECKED: TicketFlags = TicketFlags(0);

fn check(policy: TransitedPolicy<'_>, contents: &[u8]) -> Result<CheckedBy, TransitedError> {
    policy
        .check(UNCHECKED, encoding(contents), "A.EXAMPLE".into(), "B.EXAMPLE".into())
        .map(TransitedChecked::by)
}

#[test]
fn expands_as_the_rfc_and_mit_say() {
    for path in ["transited/rfc4120.txt", "transited/mit-transit-tests.txt"] {
        for record in vectors::load(path).records_of("expand") {
            let expanded = expand(&record.hex("contents"), &record.hex("client"), &record.hex("server"));
            let expanded: BTreeSet<_> =
                expanded.unwrap_or_else(|error| panic!("{}: {error}", record.name())).into_iter().collect();
            let expected = record.all("realm").into_iter().map(|realm| String::from_utf8(realm).unwrap());
            assert_eq!(expanded, expected.collect(), "{path}: {}", record.name());
        }
    }
}

#[test]
fn refuses_what_mit_refuses() {
    for record in vectors::load("transited/mit-transit-tests.txt").records_of("refuse") {
        let refused = expand(&record.hex("contents"), &record.hex("client"), &record.hex("server"));
        assert!(matches!(refused, Err(TransitedError::NoPath { .. })), "{}: {refused:?}", record.name());
    }
}

#[test]
fn special_characters_are_quoted() {
    let cases: [(&[u8], &[&str]); 8] = [
        (br"A\,B,C\\D", &["A,B", r"C\D"]),
        // A quoted dot at the end and a quoted slash or space at the start join nothing.
        (br"X.COM,C\.", &["X.COM", "C."]),
        (br"/COM,\/HP", &["/COM", "/HP"]),
        (br"X.COM,\ Y", &["X.COM", " Y"]),
        (br"X.COM, Y.", &["X.COM", "Y."]),
        // Only the last character's quoting counts.
        (br"X.COM,C\..", &["X.COM", "C..X.COM"]),
        (br"X.COM,C\.\.", &["X.COM", "C.."]),
        // Spaces that do not lead belong to the name.
        (b"A B,C ", &["A B", "C "]),
    ];
    for (contents, expected) in cases {
        assert_eq!(expand(contents, b"CLIENT", b"SERVER").unwrap(), expected, "{}", contents.escape_ascii());
    }
}

#[test]
fn null_subfields_between_neighbours_and_equals_imply_nothing() {
    for (client, server) in [("A.EDU", "EDU"), ("EDU", "A.EDU"), ("EDU", "EDU"), ("/C/X", "/C")] {
        for contents in [",", ",,", ",,,"] {
            let expanded = expand(contents.as_bytes(), client.as_bytes(), server.as_bytes());
            assert_eq!(expanded, Ok([].into()), "{client} {contents} {server}");
        }
    }
    let middle = expand(b"EDU,,CS.MIT.EDU", b"X", b"Y").unwrap();
    assert_eq!(middle, ["EDU", "MIT.EDU", "CS.MIT.EDU"]);
}

#[test]
fn labels_are_compared_whole() {
    // "DU" ends both names and is no ancestor of either; neither is "/CO".
    for (client, server) in
        [("EDU", "XDU"), ("A.EDU", "A.XDU"), ("/COM", "/COX"), ("EDU", "/EDU"), ("", "EDU")]
    {
        let refused = expand(b",", client.as_bytes(), server.as_bytes());
        assert!(matches!(refused, Err(TransitedError::NoPath { .. })), "{client} {server}: {refused:?}");
    }
    assert_eq!(expand(b",", b"A.FEDU.X", b"B.EDU.X").unwrap(), ["FEDU.X", "X", "EDU.X"]);
}

#[test]
fn broken_lists_are_refused() {
    use TransitedError as E;
    assert_eq!(expand(br"EDU\", b"C", b"S"), Err(E::TrailingBackslash));
    assert_eq!(expand(b"EDU, ", b"C", b"S"), Err(E::EmptyRealm));
    assert_eq!(expand(b"MIT.,EDU", b"C", b"S"), Err(E::NothingToJoin { realm: Excerpt::new(b"MIT.") }));
    // The client's realm precedes the list for null subfields only.
    assert_eq!(expand(b",MIT.", b"C", b"S"), Err(E::NothingToJoin { realm: Excerpt::new(b"MIT.") }));
}

#[test]
fn an_error_ends_the_iteration() {
    let mut realms = TransitedRealms::new(b"A, ,B", "C".into(), "S".into()).unwrap();
    assert!(matches!(realms.next(), Some(Ok(_))));
    assert_eq!(realms.next(), Some(Err(TransitedError::EmptyRealm)));
    assert_eq!(realms.next(), None);
    assert_eq!(realms.next(), None);
}

#[test]
fn lengths_and_counts_are_bounded() {
    use TransitedError as E;
    let long = [b'x'; MAX_CONTENTS_LEN + 1];
    assert_eq!(expand(&long, b"C", b"S"), Err(E::TooLong { len: MAX_CONTENTS_LEN + 1 }));
    assert_eq!(
        expand(&long[..MAX_REALM_LEN + 1], b"C", b"S"),
        Err(E::RealmTooLong { len: MAX_REALM_LEN + 1 })
    );
    assert_eq!(expand(&long[..MAX_REALM_LEN], b"C", b"S").unwrap().len(), 1);
    assert_eq!(expand(b"A", &long[..256], b"S"), Err(E::RealmTooLong { len: 256 }));
    assert_eq!(expand(b"A,", b"A", &long[..256]), Err(E::RealmTooLong { len: 256 }));
    // Each subfield doubles nothing but still grows: 100 joins of 4 bytes do not fit.
    let joins = "abc.,".repeat(100);
    let refused = expand(format!("X,{joins}").as_bytes(), b"C", b"S");
    assert!(matches!(refused, Err(E::RealmTooLong { .. })), "{refused:?}");

    let realms = |count: usize| alloc::vec!["R"; count].join(",");
    assert_eq!(expand(realms(MAX_REALMS).as_bytes(), b"C", b"S").unwrap().len(), MAX_REALMS);
    assert_eq!(expand(realms(MAX_REALMS + 1).as_bytes(), b"C", b"S"), Err(E::TooManyRealms));
    // Implied realms count too: 127 labels up, the ancestor, 126 down.
    let deep = |label: &str| format!("{}X", label.repeat(127));
    assert_eq!(expand(b",", deep("a.").as_bytes(), deep("b.").as_bytes()), Err(E::TooManyRealms));
}

#[test]
fn by_default_only_the_kdc_may_vouch_for_a_path() {
    let policy = TransitedPolicy::default();
    assert_eq!(
        check(policy, b"MID.EXAMPLE"),
        Err(TransitedError::NotChecked { realm: Excerpt::new(b"MID.EXAMPLE") })
    );
    assert_eq!(check(policy, b""), Ok(CheckedBy::NothingToCheck));
    let by_kdc = policy.check(
        TicketFlags::TRANSITED_POLICY_CHECKED,
        encoding(b"MID.EXAMPLE"),
        "A.EXAMPLE".into(),
        "B.EXAMPLE".into(),
    );
    assert_eq!(by_kdc.map(TransitedChecked::by), Ok(CheckedBy::Kdc));
}

#[test]
fn allowed_realms_are_a_complete_and_exact_list() {
    let policy = TransitedPolicy::AllowedRealms(&["EXAMPLE", "MID.EXAMPLE"]);
    for contents in ["", ",", "EXAMPLE,MID.", "EXAMPLE", "A.EXAMPLE,EXAMPLE,B."] {
        assert!(check(policy, contents.as_bytes()).is_ok(), "{contents}");
    }
    for (contents, realm) in [
        ("EXAMPLE,EVIL.", "EVIL.EXAMPLE"),
        ("example", "example"),
        ("MID", "MID"),
        ("EXAMPLE,X.MID.", "X.MID.EXAMPLE"),
        (r"EXAMPLE,MID\.", "MID."),
    ] {
        let refused = Err(TransitedError::RealmNotAllowed { realm: Excerpt::new(realm.as_bytes()) });
        assert_eq!(check(policy, contents.as_bytes()), refused, "{contents}");
    }
    let none = TransitedPolicy::AllowedRealms(&[]);
    assert_eq!(check(none, b","), Err(TransitedError::RealmNotAllowed { realm: Excerpt::new(b"EXAMPLE") }));
}

#[test]
fn the_waiver_accepts_any_path_and_says_so() {
    assert_eq!(check(TransitedPolicy::TrustUncheckedPath, br"EVIL\"), Ok(CheckedBy::Nobody));
}

#[test]
fn unknown_encodings_are_refused() {
    for (tr_type, contents) in [(2, &b""[..]), (2, b"A"), (0, b"A"), (-1, b"A")] {
        let transited =
            TransitedEncoding { tr_type: TransitedType(tr_type), contents: Octets::new(contents) };
        let policy = TransitedPolicy::AllowedRealms(&["A"]);
        let refused = policy.check(UNCHECKED, transited, "C".into(), "S".into());
        assert_eq!(refused, Err(TransitedError::UnknownType { seen: TransitedType(tr_type) }));
        assert_eq!(refused.unwrap_err().error_code(), ErrorCode::KDC_ERR_TRTYPE_NOSUPP);
    }
    let none = TransitedEncoding { tr_type: TransitedType::NONE, contents: Octets::new(b"") };
    assert!(TransitedPolicy::default().check(UNCHECKED, none, "C".into(), "S".into()).is_ok());
}

#[test]
fn errors_name_the_realm_and_stay_on_one_line() {
    let refused = check(TransitedPolicy::default(), b"MID\nEXAMPLE").unwrap_err();
    assert!(refused.to_string().contains(r"realm MID\nEXAMPLE and"), "{refused}");
    assert_eq!(refused.error_code(), ErrorCode::KRB_AP_PATH_NOT_ACCEPTED);
    let long = Excerpt::new(&[b'x'; 200]);
    assert_eq!(long.to_string(), format!("{}...", "x".repeat(Excerpt::MAX)));
}

fn quoted(realm: &str) -> String {
    let mut text = String::from(" ");
    for c in realm.chars() {
        if matches!(c, ',' | '\\' | ' ' | '.') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

proptest! {
    #[test]
    fn any_list_ends_within_the_limits(
        contents in proptest::collection::vec(prop_oneof![Just(b','), Just(b'.'), Just(b'/'), Just(b'\\'), Just(b' '), any::<u8>()], 0..300),
        client in "[A-C/.]{0,12}",
        server in "[A-C/.]{0,12}",
    ) {
        let realms = TransitedRealms::new(&contents, client.as_str().into(), server.as_str().into()).unwrap();
        let outcomes: Vec<_> = realms.collect();
        prop_assert!(outcomes.len() <= MAX_REALMS + 1);
        let (_, all_but_last) = outcomes.split_last().unzip();
        prop_assert!(all_but_last.unwrap_or(&[]).iter().all(Result::is_ok));
    }

    #[test]
    fn quoted_names_come_back(realms in proptest::collection::vec(r"[A-C/., \\]{1,10}", 1..10)) {
        let contents: Vec<_> = realms.iter().map(|realm| quoted(realm)).collect();
        prop_assert_eq!(expand(contents.join(",").as_bytes(), b"CLIENT", b"SERVER").unwrap(), realms);
    }
}
