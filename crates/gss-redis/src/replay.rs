//! The replay cache.

use crate::handle::Demand;
use crate::link::chain;
use crate::time::{millis, span};
use crate::{Error, Redis};
use alloc::string::String;
use core::fmt;
use core::fmt::Write as _;
use core::time::Duration;
use gss_core::Timestamp;
use gss_krb5::replay::{MemoryReplayCache, NotReplayed, ReplayCache, ReplayEntry, ReplayError};
use redis::Script;
use std::sync::LazyLock;
use tracing::{error, warn};

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("replay/check.lua")));
static FIRST_USE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("replay/first_use.lua")));

/// A replay cache that any number of servers share.
///
/// One script looks up and remembers, so of all servers that present an authenticator one is told that it is new. An
/// entry takes about 180 bytes of the server's memory, for as long as its authenticator could be accepted and
/// [`margin`](Self::margin) more: with 1,000 logins a second from clients with good clocks about 65 MB.
///
/// # When entries were lost
///
/// A server that was restarted, or flushed, or replaced by a replica, may have forgotten authenticators that can still
/// be presented. It is noticed by the cache's own key, which is gone then, or by the server's run id, which has
/// changed. From then on all authenticators are refused ([`ReplayError::Forgotten`]) that may have been accepted before:
/// those made earlier than `client_lead` and `margin` after that moment. With the defaults **nobody logs in for six
/// minutes after a restart**. What shortens this:
///
/// * [`client_lead`](Self::client_lead), where clients' clocks are known to be good.
/// * [`RedisBuilder::danger_trust_server`](crate::RedisBuilder::danger_trust_server), where the server loses nothing.
///
/// The very first start looks the same, since nothing tells an empty server from one that was emptied. Whoever sets up
/// a service may say so with [`danger::declare_first_use`].
///
/// # Clocks
///
/// Times are those of the acceptors; the server's own clock only counts down. The cache knows how far acceptors' clocks
/// were ahead of the server's at most. Where the server's clock leaps forward, or an acceptor's clock is set back or is
/// behind others, by more than `margin`, entries may be gone that still count: their authenticators are refused
/// ([`ReplayError::Forgotten`]), and never accepted twice. If that does not end by itself, set the clocks right and
/// delete the key `<prefix>replay`, which is like a restart.
///
/// # What remains
///
/// Whoever can write to the server, or is between it and an acceptor, can undo the detection of replays. And while two
/// servers take themselves for the primary after a failover, each accepts an authenticator once.
#[derive(Debug)]
pub struct RedisReplayCache {
    redis: Redis,
    skew: Duration,
    client_lead: Duration,
    margin: Duration,
    /// Only with [`WhenAway::DangerLocalCache`].
    local: Option<MemoryReplayCache>,
}

/// What a replay cache does while Redis cannot be asked: it does not answer, refuses, or is not one to rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenAway {
    /// Authenticators are refused with [`ReplayError::Unavailable`]: nobody logs in.
    #[default]
    Refuse,
    /// **Dangerous.** Each process goes by a cache of its own. What is lost: an authenticator that was used at one
    /// process while Redis was away can be used again **at every other process** that has the same key, once each, as
    /// long as its time is acceptable, also after Redis has come back; and so can those that were accepted before Redis
    /// lost its entries. Whoever can record tokens and keep the servers from reaching Redis can bring this about.
    ///
    /// A process that is restarted has forgotten what it accepted by itself.
    DangerLocalCache {
        /// Entries that there is room for, see [`MemoryReplayCache::with_capacity`].
        capacity: usize,
    },
}

/// Why an authenticator is refused, in more detail than a [`ReplayError`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It was presented before.
    Replayed,
    /// It may have been presented before Redis lost its entries.
    Lost {
        /// By how much it is too early: it is accepted if made later by more than that.
        earlier_by: Duration,
    },
    /// It is of a time whose entries have expired in Redis: a clock was set, or clocks differ too much.
    Expired {
        /// For how long they may have.
        since: Duration,
    },
    /// The cache of this process refuses it, see [`WhenAway::DangerLocalCache`].
    Local(ReplayError),
    /// Redis could not be asked.
    Away(Error),
}

impl RedisReplayCache {
    /// A cache on this server, for acceptors that allow clocks to differ by 300 s.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let skew = Duration::from_secs(300);
        let margin = Duration::from_secs(60);
        Self { redis, skew, client_lead: skew, margin, local: None }
    }

    /// The clock skew that the acceptors allow, which has to be the same for all. Sets
    /// [`client_lead`](Self::client_lead) to it as well. Default: 300 s.
    #[must_use]
    pub fn skew(self, skew: Duration) -> Self {
        Self { skew, client_lead: skew, ..self }
    }

    /// How far the clocks of clients are ahead of the acceptors' at most, as far as you know. Default, and safe without
    /// knowing anything: the skew.
    ///
    /// With less than that, logins begin earlier after Redis lost its entries; tokens of clients that are further ahead
    /// can then be used again, those that were recorded within the skew before.
    #[must_use]
    pub fn client_lead(self, client_lead: Duration) -> Self {
        Self { client_lead, ..self }
    }

    /// By how much clocks of acceptors may differ and the server's clock may leap without that authenticators are
    /// refused. Entries are kept for so much longer. Default: 60 s.
    #[must_use]
    pub fn margin(self, margin: Duration) -> Self {
        Self { margin, ..self }
    }

    /// What to do while Redis cannot be asked. Default: refuse.
    #[must_use]
    pub fn when_away(self, when_away: WhenAway) -> Self {
        let local = match when_away {
            WhenAway::Refuse => None,
            WhenAway::DangerLocalCache { capacity } => Some(MemoryReplayCache::with_capacity(capacity)),
        };
        Self { local, ..self }
    }

    /// What [`ReplayCache::check_and_insert`] does, with more to tell where it refuses.
    ///
    /// # Errors
    /// [`Refusal`]. The authenticator must be refused in every case.
    pub fn check(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, Refusal> {
        let Some(local) = &self.local else { return self.ask(entry, now) };
        // Always, so that what was accepted while Redis was away is known to this process afterwards.
        let locally = local.check_and_insert(entry, now).map_err(Refusal::Local)?;
        match self.ask(entry, now) {
            Err(refusal @ (Refusal::Away(_) | Refusal::Lost { .. })) => {
                warn!(
                    address = self.redis.address(),
                    refusal = chain(&refusal),
                    "accepted an authenticator that other processes may have accepted"
                );
                Ok(locally)
            }
            outcome => outcome,
        }
    }

    fn ask(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, Refusal> {
        let keys = [self.own_key(), self.redis.key("replay:", &hex(entry.digest()))];
        let horizon = [self.skew, self.client_lead, self.margin].into_iter().map(span);
        let horizon = horizon.fold(millis(now), i64::saturating_add);
        let arguments = [millis(now), millis(entry.keep_until()), span(self.margin), horizon];
        let answer = self.redis.run::<(i64, i64, i64)>(&CHECK, Demand::KeepsEntries, move |script| {
            script.key(&keys).arg(&arguments);
        });
        let (outcome, millis, event) = answer.map_err(Refusal::Away)?;
        self.say(event);
        let time = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        match outcome {
            1 => Ok(NotReplayed::assertion()),
            0 => Err(Refusal::Replayed),
            -1 => Err(Refusal::Lost { earlier_by: time }),
            -2 => Err(Refusal::Expired { since: time }),
            _ => Err(Refusal::Away(Error::Answer)),
        }
    }

    /// What the cache knows about itself.
    fn own_key(&self) -> String {
        self.redis.key("replay", "")
    }

    fn say(&self, event: i64) {
        let why = match event {
            0 => return,
            1 => "it has none",
            _ => "it was restarted",
        };
        let seconds = self.client_lead.saturating_add(self.margin).as_secs();
        warn!(
            address = self.redis.address(),
            why, seconds, "Redis may have lost replay entries; earlier authenticators are refused"
        );
    }
}

/// What makes a protection weaker. The name at the place of use says so.
pub mod danger {
    use super::{Demand, Error, FIRST_USE, RedisReplayCache, Timestamp, millis};

    /// States that **no authenticator was accepted** that could still be presented, as when a service is set up. So
    /// logins begin at once, and not after the time that follows the loss of entries.
    ///
    /// Does nothing where the cache has begun already; tells whether it did something. Not for each start of a program:
    /// after Redis has lost its entries that would let recorded tokens in again.
    ///
    /// # Errors
    /// [`Error`].
    pub fn declare_first_use(cache: &RedisReplayCache, now: Timestamp) -> Result<bool, Error> {
        let (key, now) = (cache.own_key(), millis(now));
        cache.redis.run(&FIRST_USE, Demand::KeepsEntries, move |script| {
            script.key(key).arg(now);
        })
    }
}

impl ReplayCache for RedisReplayCache {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Timestamp) -> Result<NotReplayed, ReplayError> {
        self.check(entry, now).map_err(|refusal| {
            match &refusal {
                Refusal::Replayed => {
                    warn!(address = self.redis.address(), "refused a replayed authenticator");
                }
                other => {
                    error!(
                        address = self.redis.address(),
                        refusal = chain(other),
                        "refused an authenticator"
                    );
                }
            }
            refusal.into()
        })
    }
}

impl From<Refusal> for ReplayError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Replayed => Self::Replayed,
            Refusal::Lost { .. } | Refusal::Expired { .. } => Self::Forgotten,
            Refusal::Local(error) => error,
            Refusal::Away(_) => Self::Unavailable,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("authenticator was presented before"),
            Self::Lost { earlier_by } => write!(
                f,
                "authenticator may have been presented before Redis lost its entries; those made more \
                 than {} ms later are accepted",
                earlier_by.as_millis()
            ),
            Self::Expired { since } => write!(
                f,
                "authenticator is of a time that expired in Redis {} ms ago; was a clock set, or do the servers' clocks \
                 differ?",
                since.as_millis()
            ),
            Self::Local(error) => error.fmt(f),
            Self::Away(_) => f.write_str("replay cache could not be asked"),
        }
    }
}

impl core::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Away(error) => Some(error),
            _ => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
