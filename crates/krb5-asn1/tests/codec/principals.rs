//! Principals as text and in comparisons.

use std::collections::HashSet;

use krb5_asn1::{Decode, Encode, KerberosString, NameType, ParsePrincipalError, Principal, PrincipalName};

#[test]
fn text_form_escapes_like_mit() {
    let cases: [(&[&str], &str, &str); 6] = [
        (&["user"], "REALM", "user@REALM"),
        (&["HTTP", "www.example.com"], "EXAMPLE.COM", "HTTP/www.example.com@EXAMPLE.COM"),
        (&["a/b", "c@d", "e\\f"], "R", "a\\/b/c\\@d/e\\\\f@R"),
        (&["\t\n\u{8}\0"], "A/B", "\\t\\n\\b\\0@A\\/B"),
        (&["", ""], "R", "/@R"),
        (&["jürgen"], "EXAMPLE", "jürgen@EXAMPLE"),
    ];
    for (components, realm, text) in cases {
        let principal = Principal::from_components(NameType::PRINCIPAL, components, realm).unwrap();
        assert_eq!(principal.to_string(), text);
        assert_eq!(text.parse(), Ok(principal.clone()));
        let read: Vec<_> = principal.components().map(|c| c.as_str().unwrap().to_owned()).collect();
        assert_eq!(read, components);
        assert_eq!(principal.realm().as_str(), Some(realm));
    }
}

#[test]
fn unneeded_escapes_are_read() {
    assert_eq!("\\u\\ser@R".parse(), Ok(Principal::new("user", "R")));
}

#[test]
fn malformed_text_is_refused() {
    use ParsePrincipalError::{DanglingEscape, MissingRealm, SeparatorInRealm, TooLong};
    let error = |text: &str| text.parse::<Principal>().unwrap_err();
    assert_eq!(error("user"), MissingRealm);
    assert_eq!(error(""), MissingRealm);
    assert_eq!(error("user\\@REALM"), MissingRealm);
    assert_eq!(error("user@A@B"), SeparatorInRealm { position: 6 });
    assert_eq!(error("user@A/B"), SeparatorInRealm { position: 6 });
    assert_eq!(error("user@A\\"), DanglingEscape);
    assert_eq!(error(&format!("{}@R", "/".repeat(krb5_asn1::MAX_ELEMENTS))), TooLong);
    assert!(Principal::parse("user", Some("R")).is_ok());
    assert_eq!(Principal::parse("user", Some("R")), "user@R".parse());
}

#[test]
fn name_type_is_inferred_for_well_known_names() {
    let name_type = |text: &str| text.parse::<Principal>().unwrap().name_type();
    assert_eq!(name_type("krbtgt/R@R"), NameType::SRV_INST);
    assert_eq!(name_type("WELLKNOWN/ANONYMOUS@R"), NameType::WELLKNOWN);
    assert_eq!(name_type("krbtgt@R"), NameType::PRINCIPAL);
    assert_eq!(Principal::new_tgs("B", "A").to_string(), "krbtgt/B@A");
}

#[test]
fn comparisons_ignore_the_name_type() {
    let one = Principal::new_service("HTTP", "host", "R");
    let other = one.clone().with_name_type(NameType::UNKNOWN);
    assert_eq!(one, other);
    assert_eq!(one.as_borrowed(), other.as_borrowed());
    assert_eq!(one.cmp(&other), core::cmp::Ordering::Equal);
    assert_eq!(HashSet::from([one.clone(), other]).len(), 1);
    for different in ["HTTP/host@S", "HTTP/other@R", "HTTP@R", "HTTP/host/x@R", "HTTP\\/host@R"] {
        assert_ne!(one, different.parse::<Principal>().unwrap(), "{different}");
        assert!(one != different.parse::<Principal>().unwrap().as_borrowed(), "{different}");
    }
}

#[test]
fn order_is_by_realm_then_components() {
    let mut names = ["b@A", "a/b@A", "a@B", "a@A"].map(|text| text.parse::<Principal>().unwrap());
    names.sort();
    assert_eq!(names.map(|name| name.to_string()), ["a@A", "a/b@A", "b@A", "a@B"]);
}

#[test]
fn borrowed_and_owned_hold_the_same() {
    let components = [KerberosString::from("HTTP"), KerberosString::new(&[0xff])];
    let name = PrincipalName::new(NameType::SRV_HST, &components);
    let owned = Principal::from(name.in_realm("R".into()));
    assert_eq!(owned, name.in_realm("R".into()));
    assert_eq!(owned.name_type(), NameType::SRV_HST);
    assert_eq!(owned.to_string(), "HTTP/\u{FFFD}@R");
    let der = owned.name().to_der().unwrap();
    assert_eq!(der, name.to_der().unwrap());
    assert_eq!(PrincipalName::from_der(&der), Ok(name));
    assert!(Principal::new_service("HTTP", "h", "R").name().is(&["HTTP", "h"]));
    assert!(!Principal::new_service("HTTP", "h", "R").name().is(&["HTTP"]));
}
