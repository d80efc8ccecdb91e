//! Contexts that several servers share.

use super::{NOW, after, connect};
use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};
use gss_core::Timestamp;
use gss_http::gss::{ContextId, ContextStore, MemoryContextStore, NONCE_WINDOW, Nonce, NonceError};
use gss_redis::{ContextLimits, Redis, RedisContextStore, SealingKey};
use interop::peer::PATIENCE;
use interop::redis::Server;
use interop::site::Site;
use test_support::TestRng;

fn key(byte: u8) -> SealingKey {
    SealingKey::new(&[byte; SealingKey::LEN]).unwrap()
}

fn store(server: &Server<'_>) -> Result<RedisContextStore> {
    Ok(RedisContextStore::new(connect(server)?, &key(1)))
}

fn id(number: u64) -> ContextId {
    ContextId::random(&mut TestRng::insecure(number))
}

fn nonce(value: u64) -> Nonce {
    Nonce::new(value).unwrap()
}

/// Everything once, for a user with few rights.
pub(super) fn goes_through_all(redis: Redis) -> Result<()> {
    let store = RedisContextStore::new(redis, &key(1)).limits(ContextLimits {
        partial: 1,
        established: 1,
        ..ContextLimits::default()
    });
    for number in [1, 1, 2] {
        store.park(&id(number), b"half", after(60), NOW)?;
        store.establish(&id(number), b"whole", after(60), NOW)?;
    }
    assert!(store.load(&id(1), NOW)?.is_none());
    assert_eq!(store.resume(&id(2), NOW)?.context("parked")?.as_slice(), b"half");
    assert!(store.use_nonce(&id(2), nonce(1), NOW).is_ok());
    store.remove(&id(2))?;
    assert!(store.load(&id(2), NOW)?.is_none());
    Ok(())
}

#[test]
fn what_one_server_keeps_the_other_has() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let (one, other) = (store(&redis)?, store(&redis)?);
    one.park(&id(1), b"half", after(60), NOW)?;
    one.establish(&id(2), b"whole", after(600), NOW)?;
    assert_eq!(other.load(&id(2), NOW)?.context("established")?.as_slice(), b"whole");
    assert_eq!(one.load(&id(2), after(599))?.context("established")?.as_slice(), b"whole");
    // The two kinds are apart.
    assert!(other.load(&id(1), NOW)?.is_none() && other.resume(&id(2), NOW)?.is_none());
    assert_eq!(other.resume(&id(1), NOW)?.context("parked")?.as_slice(), b"half");
    assert!(one.resume(&id(1), NOW)?.is_none() && other.resume(&id(1), NOW)?.is_none());
    other.remove(&id(2))?;
    assert!(one.load(&id(2), NOW)?.is_none());
    one.remove(&id(2))?;
    assert_eq!(redis.ask(&["GET", "gss:established-bytes"])?, "0");
    assert_eq!(redis.ask(&["GET", "gss:partial-bytes"])?, "0");
    Ok(())
}

#[test]
fn of_many_at_the_same_time_one_goes_on() -> Result<()> {
    const THREADS: usize = 16;
    const TIMES: u64 = 60;
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let stores = (0..4).map(|_| store(&redis)).collect::<Result<Vec<_>>>()?;
    for number in 0..TIMES {
        stores[0].park(&id(number), b"half", after(60), NOW)?;
    }
    stores[0].establish(&id(1000), b"whole", after(60), NOW)?;
    let start = Barrier::new(THREADS);
    let (resumed, used) = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|index| {
                let (store, start) = (&stores[index % stores.len()], &start);
                scope.spawn(move || {
                    start.wait();
                    let resumed =
                        (0..TIMES).filter(|number| store.resume(&id(*number), NOW).unwrap().is_some());
                    let resumed = resumed.count();
                    let used =
                        (1..=TIMES).filter(|value| match store.use_nonce(&id(1000), nonce(*value), NOW) {
                            Ok(_) => true,
                            Err(NonceError::Replayed) => false,
                            Err(other) => panic!("{other}"),
                        });
                    (resumed, used.count())
                })
            })
            .collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |(resumed, used), (more, uses)| (resumed + more, used + uses))
    });
    assert_eq!((resumed, used), (TIMES as usize, TIMES as usize));
    Ok(())
}

#[test]
fn nonces_are_judged_as_in_memory() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let (shared, memory) = (store(&redis)?, MemoryContextStore::new());
    for (number, first) in
        [(1, 1), (2, 257), (3, 511), (4, 512), (5, 513), (6, 1 << 40), (7, (1 << 53) - 1500)]
    {
        let id = id(number);
        let both: [&dyn ContextStore; 2] = [&shared, &memory];
        for store in both {
            store.establish(&id, b"whole", after(60), NOW)?;
        }
        let same = |value| -> Result<bool> {
            let Some(nonce) = Nonce::new(value) else { return Ok(false) };
            let [shared, memory] = both.map(|store| match store.use_nonce(&id, nonce, NOW) {
                Ok(_) => true,
                Err(NonceError::Replayed) => false,
                Err(error) => panic!("{error}"),
            });
            anyhow::ensure!(shared == memory, "{value}: {shared} {memory}");
            Ok(shared)
        };
        // The edges.
        assert!(same(first)? && !same(first)?);
        if first > NONCE_WINDOW {
            assert!(same(first - NONCE_WINDOW)? && !same(first - NONCE_WINDOW)?);
            assert!(!same(first.saturating_sub(NONCE_WINDOW + 1))?);
        }
        // A nonce that stands where one of a round before stood.
        for value in [first, first + 511, first + 513, first + 512, first + 512] {
            same(value)?;
        }
        // Steps of all sizes around them.
        let (mut highest, mut seed) = (first + 513, number);
        let mut fresh = 0;
        for _ in 0..150 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (step, forward) = ((seed >> 33) % 300, seed >> 63 == 1);
            let value = if forward { highest + step / 30 } else { highest.saturating_sub(step) };
            fresh += usize::from(same(value)?);
            highest = highest.max(value);
        }
        assert!((10..150).contains(&fresh), "{fresh}");
        for far in [511, 512, 513, 0] {
            highest = (highest + far).min(Nonce::LAST.get());
            same(highest)?;
            for below in [1, 255, 256, 257] {
                same(highest - below.min(highest))?;
            }
        }
    }
    Ok(())
}

#[test]
fn contexts_end() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let store = store(&redis)?;
    let is_over = |now: Timestamp| -> Result<_> {
        let unknown = matches!(store.use_nonce(&id(1), nonce(1), now), Err(NonceError::UnknownContext));
        Ok((unknown, store.load(&id(1), now)?.is_none()))
    };
    assert_eq!(is_over(NOW)?, (true, true));
    // By the acceptor's clock.
    store.establish(&id(1), b"whole", after(60), NOW)?;
    assert_eq!(is_over(after(60))?, (true, true));
    store.park(&id(2), b"half", after(60), NOW)?;
    assert!(store.resume(&id(2), after(60))?.is_none());
    // What has ended is not kept at all.
    store.park(&id(3), b"half", NOW, NOW)?;
    assert!(store.resume(&id(3), after(-1))?.is_none());
    // By the server's, as all that it keeps of them.
    store.establish(&id(1), b"whole", after(1), NOW)?;
    store.park(&id(2), b"half", after(1), NOW)?;
    assert_ne!(redis.ask(&["DBSIZE"])?, "0");
    let begun = Instant::now();
    while redis.ask(&["DBSIZE"])? != "0" {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{}", redis.ask(&["KEYS", "*"])?);
    }
    Ok(())
}

#[test]
fn at_a_limit_those_that_end_first_make_room() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let limits =
        ContextLimits { partial: 3, partial_bytes: 10_000, established: 2, established_bytes: 2_000 };
    let store = store(&redis)?.limits(limits);
    for (number, end) in [(1, 50), (2, 20), (3, 40), (4, 10)] {
        store.park(&id(number), b"half", after(end), NOW)?;
    }
    // The second ended first; the fourth is the newest, and goes next.
    store.park(&id(5), b"half", after(30), NOW)?;
    let left = (1..=5).filter(|number| store.resume(&id(*number), NOW).unwrap().is_some());
    assert_eq!(left.collect::<Vec<_>>(), [1, 3, 5]);
    // By bytes: a large one takes the place of those before it.
    for (number, end, size) in [(1, 10, 500), (2, 20, 500), (3, 30, 500), (4, 40, 1_900)] {
        store.establish(&id(number), &vec![0; size], after(end), NOW)?;
    }
    let left = (1..=4).filter(|number| store.load(&id(*number), NOW).unwrap().is_some());
    assert_eq!(left.collect::<Vec<_>>(), [4]);
    let error = store.establish(&id(5), &[0; 2_000], after(50), NOW).unwrap_err();
    assert!(error.to_string().contains("2000 bytes"), "{error}");
    assert_eq!(redis.ask(&["GET", "gss:established-bytes"])?, (1_900 + 76).to_string());
    assert_eq!(redis.ask(&["ZCARD", "gss:established-ends"])?, "1");
    // The same id again counts once.
    for (number, size) in [(4, 200), (6, 300), (4, 100)] {
        store.establish(&id(number), &vec![0; size], after(60), NOW)?;
    }
    assert_eq!(redis.ask(&["GET", "gss:established-bytes"])?, (100 + 300 + 2 * 76).to_string());
    assert_eq!(redis.ask(&["ZCARD", "gss:established-ends"])?, "2");
    Ok(())
}

#[test]
fn redis_sees_no_transcript_and_cannot_exchange_them() -> Result<()> {
    const SECRET: &[u8] = b"random numbers that became keys";
    let site = Site::new()?;
    let redis = Server::start(&site, &["--appendonly", "yes", "--appendfsync", "always"])?;
    let store = store(&redis)?;
    store.establish(&id(1), SECRET, after(60), NOW)?;
    store.establish(&id(2), SECRET, after(60), NOW)?;
    store.park(&id(3), SECRET, after(60), NOW)?;
    let mut written = Vec::new();
    for file in fs::read_dir(redis.folder().join("appendonlydir"))? {
        written.extend(fs::read(file?.path())?);
    }
    let contains = |text: &[u8]| written.windows(text.len()).any(|window| window == text);
    assert!(contains(id(1).as_str().as_bytes()), "the test looks in the right place");
    assert!(!contains(SECRET) && !contains(b"random"));

    let record = |kind: &str, number| format!("gss:{kind}:{}", id(number).as_str());
    let copy = |from: &str, to: &str| redis.ask(&["COPY", from, to, "REPLACE"]);
    assert_eq!(copy(&record("established", 1), &record("established", 2))?, "1");
    assert!(store.load(&id(2), NOW)?.is_none());
    assert_eq!(copy(&record("established", 1), &record("partial", 1))?, "1");
    assert!(store.resume(&id(1), NOW)?.is_none());
    // A longer life is not to be had either.
    redis.ask(&["HSET", &record("established", 1), "e", "9000000000000"])?;
    assert!(store.load(&id(1), after(59))?.is_some() && store.load(&id(1), after(60))?.is_none());
    Ok(())
}

#[test]
fn the_key_is_changed_without_losing_contexts() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let by_old = store(&redis)?;
    let by_new = RedisContextStore::new(connect(&redis)?, &key(2));
    let by_both = RedisContextStore::new(connect(&redis)?, &key(2)).open_with(&key(1));
    by_old.establish(&id(1), b"old", after(60), NOW)?;
    by_both.establish(&id(2), b"new", after(60), NOW)?;
    assert!(by_both.load(&id(1), NOW)?.is_some() && by_new.load(&id(2), NOW)?.is_some());
    assert!(by_new.load(&id(1), NOW)?.is_none() && by_old.load(&id(2), NOW)?.is_none());
    Ok(())
}

/// What an old state of a server does not know of was used since.
#[test]
fn contexts_of_another_run_of_the_server_are_not_used() -> Result<()> {
    let site = Site::new()?;
    let mut redis = Server::start(&site, &["--appendonly", "yes", "--appendfsync", "always"])?;
    let plain = store(&redis)?;
    let trusting = Redis::builder(&redis.url()).danger_trust_server().key_prefix("trusting:").build()?;
    let trusting = RedisContextStore::new(trusting, &key(1));
    for store in [&plain, &trusting] {
        store.establish(&id(1), b"whole", after(60), NOW)?;
        store.park(&id(2), b"half", after(60), NOW)?;
        assert!(store.use_nonce(&id(1), nonce(1), NOW).is_ok());
    }
    redis.kill();
    for store in [&plain, &trusting] {
        assert!(store.load(&id(1), NOW).is_err() && store.park(&id(3), b"half", after(60), NOW).is_err());
        assert!(store.resume(&id(2), NOW).is_err() && store.remove(&id(1)).is_err());
        assert!(store.establish(&id(3), b"whole", after(60), NOW).is_err());
        let error = store.use_nonce(&id(1), nonce(2), NOW).unwrap_err();
        assert!(matches!(error, NonceError::Unavailable(_)), "{error}");
    }
    redis.restart()?;
    let use_nonce = |store: &RedisContextStore, value| {
        let begun = Instant::now();
        loop {
            match store.use_nonce(&id(1), nonce(value), NOW) {
                Err(NonceError::Unavailable(_)) if begun.elapsed() < PATIENCE => {}
                outcome => break outcome,
            }
        }
    };
    assert!(matches!(use_nonce(&plain, 2), Err(NonceError::UnknownContext)));
    assert!(plain.load(&id(1), NOW)?.is_none() && plain.resume(&id(2), NOW)?.is_none());
    assert!(matches!(use_nonce(&trusting, 1), Err(NonceError::Replayed)));
    assert!(use_nonce(&trusting, 2).is_ok());
    assert!(trusting.load(&id(1), NOW)?.is_some() && trusting.resume(&id(2), NOW)?.is_some());
    Ok(())
}
