//! `gssctl fetch`: a page, with Negotiate authentication.

mod exchange;
mod url;

pub use url::{Url, UrlError};

use crate::source;
use anyhow::{Context, Result, bail};
use exchange::Fetch;
use gss::krb5::{Credentials, TicketFlags};
use gss::{Initiator, Target};
use std::io::{self, Write};
use std::path::PathBuf;

/// Fetches a page over HTTP with the ticket of a credential cache.
///
/// The server has to prove who it is before anything of its answer is printed. Exits with 0 when the status is 2xx.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// http://host/path, or http://host:port/path
    url: Url,
    /// Where the tickets are; default: KRB5CCNAME, then where kinit puts it
    #[arg(long, value_name = "FILE")]
    ccache: Option<PathBuf>,
    /// Show the exchange step by step
    #[arg(short, long)]
    verbose: bool,
    /// First part of the service's name
    #[arg(long, default_value = "HTTP")]
    service: String,
    /// Send Kerberos tokens without SPNEGO around them
    #[arg(long)]
    raw: bool,
    /// Print pages of servers that prove nothing, too
    #[arg(long)]
    unproven: bool,
    /// Hand the server a ticket to act for you with, everywhere
    #[arg(long)]
    delegate: bool,
    /// Use tickets of RC4-HMAC, which is weak
    #[arg(long)]
    allow_rc4: bool,
}

/// Fetches and prints the page.
///
/// # Errors
/// There is no ticket, the server refuses, does not prove itself, or answers with another status than 2xx.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut page = Vec::new();
    let status = fetch(arguments, &mut page)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&page).and_then(|()| stdout.flush()).context("cannot write the page")?;
    if (200..300).contains(&status) { Ok(()) } else { bail!("the server answers with status {status}") }
}

/// Fetches a page, and gives the status.
///
/// # Errors
/// As [`run`], except for the status.
pub fn fetch(arguments: &Arguments, page: &mut Vec<u8>) -> Result<u16> {
    let Arguments { url, service, .. } = arguments;
    let path = match &arguments.ccache {
        Some(path) => path.clone(),
        None => source::default_ccache()?,
    };
    let bytes = source::read(&path, "credential cache")?;
    let credentials =
        Credentials::from_ccache(&bytes).with_context(|| format!("credential cache {}", path.display()))?;
    let target = Target::new(service, url.target_host())
        .with_context(|| format!("no service name from {service:?} and the host of {url}"))?;
    let mut initiator = Initiator::krb5(&credentials, &target)
        .with_context(|| format!("credential cache {}", path.display()))?;
    if arguments.raw {
        initiator = initiator.raw();
    }
    if arguments.allow_rc4 {
        initiator = initiator.allow_weak_enctypes();
    }
    if arguments.delegate {
        let ticket = credentials.ticket_granting_ticket().context("nothing to delegate")?;
        if !ticket.flags.contains(TicketFlags::FORWARDABLE) {
            bail!("the ticket-granting ticket must not be forwarded; get another one with `kinit -f`");
        }
        initiator = initiator.delegate(ticket);
    }
    let fetch = Fetch { url, verbose: arguments.verbose, unproven: arguments.unproven };
    fetch.run(initiator, page)
}
