//! Any names, any password, any byte changed on the way.

use crate::world::{NOW, client, config, names};
use gss_core::{ContextFlags, Protection, Role, SecurityContext, SequenceStatus};
use gss_ntlm::{Acceptor, AcceptorConfig, Allow, Initiator, Logon, MemoryUsers};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use test_support::pair::{End, Leg, Pair};

/// What a name may hold: everything but NUL and backslash, supplementary planes too.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[^\u{0}\\\\]{1,20}", "[\u{10000}-\u{10ffff}]{1,10}", "[a-zß-ÿα-ωа-я]{1,20}"]
}

/// How a byte is changed on the way.
#[derive(Clone, Copy, Debug)]
enum Change {
    Xor(u8),
    Remove,
    Insert(u8),
    Cut,
}

fn changes() -> impl Strategy<Value = Vec<(usize, Index, Change)>> {
    let change = prop_oneof![
        4 => (1..=255_u8).prop_map(Change::Xor),
        1 => Just(Change::Remove),
        1 => any::<u8>().prop_map(Change::Insert),
        1 => Just(Change::Cut),
    ];
    vec((0..3_usize, any::<Index>(), change), 1..4)
}

fn change(token: &mut Vec<u8>, place: Index, change: Change) {
    if token.is_empty() {
        return;
    }
    let place = place.index(token.len());
    match change {
        Change::Xor(mask) => token[place] ^= mask,
        Change::Remove => drop(token.remove(place)),
        Change::Insert(byte) => token.insert(place, byte),
        Change::Cut => token.truncate(place),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_knows_the_password_logs_on(
        user in name(),
        domain in prop_oneof![name(), Just(String::new())],
        workstation in prop_oneof![name(), Just(String::new())],
        password in ".{0,30}",
        flags in any::<u32>(),
        message in vec(any::<u8>(), 0..200),
    ) {
        let mut users = MemoryUsers::new();
        users.add(&user, &domain, &password);
        let config = AcceptorConfig::new(names(), users);
        let logon = Logon::with_password(&user, &domain, &password).workstation(&workstation);
        let mut pair = Pair::at(NOW);
        let run = pair.run(Initiator::new(logon).flags(ContextFlags::from_bits(flags)), Acceptor::new(&config));
        let (mut ours, mut theirs) = run.established();
        prop_assert_eq!(theirs.parties().user(), Some(&*user));
        prop_assert_eq!(theirs.parties().domain(), Some(&*domain));
        prop_assert_eq!(theirs.parties().workstation(), &*workstation);
        prop_assert_eq!(theirs.facts().flags, ours.facts().flags);
        prop_assert_eq!(theirs.secret_session_key(), ours.secret_session_key());
        prop_assert_eq!(theirs.facts().peer.unwrap().to_string(), ours.facts().local.unwrap().to_string());
        if ours.facts().flags.contains(ContextFlags::CONFIDENTIALITY) {
            let (mut token, mut mic) = (Vec::new(), Vec::new());
            let rng = pair.env(Role::Initiator).rng;
            ours.sealer().wrap(Protection::Confidentiality, &message, &mut token, rng).unwrap();
            prop_assert_eq!(theirs.opener().unwrap(&mut token).unwrap().in_order().unwrap(), &message[..]);
            theirs.sealer().get_mic(&message, &mut mic).unwrap();
            prop_assert_eq!(ours.opener().verify_mic(&message, &mic), Ok(SequenceStatus::Ok));
        }
    }

    #[test]
    fn another_password_does_not(user in name(), password in ".{0,30}", other in ".{0,30}") {
        prop_assume!(password != other);
        let mut users = MemoryUsers::new();
        users.add(&user, "EXAMPLE", &password);
        let config = AcceptorConfig::new(names(), users);
        let logon = Logon::with_password(&user, "EXAMPLE", &other);
        let error = Pair::at(NOW).run(Initiator::new(logon), Acceptor::new(&config)).acceptor_error();
        prop_assert_eq!(error, gss_ntlm::AcceptorError::LogonFailed);
    }

    /// Nothing changed on the way ends in a context, unless the changes took each other back.
    #[test]
    fn whatever_is_changed_on_the_way(changes in changes(), lenient in any::<bool>()) {
        let config = if lenient {
            config().allow(Allow::WITHOUT_MIC | Allow::KEYS_OF_56_BITS)
        } else {
            config()
        };
        let mut changed = false;
        let tamper = |leg: Leg<'_>| {
            let before = leg.token.clone();
            for &(_, place, how) in changes.iter().filter(|(index, ..)| *index == leg.index) {
                change(leg.token, place, how);
            }
            changed |= before != *leg.token;
        };
        let run = Pair::at(NOW).tampering(tamper).run(client(), Acceptor::new(&config));
        if let End::Done(context) = &run.acceptor {
            prop_assert!(!changed, "{:?}", run);
            prop_assert_eq!(context.facts().peer.unwrap().to_string(), "EXAMPLE\\alice");
        }
    }

    /// Any bytes behind the beginning of a message.
    #[test]
    fn any_bytes_are_no_logon(kind in 0..5_u8, rest in vec(any::<u8>(), 0..300)) {
        let message = [&b"NTLMSSP\0"[..], &[kind, 0, 0, 0], &rest].concat();
        let config = config().allow(Allow::WITHOUT_MIC);
        prop_assert!(crate::world::Scene::new(&config).verdict(&message).is_err());
    }
}
