//! Users of a domain, asked about through Samba's `ntlm_auth --helper-protocol=ntlm-server-1`.
//!
//! The helper speaks lines like `Username:: dXNlcg==`, where two colons announce base64, and a request and an answer
//! end with a line of one dot.

use base64ct::{Base64, Encoding};
use core::time::Duration;
use gss::ntlm::{Account, Found, PassThrough, PassThroughError, SessionKey, Users};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

/// How long the helper may take for a question and its whole answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most lines of an answer.
const MAX_LINES: usize = 32;

/// Users whom Samba's winbind knows. Every question gets a helper of its own: one that is asked again could still be at
/// the answer to somebody else's question (after a refusal it ends with one dot more than otherwise).
pub(super) struct NtlmAuth {
    program: PathBuf,
    patience: Duration,
}

impl NtlmAuth {
    pub(super) fn new(program: PathBuf) -> Self {
        Self { program, patience: PATIENCE }
    }

    fn ask(&self, request: &str) -> io::Result<Vec<String>> {
        Helper::start(&self.program)?.ask(request, self.patience)
    }
}

impl Users for NtlmAuth {
    fn find(&self, _account: &Account<'_>) -> Found {
        Found::Elsewhere
    }

    fn pass_through(&self, logon: &PassThrough<'_>) -> Result<SessionKey, PassThroughError> {
        let answer = self
            .ask(&request(logon))
            .map_err(|error| PassThroughError::Unavailable(format!("{}: {error}", self.program.display())))?;
        verdict(&answer)
    }
}

/// The question whether a logon is right.
fn request(logon: &PassThrough<'_>) -> String {
    let name = |text: &dyn Fn(&mut String)| {
        let mut name = String::new();
        text(&mut name);
        Base64::encode_string(name.as_bytes())
    };
    let user = name(&|out| out.extend(logon.account.user.chars()));
    let domain = name(&|out| out.extend(logon.account.domain.chars()));
    let mut request = format!("Username:: {user}\n");
    // The helper takes an empty value for a mistake, and knows nothing of workstations.
    if !domain.is_empty() {
        request.push_str(&format!("NT-Domain:: {domain}\n"));
    }
    request.push_str(&format!("LANMAN-Challenge: {}\n", hex(logon.server_challenge)));
    if !logon.lm_response.is_empty() {
        request.push_str(&format!("LANMAN-Response: {}\n", hex(logon.lm_response)));
    }
    request.push_str(&format!("NT-Response: {}\n", hex(logon.nt_response)));
    request.push_str("Request-User-Session-Key: Yes\n.\n");
    request
}

fn verdict(answer: &[String]) -> Result<SessionKey, PassThroughError> {
    let value = |key: &str| {
        answer
            .iter()
            .find_map(|line| line.split_once(": ").filter(|(name, _)| *name == key))
            .map(|(_, value)| value)
    };
    match value("Authenticated") {
        Some("Yes") => {}
        Some("No") => return Err(PassThroughError::Denied),
        _ => {
            // The log gets no key, whatever else went wrong.
            let shown: Vec<_> = answer.iter().filter(|line| !line.contains("Session-Key")).collect();
            return Err(PassThroughError::Unavailable(format!("ntlm_auth answers {shown:?}")));
        }
    }
    let key = value("User-Session-Key").filter(|key| key.len() == 32 && key.is_ascii());
    let key = key.and_then(|key| u128::from_str_radix(key, 16).ok());
    match key {
        Some(key) => Ok(SessionKey::from_bytes(key.to_be_bytes())),
        None => Err(PassThroughError::Unavailable("ntlm_auth gives no session key".into())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The running helper.
struct Helper {
    child: Child,
    requests: Option<ChildStdin>, // None once it was asked
    // Read by a thread, so that waiting can end.
    lines: Receiver<String>,
}

impl Helper {
    fn start(program: &PathBuf) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("--helper-protocol=ntlm-server-1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || io::Error::other("helper has no pipes");
        let requests = child.stdin.take().ok_or_else(gone)?;
        let answers = child.stdout.take().ok_or_else(gone)?;
        let (sender, lines) = mpsc::channel();
        thread::Builder::new().name("answers of ntlm_auth".into()).spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { child, requests: Some(requests), lines })
    }

    fn ask(mut self, request: &str, patience: Duration) -> io::Result<Vec<String>> {
        let mut requests = self.requests.take().ok_or_else(|| io::Error::other("helper was asked before"))?;
        let request = String::from(request);
        // Clients can make a question longer than a pipe holds. Writing ends with the helper at the latest.
        let _writer = thread::Builder::new().name("question to ntlm_auth".into()).spawn(move || {
            // A helper that does not take all of it does not answer either.
            let _ = requests.write_all(request.as_bytes());
            requests
        })?;
        let begun = Instant::now();
        let mut answer = Vec::new();
        while answer.len() < MAX_LINES {
            let line = self
                .lines
                .recv_timeout(patience.saturating_sub(begun.elapsed()))
                .map_err(|_| io::Error::other("helper does not answer"))?;
            if line == "." {
                return Ok(answer);
            }
            answer.push(line);
        }
        Err(io::Error::other("helper's answer does not end"))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn verdicts_are_read() {
        let key = "000102030405060708090A0B0C0D0E0F";
        let yes = lines(&["Authenticated: Yes", &format!("User-Session-Key: {key}")]);
        let expected: [u8; 16] = core::array::from_fn(|index| index as u8);
        assert_eq!(verdict(&yes).unwrap().secret_bytes(), &expected);
        let no = lines(&["Authenticated: No", "Authentication-Error: Wrong Password"]);
        assert_eq!(verdict(&no).unwrap_err(), PassThroughError::Denied);
        for unclear in [&["Authenticated: Yes"][..], &["Error: winbind is away"], &[]] {
            assert!(matches!(verdict(&lines(unclear)), Err(PassThroughError::Unavailable(_))), "{unclear:?}");
        }
    }

    #[test]
    fn keys_stay_out_of_the_log() {
        let key = "User-Session-Key: 000102030405060708090A0B0C0D0E0F";
        let Err(PassThroughError::Unavailable(reason)) = verdict(&lines(&[key, "Error: what?"])) else {
            panic!()
        };
        assert!(reason.contains("what?") && !reason.contains("0001"), "{reason}");
    }

    #[test]
    fn a_helper_that_is_not_there_is_named() {
        let users = NtlmAuth::new("/no/such/ntlm_auth".into());
        let error = users.ask(".\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    fn helper(folder: &std::path::Path, script: &str) -> NtlmAuth {
        let program = folder.join("helper");
        std::fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
        let mut mode = std::fs::metadata(&program).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        NtlmAuth::new(program)
    }

    /// Samba ends a refusal with two dots, and might be at an answer still when the next question comes.
    #[test]
    fn nobody_gets_the_answer_to_another_question() {
        let folder = tempfile::tempdir().unwrap();
        let script =
            "read line; echo Authenticated: No; echo .; echo .; echo Authenticated: Yes; echo .; cat\n";
        let users = helper(folder.path(), script);
        for _ in 0..3 {
            assert_eq!(users.ask("question\n.\n").unwrap(), ["Authenticated: No"]);
        }
    }

    #[test]
    fn a_helper_that_ends_or_goes_on_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        assert!(helper(folder.path(), "read line\necho Authenticated: Yes\n").ask(".\n").is_err());
        assert!(helper(folder.path(), "read line; while true; do echo x; done\n").ask(".\n").is_err());
    }

    /// More than a pipe holds.
    #[test]
    fn a_helper_that_does_not_read_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(100);
        let users = NtlmAuth { patience, ..helper(folder.path(), "exec sleep 600\n") };
        assert!(users.ask(&"x".repeat(1 << 20)).is_err());
    }
}
