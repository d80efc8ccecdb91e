//! `gssctl shim`: both sides of a context, driven by JSON lines.
//!
//! One request object per line on standard input, one answer per line on standard output, in order. A request that
//! makes no sense is answered with an error like any other; only the end of the input ends the program.

mod answer;
mod krb5;
mod ntlm;
mod policy;
mod replay;
mod request;
mod session;
mod text;
mod tickets;

pub use session::Session;

use anyhow::{Context, Result};
use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

/// Drives this implementation from scripts and test suites: JSON lines in, JSON lines out.
///
/// The operations are acceptor, initiator, step, wrap, unwrap, get_mic, verify_mic, session_key, delegated, import_krb5
/// and ntlm_verify. An initiator of Kerberos has a "ccache", or gets its tickets from KDCs with a "principal" and a
/// "password" or "keytab"; "kdc" names the KDCs, like "127.0.0.1:88", otherwise krb5.conf and DNS do. NTLM is used only where "mechs" lists it: it is legacy, proves nothing about the server, and rests
/// on MD4, MD5 and RC4.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Longest line that is read; a token of 64 KiB takes 88 KiB of Base64.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Answers requests until the input ends.
///
/// # Errors
/// Standard input or output fails.
pub fn run(_arguments: &Arguments) -> Result<()> {
    serve(&mut io::stdin().lock(), &mut io::stdout().lock()).context("standard input or output")
}

/// Answers the requests of `input` on `output`.
///
/// # Errors
/// One of them fails.
pub fn serve(input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<()> {
    let mut session = Session::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&mut session, &line);
        serde_json::to_writer(&mut *output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}

fn answer(session: &mut Session, line: &[u8]) -> Value {
    match serde_json::from_slice(line) {
        Ok(request) => session.answer(request),
        Err(error) => answer::Failure::bad_request(error.to_string()).into_answer(),
    }
}

#[cfg(test)]
mod tests;
