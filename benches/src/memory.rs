//! Bytes on the heap for what servers keep between two requests.

use crate::again::{GssServer, Received};
use crate::load::client::Client;
use crate::load::keytab;
use crate::load::server::Ours;
use crate::load::site::{OPEN, Site, request};
use crate::options::Options;
use crate::report;
use anyhow::{Result, ensure};
use gss_http::gss::server::DEFAULT_READY_CONTEXTS;
use test_support::heap;

/// Contexts whose bytes are counted; as many as a store holds half-made ones.
const CONTEXTS: usize = 10_000;
/// Connections whose bytes are counted; as many as there may be files open, roughly.
const CONNECTIONS: usize = 800;

/// Bytes of a head that is almost as long as one may be.
const LONG_HEAD: usize = 90 * 1024;

/// What something takes.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// How many were there.
    pub(crate) count: usize,
    /// Bytes that each of them takes, on average.
    pub(crate) bytes: f64,
}

impl Row {
    fn new(name: &'static str, count: usize, held: i64) -> Self {
        Self { name, count, bytes: held as f64 / count as f64 }
    }
}

/// Counts what the options ask for and prints the results.
///
/// # Errors
/// A login is refused.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.wants("memory of contexts") {
        return Ok(());
    }
    eprintln!("  memory of contexts");
    let site = Site::new()?;
    let token = site.gss()?.0.len();
    let mut rows = vec![
        half_made(&site)?,
        established("gss, established, in the store", &site, 0)?,
        established("gss, established, in the store and ready", &site, DEFAULT_READY_CONTEXTS)?,
    ];
    rows.extend(connections(&site)?);
    report::print_memory(token, &rows);
    Ok(())
}

fn half_made(site: &Site) -> Result<Row> {
    let server = GssServer::new(site, DEFAULT_READY_CONTEXTS)?;
    let before = heap::held();
    for _ in 0..CONTEXTS {
        let (credentials, _) = site.gss_in_three_legs()?;
        ensure!(matches!(server.receive(&credentials)?, Received::Continued), "a login of one leg");
    }
    let held = heap::held() - before;
    ensure!(server.server.store().partial() == CONTEXTS, "half-made contexts are missing");
    Ok(Row::new("gss, half-made", CONTEXTS, held))
}

fn established(name: &'static str, site: &Site, ready: usize) -> Result<Row> {
    let server = GssServer::new(site, ready)?;
    let before = heap::held();
    for _ in 0..CONTEXTS {
        let (credentials, _) = site.gss()?;
        ensure!(matches!(server.receive(&credentials)?, Received::Login(_)), "a login of several legs");
    }
    let held = heap::held() - before;
    ensure!(server.server.store().established() == CONTEXTS, "contexts are missing");
    Ok(Row::new(name, CONTEXTS, held))
}

/// Connections of our server over sockets, in what its one thread has on the heap.
fn connections(site: &Site) -> Result<Vec<Row>> {
    let folder = tempfile::TempDir::new()?;
    let ours = Ours::start(&keytab(site, folder.path())?, false)?;
    // What is made once is there before.
    let mut first = Client::connect(ours.address, 1)?;
    send(&mut first, vec![request("/", Some(&site.negotiate()?.0))], 200)?;
    let mut before = ours.held_after(1, 0)?;
    let (mut accepted, mut ended) = (1, 0);
    let mut rows = Vec::new();
    let mut count = |name, requests: Vec<Vec<u8>>, status| {
        let mut client = Client::connect(ours.address, CONNECTIONS)?;
        accepted += CONNECTIONS;
        if !requests.is_empty() {
            send(&mut client, requests, status)?;
        }
        rows.push(Row::new(name, CONNECTIONS, ours.held_after(accepted, ended)? - before));
        drop(client);
        ended += CONNECTIONS;
        before = ours.held_after(accepted, ended)?;
        anyhow::Ok(())
    };
    count("connection, nothing sent", Vec::new(), 0)?;
    count("connection, idle after a request without a login", vec![request(OPEN, None); CONNECTIONS], 200)?;
    let mut long = request(OPEN, None);
    long.truncate(long.len() - 2);
    long.extend_from_slice(format!("X-Long: {}\r\n\r\n", "x".repeat(LONG_HEAD)).as_bytes());
    count("connection, idle after a request with a long head", vec![long; CONNECTIONS], 200)?;
    let logins = (0..CONNECTIONS).map(|_| Ok(request("/", Some(&site.negotiate()?.0))));
    count("connection, idle after a login", logins.collect::<Result<_>>()?, 200)?;
    let legs = (0..CONNECTIONS).map(|_| Ok(request("/", Some(&site.negotiate_in_three_legs()?.0))));
    count("connection, half-made login", legs.collect::<Result<_>>()?, 401)?;
    Ok(rows)
}

fn send(client: &mut Client, requests: Vec<Vec<u8>>, status: u16) -> Result<()> {
    client.send(&requests, |_, response| {
        ensure!(response.status == status, "status {} in place of {status}", response.status);
        Ok(())
    })
}
