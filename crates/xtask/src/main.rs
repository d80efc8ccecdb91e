//! The project's own commands: `cargo xtask help` lists them, and `cargo xtask ci` is what CI runs.
//!
//! What the commands demand is data and stands in [`policy`]. Tools, targets and packages that a step needs are
//! installed by the step itself ([`tools`]), so every step works on a machine that has just Rust.

extern crate alloc;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

mod checks;
mod ci;
mod command;
mod fuzz;
mod policy;
mod run;
mod tools;
mod workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Every check, the tests on 32 bits, the fuzz smoke run, interop and a short benchmark; stops at the first failure.
    Ci {
        /// Run the remaining steps after a failure.
        #[arg(long)]
        keep_going: bool,
    },
    /// Some checks by name, or all of them.
    Check {
        /// Which checks; all where none is named.
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(checks::ALL.iter().map(|step| step.name)))]
        names: Vec<String>,
        /// Run the remaining checks after a failure.
        #[arg(long)]
        keep_going: bool,
    },
    /// Unit, integration and documentation tests of every crate; those that need other projects' programs are left to `interop`.
    Test,
    /// Builds every fuzz target and runs each on its seeds.
    Fuzz {
        /// How long each target runs.
        #[arg(default_value_t = policy::FUZZ_SECONDS)]
        seconds: u64,
    },
    /// Installs the peers from Debian packages and PyPI, and runs the interop tests.
    Interop,
    /// The benchmarks, ours next to MIT's in the same run.
    Bench,
}

fn main() -> ExitCode {
    match Workspace::open().and_then(|workspace| dispatch(&Cli::parse().task, &workspace)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: &Task, workspace: &Workspace) -> anyhow::Result<()> {
    match task {
        Task::Ci { keep_going } => {
            let steps: Vec<_> = checks::ALL.iter().chain(run::CI).collect();
            ci::run(&steps, workspace, *keep_going)
        }
        Task::Check { names, keep_going } => {
            let named = |step: &&ci::Step| names.is_empty() || names.iter().any(|name| name == step.name);
            let steps: Vec<_> = checks::ALL.iter().filter(named).collect();
            ci::run(&steps, workspace, *keep_going)
        }
        Task::Test => run::test(workspace),
        Task::Fuzz { seconds } => fuzz::smoke(workspace, *seconds),
        Task::Interop => run::interop(workspace),
        Task::Bench => run::bench(workspace),
    }
}
