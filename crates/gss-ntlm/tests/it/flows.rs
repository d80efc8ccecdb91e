//! What is supposed to work.

use crate::world::{NOW, bindings, client, config, established, logon, names, refused, run, target};
use gss_core::{
    BindingOutcome, BindingPolicy, ChannelBindings, ContextFlags, Diagnose, Env, Handshake, MessageError,
    Protection, SecurityContext, SequenceStatus, Step, Target, Timestamp, oid,
};
use gss_ntlm::users::{Account, Found, PassThrough, PassThroughError, Users};
use gss_ntlm::{Acceptor, AcceptorConfig, AcceptorError, Allow, Initiator, Logon, NtHash, SessionKey};
use test_support::TestRng;
use test_support::pair::{End, Pair};

const PROTECTED: ContextFlags = ContextFlags::INTEGRITY
    .with(ContextFlags::CONFIDENTIALITY)
    .with(ContextFlags::REPLAY)
    .with(ContextFlags::SEQUENCE);

#[test]
fn both_sides_agree() {
    let (mut ours, mut theirs) = established(client(), &config());
    assert_eq!(theirs.facts().peer.unwrap().to_string(), "EXAMPLE\\alice");
    assert_eq!(ours.facts().local.unwrap().to_string(), "EXAMPLE\\alice");
    assert!(ours.facts().peer.is_none(), "NTLM proves nothing about the server");
    assert_eq!(ours.facts().flags, PROTECTED);
    assert_eq!(theirs.facts().flags, PROTECTED);
    assert_eq!(ours.facts().mechanism, oid::NTLMSSP);
    assert_eq!(ours.secret_session_key(), theirs.secret_session_key());
    let accepted = theirs.parties();
    assert_eq!((accepted.user(), accepted.domain()), (Some("alice"), Some("EXAMPLE")));
    assert_eq!((accepted.workstation(), accepted.target()), ("DESK", Some("HTTP/server.example.com")));
    assert!(accepted.has_mic() && ours.needs_mech_list_mic() && theirs.needs_mech_list_mic());
    let mut rng = TestRng::insecure(7);
    for round in 0..3_u8 {
        let mut token = Vec::new();
        ours.sealer().wrap(Protection::Confidentiality, &[round; 100], &mut token, &mut rng).unwrap();
        assert_eq!(theirs.opener().unwrap(&mut token).unwrap().in_order().unwrap(), [round; 100]);
        let mut mic = Vec::new();
        theirs.sealer().get_mic(&[round; 10], &mut mic).unwrap();
        assert_eq!(ours.opener().verify_mic(&[round; 10], &mic), Ok(SequenceStatus::Ok));
    }
}

#[test]
fn flags_are_granted_as_asked() {
    let integrity = PROTECTED - ContextFlags::CONFIDENTIALITY;
    for (asked, granted) in [
        (ContextFlags::NONE, ContextFlags::NONE),
        (ContextFlags::MUTUAL, ContextFlags::NONE),
        (ContextFlags::INTEGRITY, integrity),
        (ContextFlags::REPLAY, integrity),
        (ContextFlags::CONFIDENTIALITY, PROTECTED),
        (ContextFlags::IDENTIFY, ContextFlags::IDENTIFY),
    ] {
        let (ours, theirs) = established(client().flags(asked), &config());
        assert_eq!((ours.facts().flags, theirs.facts().flags), (granted, granted), "{asked}");
    }
}

#[test]
fn without_flags_nothing_is_protected() {
    let (mut ours, _) = established(client().flags(ContextFlags::NONE), &config());
    let result = ours.sealer().get_mic(b"message", &mut Vec::new());
    assert_eq!(result, Err(MessageError::Unavailable));
    assert!(ours.secret_session_key().is_some());
}

#[test]
fn keys_of_56_bits_have_to_be_allowed_by_both() {
    let without_128 = |leg: test_support::pair::Leg<'_>| {
        // NegotiateFlags of NEGOTIATE: 128 is taken off.
        if leg.index == 0 {
            leg.token[15] &= !0x20;
        }
    };
    let allowing = config().allow(Allow::KEYS_OF_56_BITS);
    let refusing = config();
    for (client, config, code) in [
        (client().allow_56_bit_keys(), &refusing, "ntlm_short_keys"),
        (client(), &allowing, "ntlm_short_keys"),
        // Changed on the way: the MIC tells.
        (client().allow_56_bit_keys(), &allowing, "ntlm_bad_mic"),
    ] {
        let run = Pair::at(NOW).tampering(without_128).run(client, Acceptor::new(config));
        let End::Failed(error) = run.acceptor else { panic!("{run:?}") };
        assert_eq!(error.code(), code);
    }
}

#[test]
fn a_hash_is_as_good_as_a_password() {
    let hash = NtHash::of_password("correct horse");
    let logon = Logon::with_nt_hash("ALICE", "EXAMPLE", hash);
    let (_, theirs) = established(Initiator::new(logon), &config());
    assert_eq!(theirs.facts().peer.unwrap().to_string(), "EXAMPLE\\ALICE");
}

#[test]
fn a_client_without_domain_is_known_by_its_name() {
    for (user, domain) in [("alice", ""), ("alice@example", ""), ("bob", ""), ("bob", "WHEREVER")] {
        let password = if user == "bob" { "battery staple" } else { "correct horse" };
        let (_, theirs) =
            established(Initiator::new(Logon::with_password(user, domain, password)), &config());
        assert_eq!(theirs.parties().user(), Some(user));
    }
}

#[test]
fn unknown_user_and_wrong_password_are_the_same() {
    let wrong = Initiator::new(Logon::with_password("alice", "EXAMPLE", "wrong"));
    let unknown = Initiator::new(Logon::with_password("mallory", "EXAMPLE", "wrong"));
    let (wrong, unknown) = (refused(wrong, &config()), refused(unknown, &config()));
    assert_eq!((&wrong, &unknown), (&AcceptorError::LogonFailed, &AcceptorError::LogonFailed));
    assert_eq!(wrong.to_string(), unknown.to_string());
    // The hash that stands in for the missing one is no way in.
    let zeros = Initiator::new(Logon::with_nt_hash("mallory", "EXAMPLE", NtHash::from_bytes([0; 16])));
    assert_eq!(refused(zeros, &config()), AcceptorError::LogonFailed);
}

#[test]
fn bindings_under_three_policies() {
    use BindingPolicy::{Ignore, Require, VerifyIfPresent};
    let ours = ChannelBindings::new(b"tls-server-end-point:ours");
    let other = ChannelBindings::new(b"tls-server-end-point:other");
    for (policy, sent, expected) in [
        (Ignore, Some(other), Ok(BindingOutcome::NotChecked)),
        (VerifyIfPresent, Some(ours), Ok(BindingOutcome::Bound)),
        (VerifyIfPresent, Some(other), Err("bindings_mismatch")),
        (VerifyIfPresent, None, Ok(BindingOutcome::Absent)),
        (Require, Some(ours), Ok(BindingOutcome::Bound)),
        (Require, Some(other), Err("bindings_mismatch")),
        (Require, None, Err("bindings_missing")),
    ] {
        for per_connection in [false, true] {
            let check = bindings(policy, &[ours]);
            let mut config = config();
            if !per_connection {
                config = config.channel_bindings(check.clone());
            }
            let mut acceptor = Acceptor::new(&config);
            if per_connection {
                acceptor = acceptor.channel_bindings(check);
            }
            let client = match &sent {
                Some(bindings) => client().channel_bindings(bindings),
                None => client(),
            };
            let run = Pair::at(NOW).run(client, acceptor);
            let outcome = match &run.acceptor {
                End::Done(context) => Ok(context.facts().binding),
                End::Failed(error) => Err(error.code()),
                End::Waiting(_) => panic!("{run:?}"),
            };
            assert_eq!(outcome, expected, "{policy:?} {sent:?}");
            let End::Done(initiator) = &run.initiator else { panic!("{run:?}") };
            let bound = initiator.facts().flags.contains(ContextFlags::CHANNEL_BOUND);
            assert_eq!(bound, sent.is_some());
        }
    }
}

#[test]
fn target_names_under_three_policies() {
    use BindingPolicy::{Ignore, Require, VerifyIfPresent};
    let other = Target::new("cifs", "server.example.com").unwrap();
    let upper = Target::new("http", "SERVER.example.com").unwrap();
    let with = |target: Option<&Target<'_>>| {
        let logon = Logon::with_password("alice", "EXAMPLE", "correct horse");
        Initiator::new(match target {
            Some(target) => logon.target(target),
            None => logon,
        })
    };
    for (policy, sent, expected) in [
        (Ignore, Some(&other), Ok(())),
        (VerifyIfPresent, Some(&upper), Ok(())),
        (VerifyIfPresent, Some(&other), Err("ntlm_target_mismatch")),
        (VerifyIfPresent, None, Ok(())),
        (Require, Some(&upper), Ok(())),
        (Require, Some(&other), Err("ntlm_target_mismatch")),
        (Require, None, Err("ntlm_target_missing")),
    ] {
        let config = config().accept_target(&target()).target_policy(policy);
        let outcome = match run(with(sent), &config).acceptor {
            End::Done(_) => Ok(()),
            End::Failed(error) => Err(error.code()),
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome, expected, "{policy:?} {sent:?}");
    }
    let config = config().target_policy(Require);
    assert_eq!(refused(client(), &config), AcceptorError::TargetNotConfigured);
}

#[test]
fn a_target_that_nobody_vouches_for_does_not_count() {
    let other = Target::new("cifs", "other").unwrap();
    let logon = || Logon::with_password("alice", "EXAMPLE", "correct horse").target(&other);
    let verify = config().accept_target(&target());
    assert!(matches!(refused(Initiator::new(logon()), &verify), AcceptorError::TargetMismatch { .. }));
    let (_, theirs) = established(Initiator::new(logon()).untrusted_target(), &verify);
    assert_eq!(theirs.parties().target(), None);
    let require = config().accept_target(&target()).target_policy(BindingPolicy::Require);
    let error = refused(Initiator::new(logon()).untrusted_target(), &require);
    assert_eq!(error, AcceptorError::TargetMissing);
}

#[test]
fn anonymous_has_to_be_allowed_and_gets_nothing() {
    let anonymous = || Initiator::new(Logon::anonymous().workstation("DESK")).flags(ContextFlags::NONE);
    assert_eq!(refused(anonymous(), &config()), AcceptorError::Anonymous);
    let (mut ours, theirs) = established(anonymous(), &config().allow(Allow::ANONYMOUS));
    assert!(theirs.facts().peer.is_none() && theirs.parties().is_anonymous());
    assert_eq!(theirs.facts().flags, ContextFlags::ANONYMOUS);
    assert_eq!(ours.facts().flags, ContextFlags::ANONYMOUS);
    assert_eq!((ours.secret_session_key(), theirs.secret_session_key()), (None, None));
    assert_eq!(ours.sealer().get_mic(b"message", &mut Vec::new()), Err(MessageError::Unavailable));
}

#[test]
fn challenges_expire() {
    for (later, accepted) in [(120, true), (121, false), (-1, false)] {
        let config = config();
        let mut rng = TestRng::insecure(1);
        let (mut negotiate, mut challenge, mut authenticate) = (Vec::new(), Vec::new(), Vec::new());
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let Step::Continue(ours) = client().step(&mut [], &mut negotiate, &mut env).unwrap() else {
            panic!()
        };
        let acceptor = Acceptor::new(&config);
        let Step::Continue(acceptor) = acceptor.step(&mut negotiate, &mut challenge, &mut env).unwrap()
        else {
            panic!()
        };
        let _ = ours.step(&mut challenge, &mut authenticate, &mut env).unwrap();
        env.now = Timestamp::from_seconds(NOW + later);
        let result = acceptor.step(&mut authenticate, &mut Vec::new(), &mut env);
        match result {
            Ok(_) => assert!(accepted, "{later}"),
            Err(error) => {
                assert_eq!(error, AcceptorError::ChallengeExpired { age: later, limit: 120 });
                assert!(!accepted);
            }
        }
    }
}

#[test]
fn clients_with_another_time_are_refused_on_demand() {
    // Our client takes the time from the challenge, so that its own clock does not matter.
    let mut pair = Pair::at(NOW);
    pair.initiator_clock.advance(1000);
    let config = config().max_time_difference(60);
    let run = pair.run(client(), Acceptor::new(&config));
    assert!(matches!(run.acceptor, End::Done(_)), "{run:?}");
}

#[test]
fn datagrams_do_without_a_first_message() {
    let config = config().datagram();
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let (mut challenge, mut authenticate) = (Vec::new(), Vec::new());
    let mut nothing = Vec::new();
    let Step::Continue(ours) = client().datagram().step(&mut [], &mut nothing, &mut env).unwrap() else {
        panic!()
    };
    assert!(nothing.is_empty());
    let Step::Continue(acceptor) = Acceptor::new(&config).step(&mut [], &mut challenge, &mut env).unwrap()
    else {
        panic!()
    };
    let Step::Done(mut ours) = ours.step(&mut challenge, &mut authenticate, &mut env).unwrap() else {
        panic!()
    };
    let Step::Done(mut theirs) = acceptor.step(&mut authenticate, &mut Vec::new(), &mut env).unwrap() else {
        panic!()
    };
    let mut tokens = [Vec::new(), Vec::new(), Vec::new()];
    for token in &mut tokens {
        ours.sealer()
            .wrap(Protection::Confidentiality, b"datagram", token, &mut TestRng::insecure(3))
            .unwrap();
    }
    let statuses =
        [2, 0, 0].map(|index: usize| theirs.opener().unwrap(&mut tokens[index].clone()).unwrap().sequence);
    assert_eq!(statuses, [SequenceStatus::Gap, SequenceStatus::Unsequenced, SequenceStatus::Duplicate]);
}

#[test]
fn datagram_and_connection_do_not_mix() {
    let datagram = config().datagram();
    assert!(matches!(refused(client(), &datagram), AcceptorError::NegotiateInDatagram { .. }));
    let mut challenge = Vec::new();
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let _ = Acceptor::new(&datagram).step(&mut [], &mut challenge, &mut env).unwrap();
    let Step::Continue(ours) = client().step(&mut [], &mut Vec::new(), &mut env).unwrap() else { panic!() };
    let error = ours.step(&mut challenge, &mut Vec::new(), &mut env).unwrap_err();
    assert_eq!(error.code(), "ntlm_transport");
}

#[test]
fn a_challenge_can_be_answered_in_another_life() {
    let config = config();
    let run = run(client(), &config);
    let [negotiate, challenge, authenticate] = [0, 1, 2].map(|index: usize| run.tokens[index].1.clone());
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW + 1_000_000), &mut rng);
    let resumed = Acceptor::resumed(&config, &negotiate, &challenge).unwrap();
    assert!(resumed.step(&mut authenticate.clone(), &mut Vec::new(), &mut env).is_ok());
    assert_eq!(
        Acceptor::resumed(&config, &challenge, &challenge).unwrap_err().code(),
        Acceptor::resumed(&config, &negotiate, &negotiate).unwrap_err().code()
    );
}

/// Knows alice by asking somebody else, who knows her as well.
struct Elsewhere {
    available: bool,
}

impl Users for Elsewhere {
    fn find(&self, _account: &Account<'_>) -> Found {
        Found::Elsewhere
    }

    fn pass_through(&self, logon: &PassThrough<'_>) -> Result<SessionKey, PassThroughError> {
        if !self.available {
            return Err(PassThroughError::Unavailable("no domain controller".into()));
        }
        let hash =
            NtHash::of_password("correct horse").v2(logon.account.user.chars(), logon.account.domain.chars());
        let (proof, blob) = logon.nt_response.split_first_chunk::<16>().unwrap();
        if bool::from(hash.verify_proof(logon.server_challenge, blob, proof)) {
            Ok(hash.session_base_key(proof))
        } else {
            Err(PassThroughError::Denied)
        }
    }
}

#[test]
fn somebody_else_may_know_the_user() {
    let config = |available| AcceptorConfig::new(names(), Elsewhere { available });
    let (ours, theirs) = established(client(), &config(true));
    assert_eq!(ours.secret_session_key(), theirs.secret_session_key());
    let wrong = Initiator::new(Logon::with_password("alice", "EXAMPLE", "wrong"));
    assert_eq!(refused(wrong, &config(true)), AcceptorError::LogonFailed);
    let error = refused(Initiator::new(logon()), &config(false));
    assert_eq!(error, AcceptorError::PassThrough { reason: "no domain controller".into() });
}
