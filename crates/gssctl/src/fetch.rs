//! `gssctl fetch`: a page, with Negotiate authentication.

mod exchange;
mod url;

pub use url::{Url, UrlError};

use crate::inspect::tree::Printable;
use crate::kerberos::{Kerberos, Local};
use crate::kinit::ticket_granting;
use crate::tls::ClientTls;
use crate::{kerberos, password};
use alloc::sync::Arc;
use anyhow::{Context, Result, bail};
pub(crate) use exchange::Fetch;
use gss::krb5::{Credential, Credentials, TicketFlags, service_ticket};
use gss::ntlm::{Logon, split_account};
use gss::{Initiator, Target, Timestamp};
use gss_http::{Scheme, Schemes};
use krb5_client::{TgsExchange, TgsOptions};
use krb5_files::Ccache;
use std::io::{self, Write};
use std::path::PathBuf;

/// Fetches a page over HTTP or HTTPS with the ticket of a credential cache, or with a password and NTLM.
///
/// The server has to prove who it is before anything of its answer is printed. Exits with 0 when the status is 2xx.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// http://host/path, https://host/path, or with a port, http://host:port/path
    url: Url,
    /// Where the tickets are, like FILE:/tmp/tickets or KCM:; default: KRB5CCNAME, then where kinit puts it
    #[arg(long, value_name = "NAME")]
    ccache: Option<String>,
    /// Believe these certificate authorities (PEM) and no others; default: those of the system
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
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
    #[command(flatten)]
    kerberos: kerberos::Arguments,
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
    let say = |line: &str| eprintln!("{}", Printable(line));
    let voice = if arguments.kerberos.verbose { Some(&say as &dyn Fn(&str)) } else { None };
    let fetch = Fetch { url, tls, voice, accept: "*/*", unproven: arguments.unproven, schemes };
    fetch.run(initiator, page)
}

fn raw(arguments: &Arguments, initiator: Initiator) -> Initiator {
    if arguments.raw { initiator.raw() } else { initiator }
}

/// An initiator with the ticket of the credential cache, or with one got by its ticket-granting ticket.
fn kerberos(arguments: &Arguments, target: &Target<'_>) -> Result<Initiator> {
    let local = Local::open(arguments.kerberos.verbose)?;
    let cache = local.cache(arguments.ccache.as_deref())?;
    let held = cache.load()?;
    let kerberos = Kerberos::new(local, &arguments.kerberos, held.default_principal.realm().as_str())?;
    let named = || format!("credential cache {}", cache.name());
    let mut initiator = match Credentials::from(&held).ticket_for(target) {
        Ok(ticket) if ticket.times.end > Timestamp::now() => Initiator::with_ticket(ticket),
        found => match (held.tgt(), found) {
            (Some(_), _) => {
                let credential = ask_kdc(&kerberos, &held, target).with_context(named)?;
                cache.store(&credential.to_file())?;
                Initiator::with_ticket(Arc::new(service_ticket(credential)))
            }
            // An expired one: the initiator says so.
            (None, Ok(ticket)) => Initiator::with_ticket(ticket),
            (None, Err(error)) => return Err(error).with_context(named),
        },
    };
    if arguments.allow_rc4 {
        initiator = initiator.allow_weak_enctypes();
    }
    if arguments.delegate {
        initiator = initiator.delegate(Arc::new(service_ticket(forwarded(&kerberos, &held)?)));
    }
    Ok(initiator)
}

/// A service ticket from the KDC.
fn ask_kdc(kerberos: &Kerberos, held: &Ccache, target: &Target<'_>) -> Result<Credential> {
    let tgt = ticket_granting(held)?;
    let server = kerberos.service(&format!("{}/{}", target.service(), target.host()))?;
    Ok(kerberos.ticket(&tgt, &server, |options| options)?.credential)
}

/// A ticket-granting ticket for the server to use.
fn forwarded(kerberos: &Kerberos, held: &Ccache) -> Result<Credential> {
    let tgt = ticket_granting(held).context("nothing to delegate")?;
    if !tgt.flags.contains(TicketFlags::FORWARDABLE) {
        bail!("the ticket-granting ticket must not be forwarded; get another one with `gssctl kinit -f`");
    }
    let outcome = kerberos
        .run(|policy, env| TgsExchange::forward(policy, &tgt, Vec::new(), TgsOptions::default(), env))
        .context("a ticket to delegate")?;
    Ok(outcome.credential)
}

/// A logon with the password of the file.
fn logon(arguments: &Arguments, user: &str) -> Result<Logon> {
    let Some(file) = &arguments.password_file else { bail!("--user needs --password-file") };
    let password = password::read(file)?;
    let (domain, user) = split_account(user);
    Ok(Logon::with_password(user, domain, &password))
}
