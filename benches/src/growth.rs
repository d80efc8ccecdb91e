//! What costs do when keytabs and replay caches grow.

use crate::driver::{hex, looped};
use crate::measure::{Run, take_turns};
use crate::mit::Program;
use crate::options::Options;
use crate::ours::{self, Framing as _, Spnego};
use crate::report;
use crate::world::World;
use anyhow::Result;
use gss_core::Timestamp;
use gss_krb5::replay::danger::NoReplayCache;
use gss_krb5::replay::{MemoryReplayCache, ReplayCache as _, ReplayEntry};
use krb5_crypto::EncType;

const KEYTABS: [usize; 3] = [1, 100, 10_000];
const REPLAY_ENTRIES: [u64; 3] = [0, 10_000, 1_000_000];
/// Room for the greatest of them and for what is accepted on top.
const REPLAY_CAPACITY: usize = 1 << 21;

pub(crate) fn run(options: &Options, program: &Program) -> Result<()> {
    let world = World::new(EncType::AES256_CTS_HMAC_SHA1_96)?;
    if options.wants("keytab size") {
        keytabs(options, program, &world)?;
    }
    if options.wants("replay cache size") {
        replay_caches(options, &world)?;
    }
    Ok(())
}

/// The key in use is in the middle of the keytab, for MIT searches files from the front and memory from the back; MIT's side reads a file, and a copy in memory.
fn keytabs(options: &Options, program: &Program, world: &World) -> Result<()> {
    eprintln!("  keytab size");
    let krb5_conf = world.krb5_conf()?;
    let tokens = ours::tokens::<Spnego>(world, 64)?;
    let list: Vec<_> = tokens.iter().map(|token| hex(token)).collect();
    let configs = KEYTABS.map(|entries| world.acceptor(entries, NoReplayCache));
    let mut drivers = Vec::new();
    for in_memory in [false, true] {
        for entries in KEYTABS {
            let (driver, keytab) = (program.start(&krb5_conf)?, world.keytab(entries)?);
            driver.borrow_mut().ask(&format!("copy-keytab {keytab}"))?;
            let place = if in_memory { "MEMORY:bench" } else { &keytab };
            driver.borrow_mut().ask(&format!("acceptor {} {place}", Spnego::NAME))?;
            driver.borrow_mut().ask(&format!("tokens {}", list.join(",")))?;
            drivers.push(driver);
        }
    }
    let ours = configs.iter().map(|config| ours::accept::<Spnego>(config, &tokens));
    let mit = drivers.iter().map(|driver| looped(driver, "accept"));
    let mut sides: Vec<Run<'_>> = ours.chain(mit).collect();
    let samples = take_turns(&mut sides, options.plan())?;
    let shown = KEYTABS.map(|entries| entries.to_string());
    report::print_growth(
        "spnego accept, aes256-sha1, by keytab entries (the key in use is in the middle)",
        &shown,
        &["ours", "MIT, keytab in a file", "MIT, keytab in memory"],
        &samples,
    );
    Ok(())
}

fn replay_caches(options: &Options, world: &World) -> Result<()> {
    eprintln!("  replay cache size");
    let mut configs = Vec::new();
    for entries in REPLAY_ENTRIES {
        let cache = MemoryReplayCache::with_capacity(REPLAY_CAPACITY);
        let now = Timestamp::now();
        for index in 0..entries {
            let mut digest = [0; ReplayEntry::DIGEST_LEN];
            let (number, _) = digest.split_at_mut(8);
            number.copy_from_slice(&index.to_le_bytes());
            // As if they had come in evenly over the last minutes; none expires while the clock runs.
            let time = now.saturating_add_seconds(200 + (index % 100) as i64);
            let _ = cache.check_and_insert(&ReplayEntry::with_keep_until(digest, time), now)?;
        }
        configs.push(world.acceptor(1, cache));
    }
    let mut sides: Vec<_> =
        configs.iter().map(|config| ours::accept_fresh::<Spnego>(config, world)).collect();
    let samples = take_turns(&mut sides, options.plan())?;
    let shown = REPLAY_ENTRIES.map(|entries| entries.to_string());
    report::print_growth("spnego accept, aes256-sha1, by replay cache entries", &shown, &["ours"], &samples);
    Ok(())
}
