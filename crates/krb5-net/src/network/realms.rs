//! What is remembered of each realm from one request to the next.

use alloc::sync::Arc;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use krb5_client::Service;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::KdcAddress;

/// Most realms that are remembered while nobody asks them.
const MAX_REALMS: usize = 256;

/// What is remembered of the realms, for each of their services.
pub(super) struct Realms {
    at_once: usize,
    states: Mutex<HashMap<(String, Service), State>>,
}

struct State {
    /// The server that answered last.
    answered: Option<KdcAddress>,
    turns: Arc<Semaphore>,
}

impl Realms {
    /// As many requests are under way at a time, for each realm and service.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once: at_once.clamp(1, Semaphore::MAX_PERMITS), states: Mutex::default() }
    }

    /// Waits for its turn, which lasts until it is dropped.
    pub(super) async fn turn(&self, realm: &str, service: Service) -> Option<OwnedSemaphorePermit> {
        let turns = self.with(realm, service, |state| Arc::clone(&state.turns));
        // Nobody closes it.
        turns.acquire_owned().await.ok()
    }

    /// Puts the server that answered last first.
    pub(super) fn sort(&self, realm: &str, service: Service, servers: &mut [KdcAddress]) {
        let index = self.with(realm, service, |state| {
            let last = state.answered.as_ref()?;
            servers.iter().position(|server| server == last)
        });
        if let Some(first) = index.and_then(|index| servers.get_mut(..=index)) {
            first.rotate_right(1);
        }
    }

    /// Remembers the server that answered.
    pub(super) fn remember(&self, realm: &str, service: Service, server: &KdcAddress) {
        self.with(realm, service, |state| {
            if state.answered.as_ref() != Some(server) {
                state.answered = Some(server.clone());
            }
        });
    }

    fn with<T>(&self, realm: &str, service: Service, change: impl FnOnce(&mut State) -> T) -> T {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() >= MAX_REALMS {
            states.retain(|(name, of), state| {
                Arc::strong_count(&state.turns) > 1 || (name == realm && *of == service)
            });
        }
        let state = states
            .entry((realm.to_owned(), service))
            .or_insert_with(|| State { answered: None, turns: Arc::new(Semaphore::new(self.at_once)) });
        change(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_realms_that_nobody_asks() {
        let realms = Realms::new(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let turn = runtime.block_on(realms.turn("KEPT", Service::Kdc));
        for realm in 0..2 * MAX_REALMS {
            realms.remember(&realm.to_string(), Service::Kdc, &KdcAddress::host("a", 88));
        }
        let states = realms.states.lock().unwrap();
        assert!(states.len() <= MAX_REALMS);
        assert!(states.contains_key(&("KEPT".into(), Service::Kdc)));
        drop(turn);
    }

    #[test]
    fn the_one_that_answered_comes_first_and_the_others_stay_in_order() {
        let realms = Realms::new(1);
        let server = |name: &str| KdcAddress::host(name, 88);
        let mut servers = [server("a"), server("b"), server("c")];
        realms.remember("R", Service::Kdc, &server("c"));
        realms.sort("R", Service::Kpasswd, &mut servers);
        assert_eq!(servers, [server("a"), server("b"), server("c")]);
        realms.sort("R", Service::Kdc, &mut servers);
        assert_eq!(servers, [server("c"), server("a"), server("b")]);
    }
}
