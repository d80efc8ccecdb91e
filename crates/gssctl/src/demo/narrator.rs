//! Tells what happens, step by step, and how long it took.

use crate::inspect::Inspector;
use crate::inspect::tree::Printable;
use crate::random;
use anyhow::{Result, anyhow};
use core::cell::{Cell, RefCell};
use core::fmt;
use core::time::Duration;
use gss::{Diagnose, Env, Timestamp};
use krb5_client::{Exchange, Progress};
use krb5_net::Network;
use std::io::{self, Write as _};
use std::time::Instant;

/// Tells what happens on standard output.
pub(super) struct Narrator {
    inspector: Inspector,
    verbose: bool,
    /// How long the steps took that are over.
    steps: RefCell<Vec<Duration>>,
    /// When the step began that is not; `None` before the first one.
    began: Cell<Option<Instant>>,
}

/// How deep messages are shown: what they are, or what they hold.
const DEPTH: usize = 4;

impl Narrator {
    pub(super) fn new(inspector: Inspector, verbose: bool) -> Self {
        Self { inspector, verbose, steps: RefCell::default(), began: Cell::default() }
    }

    /// A new step begins.
    pub(super) fn step(&self, title: &str) {
        self.end_of_step();
        print(format_args!("\n{}. {}", self.steps.borrow().len() + 1, Printable(title)));
        self.began.set(Some(Instant::now()));
    }

    /// A line about the step.
    pub(super) fn tell(&self, text: &str) {
        text.lines().for_each(|line| print(format_args!("   {}", Printable(line))));
    }

    /// A line of an HTTP exchange. Of tokens the outermost layer is enough, unless all is to be shown.
    pub(super) fn hear(&self, line: &str) {
        let inside = |mark: &&str| line.get(2..).is_some_and(|rest| rest.starts_with(*mark));
        let deep = (line.starts_with("> ") || line.starts_with("< ")) && ["   ", "│"].iter().any(inside);
        if self.verbose || !deep {
            self.tell(line);
        }
    }

    /// Drives an exchange and tells of its messages.
    pub(super) fn ask<X: Exchange>(
        &self,
        network: &Network,
        begin: impl FnOnce(&mut Env<'_>) -> Result<X, X::Error>,
    ) -> Result<X::Outcome>
    where
        X::Error: Diagnose + Send + Sync + 'static,
    {
        let mut rng = random::system();
        let mut exchange =
            begin(&mut Env::new(Timestamp::now(), &mut rng)).map_err(|error| anyhow!(error))?;
        let network = network.blocking();
        loop {
            self.message("->", &exchange.request().message, None);
            let asked = Instant::now();
            let reply = network.exchange(exchange.request())?;
            self.message("<-", &reply, Some(asked.elapsed()));
            let received = exchange.receive(&reply, &mut Env::new(Timestamp::now(), &mut rng));
            match received.map_err(|error| anyhow!(error))? {
                Progress::Ask(next) => exchange = next,
                Progress::Done(outcome) => return Ok(outcome),
            }
        }
    }

    fn message(&self, direction: &str, bytes: &[u8], took: Option<Duration>) {
        let outline = self.inspector.inspect(bytes).outline(if self.verbose { DEPTH } else { 0 });
        let mut lines = outline.lines();
        let name = lines.next().unwrap_or_default();
        let took = took.map(|took| format!(", after {}", Milliseconds(took))).unwrap_or_default();
        print(format_args!("   {direction} {name}, {} bytes{took}", bytes.len()));
        lines.for_each(|line| print(format_args!("      {line}")));
    }

    /// Says how long each step took, and all of them.
    pub(super) fn sum_up(&self) {
        self.end_of_step();
        let steps = self.steps.borrow();
        let [initial, further, page, ..] = steps[..] else { return };
        print(format_args!(
            "\nticket-granting ticket {}, service ticket {}, page {}; all together {}",
            Milliseconds(initial),
            Milliseconds(further),
            Milliseconds(page),
            Milliseconds(initial + further + page)
        ));
    }

    fn end_of_step(&self) {
        self.steps.borrow_mut().extend(self.began.take().map(|began| began.elapsed()));
    }
}

/// Prints a line. Nobody may be listening any more.
fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A short time, as people read it.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1000.0)
    }
}
