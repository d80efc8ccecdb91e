use crate::measure::Plan;
use anyhow::{Context as _, Result, bail};
use core::time::Duration;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    quick: bool,
    /// Count the instructions of our side under callgrind in place of measuring time.
    pub(crate) instructions: bool,
    /// Only cases whose name contains one of these.
    pub(crate) filters: Vec<String>,
    /// Run one scenario of ours so many times and nothing else: what callgrind watches.
    pub(crate) scenario: Option<(String, u64)>,
    /// Be the server of the load test with this keytab, and nothing else.
    pub(crate) serve: Option<Serve>,
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    pub(crate) keytab: PathBuf,
    pub(crate) with_gss: bool,
}

const USAGE: &str = "options: [--quick] [--instructions] [part of a case's name]...";

impl Options {
    /// Reads the arguments. `BENCH_QUICK`, if it is set and not empty, stands for `--quick`.
    ///
    /// # Errors
    /// An unknown option.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let quick = std::env::var_os("BENCH_QUICK").is_some_and(|value| !value.is_empty());
        let mut options = Self { quick, ..Self::default() };
        while let Some(argument) = arguments.next() {
            match &*argument {
                // What cargo itself passes.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--instructions" => options.instructions = true,
                "--scenario" => {
                    let name = arguments.next().context("--scenario NAME COUNT")?;
                    let count = arguments.next().context("--scenario NAME COUNT")?.parse()?;
                    options.scenario = Some((name, count));
                }
                "--serve" | "--serve-gss" => {
                    let keytab = arguments.next().context("--serve KEYTAB")?.into();
                    options.serve = Some(Serve { keytab, with_gss: argument.ends_with("gss") });
                }
                option if option.starts_with('-') => bail!("unknown option {option}; {USAGE}"),
                _ => options.filters.push(argument),
            }
        }
        Ok(options)
    }

    /// How long and how often to measure.
    pub(crate) fn plan(&self) -> Plan {
        if self.quick {
            Plan { rounds: 3, slice: Duration::from_millis(8) }
        } else {
            Plan { rounds: 9, slice: Duration::from_millis(40) }
        }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|part| name.contains(&**part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_and_filters_are_told_apart() {
        let options = parse("--bench --quick seal").unwrap();
        assert_eq!(options.plan().rounds, 3);
        assert!(options.wants("seal 16 KiB") && !options.wants("open 16 KiB"));
        assert!(parse("").unwrap().wants("anything"));
        assert_eq!(parse("--scenario seal 7").unwrap().scenario, Some(("seal".to_owned(), 7)));
        assert!(parse("--fast").unwrap_err().to_string().starts_with("unknown option --fast"));
    }
}
