//! The store of contexts.

use crate::handle::Demand;
use crate::seal::{Kind, Seals};
use crate::time::millis;
use crate::{Error, Redis, SealingKey};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::Timestamp;
use gss_http::gss::{
    ContextId, ContextLimits, ContextStore, NONCE_WINDOW, Nonce, NonceError, NonceFresh, StoreUnavailable,
};
use redis::Script;
use std::sync::LazyLock;
use tracing::warn;
use zeroize::Zeroizing;

static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("contexts/keep.lua")));
static GET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("contexts/get.lua")));
static USE_NONCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("contexts/use_nonce.lua")));
static REMOVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("contexts/remove.lua")));

/// A store of contexts that any number of servers share.
///
/// Transcripts are secret, and are sealed before they leave the process: aes256-cts-hmac-sha384-192 (RFC 8009) with a
/// [`SealingKey`] that the servers share, together with their id, kind and end. Redis sees ids, sizes, ends and counts.
/// A record that does not open is treated as if it was not there.
///
/// Contexts are of one run of the server: those from before a restart or a failover are not used any more, for nonces
/// that were used shortly before might not be known. Their clients log in again. While Redis is away every call fails,
/// and the requests are refused.
///
/// Whoever can write to the server can have the nonces of a context forgotten, so that recorded requests pass once
/// more, and can remove contexts. Making one, or reading its keys, takes the sealing key.
pub struct RedisContextStore {
    redis: Redis,
    seals: Seals,
    limits: ContextLimits,
}

impl RedisContextStore {
    /// A store on this server, whose records are sealed with this key.
    #[must_use]
    pub fn new(redis: Redis, key: &SealingKey) -> Self {
        Self { redis, seals: Seals::new(key), limits: ContextLimits::default() }
    }

    /// Opens records that were sealed with this key as well. To change the key without losing contexts: first let all
    /// servers open with the new one, then seal with it and open with the old one, then forget the old one.
    #[must_use]
    pub fn open_with(mut self, key: &SealingKey) -> Self {
        self.seals.add_old(key);
        self
    }

    /// What the store holds at most, for all servers together, which should say the same. A context takes the bytes of
    /// its transcript and about 1,100 more; the bytes counted here are those of transcripts, each with 76 of its seal.
    #[must_use]
    pub fn limits(self, limits: ContextLimits) -> Self {
        Self { limits, ..self }
    }

    fn keep(
        &self,
        kind: Kind,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let left = millis(expires).saturating_sub(millis(now));
        if left <= 0 {
            return Ok(());
        }
        let (most, most_bytes) = match kind {
            Kind::Partial => (self.limits.partial, self.limits.partial_bytes),
            Kind::Established => (self.limits.established, self.limits.established_bytes),
        };
        let keys = self.keys(kind, id);
        let sealed = self.seals.seal(kind, id, expires, transcript);
        let (id, records) = (*id, self.redis.key(names(kind).0, ""));
        let kept = self.redis.run::<bool>(&KEEP, Demand::Nothing, move |script| {
            script.key(&keys).arg(id.as_str()).arg(sealed).arg(millis(expires)).arg(left);
            script.arg(most).arg(most_bytes).arg(records);
        })?;
        if kept { Ok(()) } else { Err(Error::NoRoom { bytes: transcript.len() }) }
    }

    fn get(
        &self,
        kind: Kind,
        id: &ContextId,
        now: Timestamp,
        take: bool,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let (keys, wanted) = (self.keys(kind, id), *id);
        let found = self.redis.run::<Option<Vec<u8>>>(&GET, Demand::Nothing, move |script| {
            script.key(&keys).arg(wanted.as_str()).arg(millis(now)).arg(u8::from(take));
        })?;
        let Some(sealed) = found else { return Ok(None) };
        match self.seals.open(kind, id, &sealed, now) {
            Ok(transcript) => Ok(Some(transcript)),
            Err(not) => {
                let (address, reason) = (self.redis.address(), not.reason());
                warn!(address, context = ?id, ?kind, reason, "passed over a context in Redis");
                Ok(None)
            }
        }
    }

    /// The context, all of its kind by their ends, and their bytes.
    fn keys(&self, kind: Kind, id: &ContextId) -> [String; 3] {
        let (record, ends, bytes) = names(kind);
        [self.redis.key(record, id.as_str()), self.redis.key(ends, ""), self.redis.key(bytes, "")]
    }
}

fn names(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Partial => ("partial:", "partial-ends", "partial-bytes"),
        Kind::Established => ("established:", "established-ends", "established-bytes"),
    }
}

impl ContextStore for RedisContextStore {
    fn park(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.keep(Kind::Partial, id, transcript, expires, now).map_err(StoreUnavailable::new)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.get(Kind::Partial, id, now, true).map_err(StoreUnavailable::new)
    }

    fn establish(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.keep(Kind::Established, id, transcript, expires, now).map_err(StoreUnavailable::new)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.get(Kind::Established, id, now, false).map_err(StoreUnavailable::new)
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        let [record, ..] = self.keys(Kind::Established, id);
        let answer = self.redis.run::<i64>(&USE_NONCE, Demand::Nothing, move |script| {
            script.key(record).arg(nonce.get()).arg(millis(now)).arg(NONCE_WINDOW);
        });
        match answer.map_err(StoreUnavailable::new)? {
            1 => Ok(NonceFresh::assertion()),
            0 => Err(NonceError::Replayed),
            -1 => Err(NonceError::UnknownContext),
            _ => Err(StoreUnavailable::new(Error::Answer).into()),
        }
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        let (keys, id) = (self.keys(Kind::Established, id), *id);
        let removed = self.redis.run::<bool>(&REMOVE, Demand::Nothing, move |script| {
            script.key(&keys).arg(id.as_str());
        });
        removed.map(drop).map_err(StoreUnavailable::new)
    }
}

impl fmt::Debug for RedisContextStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisContextStore")
            .field("redis", &self.redis)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
