//! `gssctl fetch`: a page, with Negotiate authentication.

mod exchange;
mod url;

pub use url::{Url, UrlError};

use crate::source;
use crate::tls::ClientTls;
use alloc::sync::Arc;
use anyhow::{Context, Result, bail};
use exchange::Fetch;
use gss::krb5::{Credentials, TicketFlags};
use gss::ntlm::{Logon, split_account};
use gss::{Initiator, Target};
use gss_http::{Scheme, Schemes};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Fetches a page over HTTP or HTTPS with the ticket of a credential cache, or with a password and NTLM.
///
/// The server has to prove who it is before anything of its answer is printed. Exits with 0 when the status is 2xx.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// http://host/path, https://host/path, or with a port, http://host:port/path
    url: Url,
    /// Where the tickets are; default: KRB5CCNAME, then where kinit puts it
    #[arg(long, value_name = "FILE")]
    ccache: Option<PathBuf>,
    /// Believe these certificate authorities (PEM) and no others; default: those of the system
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Show the exchange step by step
    #[arg(short, long)]
    verbose: bool,
    /// First part of the service's name
    #[arg(long, default_value = "HTTP")]
    service: String,
    /// Send the mechanism's tokens without SPNEGO around them
    #[arg(long)]
    raw: bool,
    /// Log on with NTLM, which is legacy and proves nothing about the server (see --unproven). With --ccache too, Kerberos
    /// comes first
    #[arg(long, value_name = "DOMAIN\\USER", requires = "password_file")]
    user: Option<String>,
    /// Where the user's password is, in the first line; - for standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
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
    let target = Target::new(service, url.target_host())
        .with_context(|| format!("no service name from {service:?} and the host of {url}"))?;
    let logon = match &arguments.user {
        Some(user) => Some(Arc::new(logon(arguments, user)?.target(&target))),
        None => None,
    };
    let kerberos = match &logon {
        Some(_) if arguments.ccache.is_none() => None,
        _ => Some(kerberos(arguments, &target)?),
    };
    let negotiate = Schemes::only(Scheme::Negotiate);
    let schemes = if logon.is_some() { negotiate.then(Scheme::Ntlm) } else { negotiate };
    let initiator = |scheme| match (scheme, kerberos, logon) {
        (Scheme::Negotiate, Some(kerberos), Some(logon)) => Some(raw(arguments, kerberos.or_ntlm(logon))),
        (Scheme::Negotiate, Some(kerberos), None) => Some(raw(arguments, kerberos)),
        (Scheme::Negotiate, None, Some(logon)) => Some(raw(arguments, Initiator::ntlm(logon))),
        (Scheme::Ntlm, _, Some(logon)) => Some(Initiator::ntlm(logon).raw()),
        (_, None, None) | (Scheme::Ntlm, _, None) => None,
    };
    let tls = match (url.is_https(), &arguments.cacert) {
        (false, _) => None,
        (true, Some(path)) => Some(ClientTls::from_pem_file(path)?),
        (true, None) => Some(ClientTls::of_system()?),
    };
    let fetch = Fetch { url, tls, verbose: arguments.verbose, unproven: arguments.unproven, schemes };
    fetch.run(initiator, page)
}

fn raw(arguments: &Arguments, initiator: Initiator) -> Initiator {
    if arguments.raw { initiator.raw() } else { initiator }
}

/// An initiator with the ticket of the credential cache.
fn kerberos(arguments: &Arguments, target: &Target<'_>) -> Result<Initiator> {
    let path = match &arguments.ccache {
        Some(path) => path.clone(),
        None => source::default_ccache()?,
    };
    let bytes = source::read(&path, "credential cache")?;
    let credentials =
        Credentials::from_ccache(&bytes).with_context(|| format!("credential cache {}", path.display()))?;
    let mut initiator = Initiator::krb5(&credentials, target)
        .with_context(|| format!("credential cache {}", path.display()))?;
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
    Ok(initiator)
}

/// A logon with the password of the file.
fn logon(arguments: &Arguments, user: &str) -> Result<Logon> {
    let content = match &arguments.password_file {
        Some(path) if path.as_os_str() == "-" => {
            standard_input().and_then(first_line).context("cannot read the password from standard input")?
        }
        Some(path) => source::read(path, "password")?,
        None => bail!("--user needs --password-file"),
    };
    let password = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    let password = core::str::from_utf8(password).context("the password is not UTF-8")?;
    let (domain, user) = split_account(user);
    Ok(Logon::with_password(user, domain, password))
}

/// Most bytes of a password on standard input, its end of line included.
const MAX_PASSWORD: usize = 4096;

/// Reads a line that holds a secret.
fn first_line(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Never grows: growing leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD));
    let mut byte = Zeroizing::new([0]);
    while !line.ends_with(b"\n") && input.read(&mut *byte)? == 1 {
        if line.len() == MAX_PASSWORD {
            return Err(io::Error::other(format!("line has more than {MAX_PASSWORD} bytes")));
        }
        line.extend_from_slice(&*byte);
    }
    Ok(line)
}

/// Standard input without the buffer that the library keeps for the process: nobody wipes what is in that.
#[cfg(unix)]
fn standard_input() -> io::Result<impl Read> {
    use std::os::fd::AsFd;
    io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<impl Read> {
    Ok(io::stdin())
}
