//! A replay cache in the memory of one process.
//!
//! Entries are spread over shards by a keyed hash, so that threads seldom wait for each other and nobody can
//! choose authenticators that fall together. A shard is an array of slots. Two sets of linked lists run through
//! it: one for looking up, by hash, and one for forgetting, by the second in which an entry may be forgotten (a
//! timer wheel). So both cost the same however many entries there are.

use super::{NotReplayed, ReplayCache, ReplayEntry, ReplayError};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::BuildHasher;
use gss_core::Timestamp;
use std::hash::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bounded replay cache for all threads of a process.
///
/// An entry takes 32 bytes, and between 4 and 8 more for finding it. They are reserved when the cache is made, but
/// systems that hand out memory on first use spend it only as it fills. 4 KiB a shard come on top.
///
/// An entry is never dropped before its time. A cache that is full refuses new authenticators with
/// [`ReplayError::Full`] until older ones expire, and counts that in [`statistics`](Self::statistics). As a rule
/// of thumb for the capacity: the most authentications a second, times the seconds that an authenticator is
/// acceptable (clock skew plus how much clients' clocks are ahead, so up to 600 with the usual 300), and a tenth
/// more because the shards do not fill evenly.
///
/// ```
/// use gss_core::Timestamp;
/// use gss_krb5::replay::{MemoryReplayCache, ReplayCache, ReplayEntry, ReplayError};
///
/// let cache = MemoryReplayCache::new();
/// let now = Timestamp::from_seconds(1_000_000);
/// let entry = ReplayEntry::new([7; 16], now, 300);
/// assert!(cache.check_and_insert(&entry, now).is_ok());
/// assert_eq!(cache.check_and_insert(&entry, now).unwrap_err(), ReplayError::Replayed);
/// ```
pub struct MemoryReplayCache {
    hasher: RandomState,
    shards: Box<[Shard]>,
}

impl MemoryReplayCache {
    /// Entries that [`new`](Self::new) makes room for: enough for 436 authentications a second, around the clock,
    /// from clients with the worst clocks that are accepted at the usual skew. About 10 MiB when full.
    pub const DEFAULT_CAPACITY: usize = 1 << 18;
    /// Shards that [`new`](Self::new) makes.
    pub const DEFAULT_SHARDS: usize = 16;

    /// A cache of [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY).
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A cache for about `capacity` entries: for exactly that many below 2048. Small ones have fewer parts, since chance
    /// fills small parts unevenly.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let shards = capacity.div_euclid(Self::SMALLEST_SHARD).clamp(1, Self::DEFAULT_SHARDS);
        Self::with_capacity_and_shards(capacity, shards)
    }

    /// Entries that each part of a cache with several has room for.
    const SMALLEST_SHARD: usize = 1024;

    /// A cache for `capacity` entries in `shards` parts, each of which is full by itself. With one shard the
    /// capacity is exact. Both are at least 1; a capacity that the shards do not divide is rounded up.
    #[must_use]
    pub fn with_capacity_and_shards(capacity: usize, shards: usize) -> Self {
        let shards = shards.max(1);
        let each = capacity.max(1).div_ceil(shards);
        Self {
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| Shard(Mutex::new(Table::new(each)))).collect(),
        }
    }

    /// What happened so far. Locks one shard after the other.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shards.iter().fold(Statistics::default(), |sum, shard| {
            let table = shard.lock();
            Statistics {
                entries: sum.entries.saturating_add(table.entries),
                capacity: sum.capacity.saturating_add(table.capacity),
                replayed: sum.replayed.saturating_add(table.replayed),
                refused_full: sum.refused_full.saturating_add(table.refused_full),
            }
        })
    }
}

impl Default for MemoryReplayCache {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplayCache for MemoryReplayCache {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        let hash = self.hasher.hash_one(entry.digest());
        // The upper half chooses the shard, the lower half the list in it.
        let index = usize::try_from(hash >> 32).unwrap_or_default().checked_rem(self.shards.len());
        let shard = self.shards.get(index.unwrap_or_default()).ok_or(ReplayError::Unavailable)?;
        shard.lock().check_and_insert(&self.hasher, hash, entry, now)
    }
}

impl fmt::Debug for MemoryReplayCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplayCache").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}

/// What a [`MemoryReplayCache`] holds and has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Entries held, those included that may be forgotten at the next occasion.
    pub entries: usize,
    /// Entries that there is room for.
    pub capacity: usize,
    /// Replays that were refused.
    pub replayed: u64,
    /// New authenticators that were refused for want of room. Not zero: the capacity is too small.
    pub refused_full: u64,
}

/// On a cache line of its own, so that locks of different shards do not disturb each other.
#[repr(align(128))]
struct Shard(Mutex<Table>);

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while the lock is held, so a poisoned one guards a table that is in order.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Position of a slot; 0 for none.
type Link = u32;
const END: Link = 0;

/// Seconds that the wheel reaches ahead. Later entries are put at its end and moved on when their turn comes.
const WHEEL: usize = 1024;
const WHEEL_SECONDS: i64 = 1024;
const MICROS_A_SECOND: i64 = 1_000_000;

#[derive(Clone, Copy)]
struct Slot {
    digest: [u8; ReplayEntry::DIGEST_LEN],
    /// In microseconds since 1970.
    keep_until: i64,
    /// The next slot in the same list of `buckets`, or of those that are free.
    next_in_bucket: Link,
    /// The next slot in the same list of `wheel`.
    next_in_wheel: Link,
}

const _: () = assert!(size_of::<Slot>() == 32);

struct Table {
    /// The first one is never used. Grows up to its capacity and stays there.
    slots: Vec<Slot>,
    free: Link,
    buckets: Box<[Link]>, // INVARIANT: the length is a power of two
    wheel: Box<[Link]>,   // INVARIANT: the length is WHEEL
    /// The first second whose entries have not been looked at for forgetting.
    cursor: i64,
    /// The latest `keep_until` of an entry that was forgotten.
    forgotten_until: i64,
    entries: usize,
    capacity: usize,
    replayed: u64,
    refused_full: u64,
}

impl Table {
    fn new(capacity: usize) -> Self {
        let capacity = capacity.min(usize::try_from(Link::MAX >> 1).unwrap_or(usize::MAX));
        let mut slots = Vec::with_capacity(capacity.saturating_add(1));
        slots.push(Slot {
            digest: [0; ReplayEntry::DIGEST_LEN],
            keep_until: 0,
            next_in_bucket: END,
            next_in_wheel: END,
        });
        Self {
            slots,
            free: END,
            buckets: vec![END; capacity.next_power_of_two()].into(),
            wheel: vec![END; WHEEL].into(),
            cursor: i64::MIN,
            forgotten_until: i64::MIN,
            entries: 0,
            capacity,
            replayed: 0,
            refused_full: 0,
        }
    }

    fn check_and_insert(
        &mut self,
        hasher: &RandomState,
        hash: u64,
        entry: &ReplayEntry,
        now: Timestamp,
    ) -> Result<NotReplayed, ReplayError> {
        self.advance(hasher, micros(now).div_euclid(MICROS_A_SECOND));
        if self.contains(hash, entry.digest()) {
            self.replayed = self.replayed.saturating_add(1);
            return Err(ReplayError::Replayed);
        }
        let keep_until = micros(entry.keep_until());
        if keep_until <= self.forgotten_until {
            return Err(ReplayError::Forgotten);
        }
        let Some(link) = self.allocate() else {
            self.refused_full = self.refused_full.saturating_add(1);
            return Err(ReplayError::Full { capacity: self.capacity });
        };
        let bucket = self.bucket(hash);
        let next_in_bucket = bucket.map_or(END, |head| core::mem::replace(head, link));
        if let Some(slot) = self.slot_mut(link) {
            *slot = Slot { digest: *entry.digest(), keep_until, next_in_bucket, next_in_wheel: END };
        }
        self.put_on_wheel(link, keep_until);
        self.entries = self.entries.saturating_add(1);
        Ok(NotReplayed::assertion())
    }

    fn contains(&mut self, hash: u64, digest: &[u8; ReplayEntry::DIGEST_LEN]) -> bool {
        let mut link = self.bucket(hash).map_or(END, |head| *head);
        while let Some(slot) = self.slot(link) {
            if slot.digest == *digest {
                return true;
            }
            link = slot.next_in_bucket;
        }
        false
    }

    /// A slot that is not in use: one that was given back, or one more while there is room.
    fn allocate(&mut self) -> Option<Link> {
        if let Some(slot) = self.slot(self.free) {
            let next = slot.next_in_bucket;
            return Some(core::mem::replace(&mut self.free, next));
        }
        if self.slots.len() > self.capacity {
            return None;
        }
        let link = Link::try_from(self.slots.len()).ok()?;
        let unused = *self.slots.first()?;
        self.slots.push(unused);
        Some(link)
    }

    /// Moves the wheel to the second `now` and forgets all entries of the seconds before. A clock that was set
    /// back makes entries stay longer, never shorter.
    fn advance(&mut self, hasher: &RandomState, now: i64) {
        let from = core::mem::replace(&mut self.cursor, now);
        let passed = now.saturating_sub(from).min(WHEEL_SECONDS);
        for offset in 0..passed {
            let Some(head) = self.wheel.get_mut(wheel_index(from.wrapping_add(offset))) else { continue };
            let mut link = core::mem::replace(head, END);
            while let Some(slot) = self.slot(link).copied() {
                if slot.keep_until.div_euclid(MICROS_A_SECOND) < now {
                    self.forget(hasher, link, &slot);
                } else {
                    self.put_on_wheel(link, slot.keep_until);
                }
                link = slot.next_in_wheel;
            }
        }
    }

    /// Enters the slot in the list of its second, or of the nearest one that the wheel has.
    fn put_on_wheel(&mut self, link: Link, keep_until: i64) {
        let last = self.cursor.saturating_add(WHEEL_SECONDS - 1);
        let second = keep_until.div_euclid(MICROS_A_SECOND).clamp(self.cursor, last);
        let Some(head) = self.wheel.get_mut(wheel_index(second)) else { return };
        let next = core::mem::replace(head, link);
        if let Some(slot) = self.slot_mut(link) {
            slot.next_in_wheel = next;
        }
    }

    /// Takes a slot that is on the wheel no more out of its bucket too.
    fn forget(&mut self, hasher: &RandomState, link: Link, slot: &Slot) {
        self.forgotten_until = self.forgotten_until.max(slot.keep_until);
        let hash = hasher.hash_one(slot.digest);
        let Some(head) = self.bucket(hash) else { return };
        if *head == link {
            *head = slot.next_in_bucket;
        } else {
            let mut before = *head;
            while let Some(previous) = self.slot_mut(before) {
                if previous.next_in_bucket == link {
                    previous.next_in_bucket = slot.next_in_bucket;
                    break;
                }
                before = previous.next_in_bucket;
            }
        }
        let next_free = core::mem::replace(&mut self.free, link);
        if let Some(slot) = self.slot_mut(link) {
            slot.next_in_bucket = next_free;
        }
        self.entries = self.entries.saturating_sub(1);
    }

    fn bucket(&mut self, hash: u64) -> Option<&mut Link> {
        let mask = u64::try_from(self.buckets.len()).ok()?.wrapping_sub(1);
        self.buckets.get_mut(usize::try_from(hash & mask).ok()?)
    }

    /// `None` at the end of a list.
    fn slot(&self, link: Link) -> Option<&Slot> {
        if link == END { None } else { self.slots.get(usize::try_from(link).ok()?) }
    }

    fn slot_mut(&mut self, link: Link) -> Option<&mut Slot> {
        if link == END { None } else { self.slots.get_mut(usize::try_from(link).ok()?) }
    }
}

fn wheel_index(second: i64) -> usize {
    usize::try_from(second.rem_euclid(WHEEL_SECONDS)).unwrap_or_default()
}

/// Microseconds since 1970, stopping at the ends of the range (in the years 292,000 before and after).
fn micros(time: Timestamp) -> i64 {
    time.seconds().saturating_mul(MICROS_A_SECOND).saturating_add(i64::from(time.micros()))
}

#[cfg(test)]
mod tests;
