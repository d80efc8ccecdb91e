//! One fetch for all who wait for the same ticket.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use std::collections::HashMap;
use std::thread;

use krb5_client::Credential;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::table::{Key, Look};
use super::{CredentialsError, Shared};
use crate::blocking::block_on;

/// How often a fetch that was cut off is begun again by one caller.
const MAX_TURNS: usize = 3;

pub(super) type Outcome = Result<Arc<Credential>, CredentialsError>;

/// Where the outcome of a fetch shows; closed without one when the fetch was cut off.
type Landing = watch::Receiver<Option<Outcome>>;

/// The fetches under way.
pub(super) type Flights = HashMap<Key, Landing>;

/// Where a fetch runs.
#[derive(Clone)]
pub(super) enum Place {
    /// As a task of a runtime.
    Runtime(Handle),
    /// On a thread with a runtime of its own.
    Thread,
}

impl Place {
    /// The runtime that this is called on, if there is one.
    pub(super) fn here() -> Self {
        Handle::try_current().map_or(Self::Thread, Self::Runtime)
    }

    fn run(self, fetch: Pin<Box<dyn Future<Output = ()> + Send>>) {
        match self {
            Self::Runtime(handle) => drop(handle.spawn(fetch)),
            // Where there is no thread to be had, the fetch is cut off, which its callers see.
            Self::Thread => drop(thread::Builder::new().name("krb5-fetch".into()).spawn(|| block_on(fetch))),
        }
    }
}

impl Shared {
    /// A ticket: the one that is kept, or a new one.
    pub(super) async fn get(self: &Arc<Self>, key: &Key) -> Outcome {
        for _ in 0..MAX_TURNS {
            match self.kept_or_fetched(key, &Place::here()) {
                Ok(kept) => return Ok(kept),
                Err(landing) => {
                    if let Some(outcome) = outcome(landing).await {
                        return outcome;
                    }
                }
            }
        }
        Err(CredentialsError::Abandoned)
    }

    /// As [`get`](Self::get), for callers who wait. Their fetches have threads, which no runtime takes along.
    pub(super) fn get_blocking(self: &Arc<Self>, key: &Key) -> Outcome {
        for _ in 0..MAX_TURNS {
            match self.kept_or_fetched(key, &Place::Thread) {
                Ok(kept) => return Ok(kept),
                Err(landing) => {
                    if let Some(outcome) = block_on(outcome(landing))? {
                        return outcome;
                    }
                }
            }
        }
        Err(CredentialsError::Abandoned)
    }

    /// The ticket that is kept. One that is due is being replaced from now on; where there is none, the fetch to wait
    /// for comes instead.
    fn kept_or_fetched(self: &Arc<Self>, key: &Key, place: &Place) -> Result<Arc<Credential>, Landing> {
        let now = self.now();
        let mut state = self.lock();
        match state.table.look(key, now) {
            Look::Fresh(credential) => Ok(credential),
            Look::Due(credential) => {
                self.board(&mut state.flights, key, place);
                Ok(credential)
            }
            Look::Missing => Err(self.board(&mut state.flights, key, place)),
        }
    }

    /// The client's ticket-granting ticket for a fetch: a new one if it is due, for a service's ticket ends with it.
    pub(super) async fn lasting_tgt(self: &Arc<Self>) -> Outcome {
        let (look, landing) = {
            let now = self.now();
            let mut state = self.lock();
            let look = state.table.look(&Key::Tgt, now);
            if let Look::Fresh(credential) = look {
                return Ok(credential);
            }
            (look, self.board(&mut state.flights, &Key::Tgt, &Place::here()))
        };
        match (outcome(landing).await, look) {
            (Some(Ok(new)), _) => Ok(new),
            (_, Look::Due(old)) => Ok(old),
            (Some(error), _) => error,
            (None, _) => Err(CredentialsError::Abandoned),
        }
    }

    /// Joins the fetch under way, or starts one.
    fn board(self: &Arc<Self>, flights: &mut Flights, key: &Key, place: &Place) -> Landing {
        if let Some(landing) = flights.get(key).filter(|landing| landing.has_changed().is_ok()) {
            return landing.clone();
        }
        let (sender, landing) = watch::channel(None);
        flights.insert(key.clone(), landing.clone());
        place.clone().run(Arc::clone(self).fly(key.clone(), sender));
        landing
    }

    /// Boxed, since a fetch starts others.
    fn fly(
        self: Arc<Self>,
        key: Key,
        sender: watch::Sender<Option<Outcome>>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let outcome = match &key {
                Key::Tgt => self.fetch_tgt().await,
                Key::Service(server) => self.fetch_service(server).await,
            };
            let now = self.now();
            {
                let mut state = self.lock();
                state.flights.remove(&key);
                match &outcome {
                    Ok(credential) => state.table.put(key, Arc::clone(credential), now),
                    Err(_) => state.table.postpone(&key, now),
                }
            }
            sender.send_replace(Some(outcome));
        })
    }
}

/// Waits for a fetch; `None` if it was cut off.
pub(super) async fn outcome(mut landing: Landing) -> Option<Outcome> {
    landing.wait_for(Option::is_some).await.ok()?.clone()
}
