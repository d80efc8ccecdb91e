//! Each authenticator is accepted once, whatever is changed around it.

use crate::forge::{Forge, framed, framed_for, rewrite};
use crate::world::{AES256, ENCTYPES, accept, config, config_with, now_plus, principal, step};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use gss_core::{Diagnose, MajorStatus, Timestamp, oid};
use gss_krb5::replay::{MemoryReplayCache, ReplayError};
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Allow};
use krb5_asn1::{ApOptions, ErrorCode, KerberosString, NameType, PrincipalName, UInt32};
use std::sync::Barrier;
use test_support::ticket::NOW;

const REPLAYED: AcceptorError = AcceptorError::Replay(ReplayError::Replayed);

/// What an acceptor says at this time.
fn verdict_at(config: &AcceptorConfig, token: &[u8], now: Timestamp) -> Result<(), AcceptorError> {
    step(Acceptor::new(config), token, now).0.map(|_| ())
}

#[test]
fn the_same_request_twice() {
    for &enctype in ENCTYPES {
        let config = config(enctype).allow(Allow::WEAK_ENCTYPES);
        let token = Forge::new(enctype).token();
        accept(&config, &token).unwrap();
        for _ in 0..3 {
            let error = accept(&config, &token).unwrap_err();
            assert_eq!(error, REPLAYED, "{enctype}");
            assert_eq!((error.code(), error.major()), ("replayed", MajorStatus::DUPLICATE_TOKEN));
            assert_eq!(error.krb_error(), Some(ErrorCode::KRB_AP_ERR_REPEAT));
        }
    }
}

#[test]
fn a_token_of_our_own_transcript_is_repeated_only_while_that_is_said() {
    let config = config(AES256);
    let token = Forge::new(AES256).token();
    let verdict = |repeating: &Arc<AtomicBool>| {
        let acceptor = Acceptor::new(&config).repeating_accepted_tokens(Arc::clone(repeating));
        step(acceptor, &token, now_plus(0)).0.map(|_| ())
    };
    let repeating = Arc::new(AtomicBool::new(true));
    // A repetition does not count as the first time.
    assert_eq!((verdict(&repeating), verdict(&repeating)), (Ok(()), Ok(())));
    repeating.store(false, Ordering::Release);
    assert_eq!((verdict(&repeating), verdict(&repeating)), (Ok(()), Err(REPLAYED)));
    repeating.store(true, Ordering::Release);
    assert_eq!(verdict(&repeating), Ok(()));
    // All else is checked still.
    let mut changed = token.clone();
    *changed.last_mut().unwrap() ^= 1;
    let acceptor = Acceptor::new(&config).repeating_accepted_tokens(repeating);
    let error = step(acceptor, &changed, now_plus(0)).0.unwrap_err();
    assert_eq!(error, AcceptorError::AuthenticatorIntegrity);
}

#[test]
fn what_nothing_authenticates_makes_no_new_request() {
    for &enctype in ENCTYPES {
        let config = config(enctype).allow(Allow::WEAK_ENCTYPES).allow(Allow::BARE_AP_REQ);
        let message = Forge::new(enctype).message();
        accept(&config, &framed([1, 0], &message)).unwrap();
        let alias = [KerberosString::new(b"HTTP"), KerberosString::new(b"alias")];
        let rewritten = [
            rewrite(&message, |_, ticket| ticket.sname = PrincipalName::new(NameType::SRV_INST, &alias)),
            rewrite(&message, |_, ticket| ticket.sname = PrincipalName::new(NameType::UNKNOWN, &alias[..1])),
            rewrite(&message, |_, ticket| ticket.sname.name_type = NameType::ENTERPRISE),
            rewrite(&message, |_, ticket| ticket.realm = KerberosString::new(b"ELSEWHERE.ORG")),
            rewrite(&message, |_, ticket| ticket.enc_part.kvno = None),
            // The version of the key is 2, and keytabs keep eight bits of it.
            rewrite(&message, |_, ticket| ticket.enc_part.kvno = Some(UInt32(0x102))),
            rewrite(&message, |options, _| *options = ApOptions::MUTUAL_REQUIRED),
            rewrite(&message, |options, _| *options = ApOptions(1)),
        ];
        for (index, message) in rewritten.iter().enumerate() {
            let error = accept(&config, &framed([1, 0], message)).unwrap_err();
            assert_eq!(error, REPLAYED, "{enctype} {index}");
        }
        let other_name = framed_for(&oid::KRB5_MICROSOFT, [1, 0], &message);
        for token in [&other_name, &message] {
            assert_eq!(accept(&config, token).unwrap_err(), REPLAYED, "other framing");
        }
        // The rewriting itself is harmless: a new acceptor takes each of them.
        for message in &rewritten {
            let config = crate::world::config(enctype).allow(Allow::WEAK_ENCTYPES);
            accept(&config, &framed([1, 0], message)).unwrap();
        }
    }
}

#[test]
fn other_requests_with_the_same_numbers_are_new() {
    let config = config(AES256);
    for seed in 0..5 {
        // Same ticket, time, sequence number; only the confounder differs.
        let forge = Forge { seed, ..Forge::new(AES256) };
        accept(&config, &forge.token()).unwrap();
    }
    for sequence in [Some(2), Some(3), None] {
        // The same confounder, as bad randomness would give, and so the same first block.
        let forge = Forge { sequence, ..Forge::new(AES256) };
        accept(&config, &forge.token()).unwrap();
    }
    let mut bob = Forge::new(AES256);
    (bob.client, bob.maker.client) = (principal("bob@EXAMPLE.COM"), principal("bob@EXAMPLE.COM"));
    bob.maker.session_key = test_support::ticket::key(AES256, 444);
    bob.authenticator_key = bob.maker.session_key.duplicate();
    assert_eq!(accept(&config, &bob.token()).unwrap().parties().client(), &bob.client);
}

#[test]
fn of_many_threads_one_is_let_in() {
    const THREADS: usize = 64;
    let config = config(AES256);
    for seed in 0..4 {
        let token = Forge { seed, ..Forge::new(AES256) }.token();
        let barrier = Barrier::new(THREADS);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        accept(&config, &token).map(|_| ())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let replayed = outcomes.iter().filter(|outcome| **outcome == Err(REPLAYED)).count();
        assert_eq!((accepted, replayed), (1, THREADS - 1));
    }
}

#[test]
fn a_clock_ahead_by_the_whole_skew_is_remembered_for_twice_the_skew() {
    let config = config(AES256);
    let ahead = Forge { time: now_plus(300), ..Forge::new(AES256) }.token();
    verdict_at(&config, &ahead, now_plus(0)).unwrap();
    for seconds in [1, 299, 300, 301, 599, 600] {
        // Other requests in between make the cache forget what it may.
        let other = Forge { time: now_plus(seconds), seed: 100 + seconds as u64, ..Forge::new(AES256) };
        verdict_at(&config, &other.token(), now_plus(seconds)).unwrap();
        assert_eq!(verdict_at(&config, &ahead, now_plus(seconds)), Err(REPLAYED), "{seconds} s later");
    }
    for now in [Timestamp::new(NOW + 600, 1).unwrap(), now_plus(601), now_plus(3000)] {
        let error = verdict_at(&config, &ahead, now).unwrap_err();
        assert_eq!(error, AcceptorError::Skew { client: now_plus(300), now, allowed: 300 });
    }
}

#[test]
fn a_clock_that_is_set_back_lets_nothing_in_again() {
    let config = config(AES256);
    let token = Forge::new(AES256).token();
    verdict_at(&config, &token, now_plus(0)).unwrap();
    let later = Forge { time: now_plus(2000), seed: 9, ..Forge::new(AES256) }.token();
    verdict_at(&config, &later, now_plus(2000)).unwrap();
    match verdict_at(&config, &token, now_plus(0)) {
        Err(AcceptorError::Replay(ReplayError::Forgotten | ReplayError::Replayed)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn acceptors_that_share_a_cache_share_what_it_saw() {
    let cache = Arc::new(MemoryReplayCache::with_capacity(9));
    let configs = [config_with(AES256, Arc::clone(&cache)), config_with(AES256, Arc::clone(&cache))];
    let tokens = [Forge::new(AES256).token(), Forge { seed: 6, ..Forge::new(AES256) }.token()];
    accept(&configs[0], &tokens[0]).unwrap();
    accept(&configs[1], &tokens[1]).unwrap();
    for config in &configs {
        for token in &tokens {
            assert_eq!(accept(config, token).unwrap_err(), REPLAYED);
        }
    }
    assert_eq!(cache.statistics().replayed, 4);
    // A cache of its own knows nothing: that is why one is shared.
    accept(&config(AES256), &tokens[0]).unwrap();
}

#[test]
fn a_failed_output_does_not_open_the_door_again() {
    use gss_core::{Env, Handshake, SliceSink};
    let config = config(AES256);
    let token = Forge::new(AES256).asking(gss_core::ContextFlags::MUTUAL, b"").token();
    let mut rng = test_support::TestRng::insecure(1);
    let result = Acceptor::new(&config).step(
        &mut token.clone(),
        &mut SliceSink::new(&mut [0; 10]),
        &mut Env::new(now_plus(0), &mut rng),
    );
    assert!(matches!(result, Err(AcceptorError::Output(_))));
    assert_eq!(accept(&config, &token).unwrap_err(), REPLAYED);
}
