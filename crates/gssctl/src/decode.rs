//! `gssctl decode`: any token or header value as a tree.

mod input;

pub use input::{DecodedInput, InputError, Spelling, read_input};

use crate::inspect::Inspector;
use crate::inspect::tree::Node;
use crate::source;
use anyhow::{Context, Result};
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

/// Shows what is in a token, message or header field.
///
/// Takes SPNEGO, Kerberos, NTLM and per-message tokens, bare Kerberos messages, keytabs and credential caches, in hex,
/// in Base64, as `Negotiate BASE64` or `NTLM BASE64`, as a whole `WWW-Authenticate:` line, or as they are.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The token; `-` or nothing reads standard input
    token: Option<String>,
    /// Keys to look into tickets with
    #[arg(long)]
    keytab: Option<PathBuf>,
    /// Show keys that are found
    #[arg(long)]
    secrets: bool,
    /// The input is hex
    #[arg(long, conflicts_with = "base64")]
    hex: bool,
    /// The input is Base64
    #[arg(long)]
    base64: bool,
}

/// Most bytes that are read from standard input.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Prints the tree.
///
/// # Errors
/// The input cannot be read, or is not in the form that it should be.
pub fn run(arguments: &Arguments) -> Result<()> {
    let input = match arguments.token.as_deref() {
        None | Some("-") => {
            let stdin = std::io::stdin();
            if stdin.is_terminal() {
                eprintln!("reading a token from the terminal; end with Ctrl-D");
            }
            let mut bytes = Vec::new();
            stdin.lock().take(MAX_INPUT).read_to_end(&mut bytes).context("cannot read standard input")?;
            bytes
        }
        Some(text) => text.as_bytes().to_vec(),
    };
    let spelling = match (arguments.hex, arguments.base64) {
        (true, _) => Spelling::Hex,
        (_, true) => Spelling::Base64,
        _ => Spelling::Auto,
    };
    let keytab = arguments.keytab.as_deref().map(source::read_keytab).transpose()?;
    let inspector = Inspector { keytab, secrets: arguments.secrets };
    print!("{}", tree(&inspector, &input, spelling)?);
    Ok(())
}

/// The tree of what a person gave us.
///
/// # Errors
/// The input is not in the form that it should be.
pub fn tree(inspector: &Inspector, input: &[u8], spelling: Spelling) -> Result<Node, InputError> {
    let read = read_input(input, spelling)?;
    let mut nodes = read.tokens.iter().map(|token| inspector.inspect(token));
    let node = match (read.heading, nodes.next()) {
        (None, Some(node)) if read.tokens.len() == 1 => return Ok(node),
        (None, first) => first.into_iter().fold(Node::new("tokens"), Node::with),
        (Some(heading), first) => first.into_iter().fold(Node::new(heading), Node::with),
    };
    Ok(nodes.fold(node, Node::with))
}
