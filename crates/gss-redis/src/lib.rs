//! Replay cache and context store on Redis, for services on several machines.
//!
//! Servers behind a balancer share what they must not decide alone: which authenticators were presented
//! ([`RedisReplayCache`], a [`ReplayCache`](gss_krb5::replay::ReplayCache) of gss-krb5), and the contexts of the HTTP
//! scheme `GSS` ([`RedisContextStore`], a [`ContextStore`](gss_http::gss::ContextStore) of gss-http).
//!
//! ```no_run
//! use gss_krb5::{AcceptorConfig, ServiceKeys};
//! use gss_redis::{Redis, RedisContextStore, RedisReplayCache, SealingKey};
//! # fn example(keys: ServiceKeys) -> Result<(), Box<dyn std::error::Error>> {
//!
//! let redis = Redis::builder("redis+unix:///run/redis/redis.sock").key_prefix("www:").build()?;
//! redis.server()?; // says now what would be said at the first login
//! let config = AcceptorConfig::new(keys, RedisReplayCache::new(redis.clone()));
//! let key = SealingKey::new(&std::fs::read("/etc/www/sealing.key")?)?;
//! let contexts = RedisContextStore::new(redis, &key);
//! # Ok(())
//! # }
//! ```
//!
//! # What Redis has to be
//!
//! * Redis 5 or later, or a server that is the same in these respects: Lua scripts, `INFO`.
//! * It must drop nothing to make room: `maxmemory-policy noeviction`, or no `maxmemory`. The replay cache looks, and
//!   refuses to work with others ([`Unfit`]). A setting that is changed later is seen with the next connection
//!   only: until then authenticators that the server has dropped can be replayed, and nobody notices. Restart what uses
//!   the cache after such a change.
//! * One to trust, and reached by a way to trust: whoever writes to it can undo the detection of replays, and there is
//!   no TLS here. A socket of the system, a network of its own, or a tunnel.
//! * Enough for its user: `~gss:* +evalsha +script|load +info +ping +hget +hset +hmget +set +get +del +exists +decrby
//!   +pexpire +pttl +zadd +zrem +zcard +zrange +time`, and `+client|setinfo` (Redis 7.2) to be known by name.
//!
//! It need not write anything to disk: what a restart forgets is known to be forgotten, and refused. The price is that
//! replay caches let nobody in for some minutes then; see [`RedisReplayCache`] for what shortens that.
//!
//! # While it is away
//!
//! Every call fails within connect and response time-out, and what was to be decided is refused. The replay cache has
//! a dangerous alternative ([`WhenAway`]); the store of contexts has none.
//!
//! # Speed
//!
//! On two busy cores that Redis shared by a socket, a replay cache decided 6,000 to 11,000 times a second for one
//! thread, which waits for each answer, and 35,000 times for sixteen (example `throughput`).

#![forbid(unsafe_code)]

extern crate alloc;

mod contexts;
mod error;
mod handle;
mod link;
mod replay;
mod seal;
mod server;
mod time;

pub use contexts::RedisContextStore;
pub use error::{Error, Unfit};
pub use gss_http::gss::ContextLimits;
pub use handle::{Redis, RedisBuilder};
pub use replay::{RedisReplayCache, Refusal, WhenAway, danger};
pub use seal::SealingKey;
pub use server::{Eviction, Server};
