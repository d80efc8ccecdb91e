use crate::gss::ContextId;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

/// Contexts that need not be rebuilt. Those that were not asked for longest make room.
pub(super) struct Ready<T> {
    limit: usize,
    /// Counts uses. At a billion a second it lasts 584 years.
    clock: u64,
    entries: BTreeMap<ContextId, (u64, Arc<T>)>,
    by_use: BTreeMap<u64, ContextId>, // INVARIANT: the same ids, each by its last use
}

impl<T> Ready<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, clock: 0, entries: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, id: &ContextId) -> Option<Arc<T>> {
        let (used, context) = self.entries.get_mut(id)?;
        self.clock = self.clock.saturating_add(1);
        self.by_use.remove(used);
        *used = self.clock;
        self.by_use.insert(self.clock, *id);
        Some(Arc::clone(context))
    }

    pub(super) fn insert(&mut self, id: ContextId, context: Arc<T>) {
        if self.limit == 0 {
            return;
        }
        self.remove(&id);
        while self.entries.len() >= self.limit {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.entries.remove(&oldest);
        }
        self.clock = self.clock.saturating_add(1);
        self.entries.insert(id, (self.clock, context));
        self.by_use.insert(self.clock, id);
    }

    pub(super) fn remove(&mut self, id: &ContextId) {
        if let Some((used, _)) = self.entries.remove(id) {
            self.by_use.remove(&used);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::TestRng;

    #[test]
    fn what_was_not_used_longest_makes_room() {
        let mut rng = TestRng::insecure(1);
        let ids: [ContextId; 4] = core::array::from_fn(|_| ContextId::random(&mut rng));
        let mut ready = Ready::new(3);
        for (number, id) in ids.iter().take(3).enumerate() {
            ready.insert(*id, Arc::new(number));
        }
        assert_eq!(ready.get(&ids[0]).as_deref(), Some(&0));
        ready.insert(ids[3], Arc::new(3));
        assert!(ready.get(&ids[1]).is_none());
        assert!([0, 2, 3].iter().all(|number| ready.get(&ids[*number]).as_deref() == Some(number)));
        // Once more is not one more.
        ready.insert(ids[3], Arc::new(9));
        assert_eq!((ready.len(), ready.by_use.len()), (3, 3));
        assert_eq!(ready.get(&ids[3]).as_deref(), Some(&9));
        ready.remove(&ids[3]);
        ready.remove(&ids[3]);
        assert_eq!((ready.len(), ready.by_use.len()), (2, 2));
        let mut none = Ready::new(0);
        none.insert(ids[0], Arc::new(0));
        assert_eq!(none.len(), 0);
    }
}
