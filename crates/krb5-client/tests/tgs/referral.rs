//! Ways from realm to realm.

use super::kdc::{Asked, credential, drive, principal, tgt};
use gss_core::Diagnose;
use krb5_asn1::{ErrorCode, TicketFlags};
use krb5_client::{Policy, RealmPath, TgsError, TgsExchange, TgsOptions, TgsOutcome};

fn service(server: &str, path: RealmPath, kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    let server = principal(server);
    let options = TgsOptions { path, ..TgsOptions::default() };
    let policy = Policy { max_referrals: 3, ..Policy::default() };
    drive(|env| TgsExchange::service(&policy, &tgt(), &server, options, env), kdc)
}

fn met(outcome: &TgsOutcome) -> Vec<String> {
    outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect()
}

#[test]
fn a_referral_is_followed_to_the_realm_of_its_ticket() {
    let outcome = service("HTTP/www.c@A", RealmPath::Direct, |asked| match asked.realm.as_str() {
        "A" => asked.refer("B"),
        "B" => {
            assert_eq!(asked.shown, principal("krbtgt/B@A"));
            assert_eq!(asked.server, principal("HTTP/www.c@B"));
            asked.refer("C")
        }
        _ => asked.reply().encode(),
    })
    .unwrap();
    assert_eq!(outcome.credential.server, principal("HTTP/www.c@C"));
    assert_eq!(met(&outcome), ["krbtgt/B@A", "krbtgt/C@B"]);
}

#[test]
fn a_foreign_realm_is_asked_for_directly_first() {
    let outcome = service("HTTP/www.b@B", RealmPath::default(), |asked| match asked.realm.as_str() {
        "A" => {
            assert_eq!(asked.server, principal("krbtgt/B@A"));
            asked.reply().encode()
        }
        _ => asked.reply().encode(),
    })
    .unwrap();
    assert_eq!(met(&outcome), ["krbtgt/B@A"]);
    assert_eq!(outcome.credential.server, principal("HTTP/www.b@B"));
}

#[test]
fn without_trust_the_path_is_walked() {
    let path = RealmPath::Through(vec!["X".into(), "Y".into()]);
    let mut asked_for = Vec::new();
    let outcome = service("HTTP/www.b@B", path, |asked| {
        asked_for.push(asked.server.to_string());
        match asked.server.to_string().as_str() {
            "krbtgt/X@A" | "krbtgt/Y@X" | "krbtgt/B@Y" | "HTTP/www.b@B" => asked.reply().encode(),
            _ => asked.refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN),
        }
    })
    .unwrap();
    let expected =
        ["krbtgt/B@A", "krbtgt/Y@A", "krbtgt/X@A", "krbtgt/B@X", "krbtgt/Y@X", "krbtgt/B@Y", "HTTP/www.b@B"];
    assert_eq!(asked_for, expected);
    assert_eq!(met(&outcome), ["krbtgt/X@A", "krbtgt/Y@X", "krbtgt/B@Y"]);
}

#[test]
fn a_path_that_leads_nowhere_ends_with_the_realms_name() {
    let error = service("HTTP/www.b@B", RealmPath::Through(vec!["X".into()]), |asked| {
        asked.refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    });
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.minor()), ("realm_unreachable", Some(7)));
    assert!(error.to_string().contains("the service's realm B: check [domain_realm]"), "{error}");
    // Any other reason is the KDC's own.
    let error = service("HTTP/www.b@B", RealmPath::Direct, |asked| asked.refuse(ErrorCode::KDC_ERR_POLICY));
    assert_eq!(error.unwrap_err().code(), "policy");
}

#[test]
fn the_names_of_realms_are_a_path() {
    let tgt = credential("alice@A.EXAMPLE", "krbtgt/A.EXAMPLE@A.EXAMPLE", TicketFlags::NONE);
    let server = principal("HTTP/www@B.EXAMPLE");
    let outcome = drive(
        |env| TgsExchange::service(&Policy::default(), &tgt, &server, TgsOptions::default(), env),
        |asked| match asked.server.to_string().as_str() {
            "krbtgt/B.EXAMPLE@A.EXAMPLE" => asked.refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN),
            _ => asked.reply().encode(),
        },
    );
    assert_eq!(met(&outcome.unwrap()), ["krbtgt/EXAMPLE@A.EXAMPLE", "krbtgt/B.EXAMPLE@EXAMPLE"]);
}

#[test]
fn a_kdc_on_the_way_may_know_a_way_of_its_own() {
    let outcome = service("HTTP/www.b@B", RealmPath::Direct, |asked| match asked.realm.as_str() {
        "A" => asked.refer("X"),
        "X" => {
            assert_eq!(asked.server, principal("krbtgt/B@X"));
            asked.reply().encode()
        }
        _ => asked.reply().encode(),
    });
    assert_eq!(met(&outcome.unwrap()), ["krbtgt/X@A", "krbtgt/B@X"]);
}

#[test]
fn circles_are_refused() {
    let circle = |asked: Asked| match asked.realm.as_str() {
        "A" => asked.refer("X"),
        "X" => asked.refer("Y"),
        _ => asked.refer("X"),
    };
    let expected = TgsError::ReferralLoop { realm: "X".into() };
    assert_eq!(service("HTTP/www.a@A", RealmPath::Direct, circle).unwrap_err(), expected);
    assert_eq!(service("HTTP/www.b@B", RealmPath::Direct, circle).unwrap_err(), expected);
    // The start counts as well.
    let back = |asked: Asked| if asked.realm == "A" { asked.refer("X") } else { asked.refer("A") };
    let expected = TgsError::ReferralLoop { realm: "A".into() };
    assert_eq!(service("HTTP/www.a@A", RealmPath::Direct, back).unwrap_err(), expected);
    assert_eq!(service("HTTP/www.b@B", RealmPath::Direct, back).unwrap_err(), expected);
}

#[test]
fn a_realm_that_refers_to_itself_is_refused() {
    for server in ["HTTP/www.a@A", "HTTP/www.b@B"] {
        let error = service(server, RealmPath::Direct, |asked| asked.refer("A")).unwrap_err();
        assert_eq!(error, TgsError::ReferralToSelf { realm: "A".into() });
    }
}

#[test]
fn there_is_an_end_to_referrals() {
    for server in ["HTTP/www.a@A", "HTTP/www.b@B"] {
        let mut next = 0;
        let error = service(server, RealmPath::Direct, |asked| {
            next += 1;
            asked.refer(&format!("R{next}"))
        });
        assert_eq!(error.unwrap_err(), TgsError::TooManyReferrals { limit: 3 });
        assert_eq!(next, 4);
    }
}

#[test]
fn authorization_data_is_asked_for_in_the_first_realm_only() {
    let data = krb5_files::AuthData { ad_type: krb5_asn1::AuthDataType(999), data: b"data".to_vec() };
    let options = TgsOptions { authorization_data: vec![data], ..TgsOptions::default() };
    let server = principal("HTTP/www.b@A");
    let mut seen = Vec::new();
    drive(
        |env| TgsExchange::service(&Policy::default(), &tgt(), &server, options, env),
        |asked| {
            let body: krb5_asn1::KdcReqBody<'_> = krb5_asn1::Decode::from_der(&asked.body).unwrap();
            seen.push(body.enc_authorization_data.is_some());
            if asked.realm == "A" { asked.refer("B") } else { asked.reply().encode() }
        },
    )
    .unwrap();
    assert_eq!(seen, [true, false]);
}
