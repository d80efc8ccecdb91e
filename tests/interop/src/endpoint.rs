//! One side of a GSS context, driven by JSON lines.
//!
//! Both programs behind an endpoint ([`crate::python`], [`crate::gssctl`]) speak the contract of `gssctl
//! shim`, so that tests do not care which of them they drive.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::peer::{PATIENCE, Peer};
use crate::text;

mod request;

pub use request::{Acceptor, CbPolicy, Framing, Initiator, STANDARD_FLAGS, User};

/// How far an endpoint has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Needs another token of the peer.
    Continue,
    /// The context stands.
    Established,
    /// It will not.
    Failed,
}

/// A failure as an endpoint tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// Major status of RFC 2744, as `GSS_S_...`.
    pub major: String,
    /// The broken rule, in snake case; each program has its own names.
    pub code: String,
    /// Error code of RFC 4120 section 7.5.9, when there is one.
    pub krb_error: Option<i32>,
    /// For people.
    pub message: String,
}

/// What a step came to.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// How far the endpoint has come.
    pub state: State,
    token: Option<String>,
    /// The mechanism, once established.
    pub mech: Option<String>,
    /// The peer's name, once established.
    pub peer: Option<String>,
    /// The flags granted, once established.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Whether channel bindings matched, once established.
    pub channel_bound: Option<bool>,
    /// Why it failed.
    pub error: Option<Failure>,
}

impl Step {
    /// The token for the peer, if there is one.
    ///
    /// # Errors
    /// The program sent something that is not Base64.
    pub fn token(&self) -> Result<Option<Vec<u8>>> {
        self.token.as_deref().filter(|token| !token.is_empty()).map(text::unbase64).transpose()
    }

    /// Whether a flag has been granted.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|granted| granted == flag)
    }
}

/// What unwrapping came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unwrapped {
    /// The message; absent when the program withholds one that is out of sequence.
    pub data: Option<Vec<u8>>,
    /// Whether it was sealed; absent along with the data.
    pub conf: Option<bool>,
    /// `ok`, `old`, `duplicate`, `unseq` or `gap`.
    pub status: String,
}

/// A program that plays one side of a context.
#[derive(Debug)]
pub struct Endpoint {
    name: &'static str,
    // Closed before the process is killed, so that a healthy program has ended by itself.
    requests: ChildStdin,
    answers: Receiver<String>,
    peer: Peer,
}

impl Endpoint {
    pub(crate) fn start(name: &'static str, command: &mut Command, log: std::path::PathBuf) -> Result<Self> {
        let (peer, requests, stdout) = Peer::start_piped(name, command, log)?;
        Ok(Self { name, requests, answers: lines(stdout), peer })
    }

    /// Makes this endpoint an initiator at its first step.
    ///
    /// # Errors
    /// The program refuses, or has died.
    pub fn initiate(&mut self, request: &Initiator) -> Result<()> {
        let _: Value = self.ask(&serde_json::to_value(request)?)?;
        Ok(())
    }

    /// Makes this endpoint an acceptor at its first step.
    ///
    /// # Errors
    /// The program refuses, or has died.
    pub fn accept(&mut self, request: &Acceptor) -> Result<()> {
        let _: Value = self.ask(&serde_json::to_value(request)?)?;
        Ok(())
    }

    /// Feeds the peer's token, empty for an initiator's first step. A context that fails is an answer, not
    /// an error.
    ///
    /// # Errors
    /// The program has died or answers something else.
    pub fn step(&mut self, token: &[u8]) -> Result<Step> {
        let answer = self.request(&json!({"op": "step", "token": text::base64(token)}))?;
        serde_json::from_value(answer.clone()).with_context(|| format!("{} stepped to {answer}", self.name))
    }

    /// Seals (or, without `conf`, only signs) a message.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn wrap(&mut self, data: &[u8], conf: bool) -> Result<Vec<u8>> {
        self.token(&json!({"op": "wrap", "data": text::hex(data), "conf": conf}))
    }

    /// As [`Self::wrap`], rotated: MIT's library only.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn wrap_iov(&mut self, data: &[u8], conf: bool) -> Result<Vec<u8>> {
        self.token(&json!({"op": "wrap_iov", "data": text::hex(data), "conf": conf}))
    }

    /// Opens a message.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Unwrapped> {
        self.opened(&json!({"op": "unwrap", "token": text::base64(token)}))
    }

    /// Opens a message of [`Self::wrap_iov`] with `length` bytes of data: MIT's library only.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn unwrap_iov(&mut self, token: &[u8], length: usize) -> Result<Unwrapped> {
        self.opened(&json!({"op": "unwrap_iov", "token": text::base64(token), "length": length}))
    }

    fn opened(&mut self, request: &Value) -> Result<Unwrapped> {
        #[derive(Deserialize)]
        struct Answer {
            data: Option<String>,
            conf: Option<bool>,
            status: String,
        }
        let Answer { data, conf, status } = self.ask(request)?;
        Ok(Unwrapped { data: data.as_deref().map(text::unhex).transpose()?, conf, status })
    }

    /// Signs a message.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn mic(&mut self, data: &[u8]) -> Result<Vec<u8>> {
        self.token(&json!({"op": "get_mic", "data": text::hex(data)}))
    }

    /// Verifies a message's signature and gives its place in the sequence: `ok`, `old`, `duplicate`, `unseq`
    /// or `gap`.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn verify_mic(&mut self, data: &[u8], token: &[u8]) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            status: String,
        }
        let request = json!({"op": "verify_mic", "data": text::hex(data), "token": text::base64(token)});
        Ok(self.ask::<Answer>(&request)?.status)
    }

    /// The key that protects messages.
    ///
    /// # Errors
    /// The program reports a failure.
    pub fn session_key(&mut self) -> Result<Vec<u8>> {
        #[derive(Deserialize)]
        struct Answer {
            key: String,
        }
        text::unhex(&self.ask::<Answer>(&json!({"op": "session_key"}))?.key)
    }

    /// Writes the credential that the initiator has delegated to a FILE ccache.
    ///
    /// # Errors
    /// None came, or the program reports a failure.
    pub fn store_delegated(&mut self, ccache: &Path) -> Result<()> {
        let _: Value = self.ask(&json!({"op": "delegated", "ccache": ccache.display().to_string()}))?;
        Ok(())
    }

    /// Sends a request and gives the answer, which must not be an error.
    ///
    /// # Errors
    /// The answer is an error or of another form, or the program has died.
    pub fn ask<A: DeserializeOwned>(&mut self, request: &Value) -> Result<A> {
        let answer = self.request(request)?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            bail!("{} answers {} with {error}", self.name, request["op"]);
        }
        serde_json::from_value(answer.clone()).with_context(|| format!("{} answers {answer}", self.name))
    }

    fn token(&mut self, request: &Value) -> Result<Vec<u8>> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        text::unbase64(&self.ask::<Answer>(request)?.token)
    }

    fn request(&mut self, request: &Value) -> Result<Value> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let sent = self.requests.write_all(&line).and_then(|()| self.requests.flush());
        let answer = sent
            .map_err(anyhow::Error::from)
            .and_then(|()| self.answers.recv_timeout(PATIENCE).map_err(|error| anyhow!("no answer: {error}")))
            .with_context(|| format!("{} is asked {}\n{}", self.name, request["op"], self.peer.log_tail()))?;
        let answer: Value =
            serde_json::from_str(&answer).with_context(|| format!("{} answers {answer:?}", self.name))?;
        ensure!(answer.is_object(), "{} answers {answer}", self.name);
        Ok(answer)
    }
}

/// Lines as they come, read by a thread so that waiting for one can end.
fn lines(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
