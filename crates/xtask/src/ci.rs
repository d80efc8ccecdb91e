//! Runs steps and reports them in a table.

use std::time::Instant;

use anyhow::bail;

use crate::workspace::Workspace;

/// Something that passes or fails.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Workspace) -> anyhow::Result<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    NotRun,
}

/// Runs `steps` in order and prints step, verdict and seconds. Fails if any step failed.
pub(crate) fn run(steps: &[&Step], workspace: &Workspace, keep_going: bool) -> anyhow::Result<()> {
    let mut report = Vec::new();
    let mut stopped = false;
    for step in steps {
        if stopped {
            report.push((step.name, Verdict::NotRun, 0.0));
            continue;
        }
        println!("\n=== {} ===", step.name);
        let start = Instant::now();
        let outcome = (step.run)(workspace);
        let seconds = start.elapsed().as_secs_f64();
        if let Err(error) = &outcome {
            eprintln!("error: {}: {error:#}", step.name);
            stopped = !keep_going;
        }
        report.push((step.name, if outcome.is_ok() { Verdict::Pass } else { Verdict::Fail }, seconds));
    }
    println!("\n{}", table(&report));
    let failed: Vec<_> = report.iter().filter(|row| row.1 == Verdict::Fail).map(|row| row.0).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn table(rows: &[(&str, Verdict, f64)]) -> String {
    let mut text = format!("{:<10} {:<8} {:>8}\n", "step", "verdict", "seconds");
    for (name, verdict, seconds) in rows {
        let line = match verdict {
            Verdict::Pass => format!("{name:<10} {:<8} {seconds:>8.1}\n", "pass"),
            Verdict::Fail => format!("{name:<10} {:<8} {seconds:>8.1}\n", "FAIL"),
            Verdict::NotRun => format!("{name:<10} {:<8} {:>8}\n", "not run", "-"),
        };
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_failure_from_not_run() {
        let text = table(&[
            ("fmt", Verdict::Pass, 0.51),
            ("clippy", Verdict::Fail, 62.0),
            ("docs", Verdict::NotRun, 0.0),
        ]);
        let expected = [
            "step       verdict   seconds",
            "fmt        pass          0.5",
            "clippy     FAIL         62.0",
            "docs       not run         -",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
