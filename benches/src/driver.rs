//! Programs of other sides, driven by lines on stdin and stdout: `mit/driver.c` and `sspi/src/main.rs` say which.

use crate::measure::{Cost, Run};
use anyhow::{Context as _, Result, bail};
use core::cell::RefCell;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program at work. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    /// Whose side it is, for messages.
    side: &'static str,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts the program.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(side: &'static str, command: &mut Command) -> Result<RefCell<Self>> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {side}"))?;
        let requests = child.stdin.take().with_context(|| format!("{side} has no stdin"))?;
        let answers = child.stdout.take().with_context(|| format!("{side} has no stdout"))?;
        Ok(RefCell::new(Self { side, child, requests: Some(requests), answers: BufReader::new(answers) }))
    }

    /// Sends one request and returns what follows `ok`.
    ///
    /// # Errors
    /// What that side could not do, in its words.
    pub(crate) fn ask(&mut self, request: &str) -> Result<String> {
        let Self { side, requests, answers, .. } = self;
        let name = request.split(' ').next().unwrap_or_default();
        let requests = requests.as_mut().with_context(|| format!("{side} was ended"))?;
        requests
            .write_all(format!("{request}\n").as_bytes())
            .with_context(|| format!("{side} takes no requests"))?;
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        match answer.trim_end().split_once(' ') {
            None if answer == "ok\n" => Ok(String::new()),
            Some(("ok", values)) => Ok(values.to_owned()),
            Some(("error", reason)) => bail!("{side}, {name}: {reason}"),
            _ => bail!("{side} ended or answered {answer:?} to {name}"),
        }
    }

    /// The program's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one request whose answer is bytes.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub(crate) fn ask_bytes(&mut self, request: &str) -> Result<Vec<u8>> {
        from_hex(&self.ask(request)?)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The end of its input is the end of the program.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// One of a program's loops as a side that takes turns.
pub(crate) fn looped<'a>(driver: &'a RefCell<Driver>, request: impl Into<String>) -> Run<'a> {
    let request = request.into();
    Box::new(move |count| {
        let answer = driver.borrow_mut().ask(&format!("{request} {count}"))?;
        let elapsed = Duration::from_nanos(answer.parse().context("a loop gave no time")?);
        Ok(Cost { elapsed, requests: 0 })
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(hex(&[0, 0x1f, 0xff]), "001fff");
        assert_eq!(from_hex("001fff").unwrap(), [0, 0x1f, 0xff]);
        assert!(from_hex("0x").is_err());
    }
}
