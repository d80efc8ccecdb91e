//! A running peer process, and a program run to its end.

use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

/// How long a peer may take to start, a program to end, and an endpoint to answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks at something that is not ready yet.
const POLL: Duration = Duration::from_millis(5);

/// How much of a log an error message quotes.
const LOG_TAIL: usize = 4096;

/// A child process that ends with its owner: dropping it kills the process by its id and reaps it.
#[derive(Debug)]
pub struct Peer {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Peer {
    /// Starts a server whose output goes to `log`.
    ///
    /// # Errors
    /// The log cannot be made, or the program cannot be started.
    pub fn start(name: &str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.into(), child, log })
    }

    /// Starts a program that is talked to over its standard input and output; its errors go to `log`.
    ///
    /// # Errors
    /// The log cannot be made, or the program cannot be started.
    pub fn start_piped(
        name: &str,
        command: &mut Command,
        log: PathBuf,
    ) -> Result<(Self, ChildStdin, ChildStdout)> {
        let errors = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().with_context(|| format!("start {name}"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let peer = Self { name: name.into(), child, log };
        let (stdin, stdout) = pipes.ok_or_else(|| anyhow!("{name} has no pipes"))?;
        Ok((peer, stdin, stdout))
    }

    /// As [`Self::start`], with a pipe as standard input, for a server that ends when that closes.
    ///
    /// # Errors
    /// The log cannot be made, or the program cannot be started.
    pub fn start_tethered(name: &str, command: &mut Command, log: PathBuf) -> Result<(Self, ChildStdin)> {
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        let mut child = command.spawn().with_context(|| format!("start {name}"))?;
        let tether = child.stdin.take();
        let peer = Self { name: name.into(), child, log };
        let tether = tether.ok_or_else(|| anyhow!("{name} has no pipe"))?;
        Ok((peer, tether))
    }

    /// Waits until the peer has ended, for as long as [`PATIENCE`]. Tells whether it has.
    pub fn has_ended(&mut self) -> bool {
        wait(&mut self.child, PATIENCE).is_ok_and(|status| status.is_some())
    }

    /// Waits until something listens on a loopback TCP port.
    ///
    /// # Errors
    /// The peer has exited, or nothing listens after [`PATIENCE`]; the message quotes the end of its log.
    pub fn wait_for_port(&mut self, port: u16) -> Result<()> {
        self.wait_for_address(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
    }

    /// As [`Self::wait_for_port`], at another loopback address.
    ///
    /// # Errors
    /// The peer has exited, or nothing listens after [`PATIENCE`]; the message quotes the end of its log.
    pub fn wait_for_address(&mut self, address: SocketAddrV4) -> Result<()> {
        self.wait_until(&format!("listen on {address}"), || listens(address))
    }

    /// Waits until the peer has done something, which `done` sees.
    ///
    /// # Errors
    /// The peer has exited, or has not done it after [`PATIENCE`]; the message quotes the end of its log.
    pub fn wait_until(&mut self, what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        let start = Instant::now();
        while !done() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} and did not {what}\n{}", self.name, self.log_tail());
            }
            if start.elapsed() > PATIENCE {
                bail!("{} does not {what}\n{}", self.name, self.log_tail());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until the peer has written a text to its log at least `count` times.
    ///
    /// # Errors
    /// It has not after [`PATIENCE`]; the message quotes the end of its log.
    pub fn wait_for_log(&self, text: &str, count: usize) -> Result<()> {
        let start = Instant::now();
        while String::from_utf8_lossy(&fs::read(&self.log)?).matches(text).count() < count {
            if start.elapsed() > PATIENCE {
                bail!("{} does not write {text:?} {count} times\n{}", self.name, self.log_tail());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// The file that the peer writes to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The end of what the peer has written to its log.
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only when the process has been reaped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs a program to its end, with `input` as its standard input.
///
/// # Errors
/// It cannot be started, or still runs after [`PATIENCE`] (it is killed then). A failure that the program
/// itself reports is in [`Finished::status`].
pub fn finish(command: &mut Command, input: &[u8]) -> Result<Finished> {
    finish_within(command, input, PATIENCE)
}

fn finish_within(command: &mut Command, input: &[u8], patience: Duration) -> Result<Finished> {
    // Files instead of pipes: no program can block on a full one.
    let (mut stdin, mut stdout, mut stderr) =
        (tempfile::tempfile()?, tempfile::tempfile()?, tempfile::tempfile()?);
    stdin.write_all(input)?;
    stdin.rewind()?;
    command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let name = command.get_program().to_owned();
    let mut child = command.spawn().with_context(|| format!("start {}", name.display()))?;
    let status = wait(&mut child, patience)?;
    let (stdout, stderr) = (contents(&mut stdout)?, contents(&mut stderr)?);
    match status {
        Some(status) => Ok(Finished { status, stdout, stderr }),
        None => {
            child.kill()?;
            child.wait()?;
            bail!("{} does not end\n{stdout}{stderr}", name.display())
        }
    }
}

/// Runs a program that has to succeed and gives its standard output.
///
/// # Errors
/// As [`finish`], and when the program reports a failure; the message quotes all it wrote.
pub fn succeed(command: &mut Command, input: &[u8]) -> Result<String> {
    succeed_within(command, input, PATIENCE)
}

/// As [`succeed`], for a program that computes for long.
///
/// # Errors
/// As [`succeed`], with this patience.
pub fn succeed_within(command: &mut Command, input: &[u8], patience: Duration) -> Result<String> {
    let Finished { status, stdout, stderr } = finish_within(command, input, patience)?;
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let program = command.get_program().display();
        bail!("{program} {} ended with {status}\n{stdout}{stderr}", arguments.join(" "));
    }
    Ok(stdout)
}

/// The end of a log file, for an error message.
pub(crate) fn log_tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(LOG_TAIL);
    format!("--- {} ---\n{}", log.display(), String::from_utf8_lossy(&bytes[start..]))
}

fn listens(address: SocketAddrV4) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    // A connection to a free port of the ephemeral range can come out as one with itself.
    stream.local_addr().ok() != stream.peer_addr().ok()
}

fn wait(child: &mut Child, patience: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > patience {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

fn contents(file: &mut File) -> Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_are_reported() {
        let finished = finish(Command::new("sh").args(["-c", "cat; echo bad >&2; exit 3"]), b"in").unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("in", "bad\n"));
    }

    #[test]
    fn failure_is_an_error_that_quotes_the_program() {
        let error = succeed(Command::new("sh").args(["-c", "echo reason >&2; exit 1"]), b"").unwrap_err();
        assert!(error.to_string().contains("reason"), "{error}");
    }

    #[test]
    fn peer_that_dies_before_it_listens_is_an_error_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such port; exit 7"]);
        let mut peer = Peer::start("sh", &mut command, folder.path().join("sh.log")).unwrap();
        let error = peer.wait_for_port(crate::port::free().unwrap()).unwrap_err().to_string();
        assert!(error.contains("no such port") && error.contains('7'), "{error}");
    }

    #[test]
    fn log_is_read_as_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two; echo one"]);
        let peer = Peer::start("sh", &mut command, folder.path().join("sh.log")).unwrap();
        peer.wait_for_log("one", 2).unwrap();
        assert!(peer.log_tail().ends_with("one\ntwo\none\n"), "{}", peer.log_tail());
    }

    #[test]
    fn dropped_peer_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (peer, _stdin, mut stdout) =
            Peer::start_piped("cat", &mut Command::new("cat"), folder.path().join("cat.log")).unwrap();
        drop(peer);
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}
