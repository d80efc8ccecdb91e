//! Replay caches against a memory that forgets nothing.

use crate::input::{Input, check_error};
use ::gss_core::Timestamp;
use ::gss_krb5::replay::{FixedReplayCache, MemoryReplayCache, ReplayCache, ReplayEntry, ReplayError};
use std::collections::HashMap;

/// Entries that both caches have room for.
const CAPACITY: usize = 4;
/// Most entries that are presented.
const MAX_OPERATIONS: usize = 256;

/// No entry is ever accepted twice, and none is refused without a reason.
pub fn operations(input: &[u8]) {
    let memory = MemoryReplayCache::with_capacity_and_shards(CAPACITY, 1);
    let fixed = FixedReplayCache::<CAPACITY>::new();
    present(&memory, input);
    present(&fixed, input);
    let statistics = memory.statistics();
    assert!(statistics.entries <= statistics.capacity && statistics.capacity == CAPACITY);
}

/// When an entry was accepted, and until when it counts.
struct Known {
    accepted: Timestamp,
    keep_until: Timestamp,
}

fn present(cache: &impl ReplayCache, input: &[u8]) {
    let mut input = Input::new(input);
    let mut clock = Timestamp::from_seconds(1_000_000);
    let mut latest = clock;
    // An authenticator has one time, so that a digest has one too.
    let mut times: HashMap<u8, Timestamp> = HashMap::new();
    let mut known: HashMap<u8, Known> = HashMap::new();
    for _ in 0..MAX_OPERATIONS {
        if input.is_empty() {
            break;
        }
        let (number, time) = (input.byte(), i64::from(input.u16().cast_signed()));
        match number {
            // Jumps are far, so that the cache's wheel turns round.
            0xf0..=0xff => clock = clock.saturating_add_seconds(time),
            0xe0..=0xef => clock = clock.saturating_add_seconds(time % 4),
            number => {
                let keep_until = *times.entry(number).or_insert(clock.saturating_add_seconds(time % 2048));
                let entry = ReplayEntry::with_keep_until([number; 16], keep_until);
                let forward = clock >= latest;
                latest = latest.max(clock);
                match cache.check_and_insert(&entry, clock) {
                    Ok(_) => {
                        let before = known.insert(number, Known { accepted: clock, keep_until });
                        assert!(before.is_none(), "{number} was accepted twice");
                    }
                    Err(error) => check_refused(error, number, &known, keep_until, clock, forward, latest),
                }
            }
        }
    }
}

fn check_refused(
    error: ReplayError,
    number: u8,
    known: &HashMap<u8, Known>,
    keep_until: Timestamp,
    clock: Timestamp,
    forward: bool,
    latest: Timestamp,
) {
    check_error(&error);
    match error {
        ReplayError::Replayed => assert!(known.contains_key(&number), "{number} is new"),
        ReplayError::Forgotten => {
            let forgotten = known.values().any(|it| it.keep_until < latest && it.keep_until >= keep_until);
            assert!(forgotten, "nothing of that time was forgotten");
        }
        // A clock that was set back keeps entries longer.
        ReplayError::Full { .. } if !forward => {}
        ReplayError::Full { capacity } => {
            let second = clock.seconds();
            let live = |it: &&Known| it.keep_until.seconds() >= second || it.accepted.seconds() >= second;
            let live = known.values().filter(live).count();
            assert!(live >= capacity, "{live} entries count, and there is room for {capacity}");
        }
        error => panic!("{error}"),
    }
}
