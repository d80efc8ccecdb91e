//! The tickets that are kept, and when each is due.

use alloc::sync::Arc;
use std::collections::HashMap;

use gss_core::Timestamp;
use krb5_asn1::Principal;
use krb5_client::Credential;

/// A ticket is due at most this many seconds before its end.
pub const MAX_MARGIN: i64 = 300;

/// Seconds from a failure to replace a ticket that is due to the next attempt.
pub const PAUSE: i64 = 30;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The client's ticket-granting ticket.
    Tgt,
    /// The ticket for a service, by the name that was asked for.
    Service(Principal),
}

/// What is there.
#[derive(Debug)]
pub(super) enum Look {
    /// A ticket with time left.
    Fresh(Arc<Credential>),
    /// A ticket that still holds, but should be replaced.
    Due(Arc<Credential>),
    /// None, or one that has ended.
    Missing,
}

#[derive(Debug)]
struct Held {
    credential: Arc<Credential>,
    /// From when on it is due.
    due: Timestamp,
    /// The turn of its last use.
    used: u64,
}

/// Tickets by what was asked for; of services at most as many as it was made for.
#[derive(Debug)]
pub(super) struct Table {
    held: HashMap<Key, Held>,
    most: usize,
    turn: u64,
}

impl Table {
    pub(super) fn new(most: usize) -> Self {
        Self { held: HashMap::new(), most, turn: 0 }
    }

    pub(super) fn look(&mut self, key: &Key, now: Timestamp) -> Look {
        self.turn = self.turn.saturating_add(1);
        let Some(held) = self.held.get_mut(key) else { return Look::Missing };
        held.used = self.turn;
        let credential = Arc::clone(&held.credential);
        if now >= credential.times.end {
            Look::Missing
        } else if now >= held.due {
            Look::Due(credential)
        } else {
            Look::Fresh(credential)
        }
    }

    /// Keeps a ticket that came at this time.
    pub(super) fn put(&mut self, key: Key, credential: Arc<Credential>, now: Timestamp) {
        let end = credential.times.end;
        // Life from now on: what the ticket has lived before it came is of no use to anybody.
        let margin = end.seconds_since(now).max(0).checked_div(10).unwrap_or(0).min(MAX_MARGIN);
        let due = end.saturating_add_seconds(margin.saturating_neg());
        self.turn = self.turn.saturating_add(1);
        self.held.insert(key, Held { credential, due, used: self.turn });
        self.make_room(now);
    }

    /// Leaves a ticket that could not be replaced alone for a while.
    pub(super) fn postpone(&mut self, key: &Key, now: Timestamp) {
        if let Some(held) = self.held.get_mut(key) {
            held.due = now.saturating_add_seconds(PAUSE);
        }
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.held.remove(key);
    }

    /// Drops everything: another client's tickets come.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// The client's ticket-granting ticket, ended or not.
    pub(super) fn tgt(&self) -> Option<Arc<Credential>> {
        self.held.get(&Key::Tgt).map(|held| Arc::clone(&held.credential))
    }

    /// A ticket for the ticket-granting service of another realm that is not due.
    pub(super) fn tgt_of(&self, realm: &[u8], now: Timestamp) -> Option<(Key, Arc<Credential>)> {
        let fits = |held: &Held| {
            now < held.due && held.credential.tgs_realm().is_some_and(|of| of.as_bytes() == realm)
        };
        let (key, held) = self.held.iter().find(|(key, held)| **key != Key::Tgt && fits(held))?;
        Some((key.clone(), Arc::clone(&held.credential)))
    }

    /// Drops what has ended, then what was used longest ago. The ticket-granting ticket stays.
    fn make_room(&mut self, now: Timestamp) {
        let services = |held: &HashMap<Key, Held>| held.keys().filter(|key| **key != Key::Tgt).count();
        if services(&self.held) <= self.most {
            return;
        }
        self.held.retain(|key, held| *key == Key::Tgt || now < held.credential.times.end);
        while services(&self.held) > self.most {
            let oldest =
                self.held.iter().filter(|(key, _)| **key != Key::Tgt).min_by_key(|(_, held)| held.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            self.held.remove(&oldest);
        }
    }
}
