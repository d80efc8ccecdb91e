//! Two server processes with one keytab, which share replay cache and contexts on Redis.

mod balancer;
mod outage;

use alloc::sync::Arc;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use gss::Initiator;
use gss::ntlm::Logon;
use gss_http::gss::{NONCE_WINDOW, Outcome};
use interop::axum::{Server, Shared};
use interop::redis;
use interop::web::OTHER;

use super::raw::{Asker, User, with_env};
use super::*;

/// As clients see both servers, which stand behind one name; with the port, as it is signed.
const ORIGIN: &str = "https://www.example.test:443";

/// Somebody with a password.
const CAROL: (&str, &str, &str) = ("carol", "INTEROP", "Staple 7 battery");

/// Two servers, and who asks them.
struct Pair {
    servers: [Server; 2],
    asker: Asker,
}

impl Pair {
    fn start(world: &World, redis: &redis::Server<'_>, clocks: Option<(u64, u64)>) -> Result<Self> {
        let shared = Shared { url: redis.url(), key: sealing_key(world)?, first_use: true, clocks };
        let password = Some(CAROL.2.into());
        let carol =
            interop::endpoint::User { user: CAROL.0.into(), domain: CAROL.1.into(), password, nt_hash: None };
        let options = AxumOptions {
            certificate: Some(world.certificate()),
            origin: Some(ORIGIN),
            users: &[carol],
            redis: Some(&shared),
            ..AxumOptions::default()
        };
        let keytab = world.keytab(WWW)?;
        let servers = [Server::start(world, &keytab, &options)?, Server::start(world, &keytab, &options)?];
        let tls = ours::tls(&world.target(Scheme::Https, servers[0].port()))?;
        let asker = Asker::new(tls, ORIGIN, servers[0].port())?;
        Ok(Self { servers, asker })
    }

    fn port(&self, server: usize) -> u16 {
        self.servers[server % 2].port()
    }

    fn get(&self, server: usize, target: &str, credentials: &str) -> Result<raw::Response> {
        self.asker.get(self.port(server), target, credentials)
    }

    /// Presents the credentials at a server that has to take them.
    fn accepted(&self, server: usize, credentials: &str, user: &str) -> Result<()> {
        let response = self.get(server, "/", credentials)?;
        ensure!(response.user().as_deref() == Some(user), "{response:?}\n{}", self.logs());
        Ok(())
    }

    /// Presents them at both, which have to refuse them.
    fn refused_at_both(&self, credentials: &str) -> Result<()> {
        for server in 0..2 {
            let response = self.get(server, "/", credentials)?;
            ensure!(response.status == 401, "{response:?}\n{}", self.logs());
            ensure!(Greeting::find(&response.page).is_none(), "{response:?}");
        }
        Ok(())
    }

    /// How many lines of both logs have this in them.
    fn count(&self, text: &str) -> usize {
        self.logs().lines().filter(|line| line.contains(text)).count()
    }

    fn logs(&self) -> String {
        self.servers.each_ref().map(Server::log_text).join("\n")
    }
}

/// The key that contexts are sealed with, in a file.
fn sealing_key(world: &World) -> Result<PathBuf> {
    let mut key = [0; gss_redis::SealingKey::LEN];
    getrandom::fill(&mut key)?;
    let path = world.site().fresh_path("sealing-key");
    fs::write(&path, key)?;
    Ok(path)
}

#[test]
fn a_token_is_good_once_at_one_of_them() -> Result<()> {
    const TOKENS: usize = 10;
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    let users = [User::log_in(&world, ALICE)?, User::log_in(&world, BOB)?];
    for number in 0..TOKENS {
        let user = &users[number % 2];
        let token = pair.asker.negotiate(user, WWW)?;
        pair.accepted(number / 2, &token, user.name)?;
        pair.refused_at_both(&token)?;
    }
    ensure!(pair.count(" 200, ") == TOKENS, "{}", pair.logs());
    ensure!(pair.count("code=\"replayed\"") == 2 * TOKENS, "{}", pair.logs());
    Ok(())
}

/// Neither does a token that they refused leave anything behind.
#[test]
fn tokens_for_another_host_are_refused_at_both() -> Result<()> {
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    let alice = User::log_in(&world, ALICE)?;
    pair.refused_at_both(&pair.asker.negotiate(&alice, OTHER)?)?;
    ensure!(pair.count("credentials refused") == 2 && pair.count(" 200, ") == 0, "{}", pair.logs());
    let keys = redis.ask(&["KEYS", "gss:replay:*"])?;
    ensure!(keys.is_empty(), "{keys}");
    pair.accepted(1, &pair.asker.negotiate(&alice, WWW)?, ALICE)
}

#[test]
fn a_context_of_one_is_used_again_at_the_other() -> Result<()> {
    const REQUESTS: usize = 20;
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    let mut sessions = Vec::new();
    for (server, name) in [ALICE, BOB].into_iter().enumerate() {
        let user = User::log_in(&world, name)?;
        let session = pair.asker.log_in(pair.port(server), &user)?;
        sessions.push((name, session.map_err(|refused| anyhow::anyhow!("{refused:?}"))?));
    }
    for number in 0..REQUESTS {
        let (name, session) = &mut sessions[number % 2];
        let signed = pair.asker.sign(session, "/")?;
        pair.accepted(number / 2, &signed, name)?;
        pair.refused_at_both(&signed)?;
        // What was signed for one page opens no other.
        let signed = pair.asker.sign(session, "/elsewhere")?;
        pair.refused_at_both(&signed)?;
    }
    ensure!(pair.count(", Login") == 2, "{}", pair.logs());
    ensure!(pair.count(", Reauthentication") == REQUESTS, "{}", pair.logs());
    ensure!(pair.count("code=\"gss_nonce_replayed\"") == 2 * REQUESTS, "{}", pair.logs());
    ensure!(pair.count("code=\"gss_mic\"") == 2 * REQUESTS, "{}", pair.logs());
    Ok(())
}

/// In any order, at either server, as long as the nonces are within the window: once.
#[test]
fn requests_that_overtake_each_other_pass_once() -> Result<()> {
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    let session = pair.asker.log_in(pair.port(0), &User::log_in(&world, ALICE)?)?;
    let mut session = session.map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
    let window = usize::try_from(NONCE_WINDOW)?;
    let signed = (0..window + 2).map(|_| pair.asker.sign(&mut session, "/")).collect::<Result<Vec<_>>>()?;
    let last = window + 1;
    // The newest first. The oldest of all lies outside then, the next one at the edge.
    let order = [last, 1, last - 1, 2, window / 2, window / 2 + 3, window / 2 - 7, 40, 3];
    for (server, number) in order.into_iter().enumerate() {
        pair.accepted(server, &signed[number], ALICE)?;
    }
    for number in order.into_iter().chain([0]) {
        pair.refused_at_both(&signed[number])?;
    }
    ensure!(pair.count(", Reauthentication") == order.len(), "{}", pair.logs());
    ensure!(pair.count("code=\"gss_nonce_replayed\"") == 2 * (order.len() + 1), "{}", pair.logs());
    Ok(())
}

/// NTLM takes two legs, which meet different servers. The second is good once.
#[test]
fn a_login_begun_at_one_is_finished_at_the_other() -> Result<()> {
    const LOGINS: usize = 4;
    let world = World::start()?;
    let redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, None)?;
    for server in 0..LOGINS {
        let logon = Arc::new(Logon::with_password(CAROL.0, CAROL.1, CAROL.2));
        let client = pair.asker.gss_client(Initiator::ntlm(logon))?;
        let (field, exchange) = with_env(|env| client.begin(env))?;
        let response = pair.get(server, "/", field.value.as_str())?;
        ensure!(response.status == 401, "{response:?}\n{}", pair.logs());
        let outcome = with_env(|env| exchange.receive(response.for_gss(), env))?;
        let Outcome::SendAgain { field, exchange } = outcome else { anyhow::bail!("{outcome:?}") };
        let response = pair.get(server + 1, "/", field.value.as_str())?;
        ensure!(response.user().as_deref() == Some("INTEROP\\carol"), "{response:?}\n{}", pair.logs());
        let outcome = with_env(|env| exchange.receive(response.for_gss(), env))?;
        ensure!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
        pair.refused_at_both(field.value.as_str())?;
    }
    ensure!(pair.count(", Login") == LOGINS, "{}", pair.logs());
    ensure!(pair.count("code=\"gss_unknown_context\"") == 2 * LOGINS, "{}", pair.logs());
    ensure!(redis.ask(&["ZCARD", "gss:partial-ends"])? == "0", "nothing is left half made");
    Ok(())
}
