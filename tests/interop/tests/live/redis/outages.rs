//! Redis is killed, halted and emptied. Nothing that was accepted is accepted again.

use super::{NOW, after, cache, connect, entry, first_cache, millis};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use gss_krb5::replay::{ReplayCache, ReplayError};
use gss_redis::{Error, Redis, RedisReplayCache, Refusal, WhenAway};
use interop::peer::PATIENCE;
use interop::redis::Server;
use interop::site::Site;

/// Asks until the connection stands again.
fn reconnect(redis: &Redis) -> Result<()> {
    let begun = Instant::now();
    while let Err(error) = redis.server() {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{error}");
    }
    Ok(())
}

#[test]
fn after_a_kill_and_an_empty_start_nothing_old_is_accepted() -> Result<()> {
    let site = Site::new()?;
    let mut redis = Server::start(&site, &[])?;
    let cache = first_cache(&redis)?;
    assert!(cache.check(&entry(1, NOW), NOW).is_ok());
    redis.restart()?;
    reconnect(&connect(&redis)?)?;
    // The connection of the cache finds out by itself.
    let begun = Instant::now();
    let refusal = loop {
        match cache.check(&entry(1, NOW), after(1)).unwrap_err() {
            Refusal::Away(_) if begun.elapsed() < PATIENCE => {}
            refusal => break refusal,
        }
    };
    assert!(matches!(refusal, Refusal::Lost { .. }), "{refusal:?}");
    assert_eq!(cache.check_and_insert(&entry(2, after(1)), after(1)).unwrap_err(), ReplayError::Forgotten);
    // Nor is what was made by a clock that is ahead by all that is allowed.
    assert!(matches!(cache.check(&entry(3, after(301)), after(1)), Err(Refusal::Lost { .. })));
    // The window passes.
    assert!(cache.check(&entry(4, after(362)), after(362)).is_ok());
    assert!(matches!(cache.check(&entry(4, after(362)), after(362)), Err(Refusal::Replayed)));
    Ok(())
}

#[test]
fn a_server_that_was_emptied_or_lost_its_own_key_is_noticed() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let cache = first_cache(&redis)?;
    for (command, number) in [(&["FLUSHALL"][..], 1), (&["DEL", "gss:replay"][..], 2)] {
        let now = after(1000 * number);
        assert!(cache.check(&entry(number as u64, now), now).is_ok());
        redis.ask(command)?;
        let refusal = cache.check(&entry(100 + number as u64, now), now).unwrap_err();
        assert!(matches!(refusal, Refusal::Lost { .. }), "{command:?} {refusal:?}");
        let refusal = cache.check(&entry(number as u64, now), now).unwrap_err();
        assert!(matches!(refusal, Refusal::Lost { .. } | Refusal::Replayed), "{command:?} {refusal:?}");
    }
    Ok(())
}

#[test]
fn a_restart_that_keeps_everything_is_trusted_only_where_that_is_said() -> Result<()> {
    let site = Site::new()?;
    let mut redis = Server::start(&site, &["--appendonly", "yes", "--appendfsync", "always"])?;
    let plain = RedisReplayCache::new(Redis::builder(&redis.url()).key_prefix("plain:").build()?);
    gss_redis::danger::declare_first_use(&plain, NOW)?;
    let trusting = Redis::builder(&redis.url()).danger_trust_server().build()?;
    let trusting = RedisReplayCache::new(trusting);
    gss_redis::danger::declare_first_use(&trusting, NOW)?;
    for cache in [&plain, &trusting] {
        assert!(cache.check(&entry(1, NOW), NOW).is_ok());
    }
    redis.restart()?;
    let first_answer = |cache: &RedisReplayCache, number| {
        let begun = Instant::now();
        loop {
            match cache.check(&entry(number, NOW), after(1)) {
                Err(Refusal::Away(_)) if begun.elapsed() < PATIENCE => {}
                outcome => break outcome,
            }
        }
    };
    assert!(matches!(first_answer(&plain, 2), Err(Refusal::Lost { .. })));
    assert!(matches!(first_answer(&plain, 1), Err(Refusal::Replayed)));
    assert!(first_answer(&trusting, 2).is_ok());
    assert!(matches!(first_answer(&trusting, 1), Err(Refusal::Replayed)));
    Ok(())
}

#[test]
fn while_it_is_gone_every_call_is_refused_and_none_gets_lost() -> Result<()> {
    const THREADS: u64 = 8;
    let site = Site::new()?;
    let mut redis = Server::start(&site, &[])?;
    first_cache(&redis)?;
    let caches = [cache(&redis)?, cache(&redis)?];
    let (done, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let (killed, began_again) = (AtomicBool::new(false), AtomicBool::new(false));
    let counts = thread::scope(|scope| -> Result<Vec<_>> {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (cache, done, ended) = (&caches[(thread % 2) as usize], &done, &ended);
                let (killed, began_again) = (&killed, &began_again);
                scope.spawn(move || {
                    let (mut accepted, mut away, mut lost) = (Vec::new(), 0_u64, 0_u64);
                    for number in 0.. {
                        if ended.load(Ordering::Acquire) {
                            break;
                        }
                        let number = number * THREADS + thread;
                        let (was_killed, begun) = (killed.load(Ordering::Acquire), Instant::now());
                        let outcome = cache.check(&entry(number, NOW), NOW);
                        assert!(begun.elapsed() < millis(2_500), "{:?}", begun.elapsed());
                        match outcome {
                            Ok(_) => {
                                assert!(!was_killed, "accepted without Redis, or by one that forgot");
                                accepted.push(number);
                            }
                            Err(Refusal::Away(_)) => away += 1,
                            Err(Refusal::Lost { .. }) => {
                                assert!(began_again.load(Ordering::Acquire));
                                lost += 1;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                        done.fetch_add(1, Ordering::AcqRel);
                    }
                    (accepted, away, lost)
                })
            })
            .collect();
        let wait_for = |more: u64| -> Result<()> {
            let (from, begun) = (done.load(Ordering::Acquire), Instant::now());
            while done.load(Ordering::Acquire) < from + more {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "calls do not return");
                thread::yield_now();
            }
            Ok(())
        };
        let played = (|| {
            wait_for(500)?;
            redis.kill();
            killed.store(true, Ordering::Release);
            wait_for(500)?;
            began_again.store(true, Ordering::Release);
            redis.restart()?;
            wait_for(20_000)
        })();
        ended.store(true, Ordering::Release);
        let counts = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        played.map(|()| counts)
    })?;
    for (accepted, away, lost) in counts {
        assert!(!accepted.is_empty() && away > 0 && lost > 0, "{} {away} {lost}", accepted.len());
        // Nothing that was accepted before is accepted after.
        for number in accepted {
            let refusal = caches[0].check(&entry(number, NOW), NOW).unwrap_err();
            assert!(matches!(refusal, Refusal::Lost { .. } | Refusal::Replayed), "{refusal:?}");
        }
    }
    Ok(())
}

#[test]
fn a_server_that_hangs_is_waited_for_no_longer_than_said() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    first_cache(&redis)?;
    let (connecting, answering) = (millis(200), millis(100));
    let handle =
        Redis::builder(&redis.url()).connect_timeout(connecting).response_timeout(answering).build()?;
    let cache = RedisReplayCache::new(handle.clone());
    assert!(cache.check(&entry(1, NOW), NOW).is_ok());
    redis.halt()?;
    let timed = |number| {
        let begun = Instant::now();
        let refusal = cache.check(&entry(number, NOW), NOW).unwrap_err();
        assert!(begun.elapsed() < millis(1_000), "{:?}", begun.elapsed());
        refusal
    };
    let first = timed(2);
    assert!(matches!(first, Refusal::Away(Error::TimedOut { after }) if after == answering), "{first:?}");
    // The connection was given up, and the server takes no other one.
    let next = timed(3);
    assert!(
        matches!(next, Refusal::Away(Error::ConnectTimedOut { after, .. }) if after == connecting),
        "{next:?}"
    );
    for number in 4..8 {
        assert!(matches!(timed(number), Refusal::Away(_)));
    }
    redis.go_on()?;
    reconnect(&handle)?;
    // It was never restarted, and has lost nothing.
    assert!(cache.check(&entry(100, NOW), NOW).is_ok());
    assert!(matches!(cache.check(&entry(1, NOW), NOW), Err(Refusal::Replayed)));
    Ok(())
}

#[test]
fn with_a_cache_of_its_own_a_process_goes_on_and_remembers() -> Result<()> {
    let site = Site::new()?;
    let mut redis = Server::start(&site, &[])?;
    first_cache(&redis)?;
    let dangerous =
        || -> Result<_> { Ok(cache(&redis)?.when_away(WhenAway::DangerLocalCache { capacity: 1024 })) };
    let (one, other) = (dangerous()?, dangerous()?);
    assert!(one.check(&entry(1, NOW), NOW).is_ok());
    assert!(matches!(other.check(&entry(1, NOW), NOW), Err(Refusal::Replayed)));
    redis.kill();
    assert!(one.check(&entry(2, NOW), NOW).is_ok());
    let refused = |number| one.check(&entry(number, NOW), NOW).unwrap_err();
    for number in [1, 2] {
        assert!(matches!(refused(number), Refusal::Local(ReplayError::Replayed)));
    }
    // What is lost: the other process does not know.
    assert!(other.check(&entry(2, NOW), NOW).is_ok());
    redis.restart()?;
    for number in [1, 2] {
        assert!(matches!(refused(number), Refusal::Local(ReplayError::Replayed)));
    }
    assert!(one.check(&entry(3, NOW), NOW).is_ok());
    Ok(())
}
