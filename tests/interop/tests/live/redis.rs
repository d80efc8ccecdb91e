//! Replay cache and contexts on Redis.
//!
//! Times are arguments, so days pass in no time; what waits for the server's own clock waits until it sees it act.

mod contexts;
mod outages;
mod replay;

use core::time::Duration;

use anyhow::Result;
use gss_core::Timestamp;
use gss_krb5::replay::ReplayEntry;
use gss_redis::{Redis, RedisReplayCache, danger};
use interop::redis::Server;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// A connection of its own, as each process has one.
fn connect(server: &Server<'_>) -> Result<Redis> {
    Ok(Redis::builder(&server.url()).build()?)
}

fn cache(server: &Server<'_>) -> Result<RedisReplayCache> {
    Ok(RedisReplayCache::new(connect(server)?))
}

/// A cache of a service that has just been set up.
fn first_cache(server: &Server<'_>) -> Result<RedisReplayCache> {
    let cache = cache(server)?;
    danger::declare_first_use(&cache, NOW)?;
    Ok(cache)
}

fn after(seconds: i64) -> Timestamp {
    NOW.saturating_add_seconds(seconds)
}

/// An authenticator that was made at this time, `number` apart from others.
fn entry(number: u64, made: Timestamp) -> ReplayEntry {
    ReplayEntry::new((u128::from(number) + 1).to_be_bytes(), made, 300)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
