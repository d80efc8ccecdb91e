//! Fuzz smoke: every target builds and survives a few seconds that start from its seeds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;

use anyhow::{Context as _, bail, ensure};

use crate::command::Cmd;
use crate::workspace::Workspace;
use crate::{policy, tools};

/// Builds the targets of `fuzz/` and runs each for `seconds`, as many at a time as there are cores.
pub(crate) fn smoke(workspace: &Workspace, seconds: u64) -> anyhow::Result<()> {
    tools::toolchain(workspace, policy::FUZZ_TOOLCHAIN)?;
    tools::cargo_tool(workspace, "cargo-fuzz")?;
    let folder = workspace.root.join("fuzz");
    let targets: Vec<String> =
        Workspace::at(&folder)?.packages.into_iter().flat_map(|package| package.binaries).collect();
    check_seeds(&folder, &targets)?;

    let build = workspace.target.join("fuzz");
    let host = host(workspace)?;
    Cmd::new(workspace, &format!("cargo +{} fuzz build --debug-assertions", policy::FUZZ_TOOLCHAIN))
        .arg("--target")
        .arg(&host)
        .arg("--target-dir")
        .arg(build.to_string_lossy())
        .run()?;

    let binaries = build.join(host).join("release");
    let mut failed = Vec::new();
    for batch in targets.chunks(thread::available_parallelism().map_or(1, usize::from)) {
        let runs: Vec<_> = batch
            .iter()
            .map(|target| Run::start(workspace, &folder, &binaries, target, seconds))
            .collect::<anyhow::Result<_>>()?;
        for run in runs {
            failed.extend(run.finish()?);
        }
    }
    ensure!(failed.is_empty(), "fuzz targets failed: {}", failed.join(", "));
    Ok(())
}

/// A target that started from nothing would pass without having reached any code worth the name.
fn check_seeds(folder: &Path, targets: &[String]) -> anyhow::Result<()> {
    ensure!(!targets.is_empty(), "fuzz/Cargo.toml lists no target");
    for target in targets {
        let seeds = folder.join("seeds").join(target);
        let any =
            fs::read_dir(&seeds).is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_file()));
        ensure!(any, "no seed in fuzz/seeds/{target}");
    }
    for entry in fs::read_dir(folder.join("seeds"))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        ensure!(targets.contains(&name), "fuzz/seeds/{name} belongs to no target in fuzz/Cargo.toml");
    }
    Ok(())
}

/// One target under way, its output in a log file.
struct Run {
    target: String,
    child: Child,
    log: PathBuf,
}

impl Run {
    fn start(
        w: &Workspace,
        folder: &Path,
        binaries: &Path,
        target: &str,
        seconds: u64,
    ) -> anyhow::Result<Self> {
        // libFuzzer writes what it finds to the first folder, so the seeds stay as committed.
        let corpus = folder.join("corpus").join(target);
        let artifacts = folder.join("artifacts").join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&artifacts)?;
        let log = artifacts.join("smoke.log");
        let output = File::create(&log)?;
        let child = Cmd::program(w, &binaries.join(target))
            .args([corpus.to_string_lossy(), folder.join("seeds").join(target).to_string_lossy()])
            .arg(format!("-max_total_time={seconds}"))
            // One input may take this many seconds; quadratic parsers show up here.
            .args(["-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .into_inner()
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("cannot start fuzz target {target}"))?;
        Ok(Self { target: target.to_owned(), child, log })
    }

    /// The target's name if it failed.
    fn finish(mut self) -> anyhow::Result<Option<String>> {
        let status = self.child.wait()?;
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        let executed = log
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or(0);
        if status.success() && executed > 0 {
            println!("{}: {executed} inputs", self.target);
            return Ok(None);
        }
        let tail: Vec<_> = log.lines().rev().take(40).collect();
        for line in tail.iter().rev() {
            println!("{line}");
        }
        println!("{}: FAILED ({status}, {executed} inputs)", self.target);
        Ok(Some(self.target))
    }
}

fn host(workspace: &Workspace) -> anyhow::Result<String> {
    let version =
        Cmd::new(workspace, &format!("rustc +{} --version --verbose", policy::FUZZ_TOOLCHAIN)).read()?;
    match version.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => Ok(host.to_owned()),
        None => bail!("rustc names no host"),
    }
}
