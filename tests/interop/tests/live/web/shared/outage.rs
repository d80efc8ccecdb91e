//! Redis is killed while requests come, and started again.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use gss::ContextSealer;
use gss_http::gss::Session;
use interop::peer::PATIENCE;

use super::*;

/// What the clients know of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It is there.
    Up,
    /// It is being killed.
    Falling,
    /// It is gone.
    Down,
    /// It was started again, and is empty.
    Again,
}

const PHASES: [Phase; 4] = [Phase::Up, Phase::Falling, Phase::Down, Phase::Again];
const CLIENTS: usize = 4;
/// How many requests each client makes at least in each phase.
const REQUESTS: usize = 15;

/// What came of one client's requests.
#[derive(Default)]
struct Seen {
    /// Requests that were made and answered, whatever the answer, those of logins by `GSS` included.
    answered: usize,
    /// Those among them that were let in.
    let_in: usize,
    /// The statuses of those that began and ended while Redis was away.
    down: Vec<u16>,
    /// The last credentials that were accepted before.
    accepted: Option<String>,
    /// How many were refused after it was back, before the first that was let in.
    refused_again: usize,
}

struct Play<'p> {
    pair: &'p Pair,
    user: &'p User,
    phase: AtomicUsize,
    /// How many requests each client has made in each phase.
    made: [[AtomicUsize; PHASES.len()]; CLIENTS],
    failed: AtomicBool,
}

impl Play<'_> {
    fn phase(&self) -> Phase {
        PHASES[self.phase.load(Ordering::Acquire)]
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as usize, Ordering::Release);
    }

    /// One client: it logs in with each request, or signs its requests, at one server. It ends when it was let in often
    /// enough after Redis came back.
    fn client(&self, number: usize) -> Result<Seen> {
        let (server, signs) = (number % 2, number / 2 == 1);
        let (mut seen, mut session) = (Seen::default(), None);
        let mut let_in_again = 0;
        let begun = Instant::now();
        // Where another one has failed, its error is the one to be told.
        while let_in_again < REQUESTS && !self.failed.load(Ordering::Acquire) {
            ensure!(begun.elapsed() < 3 * PATIENCE, "client {number} is not let in\n{}", self.pair.logs());
            let before = self.phase();
            let (credentials, response) = if signs {
                self.signed(server, &mut session, &mut seen)?
            } else {
                let token = self.pair.asker.negotiate(self.user, WWW)?;
                (token.clone(), self.pair.get(server, "/", &token)?)
            };
            let after = self.phase();
            seen.answered += 1;
            let user = response.user();
            ensure!(user.as_deref().is_none_or(|user| user == self.user.name), "{response:?}");
            ensure!((response.status == 200) == user.is_some(), "{response:?}");
            seen.let_in += usize::from(user.is_some());
            match (before, after, user.is_some()) {
                (Phase::Up, Phase::Up, let_in) => {
                    ensure!(let_in, "refused while Redis was there: {response:?}\n{}", self.pair.logs());
                    seen.accepted = Some(credentials);
                }
                (Phase::Down, Phase::Down, let_in) => {
                    ensure!(!let_in, "let in without Redis: {response:?}");
                    seen.down.push(response.status);
                }
                (Phase::Again, _, true) => let_in_again += 1,
                (Phase::Again, _, false) => {
                    ensure!(let_in_again == 0, "refused after it was let in again: {response:?}");
                    seen.refused_again += 1;
                }
                // On the edge, either will do.
                _ => {}
            }
            self.made[number][before as usize].fetch_add(1, Ordering::AcqRel);
        }
        Ok(seen)
    }

    /// A signed request, with a new login where there is none, or where the server has forgotten it.
    fn signed(
        &self,
        server: usize,
        session: &mut Option<Session<ContextSealer>>,
        seen: &mut Seen,
    ) -> Result<(String, raw::Response)> {
        let asker = &self.pair.asker;
        let mut going = match session.take() {
            Some(going) => going,
            None => match asker.log_in(self.pair.port(server), self.user)? {
                Ok(new) => {
                    seen.answered += 1;
                    seen.let_in += 1;
                    new
                }
                Err(refused) => return Ok((String::new(), refused)),
            },
        };
        let signed = asker.sign(&mut going, "/")?;
        let response = self.pair.get(server, "/", &signed)?;
        // The context is gone for good only if the server says so.
        let stale = response.values("www-authenticate").iter().any(|value| value.contains("stale"));
        ensure!(!stale || response.status == 401, "{response:?}");
        *session = (!stale).then_some(going);
        Ok((signed, response))
    }

    /// Waits until every client has made its requests in a phase.
    fn wait_for(&self, phase: Phase) -> Result<()> {
        let begun = Instant::now();
        let done = || self.made.iter().all(|made| made[phase as usize].load(Ordering::Acquire) >= REQUESTS);
        while !done() {
            ensure!(!self.failed.load(Ordering::Acquire), "a client failed");
            ensure!(begun.elapsed() < PATIENCE, "requests are not answered: {:?}", self.made);
            thread::yield_now();
        }
        Ok(())
    }
}

/// Every request is answered: while Redis is away by a refusal. When it is back and has forgotten everything, nobody is
/// let in by a token or a context from before, and everybody by new ones once those from before have become too old.
#[test]
fn killing_redis_under_load_lets_nobody_in_and_loses_nothing() -> Result<()> {
    let world = World::start()?;
    let mut redis = redis::Server::start(world.site(), &[])?;
    let pair = Pair::start(&world, &redis, Some((1, 4)))?;
    let alice = User::log_in(&world, ALICE)?;
    let play = Play {
        pair: &pair,
        user: &alice,
        phase: AtomicUsize::new(0),
        made: Default::default(),
        failed: AtomicBool::new(false),
    };
    let seen = thread::scope(|scope| -> Result<Vec<Seen>> {
        let play = &play;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                scope.spawn(move || {
                    let outcome = play.client(number);
                    play.failed.fetch_or(outcome.is_err(), Ordering::AcqRel);
                    outcome
                })
            })
            .collect();
        let played = (|| {
            play.wait_for(Phase::Up)?;
            play.enter(Phase::Falling);
            redis.kill();
            play.enter(Phase::Down);
            play.wait_for(Phase::Down)?;
            play.enter(Phase::Again);
            redis.restart()
        })();
        play.failed.fetch_or(played.is_err(), Ordering::AcqRel);
        let seen = clients.into_iter().map(|client| client.join().expect("no client panics"));
        let seen = seen.collect::<Result<_>>()?;
        played.map(|()| seen)
    })?;

    for (number, seen) in seen.iter().enumerate() {
        ensure!(seen.down.len() >= REQUESTS - 1, "{number}: {:?}", seen.down);
        ensure!(seen.down.iter().all(|status| *status == 503), "{number}: {:?}", seen.down);
        ensure!(seen.refused_again > 0, "{number} was let in by what Redis has forgotten");
        pair.refused_at_both(seen.accepted.as_deref().context("credentials from before")?)?;
    }
    let sum = |count: fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
    let (answered, let_in) = (sum(|seen| seen.answered), sum(|seen| seen.let_in));
    // Those of the loop above on top, all of them refused.
    let refused = answered - let_in + 2 * CLIENTS;
    ensure!(pair.count(" 200, ") == let_in, "{let_in} {}", pair.logs());
    ensure!(pair.count("credentials refused") == refused, "{refused} {}", pair.logs());
    let requests = pair.count(" GET / ");
    ensure!(requests == let_in + refused, "{requests} {let_in} {refused}");
    // Each refusal says why.
    for code in
        ["replay_cache_unavailable", "gss_store_unavailable", "replay_forgotten", "gss_unknown_context"]
    {
        ensure!(pair.count(&format!("code=\"{code}\"")) > 0, "{code}: {}", pair.logs());
    }
    Ok(())
}
