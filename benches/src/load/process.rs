//! What servers and client run on, and what a server uses of it.

use anyhow::{Context as _, Result, bail};
use core::time::Duration;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs;

/// One core for the servers, another one for the client. On a machine with one core they share it.
///
/// Programs inherit the cores of the thread that starts them. The thread that made this has all its cores back when it
/// is dropped.
pub(crate) struct Cores {
    all: CpuSet,
    server: CpuSet,
    client: CpuSet,
    pub(crate) apart: bool,
}

impl Cores {
    /// Puts this thread on the client's core.
    pub(crate) fn take() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let first = usable.next().context("no core to run on")?;
        let second = usable.next();
        let cores =
            Self { all, server: only(first), client: only(second.unwrap_or(first)), apart: second.is_some() };
        sched_setaffinity(None, &cores.client)?;
        Ok(cores)
    }

    /// Starts a server on its core.
    pub(crate) fn start<R>(&self, start: impl FnOnce() -> Result<R>) -> Result<R> {
        sched_setaffinity(None, &self.server)?;
        let started = start();
        sched_setaffinity(None, &self.client)?;
        started
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        let _ = sched_setaffinity(None, &self.all);
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

/// A server's process, and those that it has started.
pub(crate) struct Family(Vec<u32>);

impl Family {
    /// The process and its children, as they are now.
    pub(crate) fn of(parent: u32) -> Result<Self> {
        let mut members = vec![parent];
        for entry in fs::read_dir("/proc")? {
            let Ok(id) = entry?.file_name().to_string_lossy().parse() else { continue };
            // A process may end while the list is read.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            if parent_in(&stat) == Some(parent) {
                members.push(id);
            }
        }
        Ok(Self(members))
    }

    /// CPU time that their threads have used so far, in user mode and in the kernel.
    ///
    /// # Errors
    /// One of the processes has ended, or the kernel keeps no count.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for id in &self.0 {
            let threads = fs::read_dir(format!("/proc/{id}/task"));
            for thread in threads.with_context(|| format!("a server's process {id} is gone"))? {
                let path = thread?.path().join("schedstat");
                let counted = fs::read_to_string(&path);
                let counted = counted.with_context(|| format!("no CPU time in {}", path.display()))?;
                let used = counted.split(' ').next().unwrap_or_default();
                nanoseconds += used.parse::<u64>().context("CPU time is no number")?;
            }
        }
        if nanoseconds == 0 {
            bail!("this kernel counts no CPU time (CONFIG_SCHED_INFO)");
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// Who started the process of this `/proc/PID/stat`. Its name, in brackets, may contain anything.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_found_behind_any_name() {
        assert_eq!(parent_in("12 (a) b (c)) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12"), None);
    }

    #[test]
    fn work_takes_cpu_time() {
        let own = Family::of(std::process::id()).unwrap();
        let before = own.cpu_time().unwrap();
        let mut sum = 0_u64;
        while own.cpu_time().unwrap() < before + Duration::from_millis(2) {
            sum = core::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }
}
