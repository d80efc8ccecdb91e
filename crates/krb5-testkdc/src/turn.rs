//! One request being answered, and what is at hand for it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use std::collections::HashMap;

use gss_core::Timestamp;
use krb5_crypto::Key;
use rand_core::CryptoRng;

use crate::fault::{Fault, Occasion, Plans};
use crate::history::History;
use crate::refusal::Parties;

/// What outlives a request, besides the accounts.
pub(crate) struct Tools {
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) faults: Plans,
    pub(crate) replays: Replays,
    pub(crate) repeats: Repeats,
    pub(crate) history: History,
    /// Seals what clients carry from one request to the next (PA-FX-COOKIE).
    pub(crate) cookie_key: Key,
}

/// One request being repeats.
pub(crate) struct Turn<'t> {
    pub(crate) tools: &'t mut Tools,
    pub(crate) now: Timestamp,
    pub(crate) occasion: Occasion,
    pub(crate) parties: Parties,
}

impl Turn<'_> {
    pub(crate) fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut *self.tools.rng
    }

    /// Whether exactly this goes wrong now.
    pub(crate) fn goes_wrong(&mut self, fault: &Fault) -> bool {
        self.tools.faults.happens(&self.occasion, fault)
    }

    /// What goes wrong now of what `pick` takes.
    pub(crate) fn fault<T>(&mut self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.tools.faults.take(&self.occasion, pick)
    }

    /// Lets the KDC's clock be off.
    pub(crate) fn skew_clock(&mut self) {
        let skew = self.fault(|fault| if let Fault::ClockSkew(by) = fault { Some(*by) } else { None });
        self.now = self.now.saturating_add_seconds(skew.unwrap_or(0));
    }

    pub(crate) fn random_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.rng().fill_bytes(&mut bytes);
        u32::from_be_bytes(bytes)
    }
}

/// Authenticators that were seen lately.
#[derive(Default)]
pub(crate) struct Replays {
    seen: HashMap<[u8; TAG_LEN], i64>,
    order: VecDeque<[u8; TAG_LEN]>,
}

const TAG_LEN: usize = 16;
/// Authenticators beyond this many are forgotten early.
const MAX_REPLAYS: usize = 1 << 16;

impl Replays {
    /// Notes the ciphertext of an authenticator. False if it is there already.
    pub(crate) fn note(&mut self, cipher: &[u8], now: Timestamp, window: i64) -> bool {
        let mut tag = [0; TAG_LEN];
        for (to, from) in tag.iter_mut().rev().zip(cipher.iter().rev()) {
            *to = *from;
        }
        let fresh = |noted: &i64| now.seconds().saturating_sub(*noted) <= window;
        while let Some(oldest) = self.order.front() {
            let keep = self.order.len() < MAX_REPLAYS && self.seen.get(oldest).is_some_and(fresh);
            if keep {
                break;
            }
            self.seen.remove(oldest);
            self.order.pop_front();
        }
        if self.seen.contains_key(&tag) {
            return false;
        }
        self.seen.insert(tag, now.seconds());
        self.order.push_back(tag);
        true
    }
}

/// Requests that were answered lately, and how: one that comes again, as it does when a datagram is lost, gets the same
/// reply, and is no replay.
#[derive(Default)]
pub(crate) struct Repeats {
    replies: HashMap<Arc<[u8]>, Arc<[u8]>>,
    order: VecDeque<Arc<[u8]>>,
    size: usize,
}

/// Bytes of requests and replies that are kept.
const MAX_KEPT: usize = 4 << 20;

impl Repeats {
    pub(crate) fn find(&self, request: &[u8]) -> Option<Vec<u8>> {
        self.replies.get(request).map(|reply| reply.to_vec())
    }

    pub(crate) fn note(&mut self, request: &[u8], reply: &[u8]) {
        let (request, reply) = (Arc::<[u8]>::from(request), Arc::<[u8]>::from(reply));
        let size = request.len().saturating_add(reply.len());
        if self.replies.insert(Arc::clone(&request), reply).is_some() {
            return;
        }
        self.order.push_back(request);
        self.size = self.size.saturating_add(size);
        while self.size > MAX_KEPT {
            let Some(oldest) = self.order.pop_front() else { break };
            let reply = self.replies.remove(&oldest).map_or(0, |reply| reply.len());
            self.size = self.size.saturating_sub(oldest.len()).saturating_sub(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authenticators_are_taken_once_within_the_window() {
        let mut replays = Replays::default();
        let at = Timestamp::from_seconds;
        assert!(replays.note(b"one authenticator", at(100), 600));
        assert!(!replays.note(b"one authenticator", at(700), 600));
        assert!(replays.note(b"another authenticator", at(700), 600));
        assert!(replays.note(b"one authenticator", at(701), 600));
        assert_eq!(replays.seen.len(), replays.order.len());
    }

    #[test]
    fn answers_are_kept_within_bounds() {
        let mut repeats = Repeats::default();
        for i in 0..100u32 {
            let mut request = vec![0; 100_000];
            request[..4].copy_from_slice(&i.to_be_bytes());
            repeats.note(&request, b"reply");
        }
        assert!(repeats.size <= MAX_KEPT && repeats.replies.len() == repeats.order.len());
        let mut request = vec![0; 100_000];
        assert_eq!(repeats.find(&request), None);
        request[3] = 99;
        assert_eq!(repeats.find(&request), Some(b"reply".to_vec()));
    }
}
