//! The scheme `GSS`: a login next to a MIC of a context that is there, on the server's side and without a network.

use crate::load::site::{Site, acceptor, channel, parts, with_env};
use crate::measure::{Cost, Run};
use crate::options::Options;
use crate::ours::in_batches;
use crate::report;
use crate::suite::Suite;
use alloc::sync::Arc;
use anyhow::{Context as _, Result, bail};
use gss::{Acceptor, AcceptorConfig, Initiator};
use gss_core::Timestamp;
use gss_core::bindings::TlsChannel;
use gss_http::HeaderField;
use gss_http::gss::client::{Exchange, Outcome, Response, Session};
use gss_http::gss::server::DEFAULT_READY_CONTEXTS;
use gss_http::gss::{Answer, Begin, MemoryContextStore, Proof, Request, Server, ServerPolicy};

const CASES: [&str; 2] = ["gss MIC, context at hand", "gss MIC, context rebuilt from the store"];

/// The acceptor's side, with a replay cache and the server's certificate.
pub(crate) struct GssServer {
    config: Arc<AcceptorConfig>,
    channel: TlsChannel,
    pub(crate) server: Server<Acceptor, MemoryContextStore, String>,
}

/// What the server did with credentials.
pub(crate) enum Received {
    Login(Vec<HeaderField>),
    Again,
    Continued,
}

impl GssServer {
    /// A server that keeps so many contexts ready beside its store.
    pub(crate) fn new(site: &Site, ready_contexts: usize) -> Result<Self> {
        let policy = ServerPolicy { ready_contexts, ..ServerPolicy::default() };
        let server = Server::new(policy, MemoryContextStore::new());
        Ok(Self { config: Arc::new(acceptor(&site.keytab)?), channel: channel(), server })
    }

    pub(crate) fn receive(&self, credentials: &str) -> Result<Received> {
        let acceptor = |begin: Begin| {
            let acceptor = Acceptor::new(Arc::clone(&self.config)).binding_check(begin.bindings);
            Ok(acceptor.repeating_accepted_tokens(begin.repeats))
        };
        let user = |context: &gss::Context| context.peer_name().unwrap_or_default();
        let request = Request { credentials: [credentials], parts: parts(&self.channel) };
        match with_env(|env| self.server.receive(request, acceptor, user, env)) {
            Answer::Accepted { proof: Proof::Login, context: Some(_), fields, .. } => {
                Ok(Received::Login(fields))
            }
            Answer::Accepted { proof: Proof::Again(_), .. } => Ok(Received::Again),
            Answer::Continue(_) => Ok(Received::Continued),
            Answer::Accepted { .. } => bail!("a context that cannot be used again"),
            Answer::Challenge(_) => bail!("our server sees no credentials"),
            Answer::Reject { error, .. } => bail!("our server: {error}"),
        }
    }

    /// Logs in, and gives the client's session.
    pub(crate) fn log_in(
        &self,
        (credentials, exchange): (String, Exchange<Initiator>),
    ) -> Result<Session<<gss::Context as gss_core::SecurityContext>::Sealer>> {
        let Received::Login(fields) = self.receive(&credentials)? else { bail!("a login takes another leg") };
        let info: Vec<_> = fields.iter().map(|field| field.value.as_str()).collect();
        let response = Response { status: 200, challenges: Vec::new(), info };
        let Outcome::Done(login) = with_env(|env| exchange.receive(response, env))? else {
            bail!("our client takes another leg");
        };
        login.into_session().context("a context that cannot be used again")
    }
}

/// Logins, each with a token that was never seen before.
fn logins<'a>(server: &'a GssServer, site: &'a Site) -> Run<'a> {
    Box::new(move |count| {
        in_batches(count, |size| {
            let credentials = (0..size).map(|_| Ok(site.gss()?.0)).collect::<Result<Vec<_>>>()?;
            Cost::of(|| {
                credentials.iter().try_for_each(|credentials| match server.receive(credentials)? {
                    Received::Login(_) => Ok(()),
                    _ => bail!("a login takes another leg"),
                })
            })
        })
    })
}

/// MICs of one context, each over a request of its own.
fn mics<'a>(server: &'a GssServer, site: &'a Site) -> Result<Run<'a>> {
    let mut session = server.log_in(site.gss()?)?;
    Ok(Box::new(move |count| {
        in_batches(count, |size| {
            let signed = (0..size)
                .map(|_| Ok(session.authorize(&parts(&server.channel), Timestamp::now())?.value))
                .collect::<Result<Vec<_>>>()?;
            Cost::of(|| {
                signed.iter().try_for_each(|credentials| match server.receive(credentials.as_str())? {
                    Received::Again => Ok(()),
                    _ => bail!("a MIC that is taken for something else"),
                })
            })
        })
    }))
}

/// Measures what the options ask for and prints the results.
///
/// # Errors
/// A login or a MIC is refused.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !CASES.iter().any(|name| options.wants(name)) {
        return Ok(());
    }
    let site = Site::new()?;
    let ready = GssServer::new(&site, DEFAULT_READY_CONTEXTS)?;
    let unready = GssServer::new(&site, 0)?;
    let mut suite = Suite::new(options);
    for (name, server) in CASES.into_iter().zip([ready, unready]) {
        suite.compare(name.to_owned(), mics(&server, &site)?, logins(&server, &site))?;
    }
    report::print_comparison("a login", &suite.rows);
    Ok(())
}

/// What callgrind watches.
pub(crate) fn run_scenario(name: &str, count: u64) -> Result<()> {
    let site = Site::new()?;
    let server = GssServer::new(&site, DEFAULT_READY_CONTEXTS)?;
    match name {
        "MIC" => mics(&server, &site)?(count).map(drop),
        "login" => logins(&server, &site)(count).map(drop),
        _ => bail!("no scenario gss {name:?}"),
    }
}
