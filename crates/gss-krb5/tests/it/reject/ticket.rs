//! Rules about the ticket: keys, times, names, addresses, realms, authorization data.

use super::{refused, refused_by};
use crate::forge::Forge;
use crate::world::{
    AES128, AES256, CLIENT, ENCTYPES, KVNO, SERVICE, accept, config, keys, now_plus, principal, service_key,
    step,
};
use gss_core::{Blame, Diagnose, MajorStatus, SecurityContext};
use gss_krb5::authdata::{AuthDataError, PacPolicy};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::transited::TransitedPolicy;
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Allow, NoKey, ServiceKeys};
use krb5_asn1::{AddressType, ApOptions, AuthDataType, ErrorCode, NameType, TicketFlags};
use krb5_crypto::EncType;
use test_support::ticket::{NOW, TicketMaker, key};

fn with_maker(change: impl FnOnce(&mut TicketMaker)) -> Vec<u8> {
    let mut forge = Forge::new(AES256);
    change(&mut forge.maker);
    forge.token()
}

#[test]
fn the_unchanged_request_is_accepted() {
    for &enctype in ENCTYPES {
        let config = config(enctype).allow(Allow::WEAK_ENCTYPES);
        let context = accept(&config, &Forge::new(enctype).token()).unwrap();
        assert_eq!(context.parties().client(), &principal(CLIENT));
        assert_eq!(context.parties().service(), &principal(SERVICE));
    }
}

#[test]
fn ticket_times() {
    let config = config(AES256);
    let expired =
        ("ticket_expired", MajorStatus::CREDENTIALS_EXPIRED, Some(ErrorCode::KRB_AP_ERR_TKT_EXPIRED));
    let not_yet = ("ticket_not_yet_valid", MajorStatus::FAILURE, Some(ErrorCode::KRB_AP_ERR_TKT_NYV));
    let error = refused(&config, &with_maker(|maker| maker.end_time = NOW - 301), expired);
    assert_eq!(error, AcceptorError::TicketExpired { end: now_plus(-301), now: now_plus(0) });
    accept(&config, &with_maker(|maker| maker.end_time = NOW - 300)).unwrap();

    let error = refused(&config, &with_maker(|maker| maker.start_time = Some(NOW + 301)), not_yet);
    assert_eq!(error, AcceptorError::TicketNotYetValid { start: now_plus(301), now: now_plus(0) });
    let mut forge = Forge::new(AES256);
    forge.seed += 1; // the ticket is not in the replay cache's digest
    forge.maker.start_time = Some(NOW + 300);
    accept(&config, &forge.token()).unwrap();
    // Without a start time the time of authentication stands in.
    let late = |maker: &mut TicketMaker| (maker.start_time, maker.auth_time) = (None, NOW + 301);
    refused(&config, &with_maker(late), not_yet);
    let tighter = AcceptorConfig::new(keys(AES256), MemoryReplayCache::with_capacity(9)).skew(10);
    refused(&tighter, &with_maker(|maker| maker.end_time = NOW - 11), expired);
}

#[test]
fn postdated_tickets_have_to_be_validated() {
    let token = with_maker(|maker| maker.flags = maker.flags | TicketFlags::INVALID | TicketFlags::POSTDATED);
    let verdict = ("ticket_invalid", MajorStatus::FAILURE, Some(ErrorCode::KRB_AP_ERR_TKT_NYV));
    assert_eq!(refused(&config(AES256), &token, verdict), AcceptorError::TicketInvalid);
}

#[test]
fn anonymous_tickets_have_to_be_allowed() {
    let verdict = ("anonymous_ticket", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KRB_ERR_GENERIC));
    let flagged = TicketFlags::FORWARDABLE | TicketFlags::ANONYMOUS;
    // Either sign is enough.
    for (client, flags) in [
        ("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", flagged),
        ("WELLKNOWN/ANONYMOUS@EXAMPLE.COM", TicketFlags::FORWARDABLE),
        (CLIENT, flagged),
    ] {
        let token = || {
            let mut forge = Forge::new(AES256);
            forge.client = principal(client);
            (forge.maker.client, forge.maker.flags) = (principal(client), flags);
            forge.maker.flags = forge.maker.flags | TicketFlags::TRANSITED_POLICY_CHECKED;
            forge.token()
        };
        let error = refused(&config(AES256), &token(), verdict);
        assert_eq!(error, AcceptorError::Anonymous);
        assert!(error.to_string().contains("allow anonymous"), "{error}");
        assert_eq!(error.blame(), Blame::Peer);
        refused(&config(AES256).allow(Allow::WEAK_ENCTYPES), &token(), verdict);
        let context = accept(&config(AES256).allow(Allow::ANONYMOUS), &token()).unwrap();
        assert!(context.parties().is_anonymous(), "{client}");
    }
    for client in [CLIENT, "WELLKNOWN/ANONYMOUS/x@EXAMPLE.COM", "ANONYMOUS@EXAMPLE.COM"] {
        let mut forge = Forge::new(AES256);
        (forge.client, forge.maker.client) = (principal(client), principal(client));
        assert!(!accept(&config(AES256), &forge.token()).unwrap().parties().is_anonymous(), "{client}");
    }
}

#[test]
fn wrong_key() {
    let verdict = ("ticket_integrity", MajorStatus::BAD_MIC, Some(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY));
    for &enctype in ENCTYPES {
        let mut forge = Forge::new(enctype);
        forge.maker.service_key = key(enctype, 1000);
        let config = config(enctype).allow(Allow::WEAK_ENCTYPES);
        let error = refused(&config, &forge.token(), verdict);
        let expected = AcceptorError::TicketIntegrity {
            service: principal(SERVICE),
            kvno: Some(KVNO),
            enctype,
            tried: 1,
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn no_key_that_fits() {
    let fails = |token: Vec<u8>, code, krb| match refused(
        &config(AES256),
        &token,
        (code, MajorStatus::NO_CRED, Some(krb)),
    ) {
        AcceptorError::NoKey { reason, .. } => reason,
        other => panic!("{other}"),
    };
    let reason =
        fails(with_maker(|maker| maker.kvno = Some(3)), "no_key_of_version", ErrorCode::KRB_AP_ERR_BADKEYVER);
    assert_eq!(reason, NoKey::Version { present: vec![KVNO] });
    let reason = fails(
        with_maker(|maker| maker.service_key = service_key(AES128)),
        "no_key_of_enctype",
        ErrorCode::KDC_ERR_ETYPE_NOSUPP,
    );
    assert_eq!(reason, NoKey::EncType { present: vec![AES256] });
    let unknown = |maker: &mut TicketMaker| {
        maker.service = principal("HTTP/elsewhere@EXAMPLE.COM");
        maker.kvno = Some(3);
    };
    let reason = fails(with_maker(unknown), "no_key_of_service", ErrorCode::KRB_AP_ERR_NOKEY);
    assert_eq!(reason, NoKey::Service);
    let empty = AcceptorConfig::new(ServiceKeys::new(), MemoryReplayCache::with_capacity(9));
    let verdict = ("no_key_of_service", MajorStatus::NO_CRED, Some(ErrorCode::KRB_AP_ERR_NOKEY));
    refused(&empty, &with_maker(|_| {}), verdict);
}

#[test]
fn ticket_for_another_service() {
    // Keys that fit by enctype and version are tried, for the name may be an alias; when none opens the ticket, it
    // is not for us, and the keys are not to blame.
    let other = |maker: &mut TicketMaker| {
        maker.service = principal("HTTP/elsewhere@EXAMPLE.COM");
        maker.service_key = key(AES256, 1000);
    };
    let verdict = ("no_key_of_service", MajorStatus::NO_CRED, Some(ErrorCode::KRB_AP_ERR_NOKEY));
    let error = refused(&config(AES256), &with_maker(other), verdict);
    assert!(matches!(&error, AcceptorError::NoKey { reason: NoKey::Service, .. }), "{error}");
}

#[test]
fn names_in_clear_select_a_key_and_nothing_else() {
    let config = config(AES256);
    for (index, service) in ["HTTP/alias@EXAMPLE.COM", "cifs/x@OTHER.REALM", "a@B"].iter().enumerate() {
        let mut forge = Forge::new(AES256);
        forge.seed = 100 + index as u64;
        forge.maker.service = principal(service);
        let context = accept(&config, &forge.token()).unwrap();
        assert_eq!(context.parties().service(), &principal(SERVICE), "an alias is not an identity");
        assert_eq!(context.facts().local.unwrap().to_string(), SERVICE);
    }
    // An alias with another service's key of the same enctype and version has that service's identity.
    let mut two = keys(AES256);
    let other = principal("ldap/dc@EXAMPLE.COM");
    two.add(other.clone(), KVNO, key(AES256, 5));
    let config = AcceptorConfig::new(two, MemoryReplayCache::with_capacity(9));
    let mut forge = Forge::new(AES256);
    forge.maker.service = principal("HTTP/alias@EXAMPLE.COM");
    forge.maker.service_key = key(AES256, 5);
    assert_eq!(accept(&config, &forge.token()).unwrap().parties().service(), &other);
    // A name type is no part of a name.
    forge.maker.service = principal("ldap/dc@EXAMPLE.COM").with_name_type(NameType::UNKNOWN);
    forge.maker.kvno = None;
    forge.seed += 1;
    assert_eq!(accept(&config, &forge.token()).unwrap().parties().service(), &other);
}

#[test]
fn only_the_services_asked_for() {
    let ldap = principal("ldap/dc@EXAMPLE.COM");
    let only = |services: &[&str]| {
        services.iter().fold(config(AES256), |config, service| config.accept_only(principal(service)))
    };
    let verdict = ("wrong_service", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KRB_AP_ERR_NOT_US));
    let error = refused(&only(&["ldap/dc@EXAMPLE.COM"]), &with_maker(|_| {}), verdict);
    let expected = AcceptorError::WrongService { found: principal(SERVICE), expected: vec![ldap.clone()] };
    assert_eq!(error, expected);
    // The name in clear does not help: the key that decrypts decides.
    refused(&only(&["ldap/dc@EXAMPLE.COM"]), &with_maker(|maker| maker.service = ldap), verdict);
    accept(&only(&["ldap/dc@EXAMPLE.COM", SERVICE]), &with_maker(|_| {})).unwrap();
}

#[test]
fn addresses() {
    let bound = || {
        with_maker(|maker| {
            let (v4, v6) = (vec![192, 0, 2, 1], vec![0x20; 16]);
            maker.addresses = vec![(AddressType::IPV4, v4), (AddressType::IPV6, v6)];
        })
    };
    let verdict = ("address", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KRB_AP_ERR_BADADDR));
    let cases: [(AddressType, &[u8]); 3] = [
        (AddressType::IPV4, &[192, 0, 2, 2]),
        (AddressType::IPV6, &[192, 0, 2, 1]),
        (AddressType::IPV4, &[192, 0, 2]),
    ];
    for (kind, address) in cases {
        let config = config(AES256);
        let error = refused_by(Acceptor::new(&config).peer_address(kind, address), &bound(), verdict);
        assert_eq!(error, AcceptorError::Address { kind, allowed: 2 });
    }
    let good: [(AddressType, &[u8]); 2] =
        [(AddressType::IPV4, &[192, 0, 2, 1]), (AddressType::IPV6, &[0x20; 16])];
    for (kind, address) in good {
        let config = config(AES256);
        let acceptor = Acceptor::new(&config).peer_address(kind, address);
        assert!(step(acceptor, &bound(), now_plus(0)).0.is_ok());
    }
    accept(&config(AES256), &bound()).unwrap();
    let config = config(AES256);
    let acceptor = Acceptor::new(&config).peer_address(AddressType::IPV4, &[192, 0, 2, 1]);
    assert!(step(acceptor, &with_maker(|_| {}), now_plus(0)).0.is_ok());
}

#[test]
fn user_to_user_is_not_offered() {
    let mut forge = Forge::new(AES256);
    forge.options = ApOptions::USE_SESSION_KEY | ApOptions::MUTUAL_REQUIRED;
    let verdict = ("user_to_user", MajorStatus::NO_CRED, Some(ErrorCode::KRB_AP_ERR_NOKEY));
    assert_eq!(refused(&config(AES256), &forge.token(), verdict), AcceptorError::UserToUser);
}

#[test]
fn transited_realms() {
    let through = |maker: &mut TicketMaker| {
        maker.client = principal("alice@CLIENT.ORG");
        maker.transited = b"BETWEEN.NET".to_vec();
    };
    let token = || {
        let mut forge = Forge::new(AES256);
        through(&mut forge.maker);
        forge.client = principal("alice@CLIENT.ORG");
        forge
    };
    let verdict = ("transited_realms", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KRB_AP_PATH_NOT_ACCEPTED));
    let refuse = |config: AcceptorConfig| {
        assert!(matches!(refused(&config, &token().token(), verdict), AcceptorError::Transited(_)));
    };
    refuse(config(AES256));
    refuse(config(AES256).transited(TransitedPolicy::AllowedRealms(&["OTHER.NET"])));
    for policy in [TransitedPolicy::AllowedRealms(&["BETWEEN.NET"]), TransitedPolicy::TrustUncheckedPath] {
        let context = accept(&config(AES256).transited(policy), &token().token()).unwrap();
        assert_eq!(context.parties().client(), &principal("alice@CLIENT.ORG"));
    }
    let mut checked = token();
    checked.maker.flags = checked.maker.flags | TicketFlags::TRANSITED_POLICY_CHECKED;
    accept(&config(AES256), &checked.token()).unwrap();
}

#[test]
fn authorization_data_of_the_ticket() {
    let with =
        |ad_type, data: &[u8]| with_maker(|maker| maker.authorization_data = vec![(ad_type, data.to_vec())]);
    let verdict = |code| ("authorization_data", MajorStatus::UNAUTHORIZED, Some(code));
    let unknown = AuthDataType(9999);
    let error = refused(&config(AES256), &with(unknown, b"x"), verdict(ErrorCode::KRB_ERR_GENERIC));
    assert_eq!(error, AcceptorError::AuthData(AuthDataError::Unknown { ad_type: unknown }));
    // SEQUENCE { SEQUENCE { [0] 9999, [1] "x" } }
    let relevant = b"\x30\x0d\x30\x0b\xa0\x04\x02\x02\x27\x0f\xa1\x03\x04\x01x";
    accept(&config(AES256), &with(AuthDataType::IF_RELEVANT, relevant)).unwrap();
    let required = config(AES256).pac(PacPolicy::Require);
    let error = refused(&required, &with_maker(|_| {}), verdict(ErrorCode::KRB_ERR_GENERIC));
    assert_eq!(error, AcceptorError::AuthData(AuthDataError::NoPac));
    let broken = with(AuthDataType::WIN2K_PAC, b"not a PAC");
    match accept(&config(AES256), &broken) {
        Err(AcceptorError::AuthData(AuthDataError::Pac(_))) => {}
        other => panic!("{other:?}"),
    }
    let context = accept(&config(AES256).pac(PacPolicy::IgnoreUnverified), &broken).unwrap();
    assert!(!context.parties().has_verified_pac());
}

#[test]
fn weak_enctypes_have_to_be_allowed() {
    let verdict = ("weak_enctype", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KDC_ERR_ETYPE_NOSUPP));
    let mut forge = Forge::new(AES256);
    // The type is told before a key is sought; DES and RC4 are weak in every build.
    for weak in [EncType::RC4_HMAC, EncType::DES_CBC_MD5, EncType::DES3_CBC_SHA1_KD] {
        forge.subkey = Some((weak, vec![1; weak.key_len().unwrap_or(8)]));
        let error = refused(&config(AES256), &forge.token(), verdict);
        assert_eq!(error, AcceptorError::WeakEncType { enctype: weak });
    }
    #[cfg(feature = "rc4")]
    {
        let rc4 = EncType::RC4_HMAC;
        let error = refused(&config(rc4), &Forge::new(rc4).token(), verdict);
        assert_eq!(error, AcceptorError::WeakEncType { enctype: rc4 }, "ticket");
        let mut forge = Forge::new(AES256);
        forge.maker.session_key = key(rc4, 1);
        forge.authenticator_key = key(rc4, 1);
        let error = refused(&config(AES256), &forge.token(), verdict);
        assert_eq!(error, AcceptorError::WeakEncType { enctype: rc4 }, "session key");
        accept(&config(AES256).allow(Allow::WEAK_ENCTYPES), &forge.token()).unwrap();
    }
}
