//! Which server is asked when and how: the driver of all faces, without sockets or a clock.
//!
//! Time is the time since the request was handed over. The caller asks [`Schedule::poll`] what to do, does it, and
//! reports what happens; after each report it polls again.

use alloc::collections::VecDeque;
use core::net::IpAddr;
use core::time::Duration;

use krb5_client::Service;

use crate::reply::{Reply, classify};
use crate::{Attempt, Endpoint, KdcAddress, Reason, Timing, Via};

mod tries;

use tries::{Ips, Round, Server, State, Try};

/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;

/// One way of asking one server, by its number.
pub(crate) type AttemptId = usize;

/// What the caller is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Look up the addresses of a server's host and report them by [`Schedule::resolved`].
    Resolve(usize),
    /// Connect to the endpoint and send the request.
    Open(AttemptId),
    /// Send the request again, by UDP.
    Resend(AttemptId),
    /// Wait for events until this time.
    Wait(Duration),
    /// Stop: [`Schedule::into_attempts`] says why nobody answered.
    GiveUp,
}

/// What became of bytes that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are the answer.
    Answer,
    /// They are not, and the attempt goes on.
    Ignored,
    /// They are not, and end the attempt.
    Refused,
}

/// Where in a round we are.
#[derive(Clone, Copy, Debug)]
enum Cursor {
    /// Asking each server from this one on by the transport that comes first.
    Servers(usize),
    /// Asking those by the other transport.
    Deferred,
    /// Waiting after a pass.
    Pause { passes: u8 },
    /// Asking those of UDP again, from this attempt on.
    Repeat { passes: u8, next: AttemptId },
    /// All rounds are over.
    End,
}

/// The plan for one request and how far it has come.
pub(crate) struct Schedule {
    timing: Timing,
    service: Service,
    servers: Vec<Server>,
    /// The order of servers in this and the following rounds.
    order: Vec<usize>,
    tries: Vec<Try>,
    /// Where this round's tries begin.
    round_start: AttemptId,
    round: Round,
    rounds: VecDeque<Round>,
    cursor: Cursor,
    /// When the next step is due.
    due: Duration,
    /// The attempt whose end makes the next step due at once.
    newest: Option<AttemptId>,
    resolving: Option<(usize, Duration)>,
}

impl Schedule {
    /// A plan for a request of this length, of which UDP comes first up to the limit.
    pub(crate) fn new(
        timing: Timing,
        service: Service,
        servers: &[KdcAddress],
        request_len: usize,
        udp_limit: usize,
    ) -> Self {
        let rounds: &[Round] = match service {
            // What a UDP server is asked twice it may take for a replay.
            Service::Kpasswd => &[Round::NoUdp, Round::OnlyUdp],
            _ if request_len <= udp_limit => &[Round::UdpFirst],
            _ => &[Round::UdpLast],
        };
        let servers: Vec<Server> = servers.iter().cloned().map(Server::new).collect();
        let mut schedule = Self {
            timing,
            service,
            order: (0..servers.len()).collect(),
            servers,
            tries: Vec::new(),
            round_start: 0,
            round: Round::UdpFirst,
            rounds: rounds.iter().copied().collect(),
            cursor: Cursor::End,
            due: Duration::ZERO,
            newest: None,
            resolving: None,
        };
        schedule.next_round();
        schedule
    }

    /// What is to be done at this time. A step counts as done as soon as it is given out.
    pub(crate) fn poll(&mut self, now: Duration) -> Step {
        if now >= self.timing.limit {
            self.end_round(now);
            self.cursor = Cursor::End;
            return Step::GiveUp;
        }
        if let Some((server, since)) = self.resolving {
            let until = since.saturating_add(self.timing.patience);
            if now < until {
                return Step::Wait(until.min(self.timing.limit));
            }
            self.resolved(server, Err(format!("the look-up did not end within {:?}", self.timing.patience)));
        }
        loop {
            let due = self.due();
            if now < due && !matches!(self.cursor, Cursor::End) {
                return Step::Wait(due.min(self.timing.limit));
            }
            match self.cursor {
                Cursor::Servers(next) => {
                    if let Some(step) = self.ask_next(now, false).or_else(|| self.take_server(next, now)) {
                        return step;
                    }
                }
                Cursor::Deferred => match self.ask_next(now, true) {
                    Some(step) => return step,
                    None => self.pause(now, 1),
                },
                Cursor::Repeat { passes, next } => match self.repeat(now, passes, next) {
                    Some(step) => return step,
                    None => self.pause(now, passes.saturating_add(1)),
                },
                Cursor::Pause { passes } if passes < self.timing.passes && self.any_live() => {
                    self.cursor = Cursor::Repeat { passes, next: self.round_start };
                }
                Cursor::Pause { .. } => {
                    self.end_round(now);
                    self.next_round();
                }
                Cursor::End => return Step::GiveUp,
            }
        }
    }

    /// Reports the addresses of a server's host, or why there are none.
    pub(crate) fn resolved(&mut self, server: usize, addresses: Result<Vec<IpAddr>, String>) {
        self.resolving = self.resolving.filter(|(current, _)| *current != server);
        let Some(server) = self.servers.get_mut(server) else { return };
        server.ips = match addresses {
            Ok(ips) if ips.is_empty() => Ips::Failed("the name is known, but has no address".into()),
            Ok(mut ips) => {
                ips.truncate(MAX_ADDRESSES);
                Ips::Known(ips)
            }
            Err(text) => Ips::Failed(text),
        };
    }

    /// Reports that a connection stands.
    pub(crate) fn connected(&mut self, id: AttemptId, now: Duration) {
        if let Some(Try { state: State::Asked { connected, .. }, .. }) = self.tries.get_mut(id) {
            *connected = Some(now);
        }
    }

    /// Reports that an attempt failed.
    pub(crate) fn failed(&mut self, id: AttemptId, reason: Reason) {
        if let Some(attempt) = self.tries.get_mut(id) {
            attempt.state = State::Over(reason);
        }
        if self.newest == Some(id) && !matches!(self.cursor, Cursor::Pause { .. }) {
            self.due = Duration::ZERO;
        }
    }

    /// Reports what a server sent.
    pub(crate) fn received(&mut self, id: AttemptId, bytes: &[u8]) -> Verdict {
        let Some(attempt) = self.tries.get(id).filter(|attempt| attempt.is_live()) else {
            return Verdict::Refused;
        };
        let by_udp = attempt.endpoint.via == Via::Udp;
        match classify(self.service, bytes) {
            Reply::Message => return Verdict::Answer,
            // Over TCP there is no better way to ask: the exchange has to know.
            Reply::TooBig if !by_udp => return Verdict::Answer,
            // Anybody can send a datagram, so rubbish must not keep the server's own answer out.
            Reply::NotKerberos if by_udp => return Verdict::Ignored,
            Reply::TooBig => self.start_over_without_udp(id),
            Reply::Unavailable => self.failed(id, Reason::Unavailable),
            Reply::NotKerberos => {
                let first = bytes.first().copied();
                self.failed(id, Reason::NotKerberos { len: bytes.len(), first });
            }
        }
        Verdict::Refused
    }

    /// Whether an answer of this attempt is still of use.
    pub(crate) fn is_live(&self, id: AttemptId) -> bool {
        self.tries.get(id).is_some_and(Try::is_live)
    }

    /// The server and endpoint of an attempt.
    pub(crate) fn target(&self, id: AttemptId) -> Option<(&KdcAddress, Endpoint)> {
        let attempt = self.tries.get(id)?;
        Some((&self.servers.get(attempt.server)?.address, attempt.endpoint))
    }

    /// The number of an attempt's server in the list that the plan was made of.
    pub(crate) fn server_of(&self, id: AttemptId) -> Option<usize> {
        self.tries.get(id).map(|attempt| attempt.server)
    }

    /// How often an attempt has sent the request.
    pub(crate) fn times_sent(&self, id: AttemptId) -> u32 {
        match self.tries.get(id).map(|attempt| &attempt.state) {
            Some(State::Asked { sent, .. }) => *sent,
            _ => 0,
        }
    }

    /// Why an attempt is over.
    pub(crate) fn reason(&self, id: AttemptId) -> Option<&Reason> {
        match &self.tries.get(id)?.state {
            State::Over(reason) => Some(reason),
            _ => None,
        }
    }

    /// The server whose name is to be looked up.
    pub(crate) fn server(&self, server: usize) -> Option<&KdcAddress> {
        self.servers.get(server).map(|server| &server.address)
    }

    /// What was tried with each server and why it failed.
    pub(crate) fn into_attempts(mut self, now: Duration) -> Vec<Attempt> {
        self.end_round(now);
        let mut attempts = Vec::new();
        for (index, server) in self.servers.iter().enumerate() {
            let before = attempts.len();
            for attempt in self.tries.iter().filter(|attempt| attempt.server == index) {
                if let State::Over(reason) = &attempt.state {
                    let (endpoint, reason) = (Some(attempt.endpoint), reason.clone());
                    attempts.push(Attempt { server: server.address.clone(), endpoint, reason });
                }
            }
            if attempts.len() == before {
                let reason = match &server.ips {
                    Ips::Failed(text) => Reason::NoAddress { text: text.clone() },
                    Ips::Known(_) if now < self.timing.limit => Reason::NoWay,
                    Ips::Known(_) | Ips::Unknown => Reason::NotAsked,
                };
                attempts.push(Attempt { server: server.address.clone(), endpoint: None, reason });
            }
        }
        attempts
    }

    /// When the next step is due: at once if nobody is left to wait for, and not while a server that took the
    /// connection still has time to answer.
    fn due(&self) -> Duration {
        if !self.any_live() {
            return Duration::ZERO;
        }
        let patience = |attempt: &Try| match attempt.state {
            State::Asked { connected: Some(at), .. } => Some(at.saturating_add(self.timing.patience)),
            _ => None,
        };
        self.round_tries().filter_map(patience).max().map_or(self.due, |until| until.max(self.due))
    }

    /// Expands the next server into this round's tries, or has its name looked up.
    fn take_server(&mut self, next: usize, now: Duration) -> Option<Step> {
        let Some(&index) = self.order.get(next) else {
            self.cursor = Cursor::Deferred;
            return None;
        };
        let server = self.servers.get(index)?;
        match &server.ips {
            Ips::Unknown => {
                self.resolving = Some((index, now));
                return Some(Step::Resolve(index));
            }
            Ips::Known(ips) => {
                let tries = self.round.tries(index, &server.address, ips);
                self.tries.extend(tries);
            }
            Ips::Failed(_) => {}
        }
        self.cursor = Cursor::Servers(next + 1);
        None
    }

    /// Asks by the next fresh try.
    fn ask_next(&mut self, now: Duration, deferred: bool) -> Option<Step> {
        let fresh = |attempt: &Try| attempt.deferred == deferred && matches!(attempt.state, State::Fresh);
        let id = self.round_start + self.round_tries().position(fresh)?;
        self.tries.get_mut(id)?.state = State::Asked { since: now, sent: 1, connected: None };
        self.newest = Some(id);
        self.due = now.saturating_add(self.timing.step);
        Some(Step::Open(id))
    }

    /// Asks the next one of UDP again.
    fn repeat(&mut self, now: Duration, passes: u8, next: AttemptId) -> Option<Step> {
        let by_udp = |attempt: &Try| attempt.endpoint.via == Via::Udp && attempt.is_live();
        let id = next + self.tries.iter().skip(next).position(by_udp)?;
        if let Some(Try { state: State::Asked { sent, .. }, .. }) = self.tries.get_mut(id) {
            *sent += 1;
        }
        self.newest = Some(id);
        self.cursor = Cursor::Repeat { passes, next: id + 1 };
        self.due = now.saturating_add(self.timing.step);
        Some(Step::Resend(id))
    }

    /// Waits after as many passes: 2 seconds, then 4, then 8.
    fn pause(&mut self, now: Duration, passes: u8) {
        let factor = 1u32.checked_shl(u32::from(passes.saturating_sub(1))).unwrap_or(u32::MAX);
        self.due = now.saturating_add(self.timing.pause.saturating_mul(factor));
        self.cursor = Cursor::Pause { passes };
    }

    /// Begins again with the transports that take answers of any size, the server that asked for it first.
    fn start_over_without_udp(&mut self, id: AttemptId) {
        let first = self.tries.get(id).map(|attempt| attempt.server);
        for (index, attempt) in self.tries.iter_mut().enumerate().skip(self.round_start) {
            if index == id {
                attempt.state = State::Over(Reason::TooBigForUdp);
            } else if !matches!(attempt.state, State::Over(_)) {
                attempt.state = State::Dropped;
            }
        }
        self.order.sort_by_key(|server| Some(*server) != first);
        self.rounds = [Round::NoUdp].into();
        self.next_round();
    }

    fn next_round(&mut self) {
        self.round_start = self.tries.len();
        self.newest = None;
        self.due = Duration::ZERO;
        match self.rounds.pop_front() {
            Some(round) => (self.round, self.cursor) = (round, Cursor::Servers(0)),
            None => self.cursor = Cursor::End,
        }
    }

    /// Says of all that are still waited for that they were silent.
    fn end_round(&mut self, now: Duration) {
        for attempt in &mut self.tries {
            let reason = match attempt.state {
                State::Fresh => Reason::NotAsked,
                State::Asked { since, connected: None, .. } if attempt.endpoint.via != Via::Udp => {
                    Reason::NotConnected { waited: now.saturating_sub(since) }
                }
                State::Asked { since, sent, .. } => {
                    Reason::Silent { waited: now.saturating_sub(since), sent }
                }
                State::Over(_) | State::Dropped => continue,
            };
            attempt.state = State::Over(reason);
        }
    }

    fn round_tries(&self) -> impl Iterator<Item = &Try> {
        self.tries.iter().skip(self.round_start)
    }

    fn any_live(&self) -> bool {
        self.round_tries().any(Try::is_live)
    }
}

#[cfg(test)]
mod tests;
