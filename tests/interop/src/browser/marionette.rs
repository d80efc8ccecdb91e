//! Marionette, the protocol by which Firefox is driven: WebDriver's commands as JSON over TCP, each message behind its
//! length in decimal and a colon.

use core::net::Ipv4Addr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::peer::PATIENCE;

/// Longest message that is taken: a picture of a page.
const MAX_MESSAGE: usize = 1 << 24;

/// A connection to a browser.
pub(super) struct Marionette {
    stream: BufReader<TcpStream>,
    serial: u64,
}

impl Marionette {
    /// Connects, and hears the browser's greeting.
    pub(super) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connect to Marionette")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut connection = Self { stream: BufReader::new(stream), serial: 0 };
        let greeting = connection.receive()?;
        ensure!(greeting["marionetteProtocol"] == 3, "Marionette says {greeting}");
        Ok(connection)
    }

    /// Gives a command, `[0, id, name, parameters]`, and waits for its result, `[1, id, error, result]`.
    pub(super) fn call(&mut self, command: &str, parameters: Value) -> Result<Value> {
        self.serial += 1;
        let message = json!([0, self.serial, command, parameters]).to_string();
        write!(self.stream.get_mut(), "{}:{message}", message.len())?;
        let mut answer = self.receive().with_context(|| command.to_owned())?;
        ensure!(answer[0] == 1 && answer[1] == self.serial, "{command}: Marionette answers {answer}");
        if !answer[2].is_null() {
            bail!("{command}: {}", answer[2]);
        }
        Ok(answer[3].take())
    }

    /// As [`call`](Self::call), for a result that is a text.
    pub(super) fn text(&mut self, command: &str, parameters: Value) -> Result<String> {
        let result = self.call(command, parameters)?;
        let text = result["value"].as_str();
        text.map(str::to_owned).with_context(|| format!("{command}: {result}"))
    }

    fn receive(&mut self) -> Result<Value> {
        let mut length = Vec::new();
        // More digits than any length has.
        (&mut self.stream).take(20).read_until(b':', &mut length)?;
        let length = String::from_utf8_lossy(&length).into_owned();
        let length = length.strip_suffix(':').and_then(|digits| digits.parse().ok());
        let length: usize = length.context("Marionette's message has no length")?;
        ensure!(
            length <= MAX_MESSAGE,
            "Marionette's message has {length} bytes, at most {MAX_MESSAGE} are taken"
        );
        let mut message = vec![0; length];
        self.stream.read_exact(&mut message)?;
        Ok(serde_json::from_slice(&message)?)
    }
}
