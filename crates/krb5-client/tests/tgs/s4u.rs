//! Tickets on behalf of users.

use super::kdc::{AES256, Asked, Reply, credential, drive, principal};
use gss_core::Diagnose;
use krb5_asn1::{
    Checksum, Decode, Encode, KdcOptions, NameType, Octets, PaDataType, PaPacOptions, PaS4uX509User,
    PacOptions, Principal, Raw, S4uOptions, S4uUserId, TicketFlags, UInt32,
};
use krb5_client::{
    Credential, Evidence, Policy, S4uError, S4uUser, TgsError, TgsExchange, TgsOptions, TgsOutcome,
};
use krb5_crypto::{ChecksumType, KeyUsage};
use test_support::ticket::key;

const X509: PaDataType = PaDataType::S4U_X509_USER;

fn service_tgt() -> Credential {
    credential("HTTP/www.a@A", "krbtgt/A@A", TicketFlags::FORWARDABLE)
}

fn on_behalf_of(user: S4uUser, kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    let server = principal("HTTP/www.a@A");
    let policy = Policy::default();
    drive(
        |env| TgsExchange::s4u_self(&policy, &service_tgt(), &server, user, TgsOptions::default(), env),
        kdc,
    )
}

fn bob() -> S4uUser {
    S4uUser::named(principal("bob@A"))
}

/// The user that a request names, with its checksums verified.
fn user_of(asked: &Asked) -> Principal {
    let content = PaS4uX509User::from_der(asked.find(X509).unwrap()).unwrap();
    let _verified = asked
        .subkey
        .checksum(KeyUsage::PA_S4U_X509_USER_REQUEST)
        .verify(&[content.user_id.as_der()], content.checksum.checksum.as_bytes())
        .unwrap();
    assert_eq!(content.user_id.nonce.0, asked.nonce);
    content.user_id.cname.unwrap().in_realm(content.user_id.crealm).into()
}

/// How a KDC confirms the user.
struct Confirm {
    user: Principal,
    nonce: u32,
    usage: KeyUsage,
    checksum_type: ChecksumType,
    nameless: bool,
}

impl Confirm {
    fn new(asked: &Asked, user: &str) -> Self {
        Self {
            user: principal(user),
            nonce: asked.nonce,
            usage: KeyUsage::PA_S4U_X509_USER_REPLY,
            checksum_type: ChecksumType::HMAC_SHA1_96_AES256,
            nameless: false,
        }
    }

    fn encode(&self, reply: &Reply<'_>) -> Vec<u8> {
        let user_id = S4uUserId {
            nonce: UInt32(self.nonce),
            cname: (!self.nameless).then(|| self.user.name()),
            crealm: self.user.realm(),
            subject_certificate: None,
            options: Some(S4uOptions::USE_REPLY_KEY_USAGE),
        };
        let user_id = user_id.to_der().unwrap();
        let tag = reply.asked.subkey.checksum(self.usage).compute_tag(&[&user_id]);
        let content = PaS4uX509User {
            user_id: Raw::new(&user_id).unwrap(),
            checksum: Checksum { cksumtype: self.checksum_type.0, checksum: Octets::new(tag.as_bytes()) },
        };
        content.to_der().unwrap()
    }
}

/// A ticket to `client`, with the user confirmed as `confirm` says.
fn answer(asked: &Asked, client: &str, confirm: Option<Confirm>) -> Vec<u8> {
    let mut reply = asked.reply();
    reply.client = principal(client);
    if let Some(confirm) = confirm {
        reply.padata = vec![(X509, confirm.encode(&reply))];
    }
    reply.encode()
}

#[test]
fn the_ticket_is_the_users() {
    let outcome = on_behalf_of(bob(), |asked| {
        assert_eq!(user_of(&asked), principal("bob@A"));
        assert_eq!(asked.server, principal("HTTP/www.a@A"));
        assert!(asked.options.contains(KdcOptions::FORWARDABLE));
        answer(&asked, "bob@A", Some(Confirm::new(&asked, "bob@A")))
    });
    let ticket = outcome.unwrap().credential;
    assert_eq!((ticket.client, ticket.server), (principal("bob@A"), principal("HTTP/www.a@A")));
}

#[cfg(feature = "rc4")]
#[test]
fn old_kdcs_get_the_name_under_hmac_md5() {
    use krb5_asn1::PaForUser;
    on_behalf_of(bob(), |asked| {
        let content = PaForUser::from_der(asked.find(PaDataType::FOR_USER).unwrap()).unwrap();
        assert_eq!(content.auth_package.as_bytes(), b"Kerberos");
        assert!(content.user_name.is(&["bob"]) && content.user_realm.as_bytes() == b"A");
        let usage = KeyUsage::KERB_NON_KERB_CKSUM_SALT;
        let _verified = krb5_crypto::rc4_hmac::checksum_with_any_key(&asked.session_key, usage)
            .verify(&[&1u32.to_le_bytes(), b"bobAKerberos"], content.cksum.checksum.as_bytes())
            .unwrap();
        assert_eq!(content.cksum.cksumtype, -138);
        answer(&asked, "bob@A", None)
    })
    .unwrap();
}

#[test]
fn the_kdcs_spelling_of_the_name_counts() {
    let outcome = on_behalf_of(bob(), |asked| answer(&asked, "Bob@A", Some(Confirm::new(&asked, "Bob@A"))));
    assert_eq!(outcome.unwrap().credential.client, principal("Bob@A"));
    let enterprise = Principal::from_components(NameType::ENTERPRISE, ["bob@example.com"], "A").unwrap();
    let outcome = on_behalf_of(S4uUser::named(enterprise), |asked| {
        assert_eq!(user_of(&asked).name_type(), NameType::ENTERPRISE);
        answer(&asked, "bob@A", None)
    });
    assert_eq!(outcome.unwrap().credential.client, principal("bob@A"));
}

#[test]
fn a_certificate_says_who_the_user_is() {
    let user = S4uUser::with_certificate(b"certificate".to_vec(), "A").unwrap();
    let outcome = on_behalf_of(user, |asked| {
        let content = PaS4uX509User::from_der(asked.find(X509).unwrap()).unwrap();
        assert!(content.user_id.cname.is_none());
        assert_eq!(content.user_id.subject_certificate.unwrap().as_bytes(), b"certificate");
        assert!(asked.find(PaDataType::FOR_USER).is_none());
        answer(&asked, "bob@A", Some(Confirm::new(&asked, "bob@A")))
    });
    assert_eq!(outcome.unwrap().credential.client, principal("bob@A"));
}

#[test]
fn another_users_ticket_is_refused() {
    let changed = on_behalf_of(bob(), |asked| answer(&asked, "carol@A", None)).unwrap_err();
    assert_eq!(changed.code(), "s4u_user_mismatch");
    let against_checksum =
        on_behalf_of(bob(), |asked| answer(&asked, "carol@A", Some(Confirm::new(&asked, "bob@A"))));
    assert_eq!(against_checksum.unwrap_err().code(), "s4u_user_mismatch");
}

#[test]
fn a_kdc_that_does_not_know_s4u2self_is_recognised() {
    let error = on_behalf_of(bob(), |asked| asked.reply().encode()).unwrap_err();
    assert_eq!(error, TgsError::S4u(S4uError::Ignored));
}

#[test]
fn the_confirmation_is_checked() {
    let confirmed = |change: fn(&mut Confirm)| {
        on_behalf_of(bob(), |asked| {
            let mut confirm = Confirm::new(&asked, "bob@A");
            change(&mut confirm);
            answer(&asked, "bob@A", Some(confirm))
        })
        .unwrap_err()
        .code()
    };
    assert_eq!(confirmed(|confirm| confirm.nonce ^= 1), "s4u_nonce_mismatch");
    assert_eq!(confirmed(|confirm| confirm.usage = KeyUsage::PA_S4U_X509_USER_REQUEST), "s4u_checksum");
    assert_eq!(confirmed(|confirm| confirm.checksum_type = ChecksumType::RSA_MD5), "s4u_checksum_type");
    assert_eq!(confirmed(|confirm| confirm.nameless = true), "s4u_no_user");
}

#[test]
fn a_confirmation_taken_away_is_noticed_where_the_protected_part_tells() {
    let error = on_behalf_of(bob(), |asked| {
        let mut reply = asked.reply();
        reply.client = principal("bob@A");
        reply.encrypted_padata = vec![(X509, b"checksums".to_vec())];
        reply.encode()
    });
    assert_eq!(error.unwrap_err(), TgsError::S4u(S4uError::Stripped));
}

#[test]
fn a_user_of_another_realm_is_asked_for_there_first() {
    let user = S4uUser::named(principal("bob@B"));
    let mut asked_for = Vec::new();
    let outcome = on_behalf_of(user.clone(), |asked| {
        asked_for.push(asked.server.to_string());
        match (asked.realm.as_str(), asked_for.len()) {
            ("A", 1) => asked.reply().encode(),
            ("B", _) => {
                assert_eq!(asked.server.name_type(), NameType::ENTERPRISE);
                let mut reply = asked.reply();
                reply.set_server(principal("krbtgt/A@B"));
                reply.padata = vec![(X509, Confirm::new(&asked, "Bob@B").encode(&reply))];
                reply.encode()
            }
            _ => {
                assert_eq!(user_of(&asked), principal("Bob@B"));
                answer(&asked, "Bob@B", Some(Confirm::new(&asked, "Bob@B")))
            }
        }
    });
    let outcome = outcome.unwrap();
    assert_eq!(asked_for, ["krbtgt/B@A", r"HTTP\/www.a\@A@B", "HTTP/www.a@A"]);
    assert_eq!(outcome.credential.client, principal("Bob@B"));
    // The ticket that leads back is the user's, so to say, and must not be kept.
    let met: Vec<_> = outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect();
    assert_eq!(met, ["krbtgt/B@A"]);

    let mut step = 0;
    let swapped = on_behalf_of(user, |asked| {
        step += 1;
        let mut reply = asked.reply();
        match step {
            1 => {}
            2 => {
                reply.set_server(principal("krbtgt/A@B"));
                reply.padata = vec![(X509, Confirm::new(&asked, "bob@B").encode(&reply))];
            }
            _ => {
                reply.client = principal("carol@B");
                reply.padata = vec![(X509, Confirm::new(&asked, "carol@B").encode(&reply))];
            }
        }
        reply.encode()
    });
    assert_eq!(swapped.unwrap_err().code(), "s4u_user_mismatch");
}

fn for_user(server: &str, kdc: impl FnMut(Asked) -> Vec<u8>) -> Result<TgsOutcome, TgsError> {
    let evidence = evidence();
    let server = principal(server);
    let policy = Policy::default();
    let evidence = Evidence::from(&evidence);
    drive(
        |env| TgsExchange::s4u_proxy(&policy, &service_tgt(), &evidence, &server, TgsOptions::default(), env),
        kdc,
    )
}

fn evidence() -> Credential {
    credential("bob@A", "HTTP/www.a@A", TicketFlags::FORWARDABLE)
}

fn resource_based() -> (PaDataType, Vec<u8>) {
    let flags = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
    (PaDataType::PAC_OPTIONS, PaPacOptions { flags }.to_der().unwrap())
}

#[test]
fn the_evidence_is_shown_and_the_ticket_is_the_users() {
    let outcome = for_user("db/host.a@A", |asked| {
        assert!(asked.options.contains(KdcOptions::CNAME_IN_ADDL_TKT));
        assert_eq!(asked.second_ticket, Some(evidence().ticket));
        assert_eq!(asked.find(PaDataType::PAC_OPTIONS), Some(resource_based().1.as_slice()));
        let mut reply = asked.reply();
        reply.client = principal("bob@A");
        reply.encode()
    });
    let ticket = outcome.unwrap().credential;
    assert_eq!((ticket.client, ticket.server), (principal("bob@A"), principal("db/host.a@A")));
    assert!(ticket.second_ticket.is_none());
}

#[test]
fn a_proxy_ticket_of_another_user_is_refused() {
    for client in ["carol@A", "HTTP/www.a@A"] {
        let error = for_user("db/host.a@A", |asked| {
            let mut reply = asked.reply();
            reply.client = principal(client);
            reply.encode()
        });
        assert_eq!(error.unwrap_err().code(), "reply_client");
    }
}

#[test]
fn a_service_of_another_realm_is_reached_with_two_tickets() {
    let mut log = Vec::new();
    let outcome = for_user("db/host.b@", |asked| {
        let proxying = asked.options.contains(KdcOptions::CNAME_IN_ADDL_TKT);
        log.push(format!("{} {}{}", asked.shown, asked.server, if proxying { " for the user" } else { "" }));
        let mut reply = asked.reply();
        // Tickets in the user's name can be told apart by their session key.
        reply.session_key = key(AES256, if proxying { 1 } else { 2 });
        match (asked.realm.as_str(), proxying) {
            ("A", _) => reply.set_server(principal("krbtgt/B@A")),
            ("B", true) => {
                assert_eq!(asked.session_key.secret_bytes(), key(AES256, 2).secret_bytes());
                reply.client = principal("bob@A");
            }
            _ => {}
        }
        if proxying {
            reply.encrypted_padata = vec![resource_based()];
        }
        reply.encode()
    })
    .unwrap();
    let expected = [
        "krbtgt/A@A db/host.b@A for the user",
        "krbtgt/A@A db/host.b@A",
        "krbtgt/B@A db/host.b@B",
        "krbtgt/B@A db/host.b@B for the user",
    ];
    assert_eq!(log, expected);
    assert_eq!(outcome.credential.client, principal("bob@A"));
    assert_eq!(outcome.credential.server, principal("db/host.b@B"));
    assert_eq!(outcome.cross_realm.len(), 1);
    assert_eq!(outcome.cross_realm[0].session_key.secret_bytes(), key(AES256, 2).secret_bytes());
}

#[test]
fn both_tickets_are_taken_to_the_realm_where_the_service_is() {
    let mut log = Vec::new();
    for_user("db/host.c@", |asked| {
        let proxying = asked.options.contains(KdcOptions::CNAME_IN_ADDL_TKT);
        log.push(format!("{} {}", asked.shown, asked.server));
        let mut reply = asked.reply();
        let is_tgs = asked.server.components().next().unwrap().as_bytes() == b"krbtgt";
        match asked.realm.as_str() {
            "A" => reply.set_server(principal("krbtgt/B@A")),
            "B" if !is_tgs => reply.set_server(principal("krbtgt/C@B")),
            "C" if proxying => reply.client = principal("bob@A"),
            _ => {}
        }
        if proxying {
            reply.encrypted_padata = vec![resource_based()];
        }
        reply.encode()
    })
    .unwrap();
    let expected = [
        "krbtgt/A@A db/host.c@A",
        "krbtgt/A@A db/host.c@A",
        "krbtgt/B@A db/host.c@B",
        "krbtgt/C@B db/host.c@C",
        "krbtgt/B@A krbtgt/C@B",
        "krbtgt/C@B db/host.c@C",
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_kdc_without_resource_based_delegation_gives_no_referral_of_that_kind() {
    let error = for_user("db/host.b@", |asked| asked.refer("B")).unwrap_err();
    assert_eq!(error, TgsError::S4u(S4uError::ResourceBasedUnsupported));
}

#[test]
fn evidence_has_to_be_a_ticket() {
    let bob = principal("bob@A");
    let evidence = Evidence { ticket: b"junk", client: &bob };
    let server = principal("db/host.a@A");
    let policy = Policy::default();
    let outcome = drive(
        |env| TgsExchange::s4u_proxy(&policy, &service_tgt(), &evidence, &server, TgsOptions::default(), env),
        |_| panic!("nothing can be asked"),
    );
    assert_eq!(outcome.unwrap_err().code(), "malformed_second_ticket");
}
