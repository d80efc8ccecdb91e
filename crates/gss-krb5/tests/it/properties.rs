//! Any ticket, any flags, any bindings: what one side says, the other knows.

use crate::world::{
    AES256, CLIENT, ENCTYPES, SERVICE, acceptor, config, held, initiator, now_plus, principal, service_key,
};
use gss_core::bindings::BindingCheck;
use gss_core::bindings::BindingDigest;
use gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, ChannelBindings, ContextFlags, Protection, Role,
    SecurityContext, SequenceStatus,
};
use gss_krb5::checksum::{ChecksumError, GssChecksum, MAX_EXTENSIONS};
use gss_krb5::{Allow, Initiator};
use krb5_asn1::{AddressType, NameType, Principal, TicketFlags};
use krb5_crypto::EncType;
use proptest::collection::vec;
use proptest::prelude::*;
use test_support::Pair;
use test_support::ticket::{NOW, TicketMaker, key};

fn names() -> impl Strategy<Value = Principal> {
    // What a name may hold: everything but NUL, and not only ASCII.
    let part = "[^\u{0}]{1,12}";
    (vec(part, 1..4), "[A-Z.@/]{1,12}").prop_map(|(components, realm)| {
        Principal::from_components(NameType::PRINCIPAL, &components, realm).unwrap()
    })
}

prop_compose! {
    fn tickets()(
        client in names(),
        enctype in proptest::sample::select(ENCTYPES),
        session in proptest::sample::select(ENCTYPES),
        seeds in any::<(u64, u64)>(),
        flags in any::<u32>(),
        kvno in proptest::sample::select(&[None, Some(2), Some(0x102)][..]),
        (started, lasts) in (0_i64..100_000, 0_i64..100_000),
        start_time in any::<bool>(),
        addresses in vec((0..30_i32, vec(any::<u8>(), 0..17)), 0..3),
    ) -> TicketMaker {
        TicketMaker {
            client,
            kvno,
            session_key: key(session, seeds.0),
            flags: TicketFlags(flags & !(TicketFlags::INVALID | TicketFlags::ANONYMOUS).0),
            auth_time: NOW - started,
            start_time: start_time.then_some(NOW - started / 2),
            end_time: NOW + 1 + lasts,
            addresses: addresses.into_iter().map(|(kind, bytes)| (AddressType(kind), bytes)).collect(),
            seed: seeds.1,
            ..TicketMaker::new(CLIENT, SERVICE, service_key(enctype))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_kdc_issued(
        ticket in tickets(),
        flags in any::<u32>(),
        offered in vec(proptest::sample::select(ENCTYPES), 0..4),
        sent in proptest::option::of(vec(any::<u8>(), 0..80)),
        own in proptest::option::of(vec(any::<u8>(), 0..80)),
        same in any::<bool>(),
        drift in -300_i64..=300,
        message in vec(any::<u8>(), 0..200),
    ) {
        let own = if same { sent.clone() } else { own };
        let flags = ContextFlags::from_bits(flags);
        let mut initiator = Initiator::new(held(&ticket)).flags(flags).offer_enctypes(&offered).allow_weak_enctypes();
        if let Some(bindings) = &sent {
            initiator = initiator.channel_bindings(&ChannelBindings::new(bindings));
        }
        let any_of: Vec<_> = own.iter().map(|bindings| ChannelBindings::new(bindings)).collect();
        let acceptable = AcceptableBindings { policy: BindingPolicy::VerifyIfPresent, any_of: &any_of };
        let config = config(ticket.service_key.enctype()).allow(Allow::WEAK_ENCTYPES);
        let acceptor = acceptor(config.channel_bindings(BindingCheck::new(&acceptable).unwrap()));

        let mut pair = Pair::default();
        pair.initiator_clock.advance(drift);
        let expired = now_plus(drift).seconds() >= ticket.end_time;
        let run = pair.run(initiator, acceptor);
        if expired {
            prop_assert_eq!(gss_core::Diagnose::code(&run.initiator_error()), "ticket_expired");
            return Ok(());
        }
        if sent.is_some() && own.is_some() && sent != own {
            prop_assert_eq!(gss_core::Diagnose::code(&run.acceptor_error()), "bindings_mismatch");
            return Ok(());
        }
        let (mut client, mut server) = run.established();
        let outcome = match (&sent, &own) {
            (_, None) => BindingOutcome::NotChecked,
            (None, Some(_)) => BindingOutcome::Absent,
            (Some(_), Some(_)) => BindingOutcome::Bound,
        };
        prop_assert_eq!(server.facts().binding, outcome);
        let granted = server.facts().flags.without(ContextFlags::CHANNEL_BOUND);
        prop_assert_eq!(granted, client.facts().flags);
        prop_assert_eq!(server.parties().client(), &ticket.client);
        prop_assert_eq!(server.parties().service(), &principal(SERVICE));
        prop_assert_eq!(server.parties().ticket_flags(), ticket.flags);
        prop_assert_eq!(server.parties().times().end.seconds(), ticket.end_time);
        prop_assert_eq!(client.secret_session_key(), server.secret_session_key());

        let mut token = Vec::new();
        let rng = pair.env(Role::Initiator).rng;
        client.sealer().wrap(Protection::Confidentiality, &message, &mut token, rng).unwrap();
        let opened = server.opener().unwrap(&mut token).unwrap();
        prop_assert_eq!((&*opened.message, opened.sequence), (&message[..], SequenceStatus::Ok));
        let mut mic = Vec::new();
        server.sealer().get_mic(&message, &mut mic).unwrap();
        prop_assert_eq!(client.opener().verify_mic(&message, &mic), Ok(SequenceStatus::Ok));
    }

    #[test]
    fn any_bytes_are_no_token(mut bytes in vec(any::<u8>(), 0..300), framed in any::<bool>()) {
        if framed {
            bytes = crate::forge::framed([1, 0], &bytes);
        }
        prop_assert!(crate::world::accept(&config(AES256), &bytes).is_err());
        let (asked, _) = crate::world::waiting(initiator(AES256), now_plus(0));
        prop_assert!(crate::world::step(asked, &bytes, now_plus(0)).0.is_err());
    }
}

/// The parts of a checksum of type 0x8003.
type Parts = ([u8; 16], u32, Option<Vec<u8>>, Vec<(u32, Vec<u8>)>);

fn checksums() -> impl Strategy<Value = Parts> {
    let extensions = vec((0_u32..40, vec(any::<u8>(), 0..20)), 0..=MAX_EXTENSIONS);
    (any::<[u8; 16]>(), any::<u32>(), proptest::option::of(vec(any::<u8>(), 0..100)), extensions)
}

fn encode(
    bindings: [u8; 16],
    flags: ContextFlags,
    delegation: Option<&[u8]>,
    extensions: &[(u32, Vec<u8>)],
) -> Vec<u8> {
    let mut bytes = GssChecksum::fixed_part(BindingDigest(bindings), flags).to_vec();
    if let Some(cred) = delegation {
        bytes.extend([1, 0]);
        bytes.extend(u16::try_from(cred.len()).unwrap().to_le_bytes());
        bytes.extend(cred);
    }
    for (kind, data) in extensions {
        bytes.extend(kind.to_be_bytes());
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checksums_come_back((bindings, flags, delegation, mut extensions) in checksums(), cut in any::<prop::sample::Index>()) {
        let flags = match delegation {
            Some(_) => ContextFlags::from_bits(flags) | ContextFlags::DELEGATION,
            None => ContextFlags::from_bits(flags) - ContextFlags::DELEGATION,
        };
        let bytes = encode(bindings, flags, delegation.as_deref(), &extensions);
        let mut kinds: Vec<_> = extensions.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        if kinds.windows(2).any(|pair| pair[0] == pair[1]) {
            let error = GssChecksum::parse(&bytes).unwrap_err();
            let duplicate = matches!(error, ChecksumError::DuplicateExtension { .. });
            prop_assert!(duplicate, "{}", error);
            extensions.sort();
            extensions.dedup_by_key(|(kind, _)| *kind);
        }
        let bytes = encode(bindings, flags, delegation.as_deref(), &extensions);
        let parsed = GssChecksum::parse(&bytes).unwrap();
        prop_assert_eq!((parsed.bindings, parsed.flags), (BindingDigest(bindings), flags));
        prop_assert_eq!(parsed.delegation, delegation.as_deref());
        for (kind, data) in &extensions {
            prop_assert_eq!(parsed.extension(*kind), Some(&data[..]));
        }
        prop_assert_eq!(parsed.extension(40), None);

        // Cut anywhere but between two extensions, it is refused.
        let len = cut.index(bytes.len());
        let fits = (0..=extensions.len())
            .any(|count| encode(bindings, flags, delegation.as_deref(), &extensions[..count]).len() == len);
        prop_assert_eq!(GssChecksum::parse(&bytes[..len]).is_ok(), fits, "cut to {}", len);
    }

    #[test]
    fn any_bytes_as_checksum(bytes in vec(any::<u8>(), 0..80)) {
        if let Ok(checksum) = GssChecksum::parse(&bytes) {
            prop_assert_eq!(&bytes[..4], &[16, 0, 0, 0]);
            prop_assert_eq!(checksum.delegation.is_some(), checksum.flags.contains(ContextFlags::DELEGATION));
        }
    }
}

#[test]
fn enctypes_of_ticket_session_and_context_are_independent() {
    for &ticket in ENCTYPES {
        for &session in ENCTYPES {
            let mut maker = TicketMaker::new(CLIENT, SERVICE, service_key(ticket));
            maker.session_key = key(session, 9);
            for offered in [None, Some(EncType::AES128_CTS_HMAC_SHA256_128)] {
                let initiator =
                    Initiator::new(held(&maker)).offer_enctypes(offered.as_slice()).allow_weak_enctypes();
                let acceptor = acceptor(config(ticket).allow(Allow::WEAK_ENCTYPES));
                let (client, server) = Pair::default().run(initiator, acceptor).established();
                assert_eq!(server.parties().ticket_enctype(), ticket);
                for enctype in [client.secret_message_key().enctype(), server.secret_message_key().enctype()]
                {
                    assert_eq!(enctype, offered.unwrap_or(session), "{ticket} {session}");
                }
            }
        }
    }
}
