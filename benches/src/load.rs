//! Logins over HTTP: our Tower layer next to Apache with mod_auth_gssapi.
//!
//! Each server has one core, and the client another one. The client is the same program for all of them, with the same
//! ticket; its tokens are made before the clock runs.

pub(crate) mod apache;
mod check;
pub(crate) mod client;
mod process;
pub(crate) mod server;
pub(crate) mod site;

use crate::measure::{Cost, Plan, Samples};
use crate::options::Options;
use crate::report;
use anyhow::{Context as _, Result, bail, ensure};
use apache::{Apache, ReplayCache};
use check::Replays;
use client::{Client, Waiting};
use core::net::SocketAddr;
use core::time::Duration;
use gss::Initiator;
use gss_core::Timestamp;
use gss_http::gss::client::{Outcome, Response as GssResponse};
use process::{Cores, Family};
use server::Ours;
use site::{OPEN, Site, USER, request, with_env};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Connections at a time.
const CONNECTIONS: usize = 8;
/// Of so many logins one is completed on the client's side.
const PROVEN: usize = 64;
/// A turn takes so many times as long as one in other benchmarks, for it has to keep two processes busy.
const SLICES: u32 = 12;

/// Servers and what is asked of them. Ratios are those of the others to the first.
pub(crate) const SIDES: [&str; 7] = [
    "http, ours, Negotiate",
    "http, Apache, Negotiate, no replay cache",
    "http, Apache, Negotiate, replay cache in a file",
    "http, ours, no login",
    "http, Apache, no login",
    "http, ours, GSS, login",
    "http, ours, GSS, MIC",
];

/// What the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A login by `Negotiate` with each request.
    Negotiate,
    /// Nothing: what HTTP costs.
    Open,
    /// A login by `GSS`, bound to a certificate, with each request.
    GssLogin,
    /// A MIC by `GSS` with each request.
    GssAgain,
}

/// One server with one kind of work.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    work: Work,
    address: SocketAddr,
    family: Family,
    waiting: Waiting,
    pub(crate) samples: [Samples; 2],
}

impl Side {
    fn new(name: &'static str, work: Work, address: SocketAddr, process: u32) -> Result<Self> {
        let samples = [const { Samples::new() }; 2];
        let family = Family::of(process)?;
        Ok(Self { name, work, address, family, waiting: Waiting::Asleep, samples })
    }

    /// By the clock.
    pub(crate) fn wall(&self) -> &Samples {
        &self.samples[0]
    }

    /// CPU time of the server.
    pub(crate) fn server(&self) -> &Samples {
        &self.samples[1]
    }

    /// A turn: what it took by the clock, and of the server.
    fn turn(&self, site: &Site, count: u64) -> Result<[Duration; 2]> {
        let mut client = Client::connect(self.address, CONNECTIONS)?.waiting(self.waiting);
        // All connections are there, and known to the server.
        let hello = vec![request(OPEN, None); CONNECTIONS];
        client.send(&hello, |_, response| check::is_page(response, "anybody"))?;
        let prepared = Prepared::new(self, site, usize::try_from(count)?)?;
        let Prepared { requests, mut waiting } = prepared;
        let mut proven = 0;
        let check = |number: usize, response: &client::Response<'_>| match self.work {
            Work::Negotiate => {
                check::is_logged_in(response)?;
                // INVARIANT: one in so many has a place in the list.
                let Some(waiting) =
                    waiting.get_mut(number / PROVEN).filter(|_| number.is_multiple_of(PROVEN))
                else {
                    return Ok(());
                };
                proven += 1;
                check::is_proven(response, waiting.take().context("a login had two responses")?)
            }
            Work::Open => check::is_page(response, "anybody"),
            Work::GssLogin | Work::GssAgain => check::is_page(response, USER),
        };
        let (began, before) = (Instant::now(), self.family.cpu_time()?);
        client.send(&requests, check)?;
        let (elapsed, after) = (began.elapsed(), self.family.cpu_time()?);
        let expected = if self.work == Work::Negotiate { requests.len().div_ceil(PROVEN) } else { 0 };
        ensure!(proven == expected, "{proven} of {expected} servers proved themselves");
        Ok([elapsed, after.saturating_sub(before)])
    }
}

/// Requests of a turn.
struct Prepared {
    requests: Vec<Vec<u8>>,
    /// Who waits for an answer to the first of each [`PROVEN`] requests.
    waiting: Vec<Option<Initiator>>,
}

impl Prepared {
    fn new(side: &Side, site: &Site, count: usize) -> Result<Self> {
        let mut waiting = Vec::new();
        let requests = match side.work {
            Work::Open => vec![request(OPEN, None); count],
            Work::Negotiate => (0..count)
                .map(|number| {
                    let (credentials, initiator) = site.negotiate()?;
                    if number.is_multiple_of(PROVEN) {
                        waiting.push(Some(initiator));
                    }
                    Ok(request("/", Some(&credentials)))
                })
                .collect::<Result<_>>()?,
            Work::GssLogin => {
                let credentials = (0..count).map(|_| Ok(site.gss()?.0));
                credentials.map(|text: Result<_>| Ok(request("/", Some(&text?)))).collect::<Result<_>>()?
            }
            Work::GssAgain => again(side.address, site, count)?,
        };
        Ok(Self { requests, waiting })
    }
}

/// Logs in once, and signs so many requests.
fn again(address: SocketAddr, site: &Site, count: usize) -> Result<Vec<Vec<u8>>> {
    let (credentials, exchange) = site.gss()?;
    let (mut exchange, mut session) = (Some(exchange), None);
    Client::connect(address, 1)?.send(&[request("/", Some(&credentials))], |_, response| {
        let exchange = exchange.take().context("a login had two responses")?;
        let response = GssResponse {
            status: response.status,
            challenges: response.lines("WWW-Authenticate"),
            info: response.lines("Authentication-Info"),
        };
        let Outcome::Done(login) = with_env(|env| exchange.receive(response, env))? else {
            bail!("a login by GSS takes another leg");
        };
        session = login.into_session();
        Ok(())
    })?;
    let mut session = session.context("a login by GSS that cannot be used again")?;
    let (channel, now) = (site::channel(), Timestamp::now());
    (0..count)
        .map(|_| {
            let field = session.authorize(&site::parts(&channel), now)?;
            Ok(request("/", Some(field.value.as_str())))
        })
        .collect()
}

/// Servers and what they need. Fields are dropped in this order.
struct Servers {
    ours: Ours,
    ours_gss: Ours,
    apache: Apache,
    apache_file: Apache,
}

impl Servers {
    fn start(site: &Site, cores: &Cores, folder: &Path) -> Result<Self> {
        let keytab = keytab(site, folder)?;
        cores.start(|| {
            Ok(Self {
                ours: Ours::start(&keytab, false)?,
                ours_gss: Ours::start(&keytab, true)?,
                apache: Apache::start(folder, &keytab, ReplayCache::None)?,
                apache_file: Apache::start(folder, &keytab, ReplayCache::File)?,
            })
        })
    }

    fn check(&self, site: &Site) -> Result<()> {
        for ours in [&self.ours, &self.ours_gss] {
            check::server(ours.address, site, true, Replays::Refused).context("our server")?;
        }
        check::server(self.apache.address, site, false, Replays::Accepted).context("Apache")?;
        check::server(self.apache_file.address, site, false, Replays::Refused)
            .context("Apache with a replay cache")
    }

    fn sides(&self) -> Result<Vec<Side>> {
        let Self { ours, ours_gss, apache, apache_file } = self;
        let [negotiate, none, file, ours_open, apache_open, gss_login, gss_again] = SIDES;
        Ok(vec![
            Side::new(negotiate, Work::Negotiate, ours.address, ours.id())?,
            Side::new(none, Work::Negotiate, apache.address, apache.id())?,
            Side::new(file, Work::Negotiate, apache_file.address, apache_file.id())?,
            Side::new(ours_open, Work::Open, ours.address, ours.id())?,
            Side::new(apache_open, Work::Open, apache.address, apache.id())?,
            Side::new(gss_login, Work::GssLogin, ours_gss.address, ours_gss.id())?,
            Side::new(gss_again, Work::GssAgain, ours_gss.address, ours_gss.id())?,
        ])
    }
}

/// Writes the keytab where Apache's user can read it.
pub(crate) fn keytab(site: &Site, folder: &Path) -> Result<PathBuf> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let keytab = folder.join("http.keytab");
    fs::write(&keytab, &site.keytab)?;
    Ok(keytab)
}

/// Measures what the options ask for and prints the results.
///
/// # Errors
/// Apache is missing, or a server does not do what it should.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !SIDES.iter().any(|name| options.wants(name)) {
        return Ok(());
    }
    let version = Apache::version()?;
    let (folder, site) = (tempfile::TempDir::new()?, Site::new()?);
    let cores = Cores::take()?;
    let servers = Servers::start(&site, &cores, folder.path())?;
    servers.check(&site)?;
    let mut sides = servers.sides()?;
    sides.retain(|side| options.wants(side.name));
    if cores.apart {
        sides.iter_mut().for_each(|side| side.waiting = Waiting::Awake);
    }
    let plan = options.plan();
    take_turns(&mut sides, &site, Plan { slice: plan.slice * SLICES, ..plan })?;
    report::print_http(&version, cores.apart, CONNECTIONS, &sides);
    Ok(())
}

fn take_turns(sides: &mut [Side], site: &Site, plan: Plan) -> Result<()> {
    let mut counts = Vec::new();
    for side in &*sides {
        eprintln!("  {}", side.name);
        counts.push(calibrate(side, site, plan.slice).with_context(|| side.name)?);
    }
    for _ in 0..plan.rounds {
        for (side, &count) in sides.iter_mut().zip(&counts) {
            let taken = side.turn(site, count).with_context(|| side.name)?;
            for (samples, elapsed) in side.samples.iter_mut().zip(taken) {
                samples.note(count, Cost { elapsed, requests: 0 });
            }
        }
    }
    Ok(())
}

/// How many requests fit into a turn, by the CPU time of the server.
fn calibrate(side: &Side, site: &Site, slice: Duration) -> Result<u64> {
    let mut count = 64;
    loop {
        let [_, used] = side.turn(site, count)?;
        if used * 4 >= slice {
            return Ok((slice.as_secs_f64() / used.as_secs_f64() * count as f64) as u64);
        }
        count *= 2;
    }
}
