//! `gssctl demo`: a realm, a server and a login, all in this process.

mod narrator;
mod world;

use crate::fetch::{Fetch, Url};
use crate::text;
use crate::tls::ClientTls;
use alloc::sync::Arc;
use anyhow::{Context, Result, bail};
use core::net::SocketAddr;
use gss::krb5::service_ticket;
use gss::{Initiator, Timestamp};
use gss_http::{Scheme, Schemes};
use krb5_client::{AsExchange, AsOptions, Policy, Secret, TgsExchange, TgsOptions};
use narrator::Narrator;
use std::path::PathBuf;
use world::World;

/// Starts a KDC and an HTTPS server in this process, and logs in: with a password, Kerberos, Negotiate, mutual
/// authentication and channel binding.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the HTTPS server listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Stay up afterwards, for other programs to log in
    #[arg(long)]
    serve: bool,
    /// Where --serve puts krb5.conf and the server's certificate; default: a temporary folder
    #[arg(long, value_name = "FOLDER", requires = "serve")]
    folder: Option<PathBuf>,
    /// Show what is in each message; what keys of the realm open is opened
    #[arg(short, long)]
    verbose: bool,
}

/// Plays the login, and stays up if asked to.
///
/// # Errors
/// The address is taken, or a part of the login fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let world = World::start(arguments.listen, !arguments.serve)?;
    log_in(&world, &Narrator::new(world.inspector()?, arguments.verbose))?;
    if arguments.serve { world.stay(arguments.folder.as_deref()) } else { Ok(()) }
}

fn log_in(world: &World, narrator: &Narrator) -> Result<()> {
    narrator.tell(&world.introduction());

    narrator.step(&format!(
        "{} asks for a ticket-granting ticket, with a password (AS exchange)",
        world.client()
    ));
    let (policy, network) = (Policy::default(), world.network());
    let initial = narrator.ask(&network, |env| {
        let secret = Secret::password(world.password().as_bytes());
        AsExchange::new(&policy, AsOptions::new(world.client().clone()), secret, env)
    })?;
    let method = initial.pa_type.map_or_else(|| "nothing".into(), |pa_type| pa_type.to_string());
    narrator.tell(&format!("proved the password with {method}"));
    narrator.tell(&format!("got a {}", text::describe(&initial.credential, Timestamp::now())));

    narrator.step(&format!("and with that for one of {} (TGS exchange)", world.service()));
    let further = narrator.ask(&network, |env| {
        TgsExchange::service(&policy, &initial.credential, world.service(), TgsOptions::default(), env)
    })?;
    narrator.tell(&format!("got a {}", text::describe(&further.credential, Timestamp::now())));

    narrator.step(&format!("shows it to {} (Negotiate over TLS)", world.url()));
    let page = fetch(world, narrator, Arc::new(service_ticket(further.credential)))?;

    narrator.step("The server says");
    page.lines().for_each(|line| narrator.tell(line));
    if !page.contains("Bound to the channel: yes") {
        bail!("the login is not bound to the channel");
    }
    narrator.sum_up();
    Ok(())
}

/// The page for whoever has this ticket.
fn fetch(world: &World, narrator: &Narrator, ticket: Arc<gss::krb5::ServiceTicket>) -> Result<String> {
    let url: Url = world.url().parse()?;
    let tls = ClientTls::from_authorities([world.certificate()])?;
    let say = |line: &str| narrator.hear(line);
    let fetch = Fetch {
        url: &url,
        tls: Some(tls),
        voice: Some(&say),
        accept: "text/plain",
        unproven: false,
        schemes: Schemes::only(Scheme::Negotiate),
    };
    let mut page = Vec::new();
    let status = fetch.run(|_| Some(Initiator::with_ticket(ticket)), &mut page)?;
    if status != 200 {
        bail!("{url} answers with status {status}");
    }
    String::from_utf8(page).context("the page")
}
