//! A KDC, or somebody in its place, that breaks the rules. Each rule has its own error.

use gss_core::{Blame, Diagnose};
use krb5_asn1::{AddressType, AsRep, Decode, Encode, ErrorCode, PaDataType, Principal, TicketFlags};
use krb5_client::{AsError, AsOptions, Policy, ReplyError, Secret};
use krb5_crypto::EncType;
use krb5_files::Address;
use proptest::prelude::*;

use crate::kdc::*;

/// The rule that a reply breaks when it is bent like this.
fn broken(twist: impl FnMut(&mut Parts) + 'static) -> ReplyError {
    match login(&mut Kdc::twisted(twist)) {
        Err(AsError::Reply(error)) => {
            assert_eq!(error.blame(), Blame::Peer, "{error}");
            error
        }
        other => panic!("{other:?}"),
    }
}

/// The same where the client allows other names.
fn broken_canonical(twist: impl FnMut(&mut Parts) + 'static) -> ReplyError {
    let canonical = AsOptions { canonicalize: true, ..options() };
    match login_with(&mut Kdc::twisted(twist), canonical, Secret::password(PASSWORD)) {
        Err(AsError::Reply(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn wrong_nonce() {
    assert_eq!(broken(|parts| parts.nonce ^= 1).code(), "reply_nonce");
}

#[test]
fn wrong_client() {
    assert_eq!(broken(|parts| parts.client = name("mallory")).code(), "reply_client");
    let error = broken(|parts| parts.client = Principal::new("alice", "EVIL.COM"));
    assert_eq!(error.code(), "reply_client_realm");
    assert!(error.to_string().contains("alice@EVIL.COM, expected alice@EXAMPLE.COM"), "{error}");
    // Even where names may change, the encrypted part has to agree about the realm.
    let error = broken_canonical(|parts| parts.client = Principal::new("alice", "EVIL.COM"));
    assert_eq!(error.code(), "reply_client_realm");
}

#[test]
fn wrong_service() {
    let both = |parts: &mut Parts, server: Principal| {
        parts.server = server.clone();
        parts.ticket_server = server;
    };
    let krbtgt_of = |realm| Principal::new_tgs(realm, REALM);
    assert_eq!(broken(move |parts| both(parts, krbtgt_of("EVIL.COM"))).code(), "reply_server");
    let error = broken(move |parts| both(parts, Principal::new_tgs(REALM, "EVIL.COM")));
    assert_eq!(error.code(), "reply_server_realm");
    // Where names may change, it still has to be a ticket-granting ticket.
    let error = broken_canonical(move |parts| both(parts, Principal::new_service("host", "x", REALM)));
    assert_eq!(error.code(), "reply_server");
    // The clear part of the ticket says otherwise than the encrypted part (Orpheus' Lyre).
    assert_eq!(broken(move |parts| parts.ticket_server = krbtgt_of("EVIL.COM")).code(), "ticket_server");
    assert_eq!(broken(move |parts| parts.server = krbtgt_of("EVIL.COM")).code(), "ticket_server");
    let error = broken_canonical(move |parts| parts.ticket_server = krbtgt_of("EVIL.COM"));
    assert_eq!(error.code(), "ticket_server");
}

#[test]
fn an_enctype_that_was_not_asked_for() {
    let policy = Policy { enctypes: vec![AES256], ..Policy::default() };
    let attempt = |mut kdc: Kdc| {
        converse(&policy, options(), Secret::password(PASSWORD), |request| kdc.answer(&request.message))
            .unwrap_err()
    };
    assert_eq!(attempt(Kdc { enctype: AES128, ..Kdc::wanting(&[]) }).code(), "reply_enctype");
    assert_eq!(attempt(Kdc { enctype: AES128, ..Kdc::new() }).code(), "no_common_enctype");
    let error = attempt(Kdc::twisted(|parts| {
        parts.session_enctype = AES128;
        parts.session_key.truncate(16);
    }));
    assert_eq!(error.code(), "session_enctype");
    let error = attempt(Kdc::twisted(|parts| parts.session_enctype = EncType::RC4_HMAC));
    assert_eq!(error.code(), "session_enctype");
}

#[test]
fn a_session_key_of_the_wrong_length() {
    assert_eq!(broken(|parts| parts.session_key.truncate(31)).code(), "session_key");
}

#[test]
fn times_that_make_no_sense() {
    assert_eq!(broken(|parts| parts.end = NOW).code(), "reply_never_valid");
    assert_eq!(broken(|parts| parts.start = Some(parts.end + 1)).code(), "reply_never_valid");
    assert_eq!(broken(|parts| parts.end = NOW + 86_401).code(), "reply_end_time");
    let renewable = AsOptions { renew_lifetime: Some(1000), ..options() };
    let mut kdc = Kdc::twisted(|parts| {
        parts.flags = parts.flags | TicketFlags::RENEWABLE;
        parts.renew_till = Some(NOW + 1001);
    });
    let error = login_with(&mut kdc, renewable, Secret::password(PASSWORD)).unwrap_err();
    assert_eq!(error.code(), "reply_renew_time");
    let postdated = AsOptions { start: Some(gss_core::Timestamp::from_seconds(NOW + 50)), ..options() };
    let error = login_with(&mut Kdc::new(), postdated, Secret::password(PASSWORD)).unwrap_err();
    assert_eq!(error.code(), "reply_start_time");
}

#[test]
fn flags_and_addresses_that_were_not_asked_for() {
    for flag in [
        TicketFlags::FORWARDED,
        TicketFlags::PROXY,
        TicketFlags::POSTDATED,
        TicketFlags::INVALID,
        TicketFlags::ANONYMOUS,
    ] {
        let error = broken(move |parts| parts.flags = parts.flags | flag);
        assert_eq!(error, ReplyError::Flags { unasked: flag });
    }
    let address = || Address { addr_type: AddressType::IPV4, data: vec![127, 0, 0, 1] };
    let error = broken(move |parts| parts.addresses = vec![address()]);
    assert_eq!(error, ReplyError::Address { found: address() });
    let bound = AsOptions { addresses: vec![address()], ..options() };
    let mut kdc = Kdc::twisted(move |parts| parts.addresses = vec![address()]);
    let outcome = login_with(&mut kdc, bound, Secret::password(PASSWORD)).unwrap();
    assert_eq!(outcome.credential.addresses, [address()]);
}

#[test]
fn a_request_that_was_changed_on_the_way() {
    let error = broken(|parts| parts.request_checksum_over.as_mut().unwrap()[0] ^= 1);
    assert_eq!(error, ReplyError::RequestChecksum);
    let error = broken(|parts| parts.request_checksum_over = None);
    assert_eq!(error, ReplyError::RequestChecksumMissing);
    // A KDC that does not know of it does not set the flag.
    let mut kdc = Kdc::twisted(|parts| {
        parts.request_checksum_over = None;
        parts.flags = TicketFlags::INITIAL;
    });
    login(&mut kdc).unwrap();
}

#[test]
fn huge_iteration_counts_cost_nothing() {
    for count in [[0xff; 4], [0; 4], [0, 0xf, 0x42, 0x41]] {
        let mut kdc = Kdc::new();
        let offers = Kdc { s2kparams: Some(count.to_vec()), ..Kdc::new() }.offers();
        let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
            kdc.krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &encode(&offers))
        })
        .unwrap_err();
        assert_eq!(error.code(), "too_many_iterations");
        kdc.seen.clear();
    }
}

#[test]
fn referrals_in_circles_and_without_end() {
    let attempt = |next: &dyn Fn(&str) -> String| {
        let canonical = AsOptions { canonicalize: true, ..options() };
        converse(&Policy::default(), canonical, Secret::password(PASSWORD), |request| {
            Kdc { realm: request.realm.clone(), refer_to: Some(next(&request.realm)), ..Kdc::new() }
                .answer(&request.message)
        })
        .unwrap_err()
    };
    assert_eq!(attempt(&|_| REALM.into()), AsError::ReferralLoop { realm: REALM.into() });
    let back = attempt(&|realm| if realm == REALM { "B".into() } else { REALM.into() });
    assert_eq!(back, AsError::ReferralLoop { realm: REALM.into() });
    let endless = attempt(&|realm| format!("{realm}X"));
    assert_eq!(endless, AsError::TooManyReferrals { limit: 10, realm: format!("{REALM}{}", "X".repeat(11)) });
    // Without permission to follow it stays a refusal.
    let error = login(&mut Kdc { refer_to: Some("B".into()), ..Kdc::new() }).unwrap_err();
    assert_eq!(error.code(), "wrong_realm");
}

#[test]
fn a_kdc_that_never_has_enough() {
    let mut kdc = Kdc::new();
    let offers = kdc.offers();
    let more = encode(&offers);
    let mut turns = 0;
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |request| {
        turns += 1;
        match turns {
            1 => kdc.answer(&request.message),
            _ => kdc.krb_error(ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, &more),
        }
    });
    assert_eq!(error.unwrap_err(), AsError::TooManyRequests { limit: 12 });
    // Asked again after the proof, we do not start all over, and do not try a weaker mechanism.
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
        kdc.krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &more)
    });
    assert_eq!(error.unwrap_err().code(), "preauth_required");
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
        kdc.krb_error(ErrorCode::KRB_AP_ERR_SKEW, &[])
    });
    assert_eq!(error.unwrap_err().code(), "clock_skew");
}

#[test]
fn other_messages() {
    let attempt = |answer: Vec<u8>| {
        converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| answer.clone()).unwrap_err()
    };
    for (answer, word) in [
        (vec![], "unexpected_message"),
        (vec![0x6d, 0], "unexpected_message"),
        (vec![0x6a, 0x80], "unexpected_message"),
        (vec![0x6b, 0], "malformed_reply"),
        (vec![0x7e, 0x84, 0xff, 0xff, 0xff, 0xff], "malformed_reply"),
    ] {
        assert_eq!(attempt(answer.clone()).code(), word, "{answer:02x?}");
    }
    // Our own request, returned.
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |request| {
        request.message.clone()
    });
    assert_eq!(error.unwrap_err().code(), "unexpected_message");
}

/// A whole reply that is good, and how it is taken after it was changed.
fn after(change: impl Fn(&mut Vec<u8>)) -> Option<AsError> {
    let mut kdc = Kdc::wanting(&[]);
    let secret = Secret::keys([kdc.key()]);
    converse(&Policy::default(), options(), secret, |request| {
        let mut reply = kdc.answer(&request.message);
        change(&mut reply);
        reply
    })
    .err()
}

fn reply_len() -> usize {
    let len = core::cell::Cell::new(0);
    assert_eq!(after(|reply| len.set(reply.len())), None);
    len.get()
}

#[test]
fn a_reply_cut_anywhere_is_refused() {
    for keep in 0..reply_len() {
        let error = after(|reply| reply.truncate(keep)).expect("a part is taken for the whole");
        assert!(["malformed_reply", "unexpected_message"].contains(&error.code()), "{keep}: {error}");
    }
    assert_eq!(after(|reply| reply.push(0)).unwrap().code(), "malformed_reply");
}

/// A change counts only where it changes something: name types are hints, the kvno is one too, and what the client does
/// not read is the ticket's encrypted part, which the KDC will refuse.
#[test]
fn a_reply_changed_anywhere_is_refused_or_means_the_same() {
    let mut taken = 0;
    for at in 0..reply_len() {
        let original = core::cell::RefCell::new(Vec::new());
        let changed = core::cell::RefCell::new(Vec::new());
        let error = after(|reply| {
            original.replace(reply.clone());
            reply[at] ^= 0x01;
            changed.replace(reply.clone());
        });
        if error.is_none() {
            taken += 1;
            let (original, changed) = (original.into_inner(), changed.into_inner());
            let (original, changed) =
                (AsRep::from_der(&original).unwrap(), AsRep::from_der(&changed).unwrap());
            assert_eq!(
                (original.crealm, original.cname, original.enc_part),
                (changed.crealm, changed.cname, changed.enc_part),
                "byte {at}"
            );
            assert_eq!(
                (original.ticket.realm, original.ticket.sname),
                (changed.ticket.realm, changed.ticket.sname),
                "byte {at}"
            );
        }
    }
    // The ticket's ciphertext is there to be taken, so some are.
    assert!(taken > 0);
}

#[test]
fn an_encrypted_part_that_is_no_reply() {
    let mut kdc = Kdc::new();
    let key = kdc.key();
    let error = converse(&Policy::default(), options(), Secret::password(PASSWORD), |request| {
        let reply = kdc.answer(&request.message);
        let Ok(view) = AsRep::from_der(&reply) else { return reply };
        let sealed = seal(&key, krb5_crypto::KeyUsage::AS_REP, b"junk", &mut kdc.rng);
        AsRep { enc_part: encrypted(&key, &sealed), ..view }.to_der().unwrap()
    });
    assert_eq!(error.unwrap_err().code(), "malformed_reply_part");
}

proptest! {
    /// Whatever comes, an exchange ends in an error and not in a panic.
    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), tag in 0usize..3) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = [0x6b, 0x7e, 0x30][tag];
        }
        let outcome = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| bytes.clone());
        prop_assert!(outcome.is_err());
    }

    /// The same for e-data of an error.
    #[test]
    fn noise_in_error_data_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), pa in 0i32..152) {
        let kdc = Kdc::new();
        let mut offers = kdc.offers();
        offers.retain(|(pa_type, _)| *pa_type != PaDataType(pa));
        offers.push((PaDataType(pa), bytes.clone()));
        for e_data in [encode(&offers), bytes] {
            let outcome = converse(&Policy::default(), options(), Secret::password(PASSWORD), |_| {
                kdc.krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &e_data)
            });
            prop_assert!(outcome.is_err());
        }
    }
}
