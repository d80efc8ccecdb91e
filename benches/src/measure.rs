//! Taking turns, and what comes out.

use anyhow::Result;
use core::ops::AddAssign;
use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use test_support::heap;

/// Does something so many times, and says what that cost without the preparations.
pub(crate) type Run<'a> = Box<dyn FnMut(u64) -> Result<Cost> + 'a>;

/// What some work cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// CPU time, in user mode and in the kernel. On an idle machine that is all the time that passed; on a busy
    /// one it leaves out when others had the CPU. Nothing that is measured here waits for anything.
    pub(crate) elapsed: Duration,
    /// Requests to the heap; not known of other processes.
    pub(crate) requests: u64,
}

impl Cost {
    /// The cost of `work`, if it succeeds.
    pub(crate) fn of(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let requests = heap::requests();
        let start = cpu_time();
        work()?;
        let elapsed = cpu_time().saturating_sub(start);
        Ok(Self { elapsed, requests: heap::requests() - requests })
    }
}

/// CPU time that this thread has used so far.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.elapsed += more.elapsed;
        self.requests += more.requests;
    }
}

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Turns of each side.
    pub(crate) rounds: usize,
    /// What a turn should take.
    pub(crate) slice: Duration,
}

/// What one side needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// Nanoseconds for one operation, turn by turn.
    pub(crate) nanoseconds: Vec<f64>,
    /// Operations in a turn.
    pub(crate) count: u64,
    /// Requests to the heap for one operation, in the last turn.
    pub(crate) requests: f64,
}

impl Samples {
    /// No turn so far.
    pub(crate) const fn new() -> Self {
        Self { nanoseconds: Vec::new(), count: 0, requests: 0.0 }
    }

    /// Notes a turn of so many operations.
    pub(crate) fn note(&mut self, count: u64, cost: Cost) {
        self.count = count;
        self.nanoseconds.push(cost.elapsed.as_secs_f64() * 1e9 / count as f64);
        self.requests = cost.requests as f64 / count as f64;
    }

    pub(crate) fn median(&self) -> f64 {
        self.spread().median
    }

    /// Nanoseconds for one operation.
    pub(crate) fn spread(&self) -> Spread {
        spread(&self.nanoseconds)
    }

    /// How many times as long as `other` this took, turn by turn.
    pub(crate) fn ratio_to(&self, other: &Self) -> Spread {
        let ratios: Vec<_> =
            self.nanoseconds.iter().zip(&other.nanoseconds).map(|(own, other)| own / other).collect();
        spread(&ratios)
    }
}

/// Least, middle and greatest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

fn spread(numbers: &[f64]) -> Spread {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let half = sorted.len() / 2;
    let median = if sorted.len().is_multiple_of(2) {
        f64::midpoint(at(half.saturating_sub(1)), at(half))
    } else {
        at(half)
    };
    Spread { min: at(0), median, max: at(sorted.len().saturating_sub(1)) }
}

/// Lets the sides take turns: one turn of each, and again.
pub(crate) fn take_turns(sides: &mut [Run<'_>], plan: Plan) -> Result<Vec<Samples>> {
    let mut samples = Vec::new();
    for side in &mut *sides {
        samples.push(Samples { count: calibrate(side, plan.slice)?, ..Samples::default() });
    }
    for _ in 0..plan.rounds {
        for (side, samples) in sides.iter_mut().zip(&mut samples) {
            let count = samples.count;
            samples.note(count, side(count)?);
        }
    }
    Ok(samples)
}

/// How often fits into a slice. Warms caches up on the way.
pub(crate) fn calibrate(side: &mut Run<'_>, slice: Duration) -> Result<u64> {
    let mut count = 1;
    loop {
        let elapsed = side(count)?.elapsed;
        if elapsed * 4 >= slice || count >= 1 << 24 {
            let fitting = slice.as_secs_f64() / elapsed.as_secs_f64().max(1e-9) * count as f64;
            return Ok((fitting as u64).max(1));
        }
        count *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_pairs() {
        let samples =
            |nanoseconds: &[f64]| Samples { nanoseconds: nanoseconds.to_vec(), ..Samples::default() };
        // The middle of the ratios, not the ratio of the middles.
        let ratio = samples(&[8.0, 30.0, 20.0]).ratio_to(&samples(&[2.0, 3.0, 10.0]));
        assert_eq!(ratio, Spread { min: 2.0, median: 4.0, max: 10.0 });
        assert_eq!(spread(&[1.0, 2.0, 4.0, 9.0]).median, 3.0);
    }

    #[test]
    fn sides_take_turns_of_calibrated_length() {
        let log = core::cell::RefCell::new(Vec::new());
        let side = |name: char, each: u64| -> Run<'_> {
            let log = &log;
            Box::new(move |count| {
                log.borrow_mut().push(name);
                Ok(Cost { elapsed: Duration::from_nanos(each * count), requests: 3 * count })
            })
        };
        let plan = Plan { rounds: 2, slice: Duration::from_nanos(1000) };
        let samples = take_turns(&mut [side('a', 10), side('b', 500)], plan).unwrap();
        assert_eq!((samples[0].count, samples[1].count), (100, 2));
        assert_eq!((samples[0].median(), samples[1].median()), (10.0, 500.0));
        assert_eq!(samples[0].requests, 3.0);
        assert!(log.borrow().ends_with(&['a', 'b', 'a', 'b']));
    }
}
