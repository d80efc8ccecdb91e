//! Decisions of a replay cache in a second: `cargo run --release -p gss-redis --example throughput -- URL`.
//!
//! The server should have nothing else to do. Keys begin with `throughput:` and end by themselves.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use gss_core::Timestamp;
use gss_krb5::replay::{ReplayCache, ReplayEntry};
use gss_redis::{Redis, RedisReplayCache, danger};
use std::thread;
use std::time::Instant;

const TIME: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let url = std::env::args().nth(1).ok_or("which server? redis+unix:///path/of/socket or redis://host")?;
    let redis = Redis::builder(&url).key_prefix("throughput:").build()?;
    let cache = RedisReplayCache::new(redis);
    let now = Timestamp::now();
    danger::declare_first_use(&cache, now)?;
    let mut run = u128::from(now.seconds().unsigned_abs()) << 64;
    for threads in [1_u32, 16] {
        run += 1 << 60;
        let next = AtomicU64::new(0);
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while begun.elapsed() < TIME {
                        let number = run + u128::from(next.fetch_add(1, Ordering::Relaxed));
                        let entry = ReplayEntry::new(number.to_be_bytes(), now, 300);
                        if let Err(error) = cache.check_and_insert(&entry, now) {
                            eprintln!("{error}");
                            return;
                        }
                    }
                });
            }
        });
        let rate = next.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
        println!("{threads:2} threads: {rate:.0} decisions a second");
    }
    Ok(())
}
