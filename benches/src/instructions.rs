//! Instructions of our side, counted by callgrind: exact where a busy machine makes times vague.
//!
//! Valgrind's virtual CPU has AES instructions but no SHA ones, so the counts are those of SHA in software.

use crate::measure::Run;
use crate::options::Options;
use crate::ours::{self, Spnego};
use crate::world::World;
use crate::{again, ntlm, report, tickets};
use anyhow::{Context as _, Result, bail};
use gss_core::{ContextFlags, Protection, Role, Sealer as _};
use gss_krb5::message::{Parameters, halves};
use gss_krb5::replay::danger::NoReplayCache;
use krb5_crypto::EncType;
use rand_core::UnwrapErr;
use std::process::Command;
use test_support::ticket::key;

/// Scenarios, and how often each is run to be counted.
const SCENARIOS: &[(&str, u64)] = &[
    ("spnego accept", 200),
    ("spnego initiate", 200),
    ("seal 64 B", 1000),
    ("seal 16 KiB", 100),
    ("open 64 B", 1000),
    ("open 16 KiB", 100),
    ("MIC of 64 B", 1000),
    ("ntlm initiate", 500),
    ("ntlm accept", 500),
    ("ntlm seal 64 B", 1000),
    ("ntlm seal 16 KiB", 50),
    ("ntlm open 16 KiB", 50),
    ("ntlm MIC of 16 KiB", 50),
    ("tickets, timestamp at once", 100),
    ("tickets, timestamp at once, aes256-sha384", 100),
    ("tickets, timestamp when asked", 100),
    ("tickets, SPAKE when asked", 50),
    ("gss MIC", 500),
    ("gss login", 200),
];

const ENCTYPE: EncType = EncType::AES256_CTS_HMAC_SHA1_96;

/// Prints the instructions that one operation takes: the difference between running it n and 2n times, by n.
pub(crate) fn count(options: &Options) -> Result<()> {
    let mut lines = vec![vec!["scenario, aes256-sha1 unless named".to_owned(), "instructions".to_owned()]];
    for &(name, count) in SCENARIOS.iter().filter(|(name, _)| options.wants(name)) {
        let (once, twice) = (callgrind(name, count)?, callgrind(name, 2 * count)?);
        lines.push(vec![name.to_owned(), (twice.saturating_sub(once) / count).to_string()]);
    }
    println!("{}", report::table(&lines));
    Ok(())
}

fn callgrind(name: &str, count: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--scenario", name, &count.to_string()])
        .output()
        .context("cannot start valgrind; on Debian and Ubuntu: apt-get install -y valgrind")?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{name} under callgrind failed ({}):\n{messages}", output.status);
    }
    let collected = messages.lines().find_map(|line| line.split("Collected : ").nth(1));
    collected.context("callgrind gave no count")?.trim().parse().context("callgrind's count is no number")
}

/// What callgrind watches. MIT's side has no part in it.
pub(crate) fn run_scenario(name: &str, count: u64) -> Result<()> {
    if let Some(name) = name.strip_prefix("ntlm ") {
        return ntlm::run_scenario(name, count);
    }
    if let Some(name) = name.strip_prefix("tickets, ") {
        return tickets::run_scenario(name, count);
    }
    if let Some(name) = name.strip_prefix("gss ") {
        return again::run_scenario(name, count);
    }
    let world = World::new(ENCTYPE)?;
    let config = world.acceptor(1, NoReplayCache);
    let tokens = ours::tokens::<Spnego>(&world, 8)?;
    let key = key(ENCTYPE, 79);
    let ends = |role| {
        halves(&Parameters {
            role,
            key: &key,
            acceptor_subkey: true,
            send_sequence: 0,
            receive_sequence: 0,
            flags: ContextFlags::INTEGRITY,
        })
    };
    let ((mut sealer, _), (_, mut opener)) = (ends(Role::Initiator)?, ends(Role::Acceptor)?);
    let message = message(name);
    let mut token = Vec::new();
    sealer.wrap(Protection::Confidentiality, &message, &mut token, &mut UnwrapErr(getrandom::SysRng))?;
    let mut run: Run<'_> = match name.split(' ').next() {
        Some("spnego") if name.ends_with("accept") => ours::accept::<Spnego>(&config, &tokens),
        Some("spnego") => ours::initiate::<Spnego>(&world),
        Some("seal") => ours::seal(&mut sealer, &message),
        Some("open") => ours::open(&mut opener, &token),
        Some("MIC") => ours::mic(&mut sealer, &message),
        _ => bail!("no scenario {name:?}"),
    };
    run(count).map(|_| ())
}

/// A message of the size that the scenario's name says.
pub(crate) fn message(name: &str) -> Vec<u8> {
    vec![0x5a; if name.contains("16 KiB") { 16 << 10 } else { 64 }]
}
