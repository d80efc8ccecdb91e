use crate::gss::ContextId;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use gss_core::Timestamp;
use zeroize::Zeroizing;

/// Contexts of one kind, bounded in number and bytes.
pub(super) struct Table<T> {
    limit: usize,
    limit_bytes: usize,
    bytes: usize, // INVARIANT: those of all transcripts
    entries: BTreeMap<ContextId, Entry<T>>,
    by_end: BTreeSet<(Timestamp, ContextId)>, // INVARIANT: the same ids, each with its end
}

pub(super) struct Entry<T> {
    transcript: Zeroizing<Vec<u8>>,
    expires: Timestamp,
    extra: T,
}

impl<T> Entry<T> {
    pub(super) fn transcript(&self) -> &Zeroizing<Vec<u8>> {
        &self.transcript
    }

    pub(super) fn extra(&mut self) -> &mut T {
        &mut self.extra
    }
}

impl<T> Table<T> {
    pub(super) fn new(limit: usize, limit_bytes: usize) -> Self {
        Self { limit, limit_bytes, bytes: 0, entries: BTreeMap::new(), by_end: BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts a context in; those that have ended leave, and those that end first make room.
    pub(super) fn insert(
        &mut self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
        extra: T,
    ) -> Result<(), NoRoom> {
        let bytes = transcript.len();
        if self.limit == 0 || bytes > self.limit_bytes {
            return Err(NoRoom { bytes, limit: self.limit, limit_bytes: self.limit_bytes });
        }
        self.remove(id);
        let room = self.limit_bytes.saturating_sub(bytes);
        while let Some((end, first)) = self.by_end.first().copied() {
            if end > now && self.entries.len() < self.limit && self.bytes <= room {
                break;
            }
            self.remove(&first);
        }
        let transcript = Zeroizing::new(Vec::from(transcript));
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.insert(*id, Entry { transcript, expires, extra });
        self.by_end.insert((expires, *id));
        Ok(())
    }

    /// The context, if it has not ended.
    pub(super) fn get_mut(&mut self, id: &ContextId, now: Timestamp) -> Option<&mut Entry<T>> {
        self.entries.get_mut(id).filter(|entry| entry.expires > now)
    }

    /// Takes a context out; `None` if it has ended.
    pub(super) fn take(&mut self, id: &ContextId, now: Timestamp) -> Option<Zeroizing<Vec<u8>>> {
        self.remove(id).filter(|entry| entry.expires > now).map(|entry| entry.transcript)
    }

    pub(super) fn remove(&mut self, id: &ContextId) -> Option<Entry<T>> {
        let entry = self.entries.remove(id)?;
        self.by_end.remove(&(entry.expires, *id));
        self.bytes = self.bytes.saturating_sub(entry.transcript.len());
        Some(entry)
    }
}

/// A context is larger than all there is room for.
#[derive(Debug)]
pub(super) struct NoRoom {
    bytes: usize,
    limit: usize,
    limit_bytes: usize,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, limit, limit_bytes } = self;
        write!(f, "context of {bytes} bytes in a table for {limit} contexts of {limit_bytes} bytes in all")
    }
}

impl core::error::Error for NoRoom {}

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::TestRng;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn ids<const N: usize>() -> [ContextId; N] {
        let mut rng = TestRng::insecure(1);
        core::array::from_fn(|_| ContextId::random(&mut rng))
    }

    fn consistent<T>(table: &Table<T>) {
        assert_eq!(table.by_end.len(), table.entries.len());
        assert_eq!(table.bytes, table.entries.values().map(|entry| entry.transcript.len()).sum());
        assert!(table.entries.len() <= table.limit && table.bytes <= table.limit_bytes);
    }

    #[test]
    fn those_that_end_first_make_room() {
        let ids: [ContextId; 4] = ids();
        let mut table = Table::new(3, 100);
        for (id, end) in ids.iter().zip([30, 10, 20, 40]) {
            table.insert(id, b"0123456789", at(end), at(0), ()).unwrap();
            consistent(&table);
        }
        let there = |table: &mut Table<()>| ids.map(|id| table.get_mut(&id, at(0)).is_some());
        assert_eq!(there(&mut table), [true, false, true, true]);
        // By bytes: two have to go.
        table.insert(&ids[1], &[0; 85], at(5), at(0), ()).unwrap();
        consistent(&table);
        assert_eq!(there(&mut table), [false, true, false, true]);
        let error = table.insert(&ids[2], &[0; 101], at(5), at(0), ()).unwrap_err();
        assert!(alloc::format!("{error}").contains("101 bytes"));
        assert!(Table::new(0, 100).insert(&ids[0], b"", at(5), at(0), ()).is_err());
    }

    #[test]
    fn what_has_ended_is_not_there() {
        let ids: [ContextId; 3] = ids();
        let mut table = Table::new(3, 100);
        for id in &ids {
            table.insert(id, b"0123456789", at(10), at(0), ()).unwrap();
        }
        assert!(table.get_mut(&ids[0], at(9)).is_some());
        assert!(table.get_mut(&ids[0], at(10)).is_none());
        assert!(table.take(&ids[0], at(10)).is_none());
        assert!(table.take(&ids[1], at(9)).is_some());
        assert!(table.take(&ids[1], at(9)).is_none());
        // The next one sweeps.
        table.insert(&ids[0], b"", at(20), at(10), ()).unwrap();
        assert_eq!(table.len(), 1);
        consistent(&table);
    }
}
