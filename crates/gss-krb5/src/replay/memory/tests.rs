use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Barrier;

const SKEW: i64 = 300;
const NOW: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn digest(number: u64) -> [u8; 16] {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    digest
}

fn entry(number: u64, client_time: i64) -> ReplayEntry {
    ReplayEntry::new(digest(number), at(client_time), SKEW)
}

fn present(cache: &impl ReplayCache, entry: &ReplayEntry, now: i64) -> Result<(), ReplayError> {
    cache.check_and_insert(entry, at(now)).map(drop)
}

#[test]
fn of_64_threads_one_is_first() {
    let cache = MemoryReplayCache::new();
    for round in 0..20 {
        let barrier = Barrier::new(64);
        let accepted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        present(&cache, &entry(round, NOW), NOW).is_ok()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|accepted| *accepted).count()
        });
        assert_eq!(accepted, 1);
    }
    assert_eq!(cache.statistics().replayed, 20 * 63);
}

/// Whatever the hasher's keys are, which every cache draws anew.
#[test]
fn small_caches_hold_what_they_say() {
    for capacity in [1, 9, 100, 2047] {
        let cache = MemoryReplayCache::with_capacity(capacity);
        for number in 0..capacity as u64 {
            assert_eq!(present(&cache, &entry(number, NOW), NOW), Ok(()), "{number} of {capacity}");
        }
        let full = ReplayError::Full { capacity };
        assert_eq!(present(&cache, &entry(capacity as u64, NOW), NOW), Err(full));
    }
}

#[test]
fn different_authenticators_do_not_disturb_each_other() {
    let cache = MemoryReplayCache::with_capacity_and_shards(5000, 1);
    for number in 0..5000 {
        assert_eq!(present(&cache, &entry(number, NOW), NOW), Ok(()));
    }
    for number in 0..5000 {
        assert_eq!(present(&cache, &entry(number, NOW), NOW), Err(ReplayError::Replayed));
    }
}

#[test]
fn an_entry_is_kept_for_exactly_as_long_as_it_could_be_accepted() {
    let micros = |seconds, micros| Timestamp::new(seconds, micros).unwrap();
    let cache = MemoryReplayCache::new();
    let entry = ReplayEntry::new(digest(1), micros(NOW, 250_000), SKEW);
    assert_eq!(entry.keep_until(), micros(NOW + SKEW, 250_000));
    assert!(cache.check_and_insert(&entry, at(NOW - SKEW)).is_ok());
    for now in [micros(NOW, 0), micros(NOW + SKEW, 249_999), micros(NOW + SKEW, 250_000)] {
        assert_eq!(cache.check_and_insert(&entry, now).unwrap_err(), ReplayError::Replayed);
    }
    // Afterwards its room is free again, and it is not let in all the same.
    assert_eq!(cache.check_and_insert(&entry, at(NOW + SKEW + 2)).unwrap_err(), ReplayError::Forgotten);
    assert_eq!(cache.statistics().entries, 0);
}

/// A client's clock is ahead by all that is allowed: its authenticator is acceptable for twice the skew.
#[test]
fn a_client_ahead_of_time_cannot_replay_after_the_skew() {
    let cache = MemoryReplayCache::new();
    let early = entry(1, NOW + SKEW);
    assert_eq!(present(&cache, &early, NOW), Ok(()));
    for later in [1, SKEW, SKEW + 1, 2 * SKEW] {
        assert_eq!(present(&cache, &early, NOW + later), Err(ReplayError::Replayed), "{later}");
    }
}

#[test]
fn a_full_cache_refuses_and_keeps_what_it_must() {
    let cache = MemoryReplayCache::with_capacity_and_shards(3, 1);
    for number in 0..3 {
        assert_eq!(present(&cache, &entry(number, NOW + number as i64), NOW), Ok(()));
    }
    assert_eq!(present(&cache, &entry(9, NOW), NOW), Err(ReplayError::Full { capacity: 3 }));
    // Full or not, replays are told as such, and nothing was dropped.
    for number in 0..3 {
        let known = entry(number, NOW + number as i64);
        assert_eq!(present(&cache, &known, NOW + SKEW), Err(ReplayError::Replayed));
    }
    let full = cache.statistics();
    assert_eq!((full.entries, full.capacity, full.refused_full, full.replayed), (3, 3, 1, 3));
    // The oldest expires and makes room for one.
    let later = NOW + SKEW + 1;
    assert_eq!(present(&cache, &entry(10, later), later), Ok(()));
    assert_eq!(present(&cache, &entry(11, later), later), Err(ReplayError::Full { capacity: 3 }));
}

#[test]
fn slots_are_used_again_and_again() {
    let cache = MemoryReplayCache::with_capacity_and_shards(100, 1);
    for round in 0..50 {
        let now = NOW + round * (SKEW + 1);
        for number in 0..100 {
            assert_eq!(present(&cache, &entry(number, now), now), Ok(()), "{round} {number}");
        }
        assert!(matches!(present(&cache, &entry(100, now), now), Err(ReplayError::Full { .. })));
    }
    assert_eq!(cache.shards[0].lock().slots.len(), 101);
}

#[test]
fn a_clock_that_is_set_back_lets_nothing_in_again() {
    let cache = MemoryReplayCache::new();
    let one_shard = MemoryReplayCache::with_capacity_and_shards(10, 1);
    for back in [1, 60, SKEW, 10_000, 100_000_000] {
        let number = back as u64;
        let known = entry(number, NOW);
        for cache in [&cache, &one_shard] {
            let _ = present(cache, &known, NOW);
            let _ = present(cache, &entry(number + 1_000, NOW + 10_000), NOW + 10_000);
            assert!(present(cache, &known, NOW - back).is_err());
            assert!(present(cache, &known, NOW).is_err());
        }
    }
}

/// For a moment the clock says 2099. What was accepted before stays refused, and the cache goes on working.
#[test]
fn a_clock_that_jumps_ahead_for_a_moment_does_no_lasting_harm() {
    let cache = MemoryReplayCache::with_capacity_and_shards(100, 1);
    let ahead = 4_070_908_800;
    assert_eq!(present(&cache, &entry(0, NOW), NOW), Ok(()));
    assert_eq!(present(&cache, &entry(1, ahead), ahead), Ok(()));
    assert_eq!(present(&cache, &entry(0, NOW), NOW), Err(ReplayError::Forgotten));
    // Entries that come later than all that were forgotten are taken, and forgotten in their turn.
    for second in 1..5_000 {
        let now = NOW + second;
        assert_eq!(present(&cache, &entry(1000 + second as u64, now), now - SKEW), Ok(()), "{second}");
        if second % 90 == 0 {
            let _ = present(&cache, &entry(0, NOW), now + SKEW);
        }
    }
    assert_eq!(present(&cache, &entry(1, ahead), ahead), Err(ReplayError::Replayed));
}

#[test]
fn entries_beyond_the_wheel_are_kept_for_their_time() {
    let cache = MemoryReplayCache::with_capacity_and_shards(100, 1);
    let week = 7 * 86_400;
    let entry = ReplayEntry::with_keep_until(digest(1), at(NOW + week));
    assert_eq!(present(&cache, &entry, NOW), Ok(()));
    for now in (NOW..=NOW + week).step_by(501) {
        assert_eq!(present(&cache, &entry, now), Err(ReplayError::Replayed));
    }
    assert_eq!(present(&cache, &entry, NOW + week + 1), Err(ReplayError::Forgotten));
    let endless = ReplayEntry::with_keep_until(digest(2), at(i64::MAX));
    assert_eq!(present(&cache, &endless, NOW), Ok(()));
    assert_eq!(present(&cache, &endless, i64::MAX), Err(ReplayError::Replayed));
}

#[test]
fn extreme_capacities_and_times() {
    let cache = MemoryReplayCache::with_capacity_and_shards(0, 0);
    assert_eq!(cache.statistics().capacity, 1);
    assert_eq!(
        present(&cache, &ReplayEntry::with_keep_until([1; 16], at(i64::MIN + 1)), i64::MIN),
        Err(ReplayError::Forgotten)
    );
    assert_eq!(present(&cache, &entry(1, 0), i64::MIN), Ok(()));
    assert_eq!(present(&cache, &entry(1, 0), i64::MIN), Err(ReplayError::Replayed));
    assert_eq!(present(&cache, &entry(2, i64::MAX), i64::MAX), Ok(()));
}

#[test]
fn shards_fill_about_evenly() {
    let cache = MemoryReplayCache::with_capacity_and_shards(16_000, 16);
    let first_refused = (0..).find(|number| present(&cache, &entry(*number, NOW), NOW).is_err()).unwrap();
    assert!(first_refused > 14_000, "{first_refused}");
}

proptest! {
    /// One shard against a map that remembers everything. The clock goes forward.
    #[test]
    fn agrees_with_a_model(
        steps in proptest::collection::vec((0_u64..40, -400_i64..400, prop_oneof![4 => 0_i64..3, 1 => 0_i64..2000]), 1..400),
        capacity in 1_usize..30,
    ) {
        let cache = MemoryReplayCache::with_capacity_and_shards(capacity, 1);
        let mut known: HashMap<(u64, i64), i64> = HashMap::new();
        let mut now = NOW;
        for (number, lead, pause) in steps {
            now += pause;
            // The same authenticator always has the same time.
            let number = number * 1000 + u64::try_from(lead + 400).unwrap();
            let keep_until = NOW + lead + SKEW + i64::try_from(number % 7).unwrap() * 100;
            let entry = ReplayEntry::with_keep_until(digest(number), at(keep_until));
            let kept = known.values().filter(|until| **until >= now).count();
            let outcome = present(&cache, &entry, now);
            if let Some(until) = known.get(&(number, keep_until)) {
                let expected = if *until >= now { ReplayError::Replayed } else { ReplayError::Forgotten };
                prop_assert_eq!(outcome, Err(expected));
            } else if outcome == Err(ReplayError::Forgotten) {
                prop_assert!(keep_until < now, "an acceptable authenticator was refused");
            } else if kept == capacity {
                prop_assert_eq!(outcome, Err(ReplayError::Full { capacity }));
            } else {
                prop_assert_eq!(outcome, Ok(()));
                // One that comes too late is kept for the second in which it came.
                known.insert((number, keep_until), keep_until.max(now));
            }
        }
    }

    /// The clock goes as it likes: still nothing is accepted twice, and nothing is lost count of.
    #[test]
    fn nothing_is_accepted_twice_whatever_the_clock_does(
        steps in proptest::collection::vec((0_u64..20, prop_oneof![-5_i64..5, -2000_i64..2000, Just(1_i64 << 40), Just(-(1_i64 << 40))]), 1..300),
    ) {
        let cache = MemoryReplayCache::with_capacity_and_shards(64, 2);
        let mut accepted = HashMap::new();
        let mut now = NOW;
        for (number, step) in steps {
            now += step;
            let entry = entry(number, NOW + i64::try_from(number).unwrap() * 50);
            if present(&cache, &entry, now).is_ok() {
                prop_assert!(accepted.insert(number, now).is_none(), "{} accepted twice", number);
            }
        }
        prop_assert!(cache.statistics().entries <= accepted.len());
    }
}
